// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/**
 * \file
 * The unreliable datagram half of IbQueuePair (IBA vol. 1, 9.8.3): one packet a message, no
 * connection, a Q_Key to keep strangers out.
 */
#include "ib-fabric/model/ib-hca.h"
#include "ib-fabric/model/ib-queue-pair.h"
#include "ib-fabric/model/packet-builder.h"
#include "ib-fabric/model/rc-requester.h"
#include "ib-fabric/model/rc-responder.h"
#include "ib-fabric/model/rc-timing.h"

#include <utility>

namespace ns3
{

tl::expected<void, IbVerbsError> IbQueuePair::PostDatagram(const IbSendRequest& request)
{
    constexpr std::uint32_t kMax24 = 0xffffff;
    IbPort& port = GetPort();
    if (request.data.size() > port.GetMtu())
    {
        return tl::unexpected(IbVerbsError::kMessageTooLong);
    }
    if (request.av.dlid == 0 || request.av.sl > 15 || request.remoteQpn > kMax24 ||
        request.av.srcPathBits >> port.GetInfo().lmc != 0)
    {
        return tl::unexpected(IbVerbsError::kInvalidValue);
    }
    // A drained queue would keep the datagram; it is refused instead of being sent out of turn.
    if (m_attributes.state == IbQpState::kSqd)
    {
        return tl::unexpected(IbVerbsError::kInvalidState);
    }
    if (m_datagramsPending >= m_init.maxSendRequests)
    {
        return tl::unexpected(IbVerbsError::kQueueFull);
    }
    const bool immediate = request.opcode == IbSendOpcode::kSendImmediate;
    IbPacketHeaders headers;
    headers.slid = static_cast<std::uint16_t>(port.GetLid() | request.av.srcPathBits);
    headers.dlid = request.av.dlid;
    headers.sl = request.av.sl;
    headers.vl = DataVl(request.av.sl, port.GetInfo().operationalVls);
    if (request.av.grh)
    {
        headers.grh = MakeGrh(*request.av.grh, port);
    }
    headers.bth.opCode =
        immediate ? ibwire::OpCode::kUdSendOnlyImmediate : ibwire::OpCode::kUdSendOnly;
    headers.bth.pkey = port.GetPkeys()[m_attributes.pkeyIndex];
    headers.bth.destQp = request.remoteQpn;
    headers.bth.psn = m_datagramPsn;
    m_datagramPsn = PsnAdd(m_datagramPsn, 1);
    // The high bit asks for the queue pair's own Q_Key (IBA vol. 1, 10.2.5).
    headers.deth = ibwire::Deth{
        (request.remoteQkey & 0x80000000) != 0 ? m_attributes.qkey : request.remoteQkey, m_qpn};
    if (immediate)
    {
        headers.immediate = ibwire::ImmDt{request.immediate};
    }
    Ptr<IbPacket> packet = BuildPacket(headers, request.data);
    ++m_datagramsPending;
    packet->onSent = [queuePair = Ptr<IbQueuePair>(this),
                      wrId = request.wrId,
                      signalled = request.signalled](bool)
    {
        --queuePair->m_datagramsPending;
        if (!signalled || queuePair->m_hca == nullptr)
        {
            return;
        }
        IbWorkCompletion completion;
        completion.wrId = wrId;
        queuePair->Complete(std::move(completion));
    };
    GetHca().SendRouted(port, std::move(packet));
    return {};
}

void IbQueuePair::ReceiveDatagram(Ptr<const IbPacket> packet)
{
    IbPort& port = GetPort();
    const bool immediate =
        packet->GetOpcode() == static_cast<std::uint8_t>(ibwire::OpCode::kUdSendOnlyImmediate);
    const std::uint32_t dethAt = packet->GetBthOffset() + IbPacket::kBthBytes;
    const std::uint8_t pad = packet->Peek()[packet->GetBthOffset() + 1] >> 4 & 3;
    const auto begin = static_cast<std::uint32_t>(dethAt + IbPacket::kDethBytes +
                                                  (immediate ? ibwire::ImmDt::kBytes : 0));
    const std::uint32_t trailer = IbPacket::kIcrcBytes + IbPacket::kVcrcBytes + pad;
    if (packet->GetSize() < begin + trailer)
    {
        port.Drop(packet, IbDropReason::kMalformed);
        return;
    }
    const auto deth =
        ibwire::Unpack<ibwire::Deth>(std::span<const std::uint8_t, ibwire::Deth::kBytes>(
            packet->Peek() + dethAt, ibwire::Deth::kBytes));
    if (deth.qkey != m_attributes.qkey)
    {
        ++port.GetInfo().qKeyViolations;
        port.Drop(packet, IbDropReason::kBadQkey);
        return;
    }
    const auto request = TakeReceive();
    if (!request)
    {
        port.Drop(packet, IbDropReason::kNoQueuePair);
        return;
    }
    const std::span<const std::uint8_t> body(packet->Peek() + begin,
                                             packet->GetSize() - trailer - begin);
    IbWorkCompletion completion;
    completion.wrId = request->wrId;
    completion.opcode = IbWcOpcode::kReceive;
    completion.sourceQpn = deth.srcQp;
    completion.slid = packet->GetSlid();
    completion.sl = packet->GetSl();
    completion.grh = ReadGrh(*packet);
    if (immediate)
    {
        completion.immediate =
            ibwire::Unpack<ibwire::ImmDt>(
                std::span<const std::uint8_t, ibwire::ImmDt::kBytes>(
                    packet->Peek() + begin - ibwire::ImmDt::kBytes, ibwire::ImmDt::kBytes))
                .immediate;
    }
    if (body.size() > request->maxBytes)
    {
        completion.status = IbWcStatus::kLocalLength;
        Complete(std::move(completion));
        Fail();
        return;
    }
    completion.data.assign(body.begin(), body.end());
    Complete(std::move(completion));
}

} // namespace ns3
