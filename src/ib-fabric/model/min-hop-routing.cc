// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/min-hop-routing.h"

#include <cstddef>

namespace ns3
{

namespace
{

constexpr std::uint8_t kNoRoute = 255;
constexpr std::uint32_t kFar = 0xffffffff;

/** Hops from every switch to one, by breadth-first search. */
void Measure(const RoutingGraph& graph,
             std::uint32_t target,
             std::vector<std::uint32_t>& hops,
             std::vector<std::uint32_t>& queue)
{
    hops.assign(graph.GetNSwitches(), kFar);
    queue.clear();
    queue.push_back(target);
    hops[target] = 0;
    for (std::size_t head = 0; head < queue.size(); ++head)
    {
        const std::uint32_t at = queue[head];
        for (std::uint32_t e = graph.firstEdge[at]; e < graph.firstEdge[at + 1]; ++e)
        {
            const std::uint32_t next = graph.edges[e].neighbour;
            if (hops[next] == kFar)
            {
                hops[next] = hops[at] + 1;
                queue.push_back(next);
            }
        }
    }
}

} // namespace

const char* MinHopRouting::GetName() const
{
    return kName;
}

RoutingTables MinHopRouting::Compute(const RoutingGraph& graph)
{
    const std::uint32_t switches = graph.GetNSwitches();
    RoutingTables tables(switches,
                         std::vector<std::uint8_t>(std::size_t{graph.highestLid} + 1, kNoRoute));
    std::vector<std::vector<const RoutingGraph::Destination*>> behind(switches);
    for (const RoutingGraph::Destination& destination : graph.destinations)
    {
        behind[destination.atSwitch].push_back(&destination);
    }
    std::vector<std::uint32_t> load(graph.edges.size()); // LIDs of CAs that leave by this cable
    std::vector<std::uint32_t> hops;
    std::vector<std::uint32_t> queue;
    std::vector<std::uint32_t> candidates; // edges that lead on by a shortest path
    for (std::uint32_t target = 0; target < switches; ++target)
    {
        Measure(graph, target, hops, queue);
        for (const RoutingGraph::Destination* destination : behind[target])
        {
            tables[target][destination->lid] = destination->port;
        }
        for (std::size_t i = 1; i < queue.size(); ++i)
        {
            const std::uint32_t at = queue[i];
            candidates.clear();
            for (std::uint32_t e = graph.firstEdge[at]; e < graph.firstEdge[at + 1]; ++e)
            {
                if (hops[graph.edges[e].neighbour] + 1 == hops[at])
                {
                    candidates.push_back(e);
                }
            }
            for (const RoutingGraph::Destination* destination : behind[target])
            {
                std::uint32_t best = candidates.front();
                for (const std::uint32_t e : candidates)
                {
                    best = load[e] < load[best] ? e : best;
                }
                tables[at][destination->lid] = graph.edges[best].port;
                load[best] += destination->port != 0 ? 1 : 0;
            }
        }
    }
    return tables;
}

} // namespace ns3
