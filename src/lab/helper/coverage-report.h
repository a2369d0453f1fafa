// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_COVERAGE_REPORT_H
#define LAB_COVERAGE_REPORT_H

#include "lab/model/step-coverage.h"

#include <cstddef>
#include <string>

namespace lab
{

/** Rows of the state table (ibcm::Transitions()) that were taken at least once. */
struct TableCoverage
{
    std::size_t seen{0};
    std::size_t rows{0};
};

TableCoverage CoverageOf(const StepCoverage& coverage);

/**
 * The state table with a line a state: how many of its rows were seen, and the inputs that were
 * not. States without any row seen are counted only.
 */
std::string CoverageReport(const StepCoverage& coverage, std::size_t width);

/**
 * A line for each kind of message that was sent: how many, how many of these were repetitions, and
 * what befell them on the way. Empty if there were none.
 */
std::string MessageReport(const MessageCoverage& messages, std::size_t width);

} // namespace lab

#endif /* LAB_COVERAGE_REPORT_H */
