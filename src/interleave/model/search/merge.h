// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_MERGE_H
#define INTERLEAVE_MERGE_H

#include "interleave/model/decision-log.h"
#include "interleave/model/search/certify.h"
#include "interleave/model/search/program.h"

#include <optional>
#include <string>

namespace interleave
{

/**
 * Seeks a run with fewer preemptions than that along @p log which ends in a violation with
 * @p signature, by moving the turns of each task together: a turn is put off until just before the
 * task's next one, or that is brought forward, and it is kept if the run still fails and has become
 * simpler (after Jalbert, Sen, "A trace simplification technique for effective debugging of
 * concurrent programs", FSE 2010). Reaches what taking decisions away one by one does not, because
 * there every later decision loses its meaning. Other choices stay as @p log says.
 * @param budget what it may cost; is lowered by what it has cost.
 */
std::optional<DecisionLog> MergeTurns(Program& program,
                                      const DecisionLog& log,
                                      const std::string& signature,
                                      SearchBudget& budget);

} // namespace interleave

#endif // INTERLEAVE_MERGE_H
