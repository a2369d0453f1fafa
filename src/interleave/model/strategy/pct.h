// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_PCT_H
#define INTERLEAVE_PCT_H

#include "interleave/model/random.h"
#include "interleave/model/strategy/fault-draw.h"
#include "interleave/model/strategy/strategy.h"

#include <cstdint>
#include <vector>

namespace interleave
{

class SchedulePoint;
class Task;

/**
 * "pct:D": probabilistic concurrency testing of depth D.
 *
 * Burckhardt, Kothari, Musuvathi, Nagarakatte: "A Randomized Scheduler with Probabilistic
 * Guarantees of Finding Bugs", ASPLOS 2010. Tasks have random priorities and the highest that is
 * ready goes on; at D-1 random steps the one that would go on falls below all others. A defect
 * that needs D ordering constraints among n tasks of k steps in all is hit by a run with a
 * probability of at least 1/(n k^(D-1)).
 *
 * Deviations: k is not given but learnt, as a moving average of the runs seen so far (the first run
 * assumes kFirstSteps). A task that yields falls below all others, so that a task that waits in a
 * loop cannot hold up those it waits for. `events` is a task of its own that draws a new priority
 * whenever it has been chosen: each event is a new, short task.
 */
class PctStrategy final : public Strategy
{
  public:
    static constexpr std::uint32_t kMaxDepth = 1000;
    /** Steps that the first run is assumed to have. */
    static constexpr std::uint64_t kFirstSteps = 64;

    /** @param depth 1 .. kMaxDepth. */
    explicit PctStrategy(std::uint32_t depth);

    std::string Name() const override;
    void Seed(std::uint64_t seed) override;

    bool Learns() const override
    {
        return m_depth > 1;
    }

    void BeginRun(const Engine& engine) override;
    std::uint32_t Choose(ChoicePoint& point) override;
    void EndRun(const RunResult& result) override;

    /** Steps that the next run is assumed to have. */
    std::uint64_t ExpectedSteps() const
    {
        return m_expected;
    }

  private:
    /** At a step, the task that would go on falls to a priority. */
    struct Change
    {
        std::uint64_t step;
        std::int64_t priority;
    };

    struct Rank
    {
        std::int64_t priority = 0; // 0: not drawn yet
        std::uint64_t yielded = 0; // number of its operation at which it yielded last, plus 1
    };

    Rank& RankOf(const Task* task);
    std::uint32_t Highest(const SchedulePoint& point);
    std::int64_t DrawPriority();

    std::uint32_t m_depth;
    Random m_random;
    FaultDraw m_faults;
    std::vector<Change> m_changes; // in order of step
    std::size_t m_nextChange = 0;
    std::vector<Rank> m_ranks; // by ordinal of the task, 0 for `events`
    std::int64_t m_floor = 0;  // what has yielded stands from here downwards
    std::uint64_t m_step = 0;
    std::uint64_t m_expected = 0;
};

} // namespace interleave

#endif // INTERLEAVE_PCT_H
