// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_CERTIFY_H
#define INTERLEAVE_CERTIFY_H

#include "interleave/model/decision-log.h"
#include "interleave/model/search/program.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace interleave
{

/** How much a search may cost; it ends when either is used up. */
struct SearchBudget
{
    std::uint64_t runs = 20'000;
    /** Operations of all its runs. */
    std::uint64_t steps = 400'000;
};

/** What a search bounded by preemptions has shown. */
struct Certificate
{
    /** A run with fewer preemptions that fails the same way; empty if none was found. */
    std::optional<DecisionLog> smaller;
    /** Every bound below this one has been searched to its end, without a find. */
    std::uint32_t clearedBelow = 0;
    /** Whether the search went as far as it was asked to, or found something. */
    bool complete = false;
    std::uint64_t runs = 0;
};

/**
 * Searches all runs with 0, then 1, … up to @p below - 1 preemptions for one that ends in a
 * violation with @p signature (iterative context bounding: Musuvathi, Qadeer, PLDI 2007). Who goes
 * on when no task runs, and ties of events, are tried in all ways; other choices (faults, values)
 * stay as @p log says. Letting simulated time go on while a task is ready counts as a preemption
 * where a task runs and is tried where none does.
 *
 * States that were seen before are not searched again: two beginnings of a run with the same
 * operations but for the order of independent ones (see TraceHashObserver) lead to the same runs,
 * provided that tasks share nothing but what their operations name.
 */
Certificate Certify(Program& program,
                    const DecisionLog& log,
                    const std::string& signature,
                    std::uint32_t below,
                    const SearchBudget& budget = {});

/**
 * A quick look for a run with 1, … up to @p below - 1 preemptions that ends in a violation with
 * @p signature: everything dull but preemptions in favour of one of @p targets, by name. Finds in
 * hundreds of runs what Certify() would have to search millions for when there are many tasks, and
 * proves nothing if it finds nothing.
 */
std::optional<DecisionLog> FindWithFewer(Program& program,
                                         const DecisionLog& log,
                                         const std::string& signature,
                                         const std::vector<std::string>& targets,
                                         std::uint32_t below,
                                         SearchBudget& budget);

} // namespace interleave

#endif // INTERLEAVE_CERTIFY_H
