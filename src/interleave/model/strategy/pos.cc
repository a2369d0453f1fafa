// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/strategy/pos.h"

#include "interleave/model/schedule-point.h"
#include "interleave/model/strategy/dependence.h"

namespace interleave
{

PosStrategy::PosStrategy()
    : m_random(0, "schedule")
{
}

void PosStrategy::Seed(std::uint64_t seed)
{
    m_random = Random(seed, "schedule");
    m_faults.Seed(seed);
}

void PosStrategy::BeginRun(const Engine& /*engine*/)
{
    m_draws.assign(m_draws.size(), {});
}

std::uint64_t PosStrategy::PriorityOf(const Task* task)
{
    const std::uint32_t ordinal = task == nullptr ? 0 : task->Ordinal();
    const std::uint64_t operation = task == nullptr ? 1 : task->OpCount() + 1;
    if (ordinal >= m_draws.size()) [[unlikely]]
    {
        m_draws.resize(ordinal + std::size_t{1});
    }
    Draw& draw = m_draws[ordinal];
    if (draw.operation != operation)
    {
        draw = {operation, m_random.Next()};
    }
    return draw.priority;
}

std::uint32_t PosStrategy::Choose(ChoicePoint& point)
{
    if (point.Kind() != ChoiceKind::kSchedule)
    {
        return m_faults.Choose(point);
    }
    const std::uint32_t count = point.Count();
    if (count == 1)
    {
        return 0; // whoever it is draws anew for its next operation
    }
    const auto& schedule = static_cast<SchedulePoint&>(point);
    std::uint32_t best = 0;
    std::uint64_t priority = PriorityOf(schedule.Candidate(0));
    for (std::uint32_t option = 1; option < count; ++option)
    {
        const std::uint64_t other = PriorityOf(schedule.Candidate(option));
        if (other > priority)
        {
            best = option;
            priority = other;
        }
    }
    const Task* chosen = schedule.Candidate(best);
    if (chosen == nullptr)
    {
        m_draws[0].operation = 0;
        return best;
    }
    if (chosen->Pending().kind == OpKind::kYield)
    {
        // Whoever it polls for must not lose for ever by one bad draw.
        BeginRun(schedule.GetEngine());
        return best;
    }
    for (std::uint32_t option = 0; option < count; ++option)
    {
        const Task* other = schedule.Candidate(option);
        if (other != nullptr && option != best && Dependent(other->Pending(), chosen->Pending()))
        {
            m_draws[other->Ordinal()].operation = 0;
        }
    }
    return best;
}

} // namespace interleave
