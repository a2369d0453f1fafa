// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// One captured MAD as a step of a replay, and what its message says about others.
#ifndef WEFT_TEST_IBCM_REPLAY_STEP_H
#define WEFT_TEST_IBCM_REPLAY_STEP_H

#include "capture-file.h"
#include "ib-wire/model/cm-messages.h"

#include <cstdint>
#include <optional>

namespace ibcm::test
{

/** One MAD in the life of the host that is replayed. */
struct ReplayStep
{
    /** What is to be done about it. */
    enum class What : std::uint8_t
    {
        kExpect,      ///< the host sent it: so must the core
        kExpectAgain, ///< the same bytes once more, which a timer of the host's must have sent
        kFeed,        ///< it came in
        kLost,        ///< it was captured on its way to the host, but evidently never came in
        kUnknown,     ///< sent about something that began before the capture
    };

    What what{What::kExpect};
    CapturedMad mad;
    std::optional<ibwire::CmMessage>
        message;          ///< nothing: a MAD of the CM class with another method
    std::size_t peer{0};  ///< the other host, as in HostsOf
    std::size_t first{0}; ///< kExpectAgain: the step that sent the bytes first
};

/** The kind of a step's message; nothing if it has none. */
std::optional<ibwire::CmAttribute> KindOf(const ReplayStep& step);
/** Whether the step has a message of this kind. */
bool Is(const ReplayStep& step, ibwire::CmAttribute kind);
/** Whether the host sent it. */
bool IsOurs(const ReplayStep& step);

/** Whether a message of kind @p answer ends the wait of the sender of a @p request. */
bool Answers(ibwire::CmAttribute answer, ibwire::CmAttribute request);
/** Whether messages of a kind are sent again until they are answered. */
bool IsReliable(ibwire::CmAttribute kind);
/** The kind of request that an MRA acknowledges. */
ibwire::CmAttribute MraedBy(const ibwire::CmMra& mra);
/** The communication id (or SIDR request id) of a message's sender; 0 if it carries none. */
std::uint32_t LocalIdOf(const ibwire::CmMessage& message);
/** The id that the message gives to its receiver; 0 if it carries none. */
std::uint32_t RemoteIdOf(const ibwire::CmMessage& message);
/** The same message with the sender's id, the receiver's replaced. No-ops where it has none. */
void SetLocalId(ibwire::CmMessage& message, std::uint32_t id);
void SetRemoteId(ibwire::CmMessage& message, std::uint32_t id);

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_REPLAY_STEP_H
