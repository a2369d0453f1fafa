// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// weft run SCENARIO.toml: one run.
#include "lab/command/command.h"
#include "lab/command/running.h"

#include <fmt/format.h>

#include <memory>

namespace lab
{

namespace
{

struct RunCommand
{
    std::string file;
    std::string seed;
    RunningOptions options;

    ExitStatus operator()(Output& output) const;
};

ExitStatus RunCommand::operator()(Output& output) const
{
    RunOptions run;
    run.pcapFile = options.pcapFile;
    run.traceFile = options.traceFile;
    if (!seed.empty() && !(run.seed = ParseSeed(seed)))
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
    if (const auto problem = CheckFiles(*scenario, options))
    {
        return output.Wrong(*problem);
    }
    const auto record = RunScenario(*scenario, run);
    if (!record)
    {
        return output.Wrong(record.error());
    }
    if (options.json)
    {
        output.Print(JsonText(JsonReport(*record)));
    }
    else
    {
        const std::string again =
            fmt::format("{} run {} --seed {}", output.Program(), ShellWord(file), record->seed);
        PrintRun(*scenario, *record, options, again, output);
    }
    return StatusOf(*record);
}

} // namespace

void AddRunCommand(CLI::App& program, Action& action)
{
    const auto command = std::make_shared<RunCommand>();
    CLI::App* const app =
        program.add_subcommand("run", "Run a scenario once and show the message sequence");
    app->add_option("SCENARIO", command->file, "what to run: a TOML file, see doc/scenarios.md")
        ->required()
        ->type_name("FILE.toml");
    app->add_option("--seed", command->seed, "of everything random, instead of the scenario's")
        ->type_name("N");
    AddRunningOptions(*app, command->options);
    app->footer("Examples:\n"
                "  weft run examples/first-light.toml\n"
                "  weft run examples/first-light.toml --pcap first-light.pcap\n"
                "  weft run examples/lost-rep.toml --trace lost-rep.weft\n"
                "  weft run examples/direct.toml --seed 7 --json\n"
                "\n"
                "Exit status: 0 all is well; 1 an expectation does not hold or an oracle fired;\n"
                "2 the scenario or the command line is wrong; 3 Weft itself failed.");
    app->callback([command, &action] { action = *command; });
}

} // namespace lab
