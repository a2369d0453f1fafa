// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// weft explore SCENARIO.toml: many runs, to find what goes wrong in some order of things.
#include "interleave/model/strategy/strategies.h"
#include "lab/command/command.h"
#include "lab/command/running.h"
#include "lab/helper/campaign-folder.h"
#include "lab/helper/campaign-report.h"
#include "lab/helper/interruption.h"
#include "lab/helper/lab-target.h"
#include "lab/helper/lane-report.h"
#include "lab/helper/progress-line.h"
#include "lab/helper/stopwatch.h"
#include "lab/helper/summary-report.h"
#include "lab/helper/version.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

namespace lab
{

namespace
{

constexpr std::uint64_t kExhaustive = 100'000'000; // runs of a search that ends by itself
constexpr std::size_t kMostPictures = 3;
constexpr double kStateSeconds = 1; // how much work a lost process may cost

struct ExploreCommand
{
    std::string file;
    std::string strategy{interleave::kDefaultStrategy};
    std::optional<std::uint64_t> schedules;
    double seconds{0};
    std::string seed;
    unsigned workers{1};
    std::string out;
    bool untilFound{false};
    bool noShrink{false};
    bool json{false};

    ExitStatus operator()(Output& output) const;
};

/** One campaign, from its folder to its report. */
class Exploration
{
  public:
    Exploration(const ExploreCommand& command,
                const Scenario& scenario,
                CampaignOptions options,
                Output& output);

    ExitStatus Run();

  private:
    CampaignEvents Events();
    void Keep(const tl::expected<void, InputError>& written);
    void KeepFinding(const CampaignFinding& finding);
    void KeepState(const CampaignMade& made);
    void WriteAll(const CampaignResult& result);
    void Draw(const CampaignResult& result);
    void Print(const CampaignResult& result);

    const ExploreCommand& m_command;
    const Scenario& m_scenario;
    const CampaignOptions m_options;
    Output& m_output;
    CampaignFolder m_folder;
    CampaignIdentity m_identity;
    CampaignMade m_made;
    Stopwatch m_time;
    double m_stateAt{0};
    ProgressGoal m_goal;
    CampaignReportOptions m_report;
    std::optional<InputError> m_problem;
};

std::string FolderOf(const ExploreCommand& command)
{
    return command.out.empty() ? std::filesystem::path(command.file).stem().string() + ".findings"
                               : command.out;
}

Exploration::Exploration(const ExploreCommand& command,
                         const Scenario& scenario,
                         CampaignOptions options,
                         Output& output)
    : m_command(command),
      m_scenario(scenario),
      m_options(std::move(options)),
      m_output(output),
      m_folder(FolderOf(command), scenario),
      m_identity{m_options.strategy,
                 m_options.seed,
                 m_options.batchRuns,
                 DigestOfScenario(scenario),
                 kVersion}
{
    m_report.colour = output.Colour();
}

void Exploration::Keep(const tl::expected<void, InputError>& written)
{
    if (!written && !m_problem)
    {
        m_problem = written.error();
    }
}

void Exploration::KeepFinding(const CampaignFinding& finding)
{
    const auto file = m_folder.WriteFinding(finding);
    if (!file)
    {
        Keep(tl::unexpected(file.error()));
        return;
    }
    m_report.files[finding.signature] = *file;
}

void Exploration::KeepState(const CampaignMade& made)
{
    if (!m_command.out.empty())
    {
        Keep(m_folder.WriteState(m_identity, made));
        m_stateAt = m_time.Seconds();
    }
}

CampaignEvents Exploration::Events()
{
    CampaignEvents events;
    events.finding = [this](const CampaignFinding& finding) { KeepFinding(finding); };
    events.made = [this](const CampaignMade& made)
    {
        if (m_time.Seconds() - m_stateAt >= kStateSeconds)
        {
            KeepState(made);
        }
    };
    events.progress = [this](const CampaignProgress& progress)
    { m_output.Progress(ProgressLine(progress, m_goal)); };
    events.stop = [this] { return Interruption::Requested() || m_problem.has_value(); };
    events.shrinking = [this](const CampaignFinding& finding)
    { m_output.Progress("shrinking " + finding.signature); };
    return events;
}

/** At the end each file has what the campaign as a whole has found, whoever was first. */
void Exploration::WriteAll(const CampaignResult& result)
{
    // Of findings that came too late to count the logs are there, but not of the report.
    std::erase_if(m_report.files,
                  [&](const auto& entry) { return !result.tally.findings.contains(entry.first); });
    for (const auto& [signature, finding] : result.tally.findings)
    {
        const auto shrunk = result.shrunk.find(signature);
        if (shrunk == result.shrunk.end() || shrunk->second.log.empty())
        {
            KeepFinding(finding);
            continue;
        }
        const auto file = m_folder.WriteShrunk(finding, shrunk->second);
        if (!file)
        {
            Keep(tl::unexpected(file.error()));
            continue;
        }
        m_report.files[signature] = *file;
    }
    KeepState(m_made);
}

/** Runs what was found once more, to be looked at. */
void Exploration::Draw(const CampaignResult& result)
{
    LaneOptions options;
    options.colour = m_output.Colour();
    options.width = m_report.width;
    for (const auto& [signature, finding] : result.tally.findings)
    {
        const auto shrunk = result.shrunk.find(signature);
        if (shrunk == result.shrunk.end() || shrunk->second.log.empty() ||
            m_report.pictures.size() == kMostPictures)
        {
            continue;
        }
        if (const auto log = interleave::DecisionLog::Parse(shrunk->second.log))
        {
            m_report.pictures[signature] = LaneReportOf(m_scenario, *log, options);
        }
    }
}

void Exploration::Print(const CampaignResult& result)
{
    if (m_command.json)
    {
        m_output.Print(JsonText(CampaignJson(result, m_options, m_report)));
        return;
    }
    m_output.Draw(TitleReport(m_scenario, m_output.Colour()));
    m_output.Draw(CampaignReport(result, m_options, m_report));
    if (result.stopped && !m_command.out.empty())
    {
        m_output.Print("the same command goes on where this one has ended\n");
    }
    const char* label = "again";
    for (const auto& [signature, file] : m_report.files)
    {
        m_output.Print(
            fmt::format("{:<12}{} replay {}\n", label, m_output.Program(), ShellWord(file)));
        label = "";
    }
}

ExitStatus Exploration::Run()
{
    if (!m_command.out.empty())
    {
        if (const auto ready = m_folder.Prepare(); !ready)
        {
            return m_output.Wrong(ready.error());
        }
        auto made = m_folder.ReadState(m_identity);
        if (!made)
        {
            return m_output.Wrong(made.error());
        }
        m_made = std::move(*made);
    }
    m_report.before = m_made.Runs();
    m_goal = {m_options.schedules, m_report.before, m_options.seconds};
    if (m_options.exhaustive)
    {
        m_goal.schedules = CampaignOptions::kEndless; // when it ends is not known before
    }
    const Interruption interruption;
    const auto result =
        RunCampaign(MakeLabTarget(m_scenario), m_options, Events(), m_made, !m_command.noShrink);
    m_output.Progress("");
    if (!result)
    {
        return m_output.Wrong(result.error());
    }
    WriteAll(*result);
    if (m_problem)
    {
        return m_output.Wrong(*m_problem);
    }
    if (!m_command.json)
    {
        Draw(*result);
    }
    Print(*result);
    return result->tally.findings.empty() ? ExitStatus::kFine : ExitStatus::kViolated;
}

ExitStatus ExploreCommand::operator()(Output& output) const
{
    const auto made = interleave::MakeStrategy(strategy);
    if (!made)
    {
        output.Complain("--strategy: " + made.error());
        return ExitStatus::kWrongInput;
    }
    const auto number = seed.empty() ? std::nullopt : ParseSeed(seed);
    if (!seed.empty() && !number)
    {
        output.Complain(
            fmt::format("--seed: found '{}', expected a whole number of 64 bits", seed));
        return ExitStatus::kWrongInput;
    }
    const auto scenario = ReadScenario(file);
    if (!scenario)
    {
        return output.Wrong(scenario.error());
    }
    CampaignOptions options;
    options.strategy = strategy;
    options.seed = number.value_or(scenario->seed);
    options.exhaustive = (*made)->AsSearch() != nullptr;
    options.schedules = schedules.value_or(options.exhaustive ? kExhaustive
                                           : seconds > 0      ? CampaignOptions::kEndless
                                                              : options.schedules);
    options.seconds = seconds;
    options.untilFound = untilFound;
    options.workers = workers;
    return Exploration(*this, *scenario, std::move(options), output).Run();
}

std::string StrategyTable()
{
    std::string text = "Strategies:\n";
    for (const interleave::StrategyInfo& info : interleave::StrategyNames())
    {
        text += fmt::format("  {:<10} {}\n", info.form, info.description);
    }
    return text;
}

} // namespace

void AddExploreCommand(CLI::App& program, Action& action)
{
    const auto command = std::make_shared<ExploreCommand>();
    CLI::App* const app = program.add_subcommand(
        "explore", "Run a scenario in many ways, to find the one in which it goes wrong");
    app->add_option("SCENARIO", command->file, "what to run: a TOML file, see doc/scenarios.md")
        ->required()
        ->type_name("FILE.toml");
    app->add_option("--strategy", command->strategy, "who decides, see below")->type_name("NAME");
    app->add_option("--schedules", command->schedules, "so many runs (default: 10,000)")
        ->type_name("N")
        ->check(CLI::Range(std::uint64_t{1}, CampaignOptions::kEndless - 1));
    app->add_option("--seconds", command->seconds, "begin no run after so long")
        ->type_name("S")
        ->check(CLI::PositiveNumber);
    app->add_option("--seed", command->seed, "of the strategy, instead of the scenario's")
        ->type_name("N");
    app->add_option("--workers", command->workers, "processes that share the runs")
        ->type_name("N")
        ->check(CLI::Range(1U, 256U));
    app->add_option("--out", command->out, "keep logs and state there; go on from what is there")
        ->type_name("DIR");
    app->add_flag("--until-found", command->untilFound, "end with the first run that is wrong");
    app->add_flag("--no-shrink", command->noShrink, "leave the logs as they were found");
    app->add_flag("--json", command->json, "the result as JSON");
    app->footer(StrategyTable() +
                "\n"
                "The log of each violation is written at once: SCENARIO-HASH.weft in --out, or in\n"
                "SCENARIO.findings. What is found does not depend on --workers. Interrupted, the\n"
                "runs that go on are finished and everything is written; the same command with\n"
                "the same --out goes on from there. doc/exploration.md tells more.\n"
                "\n"
                "Examples:\n"
                "  weft explore examples/direct.toml\n"
                "  weft explore storm.toml --seconds 60 --workers 4 --out storm\n"
                "  weft explore storm.toml --strategy pct:3 --schedules 100000 --seed 7\n"
                "  weft explore storm.toml --strategy bound:1\n"
                "\n"
                "Exit status: 0 nothing was violated; 1 something was; 2 the scenario, the folder\n"
                "or the command line is wrong; 3 Weft itself failed.");
    app->callback([command, &action] { action = *command; });
}

} // namespace lab
