// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/strategy/random-walk.h"

#include "interleave/model/schedule-point.h"

namespace interleave
{

RandomWalk::RandomWalk()
    : m_random(0, "schedule")
{
}

void RandomWalk::Seed(std::uint64_t seed)
{
    m_random = Random(seed, "schedule");
    m_faults.Seed(seed);
}

std::uint32_t RandomWalk::Choose(ChoicePoint& point)
{
    const std::uint32_t count = point.Count();
    if (count == 1)
    {
        return 0;
    }
    if (point.Kind() != ChoiceKind::kSchedule)
    {
        return m_faults.Choose(point);
    }
    const bool events = static_cast<SchedulePoint&>(point).OffersEvents();
    if (events && m_faults.LetTimeGoOn())
    {
        return count - 1;
    }
    return m_random.Below(events ? count - 1 : count);
}

} // namespace interleave
