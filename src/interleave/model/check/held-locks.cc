// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/check/held-locks.h"

namespace interleave
{

void HeldLocks::Clear()
{
    m_sets.resize(1);
    m_tops.clear();
}

std::uint32_t HeldLocks::Without(std::uint32_t set, std::uint32_t sync)
{
    if (set == 0)
    {
        return 0;
    }
    if (m_sets[set].sync == sync)
    {
        return m_sets[set].below;
    }
    // Not the latest one: those above it form a new set. As deep as locks are nested.
    const std::uint32_t below = Without(m_sets[set].below, sync);
    Held held = m_sets[set];
    held.below = below;
    m_sets.push_back(held);
    return static_cast<std::uint32_t>(m_sets.size() - 1);
}

std::string HeldLocks::Text(const Engine& engine, std::uint32_t set) const
{
    if (set == 0)
    {
        return "holding nothing";
    }
    std::string names;
    for (; set != 0; set = m_sets[set].below)
    {
        names.insert(0,
                     (m_sets[set].below == 0 ? "" : ", ") + engine.ObjectText(m_sets[set].object));
    }
    return "holding " + names;
}

} // namespace interleave
