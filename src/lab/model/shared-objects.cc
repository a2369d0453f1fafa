// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/shared-objects.h"

#include <algorithm>
#include <string>

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
    if (m_latest < m_ranges.size() && m_ranges[m_latest].begin <= address &&
        address < m_ranges[m_latest].end)
    {
        return m_latest + 1;
    }
    const auto after = std::upper_bound(m_ranges.begin(),
                                        m_ranges.end(),
                                        address,
                                        [](std::uintptr_t value, const Range& range)
                                        { return value < range.begin; });
    const auto index = static_cast<std::size_t>(after - m_ranges.begin());
    m_latest = index > 0 ? index - 1 : 0;
    return index;
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
    return range.id;
}

interleave::ObjectId SharedObjects::ObjectAt(const void* object) const
{
    const std::size_t after = IndexAfter(Number(object));
    return after > 0 && m_ranges[after - 1].begin == Number(object) ? m_ranges[after - 1].id
                                                                    : interleave::ObjectId{};
}

std::uint32_t SharedObjects::TypeOf(std::uint32_t ownerType, const char* name)
{
    // A field has one name, whose address is enough; two with one text are the same class.
    FieldType& known = m_fieldTypes.At((Number(name) << 12) ^ ownerType);
    if (known.type == 0)
    {
        std::string text = ownerType == 0 ? std::string() : m_engine.ClassName(ownerType) + ".";
        text += name;
        std::replace(text.begin(), text.end(), ' ', '-'); // one word, as in decision logs
        known.type = m_engine.ClassOf(text.c_str());
    }
    return known.type;
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
    const std::uint32_t type = TypeOf(0, name);
    m_singles.push_back({address, m_engine.NewObject(m_engine.ClassName(type).c_str())});
    return m_singles.back().id;
}

SharedObjects::Field SharedObjects::FieldAt(const void* address, const char* name)
{
    const std::uintptr_t number = Number(address);
    const std::size_t after = IndexAfter(number);
    if (after == 0 || m_ranges[after - 1].end <= number)
    {
        return {SingleAt(number, name), false};
    }
    const Range& range = m_ranges[after - 1];
    if (range.dead)
    {
        return {range.id, true};
    }
    return {{TypeOf(range.id.type, name), range.id.ordinal}, false};
}

} // namespace lab
