// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/model/send-lanes.h"

#include "ibcm-verbs/model/umad-address.h"

#include <mutex>
#include <utility>

namespace cmverbs
{

SendLanes::SendLanes(UmadAgent& agent, Hooks hooks)
    : m_agent(agent),
      m_hooks(std::move(hooks))
{
    for (std::size_t i = 0; i < kLanes; ++i)
    {
        Lane& lane = *m_lanes.emplace_back(std::make_unique<Lane>());
        lane.thread = ibcm::OsThread(
            [this, &lane]
            {
                ibcm::NameThisOsThread("umad send");
                Serve(lane);
            });
    }
}

SendLanes::~SendLanes()
{
    const auto end = ibcm::OsClock::now() + kLinger;
    for (const auto& lane : m_lanes)
    {
        const std::lock_guard hold(lane->lock);
        lane->end = end;
        lane->wake.notify_one();
    }
    for (const auto& lane : m_lanes)
    {
        lane->thread.join();
    }
}

bool SendLanes::Queue(const ibwire::MadBytes& mad, const ibcm::MadAddress& address)
{
    Lane& lane = *m_lanes[LaneOf(address)];
    const std::lock_guard hold(lane.lock);
    if (lane.queue.size() >= kDepth)
    {
        return false;
    }
    lane.queue.push_back({mad, address});
    lane.wake.notify_one();
    return true;
}

std::size_t SendLanes::LaneOf(const ibcm::MadAddress& address)
{
    std::size_t sum = address.dlid;
    for (const std::uint8_t byte : address.dgid.raw)
    {
        sum = sum * 31 + byte;
    }
    return sum % kLanes;
}

void SendLanes::Serve(Lane& lane)
{
    std::unique_lock hold(lane.lock);
    for (;;)
    {
        lane.wake.wait(hold, [&lane] { return lane.end || !lane.queue.empty(); });
        if (lane.queue.empty() || (lane.end && ibcm::OsClock::now() >= *lane.end))
        {
            return;
        }
        const Waiting next = lane.queue.front();
        lane.queue.pop_front();
        hold.unlock();
        if (m_hooks.turn)
        {
            m_hooks.turn(next.mad, next.address);
        }
        // Timeouts are the CM's own: the kernel takes a Send for done as soon as it is out.
        if (const int code = m_agent.Send(next.mad, ToUmad(next.address), 0, 0); code != 0)
        {
            m_hooks.failed(code);
        }
        hold.lock();
    }
}

} // namespace cmverbs
