// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_LANE_REPORT_H
#define LAB_LANE_REPORT_H

#include "interleave/model/decision-log.h"
#include "lab/helper/lane-record.h"
#include "lab/model/lab-program.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace lab
{

struct LaneOptions
{
    bool colour{false};
    std::size_t width{100};           ///< columns; more if there are many lanes
    std::size_t mostRows{60};         ///< operations shown
    std::vector<std::uint64_t> marks; ///< steps of the operations that decide
};

/** The lanes of a run, as far as they tell something. @param end how it ended, in a line. */
std::string LaneReport(const std::vector<LaneStep>& steps,
                       const std::string& end,
                       const LaneOptions& options);

/** Runs @p program along @p log and draws its lanes. */
std::string LaneReportOf(LabProgram& program,
                         const interleave::DecisionLog& log,
                         const LaneOptions& options);

/**
 * The same for a scenario, with the two operations marked whose order decides (see
 * interleave::Explain) when there are such. What cannot be drawn is said instead.
 */
std::string LaneReportOf(const Scenario& scenario,
                         const interleave::DecisionLog& log,
                         LaneOptions options);

} // namespace lab

#endif /* LAB_LANE_REPORT_H */
