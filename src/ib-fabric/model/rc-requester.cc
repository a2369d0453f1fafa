// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/rc-requester.h"

#include "ib-fabric/model/ib-hca.h"
#include "ib-fabric/model/ib-port.h"
#include "ib-fabric/model/packet-builder.h"
#include "ib-fabric/model/rc-timing.h"

#include <ns3/log.h>
#include <ns3/simulator.h>

#include <algorithm>
#include <utility>

namespace ns3
{

NS_LOG_COMPONENT_DEFINE("IbRcRequester");

using ibwire::OpCode;

namespace
{

// Enough to fill a cable of 400 Gb/s over a few microseconds with packets of 4 KiB.
constexpr std::int32_t kWindow = 64;
// An acknowledgement is asked for this often within a long message, so that the window moves.
constexpr std::uint32_t kAckInterval = 16;
constexpr std::uint8_t kInfiniteRnrRetries = 7;

/** Where in its message a packet stands. */
OpCode OpCodeFor(bool first, bool last, bool immediate)
{
    if (first && last)
    {
        return immediate ? OpCode::kRcSendOnlyImmediate : OpCode::kRcSendOnly;
    }
    if (last)
    {
        return immediate ? OpCode::kRcSendLastImmediate : OpCode::kRcSendLast;
    }
    return first ? OpCode::kRcSendFirst : OpCode::kRcSendMiddle;
}

} // namespace

RcRequester::RcRequester(IbQueuePair& queuePair)
    : m_queuePair(queuePair)
{
}

RcRequester::~RcRequester()
{
    m_timer.Cancel();
    m_rnrTimer.Cancel();
}

void RcRequester::Start(std::uint32_t psn)
{
    m_oldestPsn = m_nextPsn = m_postPsn = m_highestPsn = psn;
    m_retriesLeft = m_queuePair.GetAttributes().retryCount;
    m_rnrRetriesLeft = m_queuePair.GetAttributes().rnrRetry;
}

void RcRequester::Resume()
{
    m_draining = false;
    Pump();
}

void RcRequester::Drain()
{
    m_draining = true;
    m_drainPsn = m_highestPsn;
    for (const Work& work : m_work)
    {
        const std::uint32_t end = PsnAdd(work.firstPsn, work.packets);
        if (PsnDistance(work.firstPsn, m_highestPsn) < 0 && PsnDistance(end, m_highestPsn) > 0)
        {
            m_drainPsn = end; // the rest of the message that has begun
        }
    }
}

std::size_t RcRequester::GetPending() const
{
    return m_work.size();
}

void RcRequester::Post(IbSendRequest request)
{
    const std::size_t mtu = ibwire::MtuBytes(m_queuePair.GetAttributes().pathMtu);
    const std::size_t packets = std::max<std::size_t>((request.data.size() + mtu - 1) / mtu, 1);
    const std::uint32_t first = m_postPsn;
    m_postPsn = PsnAdd(m_postPsn, static_cast<std::uint32_t>(packets));
    m_work.push_back({std::move(request), first, static_cast<std::uint32_t>(packets)});
    Pump();
}

bool RcRequester::HasUnacknowledged() const
{
    return m_oldestPsn != m_highestPsn;
}

const RcRequester::Work* RcRequester::FindWork(std::uint32_t psn) const
{
    for (const Work& work : m_work)
    {
        const std::int32_t at = PsnDistance(psn, work.firstPsn);
        if (at >= 0 && at < static_cast<std::int32_t>(work.packets))
        {
            return &work;
        }
    }
    return nullptr;
}

void RcRequester::Pump()
{
    const Work* work = nullptr;
    while (!m_waitingForReceiver && PsnDistance(m_nextPsn, m_oldestPsn) < kWindow &&
           m_nextPsn != m_postPsn && !(m_draining && PsnDistance(m_nextPsn, m_drainPsn) >= 0))
    {
        if (work == nullptr ||
            PsnDistance(m_nextPsn, work->firstPsn) >= static_cast<std::int32_t>(work->packets))
        {
            work = FindWork(m_nextPsn);
        }
        const bool wasIdle = !HasUnacknowledged();
        SendPacket(*work, m_nextPsn);
        m_nextPsn = PsnAdd(m_nextPsn, 1);
        if (PsnDistance(m_nextPsn, m_highestPsn) > 0)
        {
            m_highestPsn = m_nextPsn;
        }
        if (wasIdle)
        {
            ArmTimer();
        }
    }
}

void RcRequester::SendPacket(const Work& work, std::uint32_t psn)
{
    const IbQpAttributes& attributes = m_queuePair.GetAttributes();
    IbPort& port = m_queuePair.GetPort();
    const auto index = static_cast<std::uint32_t>(PsnDistance(psn, work.firstPsn));
    const bool last = index + 1 == work.packets;
    const bool immediate = work.request.opcode == IbSendOpcode::kSendImmediate;
    const std::size_t mtu = ibwire::MtuBytes(attributes.pathMtu);
    const std::size_t offset = index * mtu;
    const std::size_t bytes = std::min(mtu, work.request.data.size() - offset);

    IbPacketHeaders headers;
    headers.slid = static_cast<std::uint16_t>(port.GetLid() | attributes.av.srcPathBits);
    headers.dlid = attributes.av.dlid;
    headers.sl = attributes.av.sl;
    headers.vl = DataVl(attributes.av.sl, port.GetInfo().operationalVls);
    if (attributes.av.grh)
    {
        headers.grh = MakeGrh(*attributes.av.grh, port);
    }
    headers.bth.opCode = OpCodeFor(index == 0, last, immediate);
    headers.bth.pkey = port.GetPkeys()[attributes.pkeyIndex];
    headers.bth.destQp = attributes.destQpn;
    headers.bth.psn = psn;
    headers.bth.ackReq = last || (index + 1) % kAckInterval == 0;
    if (last && immediate)
    {
        headers.immediate = ibwire::ImmDt{work.request.immediate};
    }
    const std::span<const std::uint8_t> data(work.request.data);
    m_queuePair.GetHca().SendRouted(port, BuildPacket(headers, data.subspan(offset, bytes)));
}

void RcRequester::ReceiveAck(std::uint32_t psn, const ibwire::Aeth& aeth)
{
    // Of packets that are not on the way nobody can say anything.
    const bool known = PsnDistance(psn, m_oldestPsn) >= 0 && PsnDistance(psn, m_highestPsn) < 0;
    if (!known)
    {
        return;
    }
    switch (aeth.kind)
    {
    case ibwire::AethKind::kAck:
        Acknowledge(PsnAdd(psn, 1));
        Pump();
        break;
    case ibwire::AethKind::kRnrNak:
        ReceiveRnr(psn, aeth.value);
        break;
    case ibwire::AethKind::kNak:
        Acknowledge(psn);
        if (static_cast<ibwire::NakCode>(aeth.value) == ibwire::NakCode::kPsnSequenceError)
        {
            if (SpendRetry())
            {
                GoBackTo(psn);
            }
            break;
        }
        FailOldest(static_cast<ibwire::NakCode>(aeth.value) == ibwire::NakCode::kInvalidRequest
                       ? IbWcStatus::kRemoteInvalidRequest
                       : IbWcStatus::kRemoteOperation);
        break;
    default:
        NS_LOG_WARN("acknowledgement with a reserved syndrome ignored");
        break;
    }
}

/** Everything before this PSN has arrived. */
void RcRequester::Acknowledge(std::uint32_t psn)
{
    if (PsnDistance(psn, m_oldestPsn) <= 0)
    {
        return;
    }
    m_oldestPsn = psn;
    if (PsnDistance(m_nextPsn, psn) < 0)
    {
        m_nextPsn = psn; // what was to be sent again has arrived after all
    }
    m_retriesLeft = m_queuePair.GetAttributes().retryCount;
    m_rnrRetriesLeft = m_queuePair.GetAttributes().rnrRetry;
    while (!m_work.empty() &&
           PsnDistance(PsnAdd(m_work.front().firstPsn, m_work.front().packets), psn) <= 0)
    {
        const IbSendRequest request = std::move(m_work.front().request);
        m_work.pop_front();
        if (request.signalled)
        {
            IbWorkCompletion completion;
            completion.wrId = request.wrId;
            m_queuePair.Complete(std::move(completion));
        }
    }
    ArmTimer();
}

void RcRequester::GoBackTo(std::uint32_t psn)
{
    m_nextPsn = psn;
    ArmTimer();
    Pump();
}

/** \returns false if none was left: the oldest request has failed */
bool RcRequester::SpendRetry()
{
    if (m_retriesLeft == 0)
    {
        FailOldest(IbWcStatus::kRetryExceeded);
        return false;
    }
    --m_retriesLeft;
    return true;
}

void RcRequester::ReceiveRnr(std::uint32_t psn, std::uint8_t timer)
{
    Acknowledge(psn);
    if (m_queuePair.GetAttributes().rnrRetry != kInfiniteRnrRetries)
    {
        if (m_rnrRetriesLeft == 0)
        {
            FailOldest(IbWcStatus::kRnrRetryExceeded);
            return;
        }
        --m_rnrRetriesLeft;
    }
    // The receiver is alive: no time-out while it asks for patience.
    m_timer.Cancel();
    m_rnrTimer.Cancel();
    m_waitingForReceiver = true;
    m_nextPsn = psn;
    m_rnrTimer = Simulator::Schedule(RnrTimerValue(timer),
                                     [this]()
                                     {
                                         m_waitingForReceiver = false;
                                         ArmTimer();
                                         Pump();
                                     });
}

void RcRequester::FailOldest(IbWcStatus status)
{
    if (!m_work.empty())
    {
        IbWorkCompletion completion;
        completion.wrId = m_work.front().request.wrId;
        completion.status = status;
        m_work.pop_front();
        m_queuePair.Complete(std::move(completion));
    }
    m_queuePair.Fail();
}

void RcRequester::Flush()
{
    m_timer.Cancel();
    m_rnrTimer.Cancel();
    m_waitingForReceiver = false;
    while (!m_work.empty())
    {
        IbWorkCompletion completion;
        completion.wrId = m_work.front().request.wrId;
        completion.status = IbWcStatus::kFlushed;
        m_work.pop_front();
        m_queuePair.Complete(std::move(completion));
    }
    m_oldestPsn = m_nextPsn = m_highestPsn = m_postPsn;
}

/** The wait for an acknowledgement begins anew, or ends if there is nothing to wait for. */
void RcRequester::ArmTimer()
{
    const std::uint8_t code = m_queuePair.GetAttributes().timeout;
    if (code == 0 || !HasUnacknowledged())
    {
        m_deadline = Time::Max();
        return;
    }
    const Time wait = NanoSeconds(ibwire::TimeoutFromCode(code).count());
    m_deadline = Simulator::Now() + wait;
    // An event that is due earlier finds the deadline moved and waits on: an acknowledgement
    // costs no rescheduling.
    if (!m_timer.IsRunning())
    {
        m_timer = Simulator::Schedule(wait, &RcRequester::TimerExpired, this);
    }
}

void RcRequester::TimerExpired()
{
    if (m_deadline == Time::Max())
    {
        return;
    }
    if (Simulator::Now() < m_deadline)
    {
        m_timer =
            Simulator::Schedule(m_deadline - Simulator::Now(), &RcRequester::TimerExpired, this);
        return;
    }
    NS_LOG_INFO("QP " << m_queuePair.GetQpn() << ": no acknowledgement of PSN " << m_oldestPsn);
    if (SpendRetry())
    {
        GoBackTo(m_oldestPsn);
    }
}

} // namespace ns3
