// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_WORLD_H
#define LAB_WORLD_H

#include "interleave/model/chooser.h"
#include "interleave/model/decision-log.h"
#include "lab/model/run-record.h"
#include "lab/model/scenario.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace lab
{

struct RunOptions
{
    std::optional<std::uint64_t> seed; ///< instead of the scenario's
    std::string pcapFile;              ///< every packet of the fabric, once; empty: none
    std::string traceFile;             ///< the run's decision log; empty: none
    /** Decisions to follow; the scenario's fault rules do not count then, as the log has them. */
    const interleave::DecisionLog* replay{nullptr};
    /** Decides what rules and replay leave open; null: the default everywhere. Not owned. */
    interleave::Chooser* strategy{nullptr};
    bool keepMessages{true}; ///< fill the lists of RunRecord
};

/**
 * Runs a scenario once: brings the fabric up, lets the hosts do what they are to do, takes
 * everything down and checks. What a user got wrong is the error; what went wrong in the run is in
 * the record's violations. One run at a time in a process, on the calling thread.
 */
tl::expected<RunRecord, InputError> RunScenario(const Scenario& scenario,
                                                const RunOptions& options);

} // namespace lab

#endif /* LAB_WORLD_H */
