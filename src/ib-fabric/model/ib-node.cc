// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/ib-node.h"

#include "ib-fabric/model/ib-mad-service.h"
#include "ib-fabric/model/pma.h"
#include "ib-fabric/model/sma.h"
#include "ib-fabric/model/smi.h"

#include <ns3/abort.h>
#include <ns3/log.h>
#include <ns3/simulator.h>
#include <ns3/uinteger.h>

#include <utility>

namespace ns3
{

NS_LOG_COMPONENT_DEFINE("IbNode");

NS_OBJECT_ENSURE_REGISTERED(IbNode);

namespace
{

constexpr std::uint32_t kSmiQpn = 0;
constexpr std::uint32_t kGsiQpn = 1;
constexpr std::uint16_t kDefaultPkey = 0xffff;

} // namespace

TypeId IbNode::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::IbNode")
            .SetParent<Object>()
            .SetGroupName("InfiniBand")
            .AddAttribute("SmpProcessingTime",
                          "What the subnet management agent needs for one SMP.",
                          TimeValue(MicroSeconds(2)),
                          MakeTimeAccessor(&IbNode::m_smpProcessingTime),
                          MakeTimeChecker(Seconds(0)))
            .AddAttribute("LoopbackLatency",
                          "From a port to itself, for packets to its own LID.",
                          TimeValue(NanoSeconds(100)),
                          MakeTimeAccessor(&IbNode::m_loopbackLatency),
                          MakeTimeChecker(Seconds(0)))
            .AddAttribute("MtuCap",
                          "Largest MTU of the ports in octets: 256, 512, 1024, 2048 or 4096.",
                          UintegerValue(4096),
                          MakeUintegerAccessor(&IbNode::m_mtuCap),
                          MakeUintegerChecker<std::uint32_t>(256, 4096))
            .AddAttribute("VlCap",
                          "PortInfo.VLCap: 1 = VL0, 2 = VL0-1, 3 = VL0-3, 4 = VL0-7, 5 = VL0-14.",
                          UintegerValue(4),
                          MakeUintegerAccessor(&IbNode::m_vlCap),
                          MakeUintegerChecker<std::uint8_t>(1, 5))
            .AddAttribute("PkeyTableSize",
                          "Entries of the P_Key table of each end port.",
                          UintegerValue(32),
                          MakeUintegerAccessor(&IbNode::m_pkeyTableSize),
                          MakeUintegerChecker<std::uint16_t>(1, 0xffff));
    return tid;
}

IbNode::IbNode() = default;
IbNode::~IbNode() = default;

void IbNode::DoDispose()
{
    for (const Ptr<IbMadService>& service : m_madServices)
    {
        if (service)
        {
            service->Dispose();
        }
    }
    m_madServices.clear();
    m_pmas.clear();
    m_smi.reset();
    m_sma.reset();
    m_ports.clear();
    Object::DoDispose();
}

void IbNode::SetIngress(Time latency, bool cutThrough)
{
    m_ingressLatencyPs = latency.GetPicoSeconds();
    m_cutThrough = cutThrough;
}

void IbNode::Setup(Ptr<Node> node, const TopologyNode& description, std::uint32_t ordinal)
{
    NS_ABORT_MSG_IF(!m_ports.empty(), GetName() << " is set up already");
    NS_ABORT_MSG_IF(description.NumPorts() == 0, description.id << " has no ports");
    NS_ABORT_MSG_IF(ibwire::MtuBytes(ibwire::MtuFromBytes(m_mtuCap)) != m_mtuCap,
                    "MtuCap is " << m_mtuCap << ", not 256, 512, 1024, 2048 or 4096");
    m_description = description;
    m_ordinal = ordinal;
    m_context = node->GetId();
    m_sma = std::make_unique<SubnetManagementAgent>(*this);
    m_smi = std::make_unique<SubnetManagementInterface>(*this);
    const bool isSwitch = description.type == IbNodeType::kSwitch;
    const std::size_t count = description.ports.size();
    m_ports.resize(count);
    m_madServices.resize(isSwitch ? 1 : count);
    for (std::size_t number = isSwitch ? 0 : 1; number < count; ++number)
    {
        m_ports[number] = CreatePort(node, static_cast<std::uint8_t>(number));
    }
    for (std::size_t number = isSwitch ? 0 : 1; number < m_madServices.size(); ++number)
    {
        m_madServices[number] = CreateObject<IbMadService>();
        m_madServices[number]->Attach(this, PeekPointer(m_ports[number]));
        m_pmas.push_back(std::make_unique<PerformanceAgent>(*this, m_madServices[number]));
    }
}

Ptr<IbPort> IbNode::CreatePort(Ptr<Node> node, std::uint8_t number)
{
    Ptr<IbPort> port = CreateObject<IbPort>();
    port->SetOwner(this, number);
    const bool isSwitch = m_description.type == IbNodeType::kSwitch;
    const bool isEndPort = isSwitch == (number == 0);
    ibwire::PortInfo& info = port->GetInfo();
    info.mtuCap = ibwire::MtuFromBytes(m_mtuCap);
    info.neighborMtu = info.mtuCap;
    info.vlCap = m_vlCap;
    info.operationalVls = 1;
    info.vlArbitrationHighCap = 8;
    info.vlArbitrationLowCap = 8;
    info.linkDownDefaultState = ibwire::PortPhysState::kPolling;
    info.portPhysicalState = ibwire::PortPhysState::kPolling;
    info.portState = ibwire::PortState::kDown;
    info.linkWidthActive = ibwire::LinkWidth::k4x;
    info.gidPrefix = ibwire::kDefaultGidPrefix;
    info.respTimeValue = 16;
    info.subnetTimeOut = 18;
    if (isEndPort)
    {
        info.guidCap = 8;
        info.capabilityMask = ibwire::kCapSystemImageGuid | ibwire::kCapExtendedSpeeds;
        port->GetGuids().front() = m_description.ports[number].guid;
        port->GetPkeys().resize(m_pkeyTableSize);
        port->GetPkeys().front() = kDefaultPkey;
    }
    if (isSwitch && number == 0)
    {
        // It has no cable: always up.
        info.portPhysicalState = ibwire::PortPhysState::kLinkUp;
        info.portState = ibwire::PortState::kActive;
    }
    node->AddDevice(port);
    return port;
}

IbNodeType IbNode::GetNodeType() const
{
    return m_description.type;
}

std::uint64_t IbNode::GetGuid() const
{
    return m_description.guid;
}

const TopologyNode& IbNode::GetDescription() const
{
    return m_description;
}

const std::string& IbNode::GetName() const
{
    return m_description.id;
}

std::uint32_t IbNode::GetOrdinal() const
{
    return m_ordinal;
}

std::uint8_t IbNode::GetNPorts() const
{
    return m_description.NumPorts();
}

bool IbNode::HasPort(std::uint32_t number) const
{
    return number < m_ports.size() && m_ports[number];
}

IbPort& IbNode::GetPort(std::uint8_t number) const
{
    NS_ABORT_MSG_IF(!HasPort(number),
                    GetName() << " has no port " << static_cast<unsigned>(number));
    return *m_ports[number];
}

IbPort& IbNode::GetEndPort(std::uint8_t number) const
{
    return GetPort(m_description.type == IbNodeType::kSwitch ? 0 : number);
}

Ptr<IbMadService> IbNode::GetMadService(std::uint8_t number) const
{
    const std::uint8_t endPort = m_description.type == IbNodeType::kSwitch ? 0 : number;
    NS_ABORT_MSG_IF(endPort >= m_madServices.size() || !m_madServices[endPort],
                    GetName() << " has no port " << static_cast<unsigned>(number));
    return m_madServices[endPort];
}

void IbNode::PortStateChanged(IbPort&)
{
}

void IbNode::DeliverLocal(IbPort& endPort, IbPort& ingress, Ptr<IbPacket> packet)
{
    // Raw packets have no BTH, and each header must be there before it is looked at.
    const bool hasBth = (packet->Peek()[1] & 2) != 0;
    constexpr std::uint32_t kTrailer = IbPacket::kIcrcBytes + IbPacket::kVcrcBytes;
    if (!hasBth || packet->GetSize() < packet->GetBthOffset() + IbPacket::kBthBytes + kTrailer)
    {
        ingress.Drop(std::move(packet), IbDropReason::kMalformed);
        return;
    }
    const std::uint32_t qpn = packet->GetDestQp();
    if (packet->IsSmp() != (qpn == kSmiQpn))
    {
        ingress.Drop(std::move(packet), IbDropReason::kMalformed);
        return;
    }
    switch (qpn)
    {
    case kSmiQpn:
        m_smi->ReceiveLidRouted(endPort, ingress, std::move(packet));
        break;
    case kGsiQpn:
        GetMadService(endPort.GetNumber())->Receive(std::move(packet));
        break;
    default:
        DeliverToQueuePair(endPort, std::move(packet));
        break;
    }
}

void IbNode::DeliverToQueuePair(IbPort& endPort, Ptr<IbPacket> packet)
{
    endPort.Drop(std::move(packet), IbDropReason::kNoQueuePair);
}

void IbNode::ScheduleLoopback(IbPort& endPort, Ptr<IbPacket> packet)
{
    const Ptr<IbPort> port(&endPort);
    if (packet->onSent)
    {
        Simulator::Schedule(m_loopbackLatency,
                            [onSent = std::exchange(packet->onSent, nullptr)]() { onSent(true); });
    }
    Simulator::Schedule(m_loopbackLatency,
                        [node = Ptr<IbNode>(this), port, packet]()
                        { node->DeliverLocal(*port, *port, packet); });
}

} // namespace ns3
