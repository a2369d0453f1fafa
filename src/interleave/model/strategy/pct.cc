// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/strategy/pct.h"

#include "interleave/model/engine.h"
#include "interleave/model/schedule-point.h"

#include <fmt/format.h>

#include <algorithm>

namespace interleave
{

PctStrategy::PctStrategy(std::uint32_t depth)
    : m_depth(depth),
      m_random(0, "schedule")
{
}

std::string PctStrategy::Name() const
{
    return fmt::format("pct:{}", m_depth);
}

void PctStrategy::Seed(std::uint64_t seed)
{
    m_random = Random(seed, "schedule");
    m_faults.Seed(seed);
}

void PctStrategy::BeginRun(const Engine& /*engine*/)
{
    const std::uint64_t steps = m_expected != 0 ? m_expected : kFirstSteps;
    m_changes.clear();
    for (std::uint32_t change = 1; change < m_depth; ++change)
    {
        const auto bound = static_cast<std::uint32_t>(std::min<std::uint64_t>(steps, UINT32_MAX));
        m_changes.push_back({1 + m_random.Below(bound), -static_cast<std::int64_t>(change)});
    }
    std::ranges::sort(m_changes, {}, [](const Change& change) { return change.step; });
    m_nextChange = 0;
    m_ranks.assign(m_ranks.size(), {});
    m_floor = -static_cast<std::int64_t>(m_depth);
    m_step = 0;
}

std::int64_t PctStrategy::DrawPriority()
{
    return static_cast<std::int64_t>(m_random.Next() >> 2) + 1;
}

PctStrategy::Rank& PctStrategy::RankOf(const Task* task)
{
    const std::uint32_t ordinal = task == nullptr ? 0 : task->Ordinal();
    if (ordinal >= m_ranks.size()) [[unlikely]]
    {
        m_ranks.resize(ordinal + std::size_t{1});
    }
    Rank& rank = m_ranks[ordinal];
    if (rank.priority == 0) [[unlikely]]
    {
        rank.priority = DrawPriority();
    }
    if (task != nullptr && task->Pending().kind == OpKind::kYield &&
        rank.yielded != task->OpCount() + 1)
    {
        rank.yielded = task->OpCount() + 1;
        rank.priority = --m_floor;
    }
    return rank;
}

std::uint32_t PctStrategy::Highest(const SchedulePoint& point)
{
    std::uint32_t best = 0;
    std::int64_t priority = RankOf(point.Candidate(0)).priority;
    for (std::uint32_t option = 1; option < point.Count(); ++option)
    {
        const std::int64_t other = RankOf(point.Candidate(option)).priority;
        if (other > priority)
        {
            best = option;
            priority = other;
        }
    }
    return best;
}

std::uint32_t PctStrategy::Choose(ChoicePoint& point)
{
    if (point.Kind() != ChoiceKind::kSchedule)
    {
        return m_faults.Choose(point);
    }
    const auto& schedule = static_cast<SchedulePoint&>(point);
    ++m_step;
    std::uint32_t best = Highest(schedule);
    while (m_nextChange < m_changes.size() && m_changes[m_nextChange].step <= m_step)
    {
        RankOf(schedule.Candidate(best)).priority = m_changes[m_nextChange++].priority;
        best = Highest(schedule);
    }
    if (schedule.Candidate(best) == nullptr)
    {
        m_ranks[0].priority = DrawPriority();
    }
    return best;
}

void PctStrategy::EndRun(const RunResult& result)
{
    // A run without end says nothing of how long runs are.
    if (m_step == 0 || (result.violation && result.violation->kind == ViolationKind::kLivelock))
    {
        return;
    }
    // Rounded towards the newest, so that equal runs settle on what they are.
    m_expected = m_expected == 0       ? m_step
                 : m_step > m_expected ? m_expected + (m_step - m_expected + 3) / 4
                                       : m_expected - (m_expected - m_step + 3) / 4;
}

} // namespace interleave
