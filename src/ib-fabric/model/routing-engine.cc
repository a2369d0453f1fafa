// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/routing-engine.h"

#include "ib-fabric/model/min-hop-routing.h"
#include "ib-fabric/model/subnet-database.h"

#include <algorithm>

namespace ns3
{

RoutingGraph MakeRoutingGraph(const SubnetDatabase& database)
{
    constexpr std::uint32_t kNone = 0xffffffff;
    RoutingGraph graph;
    std::vector<std::uint32_t> switchOf(database.nodes.size(), kNone);
    for (std::uint32_t i = 0; i < database.nodes.size(); ++i)
    {
        if (database.nodes[i].IsSwitch())
        {
            switchOf[i] = graph.GetNSwitches();
            graph.nodes.push_back(i);
        }
    }
    for (const std::uint32_t index : graph.nodes)
    {
        const SubnetNode& node = database.nodes[index];
        graph.firstEdge.push_back(static_cast<std::uint32_t>(graph.edges.size()));
        for (std::size_t port = 1; port < node.ports.size(); ++port)
        {
            const std::uint32_t peer = node.ports[port].peerNode;
            if (node.ports[port].HasPeer() && switchOf[peer] != kNone && peer != index)
            {
                graph.edges.push_back({static_cast<std::uint8_t>(port), switchOf[peer]});
            }
        }
    }
    graph.firstEdge.push_back(static_cast<std::uint32_t>(graph.edges.size()));
    for (const SubnetEndPort at : database.GetEndPorts())
    {
        const SubnetPort& port = database.GetPort(at);
        const bool isSwitch = database.nodes[at.node].IsSwitch();
        const std::uint32_t host = isSwitch ? at.node : port.peerNode;
        if (port.lid == 0 || host == SubnetPort::kNoNode || switchOf[host] == kNone)
        {
            continue;
        }
        for (std::uint32_t i = 0; i < 1U << port.info.lmc; ++i)
        {
            const auto lid = static_cast<std::uint16_t>(port.lid + i);
            graph.destinations.push_back(
                {lid, switchOf[host], isSwitch ? std::uint8_t{0} : port.peerPort});
            graph.highestLid = std::max(graph.highestLid, lid);
        }
    }
    std::sort(graph.destinations.begin(),
              graph.destinations.end(),
              [](const auto& a, const auto& b) { return a.lid < b.lid; });
    return graph;
}

std::unique_ptr<RoutingEngine> MakeRoutingEngine(const std::string& name)
{
    if (name == MinHopRouting::kName)
    {
        return std::make_unique<MinHopRouting>();
    }
    return nullptr;
}

} // namespace ns3
