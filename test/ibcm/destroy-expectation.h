// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What must be sent when an id is destroyed and a message comes before, after or meanwhile: written
// from the protocol's description (states, replies, forms of REJ), not from the core.
#ifndef WEFT_TEST_IBCM_DESTROY_EXPECTATION_H
#define WEFT_TEST_IBCM_DESTROY_EXPECTATION_H

#include "destroy-scene.h"

#include <string>

namespace ibcm::test
{

/** What a message does to an id that nobody destroys. */
struct Reaction
{
    State state; ///< afterwards
    LapState lap;
    std::string sends; ///< as SceneStage::TakeOwnSent has it
};

Reaction ReactionTo(const Scene& scene, Message message);
/** What destroying sends in this state. */
std::string SentByDestroying(const Scene& scene, State state);
/** The answer to a message that has found the id and gets its lock when the walk is over. */
std::string AnswerOfDying(const Scene& scene, Message message);
/** The answer to a message that finds no id any more. @param from the state it was destroyed in. */
std::string AnswerOfGone(const Scene& scene, State from, Message message);

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_DESTROY_EXPECTATION_H
