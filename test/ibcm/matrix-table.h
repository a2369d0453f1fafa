// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What must happen, in each state on each input: written from the description of the protocol, not
// from the core's own table, and in another shape, so that a slip in one of the two shows.
#ifndef WEFT_TEST_IBCM_MATRIX_TABLE_H
#define WEFT_TEST_IBCM_MATRIX_TABLE_H

#include "ibcm/model/protocol.h"

#include <cstdint>
#include <optional>
#include <span>

namespace ibcm::test::matrix
{

/** A set of states; bit n is state n. */
using StateSet = std::uint32_t;
using LapStateSet = std::uint32_t;

template <class... S>
constexpr std::uint32_t In(S... states)
{
    return ((1U << static_cast<unsigned>(states)) | ...);
}

template <class S>
constexpr bool Contains(std::uint32_t set, S state)
{
    return (set >> static_cast<unsigned>(state) & 1U) != 0;
}

/** In a row: the state stays what it is. */
inline constexpr State kSame{0xff};
inline constexpr LapState kSameLap{0xff};

/** What becomes of one input in some states. */
template <class S>
struct Row
{
    std::uint32_t from;
    Input input;
    S to;
    Reply reply;
    EventType event;
    unsigned actions; ///< of Action
};

/** Where Linux 6.1 does otherwise, and why it matters. */
template <class S>
struct Difference
{
    Row<S> linux61; ///< reply, event and state if there is a row
    bool dropped;   ///< there is none: the message is dropped
    const char* reason;
};

std::span<const Row<State>> ExpectedRows();
std::span<const Row<LapState>> ExpectedLapRows();
std::span<const Difference<State>> ExpectedDifferences();
std::span<const Difference<LapState>> ExpectedLapDifferences();

/** One cell; nothing if the message is dropped or the call refused. */
template <class S>
struct Step
{
    S to;
    Reply reply;
    EventType event;
    std::uint8_t actions;
};

std::optional<Step<State>> ExpectedStep(State state, Input input, Behaviour behaviour);
std::optional<Step<LapState>> ExpectedStep(LapState state, Input input, Behaviour behaviour);

/** Whether the state of the alternate path keeps an ESTABLISHED id from hearing a REJ. */
bool ExpectRejIgnored(LapState state, Behaviour behaviour);

/** What a REJ names that is sent in a state (12.6.7). */
struct ExpectedRejForm
{
    StateSet states;
    unsigned rejected; ///< 0 REQ, 1 REP, 2 neither
    bool hasLocalId;
};

const ExpectedRejForm& ExpectRejForm(State state);

} // namespace ibcm::test::matrix

#endif // WEFT_TEST_IBCM_MATRIX_TABLE_H
