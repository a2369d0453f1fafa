// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/helper/ib-fabric-helper.h"

#include <ns3/abort.h>
#include <ns3/simulator.h>

#include <algorithm>

namespace ns3
{

namespace
{

void RecordTransmit(Ptr<IbPcapFile> file, bool originOnly, Ptr<const IbPacket> packet)
{
    if (!originOnly || packet->hops == 0)
    {
        file->Write(Simulator::Now(), *packet);
    }
}

void RecordReceive(Ptr<IbPcapFile> file, Ptr<const IbPacket> packet)
{
    file->Write(Simulator::Now(), *packet);
}

void TraceTransmit(IbPort& port, Ptr<IbPcapFile> file, bool originOnly)
{
    port.TraceConnectWithoutContext("Transmit",
                                    MakeBoundCallback(&RecordTransmit, file, originOnly));
}

} // namespace

IbFabricHelper::IbFabricHelper()
{
    m_switchFactory.SetTypeId("ns3::IbSwitch");
    m_hcaFactory.SetTypeId("ns3::IbHca");
    m_linkFactory.SetTypeId("ns3::IbLink");
    m_subnetManagerFactory.SetTypeId("ns3::SubnetManager");
}

void IbFabricHelper::SetSwitchAttribute(const std::string& name, const AttributeValue& value)
{
    m_switchFactory.Set(name, value);
}

void IbFabricHelper::SetHcaAttribute(const std::string& name, const AttributeValue& value)
{
    m_hcaFactory.Set(name, value);
}

void IbFabricHelper::SetLinkAttribute(const std::string& name, const AttributeValue& value)
{
    m_linkFactory.Set(name, value);
}

void IbFabricHelper::SetSubnetManagerAttribute(const std::string& name, const AttributeValue& value)
{
    m_subnetManagerFactory.Set(name, value);
}

void IbFabricHelper::SetPresetLids(bool preset)
{
    m_presetLids = preset;
}

IbFabricContainer IbFabricHelper::Install(const Topology& topology) const
{
    IbFabricContainer fabric;
    fabric.m_topology = topology;
    fabric.m_nodes.Create(static_cast<std::uint32_t>(topology.nodes.size()));
    for (std::uint32_t i = 0; i < topology.nodes.size(); ++i)
    {
        const TopologyNode& description = topology.nodes[i];
        const bool isSwitch = description.type == IbNodeType::kSwitch;
        const ObjectFactory& factory = isSwitch ? m_switchFactory : m_hcaFactory;
        Ptr<IbNode> node = factory.Create<IbNode>();
        node->Setup(fabric.m_nodes.Get(i), description, i);
        fabric.m_nodes.Get(i)->AggregateObject(node);
        for (std::uint8_t port = isSwitch ? 0 : 1; m_presetLids && node->HasPort(port); ++port)
        {
            node->GetPort(port).GetInfo().lid = description.ports[port].lid;
        }
        fabric.m_ibNodes.push_back(node);
    }
    for (const TopologyLink& link : topology.links)
    {
        NS_ABORT_MSG_IF(std::max(link.a.node, link.b.node) >= topology.nodes.size(),
                        "a link to a node that the topology does not have");
        Ptr<IbLink> cable = m_linkFactory.Create<IbLink>();
        cable->Connect(Ptr<IbPort>(&fabric.m_ibNodes[link.a.node]->GetPort(link.a.port)),
                       Ptr<IbPort>(&fabric.m_ibNodes[link.b.node]->GetPort(link.b.port)),
                       link.rate);
        fabric.m_links.push_back(cable);
    }
    return fabric;
}

tl::expected<Ptr<SubnetManager>, std::string> IbFabricHelper::InstallSubnetManager(
    const IbFabricContainer& fabric,
    const std::string& port) const
{
    const auto found = fabric.FindPort(port);
    if (!found)
    {
        return tl::unexpected(found.error());
    }
    Ptr<IbNode> node(&(*found)->GetOwner());
    Ptr<SubnetManager> manager = m_subnetManagerFactory.Create<SubnetManager>();
    manager->Install(node, (*found)->GetNumber());
    node->AggregateObject(manager);
    return manager;
}

tl::expected<Ptr<IbPcapFile>, std::string> IbFabricHelper::EnablePcap(
    const std::string& path,
    const IbFabricContainer& fabric,
    PcapScope scope,
    std::uint32_t snapLength)
{
    auto file = IbPcapFile::Create(path, snapLength);
    if (!file)
    {
        return file;
    }
    for (std::uint32_t i = 0; i < fabric.GetN(); ++i)
    {
        const Ptr<IbNode> node = fabric.Get(i);
        for (unsigned port = 1; port <= node->GetNPorts(); ++port)
        {
            TraceTransmit(
                node->GetPort(static_cast<std::uint8_t>(port)), *file, scope == PcapScope::kOrigin);
        }
    }
    return file;
}

tl::expected<Ptr<IbPcapFile>, std::string> IbFabricHelper::EnablePcap(
    const std::string& path,
    const std::vector<Ptr<IbPort>>& ports,
    std::uint32_t snapLength)
{
    auto file = IbPcapFile::Create(path, snapLength);
    if (!file)
    {
        return file;
    }
    for (const Ptr<IbPort>& port : ports)
    {
        TraceTransmit(*port, *file, false);
        const bool peerRecords =
            std::any_of(ports.begin(),
                        ports.end(),
                        [&](const auto& other) { return PeekPointer(other) == port->GetPeer(); });
        if (!peerRecords)
        {
            port->TraceConnectWithoutContext("Receive", MakeBoundCallback(&RecordReceive, *file));
        }
    }
    return file;
}

} // namespace ns3
