// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/ib-switch.h"

#include "ib-fabric/model/packet-builder.h"
#include "ib-fabric/model/smi.h"

#include <ns3/log.h>
#include <ns3/uinteger.h>

#include <algorithm>
#include <utility>

namespace ns3
{

NS_LOG_COMPONENT_DEFINE("IbSwitch");

NS_OBJECT_ENSURE_REGISTERED(IbSwitch);

TypeId IbSwitch::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::IbSwitch")
            .SetParent<IbNode>()
            .SetGroupName("InfiniBand")
            .AddConstructor<IbSwitch>()
            .AddAttribute(
                "ForwardingLatency",
                "From the header of a packet at an input to the same at an idle output.",
                TimeValue(NanoSeconds(200)),
                MakeTimeAccessor(&IbSwitch::SetForwardingLatency, &IbSwitch::GetForwardingLatency),
                MakeTimeChecker(Seconds(0)))
            .AddAttribute("LinearFdbCap",
                          "Number of LIDs that the forwarding table has room for.",
                          UintegerValue(49152),
                          MakeUintegerAccessor(&IbSwitch::SetCapacity, &IbSwitch::GetCapacity),
                          MakeUintegerChecker<std::uint16_t>(kLftBlock, 49152));
    return tid;
}

IbSwitch::IbSwitch() = default;

void IbSwitch::SetForwardingLatency(Time latency)
{
    SetIngress(latency, true);
}

Time IbSwitch::GetForwardingLatency() const
{
    return PicoSeconds(GetIngressLatencyPs());
}

void IbSwitch::SetCapacity(std::uint16_t lids)
{
    m_info.linearFdbCap = lids;
}

std::uint16_t IbSwitch::GetCapacity() const
{
    return m_info.linearFdbCap;
}

const ibwire::SwitchInfo& IbSwitch::GetSwitchInfo() const
{
    return m_info;
}

bool IbSwitch::SetSwitchInfo(const ibwire::SwitchInfo& wanted)
{
    if (wanted.linearFdbTop >= m_info.linearFdbCap)
    {
        return false;
    }
    m_info.linearFdbTop = wanted.linearFdbTop;
    m_info.defaultPort = wanted.defaultPort;
    m_info.defaultMulticastPrimaryPort = wanted.defaultMulticastPrimaryPort;
    m_info.defaultMulticastNotPrimaryPort = wanted.defaultMulticastNotPrimaryPort;
    m_info.lifeTimeValue = wanted.lifeTimeValue;
    m_info.multicastFdbTop = wanted.multicastFdbTop;
    if (wanted.portStateChange)
    {
        m_info.portStateChange = false; // writing 1 clears it
    }
    return true;
}

void IbSwitch::SetLftBlock(std::uint32_t block, std::span<const std::uint8_t, kLftBlock> entries)
{
    const std::size_t first = std::size_t{block} * kLftBlock;
    if (m_lft.size() < first + kLftBlock)
    {
        m_lft.resize(first + kLftBlock, kNoRoute);
    }
    std::copy(entries.begin(), entries.end(), m_lft.begin() + static_cast<std::ptrdiff_t>(first));
}

void IbSwitch::GetLftBlock(std::uint32_t block, std::span<std::uint8_t, kLftBlock> entries) const
{
    const std::size_t first = std::size_t{block} * kLftBlock;
    for (std::size_t i = 0; i < kLftBlock; ++i)
    {
        entries[i] = first + i < m_lft.size() ? m_lft[first + i] : kNoRoute;
    }
}

void IbSwitch::PortStateChanged(IbPort&)
{
    m_info.portStateChange = true;
}

void IbSwitch::ReceiveFromPort(IbPort& port, Ptr<IbPacket> packet)
{
    const std::uint16_t dlid = packet->GetDlid();
    if (dlid == ibwire::kPermissiveLid)
    {
        GetSmi().ReceiveDirected(port, std::move(packet));
        return;
    }
    const std::uint8_t out = LookUp(dlid);
    if (out == 0)
    {
        DeliverLocal(GetPort(0), port, std::move(packet));
        return;
    }
    // Sending it back through the port that it came from would be a loop.
    if (!HasPort(out) || out == port.GetNumber())
    {
        ++port.GetCounters().rcvSwitchRelayErrors;
        port.Drop(std::move(packet), IbDropReason::kNoRoute);
        return;
    }
    IbPort& egress = GetPort(out);
    if (!packet->IsSmp())
    {
        const std::uint8_t vl = DataVl(packet->GetSl(), egress.GetInfo().operationalVls);
        if (vl != packet->GetVl())
        {
            packet->SetVl(vl);
        }
    }
    egress.Transmit(std::move(packet));
}

void IbSwitch::SendRouted(IbPort& endPort, Ptr<IbPacket> packet)
{
    if (endPort.OwnsLid(packet->GetDlid()))
    {
        ScheduleLoopback(endPort, std::move(packet));
        return;
    }
    const std::uint8_t out = LookUp(packet->GetDlid());
    if (out == 0 || !HasPort(out))
    {
        endPort.Drop(std::move(packet), IbDropReason::kNoRoute);
        return;
    }
    GetPort(out).Transmit(std::move(packet));
}

} // namespace ns3
