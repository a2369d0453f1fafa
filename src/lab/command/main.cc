// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The program 'weft'.
#include "lab/command/command.h"
#include "lab/helper/version.h"
#include "lab/model/closest-name.h"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace
{

/** For what throws where nobody can catch, such as ns-3's fatal errors: the message is out already.
 */
[[noreturn]] void Terminate()
{
    std::fputs("weft: Weft itself failed; please report the message above\n", stderr);
    std::_Exit(static_cast<int>(lab::ExitStatus::kBroken));
}

/** CLI11 calls an unknown command an argument that was not expected. */
bool IsUnknownCommand(const CLI::App& program, const std::string& word, std::string& complaint)
{
    std::vector<std::string_view> names;
    for (const CLI::App* command : program.get_subcommands({}))
    {
        names.push_back(command->get_name());
        if (word == names.back())
        {
            return false;
        }
    }
    complaint = "there is no command '" + word + "'" + lab::DidYouMean(word, names) +
                "; the commands are " + lab::JoinNames(names);
    return true;
}

/** The command line that is wrong, or asks for help. */
lab::ExitStatus Explain(const CLI::App& program, const CLI::ParseError& error, lab::Output& output)
{
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success))
    {
        program.exit(error); // prints the help or the version
        return lab::ExitStatus::kFine;
    }
    std::string command;
    for (const CLI::App* named : program.get_subcommands())
    {
        command = " " + named->get_name();
    }
    output.Complain(std::string(error.what()) + " (see '" + output.Program() + command +
                    " --help')");
    return lab::ExitStatus::kWrongInput;
}

lab::ExitStatus Run(int argc, char** argv, lab::Output& output)
{
    CLI::App program("Weft: a laboratory for InfiniBand connection management", "weft");
    program.set_version_flag("--version", std::string("weft ") + lab::kVersion);
    program.require_subcommand(0, 1);
    program.footer("'weft COMMAND --help' tells more of each, with examples.");
    lab::Action action;
    lab::AddRunCommand(program, action);
    lab::AddExploreCommand(program, action);
    lab::AddReplayCommand(program, action);
    lab::AddShrinkCommand(program, action);
    lab::AddTopoCommand(program, action);
    std::string complaint;
    if (argc > 1 && argv[1][0] != '-' && IsUnknownCommand(program, argv[1], complaint))
    {
        output.Complain(complaint);
        return lab::ExitStatus::kWrongInput;
    }
    try
    {
        program.parse(argc, argv);
    }
    catch (const CLI::ParseError& error)
    {
        return Explain(program, error, output);
    }
    if (!action)
    {
        output.Complain("a command is missing\n\n" + program.help());
        return lab::ExitStatus::kWrongInput;
    }
    return action(output);
}

} // namespace

int main(int argc, char** argv)
{
    std::set_terminate(Terminate);
    lab::Output output;
    lab::ExitStatus status = lab::ExitStatus::kBroken;
    try
    {
        status = Run(argc, argv, output);
    }
    catch (const std::exception& error)
    {
        output.Complain(std::string("Weft itself failed: ") + error.what());
    }
    if (!output.Finish())
    {
        output.Complain("the output could not be written");
        status = lab::ExitStatus::kBroken;
    }
    return static_cast<int>(status);
}
