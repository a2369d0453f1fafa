// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// weft-cm connect, ping and storm: they differ in how often they connect and what for.
#include "ibcm-verbs/command/arguments.h"
#include "ibcm-verbs/command/command.h"
#include "ibcm-verbs/command/summary.h"
#include "ibcm-verbs/helper/caller.h"
#include "ibcm-verbs/helper/signal-watch.h"
#include "ibcm-verbs/model/ip-route.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <thread>

namespace cmverbs
{

namespace
{

constexpr const char* kConnectFooter =
    "Connects, holds the connection as long as --hold says or until the peer ends it or SIGINT or\n"
    "SIGTERM comes, and disconnects.\n";
constexpr const char* kPingFooter =
    "Connects, exchanges --count messages, verifies them, disconnects. Peers:\n"
    "  weft      'weft-cm listen --peer weft'\n"
    "  rping     'rping -s'\n"
    "  ucmatose  'ucmatose -c CONNECTIONS -C COUNT -S SIZE'\n"
    "  udaddy    'udaddy -c CONNECTIONS -C COUNT -S SIZE'\n";
constexpr const char* kStormFooter = "Connects and disconnects --connections times, --parallel at "
                                     "a time, and tells how fast. In the\n"
                                     "end nothing may be left: it waits for TIMEWAIT to be over.\n";

/** How long it is waited for the end of TIMEWAIT. */
constexpr std::chrono::seconds kPatience{30};

struct CallCommand
{
    std::string name;
    DeviceArguments device;
    DataArguments data;
    std::string address;
    std::string source;
    std::uint16_t servicePort{0};
    std::uint32_t connections{1};
    std::uint32_t parallel{64};
    double hold{-1};
    unsigned responseTimeout{20};
    unsigned retries{15};
    bool pretend{false};
    bool json{false};
    bool verbose{false};
    bool searchLeftovers{false};

    ExitStatus operator()() const;
    CallerOptions Options(const ibcm::IpAddress& destination,
                          const std::optional<ibcm::IpAddress>& from) const;
    ExitStatus Run(CmHost& host, SignalWatch& signals, const CallerOptions& options) const;
};

Leftovers WaitUntilEmpty(CmHost& host)
{
    Leftovers left;
    const auto deadline = host.Runtime().Now() + kPatience;
    do
    {
        left.ids = host.Manager().LiveIds();
        left.peers = host.Manager().PeerRecords();
        left.sends = host.OutstandingSends();
        if (!left.Any())
        {
            break;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
    } while (host.Runtime().Now() < deadline);
    return left;
}

CallerOptions CallCommand::Options(const ibcm::IpAddress& destination,
                                   const std::optional<ibcm::IpAddress>& from) const
{
    CallerOptions options;
    options.destination = destination;
    options.source = from;
    options.servicePort = servicePort;
    options.data = ModeOptions(data, false);
    options.connections = connections;
    options.parallel = parallel;
    options.pretend = pretend;
    options.hold = std::nullopt;
    if (hold >= 0)
    {
        options.hold = std::chrono::milliseconds{static_cast<std::int64_t>(hold * 1000)};
    }
    options.privateData = BytesOfHex(data.privateData).value_or(std::vector<std::uint8_t>{});
    options.responseTimeout = static_cast<std::uint8_t>(responseTimeout);
    options.retries = static_cast<std::uint8_t>(retries);
    if (verbose && !json)
    {
        options.say = Say;
    }
    return options;
}

ExitStatus CallCommand::operator()() const
{
    const auto destination = ParseAddress(address);
    const auto from = source.empty() ? std::nullopt : ParseAddress(source);
    if (!destination || (!source.empty() && !from))
    {
        Complain(fmt::format("'{}' is no IP address in figures", destination ? source : address));
        return ExitStatus::kUsage;
    }
    SignalWatch signals(true);
    const auto host = CmHost::Open(HostOptions(device));
    if (!host)
    {
        return Complain(host.error());
    }
    return Run(**host, signals, Options(*destination, from));
}

ExitStatus CallCommand::Run(CmHost& host, SignalWatch& signals, const CallerOptions& options) const
{
    const auto loop = CompletionLoop::Make(host.Device());
    if (!loop)
    {
        return Complain(loop.error());
    }
    const auto route = host.Resolve(options.destination, options.source);
    if (!route)
    {
        (void)Complain(route.error());
        const bool peer = route.error().code == EHOSTUNREACH || route.error().code == ETIMEDOUT;
        return peer ? ExitStatus::kPeer : ExitStatus::kUsage;
    }
    Caller caller(host, **loop, options);
    signals.Attach([&host] { PrintDump(host); }, [&caller] { caller.Stop(); });
    const auto began = host.Runtime().Now();
    Summary summary;
    summary.statistics = caller.Run(*route);
    signals.Detach();
    summary.command = name;
    summary.took = host.Runtime().Now() - began;
    summary.retries = host.Retries();
    if (searchLeftovers)
    {
        summary.leftovers = WaitUntilEmpty(host);
    }
    std::fputs(json ? summary.Json().c_str() : summary.Text().c_str(), stdout);
    if (summary.leftovers && summary.leftovers->Any())
    {
        Complain("something is left over:\n" + host.Dump());
        return ExitStatus::kBroken;
    }
    const bool all = summary.statistics.Succeeded() == connections;
    return all ? ExitStatus::kFine : ExitStatus::kPeer;
}

/** What the three have in common. */
CLI::App* AddCommon(CLI::App& program,
                    const std::shared_ptr<CallCommand>& arguments,
                    const char* name,
                    const char* description,
                    Action& action)
{
    arguments->name = name;
    CLI::App* command = program.add_subcommand(name, description);
    command->add_option("ADDRESS", arguments->address, "IP address of the peer")->required();
    command->add_option("PORT", arguments->servicePort, "port of its service")
        ->required()
        ->check(CLI::Range(1, 65535));
    AddDeviceOptions(*command, arguments->device);
    command->add_option("--source", arguments->source, "IP address to connect from")
        ->type_name("ADDRESS");
    command
        ->add_option("--response-timeout",
                     arguments->responseTimeout,
                     "time that each side has for an answer: 4.096 us * 2^N")
        ->check(CLI::Range(0U, 31U))
        ->capture_default_str()
        ->type_name("N");
    command->add_option("--retries", arguments->retries, "how often CM messages are sent again")
        ->check(CLI::Range(0U, 15U))
        ->capture_default_str()
        ->type_name("N");
    command->add_flag("--json", arguments->json, "print the summary as one JSON object");
    command->add_flag("--verbose", arguments->verbose, "print what happens to each connection");
    command->callback([arguments, &action] { action = [arguments] { return (*arguments)(); }; });
    return command;
}

void AddConnections(CLI::App& command, CallCommand& arguments)
{
    command.add_option("--connections", arguments.connections, "how many, each for itself")
        ->check(CLI::Range(1U, 1U << 20U))
        ->capture_default_str()
        ->type_name("N");
    command.add_option("--parallel", arguments.parallel, "how many of them at one time")
        ->check(CLI::Range(1U, 1U << 20U))
        ->capture_default_str()
        ->type_name("K");
}

} // namespace

void AddCallCommands(CLI::App& program, Action& action)
{
    auto connect = std::make_shared<CallCommand>();
    CLI::App* command = AddCommon(program, connect, "connect", "connect, wait, disconnect", action);
    AddDataOptions(*command, connect->data, {"none"});
    command->add_option("--hold", connect->hold, "disconnect after so long; below 0: wait")
        ->capture_default_str()
        ->type_name("SECONDS");
    command->add_flag("--pretend", connect->pretend, "make no queue pair, only its number up");
    command->footer(kConnectFooter + ExitStatusText());

    auto ping = std::make_shared<CallCommand>();
    command = AddCommon(program, ping, "ping", "connect, exchange messages, disconnect", action);
    ping->data.peer = "weft";
    AddDataOptions(*command, ping->data, {"weft", "rping", "ucmatose", "udaddy"});
    AddConnections(*command, *ping);
    command->footer(kPingFooter + ExitStatusText());

    auto storm = std::make_shared<CallCommand>();
    storm->connections = 1000;
    storm->hold = 0;
    storm->searchLeftovers = true;
    command = AddCommon(program, storm, "storm", "connect and disconnect many times", action);
    AddDataOptions(*command, storm->data, {"none", "weft", "rping", "ucmatose"});
    AddConnections(*command, *storm);
    command->add_flag("--pretend", storm->pretend, "make no queue pairs, only their numbers up");
    command->footer(kStormFooter + ExitStatusText());
}

} // namespace cmverbs
