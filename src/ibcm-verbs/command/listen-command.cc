// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// weft-cm listen.
#include "ibcm-verbs/command/arguments.h"
#include "ibcm-verbs/command/command.h"
#include "ibcm-verbs/command/summary.h"
#include "ibcm-verbs/helper/acceptor.h"
#include "ibcm-verbs/helper/signal-watch.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>

namespace cmverbs
{

namespace
{

constexpr const char* kFooter =
    "PORT is a TCP port of the RDMA IP CM service (UDP with --peer udaddy). Peers:\n"
    "  weft      'weft-cm ping': what comes is sent back, messages up to --size (16384)\n"
    "  rping     'rping -c'\n"
    "  ucmatose  'ucmatose -s ADDRESS -C COUNT -S SIZE'\n"
    "  udaddy    'udaddy -s ADDRESS -C COUNT -S SIZE'\n"
    "  none      no data: 'weft-cm connect', 'weft-cm storm', cmtime\n"
    "Ends after --connections N, or by SIGINT or SIGTERM (exit status 0 then).\n";

struct ListenCommand
{
    DeviceArguments device;
    DataArguments data;
    std::uint16_t servicePort{0};
    std::optional<std::uint32_t> connections;
    bool reject{false};
    bool pretend{false};
    bool json{false};
    bool quiet{false};

    ExitStatus operator()() const;
};

ExitStatus ListenCommand::operator()() const
{
    SignalWatch signals(true);
    const auto host = CmHost::Open(HostOptions(device));
    if (!host)
    {
        return Complain(host.error());
    }
    const auto loop = CompletionLoop::Make((*host)->Device());
    if (!loop)
    {
        return Complain(loop.error());
    }
    AcceptorOptions options;
    options.servicePort = servicePort;
    options.data = ModeOptions(data, true);
    options.pretend = pretend;
    options.reject = reject;
    options.privateData = BytesOfHex(data.privateData).value_or(std::vector<std::uint8_t>{});
    options.count = connections;
    if (!quiet && !json)
    {
        options.say = Say;
    }
    Acceptor acceptor(**host, **loop, options);
    if (const VerbsStatus listening = acceptor.Listen(); !listening)
    {
        return Complain(listening.error());
    }
    std::fprintf(stderr, "weft-cm: listening on port %u\n", unsigned{servicePort});
    signals.Attach([&host] { PrintDump(**host); }, [&acceptor] { acceptor.Stop(); });
    const auto began = (*host)->Runtime().Now();
    Summary summary;
    summary.statistics = acceptor.Run();
    signals.Detach();
    summary.command = "listen";
    summary.took = (*host)->Runtime().Now() - began;
    summary.retries = (*host)->Retries();
    std::fputs(json ? summary.Json().c_str() : summary.Text().c_str(), stdout);
    return summary.statistics.Failed() == 0 ? ExitStatus::kFine : ExitStatus::kPeer;
}

} // namespace

void AddListenCommand(CLI::App& program, Action& action)
{
    auto arguments = std::make_shared<ListenCommand>();
    CLI::App* command = program.add_subcommand("listen", "accept connections");
    command->add_option("PORT", arguments->servicePort, "port to listen on")
        ->required()
        ->check(CLI::Range(1, 65535));
    AddDeviceOptions(*command, arguments->device);
    AddDataOptions(*command, arguments->data, {"none", "weft", "rping", "ucmatose", "udaddy"});
    command->add_option("--connections", arguments->connections, "end after so many")
        ->check(CLI::Range(1U, 1U << 20U))
        ->type_name("N");
    command->add_flag("--reject", arguments->reject, "refuse all, with the private data of --data");
    command->add_flag(
        "--pretend", arguments->pretend, "make no queue pairs, only their numbers up");
    command->add_flag(
        "--json", arguments->json, "print the summary as one JSON object, and no more");
    command->add_flag("--quiet", arguments->quiet, "print the summary only");
    command->footer(kFooter + ExitStatusText());
    command->callback([arguments, &action] { action = [arguments] { return (*arguments)(); }; });
}

} // namespace cmverbs
