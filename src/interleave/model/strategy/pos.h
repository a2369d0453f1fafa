// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_POS_H
#define INTERLEAVE_POS_H

#include "interleave/model/random.h"
#include "interleave/model/strategy/fault-draw.h"
#include "interleave/model/strategy/strategy.h"

#include <cstdint>
#include <vector>

namespace interleave
{

class Task;

/**
 * "pos": partial order sampling.
 *
 * Yuan, Yang, Gu: "Partial Order Aware Concurrency Sampling", CAV 2018. Every pending operation has
 * a random priority, the highest goes first, and operations that it competed with on one object
 * draw theirs anew. Operations that commute so stay in the order in which they were drawn, which
 * spreads the runs over partial orders instead of over schedules.
 *
 * Deviations: `events` is one more pending operation that draws anew whenever it was chosen. When a
 * task yields, all draw anew, so that a loop that polls ends. A choice with one option draws
 * nothing.
 */
class PosStrategy final : public Strategy
{
  public:
    PosStrategy();

    std::string Name() const override
    {
        return "pos";
    }

    void Seed(std::uint64_t seed) override;
    void BeginRun(const Engine& engine) override;
    std::uint32_t Choose(ChoicePoint& point) override;

  private:
    struct Draw
    {
        std::uint64_t operation = 0; // whose it is: operations done before, plus 1; 0: none
        std::uint64_t priority = 0;
    };

    std::uint64_t PriorityOf(const Task* task);

    Random m_random;
    FaultDraw m_faults;
    std::vector<Draw> m_draws; // by ordinal of the task, 0 for `events`
};

} // namespace interleave

#endif // INTERLEAVE_POS_H
