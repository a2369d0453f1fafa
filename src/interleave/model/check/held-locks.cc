// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/check/held-locks.h"

namespace interleave
{

void HeldLocks::Clear()
{
    m_sets.resize(1);
    m_tops.clear();
}

void HeldLocks::OnEffect(const Effect& effect)
{
    if (effect.kind != EffectKind::kLocked && effect.kind != EffectKind::kTryLocked &&
        effect.kind != EffectKind::kUnlocked)
    {
        return;
    }
    const std::uint32_t task = effect.task.Ordinal();
    if (task >= m_tops.size())
    {
        m_tops.resize(task + 1);
    }
    std::uint32_t& top = m_tops[task];
    if (effect.kind == EffectKind::kUnlocked)
    {
        top = Without(top, effect.sync);
        return;
    }
    m_sets.push_back(
        {effect.sync, effect.object, LatestSite(effect.task), effect.engine.Steps(), top});
    top = static_cast<std::uint32_t>(m_sets.size() - 1);
}

std::uint32_t HeldLocks::Without(std::uint32_t set, const void* mutex)
{
    if (set == 0)
    {
        return 0; // taken before anybody watched
    }
    if (m_sets[set].mutex == mutex)
    {
        return m_sets[set].below;
    }
    // Not the latest one: those above it form a new set. As deep as locks are nested.
    const std::uint32_t below = Without(m_sets[set].below, mutex);
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

const char* SiteOf(const Op& op)
{
    return op.site != nullptr ? op.site : OpKindText(op.kind);
}

const char* LatestSite(const Task& task)
{
    return task.OpCount() == 0 ? "start" : SiteOf(task.Past(0).op);
}

} // namespace interleave
