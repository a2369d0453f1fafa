// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/search/near-runs.h"

#include "interleave/model/search/explorer.h"
#include "interleave/model/strategy/mutate.h"

#include <algorithm>

namespace interleave
{

std::optional<DecisionLog> FindNear(Program& program,
                                    const DecisionLog& base,
                                    const std::string& signature,
                                    std::uint64_t seed,
                                    SearchBudget& budget)
{
    MutateStrategy mutate(base);
    ExploreOptions options;
    options.seed = seed;
    options.runs = budget.runs;
    options.coverage = false;
    Explorer explorer(program, mutate, options);
    std::optional<DecisionLog> found;
    while (!found && budget.runs > 0 && budget.steps > 0 && explorer.Step())
    {
        --budget.runs;
        budget.steps -= std::min<std::uint64_t>(budget.steps, explorer.LastResult().steps);
        for (const Finding& finding : explorer.Findings())
        {
            if (finding.signature == signature)
            {
                found = finding.log;
            }
        }
    }
    return found;
}

} // namespace interleave
