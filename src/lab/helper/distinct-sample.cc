// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/distinct-sample.h"

#include <algorithm>

namespace lab
{

void DistinctSample::Add(std::uint64_t value, std::uint64_t times)
{
    if (Belongs(value))
    {
        m_counts[value] += times;
        Shrink();
    }
}

void DistinctSample::Merge(const DistinctSample& other)
{
    RaiseTo(other.m_level);
    for (const auto& [value, times] : other.m_counts)
    {
        Add(value, times);
    }
}

void DistinctSample::RaiseTo(unsigned level)
{
    if (level > m_level)
    {
        m_level = level;
        std::erase_if(m_counts, [this](const auto& entry) { return !Belongs(entry.first); });
    }
}

void DistinctSample::Shrink()
{
    constexpr unsigned kHighestLevel = 63;
    while (m_counts.size() > kLimit && m_level < kHighestLevel)
    {
        RaiseTo(m_level + 1);
    }
}

std::uint64_t DistinctSample::Distinct() const
{
    return static_cast<std::uint64_t>(m_counts.size()) << m_level;
}

std::uint64_t DistinctSample::Singletons() const
{
    const auto once =
        std::ranges::count_if(m_counts, [](const auto& entry) { return entry.second == 1; });
    return static_cast<std::uint64_t>(once) << m_level;
}

double DistinctSample::UnseenShare(std::uint64_t draws) const
{
    if (draws == 0)
    {
        return 1;
    }
    return std::min(1.0, static_cast<double>(Singletons()) / static_cast<double>(draws));
}

} // namespace lab
