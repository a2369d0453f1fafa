// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_NEAR_RUNS_H
#define INTERLEAVE_NEAR_RUNS_H

#include "interleave/model/decision-log.h"
#include "interleave/model/search/certify.h"
#include "interleave/model/search/program.h"

#include <cstdint>
#include <optional>
#include <string>

namespace interleave
{

/**
 * Makes runs that differ from @p base in few decisions (see MutateStrategy) until one ends in
 * a violation with @p signature. What a long random run has got into by many decisions together
 * often takes few, but others: no removing of decisions leads there.
 * @param base empty: the dull run. @param seed another one makes other runs. @param budget what it
 * costs is taken from it.
 * @return its decisions, or nothing when the budget is used up.
 */
std::optional<DecisionLog> FindNear(Program& program,
                                    const DecisionLog& base,
                                    const std::string& signature,
                                    std::uint64_t seed,
                                    SearchBudget& budget);

} // namespace interleave

#endif // INTERLEAVE_NEAR_RUNS_H
