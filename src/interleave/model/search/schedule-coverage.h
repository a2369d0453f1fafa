// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_SCHEDULE_COVERAGE_H
#define INTERLEAVE_SCHEDULE_COVERAGE_H

#include "interleave/model/engine.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace interleave
{

/**
 * A hash of a run that is the same for runs that differ only in the order of independent
 * operations: operations of different tasks on different objects, and two reads (Mazurkiewicz,
 * "Trace theory", 1986). Every operation is hashed with what it follows of its own task and of its
 * object; the sum over all of them names the partial order. Depends on names and ordinals only, so
 * that it is the same in every process.
 */
class TraceHashObserver final : public Observer
{
  public:
    TraceHashObserver()
        : Observer({.switches = false, .choices = false})
    {
    }

    /** Forgets the run before; call it before each run. */
    void Clear();

    void OnOp(const OpEvent& event) override;

    /** Of the operations so far. */
    std::uint64_t Value() const
    {
        return m_sum;
    }

    /** Operations seen so far. */
    std::uint64_t Operations() const
    {
        return m_operations;
    }

  private:
    /** What the next operation on an object follows. */
    struct Past
    {
        std::uint64_t write = 0; //!< the last write, with all before it
        std::uint64_t reads = 0; //!< sum of the reads since
        std::uint32_t epoch = 0;
    };

    Past& Of(ObjectId object);

    std::vector<std::uint64_t> m_tasks;       // by ordinal: the task's last operation
    std::vector<std::vector<Past>> m_objects; // by class, then ordinal
    std::uint32_t m_epoch = 1;
    std::uint64_t m_sum = 0;
    std::uint64_t m_operations = 0;
};

/**
 * How many different schedules a campaign has seen, and how many runs saw something new: counts
 * TraceHashObserver's values, and estimates what has not been seen yet.
 */
class ScheduleCoverage
{
  public:
    /** A value, and how many runs had it (at most 2^32 - 1). */
    using Count = std::pair<std::uint64_t, std::uint32_t>;

    /** Beyond this many distinct schedules only known ones are counted; 16 bytes each, times two.
     */
    static constexpr std::size_t kDistinctLimit = 1U << 22;

    /** One more run. @return whether its schedule is new. */
    bool Add(std::uint64_t value, std::uint32_t times = 1);

    /** Adds what another campaign has counted. The order in which several are added is the same
     * to the result as long as kDistinctLimit is not reached. */
    void Merge(const ScheduleCoverage& other);

    /** Runs counted. */
    std::uint64_t Runs() const
    {
        return m_runs;
    }

    /** Different schedules among them. */
    std::uint64_t Distinct() const
    {
        return m_used;
    }

    /** Schedules that one run only has shown. */
    std::uint64_t Singletons() const
    {
        return m_singletons;
    }

    /**
     * The chance that one more run drawn the same way shows a schedule not seen before: singletons
     * over runs (Good, "The population frequencies of species and the estimation of population
     * parameters", Biometrika 1953). 1 without any run.
     */
    double UnseenMass() const;

    /** All counts, ascending by value: to be stored and merged. */
    std::vector<Count> Counts() const;

  private:
    void Grow();

    std::vector<Count> m_slots; // open hash table; a count of 0 marks a free slot
    std::size_t m_used = 0;
    std::uint64_t m_singletons = 0;
    std::uint64_t m_runs = 0;
};

/**
 * The chance at most that @p runs runs under PCT miss a bug of depth @p depth, in a program of
 * @p tasks tasks and @p steps operations (Burckhardt, Kothari, Musuvathi, Nagarakatte, "A
 * randomized scheduler with probabilistic guarantees of finding bugs", ASPLOS 2010): each run finds
 * it with a chance of at least 1 / (tasks * steps^(depth - 1)).
 */
double PctMissBound(std::uint64_t tasks,
                    std::uint64_t steps,
                    std::uint32_t depth,
                    std::uint64_t runs);

/** "a bug of depth 2 was missed with a chance of at most 0.013 (3 tasks, 40 operations, 500 runs)".
 */
std::string PctMissText(std::uint64_t tasks,
                        std::uint64_t steps,
                        std::uint32_t depth,
                        std::uint64_t runs);

} // namespace interleave

#endif // INTERLEAVE_SCHEDULE_COVERAGE_H
