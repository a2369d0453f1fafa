// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/topology-summary.h"

#include <algorithm>
#include <map>

namespace ns3
{

namespace
{

constexpr std::uint16_t kFar = 0xffff;

using Neighbours = std::vector<std::vector<std::uint32_t>>;

Neighbours NeighboursOf(const Topology& topology)
{
    Neighbours neighbours(topology.nodes.size());
    for (const TopologyLink& link : topology.links)
    {
        neighbours[link.a.node].push_back(link.b.node);
        neighbours[link.b.node].push_back(link.a.node);
    }
    for (auto& list : neighbours)
    {
        std::sort(list.begin(), list.end());
        list.erase(std::unique(list.begin(), list.end()), list.end());
    }
    return neighbours;
}

std::uint32_t CountComponents(const Neighbours& neighbours)
{
    std::vector<bool> seen(neighbours.size());
    std::vector<std::uint32_t> stack;
    std::uint32_t components = 0;
    for (std::uint32_t first = 0; first < neighbours.size(); ++first)
    {
        if (seen[first])
        {
            continue;
        }
        ++components;
        seen[first] = true;
        stack.push_back(first);
        while (!stack.empty())
        {
            const std::uint32_t node = stack.back();
            stack.pop_back();
            for (const std::uint32_t next : neighbours[node])
            {
                if (!seen[next])
                {
                    seen[next] = true;
                    stack.push_back(next);
                }
            }
        }
    }
    return components;
}

/** Links from one node to every other, through switches. */
void BreadthFirst(const Topology& topology,
                  const Neighbours& neighbours,
                  std::uint32_t from,
                  std::vector<std::uint16_t>& distance,
                  std::vector<std::uint32_t>& queue)
{
    distance.assign(neighbours.size(), kFar);
    queue.clear();
    queue.push_back(from);
    distance[from] = 0;
    for (std::size_t head = 0; head < queue.size(); ++head)
    {
        const std::uint32_t node = queue[head];
        if (node != from && topology.nodes[node].type != IbNodeType::kSwitch)
        {
            continue;
        }
        for (const std::uint32_t next : neighbours[node])
        {
            if (distance[next] == kFar)
            {
                distance[next] = static_cast<std::uint16_t>(distance[node] + 1);
                queue.push_back(next);
            }
        }
    }
}

void MeasureDiameters(const Topology& topology,
                      const Neighbours& neighbours,
                      TopologySummary& summary)
{
    std::vector<std::uint16_t> distance;
    std::vector<std::uint32_t> queue;
    std::vector<bool> searched(topology.nodes.size()); // from a CA of this switch
    for (std::uint32_t from = 0; from < topology.nodes.size(); ++from)
    {
        // CAs that hang on one switch see the same distances: one of them will do, or a cluster
        // of ten thousand hosts would cost ten thousand searches.
        const bool leaf = neighbours[from].size() == 1 &&
                          topology.nodes[from].type == IbNodeType::kCa &&
                          topology.nodes[neighbours[from].front()].type == IbNodeType::kSwitch;
        if (leaf && searched[neighbours[from].front()])
        {
            continue;
        }
        if (leaf)
        {
            searched[neighbours[from].front()] = true;
        }
        BreadthFirst(topology, neighbours, from, distance, queue);
        const bool fromHost = topology.nodes[from].type == IbNodeType::kCa;
        for (const std::uint32_t to : queue)
        {
            const std::uint32_t links = distance[to];
            summary.diameter = std::max(summary.diameter, links);
            if (fromHost && topology.nodes[to].type == IbNodeType::kCa)
            {
                summary.hostDiameter = std::max(summary.hostDiameter, links);
            }
        }
    }
}

} // namespace

TopologySummary Summarise(const Topology& topology)
{
    TopologySummary summary;
    for (const TopologyNode& node : topology.nodes)
    {
        summary.switches += node.type == IbNodeType::kSwitch ? 1 : 0;
        summary.cas += node.type == IbNodeType::kCa ? 1 : 0;
        summary.routers += node.type == IbNodeType::kRouter ? 1 : 0;
    }
    summary.links = static_cast<std::uint32_t>(topology.links.size());
    std::map<std::pair<std::uint64_t, std::string>, std::pair<IbLinkRate, std::uint32_t>> rates;
    for (const TopologyLink& link : topology.links)
    {
        summary.loopbackLinks += link.a.node == link.b.node ? 1 : 0;
        auto& entry = rates[{DataRateKbps(link.rate), ToString(link.rate)}];
        entry.first = link.rate;
        ++entry.second;
    }
    for (auto it = rates.rbegin(); it != rates.rend(); ++it)
    {
        summary.rates.push_back(it->second);
    }
    const Neighbours neighbours = NeighboursOf(topology);
    summary.components = CountComponents(neighbours);
    MeasureDiameters(topology, neighbours, summary);
    return summary;
}

std::string ToString(const TopologySummary& summary)
{
    std::string text;
    const auto line = [&text](const char* label, const std::string& value)
    { text += label + value + "\n"; };
    line("switches       ", std::to_string(summary.switches));
    line("CAs            ", std::to_string(summary.cas));
    if (summary.routers != 0)
    {
        line("routers        ", std::to_string(summary.routers));
    }
    std::string rates;
    for (const auto& [rate, count] : summary.rates)
    {
        rates += (rates.empty() ? " (" : ", ") + std::to_string(count) + " " + ToString(rate);
    }
    line("links          ", std::to_string(summary.links) + rates + (rates.empty() ? "" : ")"));
    if (summary.loopbackLinks != 0)
    {
        line("  loop-back    ", std::to_string(summary.loopbackLinks));
    }
    line("components     ", std::to_string(summary.components));
    line("diameter       ",
         std::to_string(summary.diameter) + " links, host to host " +
             std::to_string(summary.hostDiameter));
    return text;
}

} // namespace ns3
