// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/ib-mad-service.h"

#include "ib-fabric/model/ib-node.h"
#include "ib-fabric/model/ib-port.h"
#include "ib-fabric/model/packet-builder.h"

#include <ns3/abort.h>
#include <ns3/log.h>
#include <ns3/simulator.h>
#include <ns3/trace-source-accessor.h>
#include <ns3/uinteger.h>

#include <algorithm>
#include <array>
#include <utility>

namespace ns3
{

NS_LOG_COMPONENT_DEFINE("IbMadService");

NS_OBJECT_ENSURE_REGISTERED(IbMadService);

namespace
{

constexpr std::uint32_t kGsiQpn = 1;
constexpr std::uint32_t kMax24 = 0xffffff;

/** The bit of PortInfo.CapabilityMask that says that a class is served here. */
struct ClassCapability
{
    std::uint8_t mgmtClass;
    std::uint32_t bit;
};

constexpr std::array<ClassCapability, 3> kClassCapabilities{{
    {static_cast<std::uint8_t>(ibwire::MgmtClass::kCm), ibwire::kCapCommunicationManagement},
    {static_cast<std::uint8_t>(ibwire::MgmtClass::kDevice), ibwire::kCapDeviceManagement},
    {static_cast<std::uint8_t>(ibwire::MgmtClass::kSnmp), ibwire::kCapSnmpTunneling},
}};

} // namespace

const char* ToString(IbMadStatus status)
{
    switch (status)
    {
    case IbMadStatus::kSent:
        return "sent";
    case IbMadStatus::kPortNotActive:
        return "port not active";
    case IbMadStatus::kBadPkeyIndex:
        return "no such entry in the P_Key table";
    case IbMadStatus::kBadAddress:
        return "bad address";
    case IbMadStatus::kQueueFull:
        return "send queue full";
    }
    return "unknown status";
}

const char* ToString(IbMadAgentError error)
{
    switch (error)
    {
    case IbMadAgentError::kClassTaken:
        return "another agent serves a method of this class";
    case IbMadAgentError::kBadClass:
        return "the class belongs to QP0";
    }
    return "unknown error";
}

IbMadAddress IbMadReceived::ReplyAddress() const
{
    IbMadAddress address;
    address.dlid = slid;
    address.sl = sl;
    address.srcPathBits = dlidPathBits;
    address.dqpn = sqpn;
    address.qkey = qkey;
    address.pkeyIndex = pkeyIndex;
    if (grh)
    {
        address.grh = *grh;
        std::swap(address.grh->sgid, address.grh->dgid);
    }
    return address;
}

TypeId IbMadService::GetTypeId()
{
    static TypeId tid = TypeId("ns3::IbMadService")
                            .SetParent<Object>()
                            .SetGroupName("InfiniBand")
                            .AddConstructor<IbMadService>()
                            .AddAttribute("SendQueueDepth",
                                          "Most MADs that are being sent at a time.",
                                          UintegerValue(128),
                                          MakeUintegerAccessor(&IbMadService::m_sendQueueDepth),
                                          MakeUintegerChecker<std::uint32_t>(1))
                            .AddTraceSource("Send",
                                            "A MAD is handed to the port.",
                                            MakeTraceSourceAccessor(&IbMadService::m_sendTrace),
                                            "ns3::IbMadService::MadTracedCallback")
                            .AddTraceSource("Receive",
                                            "A MAD is handed to an agent.",
                                            MakeTraceSourceAccessor(&IbMadService::m_receiveTrace),
                                            "ns3::IbMadService::MadTracedCallback");
    return tid;
}

IbMadService::IbMadService() = default;

void IbMadService::DoDispose()
{
    m_agents.clear();
    m_node = nullptr;
    m_port = nullptr;
    Object::DoDispose();
}

void IbMadService::Attach(IbNode* node, IbPort* port)
{
    m_node = node;
    m_port = port;
}

IbPort& IbMadService::GetPort() const
{
    NS_ABORT_MSG_IF(m_port == nullptr, "the MAD service has no port");
    return *m_port;
}

std::uint32_t IbMadService::GetPending() const
{
    return m_pending;
}

tl::expected<std::uint32_t, IbMadAgentError> IbMadService::RegisterAgent(const AgentInfo& info,
                                                                         ReceiveHandler handler)
{
    const ibwire::MgmtClass mgmtClass{info.mgmtClass};
    if (mgmtClass == ibwire::MgmtClass::kSubnLidRouted ||
        mgmtClass == ibwire::MgmtClass::kSubnDirected)
    {
        return tl::unexpected(IbMadAgentError::kBadClass);
    }
    for (const Agent& agent : m_agents)
    {
        if (agent.info.mgmtClass == info.mgmtClass &&
            agent.info.classVersion == info.classVersion &&
            (agent.info.methods & info.methods) != 0)
        {
            return tl::unexpected(IbMadAgentError::kClassTaken);
        }
    }
    const std::uint32_t number = m_nextAgent++;
    m_agents.push_back({number, info, std::move(handler)});
    UpdateCapabilityMask();
    return number;
}

void IbMadService::UnregisterAgent(std::uint32_t agent)
{
    std::erase_if(m_agents, [agent](const Agent& entry) { return entry.number == agent; });
    UpdateCapabilityMask();
}

void IbMadService::UpdateCapabilityMask()
{
    if (m_port == nullptr)
    {
        return;
    }
    for (const ClassCapability& row : kClassCapabilities)
    {
        const bool served =
            std::any_of(m_agents.begin(),
                        m_agents.end(),
                        [&](const Agent& agent) {
                            return agent.info.mgmtClass == row.mgmtClass && agent.info.methods != 0;
                        });
        std::uint32_t& mask = m_port->GetInfo().capabilityMask;
        mask = served ? mask | row.bit : mask & ~row.bit;
    }
}

IbMadStatus IbMadService::Send(const IbMadAddress& to,
                               const ibwire::MadBytes& mad,
                               SendHandler handler)
{
    IbPort& port = GetPort();
    const auto& info = port.GetInfo();
    if (info.portState != ibwire::PortState::kActive || info.lid == 0)
    {
        return IbMadStatus::kPortNotActive;
    }
    if (to.dlid == 0 || to.sl > 15 || to.dqpn > kMax24 || to.srcPathBits >> info.lmc != 0)
    {
        return IbMadStatus::kBadAddress;
    }
    if (to.pkeyIndex >= port.GetPkeys().size() || port.GetPkeys()[to.pkeyIndex] == 0)
    {
        return IbMadStatus::kBadPkeyIndex;
    }
    if (m_pending >= m_sendQueueDepth)
    {
        return IbMadStatus::kQueueFull;
    }
    IbPacketHeaders headers;
    headers.slid = static_cast<std::uint16_t>(info.lid | to.srcPathBits);
    headers.dlid = to.dlid;
    headers.sl = to.sl;
    headers.vl = DataVl(to.sl, info.operationalVls);
    if (to.grh)
    {
        headers.grh = MakeGrh(*to.grh, port);
    }
    headers.bth.opCode = ibwire::OpCode::kUdSendOnly;
    headers.bth.pkey = port.GetPkeys()[to.pkeyIndex];
    headers.bth.destQp = to.dqpn;
    headers.bth.psn = m_psn;
    m_psn = (m_psn + 1) & kMax24;
    headers.deth.emplace();
    headers.deth->qkey = to.qkey;
    headers.deth->srcQp = kGsiQpn;
    Ptr<IbPacket> packet = BuildPacket(headers, mad);
    ++m_pending;
    packet->onSent = [service = Ptr<IbMadService>(this), handler = std::move(handler)](bool sent)
    { service->Complete(sent ? IbMadStatus::kSent : IbMadStatus::kPortNotActive, handler); };
    m_sendTrace(mad, to.dlid);
    m_node->SendRouted(port, std::move(packet));
    return IbMadStatus::kSent;
}

void IbMadService::Complete(IbMadStatus status, const SendHandler& handler)
{
    --m_pending;
    if (handler && m_port != nullptr)
    {
        handler(status);
    }
}

const IbMadService::Agent* IbMadService::FindAgent(const ibwire::MadBytes& mad) const
{
    const ibwire::MadHeader header = ibwire::DecodeHeader(mad);
    const auto mgmtClass = static_cast<std::uint8_t>(header.mgmtClass);
    const auto method = static_cast<unsigned>(header.method);
    const bool response = ibwire::IsResponse(header.method);
    for (const Agent& agent : m_agents)
    {
        if (agent.info.mgmtClass != mgmtClass || agent.info.classVersion != header.classVersion)
        {
            continue;
        }
        if (response ? agent.number == header.transactionId >> 32
                     : method < 64 && (agent.info.methods >> method & 1) != 0)
        {
            return &agent;
        }
    }
    return nullptr;
}

void IbMadService::Receive(Ptr<const IbPacket> packet)
{
    IbPort& port = GetPort();
    const std::uint32_t offset = packet->GetUdPayloadOffset();
    const bool isMad =
        packet->GetOpcode() == static_cast<std::uint8_t>(ibwire::OpCode::kUdSendOnly) &&
        packet->GetSize() ==
            offset + ibwire::kMadBytes + IbPacket::kIcrcBytes + IbPacket::kVcrcBytes;
    if (!isMad || packet->Peek()[offset] != ibwire::kMadBaseVersion)
    {
        port.Drop(packet, IbDropReason::kMalformed);
        return;
    }
    const std::span<const std::uint8_t, IbPacket::kDethBytes> dethBytes(
        packet->Peek() + packet->GetBthOffset() + IbPacket::kBthBytes, IbPacket::kDethBytes);
    const auto deth = ibwire::Unpack<ibwire::Deth>(dethBytes);
    const int pkeyIndex = port.FindPkey(packet->GetPkey());
    if (pkeyIndex < 0)
    {
        ++port.GetInfo().pKeyViolations;
        port.Drop(packet, IbDropReason::kBadPkey);
        return;
    }
    if (deth.qkey != ibwire::kGsiQkey)
    {
        ++port.GetInfo().qKeyViolations;
        port.Drop(packet, IbDropReason::kBadQkey);
        return;
    }
    IbMadReceived received;
    const auto mad = packet->PeekMad(offset);
    std::copy(mad.begin(), mad.end(), received.mad.begin());
    received.slid = packet->GetSlid();
    received.dlid = packet->GetDlid();
    received.dlidPathBits =
        static_cast<std::uint8_t>(received.dlid & ((1U << port.GetInfo().lmc) - 1));
    received.sl = packet->GetSl();
    received.sqpn = deth.srcQp;
    received.qkey = deth.qkey;
    received.pkey = packet->GetPkey();
    received.pkeyIndex = static_cast<std::uint16_t>(pkeyIndex);
    received.grh = ReadGrh(*packet);

    const Agent* agent = FindAgent(received.mad);
    if (agent == nullptr)
    {
        port.Drop(packet, IbDropReason::kNoAgent);
        AnswerUnsupported(received);
        return;
    }
    m_receiveTrace(received.mad, received.slid);
    const ReceiveHandler handler = agent->handler; // it may unregister during the call
    handler(received);
}

void IbMadService::AnswerUnsupported(const IbMadReceived& received)
{
    ibwire::MadHeader header = ibwire::DecodeHeader(received.mad);
    if (header.method != ibwire::MadMethod::kGet && header.method != ibwire::MadMethod::kSet)
    {
        return;
    }
    ibwire::MadBytes answer = received.mad;
    header.method = ibwire::MadMethod::kGetResp;
    header.status = static_cast<std::uint16_t>(ibwire::MadStatus::kMethodAttributeNotSupported);
    ibwire::EncodeHeader(header, answer);
    if (const auto status = Send(received.ReplyAddress(), answer); status != IbMadStatus::kSent)
    {
        NS_LOG_WARN(GetPort().GetName() << " cannot answer: " << ToString(status));
    }
}

} // namespace ns3
