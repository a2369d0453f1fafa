// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The program 'weft-cm'.
#include "ibcm-verbs/command/arguments.h"
#include "ibcm-verbs/command/command.h"
#include "ibcm-verbs/command/shell-command.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstring>
#include <exception>

namespace cmverbs
{

void Complain(const std::string& what)
{
    std::fprintf(stderr, "weft-cm: %s\n", what.c_str());
}

ExitStatus Complain(const VerbsError& error)
{
    Complain(fmt::format("{} ({})", error.text, std::strerror(error.code)));
    return ExitStatus::kUsage;
}

void Say(const std::string& what)
{
    std::printf("%s\n", what.c_str());
    std::fflush(stdout);
}

void PrintDump(CmHost& host)
{
    std::fputs(host.Dump().c_str(), stderr);
    std::fflush(stderr);
}

} // namespace cmverbs

namespace
{

cmverbs::ExitStatus Run(int argc, char** argv)
{
    CLI::App program("weft-cm: connections of RDMA devices, made by Weft's Connection Manager",
                     "weft-cm");
    program.require_subcommand(1);
    program.footer("The kernel's own Connection Manager must not be loaded:\n"
                   "  modprobe -r rdma_ucm rdma_cm ib_cm\n"
                   "'weft-cm COMMAND --help' tells more of each.\n" +
                   cmverbs::ExitStatusText());
    cmverbs::Action action;
    cmverbs::AddListenCommand(program, action);
    cmverbs::AddCallCommands(program, action);
    cmverbs::AddShellCommand(program, action);
    try
    {
        program.parse(argc, argv);
    }
    catch (const CLI::ParseError& error)
    {
        if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success))
        {
            program.exit(error); // prints the help
            return cmverbs::ExitStatus::kFine;
        }
        cmverbs::Complain(std::string(error.what()) + " (see 'weft-cm --help')");
        return cmverbs::ExitStatus::kUsage;
    }
    return action();
}

} // namespace

int main(int argc, char** argv)
{
    auto status = cmverbs::ExitStatus::kBroken;
    try
    {
        status = Run(argc, argv);
    }
    catch (const std::exception& error)
    {
        cmverbs::Complain(std::string("weft-cm itself failed: ") + error.what());
    }
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
    {
        cmverbs::Complain("the output could not be written");
        status = cmverbs::ExitStatus::kBroken;
    }
    return static_cast<int>(status);
}
