// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/topo-report.h"

#include "lab/helper/text-row.h"

#include <fmt/format.h>

#include <algorithm>

namespace lab
{

namespace
{

// Without --all.
constexpr std::size_t kMostSwitches = 40;
constexpr std::size_t kMostHosts = 24;
constexpr std::size_t kMostWarnings = 10;

const std::string& NameOf(const ns3::TopologyNode& node)
{
    return node.description.empty() ? node.id : node.description;
}

std::string GuidText(std::uint64_t guid)
{
    return fmt::format("{:#018x}", guid);
}

/** What hangs on a switch: cables, by what is at their other end. */
struct Neighbours
{
    unsigned hosts{0};
    unsigned switches{0};
};

std::vector<Neighbours> CountNeighbours(const ns3::Topology& topology)
{
    std::vector<Neighbours> counts(topology.nodes.size());
    const auto count = [&](const ns3::TopologyEnd& here, const ns3::TopologyEnd& there)
    {
        const bool isSwitch = topology.nodes[there.node].type == ns3::IbNodeType::kSwitch;
        ++(isSwitch ? counts[here.node].switches : counts[here.node].hosts);
    };
    for (const ns3::TopologyLink& link : topology.links)
    {
        count(link.a, link.b);
        count(link.b, link.a);
    }
    return counts;
}

std::string More(std::size_t number, const char* what)
{
    return fmt::format("  … and {} more {} (--all)\n", Grouped(number), what);
}

/** How much of a list to show. */
std::size_t Shown(std::size_t size, std::size_t most, bool all)
{
    // "… and 1 more" would take the line that the one takes.
    return all || size <= most + 1 ? size : most;
}

std::string Counts(const ns3::TopologySummary& summary, bool colour)
{
    std::string text;
    const auto line = [&](const char* label, const std::string& value)
    { text += Inked(fmt::format("  {:<11}", label), Ink::kDim, colour) + value + "\n"; };
    line("switches", Grouped(summary.switches));
    line("HCAs", Grouped(summary.cas));
    if (summary.routers != 0)
    {
        line("routers", Grouped(summary.routers));
    }
    std::string links = Grouped(summary.links);
    const char* separator = ": ";
    for (const auto& [rate, count] : summary.rates)
    {
        links += fmt::format("{}{} {}", separator, Grouped(count), ns3::ToString(rate));
        separator = ", ";
    }
    if (summary.loopbackLinks != 0)
    {
        links += fmt::format("; {} of them loop back", Grouped(summary.loopbackLinks));
    }
    line("links", links);
    line("diameter",
         fmt::format("{} links; from host to host {}", summary.diameter, summary.hostDiameter));
    line("connected",
         summary.components <= 1 ? "yes" : fmt::format("no: {} parts", summary.components));
    return text;
}

std::string Switches(const ns3::Topology& topology, const TopoOptions& options)
{
    const std::vector<Neighbours> neighbours = CountNeighbours(topology);
    std::vector<std::size_t> switches;
    for (std::size_t i = 0; i < topology.nodes.size(); ++i)
    {
        if (topology.nodes[i].type == ns3::IbNodeType::kSwitch)
        {
            switches.push_back(i);
        }
    }
    if (switches.empty())
    {
        return {};
    }
    constexpr std::size_t kNumbers = 50; // from here on, in front of the right margin
    const std::size_t column = options.width - kNumbers;
    TextRow heading;
    heading.Put(2, "switch", Ink::kBold);
    heading.Put(column, "node GUID           ports   hosts  switches   LID", Ink::kDim);
    std::string text = "\n" + heading.Render(options.colour);
    const std::size_t shown = Shown(switches.size(), kMostSwitches, options.all);
    for (std::size_t i = 0; i < shown; ++i)
    {
        const ns3::TopologyNode& node = topology.nodes[switches[i]];
        const Neighbours& count = neighbours[switches[i]];
        const std::uint16_t lid = node.ports.empty() ? 0 : node.ports[0].lid;
        TextRow row;
        row.Put(2, CutTo(Printable(NameOf(node)), column - 4));
        row.Put(column,
                fmt::format("{}  {:>5}   {:>5}  {:>8} {:>5}",
                            GuidText(node.guid),
                            node.NumPorts(),
                            count.hosts,
                            count.switches,
                            lid == 0 ? "-" : std::to_string(lid)));
        text += row.Render(options.colour);
    }
    return text + (shown < switches.size() ? More(switches.size() - shown, "switches") : "");
}

std::string Hosts(const ns3::Topology& topology, const TopoOptions& options)
{
    std::vector<std::string> names;
    std::size_t widest = 0;
    for (const ns3::TopologyNode& node : topology.nodes)
    {
        if (node.type == ns3::IbNodeType::kCa)
        {
            names.push_back(Printable(NameOf(node)));
            widest = std::max(widest, ColumnsOf(names.back()));
        }
    }
    if (names.empty())
    {
        return {};
    }
    widest = std::min(widest, options.width - 2);
    const std::size_t perLine = std::max<std::size_t>(1, (options.width - 2) / (widest + 2));
    std::string text = "\n  " + Inked("hosts", Ink::kBold, options.colour) + "\n";
    const std::size_t shown = Shown(names.size(), kMostHosts, options.all);
    for (std::size_t i = 0; i < shown; i += perLine)
    {
        TextRow row;
        for (std::size_t j = i; j < std::min(i + perLine, shown); ++j)
        {
            row.Put(2 + (j - i) * (widest + 2), CutTo(names[j], widest));
        }
        text += row.Render(options.colour);
    }
    return text + (shown < names.size() ? More(names.size() - shown, "hosts") : "");
}

std::string Warnings(const ns3::Topology& topology, const TopoOptions& options)
{
    std::string text;
    const std::size_t count = topology.warnings.size();
    const std::size_t shown = Shown(count, kMostWarnings, options.all);
    for (std::size_t i = 0; i < shown; ++i)
    {
        const ns3::TopologyWarning& warning = topology.warnings[i];
        text += Inked(fmt::format("  {}{}: {}\n",
                                  warning.file,
                                  warning.line == 0 ? "" : fmt::format(":{}", warning.line),
                                  Printable(warning.text)),
                      Ink::kWarning,
                      options.colour);
    }
    if (shown < count)
    {
        text += More(count - shown, "warnings");
    }
    const std::string heading = "\n  " + Inked("warnings", Ink::kBold, options.colour) + "\n";
    return count == 0 ? text : heading + text;
}

} // namespace

std::string TopoReport(const ns3::Topology& topology,
                       const std::string& source,
                       const TopoOptions& options)
{
    return Inked(source, Ink::kBold, options.colour) + "\n" +
           Counts(ns3::Summarise(topology), options.colour) + Switches(topology, options) +
           Hosts(topology, options) + Warnings(topology, options);
}

Json TopoJson(const ns3::Topology& topology, const std::string& source)
{
    const ns3::TopologySummary summary = ns3::Summarise(topology);
    Json rates = Json::array();
    for (const auto& [rate, count] : summary.rates)
    {
        rates.push_back({{"rate", ns3::ToString(rate)}, {"links", count}});
    }
    Json nodes = Json::array();
    for (const ns3::TopologyNode& node : topology.nodes)
    {
        Json ports = Json::array();
        for (std::size_t i = 0; i < node.ports.size(); ++i)
        {
            const ns3::TopologyPort& port = node.ports[i];
            if (port.guid != 0 || port.lid != 0)
            {
                ports.push_back({{"port", i},
                                 {"guid", GuidText(port.guid)},
                                 {"lid", port.lid},
                                 {"lmc", port.lmc}});
            }
        }
        nodes.push_back({{"type", ns3::ToString(node.type)},
                         {"id", node.id},
                         {"description", node.description},
                         {"guid", GuidText(node.guid)},
                         {"numPorts", node.NumPorts()},
                         {"ports", std::move(ports)}});
    }
    Json links = Json::array();
    const auto end = [&topology](const ns3::TopologyEnd& at) -> Json {
        return {{"node", topology.nodes[at.node].id}, {"port", at.port}};
    };
    for (const ns3::TopologyLink& link : topology.links)
    {
        links.push_back(
            {{"a", end(link.a)}, {"b", end(link.b)}, {"rate", ns3::ToString(link.rate)}});
    }
    Json warnings = Json::array();
    for (const ns3::TopologyWarning& warning : topology.warnings)
    {
        warnings.push_back(
            {{"file", warning.file}, {"line", warning.line}, {"text", warning.text}});
    }
    return {{"source", source},
            {"summary",
             {{"switches", summary.switches},
              {"channelAdapters", summary.cas},
              {"routers", summary.routers},
              {"links", summary.links},
              {"loopbackLinks", summary.loopbackLinks},
              {"components", summary.components},
              {"diameter", summary.diameter},
              {"hostDiameter", summary.hostDiameter},
              {"rates", std::move(rates)}}},
            {"nodes", std::move(nodes)},
            {"links", std::move(links)},
            {"warnings", std::move(warnings)}};
}

} // namespace lab
