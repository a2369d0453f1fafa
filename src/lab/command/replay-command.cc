// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// weft replay FILE.weft: runs a decision log again.
#include "interleave/model/decision-log.h"
#include "lab/command/command.h"
#include "lab/command/running.h"
#include "lab/helper/summary-report.h"
#include "lab/helper/text-row.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

namespace lab
{

namespace
{

using interleave::DecisionLog;

struct ReplayCommand
{
    std::string file;
    RunningOptions options;

    ExitStatus operator()(Output& output) const;
};

/** How a replay compares with the run that the log is of. */
struct Verdict
{
    bool reproduced{false};
    std::string text;
};

tl::expected<std::string, InputError> ReadFile(const std::string& path)
{
    std::error_code ignored;
    errno = 0;
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream text;
    const bool folder = std::filesystem::is_directory(path, ignored);
    if (!stream || folder)
    {
        return tl::unexpected(
            InputError{path,
                       0,
                       fmt::format("nothing to read ({})", std::strerror(folder ? EISDIR : errno)),
                       "a decision log, as 'weft run --trace' writes it"});
    }
    text << stream.rdbuf();
    return text.str();
}

/** The line in which a header stands, from 1; 0 if there is none. */
unsigned LineOfHeader(const std::string& text, const std::string& key)
{
    std::istringstream lines(text);
    std::string line;
    for (unsigned number = 1; std::getline(lines, line); ++number)
    {
        if (line.starts_with(key + ":"))
        {
            return number;
        }
    }
    return 0;
}

/** A log, and the scenario that it is of. */
struct Loaded
{
    DecisionLog log;
    Scenario scenario;
    std::optional<std::uint64_t> seed;
};

tl::expected<Loaded, InputError> Load(const std::string& file)
{
    const auto text = ReadFile(file);
    if (!text)
    {
        return tl::unexpected(text.error());
    }
    auto log = DecisionLog::Parse(*text);
    if (!log)
    {
        return tl::unexpected(InputError{file,
                                         log.error().line,
                                         fmt::format("no decision log ({})", log.error().text),
                                         "what 'weft run --trace' writes"});
    }
    Loaded loaded;
    const std::string* const path = log->Header("scenario");
    if (path == nullptr || path->empty())
    {
        return tl::unexpected(InputError{file,
                                         LineOfHeader(*text, "scenario"),
                                         "no scenario in the header",
                                         "'scenario: FILE.toml', relative to the log"});
    }
    const std::string* const seed = log->Header("seed");
    if (seed != nullptr && !(loaded.seed = ParseSeed(*seed)))
    {
        return tl::unexpected(InputError{file,
                                         LineOfHeader(*text, "seed"),
                                         fmt::format("seed: {}", *seed),
                                         "a whole number of 64 bits"});
    }
    const auto folder = std::filesystem::path(file).parent_path();
    auto scenario = ReadScenario((folder / *path).lexically_normal().string());
    if (!scenario)
    {
        return tl::unexpected(scenario.error());
    }
    loaded.log = std::move(*log);
    loaded.scenario = std::move(*scenario);
    return loaded;
}

Verdict Compare(const DecisionLog& log, const RunRecord& record)
{
    const std::string now = DigestText(record.digest);
    const std::string* const then = log.Header("digest");
    const std::string* const violation = log.Header("violation");
    const bool fired =
        violation != nullptr &&
        std::ranges::any_of(record.violations,
                            [&](const ViolationRecord& fresh) { return fresh.kind == *violation; });
    if (then != nullptr && *then == now)
    {
        return {true, "reproduced: the same digest"};
    }
    const std::string difference =
        then == nullptr ? std::string("the log has no digest to compare with")
                        : fmt::format("digest differs: {} in the log, {} now", *then, now);
    if (fired)
    {
        return {true, fmt::format("reproduced: {}; {}", *violation, difference)};
    }
    if (violation != nullptr)
    {
        return {false, fmt::format("not reproduced: no {} this time; {}", *violation, difference)};
    }
    return {false, difference};
}

ExitStatus ReplayCommand::operator()(Output& output) const
{
    const auto loaded = Load(file);
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
    const auto record = RunScenario(loaded->scenario, run);
    if (!record)
    {
        return output.Wrong(record.error());
    }
    const Verdict verdict = Compare(loaded->log, *record);
    if (options.json)
    {
        const std::string* const then = loaded->log.Header("digest");
        Json json = JsonReport(*record);
        json["replay"] = {{"log", file},
                          {"reproduced", verdict.reproduced},
                          {"recordedDigest", then == nullptr ? Json() : Json(*then)},
                          {"text", verdict.text}};
        output.Print(JsonText(json));
        return StatusOf(*record);
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
    app->add_option("LOG", command->file, "what 'weft run --trace' wrote, edited or not")
        ->required()
        ->type_name("FILE.weft");
    AddRunningOptions(*app, command->options);
    app->footer(
        "The log names its scenario. Its decisions take the place of the scenario's faults.\n"
        "\n"
        "Examples:\n"
        "  weft replay lost-rep.weft\n"
        "  weft replay lost-rep.weft --pcap lost-rep.pcap --quiet\n"
        "\n"
        "Exit status: 0 all is well, also if the digest differs; 1 an expectation does not\n"
        "hold or an oracle fired, again or for the first time; 2 the log, its scenario or the\n"
        "command line is wrong; 3 Weft itself failed.");
    app->callback([command, &action] { action = *command; });
}

} // namespace lab
