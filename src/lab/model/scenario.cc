// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/scenario.h"

#include "lab/model/exact-time.h"
#include "lab/model/scenario-script.h"
#include "lab/model/scenario-table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace lab
{

namespace
{

using namespace std::string_view_literals;

constexpr std::array kPolicies{"accept"sv, "reject"sv, "ignore"sv};
constexpr std::array kDisconnects{"from"sv, "to"sv, "both"sv, "none"sv};
constexpr std::array kActions{"drop"sv,
                              "duplicate"sv,
                              "delay"sv,
                              "corrupt"sv,
                              "reorder"sv,
                              "restart"sv,
                              "port-down"sv};
constexpr std::array kOutages{"restart"sv, "port-down"sv};
constexpr std::array kEnds{"sender"sv, "receiver"sv};
constexpr std::array kOutcomes{"connected"sv,
                               "disconnected"sv,
                               "rejected"sv,
                               "timeout"sv,
                               "restarted"sv};

// Room for private data (IBA vol. 1, 12.6).
constexpr std::size_t kReqPrivateBytes = 92;
constexpr std::size_t kRepPrivateBytes = 196;
constexpr std::size_t kRejPrivateBytes = 148;
constexpr std::size_t kMessageBytes = 65'536;
constexpr unsigned kMostConnections = 1'000'000;
constexpr unsigned kMostFaults = 1000;

std::ifstream Open(const std::string& path, std::string& problem)
{
    std::error_code error;
    if (std::filesystem::is_directory(path, error))
    {
        problem = std::strerror(EISDIR);
        return {};
    }
    errno = 0;
    std::ifstream stream(path, std::ios::binary);
    if (!stream)
    {
        problem = errno != 0 ? std::strerror(errno) : "cannot be opened";
    }
    return stream;
}

/** Reads the parts of one scenario, each of which may refer to those before it. */
class ScenarioReader
{
  public:
    explicit ScenarioReader(const std::string& file)
    {
        m_scenario.file = file;
    }

    tl::expected<Scenario, InputError> Read(const toml::table& root);

  private:
    void ReadFabric(ScenarioTable& table);
    void ReadSource(ScenarioTable& table);
    void ReadHost(ScenarioTable& table);
    void ReadListen(ScenarioTable& table);
    void ReadConnect(ScenarioTable& table);
    void ReadTimers(ScenarioTable& table, ConnectSpec& connect);
    void ReadFault(ScenarioTable& table);
    static void ReadOutageOf(ScenarioTable& table, FaultSpec& fault);
    void ReadOutage(ScenarioTable& table);
    void ReadExplore(ScenarioTable& table);
    void ReadExpect(ScenarioTable& table);

    bool Direct() const
    {
        return m_scenario.fabric.source == "direct";
    }
    std::vector<std::string_view> HostNames() const;
    std::vector<std::string_view> ConnectNames() const;

    Scenario m_scenario;
};

/** Fails if @p key says something that @p same says of an earlier table. */
template <class Spec, class Same>
void CheckNew(ScenarioTable& table,
              std::string_view key,
              const std::string& what,
              const std::vector<Spec>& earlier,
              Same same)
{
    const auto found = std::ranges::find_if(earlier, same);
    if (found != earlier.end())
    {
        table.Fail(
            key,
            fmt::format("{} for the second time (the first is in line {})", what, found->line),
            fmt::format("each {} once", key));
    }
}

std::vector<std::string_view> ScenarioReader::HostNames() const
{
    std::vector<std::string_view> names;
    for (const HostSpec& host : m_scenario.hosts)
    {
        names.push_back(host.name);
    }
    return names;
}

std::vector<std::string_view> ScenarioReader::ConnectNames() const
{
    std::vector<std::string_view> names;
    for (const ConnectSpec& connect : m_scenario.connects)
    {
        names.push_back(connect.name);
    }
    return names;
}

void ScenarioReader::ReadSource(ScenarioTable& table)
{
    std::string& source = m_scenario.fabric.source;
    table.Text("source", source, Need::kRequired);
    if (source.empty() || Direct() || source.starts_with("fat-tree:") ||
        source.starts_with("back-to-back"))
    {
        return;
    }
    std::string format;
    for (const std::string_view prefix : {"ibnetdiscover:"sv, "ibsim:"sv})
    {
        if (source.starts_with(prefix))
        {
            format = prefix;
        }
    }
    const std::filesystem::path folder = std::filesystem::path(m_scenario.file).parent_path();
    const std::string path = (folder / source.substr(format.size())).lexically_normal().string();
    std::string problem;
    Open(path, problem);
    if (!problem.empty())
    {
        table.Fail(
            "source",
            fmt::format("source = \"{}\", where {} cannot be read: {}", source, path, problem),
            "direct, back-to-back, fat-tree:k=4 or a topology file, relative to the "
            "scenario");
    }
    source = format + path;
}

void ScenarioReader::ReadFabric(ScenarioTable& table)
{
    FabricSpec& fabric = m_scenario.fabric;
    fabric.line = table.Line();
    ReadSource(table);
    table.Text("subnet-manager", fabric.subnetManager);
    table.Time("latency", fabric.directLatencyNs);
    if (Direct() && table.Has("subnet-manager"))
    {
        table.Fail("subnet-manager",
                   "a subnet-manager in a direct fabric",
                   "none: there is no subnet to manage");
    }
    if (!Direct() && table.Has("latency"))
    {
        table.Fail("latency",
                   "a latency in a fabric of links",
                   "source = \"direct\" with it: links and switches have their own");
    }
}

void ScenarioReader::ReadHost(ScenarioTable& table)
{
    HostSpec host;
    host.line = table.Line();
    table.Text("name", host.name, Need::kRequired);
    table.Text("node", host.node);
    table.Number("port", host.port, 1, 254);
    table.Number("workers", host.workers, 1, 16);
    CheckNew(table,
             "name",
             fmt::format("host '{}'", host.name),
             m_scenario.hosts,
             [&](const HostSpec& other) { return other.name == host.name; });
    if (host.name.find_first_of(" \t/#") != std::string::npos)
    {
        // Names stand in decision logs, between blanks and before '/'.
        table.Fail(
            "name", fmt::format("name = \"{}\"", host.name), "a name without blanks, '/' or '#'");
    }
    if (Direct() && table.Has("node"))
    {
        table.Fail("node", "a node in a direct fabric", "none: it has hosts only");
    }
    if (!host.node.empty())
    {
        CheckNew(table,
                 "node",
                 fmt::format("port {} of node '{}'", host.port, host.node),
                 m_scenario.hosts,
                 [&](const HostSpec& other)
                 { return other.node == host.node && other.port == host.port; });
    }
    m_scenario.hosts.push_back(std::move(host));
}

void ScenarioReader::ReadListen(ScenarioTable& table)
{
    ListenSpec listen;
    listen.line = table.Line();
    table.Reference("host", listen.host, "host", HostNames(), Need::kRequired);
    table.Number64("service", listen.serviceId, 1, Need::kRequired);
    table.Word("policy", listen.policy, kPolicies);
    table.Payload("private-data",
                  listen.privateData,
                  listen.policy == "reject" ? kRejPrivateBytes : kRepPrivateBytes);
    if (listen.policy == "ignore" && table.Has("private-data"))
    {
        table.Fail("private-data", "private-data of a listener that never answers", "none");
    }
    CheckNew(table,
             "service",
             fmt::format("service {:#018x} of host '{}'", listen.serviceId, listen.host),
             m_scenario.listens,
             [&](const ListenSpec& other)
             { return other.host == listen.host && other.serviceId == listen.serviceId; });
    m_scenario.listens.push_back(std::move(listen));
}

void ScenarioReader::ReadTimers(ScenarioTable& table, ConnectSpec& connect)
{
    table.Number("cm-response-timeout", connect.cmResponseTimeout, 0, 31);
    connect.remoteCmResponseTimeout = connect.cmResponseTimeout;
    table.Number("remote-cm-response-timeout", connect.remoteCmResponseTimeout, 0, 31);
    table.Number("max-cm-retries", connect.maxCmRetries, 0, 15);
}

void ScenarioReader::ReadConnect(ScenarioTable& table)
{
    ConnectSpec connect;
    connect.line = table.Line();
    connect.name = fmt::format("connect{}", m_scenario.connects.size() + 1);
    table.Text("name", connect.name);
    table.Reference("from", connect.from, "host", HostNames(), Need::kRequired);
    table.Reference("to", connect.to, "host", HostNames(), Need::kRequired);
    table.Number64("service", connect.serviceId, 1, Need::kRequired);
    table.Time("at", connect.atNs);
    table.Number("count", connect.count, 1, kMostConnections);
    table.Payload("private-data", connect.privateData, kReqPrivateBytes);
    table.Payload("message", connect.message, kMessageBytes);
    table.Word("disconnect", connect.disconnect, kDisconnects);
    table.Time("hold", connect.holdNs);
    ReadTimers(table, connect);
    if (connect.name.empty())
    {
        table.Fail("name", "name = \"\"", "a name, or no key 'name'");
    }
    CheckNew(table,
             "name",
             fmt::format("connect '{}'", connect.name),
             m_scenario.connects,
             [&](const ConnectSpec& other) { return other.name == connect.name; });
    if (!connect.to.empty() && connect.from == connect.to)
    {
        table.Fail("to", fmt::format("to = \"{}\", as in 'from'", connect.to), "another host");
    }
    if (connect.disconnect == "none" && connect.count > 1)
    {
        table.Fail("count",
                   fmt::format("count = {} with disconnect = \"none\"", connect.count),
                   "count = 1: the next one would begin when the first has ended");
    }
    if (Direct() && !connect.message.empty())
    {
        table.Fail("message",
                   "a message over the direct fabric",
                   "no message, or a fabric with queue pairs");
    }
    m_scenario.connects.push_back(std::move(connect));
}

void ScenarioReader::ReadFault(ScenarioTable& table)
{
    FaultSpec fault;
    fault.line = table.Line();
    table.Table("match",
                "match",
                [&](ScenarioTable& match)
                {
                    const std::vector<std::string_view> hosts = HostNames();
                    match.Word("attribute", fault.attribute, kMessageNames);
                    match.Reference("from", fault.from, "host", hosts);
                    match.Reference("to", fault.to, "host", hosts);
                    match.Number("nth", fault.nth, 1, kMostConnections);
                });
    table.Word("action", fault.action, kActions, Need::kRequired);
    ReadOutageOf(table, fault);
    table.Time("by", fault.delayNs, 1);
    if (fault.action == "delay" && !table.Has("by"))
    {
        table.Fail("action", "action = \"delay\" without 'by'", "by = \"50ms\", or another time");
    }
    if (fault.action != "delay" && table.Has("by"))
    {
        table.Fail("by",
                   fmt::format("'by' with action = \"{}\"", fault.action),
                   "'by' with action = \"delay\" only");
    }
    m_scenario.faults.push_back(std::move(fault));
}

void ScenarioReader::ReadOutageOf(ScenarioTable& table, FaultSpec& fault)
{
    table.Word("host", fault.host, kEnds);
    table.Time("for", fault.delayNs, 1);
    const bool outage = fault.action == "restart" || fault.action == "port-down";
    if (outage && !table.Has("for"))
    {
        table.Fail("action",
                   fmt::format("action = \"{}\" without 'for'", fault.action),
                   "for = \"50ms\", or another time");
    }
    for (const std::string_view key : {"host"sv, "for"sv})
    {
        if (!outage && !fault.action.empty() && table.Has(key))
        {
            table.Fail(key,
                       fmt::format("'{}' with action = \"{}\"", key, fault.action),
                       fmt::format("'{}' with action = \"restart\" or \"port-down\"", key));
        }
    }
}

void ScenarioReader::ReadOutage(ScenarioTable& table)
{
    OutageSpec outage;
    outage.line = table.Line();
    table.Reference("host", outage.host, "host", HostNames(), Need::kRequired);
    table.Word("action", outage.action, kOutages, Need::kRequired);
    table.Time("at", outage.atNs);
    table.Time("for", outage.forNs, 1, Need::kRequired);
    m_scenario.outages.push_back(std::move(outage));
}

void ScenarioReader::ReadExplore(ScenarioTable& table)
{
    FaultBudget& budget = m_scenario.explore;
    // Whoever says what may happen says all of it.
    budget = {kMostFaults, 0, 0, 0, 0, {}, {}, {}, table.Line(), budget.stallNs};
    table.Number("drop", budget.drop, 0, kMostFaults);
    table.Number("duplicate", budget.duplicate, 0, kMostFaults);
    table.Number("reorder", budget.reorder, 0, kMostFaults);
    table.Number("corrupt", budget.corrupt, 0, kMostFaults);
    table.Times("delay", budget.delaysNs, 1);
    table.Times("restart", budget.restartsNs, 1);
    table.Times("port-down", budget.portDownsNs, 1);
    table.Number("total", budget.total, 0, kMostFaults);
    table.Time("stall", budget.stallNs, 0);
}

void ScenarioReader::ReadExpect(ScenarioTable& table)
{
    ExpectSpec expect;
    expect.line = table.Line();
    const auto take = [&table](std::string_view key, auto& field, auto value, auto read)
    {
        read(value);
        if (table.Has(key))
        {
            field = std::move(value);
        }
    };
    const std::vector<std::string_view> connects = ConnectNames();
    const std::vector<std::string_view> hosts = HostNames();
    table.Reference("connect", expect.connect, "connect", connects);
    take("outcome",
         expect.outcome,
         std::string(),
         [&](std::string& value) { table.Word("outcome", value, kOutcomes); });
    take("reject-reason",
         expect.rejectReason,
         0U,
         [&](unsigned& value) { table.Number("reject-reason", value, 1, 65'535); });
    take("attribute",
         expect.attribute,
         std::string(),
         [&](std::string& value) { table.Word("attribute", value, kMessageNames); });
    take("from",
         expect.from,
         std::string(),
         [&](std::string& value) { table.Reference("from", value, "host", hosts); });
    take("count",
         expect.count,
         0U,
         [&](unsigned& value) { table.Number("count", value, 0, kMostConnections); });

    const bool fate = expect.outcome || expect.rejectReason;
    if (!fate && !expect.count)
    {
        table.Fail("",
                   "an [[expect]] that expects nothing",
                   "outcome, reject-reason, or attribute with count");
    }
    if (fate && expect.connect.empty())
    {
        table.Fail(expect.outcome ? "outcome" : "reject-reason",
                   "an outcome without 'connect'",
                   "connect = the name of a [[connect]]");
    }
    if (!fate && !expect.connect.empty())
    {
        table.Fail("connect",
                   "'connect' without an outcome",
                   "outcome or reject-reason; messages are counted over the whole run");
    }
    if (expect.rejectReason && expect.outcome && *expect.outcome != "rejected")
    {
        table.Fail("reject-reason",
                   fmt::format("reject-reason with outcome = \"{}\"", *expect.outcome),
                   "outcome = \"rejected\"");
    }
    if (expect.count.has_value() != expect.attribute.has_value())
    {
        table.Fail(expect.count ? "count" : "attribute",
                   expect.count ? "'count' without 'attribute'" : "'attribute' without 'count'",
                   "both, as attribute = \"REP\" and count = 2");
    }
    if (expect.from && !expect.count)
    {
        table.Fail("from", "'from' without 'count'", "'attribute' and 'count' with it");
    }
    m_scenario.expects.push_back(std::move(expect));
}

tl::expected<Scenario, InputError> ScenarioReader::Read(const toml::table& root)
{
    ScenarioTable top(root, m_scenario.file, "the scenario", 1);
    m_scenario.name = std::filesystem::path(m_scenario.file).stem().string();
    top.Text("name", m_scenario.name);
    top.Text("description", m_scenario.description);
    top.Number64("seed", m_scenario.seed, 0);
    top.Time("limit", m_scenario.limitNs, 1);
    const auto with = [this](void (ScenarioReader::*read)(ScenarioTable&))
    { return [this, read](ScenarioTable& table) { (this->*read)(table); }; };
    // In this order whatever the order in the file: each may name what comes before.
    top.Table("fabric", "[fabric]", with(&ScenarioReader::ReadFabric), Need::kRequired);
    top.Tables("host", with(&ScenarioReader::ReadHost), Need::kRequired);
    top.Tables("listen", with(&ScenarioReader::ReadListen));
    top.Tables("connect", with(&ScenarioReader::ReadConnect));
    top.Tables("task",
               [this](ScenarioTable& table)
               { m_scenario.tasks.push_back(ReadTask(table, HostNames(), m_scenario.tasks)); });
    top.Tables("on",
               [this](ScenarioTable& table)
               { m_scenario.reactions.push_back(ReadReaction(table, HostNames())); });
    top.Tables("fault", with(&ScenarioReader::ReadFault));
    top.Tables("outage", with(&ScenarioReader::ReadOutage));
    top.Table("explore", "[explore]", with(&ScenarioReader::ReadExplore));
    top.Tables("expect", with(&ScenarioReader::ReadExpect));
    if (const auto error = top.Finish())
    {
        return tl::unexpected(*error);
    }
    return std::move(m_scenario);
}

} // namespace

std::string FaultSpec::FateText() const
{
    if (action == "delay")
    {
        return action + " " + ExactTime(delayNs);
    }
    if (action == "restart" || action == "port-down")
    {
        return action + " " + host + " " + ExactTime(delayNs);
    }
    return action;
}

tl::expected<Scenario, InputError> ParseScenario(std::string_view text, const std::string& file)
{
    const toml::parse_result parsed = toml::parse(text);
    if (!parsed)
    {
        const toml::parse_error& error = parsed.error();
        return tl::unexpected(InputError{file,
                                         error.source().begin.line,
                                         fmt::format("no TOML ({})", error.description()),
                                         "key = value, [table] or [[table]]"});
    }
    return ScenarioReader(file).Read(parsed.table());
}

tl::expected<Scenario, InputError> ReadScenario(const std::string& path)
{
    std::string problem;
    std::ifstream stream = Open(path, problem);
    std::ostringstream text;
    if (problem.empty())
    {
        text << stream.rdbuf();
        if (stream.bad())
        {
            problem = "cannot be read to its end";
        }
    }
    if (!problem.empty())
    {
        return tl::unexpected(InputError{path,
                                         0,
                                         "nothing to read (" + problem + ")",
                                         "a scenario file (see examples/first-light.toml)"});
    }
    return ParseScenario(text.str(), path);
}

} // namespace lab
