// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_SUMMARY_REPORT_H
#define LAB_SUMMARY_REPORT_H

#include "lab/model/run-record.h"
#include "lab/model/scenario.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace lab
{

struct SummaryOptions
{
    bool colour{false};
    std::string command;                                    ///< what to type for the same run again
    std::size_t expectations{0};                            ///< how many the scenario has
    std::vector<std::pair<std::string, std::string>> files; ///< what was written: label and text
};

/** A digest as 16 hexadecimal digits. */
std::string DigestText(std::uint64_t digest);

/** Two lines above a run: what it is about. */
std::string TitleReport(const Scenario& scenario, bool colour);

/**
 * What a run amounted to: fabric, connections, messages, times, digest, what was violated, and the
 * command for the same run again.
 */
std::string SummaryReport(const RunRecord& record, const SummaryOptions& options);

} // namespace lab

#endif /* LAB_SUMMARY_REPORT_H */
