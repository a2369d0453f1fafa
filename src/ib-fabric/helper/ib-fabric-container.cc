// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/helper/ib-fabric-container.h"

#include <ns3/abort.h>

#include <charconv>

namespace ns3
{

const Topology& IbFabricContainer::GetTopology() const
{
    return m_topology;
}

std::uint32_t IbFabricContainer::GetN() const
{
    return static_cast<std::uint32_t>(m_ibNodes.size());
}

Ptr<IbNode> IbFabricContainer::Get(std::uint32_t index) const
{
    NS_ABORT_MSG_IF(index >= m_ibNodes.size(), "the fabric has no node " << index);
    return m_ibNodes[index];
}

const NodeContainer& IbFabricContainer::GetNodes() const
{
    return m_nodes;
}

std::vector<Ptr<IbHca>> IbFabricContainer::GetHcas() const
{
    std::vector<Ptr<IbHca>> hcas;
    for (const Ptr<IbNode>& node : m_ibNodes)
    {
        if (node->GetNodeType() == IbNodeType::kCa)
        {
            hcas.push_back(DynamicCast<IbHca>(node));
        }
    }
    return hcas;
}

std::vector<Ptr<IbSwitch>> IbFabricContainer::GetSwitches() const
{
    std::vector<Ptr<IbSwitch>> switches;
    for (const Ptr<IbNode>& node : m_ibNodes)
    {
        if (node->GetNodeType() == IbNodeType::kSwitch)
        {
            switches.push_back(DynamicCast<IbSwitch>(node));
        }
    }
    return switches;
}

const std::vector<Ptr<IbLink>>& IbFabricContainer::GetLinks() const
{
    return m_links;
}

tl::expected<Ptr<IbNode>, std::string> IbFabricContainer::Find(std::string_view name) const
{
    const auto index = m_topology.Find(name);
    if (!index)
    {
        return tl::unexpected("no node (or more than one) is called '" + std::string(name) + "'");
    }
    return m_ibNodes[*index];
}

tl::expected<Ptr<IbHca>, std::string> IbFabricContainer::FindHca(std::string_view name) const
{
    const auto node = Find(name);
    if (!node)
    {
        return tl::unexpected(node.error());
    }
    if ((*node)->GetNodeType() != IbNodeType::kCa)
    {
        return tl::unexpected("'" + std::string(name) + "' is a " +
                              ToString((*node)->GetNodeType()) + ", not a channel adapter");
    }
    return DynamicCast<IbHca>(*node);
}

tl::expected<Ptr<IbPort>, std::string> IbFabricContainer::FindPort(std::string_view name) const
{
    std::string_view nodeName = name;
    unsigned number = 1;
    // A description may contain brackets: only a number in brackets at the end is a port.
    const std::size_t open = name.rfind('[');
    if (open != std::string_view::npos && name.ends_with(']'))
    {
        const char* first = name.data() + open + 1;
        const char* last = name.data() + name.size() - 1;
        const auto [end, error] = std::from_chars(first, last, number);
        if (error == std::errc{} && end == last)
        {
            nodeName = name.substr(0, open);
        }
    }
    const auto node = Find(nodeName);
    if (!node)
    {
        return tl::unexpected(node.error());
    }
    if (!(*node)->HasPort(number))
    {
        return tl::unexpected("'" + std::string(nodeName) + "' has no port " +
                              std::to_string(number) + ", only 1 to " +
                              std::to_string((*node)->GetNPorts()));
    }
    return Ptr<IbPort>(&(*node)->GetPort(static_cast<std::uint8_t>(number)));
}

} // namespace ns3
