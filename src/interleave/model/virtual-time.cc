// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/virtual-time.h"

#include "interleave/model/sanitizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace interleave
{

namespace
{

constexpr TimerId MakeId(std::uint32_t slot, std::uint32_t generation)
{
    return (static_cast<TimerId>(generation) << 32) | slot;
}

} // namespace

TimerId VirtualTime::Schedule(std::int64_t delayNs,
                              EventFunction function,
                              void* context,
                              EventLabel label)
{
    const EngineScope scope;
    if (delayNs < 0 || delayNs >= kForever - m_nowNs)
    {
        throw std::invalid_argument(
            fmt::format("cannot schedule an event {} ns from now ({} ns)", delayNs, m_nowNs));
    }
    std::uint32_t slot = 0;
    if (m_free.empty())
    {
        slot = static_cast<std::uint32_t>(m_slots.size());
        m_slots.emplace_back();
    }
    else
    {
        slot = m_free.back();
        m_free.pop_back();
    }
    Slot& entry = m_slots[slot];
    entry.timeNs = m_nowNs + delayNs;
    entry.sequence = ++m_sequence;
    entry.function = function;
    entry.context = context;
    entry.label = label;
    m_heap.push_back(slot);
    SiftUp(m_heap.size() - 1);
    SayEarliest(NextNs());
    // What the handler sees is what whoever scheduled it had done.
    TsanRelease(context);
    Scheduled(context);
    return MakeId(slot, entry.generation);
}

bool VirtualTime::Cancel(TimerId id)
{
    const EngineScope scope;
    const auto slot = static_cast<std::uint32_t>(id);
    if (slot >= m_slots.size() || m_slots[slot].generation != id >> 32)
    {
        return false;
    }
    RemoveAt(m_slots[slot].position);
    return true;
}

void VirtualTime::RunNext()
{
    const EngineScope scope;
    Run(m_heap.front());
}

std::size_t VirtualTime::TiedCount() const
{
    // Equal times form a connected piece of the heap, at its top; mostly it is the top alone.
    const std::int64_t timeNs = NextNs();
    const auto apart = [&](std::size_t position)
    { return position >= m_heap.size() || m_slots[m_heap[position]].timeNs != timeNs; };
    if (apart(1) && apart(2))
    {
        return m_heap.empty() ? 0 : 1;
    }
    CollectTied();
    return m_tied.size();
}

void VirtualTime::CollectTied() const
{
    const std::int64_t timeNs = NextNs();
    m_tied.clear();
    m_tied.push_back(0);
    for (std::size_t next = 0; next < m_tied.size(); ++next)
    {
        const std::uint32_t position = m_tied[next];
        for (std::uint32_t child = 2 * position + 1; child <= 2 * position + 2; ++child)
        {
            if (child < m_heap.size() && m_slots[m_heap[child]].timeNs == timeNs)
            {
                m_tied.push_back(child);
            }
        }
    }
}

std::uint32_t VirtualTime::TiedSlot(std::size_t index) const
{
    CollectTied();
    for (std::uint32_t& position : m_tied)
    {
        position = m_heap[position];
    }
    const auto bySequence = [this](std::uint32_t left, std::uint32_t right)
    { return m_slots[left].sequence < m_slots[right].sequence; };
    std::sort(m_tied.begin(), m_tied.end(), bySequence);
    return m_tied.at(index);
}

void VirtualTime::RunTied(std::size_t index)
{
    const EngineScope scope;
    Run(TiedSlot(index));
}

EventLabel VirtualTime::TiedLabel(std::size_t index) const
{
    return m_slots[TiedSlot(index)].label;
}

void VirtualTime::Clear()
{
    while (!m_heap.empty())
    {
        RemoveAt(m_heap.size() - 1);
    }
    m_nowNs = 0;
    m_sequence = 0;
}

void VirtualTime::Run(std::uint32_t slot)
{
    const EventFunction function = m_slots[slot].function;
    void* const context = m_slots[slot].context;
    m_nowNs = m_slots[slot].timeNs;
    // Gone before it runs, so that its handler may schedule again and cannot cancel itself.
    RemoveAt(m_slots[slot].position);
    TsanAcquire(context);
    Begins(context);
    const EventScope program;
    function(context);
}

bool VirtualTime::Before(std::uint32_t left, std::uint32_t right) const
{
    const Slot& a = m_slots[left];
    const Slot& b = m_slots[right];
    return a.timeNs != b.timeNs ? a.timeNs < b.timeNs : a.sequence < b.sequence;
}

void VirtualTime::Place(std::size_t position, std::uint32_t slot)
{
    m_heap[position] = slot;
    m_slots[slot].position = static_cast<std::uint32_t>(position);
}

void VirtualTime::SiftUp(std::size_t position)
{
    const std::uint32_t slot = m_heap[position];
    while (position > 0)
    {
        const std::size_t parent = (position - 1) / 2;
        if (!Before(slot, m_heap[parent]))
        {
            break;
        }
        Place(position, m_heap[parent]);
        position = parent;
    }
    Place(position, slot);
}

void VirtualTime::SiftDown(std::size_t position)
{
    const std::uint32_t slot = m_heap[position];
    for (;;)
    {
        std::size_t child = 2 * position + 1;
        if (child >= m_heap.size())
        {
            break;
        }
        if (child + 1 < m_heap.size() && Before(m_heap[child + 1], m_heap[child]))
        {
            ++child;
        }
        if (!Before(m_heap[child], slot))
        {
            break;
        }
        Place(position, m_heap[child]);
        position = child;
    }
    Place(position, slot);
}

void VirtualTime::RemoveAt(std::size_t position)
{
    const std::uint32_t slot = m_heap[position];
    const std::uint32_t last = m_heap.back();
    m_heap.pop_back();
    if (last != slot)
    {
        Place(position, last);
        SiftUp(position);
        SiftDown(m_slots[last].position);
    }
    SayEarliest(NextNs());
    // Generation 0 would make id 0 possible.
    m_slots[slot].generation += m_slots[slot].generation == 0xffff'ffffU ? 2 : 1;
    m_free.push_back(slot);
}

} // namespace interleave
