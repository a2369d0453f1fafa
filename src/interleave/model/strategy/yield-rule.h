// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_YIELD_RULE_H
#define INTERLEAVE_YIELD_RULE_H

#include <cstdint>

namespace interleave
{

class SchedulePoint;

/**
 * Keeps an exhaustive search out of loops that wait for somebody else: a task that yields goes on
 * only after every other task that is ready has done something since. A loop that polls is so
 * tried once between any two steps of the others and not without end.
 *
 * After Musuvathi, Qadeer: "Fair Stateless Model Checking", PLDI 2008, of which this is the special
 * case in which a yield ends a task's turn. Deviation: where every ready task yields and an event
 * is pending, time goes on, since nothing else can end such a wait.
 */
class YieldRule
{
  public:
    explicit YieldRule(const SchedulePoint& point);

    /** False for an option that only goes round a loop. At least one option may be taken. */
    bool May(std::uint32_t option) const;

  private:
    const SchedulePoint& m_point;
    bool m_anyYields = false;
    bool m_allYield = true;
    bool m_events = false;
};

} // namespace interleave

#endif // INTERLEAVE_YIELD_RULE_H
