// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_SEND_LANES_H
#define IBCM_VERBS_SEND_LANES_H

#include "ibcm-verbs/model/umad-agent.h"
#include "ibcm/helper/host-threads.h"
#include "ibcm/model/mad-port.h"

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace cmverbs
{

/**
 * Threads that hand MADs to the kernel, which on RoCE blocks while it looks for the peer's Ethernet
 * address: up to seconds if the peer is dead. All MADs for one destination take the same lane, so
 * that they stay in order and a dead one holds up a part of the others at most. Thread-safe.
 */
class SendLanes
{
  public:
    static constexpr std::size_t kLanes = 4;
    /** MADs that may wait in one lane. */
    static constexpr std::size_t kDepth = 8192;
    /** How long the end waits for dead destinations: for longer, if the kernel is asking for one.
     */
    static constexpr std::chrono::milliseconds kLinger{500};

    /** Told on the lanes' threads, several at once. */
    struct Hooks
    {
        /** It is the MAD's turn; null: nobody wants to know. */
        std::function<void(const ibwire::MadBytes&, const ibcm::MadAddress&)> turn;
        std::function<void(int)> failed; ///< the kernel refused it, with this errno
    };

    /** @param agent outlives this. */
    SendLanes(UmadAgent& agent, Hooks hooks);
    /** What waits is sent before it returns, as far as that is done within kLinger. */
    ~SendLanes();

    SendLanes(const SendLanes&) = delete;
    SendLanes& operator=(const SendLanes&) = delete;

    /** Never blocks. False if the destination's lane is full. */
    bool Queue(const ibwire::MadBytes& mad, const ibcm::MadAddress& address);

    /** Which lane a destination takes: the same for the same one. */
    static std::size_t LaneOf(const ibcm::MadAddress& address);

  private:
    struct Waiting
    {
        ibwire::MadBytes mad;
        ibcm::MadAddress address;
    };

    struct Lane
    {
        ibcm::OsMutex lock;
        ibcm::OsCondition wake;
        std::deque<Waiting> queue;
        std::optional<ibcm::OsClock::time_point> end; ///< what is not sent until then is not
        ibcm::OsThread thread;
    };

    void Serve(Lane& lane);

    UmadAgent& m_agent;
    const Hooks m_hooks;
    std::vector<std::unique_ptr<Lane>> m_lanes;
};

} // namespace cmverbs

#endif /* IBCM_VERBS_SEND_LANES_H */
