// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a capture tells about one of its hosts: what it sent, what reached it, and what neither the
// wire nor the peer shows but follows from the order of messages.
#ifndef WEFT_TEST_IBCM_REPLAY_PLAN_H
#define WEFT_TEST_IBCM_REPLAY_PLAN_H

#include "capture-file.h"
#include "ib-wire/model/cm-messages.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace ibcm::test
{

/** A host: one channel adapter, with all addresses that the capture shows of it. */
struct CapturedHost
{
    std::vector<NetAddress> addresses; ///< sorted
    std::uint64_t caGuid{0};           ///< from its REQs and REPs; 0 if there are none
    std::size_t sent{0};               ///< CM MADs in the capture

    /** Its first address. */
    std::string Name() const;
};

/** All hosts of a capture, sorted by address. Addresses with the same CA GUID are one host. */
std::vector<CapturedHost> HostsOf(const std::vector<CapturedMad>& mads);

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

/** How the host's CA and one of its paths must be for its REQs to be as they are. */
struct TimingGuess
{
    std::uint8_t caAckDelay{0};
    std::map<std::uint32_t, std::uint8_t> packetLifeTime; ///< by the REQ's communication id
};

/** Everything that replaying one host needs. */
struct ReplayPlan
{
    CapturedHost host;
    std::vector<ReplayStep> steps;    ///< in the order in which the host must have seen them
    std::vector<ibwire::Gid> gids;    ///< its GID table
    std::vector<std::uint16_t> pkeys; ///< its P_Key table
    std::uint16_t lid{0};
    TimingGuess timing;
    /** REQs and SIDR_REQs, by step, for which the host evidently had no listener. */
    std::set<std::size_t> noListener;
    /** By the host's communication id: how long at least it waits for an answer to its DREQ. */
    std::map<std::uint32_t, Duration> patience;
};

/** @param host index in HostsOf(mads). */
ReplayPlan MakePlan(const std::vector<CapturedMad>& mads, std::size_t host);

/** Whether messages of a kind are sent again until they are answered. */
bool IsReliable(ibwire::CmAttribute kind);
/** The communication id (or SIDR request id) of a message's sender; 0 if it carries none. */
std::uint32_t LocalIdOf(const ibwire::CmMessage& message);
/** The id that the message gives to its receiver; 0 if it carries none. */
std::uint32_t RemoteIdOf(const ibwire::CmMessage& message);
/** The same message with the sender's id, the receiver's replaced. No-ops where it has none. */
void SetLocalId(ibwire::CmMessage& message, std::uint32_t id);
void SetRemoteId(ibwire::CmMessage& message, std::uint32_t id);

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_REPLAY_PLAN_H
