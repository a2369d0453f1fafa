// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/topology-builder.h"

#include <algorithm>
#include <charconv>

namespace ns3
{

namespace
{

TopologyError MakeError(const SourcePlace& place, std::string found, std::string expected)
{
    return TopologyError{place.file, place.line, std::move(found), std::move(expected)};
}

/** The GUID in an id such as "H-0008f10403960558", 0 if the id does not hold one. */
std::uint64_t GuidInId(const std::string& id)
{
    if (id.size() != 18 || id[1] != '-')
    {
        return 0;
    }
    std::uint64_t guid = 0;
    const char* end = id.data() + id.size();
    const auto result = std::from_chars(id.data() + 2, end, guid, 16);
    return result.ec == std::errc{} && result.ptr == end ? guid : 0;
}

} // namespace

tl::expected<std::uint32_t, TopologyError> TopologyBuilder::AddNode(TopologyNode node,
                                                                    const SourcePlace& place)
{
    if (const auto it = m_byId.find(node.id); it != m_byId.end())
    {
        return tl::unexpected(MakeError(place,
                                        "a second node \"" + node.id + "\"",
                                        "each node once (the first is in line " +
                                            std::to_string(m_places[it->second].line) + ")"));
    }
    if (node.guid == 0)
    {
        node.guid = GuidInId(node.id);
    }
    while (node.guid == 0)
    {
        m_nextGuid += 0x100; // room for the port GUIDs
        node.guid = m_byGuid.contains(m_nextGuid) ? 0 : m_nextGuid;
    }
    if (const auto it = m_byGuid.find(node.guid); it != m_byGuid.end())
    {
        return tl::unexpected(
            MakeError(place,
                      "the node GUID of \"" + m_topology.nodes[it->second].id + "\" once more",
                      "each node GUID once"));
    }
    const auto index = static_cast<std::uint32_t>(m_topology.nodes.size());
    m_byId[node.id] = index;
    m_byGuid[node.guid] = index;
    m_topology.nodes.push_back(std::move(node));
    m_places.push_back(place);
    return index;
}

TopologyNode& TopologyBuilder::GetNode(std::uint32_t index)
{
    return m_topology.nodes[index];
}

void TopologyBuilder::Warn(const SourcePlace& place, std::string text)
{
    m_topology.warnings.push_back({place.file, place.line, std::move(text)});
}

tl::expected<void, TopologyError> TopologyBuilder::AddCableEnd(CableEnd end)
{
    const TopologyNode& node = m_topology.nodes[end.local.node];
    if (end.local.port == 0 || end.local.port > node.NumPorts())
    {
        return tl::unexpected(
            MakeError(end.place,
                      "port " + std::to_string(end.local.port),
                      "a port of \"" + node.id + "\", 1 to " + std::to_string(node.NumPorts())));
    }
    if (const auto it = m_endOf.find(end.local); it != m_endOf.end())
    {
        return tl::unexpected(MakeError(end.place,
                                        "a second cable in " + EndName(end.local),
                                        "one cable a port (the first is in line " +
                                            std::to_string(m_ends[it->second].place.line) + ")"));
    }
    m_endOf[end.local] = m_ends.size();
    m_ends.push_back(std::move(end));
    return {};
}

std::string TopologyBuilder::EndName(TopologyEnd end) const
{
    return "\"" + m_topology.nodes[end.node].id + "\"[" + std::to_string(end.port) + "]";
}

tl::expected<std::uint32_t, TopologyError> TopologyBuilder::InventNode(const CableEnd& end)
{
    const std::uint64_t guid = GuidInId(end.remoteId);
    const char kind = end.remoteId.empty() ? '?' : end.remoteId.front();
    if (guid == 0 || (kind != 'H' && kind != 'S' && kind != 'R'))
    {
        return tl::unexpected(MakeError(end.place,
                                        "a cable to \"" + end.remoteId + "\"",
                                        "the id of a node that the file describes"));
    }
    TopologyNode node;
    node.type = kind == 'H'   ? IbNodeType::kCa
                : kind == 'S' ? IbNodeType::kSwitch
                              : IbNodeType::kRouter;
    node.id = end.remoteId;
    node.guid = guid;
    node.description = end.remoteDescription;
    // Nothing but its cables tells how many ports it has.
    std::uint32_t ports = 0;
    for (const CableEnd& other : m_ends)
    {
        ports = other.remoteId == end.remoteId ? std::max(ports, other.remotePort) : ports;
    }
    node.ports.resize(std::min<std::uint32_t>(ports, 254) + 1);
    if (kind == 'S')
    {
        node.ports[0].guid = guid;
    }
    Warn(end.place, "\"" + end.remoteId + "\" has no record of its own; made from its cables");
    return AddNode(std::move(node), end.place);
}

tl::expected<std::uint32_t, TopologyError> TopologyBuilder::ResolveRemote(const CableEnd& end)
{
    if (const auto it = m_byId.find(end.remoteId); it != m_byId.end())
    {
        return it->second;
    }
    return InventNode(end);
}

IbLinkRate TopologyBuilder::AgreeOnRate(const CableEnd& end, const CableEnd* other)
{
    IbLinkRate rate;
    rate.width = end.width.value_or(other && other->width ? *other->width : rate.width);
    rate.speed = end.speed.value_or(other && other->speed ? *other->speed : rate.speed);
    if (!other)
    {
        return rate;
    }
    const IbLinkRate theirs{other->width.value_or(rate.width), other->speed.value_or(rate.speed)};
    if (theirs == rate)
    {
        return rate;
    }
    const IbLinkRate slower = DataRateKbps(theirs) < DataRateKbps(rate) ? theirs : rate;
    Warn(other->place,
         EndName(end.local) + " says " + ToString(rate) + " and " + EndName(other->local) +
             " says " + ToString(theirs) + " of the same cable; " + ToString(slower) + " is used");
    return slower;
}

tl::expected<void, TopologyError> TopologyBuilder::Pair(const CableEnd& end)
{
    if (m_peer.contains(end.local))
    {
        return {};
    }
    const auto remote = ResolveRemote(end);
    if (!remote)
    {
        return tl::unexpected(remote.error());
    }
    TopologyNode& node = m_topology.nodes[*remote];
    if (end.remotePort == 0 || end.remotePort > node.NumPorts())
    {
        return tl::unexpected(
            MakeError(end.place,
                      "a cable to port " + std::to_string(end.remotePort),
                      "a port of \"" + node.id + "\", 1 to " + std::to_string(node.NumPorts())));
    }
    const TopologyEnd far{*remote, static_cast<std::uint8_t>(end.remotePort)};
    const auto it = m_endOf.find(far);
    const CableEnd* other = it == m_endOf.end() ? nullptr : &m_ends[it->second];
    const auto otherNode = other ? m_byId.find(other->remoteId) : m_byId.end();
    const bool agrees = other && otherNode != m_byId.end() && otherNode->second == end.local.node &&
                        other->remotePort == end.local.port;
    if (m_peer.contains(far) || (other && !agrees) || far == end.local)
    {
        const CableEnd* witness = other ? other : &end;
        const std::string says =
            other ? "\"" + other->remoteId + "\"[" + std::to_string(other->remotePort) + "]"
                  : "another port";
        return tl::unexpected(MakeError(witness->place,
                                        EndName(far) + " cabled to " + says,
                                        "a cable to " + EndName(end.local) + ", as line " +
                                            std::to_string(end.place.line) + " says"));
    }
    if (node.ports[far.port].guid == 0 && node.type != IbNodeType::kSwitch)
    {
        node.ports[far.port].guid = end.remotePortGuid;
    }
    if (!other)
    {
        Warn(end.place, "only " + EndName(end.local) + " knows of its cable to " + EndName(far));
    }
    m_peer[end.local] = far;
    m_peer[far] = end.local;
    m_topology.links.push_back({end.local, far, AgreeOnRate(end, other)});
    return {};
}

tl::expected<Topology, TopologyError> TopologyBuilder::Finish()
{
    for (const CableEnd& end : m_ends)
    {
        if (const auto result = Pair(end); !result)
        {
            return tl::unexpected(result.error());
        }
    }
    for (TopologyNode& node : m_topology.nodes)
    {
        if (node.type == IbNodeType::kSwitch)
        {
            node.ports[0].guid = node.ports[0].guid ? node.ports[0].guid : node.guid;
            continue;
        }
        for (std::uint32_t port = 1; port < node.ports.size(); ++port)
        {
            node.ports[port].guid =
                node.ports[port].guid ? node.ports[port].guid : node.guid + port;
        }
    }
    return std::move(m_topology);
}

} // namespace ns3
