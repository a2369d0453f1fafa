// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// weft shrink FILE.weft: the smallest log that still fails the same way.
#include "interleave/model/search/explain.h"
#include "interleave/model/search/shrinker.h"
#include "lab/command/command.h"
#include "lab/command/log-file.h"
#include "lab/helper/campaign-folder.h"
#include "lab/helper/json-report.h"
#include "lab/helper/lane-report.h"
#include "lab/helper/text-row.h"
#include "lab/model/lab-program.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

namespace lab
{

namespace
{

struct ShrinkCommand
{
    std::string file;
    std::string out;
    std::uint64_t runs{interleave::ShrinkOptions{}.runs};
    bool explain{false};
    bool json{false};

    ExitStatus operator()(Output& output) const;

  private:
    std::string Target() const;
    void Print(const interleave::ShrinkResult& result,
               const interleave::DecisionLog& log,
               Output& output) const;
    void Explain(LabProgram& program, const interleave::DecisionLog& log, Output& output) const;
};

/** "x.weft" becomes "x.shrunk.weft", beside it. */
std::string ShrinkCommand::Target() const
{
    if (!out.empty())
    {
        return out;
    }
    std::filesystem::path path(file);
    return path.replace_extension(".shrunk.weft").string();
}

std::string Counted(std::size_t number, const char* noun)
{
    return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

void ShrinkCommand::Print(const interleave::ShrinkResult& result,
                          const interleave::DecisionLog& log,
                          Output& output) const
{
    const auto line = [&](const std::string& label, const std::string& text) {
        output.Print(Inked(fmt::format("{:<12}", label), Ink::kDim, output.Colour()) + text + "\n");
    };
    line("violated", result.violation.Signature());
    line("before",
         fmt::format("{}, {}",
                     Counted(result.decisionsBefore, "decision"),
                     Counted(result.preemptionsBefore, "preemption")));
    line("after",
         fmt::format("{}, {}{} ({} runs)",
                     Counted(result.decisionsAfter, "decision"),
                     Counted(result.preemptionsAfter, "preemption"),
                     result.minimal ? ": without any one of them the run passes" : "",
                     Grouped(result.runs)));
    line("certificate", result.certificate);
    line("written", Target());
    output.Print("\n");
    for (const interleave::Decision& decision : log.decisions)
    {
        output.Print("  " + Printable(decision.Text()) + "\n");
    }
    output.Print("\n");
}

void ShrinkCommand::Explain(LabProgram& program,
                            const interleave::DecisionLog& log,
                            Output& output) const
{
    const auto explanation = interleave::Explain(program, log);
    LaneOptions lanes;
    lanes.colour = output.Colour();
    if (explanation)
    {
        output.Draw(explanation->Format() + "\n");
        if (explanation->pair)
        {
            lanes.marks = {explanation->pair->first.step, explanation->pair->second.step};
        }
    }
    else
    {
        output.Print("no critical pair: " + explanation.error() + "\n\n");
    }
    output.Draw(LaneReportOf(program, log, lanes) + "\n");
}

ExitStatus ShrinkCommand::operator()(Output& output) const
{
    const auto loaded = LoadLog(file);
    if (!loaded)
    {
        return output.Wrong(loaded.error());
    }
    auto program = LabProgram::Make(loaded->scenario, {loaded->seed, false});
    if (!program)
    {
        return output.Wrong(program.error());
    }
    interleave::ShrinkOptions options;
    options.runs = runs;
    // As many operations a run as by default.
    options.certify.steps *= std::max<std::uint64_t>(runs / options.certify.runs, 1);
    options.certify.runs = runs;
    const auto result = interleave::Shrink(**program, loaded->log, {}, options);
    if (!result)
    {
        return output.Wrong({file, 0, result.error(), "a log whose run ends in a violation"});
    }
    interleave::DecisionLog log = result->log;
    const auto scenario = std::filesystem::absolute(loaded->scenario.file);
    log.SetHeader(
        "scenario",
        std::filesystem::proximate(scenario, std::filesystem::absolute(Target()).parent_path())
            .string());
    log.SetHeader("violation", result->violation.Signature());
    log.SetHeader("shrunk", result->certificate);
    // The digest is that of the run before.
    std::erase_if(log.headers, [](const auto& header) { return header.first == "digest"; });
    if (const auto written = WriteWhole(Target(), log.Format()); !written)
    {
        return output.Wrong(written.error());
    }
    if (json)
    {
        output.Print(JsonText({{"log", file},
                               {"shrunk", Target()},
                               {"violation", result->violation.Signature()},
                               {"decisionsBefore", result->decisionsBefore},
                               {"decisionsAfter", result->decisionsAfter},
                               {"preemptionsBefore", result->preemptionsBefore},
                               {"preemptionsAfter", result->preemptionsAfter},
                               {"runs", result->runs},
                               {"minimal", result->minimal},
                               {"certified", result->certified},
                               {"certifyRuns", result->certifyRuns},
                               {"certificate", result->certificate}}));
        return ExitStatus::kViolated;
    }
    Print(*result, log, output);
    if (explain)
    {
        Explain(**program, log, output);
    }
    output.Print(
        fmt::format("{:<12}{} replay {}\n", "again", output.Program(), ShellWord(Target())));
    return ExitStatus::kViolated;
}

} // namespace

void AddShrinkCommand(CLI::App& program, Action& action)
{
    const auto command = std::make_shared<ShrinkCommand>();
    CLI::App* const app = program.add_subcommand(
        "shrink", "Make a decision log as small as it can be and still fail the same way");
    app->add_option("LOG", command->file, "what 'weft explore' or 'weft run --trace' wrote")
        ->required()
        ->type_name("FILE.weft");
    app->add_option("--out", command->out, "write there instead of beside it (NAME.shrunk.weft)")
        ->type_name("FILE.weft");
    app->add_option("--runs", command->runs, "so many to shrink, and as many to certify")
        ->type_name("N")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
    app->add_flag("--explain",
                  command->explain,
                  "show the two operations whose order decides, and the lanes of the run");
    app->add_flag("--json", command->json, "the result as JSON");
    app->footer("Examples:\n"
                "  weft shrink storm-1f09c2aa.weft --explain\n"
                "  weft shrink found.weft --out small.weft --runs 100000\n"
                "\n"
                "Exit status: 1 the log was shrunk, and fails as before; 2 the log, its scenario\n"
                "or the command line is wrong, or the run does not fail; 3 Weft itself failed.");
    app->callback([command, &action] { action = *command; });
}

} // namespace lab
