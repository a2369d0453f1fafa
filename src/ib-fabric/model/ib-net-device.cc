// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/ib-net-device.h"

#include "ib-fabric/model/ib-link.h"

#include <ns3/ipv4-address.h>
#include <ns3/ipv6-address.h>
#include <ns3/log.h>
#include <ns3/packet.h>

namespace ns3
{

NS_LOG_COMPONENT_DEFINE("IbNetDevice");

NS_OBJECT_ENSURE_REGISTERED(IbNetDevice);

TypeId IbNetDevice::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::IbNetDevice").SetParent<NetDevice>().SetGroupName("InfiniBand");
    return tid;
}

void IbNetDevice::DoDispose()
{
    m_link = nullptr;
    m_ns3Node = nullptr;
    NetDevice::DoDispose();
}

void IbNetDevice::SetLink(Ptr<IbLink> link)
{
    m_link = link;
}

Ptr<IbLink> IbNetDevice::GetLink() const
{
    return m_link;
}

void IbNetDevice::NotifyLinkChange()
{
    m_linkChangeCallbacks();
}

void IbNetDevice::SetIfIndex(const uint32_t index)
{
    m_ifIndex = index;
}

uint32_t IbNetDevice::GetIfIndex() const
{
    return m_ifIndex;
}

Ptr<Channel> IbNetDevice::GetChannel() const
{
    return m_link;
}

void IbNetDevice::SetAddress(Address address)
{
    m_address = address;
}

Address IbNetDevice::GetAddress() const
{
    return m_address;
}

void IbNetDevice::AddLinkChangeCallback(Callback<void> callback)
{
    m_linkChangeCallbacks.ConnectWithoutContext(callback);
}

bool IbNetDevice::IsBroadcast() const
{
    return false;
}

Address IbNetDevice::GetBroadcast() const
{
    return Address();
}

bool IbNetDevice::IsMulticast() const
{
    return false;
}

Address IbNetDevice::GetMulticast(Ipv4Address) const
{
    return Address();
}

Address IbNetDevice::GetMulticast(Ipv6Address) const
{
    return Address();
}

bool IbNetDevice::IsBridge() const
{
    return false;
}

bool IbNetDevice::IsPointToPoint() const
{
    return true;
}

bool IbNetDevice::Send(Ptr<Packet> packet, const Address& dest, uint16_t protocolNumber)
{
    NS_LOG_WARN("an InfiniBand port carries no ns3::Packet ("
                << packet->GetSize() << " bytes to " << dest << ", protocol " << protocolNumber
                << ")");
    return false;
}

bool IbNetDevice::SendFrom(Ptr<Packet> packet,
                           const Address&,
                           const Address& dest,
                           uint16_t protocolNumber)
{
    return Send(packet, dest, protocolNumber);
}

Ptr<Node> IbNetDevice::GetNode() const
{
    return m_ns3Node;
}

void IbNetDevice::SetNode(Ptr<Node> node)
{
    m_ns3Node = node;
}

bool IbNetDevice::NeedsArp() const
{
    return false;
}

void IbNetDevice::SetReceiveCallback(ReceiveCallback)
{
    // Nothing arrives here as an ns3::Packet.
}

void IbNetDevice::SetPromiscReceiveCallback(PromiscReceiveCallback)
{
    // Nothing arrives here as an ns3::Packet.
}

bool IbNetDevice::SupportsSendFrom() const
{
    return false;
}

} // namespace ns3
