// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The delivering threads of a ThreadedWire.
#include "ibcm/helper/threaded-wire.h"

#include <algorithm>
#include <utility>

namespace ibcm
{

void ThreadedWire::End::SetFaults(const WireFaults& faults)
{
    const std::lock_guard hold(m_lock);
    m_faults = faults;
    m_faults.longestDelay = std::max(m_faults.longestDelay, Duration{0});
}

WireCounters ThreadedWire::End::Counters() const
{
    const std::lock_guard hold(m_lock);
    return m_counters;
}

void ThreadedWire::End::Start()
{
    m_stopping = false; // no thread is there yet
    m_threads.reserve(m_wire.m_options.threadsPerEnd);
    while (m_threads.size() < m_wire.m_options.threadsPerEnd)
    {
        m_threads.emplace_back([this] { Serve(); });
    }
}

void ThreadedWire::End::Stop()
{
    {
        const std::lock_guard hold(m_lock);
        m_stopping = true;
        m_wake.notify_all();
    }
    for (OsThread& thread : m_threads)
    {
        thread.join();
    }
    m_threads.clear();
}

void ThreadedWire::End::MoveDue()
{
    if (m_late.empty())
    {
        return;
    }
    const auto now = OsClock::now();
    while (!m_late.empty() && m_late.front().due <= now)
    {
        std::pop_heap(m_late.begin(), m_late.end(), Later);
        m_ready[(m_firstReady + m_readyCount++) % m_ready.size()] = m_late.back().slot;
        m_late.pop_back();
    }
}

void ThreadedWire::End::Serve()
{
    NameThisOsThread("wire");
    std::unique_lock hold(m_lock);
    while (!m_stopping)
    {
        MoveDue();
        if (m_readyCount == 0)
        {
            if (m_late.empty())
            {
                m_wake.wait(hold);
            }
            else
            {
                // A copy: another thread may take the MAD meanwhile.
                const auto due = m_late.front().due;
                m_wake.wait_until(hold, due);
            }
            continue;
        }
        const std::uint32_t slot = m_ready[m_firstReady];
        m_firstReady = (m_firstReady + 1) % m_ready.size();
        if (--m_readyCount != 0)
        {
            m_wake.notify_one(); // several may have come due at once
        }
        ReliablePort* const port = m_port;
        if (port != nullptr)
        {
            ++m_deliveries;
            hold.unlock();
            port->Received(m_slots[slot]);
            hold.lock();
            if (--m_deliveries == 0)
            {
                m_idle.notify_all();
            }
        }
        WireTally& tally = m_counters.For(m_slots[slot].bytes);
        --tally.waiting;
        ++(port != nullptr ? tally.delivered : tally.unclaimed);
        m_freeSlots.push_back(slot);
    }
}

} // namespace ibcm
