// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/command/running.h"

#include "lab/helper/sequence-report.h"
#include "lab/helper/summary-report.h"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace lab
{

namespace
{

std::optional<InputError> CheckWritable(const std::string& path)
{
    std::error_code ignored;
    const bool wasThere = std::filesystem::exists(path, ignored);
    errno = 0;
    const bool opened = std::ofstream(path, std::ios::app).is_open();
    const int reason = errno;
    if (!opened)
    {
        return InputError{path,
                          0,
                          fmt::format("no way to write it ({})", std::strerror(reason)),
                          "a file in a folder that exists and can be written"};
    }
    if (!wasThere)
    {
        std::filesystem::remove(path, ignored);
    }
    return std::nullopt;
}

} // namespace

void AddRunningOptions(CLI::App& command, RunningOptions& options)
{
    command
        .add_option("--pcap", options.pcapFile, "capture every packet of the fabric, for Wireshark")
        ->type_name("FILE");
    command
        .add_option(
            "--trace", options.traceFile, "write the decisions of the run, for 'weft replay'")
        ->type_name("FILE.weft");
    command.add_flag("--json", options.json, "everything that happened, as JSON");
    command.add_flag("--quiet,-q", options.quiet, "the summary only");
}

std::optional<InputError> CheckFiles(const Scenario& scenario, const RunningOptions& options)
{
    if (!options.pcapFile.empty() && scenario.fabric.source == "direct")
    {
        return InputError{scenario.file,
                          scenario.fabric.line,
                          "a direct fabric, which has no packets to capture",
                          "a fabric of links with --pcap"};
    }
    for (const std::string& path : {options.pcapFile, options.traceFile})
    {
        if (path.empty())
        {
            continue;
        }
        if (auto problem = CheckWritable(path))
        {
            return problem;
        }
    }
    return std::nullopt;
}

void PrintRun(const Scenario& scenario,
              const RunRecord& record,
              const RunningOptions& options,
              const std::string& again,
              Output& output)
{
    output.Draw(TitleReport(scenario, output.Colour()));
    if (!options.quiet)
    {
        SequenceOptions drawing;
        drawing.colour = output.Colour();
        output.Draw(SequenceReport(record, drawing) + "\n");
    }
    SummaryOptions summary;
    summary.colour = output.Colour();
    summary.command = again;
    summary.expectations = scenario.expects.size();
    if (!options.pcapFile.empty())
    {
        summary.files.emplace_back("capture", options.pcapFile);
    }
    if (!options.traceFile.empty())
    {
        summary.files.emplace_back(
            "trace", fmt::format("{} replay {}", output.Program(), ShellWord(options.traceFile)));
    }
    output.Draw(SummaryReport(record, summary));
}

ExitStatus StatusOf(const RunRecord& record)
{
    return record.violations.empty() ? ExitStatus::kFine : ExitStatus::kViolated;
}

std::optional<std::uint64_t> ParseSeed(const std::string& text)
{
    const bool hex = text.starts_with("0x") || text.starts_with("0X");
    const char* const begin = text.data() + (hex ? 2 : 0);
    const char* const end = text.data() + text.size();
    std::uint64_t seed = 0;
    const auto [stop, error] = std::from_chars(begin, end, seed, hex ? 16 : 10);
    return begin != end && stop == end && error == std::errc() ? std::optional(seed) : std::nullopt;
}

} // namespace lab
