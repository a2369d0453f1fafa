// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/strategy/yield-rule.h"

#include "interleave/model/schedule-point.h"

namespace interleave
{

namespace
{

std::uint64_t LastStep(const Task& task)
{
    return task.OpCount() == 0 ? 0 : task.Past(0).step;
}

bool Yields(const Task& task)
{
    return task.Pending().kind == OpKind::kYield;
}

} // namespace

YieldRule::YieldRule(const SchedulePoint& point)
    : m_point(point)
{
    for (std::uint32_t option = 0; option < point.Count(); ++option)
    {
        const Task* task = point.Candidate(option);
        if (task == nullptr)
        {
            m_events = true;
        }
        else if (Yields(*task))
        {
            m_anyYields = true;
        }
        else
        {
            m_allYield = false;
        }
    }
}

bool YieldRule::May(std::uint32_t option) const
{
    if (!m_anyYields) [[likely]]
    {
        return true;
    }
    const Task* task = m_point.Candidate(option);
    if (m_allYield && m_events)
    {
        return task == nullptr;
    }
    if (task == nullptr || !Yields(*task))
    {
        return true;
    }
    // The one that moved longest ago may always go.
    for (std::uint32_t other = 0; other < m_point.Count(); ++other)
    {
        const Task* candidate = m_point.Candidate(other);
        if (candidate != nullptr && candidate != task && LastStep(*candidate) < LastStep(*task))
        {
            return false;
        }
    }
    return true;
}

} // namespace interleave
