// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/ib-queue-pair.h"

#include "ib-fabric/model/ib-hca.h"
#include "ib-fabric/model/packet-builder.h"
#include "ib-fabric/model/qp-transitions.h"
#include "ib-fabric/model/rc-requester.h"
#include "ib-fabric/model/rc-responder.h"

#include <ns3/abort.h>
#include <ns3/log.h>
#include <ns3/simulator.h>
#include <ns3/trace-source-accessor.h>

#include <utility>

namespace ns3
{

NS_LOG_COMPONENT_DEFINE("IbQueuePair");

NS_OBJECT_ENSURE_REGISTERED(IbQueuePair);

namespace
{

constexpr std::size_t kMaxMessage = std::size_t{1} << 31;

/** Copies the attributes that the mask names. */
void CopyAttributes(IbQpAttributes& to, const IbQpAttributes& from, std::uint32_t mask)
{
    const auto copy = [&](std::uint32_t bit, auto IbQpAttributes::*member)
    {
        if ((mask & bit) != 0)
        {
            to.*member = from.*member;
        }
    };
    copy(kQpAccessFlags, &IbQpAttributes::accessFlags);
    copy(kQpPkeyIndex, &IbQpAttributes::pkeyIndex);
    copy(kQpPort, &IbQpAttributes::port);
    copy(kQpQkey, &IbQpAttributes::qkey);
    copy(kQpAv, &IbQpAttributes::av);
    copy(kQpPathMtu, &IbQpAttributes::pathMtu);
    copy(kQpTimeout, &IbQpAttributes::timeout);
    copy(kQpRetryCount, &IbQpAttributes::retryCount);
    copy(kQpRnrRetry, &IbQpAttributes::rnrRetry);
    copy(kQpRqPsn, &IbQpAttributes::rqPsn);
    copy(kQpSqPsn, &IbQpAttributes::sqPsn);
    copy(kQpMaxRdAtomic, &IbQpAttributes::maxRdAtomic);
    copy(kQpMaxDestRdAtomic, &IbQpAttributes::maxDestRdAtomic);
    copy(kQpMinRnrTimer, &IbQpAttributes::minRnrTimer);
    copy(kQpDestQpn, &IbQpAttributes::destQpn);
}

} // namespace

TypeId IbQueuePair::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::IbQueuePair")
            .SetParent<Object>()
            .SetGroupName("InfiniBand")
            .AddConstructor<IbQueuePair>()
            .AddTraceSource("State",
                            "The state has changed.",
                            MakeTraceSourceAccessor(&IbQueuePair::m_stateTrace),
                            "ns3::IbQueuePair::StateTracedCallback")
            .AddTraceSource("CommunicationEstablished",
                            "The first packet arrived in state RTR.",
                            MakeTraceSourceAccessor(&IbQueuePair::m_communicationTrace),
                            "ns3::IbQueuePair::CommunicationEstablishedTracedCallback");
    return tid;
}

IbQueuePair::IbQueuePair() = default;
IbQueuePair::~IbQueuePair() = default;

void IbQueuePair::DoDispose()
{
    m_communicationHandler = nullptr;
    m_requester.reset();
    m_responder.reset();
    m_init = {};
    m_receives.clear();
    m_hca = nullptr;
    Object::DoDispose();
}

void IbQueuePair::Setup(IbHca* hca, std::uint32_t qpn, const IbQueuePairInit& init)
{
    m_hca = hca;
    m_qpn = qpn;
    m_init = init;
    if (init.type == IbQpType::kRc)
    {
        m_requester = std::make_unique<RcRequester>(*this);
        m_responder = std::make_unique<RcResponder>(*this);
    }
}

std::uint32_t IbQueuePair::GetQpn() const
{
    return m_qpn;
}

IbQpType IbQueuePair::GetQpType() const
{
    return m_init.type;
}

IbQpState IbQueuePair::GetState() const
{
    return m_attributes.state;
}

const IbQpAttributes& IbQueuePair::GetAttributes() const
{
    return m_attributes;
}

IbHca& IbQueuePair::GetHca() const
{
    NS_ABORT_MSG_IF(m_hca == nullptr, "queue pair " << m_qpn << " is destroyed");
    return *m_hca;
}

IbPort& IbQueuePair::GetPort() const
{
    return GetHca().GetPort(m_attributes.port);
}

tl::expected<void, IbVerbsError> IbQueuePair::ModifyQp(const IbQpAttributes& attributes,
                                                       std::uint32_t mask)
{
    if (m_hca == nullptr)
    {
        return tl::unexpected(IbVerbsError::kInvalidState);
    }
    const IbQpState from = m_attributes.state;
    const IbQpState to = (mask & kQpState) != 0 ? attributes.state : from;
    if (const auto check = CheckQpTransition(m_init.type, from, to, mask, attributes); !check)
    {
        return check;
    }
    const std::uint8_t port = (mask & kQpPort) != 0 ? attributes.port : m_attributes.port;
    const bool badPort = (mask & kQpPort) != 0 && !m_hca->HasPort(port);
    const bool badPkey = (mask & kQpPkeyIndex) != 0 && !badPort &&
                         attributes.pkeyIndex >= m_hca->GetPort(port).GetPkeys().size();
    if (badPort || badPkey)
    {
        return tl::unexpected(IbVerbsError::kInvalidValue);
    }
    CopyAttributes(m_attributes, attributes, mask);
    if (to != from)
    {
        ChangeState(to);
    }
    return {};
}

void IbQueuePair::ChangeState(IbQpState state)
{
    const IbQpState before = std::exchange(m_attributes.state, state);
    NS_LOG_INFO("QP " << m_qpn << " " << ToString(before) << " -> " << ToString(state));
    m_stateTrace(m_qpn, before, state);
    const bool reliable = m_init.type == IbQpType::kRc;
    switch (state)
    {
    case IbQpState::kReset:
        // All is forgotten, without completions.
        m_attributes = {};
        m_receives.clear();
        m_communicationEstablished = false;
        if (reliable)
        {
            m_requester = std::make_unique<RcRequester>(*this);
            m_responder = std::make_unique<RcResponder>(*this);
        }
        break;
    case IbQpState::kRtr:
        m_communicationEstablished = false;
        if (reliable)
        {
            m_responder->Start(m_attributes.rqPsn);
        }
        break;
    case IbQpState::kRts:
        if (reliable && before == IbQpState::kRtr)
        {
            m_requester->Start(m_attributes.sqPsn);
        }
        else if (reliable)
        {
            m_requester->Resume();
        }
        else if (before == IbQpState::kRtr)
        {
            m_datagramPsn = m_attributes.sqPsn;
        }
        break;
    case IbQpState::kSqd:
        if (reliable)
        {
            m_requester->Drain();
        }
        break;
    case IbQpState::kError:
        if (reliable)
        {
            m_requester->Flush();
            m_responder->Flush();
        }
        FlushReceives();
        break;
    case IbQpState::kInit:
    case IbQpState::kSqe:
        break;
    }
}

void IbQueuePair::FlushReceives()
{
    while (!m_receives.empty())
    {
        IbWorkCompletion completion;
        completion.wrId = m_receives.front().wrId;
        completion.status = IbWcStatus::kFlushed;
        completion.opcode = IbWcOpcode::kReceive;
        m_receives.pop_front();
        Complete(std::move(completion));
    }
}

void IbQueuePair::Fail()
{
    if (m_attributes.state != IbQpState::kError && m_attributes.state != IbQpState::kReset)
    {
        ChangeState(IbQpState::kError);
    }
}

tl::expected<void, IbVerbsError> IbQueuePair::PostSend(IbSendRequest request)
{
    const IbQpState state = m_attributes.state;
    if (m_hca == nullptr || state == IbQpState::kReset || state == IbQpState::kInit ||
        state == IbQpState::kRtr)
    {
        return tl::unexpected(IbVerbsError::kInvalidState);
    }
    if (state == IbQpState::kError || state == IbQpState::kSqe)
    {
        IbWorkCompletion completion;
        completion.wrId = request.wrId;
        completion.status = IbWcStatus::kFlushed;
        Complete(std::move(completion));
        return {};
    }
    if (m_init.type == IbQpType::kUd)
    {
        return PostDatagram(request);
    }
    if (request.data.size() > kMaxMessage)
    {
        return tl::unexpected(IbVerbsError::kMessageTooLong);
    }
    if (m_requester->GetPending() >= m_init.maxSendRequests)
    {
        return tl::unexpected(IbVerbsError::kQueueFull);
    }
    m_requester->Post(std::move(request));
    return {};
}

tl::expected<void, IbVerbsError> IbQueuePair::PostReceive(IbReceiveRequest request)
{
    if (m_hca == nullptr || m_attributes.state == IbQpState::kReset)
    {
        return tl::unexpected(IbVerbsError::kInvalidState);
    }
    if (m_receives.size() >= m_init.maxReceiveRequests)
    {
        return tl::unexpected(IbVerbsError::kQueueFull);
    }
    m_receives.push_back(request);
    if (m_attributes.state == IbQpState::kError)
    {
        FlushReceives();
    }
    return {};
}

void IbQueuePair::SetCommunicationEstablishedHandler(std::function<void()> handler)
{
    m_communicationHandler = std::move(handler);
}

void IbQueuePair::RaiseCommunicationEstablished()
{
    if (std::exchange(m_communicationEstablished, true))
    {
        return;
    }
    m_communicationTrace(m_qpn);
    Simulator::ScheduleNow(
        [queuePair = Ptr<IbQueuePair>(this)]()
        {
            if (queuePair->m_communicationHandler)
            {
                queuePair->m_communicationHandler();
            }
        });
}

std::optional<IbReceiveRequest> IbQueuePair::TakeReceive()
{
    if (m_receives.empty())
    {
        return std::nullopt;
    }
    const IbReceiveRequest request = m_receives.front();
    m_receives.pop_front();
    return request;
}

void IbQueuePair::Complete(IbWorkCompletion completion)
{
    completion.qpn = m_qpn;
    const auto& queue =
        completion.opcode == IbWcOpcode::kReceive ? m_init.receiveCq : m_init.sendCq;
    queue->Push(std::move(completion));
}

bool IbQueuePair::AdmitPacket(const IbPacket& packet)
{
    const IbQpState state = m_attributes.state;
    IbPort& port = GetPort();
    const auto service = ibwire::ServiceOf(ibwire::OpCode{packet.GetOpcode()});
    const auto wanted =
        m_init.type == IbQpType::kRc ? ibwire::OpService::kRc : ibwire::OpService::kUd;
    if (state == IbQpState::kReset || state == IbQpState::kInit || state == IbQpState::kError)
    {
        port.Drop(&packet, IbDropReason::kNoQueuePair);
        return false;
    }
    if (service != wanted)
    {
        port.Drop(&packet, IbDropReason::kMalformed);
        return false;
    }
    // Of this queue pair's entry, not of any in the table.
    const std::uint16_t own = port.GetPkeys()[m_attributes.pkeyIndex];
    const std::uint16_t theirs = packet.GetPkey();
    if (((own ^ theirs) & 0x7fff) != 0 || ((own | theirs) & 0x8000) == 0)
    {
        ++port.GetInfo().pKeyViolations;
        port.Drop(&packet, IbDropReason::kBadPkey);
        return false;
    }
    return true;
}

void IbQueuePair::Receive(Ptr<const IbPacket> packet)
{
    if (!AdmitPacket(*packet))
    {
        return;
    }
    if (m_init.type == IbQpType::kUd)
    {
        ReceiveDatagram(packet);
        return;
    }
    const std::uint8_t* at = packet->Peek() + packet->GetBthOffset();
    const auto bth = ibwire::Unpack<ibwire::Bth>(std::span<const std::uint8_t, IbPacket::kBthBytes>(
        at, static_cast<std::size_t>(IbPacket::kBthBytes)));
    if (bth.opCode != ibwire::OpCode::kRcAcknowledge)
    {
        if (m_attributes.state == IbQpState::kRtr)
        {
            RaiseCommunicationEstablished();
        }
        m_responder->Receive(bth, *packet);
        return;
    }
    const std::uint32_t needed = packet->GetBthOffset() + IbPacket::kBthBytes +
                                 static_cast<std::uint32_t>(ibwire::Aeth::kBytes) +
                                 IbPacket::kIcrcBytes + IbPacket::kVcrcBytes;
    if (packet->GetSize() != needed || m_attributes.state == IbQpState::kRtr)
    {
        GetPort().Drop(packet, IbDropReason::kMalformed);
        return;
    }
    m_requester->ReceiveAck(
        bth.psn,
        ibwire::Unpack<ibwire::Aeth>(std::span<const std::uint8_t, ibwire::Aeth::kBytes>(
            at + IbPacket::kBthBytes, ibwire::Aeth::kBytes)));
}

} // namespace ns3
