// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// weft replay FILE.weft: runs a decision log again.
#include "interleave/model/decision-log.h"
#include "interleave/model/search/trail.h"
#include "lab/command/command.h"
#include "lab/command/log-file.h"
#include "lab/command/running.h"
#include "lab/helper/lane-report.h"
#include "lab/helper/summary-report.h"
#include "lab/helper/text-row.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace lab
{

namespace
{

using interleave::DecisionLog;

/** How a replay compares with the run that the log is of. */
struct Verdict
{
    bool reproduced{false};
    std::string text;
};

struct ReplayCommand
{
    std::string file;
    unsigned times{1};
    bool lanes{false};
    RunningOptions options;

    ExitStatus operator()(Output& output) const;

  private:
    Verdict Repeat(const LoadedLog& loaded,
                   RunOptions run,
                   Verdict verdict,
                   RunRecord& record) const;
};

/** Whether the run ended as the log says: by signature, or by kind where it has no more. */
bool Fired(const std::string& wanted, const RunRecord& record)
{
    return record.signature == wanted ||
           std::ranges::any_of(record.violations,
                               [&](const ViolationRecord& fresh) { return fresh.kind == wanted; });
}

/** In what the run differs from the one that the log is of; empty if in nothing that it tells. */
std::string Difference(const DecisionLog& log, const RunRecord& record)
{
    if (!record.difference.empty())
    {
        return "differs first at " + record.difference;
    }
    const std::string* const then = log.Header("digest");
    const std::string now = DigestText(record.digest);
    if (then != nullptr && *then != now)
    {
        return fmt::format("digest differs: {} in the log, {} now", *then, now);
    }
    const bool comparable = then != nullptr || log.Header(interleave::Trail::kHeader) != nullptr;
    return comparable ? "" : "the log has no digest to compare with";
}

Verdict Compare(const DecisionLog& log, const RunRecord& record)
{
    const std::string difference = Difference(log, record);
    const std::string* const violation = log.Header("violation");
    if (difference.empty())
    {
        return {true,
                log.Header("digest") != nullptr ? "reproduced: the same digest"
                                                : "reproduced: the same in every operation"};
    }
    if (violation == nullptr)
    {
        return {false, difference};
    }
    if (Fired(*violation, record))
    {
        return {true, fmt::format("reproduced: {}; {}", *violation, difference)};
    }
    return {false, fmt::format("not reproduced: no {} this time; {}", *violation, difference)};
}

/** Runs again until all is done or one run differs: of that one the record and verdict are. */
Verdict ReplayCommand::Repeat(const LoadedLog& loaded,
                              RunOptions run,
                              Verdict verdict,
                              RunRecord& record) const
{
    run.pcapFile.clear();
    run.traceFile.clear();
    for (unsigned i = 2; i <= times; ++i)
    {
        auto again = RunScenario(loaded.scenario, run);
        if (!again || again->digest == record.digest)
        {
            continue; // what was found in order once is in order
        }
        record = std::move(*again);
        return {false,
                fmt::format("run {} of {} is not like those before: {}",
                            i,
                            times,
                            Compare(loaded.log, record).text)};
    }
    verdict.text += fmt::format("; {} runs, all the same", times);
    return verdict;
}

ExitStatus ReplayCommand::operator()(Output& output) const
{
    const auto loaded = LoadLog(file);
    if (!loaded)
    {
        return output.Wrong(loaded.error());
    }
    if (const auto problem = CheckFiles(loaded->scenario, options))
    {
        return output.Wrong(*problem);
    }
    RunOptions run;
    run.seed = loaded->seed;
    run.pcapFile = options.pcapFile;
    run.traceFile = options.traceFile;
    run.replay = &loaded->log;
    auto record = RunScenario(loaded->scenario, run);
    if (!record)
    {
        return output.Wrong(record.error());
    }
    Verdict verdict = Compare(loaded->log, *record);
    if (times > 1)
    {
        verdict = Repeat(*loaded, run, std::move(verdict), *record);
    }
    if (options.json)
    {
        const std::string* const then = loaded->log.Header("digest");
        Json json = JsonReport(*record);
        json["replay"] = {{"log", file},
                          {"reproduced", verdict.reproduced},
                          {"recordedDigest", then == nullptr ? Json() : Json(*then)},
                          {"times", times},
                          {"difference", record->difference},
                          {"text", verdict.text}};
        output.Print(JsonText(json));
        return StatusOf(*record);
    }
    if (lanes)
    {
        LaneOptions drawing;
        drawing.colour = output.Colour();
        output.Draw(LaneReportOf(loaded->scenario, loaded->log, drawing) + "\n");
    }
    const std::string again = fmt::format("{} replay {}", output.Program(), ShellWord(file));
    PrintRun(loaded->scenario, *record, options, again, output);
    for (const std::string& unused : record->unusedDecisions)
    {
        output.Print(Inked(fmt::format("not used: {}: {}\n", file, Printable(unused)),
                           Ink::kWarning,
                           output.Colour()));
    }
    output.Print(Inked(
        verdict.text + "\n", verdict.reproduced ? Ink::kGood : Ink::kWarning, output.Colour()));
    return StatusOf(*record);
}

} // namespace

void AddReplayCommand(CLI::App& program, Action& action)
{
    const auto command = std::make_shared<ReplayCommand>();
    CLI::App* const app = program.add_subcommand(
        "replay", "Run a decision log again: says 'reproduced', or what differs");
    app->add_option(
           "LOG", command->file, "what 'weft explore' or 'weft run --trace' wrote, edited or not")
        ->required()
        ->type_name("FILE.weft");
    app->add_option("--times", command->times, "run it so often; all runs must be the same")
        ->type_name("N")
        ->check(CLI::Range(1U, 1'000'000U));
    app->add_flag("--lanes", command->lanes, "draw the run with a lane for each task, too");
    AddRunningOptions(*app, command->options);
    app->footer(
        "The log names its scenario. Its decisions take the place of the scenario's faults.\n"
        "\n"
        "Examples:\n"
        "  weft replay lost-rep.weft\n"
        "  weft replay lost-rep.weft --pcap lost-rep.pcap --quiet\n"
        "  weft replay storm-1f09c2aa.weft --lanes --quiet\n"
        "  weft replay storm-1f09c2aa.weft --times 20 --quiet\n"
        "\n"
        "Exit status: 0 all is well, also if the digest differs; 1 an expectation does not\n"
        "hold or an oracle fired, again or for the first time; 2 the log, its scenario or the\n"
        "command line is wrong; 3 Weft itself failed.");
    app->callback([command, &action] { action = *command; });
}

} // namespace lab
