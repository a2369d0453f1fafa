// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/strategy/fault-draw.h"

namespace interleave
{

FaultDraw::FaultDraw()
    : m_random(0)
{
    Seed(0);
}

std::uint32_t FaultDraw::DrawShift()
{
    return 1 + m_random.Below(kMaxShift);
}

void FaultDraw::Seed(std::uint64_t seed)
{
    m_random = Random(seed, "fault");
    m_faultShift = m_random.Chance(1, 4) ? kNever : DrawShift();
    // Ties and values have no harmless side: half of the runs draw evenly.
    m_tieShift = m_random.Chance(1, 2) ? 0 : DrawShift();
    m_valueShift = m_random.Chance(1, 2) ? 0 : DrawShift();
    m_timeShift = DrawShift();
    m_allowed = m_random.Next();
}

std::uint32_t FaultDraw::Choose(const ChoicePoint& point)
{
    const std::uint32_t count = point.Count();
    if (count == 1)
    {
        return 0;
    }
    switch (point.Kind())
    {
    case ChoiceKind::kFault:
    {
        if (!OneIn(m_faultShift))
        {
            return 0;
        }
        const std::uint32_t option = 1 + m_random.Below(count - 1);
        // Where there is but one fault, leaving it out is what a rate of 0 is for.
        return count == 2 || ((m_allowed >> (option % 64)) & 1) != 0 ? option : 0;
    }
    case ChoiceKind::kTie:
        return OneIn(m_tieShift) ? m_random.Below(count) : 0;
    default:
        return OneIn(m_valueShift) ? m_random.Below(count) : 0;
    }
}

} // namespace interleave
