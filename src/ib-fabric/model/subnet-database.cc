// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/subnet-database.h"

#include "ib-fabric/model/link-rate.h"

#include <algorithm>

namespace ns3
{

namespace
{

constexpr std::uint32_t kMaxHops = 64;

IbLinkSpeed SpeedOf(const ibwire::PortInfo& info)
{
    switch (info.linkSpeedExtActive)
    {
    case ibwire::LinkSpeedExt::kFdr:
        return IbLinkSpeed::kFdr;
    case ibwire::LinkSpeedExt::kEdr:
        return IbLinkSpeed::kEdr;
    case ibwire::LinkSpeedExt::kHdr:
        return IbLinkSpeed::kHdr;
    case ibwire::LinkSpeedExt::kNdr:
        return IbLinkSpeed::kNdr;
    default:
        break;
    }
    switch (info.linkSpeedActive)
    {
    case ibwire::LinkSpeed::kDdr:
        return IbLinkSpeed::kDdr;
    case ibwire::LinkSpeed::kQdr:
        return IbLinkSpeed::kQdr;
    default:
        return IbLinkSpeed::kSdr;
    }
}

} // namespace

std::uint8_t RateCodeOf(const ibwire::PortInfo& info)
{
    const IbLinkRate rate{static_cast<IbLinkWidth>(info.linkWidthActive), SpeedOf(info)};
    return SaRateCode(rate);
}

void SubnetDatabase::Clear()
{
    nodes.clear();
    m_byGuid.clear();
    m_byLid.clear();
    m_byPortGuid.clear();
}

std::optional<std::uint32_t> SubnetDatabase::FindNode(std::uint64_t guid) const
{
    const auto it = m_byGuid.find(guid);
    return it == m_byGuid.end() ? std::nullopt : std::optional(it->second);
}

std::uint32_t SubnetDatabase::AddNode(SubnetNode node)
{
    const auto index = static_cast<std::uint32_t>(nodes.size());
    m_byGuid[node.info.nodeGuid] = index;
    nodes.push_back(std::move(node));
    return index;
}

std::vector<SubnetEndPort> SubnetDatabase::GetEndPorts() const
{
    std::vector<SubnetEndPort> endPorts;
    for (std::uint32_t i = 0; i < nodes.size(); ++i)
    {
        if (nodes[i].IsSwitch())
        {
            if (nodes[i].ports[0].known)
            {
                endPorts.push_back({i, 0});
            }
            continue;
        }
        for (std::size_t port = 1; port < nodes[i].ports.size(); ++port)
        {
            if (nodes[i].ports[port].known)
            {
                endPorts.push_back({i, static_cast<std::uint8_t>(port)});
            }
        }
    }
    return endPorts;
}

void SubnetDatabase::IndexEndPorts()
{
    m_byLid.clear();
    m_byPortGuid.clear();
    for (const SubnetEndPort at : GetEndPorts())
    {
        const SubnetPort& port = GetPort(at);
        if (port.lid != 0)
        {
            m_byLid[port.lid] = at;
            m_byPortGuid[port.guid] = at;
        }
    }
}

std::optional<SubnetEndPort> SubnetDatabase::FindLid(std::uint16_t lid) const
{
    const auto it = m_byLid.find(lid);
    return it == m_byLid.end() ? std::nullopt : std::optional(it->second);
}

std::optional<SubnetEndPort> SubnetDatabase::FindPortGuid(std::uint64_t guid) const
{
    const auto it = m_byPortGuid.find(guid);
    return it == m_byPortGuid.end() ? std::nullopt : std::optional(it->second);
}

const SubnetPort& SubnetDatabase::GetPort(SubnetEndPort at) const
{
    return nodes[at.node].ports[at.port];
}

std::optional<SubnetPathQuality> SubnetDatabase::TracePath(SubnetEndPort from,
                                                           SubnetEndPort to) const
{
    SubnetPathQuality quality;
    quality.rateCode = RateCodeOf(GetPort(from).info);
    std::uint64_t slowest = SaRateKbps(quality.rateCode);
    if (nodes[from.node].IsSwitch() || from.node == to.node)
    {
        // A loop through the port itself, or from a switch: the first cable comes below.
        slowest = from.node == to.node && from.port == to.port ? slowest : ~0ULL;
        quality.mtu = GetPort(from).info.mtuCap;
    }
    const std::uint16_t dlid = GetPort(to).lid;
    SubnetEndPort at = from;
    while (at.node != to.node || (!nodes[to.node].IsSwitch() && at.port != to.port))
    {
        const SubnetNode& node = nodes[at.node];
        const std::uint8_t out = !node.IsSwitch()         ? from.port
                                 : dlid < node.lft.size() ? node.lft[dlid]
                                                          : 255;
        const bool forwards = node.IsSwitch() || at.node == from.node;
        if (out >= node.ports.size() || !node.ports[out].HasPeer() || !forwards ||
            ++quality.links > kMaxHops)
        {
            return std::nullopt;
        }
        const SubnetPort& port = node.ports[out];
        quality.mtu = std::min(quality.mtu, port.info.neighborMtu);
        const std::uint8_t code = RateCodeOf(port.info);
        if (SaRateKbps(code) < slowest)
        {
            slowest = SaRateKbps(code);
            quality.rateCode = code;
        }
        at = {port.peerNode, port.peerPort};
    }
    return quality;
}

} // namespace ns3
