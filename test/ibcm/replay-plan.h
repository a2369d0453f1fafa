// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a capture tells about one of its hosts: what it sent, what reached it, and what neither the
// wire nor the peer shows but follows from the order of messages.
#ifndef WEFT_TEST_IBCM_REPLAY_PLAN_H
#define WEFT_TEST_IBCM_REPLAY_PLAN_H

#include "ibcm/model/behaviour.h"
#include "replay-timing.h"

#include <cstdint>
#include <map>
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

/** Everything that replaying one host needs. */
struct ReplayPlan
{
    Behaviour behaviour{Behaviour::kLinux61}; ///< that the core is to have
    CapturedHost host;
    std::vector<ReplayStep> steps;    ///< in the order in which the host must have seen them
    std::vector<ibwire::Gid> gids;    ///< its GID table
    std::vector<std::uint16_t> pkeys; ///< its P_Key table
    std::uint16_t lid{0};
    TimingGuess timing;
    /** REQs and SIDR_REQs, by step, for which the host evidently had no listener. */
    std::set<std::size_t> noListener;
    /** MRAs that only repetitions brought forth: see FindDelayedMras. */
    std::map<std::size_t, std::size_t> delayedMras;
    /** By the host's communication id: how long at least it waits for an answer to its DREQ. */
    std::map<std::uint32_t, Duration> patience;
};

/** A GID for a port of which a capture only shows the LID. */
ibwire::Gid PretendedGid(std::uint16_t lid);

/** @param host index in HostsOf(mads). */
ReplayPlan MakePlan(const std::vector<CapturedMad>& mads,
                    std::size_t host,
                    Behaviour behaviour = Behaviour::kLinux61);

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_REPLAY_PLAN_H
