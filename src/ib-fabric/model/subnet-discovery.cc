// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/subnet-discovery.h"

#include <ns3/log.h>

#include <utility>

namespace ns3
{

NS_LOG_COMPONENT_DEFINE("IbSubnetDiscovery");

using ibwire::MadStatus;
using ibwire::SmAttribute;

namespace
{

template <ibwire::Message A>
A ReadAttribute(SmpTransactor::Data data)
{
    return ibwire::Unpack<A>(data.first<A::kBytes>());
}

} // namespace

SubnetDiscovery::SubnetDiscovery(SmpTransactor& transactor, SubnetDatabase& database)
    : m_transactor(transactor),
      m_database(database)
{
}

void SubnetDiscovery::Start()
{
    Explore({}, SubnetPort::kNoNode, 0);
}

void SubnetDiscovery::Explore(DirectedPath path, std::uint32_t fromNode, std::uint8_t fromPort)
{
    SmpTransactor::Request request;
    request.attribute = SmAttribute::kNodeInfo;
    request.path = path;
    request.handler = [this, path, fromNode, fromPort](MadStatus status, SmpTransactor::Data data)
    {
        if (status == MadStatus::kSuccess)
        {
            NodeFound(ReadAttribute<ibwire::NodeInfo>(data), path, fromNode, fromPort);
        }
    };
    m_transactor.Submit(std::move(request));
}

void SubnetDiscovery::Join(std::uint32_t nodeA,
                           std::uint8_t portA,
                           std::uint32_t nodeB,
                           std::uint8_t portB)
{
    SubnetPort& a = m_database.nodes[nodeA].ports[portA];
    SubnetPort& b = m_database.nodes[nodeB].ports[portB];
    a.peerNode = nodeB;
    a.peerPort = portB;
    b.peerNode = nodeA;
    b.peerPort = portA;
}

void SubnetDiscovery::NodeFound(const ibwire::NodeInfo& info,
                                const DirectedPath& path,
                                std::uint32_t fromNode,
                                std::uint8_t fromPort)
{
    const bool isSwitch = info.nodeType == ibwire::NodeType::kSwitch;
    const auto known = m_database.FindNode(info.nodeGuid);
    if (info.localPortNum > info.numPorts || info.numPorts == 255 ||
        (known && info.localPortNum >= m_database.nodes[*known].ports.size()))
    {
        NS_LOG_WARN("a NodeInfo that contradicts itself, " << path.size() << " hops away");
        return;
    }
    std::uint32_t index = 0;
    if (known)
    {
        index = *known;
    }
    else
    {
        SubnetNode node;
        node.info = info;
        node.path = path;
        node.ports.resize(std::size_t{info.numPorts} + 1);
        index = m_database.AddNode(std::move(node));
        ReadNode(index);
    }
    // An end port is managed by the path that ends in it.
    SubnetPort& endPort = m_database.nodes[index].ports[isSwitch ? 0 : info.localPortNum];
    if (endPort.guid == 0)
    {
        endPort.guid = info.portGuid;
        endPort.path = path;
        if (!isSwitch)
        {
            ReadPort(index, info.localPortNum, path);
        }
    }
    if (fromNode != SubnetPort::kNoNode)
    {
        Join(fromNode, fromPort, index, info.localPortNum);
    }
}

void SubnetDiscovery::ReadNode(std::uint32_t index)
{
    const SubnetNode& node = m_database.nodes[index];
    SmpTransactor::Request request;
    request.attribute = SmAttribute::kNodeDescription;
    request.path = node.path;
    request.handler = [this, index](MadStatus status, SmpTransactor::Data data)
    {
        if (status == MadStatus::kSuccess)
        {
            m_database.nodes[index].description =
                ReadAttribute<ibwire::NodeDescription>(data).String();
        }
    };
    m_transactor.Submit(std::move(request));
    if (!node.IsSwitch())
    {
        return;
    }
    request = {};
    request.attribute = SmAttribute::kSwitchInfo;
    request.path = node.path;
    request.handler = [this, index](MadStatus status, SmpTransactor::Data data)
    {
        if (status == MadStatus::kSuccess)
        {
            m_database.nodes[index].switchInfo = ReadAttribute<ibwire::SwitchInfo>(data);
        }
    };
    m_transactor.Submit(std::move(request));
    for (unsigned port = 0; port <= node.info.numPorts; ++port)
    {
        ReadPort(index, static_cast<std::uint8_t>(port), node.path);
    }
}

void SubnetDiscovery::ReadPort(std::uint32_t index, std::uint8_t port, const DirectedPath& path)
{
    SmpTransactor::Request request;
    request.attribute = SmAttribute::kPortInfo;
    request.modifier = port;
    request.path = path;
    request.handler = [this, index, port](MadStatus status, SmpTransactor::Data data)
    {
        if (status == MadStatus::kSuccess)
        {
            PortRead(index, port, ReadAttribute<ibwire::PortInfo>(data));
        }
    };
    m_transactor.Submit(std::move(request));
}

void SubnetDiscovery::PortRead(std::uint32_t index, std::uint8_t port, const ibwire::PortInfo& info)
{
    SubnetNode& node = m_database.nodes[index];
    SubnetPort& entry = node.ports[port];
    entry.known = true;
    entry.info = info;
    // Through a CA no way leads, except out of the one where the manager itself sits.
    const bool leadsOn = node.IsSwitch() ? port != 0 : node.path.empty();
    const bool up = info.portPhysicalState == ibwire::PortPhysState::kLinkUp &&
                    info.portState != ibwire::PortState::kDown;
    if (!leadsOn || !up || entry.HasPeer() || node.path.size() + 2 > ibwire::kSmpPathEntries)
    {
        return;
    }
    DirectedPath path = node.path;
    path.push_back(port);
    Explore(std::move(path), index, port);
}

} // namespace ns3
