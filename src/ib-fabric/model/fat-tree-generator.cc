// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/fat-tree-generator.h"

#include <ns3/abort.h>

#include <algorithm>

namespace ns3
{

namespace
{

// Locally administered EUI-64 identifiers; the kind of node in the third byte.
constexpr std::uint64_t kSwitchGuids = 0x0200010000000000;
constexpr std::uint64_t kHostGuids = 0x0200020000000000;

std::uint32_t AddSwitch(Topology& topology, std::string name, std::uint32_t ports)
{
    TopologyNode node;
    node.type = IbNodeType::kSwitch;
    node.guid = kSwitchGuids + (static_cast<std::uint64_t>(topology.nodes.size()) << 8);
    node.systemImageGuid = node.guid;
    node.description = name;
    node.id = std::move(name);
    node.ports.resize(ports + 1);
    node.ports[0].guid = node.guid;
    topology.nodes.push_back(std::move(node));
    return static_cast<std::uint32_t>(topology.nodes.size() - 1);
}

std::uint32_t AddHost(Topology& topology, std::uint32_t number)
{
    TopologyNode node;
    node.type = IbNodeType::kCa;
    node.id = "host-" + std::to_string(number);
    node.guid = kHostGuids + (static_cast<std::uint64_t>(number) << 8);
    node.systemImageGuid = node.guid;
    node.description = node.id;
    node.ports.resize(2);
    node.ports[1].guid = node.guid + 1;
    topology.nodes.push_back(std::move(node));
    return static_cast<std::uint32_t>(topology.nodes.size() - 1);
}

void Connect(Topology& topology,
             std::uint32_t nodeA,
             std::uint32_t portA,
             std::uint32_t nodeB,
             std::uint32_t portB,
             IbLinkRate rate)
{
    topology.links.push_back({{nodeA, static_cast<std::uint8_t>(portA)},
                              {nodeB, static_cast<std::uint8_t>(portB)},
                              rate});
}

/** Adds hosts to ports 1..k/2 of each of these switches, as many as the shape allows. */
void AddHosts(Topology& topology,
              const std::vector<std::uint32_t>& edges,
              const FatTreeShape& shape)
{
    const std::uint32_t half = shape.k / 2;
    const auto room = static_cast<std::uint32_t>(edges.size()) * half;
    const std::uint32_t hosts = shape.hosts == 0 ? room : std::min(shape.hosts, room);
    for (std::uint32_t i = 0; i < hosts; ++i)
    {
        Connect(topology, edges[i / half], i % half + 1, AddHost(topology, i), 1, shape.rate);
    }
}

Topology MakeTwoLevels(const FatTreeShape& shape)
{
    Topology topology;
    const std::uint32_t half = shape.k / 2;
    std::vector<std::uint32_t> leaves;
    for (std::uint32_t i = 0; i < shape.k; ++i)
    {
        leaves.push_back(AddSwitch(topology, "leaf-" + std::to_string(i), shape.k));
    }
    for (std::uint32_t j = 0; j < half; ++j)
    {
        const auto spine = AddSwitch(topology, "spine-" + std::to_string(j), shape.k);
        for (std::uint32_t i = 0; i < shape.k; ++i)
        {
            Connect(topology, leaves[i], half + 1 + j, spine, i + 1, shape.rate);
        }
    }
    AddHosts(topology, leaves, shape);
    return topology;
}

Topology MakeThreeLevels(const FatTreeShape& shape)
{
    Topology topology;
    const std::uint32_t half = shape.k / 2;
    std::vector<std::uint32_t> cores;
    for (std::uint32_t i = 0; i < half * half; ++i)
    {
        cores.push_back(AddSwitch(topology, "core-" + std::to_string(i), shape.k));
    }
    std::vector<std::uint32_t> edges;
    for (std::uint32_t pod = 0; pod < shape.k; ++pod)
    {
        const std::string prefix = std::to_string(pod) + "-";
        const auto firstEdge = edges.size();
        for (std::uint32_t i = 0; i < half; ++i)
        {
            edges.push_back(AddSwitch(topology, "edge-" + prefix + std::to_string(i), shape.k));
        }
        for (std::uint32_t j = 0; j < half; ++j)
        {
            const auto agg = AddSwitch(topology, "agg-" + prefix + std::to_string(j), shape.k);
            for (std::uint32_t i = 0; i < half; ++i)
            {
                Connect(topology, edges[firstEdge + i], half + 1 + j, agg, i + 1, shape.rate);
                Connect(topology, agg, half + 1 + i, cores[j * half + i], pod + 1, shape.rate);
            }
        }
    }
    AddHosts(topology, edges, shape);
    return topology;
}

} // namespace

Topology MakeFatTree(const FatTreeShape& shape)
{
    NS_ABORT_MSG_IF(shape.k < 2 || shape.k > 64 || shape.k % 2 != 0,
                    "fat tree: k = " << shape.k << " is not an even number from 2 to 64");
    NS_ABORT_MSG_IF(shape.levels != 2 && shape.levels != 3,
                    "fat tree: levels = " << shape.levels << " is neither 2 nor 3");
    return shape.levels == 2 ? MakeTwoLevels(shape) : MakeThreeLevels(shape);
}

Topology MakeBackToBack(IbLinkRate rate)
{
    Topology topology;
    const auto a = AddHost(topology, 0);
    const auto b = AddHost(topology, 1);
    Connect(topology, a, 1, b, 1, rate);
    return topology;
}

} // namespace ns3
