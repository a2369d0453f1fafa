// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/smi.h"

#include "ib-fabric/model/ib-node.h"
#include "ib-fabric/model/ib-port.h"
#include "ib-fabric/model/packet-builder.h"
#include "ib-fabric/model/sma.h"

#include <ns3/abort.h>
#include <ns3/log.h>
#include <ns3/simulator.h>

#include <algorithm>
#include <utility>

namespace ns3
{

NS_LOG_COMPONENT_DEFINE("IbSmi");

using ibwire::DirectedSmp;
using ibwire::MadMethod;

namespace
{

// SMPs carry no GRH: the MAD always begins behind LRH, BTH and DETH.
constexpr std::uint32_t kMadOffset =
    IbPacket::kLrhBytes + IbPacket::kBthBytes + IbPacket::kDethBytes;
constexpr std::uint32_t kSmpPacketBytes =
    kMadOffset + 256 + IbPacket::kIcrcBytes + IbPacket::kVcrcBytes;
constexpr std::int64_t kPsPerNs = 1000;

using MadView = std::span<std::uint8_t, 256>;

MadView Mad(IbPacket& packet)
{
    return MadView(packet.Modify() + kMadOffset, 256);
}

bool IsSmpPacket(const IbPacket& packet)
{
    return packet.GetSize() == kSmpPacketBytes && !packet.HasGrh() && packet.GetDestQp() == 0 &&
           packet.GetOpcode() == static_cast<std::uint8_t>(ibwire::OpCode::kUdSendOnly);
}

Ptr<IbPacket> BuildSmp(std::uint16_t slid, std::uint16_t dlid, const ibwire::MadBytes& mad)
{
    IbPacketHeaders headers;
    headers.slid = slid;
    headers.dlid = dlid;
    headers.vl = VlQueue::kManagementVl;
    headers.bth.opCode = ibwire::OpCode::kUdSendOnly;
    headers.bth.pkey = 0xffff;
    headers.deth.emplace();
    return BuildPacket(headers, mad);
}

} // namespace

SubnetManagementInterface::SubnetManagementInterface(IbNode& node)
    : m_node(node)
{
}

void SubnetManagementInterface::SetManager(std::uint8_t port, SmpHandler handler)
{
    auto& info = m_node.GetEndPort(port).GetInfo();
    if (handler)
    {
        info.capabilityMask |= ibwire::kCapIsSm;
        m_managers[port] = std::move(handler);
    }
    else
    {
        info.capabilityMask &= ~static_cast<std::uint32_t>(ibwire::kCapIsSm);
        m_managers.erase(port);
    }
}

bool SubnetManagementInterface::HasManager(std::uint8_t port) const
{
    return m_managers.contains(port);
}

void SubnetManagementInterface::SendDirected(std::uint8_t port, const ibwire::MadBytes& mad)
{
    Forward(nullptr, port, BuildSmp(ibwire::kPermissiveLid, ibwire::kPermissiveLid, mad));
}

void SubnetManagementInterface::SendLidRouted(std::uint8_t port,
                                              std::uint16_t dlid,
                                              const ibwire::MadBytes& mad)
{
    IbPort& endPort = m_node.GetEndPort(port);
    m_node.SendRouted(endPort, BuildSmp(endPort.GetLid(), dlid, mad));
}

void SubnetManagementInterface::ReceiveDirected(IbPort& ingress, Ptr<IbPacket> packet)
{
    if (!IsSmpPacket(*packet) || packet->Peek()[kMadOffset + 1] !=
                                     static_cast<std::uint8_t>(ibwire::MgmtClass::kSubnDirected))
    {
        ingress.Drop(packet, IbDropReason::kMalformed);
        return;
    }
    Forward(&ingress, m_node.GetEndPort(ingress.GetNumber()).GetNumber(), std::move(packet));
}

void SubnetManagementInterface::Forward(IbPort* ingress, std::uint8_t origin, Ptr<IbPacket> packet)
{
    const MadView mad = Mad(*packet);
    const bool purelyDirected = ibwire::Get<&DirectedSmp::drSlid>(mad) == ibwire::kPermissiveLid &&
                                ibwire::Get<&DirectedSmp::drDlid>(mad) == ibwire::kPermissiveLid;
    if (!purelyDirected || ibwire::Get<&DirectedSmp::hopCount>(mad) >= ibwire::kSmpPathEntries)
    {
        Discard(ingress, origin, std::move(packet));
    }
    else if (ibwire::Get<&DirectedSmp::direction>(mad))
    {
        ForwardResponse(ingress, origin, std::move(packet));
    }
    else
    {
        ForwardRequest(ingress, origin, std::move(packet));
    }
}

void SubnetManagementInterface::ForwardRequest(IbPort* ingress,
                                               std::uint8_t origin,
                                               Ptr<IbPacket> packet)
{
    constexpr std::size_t kInitialPath = 128;
    constexpr std::size_t kReturnPath = 192;
    const MadView mad = Mad(*packet);
    const std::uint8_t pointer = ibwire::Get<&DirectedSmp::hopPointer>(mad);
    const std::uint8_t count = ibwire::Get<&DirectedSmp::hopCount>(mad);
    // Only where it begins is the pointer 0, and there it must be.
    if (pointer > count || (pointer == 0) != (ingress == nullptr))
    {
        Discard(ingress, origin, std::move(packet));
        return;
    }
    if (ingress != nullptr)
    {
        mad[kReturnPath + pointer] = ingress->GetNumber();
    }
    ibwire::Set<&DirectedSmp::hopPointer>(mad, static_cast<std::uint8_t>(pointer + 1));
    if (pointer == count)
    {
        Arrive(ingress ? *ingress : m_node.GetEndPort(origin), origin, std::move(packet));
        return;
    }
    Emit(mad[kInitialPath + pointer + 1], ingress, origin, std::move(packet));
}

void SubnetManagementInterface::ForwardResponse(IbPort* ingress,
                                                std::uint8_t origin,
                                                Ptr<IbPacket> packet)
{
    constexpr std::size_t kReturnPath = 192;
    const MadView mad = Mad(*packet);
    const std::uint8_t pointer = ibwire::Get<&DirectedSmp::hopPointer>(mad);
    const std::uint8_t count = ibwire::Get<&DirectedSmp::hopCount>(mad);
    // It begins one behind the last hop, and that is the only place where nothing brought it.
    if (pointer == 0 || pointer > count + 1 || (pointer == count + 1) != (ingress == nullptr))
    {
        Discard(ingress, origin, std::move(packet));
        return;
    }
    ibwire::Set<&DirectedSmp::hopPointer>(mad, static_cast<std::uint8_t>(pointer - 1));
    if (pointer == 1)
    {
        Arrive(ingress ? *ingress : m_node.GetEndPort(origin), origin, std::move(packet));
        return;
    }
    Emit(mad[kReturnPath + pointer - 1], ingress, origin, std::move(packet));
}

void SubnetManagementInterface::Emit(std::uint8_t out,
                                     IbPort* ingress,
                                     std::uint8_t origin,
                                     Ptr<IbPacket> packet)
{
    // What comes through one port and leaves by another needs a switch in between.
    const bool passesThrough = ingress != nullptr;
    if (out == 0 || !m_node.HasPort(out) ||
        (passesThrough && m_node.GetNodeType() != IbNodeType::kSwitch))
    {
        Discard(ingress, origin, std::move(packet));
        return;
    }
    m_node.GetPort(out).Transmit(std::move(packet));
}

void SubnetManagementInterface::Discard(IbPort* ingress, std::uint8_t origin, Ptr<IbPacket> packet)
{
    IbPort& port = ingress ? *ingress : m_node.GetEndPort(origin);
    port.Drop(std::move(packet), IbDropReason::kDirectedRoute);
}

bool SubnetManagementInterface::IsForManager(const std::uint8_t* mad, std::uint8_t endPort) const
{
    const MadMethod method{mad[3]};
    const std::uint16_t attribute = static_cast<std::uint16_t>(mad[16] << 8 | mad[17]);
    return ibwire::IsResponse(method) || method == MadMethod::kTrap ||
           (attribute == static_cast<std::uint16_t>(ibwire::SmAttribute::kSmInfo) &&
            HasManager(endPort));
}

void SubnetManagementInterface::Arrive(IbPort& ingress, std::uint8_t endPort, Ptr<IbPacket> packet)
{
    if (!IsForManager(packet->Peek() + kMadOffset, endPort))
    {
        ProcessAndAnswer(&ingress, endPort, std::move(packet));
        return;
    }
    const auto it = m_managers.find(endPort);
    if (it == m_managers.end())
    {
        ingress.Drop(std::move(packet), IbDropReason::kNoAgent);
        return;
    }
    const SmpHandler handler = it->second; // it may leave during the call
    handler({packet->PeekMad(kMadOffset), packet->GetSlid(), endPort});
}

void SubnetManagementInterface::ReceiveLidRouted(IbPort& endPort,
                                                 IbPort& ingress,
                                                 Ptr<IbPacket> packet)
{
    if (!IsSmpPacket(*packet) || packet->Peek()[kMadOffset + 1] !=
                                     static_cast<std::uint8_t>(ibwire::MgmtClass::kSubnLidRouted))
    {
        ingress.Drop(std::move(packet), IbDropReason::kMalformed);
        return;
    }
    Arrive(ingress, endPort.GetNumber(), std::move(packet));
}

void SubnetManagementInterface::ProcessAndAnswer(IbPort* ingress,
                                                 std::uint8_t endPort,
                                                 Ptr<IbPacket> packet)
{
    // The agent begins when it has the whole packet and has done with the one before.
    const std::int64_t nowPs = Simulator::Now().GetPicoSeconds();
    const std::int64_t beginPs = std::max({nowPs, packet->tailPs, m_agentFreePs});
    m_agentFreePs = beginPs + m_node.GetSmpProcessingTime().GetPicoSeconds();
    const std::int64_t delayNs = (m_agentFreePs - nowPs + kPsPerNs - 1) / kPsPerNs;
    Simulator::Schedule(NanoSeconds(delayNs),
                        [this, ingress, endPort, packet]()
                        {
                            const MadView mad = Mad(*packet);
                            if (!m_node.GetSma().Process(*ingress, m_node.GetEndPort(endPort), mad))
                            {
                                return;
                            }
                            packet->tailPs = 0;
                            packet->hops = 0;
                            if (packet->GetDlid() == ibwire::kPermissiveLid)
                            {
                                ibwire::Set<&DirectedSmp::direction>(mad, true);
                                Forward(nullptr, endPort, packet);
                                return;
                            }
                            // The answer goes back to where the request came from, from the LID
                            // that it was sent to.
                            std::uint8_t* lrh = packet->Modify();
                            std::swap_ranges(lrh + 2, lrh + 4, lrh + 6);
                            m_node.SendRouted(m_node.GetEndPort(endPort), packet);
                        });
}

} // namespace ns3
