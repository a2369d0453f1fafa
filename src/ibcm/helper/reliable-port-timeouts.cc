// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// When time passes: retries, ends, and whose turn comes then.
#include "ibcm/helper/reliable-port-parts.h"

#include <algorithm>

namespace ibcm
{

void ReliablePort::Expired()
{
    // What falls due after this moment is the timer's next business, so that this comes to an end.
    const Instant now = m_runtime.Now();
    for (bool more = true; more;)
    {
        Batch batch;
        more = HandleDue(now, batch);
        Report(batch);
    }
}

bool ReliablePort::HandleDue(Instant now, Batch& batch)
{
    MutexLock hold(m_lock);
    SendTable& sends = *m_sends.Write();
    sends.expiring = true;
    sends.armedFor = Instant::max(); // it has gone off
    for (std::size_t handled = 0; handled < batch.ended.size(); ++handled)
    {
        if (sends.closed || sends.deadlines.Empty() || sends.deadlines.Top().deadline > now)
        {
            sends.expiring = false;
            SetTimer(sends);
            return false;
        }
        HandleDeadline(sends, sends.deadlines.Top(), now, batch);
    }
    return true;
}

void ReliablePort::HandleDeadline(SendTable& sends, PendingSend& send, Instant now, Batch& batch)
{
    SendStatus status = SendStatus::kTimeout;
    if (send.stage == PendingSend::Stage::kFailed)
    {
        status = SendStatus::kFailed;
    }
    else if (send.retriesLeft > 0)
    {
        --send.retriesLeft;
        if (TransmitAgain(sends, send))
        {
            Duration wait = send.timeout;
            if (m_options.backoff)
            {
                const Backoff& backoff = *m_options.backoff;
                send.timeout = NextTimeout(backoff, send.timeout);
                wait = backoff.jitterPercent == 0
                           ? send.timeout
                           : WithJitter(backoff, send.timeout, m_runtime.Random());
            }
            sends.deadlines.Remove(send);
            // At least a little later: a timeout that is over in no time would never end.
            SetDeadline(sends, send, now + std::max(wait, Duration{1}));
            return;
        }
        status = SendStatus::kFailed;
    }
    batch.ended[batch.count++] = {send.context, send.token, status};
    Finish(sends, send, now, batch.leftovers);
}

void ReliablePort::Report(const Batch& batch)
{
    MadSink* sink = m_sink.load(std::memory_order_acquire);
    if (sink == nullptr)
    {
        return;
    }
    for (std::size_t i = 0; i < batch.count; ++i)
    {
        sink->OnSendDone(batch.ended[i].context, batch.ended[i].token, batch.ended[i].status);
    }
}

void ReliablePort::Finish(SendTable& sends,
                          PendingSend& send,
                          Instant now,
                          SendLeftovers& leftovers)
{
    RequestWindow* window = send.window;
    sends.Remove(send, leftovers);
    if (window == nullptr)
    {
        return;
    }
    // One place at most has become free. One that the wire refuses keeps its place until that has
    // been reported, so that a dead wire does not make this a loop over all that wait.
    if (window->underWay < m_options.requestWindow && !window->waiting.empty())
    {
        PendingSend& next = sends.Admit(*window);
        const bool sent = m_wire.Transmit(next.mad, next.address);
        next.stage = sent ? PendingSend::Stage::kUnderWay : PendingSend::Stage::kFailed;
        next.transmissions = sent ? 1 : 0;
        sends.counts.untransmitted[KindOf(AttributeOf(next.mad))] -= next.transmissions;
        SetDeadline(sends, next, sent ? now + next.timeout : now);
    }
    sends.DropIfEmpty(*window, leftovers);
}

bool ReliablePort::TransmitAgain(SendTable& sends, PendingSend& send)
{
    if (!m_wire.Transmit(send.mad, send.address))
    {
        return false;
    }
    ++send.transmissions;
    ++sends.retransmitted;
    if (const std::size_t index = KindOf(AttributeOf(send.mad));
        index < sends.counts.retransmitted.size())
    {
        ++sends.counts.retransmitted[index];
    }
    return true;
}

void ReliablePort::SetDeadline(SendTable& sends, PendingSend& send, Instant deadline)
{
    send.deadline = deadline;
    sends.deadlines.Insert(send);
}

void ReliablePort::SetTimer(SendTable& sends)
{
    if (sends.expiring)
    {
        return; // it will be set when that is through
    }
    const bool needed = !sends.closed && !sends.deadlines.Empty();
    const Instant earliest = needed ? sends.deadlines.Top().deadline : Instant::max();
    if (earliest == sends.armedFor)
    {
        return;
    }
    sends.armedFor = earliest;
    if (!needed)
    {
        (void)m_timer->Cancel();
        return;
    }
    m_timer->Arm(std::max(earliest - m_runtime.Now(), Duration{0}));
}

} // namespace ibcm
