// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The wire as a whole and what its ends take in; threaded-wire-delivery.cc hands it out.
#include "ibcm/helper/threaded-wire.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace ibcm
{

ThreadedWire::ThreadedWire(const ThreadedWireOptions& options)
    : m_options(options)
{
    if (options.threadsPerEnd == 0 || options.queuePerEnd == 0)
    {
        throw std::invalid_argument("a ThreadedWire needs a thread and room in the queue per end");
    }
}

ThreadedWire::~ThreadedWire()
{
    Stop();
}

ThreadedWire::End& ThreadedWire::AddEnd(EndTables tables)
{
    if (m_running)
    {
        throw std::logic_error("an end was added to a ThreadedWire that is running");
    }
    m_ends.push_back(std::make_unique<End>(*this, m_ends.size(), std::move(tables)));
    return *m_ends.back();
}

void ThreadedWire::SetFaults(const WireFaults& faults)
{
    for (const auto& end : m_ends)
    {
        end->SetFaults(faults);
    }
}

void ThreadedWire::Start()
{
    if (m_running)
    {
        return;
    }
    for (const auto& end : m_ends)
    {
        end->Start();
    }
    m_running = true;
}

void ThreadedWire::Stop()
{
    m_running = false;
    for (const auto& end : m_ends)
    {
        end->Stop();
    }
}

WireCounters ThreadedWire::Counters() const
{
    WireCounters sum;
    for (const auto& end : m_ends)
    {
        sum += end->Counters();
    }
    return sum;
}

std::size_t ThreadedWire::Waiting() const
{
    return Counters().Total().waiting;
}

ThreadedWire::End* ThreadedWire::EndAt(std::uint16_t lid) const
{
    for (const auto& end : m_ends)
    {
        if (end->m_tables.HasLid(lid))
        {
            return end.get();
        }
    }
    return nullptr;
}

ThreadedWire::End::End(ThreadedWire& wire, std::size_t number, EndTables tables)
    : m_wire(wire),
      m_tables(std::move(tables)),
      m_draws(wire.m_options.seed + number * 0xd1342543de82ef95ULL),
      m_slots(wire.m_options.queuePerEnd),
      m_freeSlots(wire.m_options.queuePerEnd),
      m_ready(wire.m_options.queuePerEnd)
{
    std::iota(m_freeSlots.rbegin(), m_freeSlots.rend(), 0U);
    m_late.reserve(wire.m_options.queuePerEnd);
}

void ThreadedWire::End::Attach(ReliablePort* port)
{
    m_port = port;
}

void ThreadedWire::End::SetDown(bool down)
{
    m_down = down;
}

bool ThreadedWire::End::Transmit(const ibwire::MadBytes& mad, const MadAddress& address)
{
    if (m_down || !m_wire.m_running)
    {
        return false;
    }
    End* const to = m_wire.EndAt(address.dlid);
    if (to == nullptr)
    {
        // A LID that does not exist swallows what is sent to it.
        Accept(mad, nullptr);
        return true;
    }
    const auto arrival = ArrivalOf(mad, address, m_tables, to->m_tables);
    to->Accept(mad, arrival ? &*arrival : nullptr);
    return true;
}

void ThreadedWire::End::Accept(const ibwire::MadBytes& mad, const ReceivedMad* arrival)
{
    const std::lock_guard hold(m_lock);
    WireTally& tally = m_counters.For(mad);
    ++tally.transmitted;
    if (arrival == nullptr)
    {
        ++tally.unclaimed;
        return;
    }
    Enqueue(*arrival, tally);
    if (Draw(m_faults.duplicationPerMillion))
    {
        ++tally.duplicated;
        Enqueue(*arrival, tally);
    }
}

void ThreadedWire::End::Enqueue(const ReceivedMad& arrival, WireTally& tally)
{
    if (Draw(m_faults.lossPerMillion))
    {
        ++tally.lost;
        return;
    }
    if (m_freeSlots.empty())
    {
        ++tally.overflowed;
        return;
    }
    ++tally.waiting;
    const std::uint32_t slot = m_freeSlots.back();
    m_freeSlots.pop_back();
    m_slots[slot] = arrival;
    if (Draw(m_faults.delayPerMillion))
    {
        const auto limit = static_cast<std::uint64_t>(m_faults.longestDelay.count()) + 1;
        const Duration delay{static_cast<Duration::rep>(NextDraw() % limit)};
        m_late.push_back({OsClock::now() + delay, slot});
        std::push_heap(m_late.begin(), m_late.end(), Later);
    }
    else
    {
        m_ready[(m_firstReady + m_readyCount++) % m_ready.size()] = slot;
    }
    m_wake.notify_one();
}

bool ThreadedWire::End::Draw(std::uint32_t perMillion)
{
    return perMillion != 0 && NextDraw() % WireFaults::kAlways < perMillion;
}

std::uint64_t ThreadedWire::End::NextDraw()
{
    // SplitMix64.
    m_draws += 0x9e3779b97f4a7c15ULL;
    std::uint64_t x = m_draws;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

std::uint16_t ThreadedWire::End::Lid() const
{
    return m_tables.lid;
}

std::uint8_t ThreadedWire::End::Lmc() const
{
    return m_tables.lmc;
}

std::uint8_t ThreadedWire::End::ActiveMtu() const
{
    return static_cast<std::uint8_t>(m_tables.activeMtu);
}

std::uint8_t ThreadedWire::End::ActiveRate() const
{
    return static_cast<std::uint8_t>(m_tables.activeRate);
}

std::optional<std::uint8_t> ThreadedWire::End::FindGid(const ibwire::Gid& gid) const
{
    return m_tables.FindGid(gid);
}

ibwire::Gid ThreadedWire::End::GidAt(std::uint8_t index) const
{
    return m_tables.GidAt(index);
}

std::optional<std::uint16_t> ThreadedWire::End::FindPkey(std::uint16_t pkey) const
{
    return m_tables.FindPkey(pkey);
}

} // namespace ibcm
