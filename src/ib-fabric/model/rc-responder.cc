// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/rc-responder.h"

#include "ib-fabric/model/ib-hca.h"
#include "ib-fabric/model/ib-port.h"
#include "ib-fabric/model/packet-builder.h"
#include "ib-fabric/model/rc-timing.h"

#include <ns3/log.h>

#include <utility>

namespace ns3
{

NS_LOG_COMPONENT_DEFINE("IbRcResponder");

using ibwire::AethKind;
using ibwire::NakCode;
using ibwire::OpCode;

namespace
{

// AETH of an ACK: no end-to-end credits are given.
constexpr std::uint8_t kNoCredits = 31;

} // namespace

RcResponder::RcResponder(IbQueuePair& queuePair)
    : m_queuePair(queuePair)
{
}

void RcResponder::Start(std::uint32_t psn)
{
    m_expectedPsn = psn;
    m_msn = 0;
    m_refusedSequence = false;
}

void RcResponder::Flush()
{
    if (!m_current)
    {
        return;
    }
    IbWorkCompletion completion;
    completion.wrId = m_current->wrId;
    completion.status = IbWcStatus::kFlushed;
    completion.opcode = IbWcOpcode::kReceive;
    m_current.reset();
    m_message.clear();
    m_queuePair.Complete(std::move(completion));
}

std::optional<RcResponder::Kind> RcResponder::KindOf(OpCode opCode)
{
    switch (opCode)
    {
    case OpCode::kRcSendFirst:
        return Kind{true, false, false};
    case OpCode::kRcSendMiddle:
        return Kind{false, false, false};
    case OpCode::kRcSendLast:
        return Kind{false, true, false};
    case OpCode::kRcSendLastImmediate:
        return Kind{false, true, true};
    case OpCode::kRcSendOnly:
        return Kind{true, true, false};
    case OpCode::kRcSendOnlyImmediate:
        return Kind{true, true, true};
    default:
        return std::nullopt;
    }
}

bool RcResponder::IsLengthGood(const Kind& kind, std::size_t bytes) const
{
    const std::size_t mtu = ibwire::MtuBytes(m_queuePair.GetAttributes().pathMtu);
    if (!kind.last)
    {
        return bytes == mtu;
    }
    return bytes <= mtu && (kind.first || bytes > 0);
}

void RcResponder::Receive(const ibwire::Bth& bth, const IbPacket& packet)
{
    const std::int32_t ahead = PsnDistance(bth.psn, m_expectedPsn);
    if (ahead < 0)
    {
        // A duplicate: its acknowledgement was lost, or was slower than the sender's patience.
        Answer(PsnAdd(m_expectedPsn, 0xffffff), AethKind::kAck, kNoCredits);
        return;
    }
    if (ahead > 0)
    {
        if (!m_refusedSequence)
        {
            m_refusedSequence = true;
            Answer(m_expectedPsn,
                   AethKind::kNak,
                   static_cast<std::uint8_t>(NakCode::kPsnSequenceError));
        }
        return;
    }
    m_refusedSequence = false;
    const auto kind = KindOf(bth.opCode);
    const std::uint32_t begin = packet.GetBthOffset() + IbPacket::kBthBytes;
    const std::uint32_t end =
        packet.GetSize() - IbPacket::kIcrcBytes - IbPacket::kVcrcBytes - bth.padCount;
    const bool inMessage = m_current.has_value();
    if (!kind || kind->first == inMessage || end < begin)
    {
        Refuse(NakCode::kInvalidRequest, IbWcStatus::kFlushed);
        return;
    }
    Accept(bth, *kind, std::span(packet.Peek() + begin, packet.Peek() + end));
}

void RcResponder::Accept(const ibwire::Bth& bth,
                         const Kind& kind,
                         std::span<const std::uint8_t> body)
{
    std::optional<std::uint32_t> immediate;
    if (kind.immediate)
    {
        if (body.size() < ibwire::ImmDt::kBytes)
        {
            Refuse(NakCode::kInvalidRequest, IbWcStatus::kFlushed);
            return;
        }
        immediate = ibwire::Unpack<ibwire::ImmDt>(body.first<ibwire::ImmDt::kBytes>()).immediate;
        body = body.subspan(ibwire::ImmDt::kBytes);
    }
    if (!IsLengthGood(kind, body.size()))
    {
        Refuse(NakCode::kInvalidRequest, IbWcStatus::kFlushed);
        return;
    }
    if (kind.first)
    {
        m_current = m_queuePair.TakeReceive();
        if (!m_current)
        {
            Answer(m_expectedPsn, AethKind::kRnrNak, m_queuePair.GetAttributes().minRnrTimer);
            return;
        }
    }
    if (m_message.size() + body.size() > m_current->maxBytes)
    {
        Refuse(NakCode::kInvalidRequest, IbWcStatus::kLocalLength);
        return;
    }
    m_message.insert(m_message.end(), body.begin(), body.end());
    m_expectedPsn = PsnAdd(m_expectedPsn, 1);
    if (kind.last)
    {
        m_msn = PsnAdd(m_msn, 1);
    }
    if (bth.ackReq)
    {
        Answer(bth.psn, AethKind::kAck, kNoCredits);
    }
    if (kind.last)
    {
        FinishMessage(immediate);
    }
}

void RcResponder::FinishMessage(std::optional<std::uint32_t> immediate)
{
    IbWorkCompletion completion;
    completion.wrId = m_current->wrId;
    completion.opcode = IbWcOpcode::kReceive;
    completion.data = std::exchange(m_message, {});
    completion.immediate = immediate;
    m_current.reset();
    m_queuePair.Complete(std::move(completion));
}

/** The request breaks the rules: the connection is over, at both ends. */
void RcResponder::Refuse(NakCode code, IbWcStatus local)
{
    Answer(m_expectedPsn, AethKind::kNak, static_cast<std::uint8_t>(code));
    if (m_current && local != IbWcStatus::kFlushed)
    {
        IbWorkCompletion completion;
        completion.wrId = m_current->wrId;
        completion.status = local;
        completion.opcode = IbWcOpcode::kReceive;
        m_current.reset();
        m_queuePair.Complete(std::move(completion));
    }
    m_queuePair.Fail();
}

void RcResponder::Answer(std::uint32_t psn, AethKind kind, std::uint8_t value)
{
    const IbQpAttributes& attributes = m_queuePair.GetAttributes();
    IbPort& port = m_queuePair.GetPort();
    IbPacketHeaders headers;
    headers.slid = static_cast<std::uint16_t>(port.GetLid() | attributes.av.srcPathBits);
    headers.dlid = attributes.av.dlid;
    headers.sl = attributes.av.sl;
    headers.vl = DataVl(attributes.av.sl, port.GetInfo().operationalVls);
    if (attributes.av.grh)
    {
        headers.grh = MakeGrh(*attributes.av.grh, port);
    }
    headers.bth.opCode = OpCode::kRcAcknowledge;
    headers.bth.pkey = port.GetPkeys()[attributes.pkeyIndex];
    headers.bth.destQp = attributes.destQpn;
    headers.bth.psn = psn;
    headers.aeth = ibwire::Aeth{kind, value, m_msn};
    m_queuePair.GetHca().SendRouted(port, BuildPacket(headers, {}));
}

} // namespace ns3
