// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_RUNNING_H
#define LAB_RUNNING_H

#include "lab/command/output.h"
#include "lab/helper/json-report.h"
#include "lab/model/run-record.h"
#include "lab/model/scenario.h"
#include "lab/model/world.h"

#include <CLI/CLI.hpp>

#include <optional>
#include <string>

namespace lab
{

/** What 'run' and 'replay' have in common on the command line. */
struct RunningOptions
{
    std::string pcapFile;
    std::string traceFile;
    bool json{false};
    bool quiet{false};
};

void AddRunningOptions(CLI::App& command, RunningOptions& options);

/**
 * Checks that the files to be written can be, before a run that might be long, and that this fabric
 * has packets to capture.
 */
std::optional<InputError> CheckFiles(const Scenario& scenario, const RunningOptions& options);

/** Prints what happened, unless it is to be JSON. @param again the command for the same run. */
void PrintRun(const Scenario& scenario,
              const RunRecord& record,
              const RunningOptions& options,
              const std::string& again,
              Output& output);

ExitStatus StatusOf(const RunRecord& record);

/** "12", "0x1f" as 64 bits; nothing if it is no such number. */
std::optional<std::uint64_t> ParseSeed(const std::string& text);

} // namespace lab

#endif /* LAB_RUNNING_H */
