// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/shared-objects.h"

#include <algorithm>

namespace lab
{

namespace
{

std::uintptr_t Number(const void* address)
{
    return reinterpret_cast<std::uintptr_t>(address);
}

} // namespace

std::size_t SharedObjects::IndexAfter(std::uintptr_t address) const
{
    const auto after = std::upper_bound(m_ranges.begin(),
                                        m_ranges.end(),
                                        address,
                                        [](std::uintptr_t value, const Range& range)
                                        { return value < range.begin; });
    return static_cast<std::size_t>(after - m_ranges.begin());
}

interleave::ObjectId SharedObjects::Made(const char* objectClass,
                                         const void* object,
                                         std::size_t bytes)
{
    const std::uintptr_t begin = Number(object);
    const Range made{begin, begin + bytes, m_engine.NewObject(objectClass), false};
    // What was here before is gone for good: its memory is this object's now.
    std::size_t first = IndexAfter(begin);
    if (first > 0 && m_ranges[first - 1].end > begin)
    {
        --first;
    }
    std::size_t last = first;
    while (last < m_ranges.size() && m_ranges[last].begin < made.end)
    {
        ++last;
    }
    if (first == last)
    {
        m_ranges.insert(m_ranges.begin() + static_cast<std::ptrdiff_t>(first), made);
    }
    else
    {
        m_ranges[first] = made;
        m_ranges.erase(m_ranges.begin() + static_cast<std::ptrdiff_t>(first) + 1,
                       m_ranges.begin() + static_cast<std::ptrdiff_t>(last));
    }
    for (Single& single : m_singles)
    {
        single.covered = single.covered || made.Holds(single.address);
    }
    m_latest = made;
    ++m_live;
    return made.id;
}

interleave::ObjectId SharedObjects::Freed(const void* object)
{
    const std::size_t after = IndexAfter(Number(object));
    if (after == 0 || m_ranges[after - 1].begin != Number(object))
    {
        return {};
    }
    Range& range = m_ranges[after - 1];
    m_live -= range.dead ? 0 : 1;
    range.dead = true;
    m_latest = range;
    return range.id;
}

interleave::ObjectId SharedObjects::ObjectAt(const void* object)
{
    if (m_latest.begin == Number(object))
    {
        return m_latest.id;
    }
    const std::size_t after = IndexAfter(Number(object));
    if (after == 0 || m_ranges[after - 1].begin != Number(object))
    {
        return {};
    }
    m_latest = m_ranges[after - 1];
    return m_latest.id;
}

interleave::ObjectId SharedObjects::SingleAt(std::uintptr_t address, const char* name)
{
    for (const Single& single : m_singles)
    {
        if (single.address == address)
        {
            return single.id;
        }
    }
    const std::uint32_t type = m_engine.PartClassOf(0, name);
    m_singles.push_back({address, m_engine.NewObject(m_engine.ClassName(type).c_str())});
    return m_singles.back().id;
}

SharedObjects::Field SharedObjects::Search(std::uintptr_t address, const char* name)
{
    for (const Single& single : m_singles)
    {
        if (single.address == address && !single.covered)
        {
            return {single.id, false};
        }
    }
    const std::size_t after = IndexAfter(address);
    if (after == 0 || m_ranges[after - 1].end <= address)
    {
        return {SingleAt(address, name), false};
    }
    m_latest = m_ranges[after - 1];
    return FieldOf(m_latest, name);
}

} // namespace lab
