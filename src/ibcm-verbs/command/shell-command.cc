// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// weft-cm shell.
#include "ibcm-verbs/command/shell-command.h"

#include "ibcm-verbs/command/arguments.h"
#include "ibcm-verbs/command/stoppable-input.h"
#include "ibcm-verbs/helper/shell.h"
#include "ibcm-verbs/helper/signal-watch.h"

#include <unistd.h>

#include <iostream>
#include <memory>

namespace cmverbs
{

namespace
{

constexpr const char* kFooter =
    "Reads commands from stdin and prints answers and events, a line each (doc/cm-shell.md):\n"
    "  listen PORT, connect ADDRESS PORT, accept ID, reject ID, establish ID, disconnect ID,\n"
    "  destroy ID, notify ID, policy, auto, dump, quit\n"
    "Ends with 'quit', with its input, or by SIGINT or SIGTERM; all connections end with it.\n";

ExitStatus Run(const DeviceArguments& arguments)
{
    SignalWatch signals(true);
    const CmHostOptions options = HostOptions(arguments);
    const auto host = CmHost::Open(options);
    if (!host)
    {
        return Complain(host.error());
    }
    StoppableInput typed(STDIN_FILENO);
    std::istream input(&typed);
    signals.Attach([&host] { PrintDump(**host); }, [&typed] { typed.Stop(); });
    const int status = RunShell(**host, options.manager.behaviour, input, std::cout);
    signals.Detach();
    return status == 0 ? ExitStatus::kFine : ExitStatus::kBroken;
}

} // namespace

void AddShellCommand(CLI::App& program, Action& action)
{
    auto arguments = std::make_shared<DeviceArguments>();
    CLI::App* command = program.add_subcommand("shell", "be steered line by line");
    AddDeviceOptions(*command, *arguments);
    command->footer(kFooter + ExitStatusText());
    command->callback([arguments, &action] { action = [arguments] { return Run(*arguments); }; });
}

} // namespace cmverbs
