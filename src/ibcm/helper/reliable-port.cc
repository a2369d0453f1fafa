// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm/helper/reliable-port.h"

#include <algorithm>
#include <vector>

namespace ibcm
{

std::uint8_t MadWire::Lmc() const
{
    return 0;
}

std::uint8_t MadWire::ActiveMtu() const
{
    return static_cast<std::uint8_t>(ibwire::Mtu::k4096);
}

std::uint8_t MadWire::ActiveRate() const
{
    return static_cast<std::uint8_t>(ibwire::Rate::k100Gbps);
}

namespace
{

ibwire::CmAttribute AttributeOf(const ibwire::MadBytes& mad)
{
    return static_cast<ibwire::CmAttribute>(ibwire::DecodeHeader(mad).attributeId);
}

} // namespace

ReliablePort::ReliablePort(Runtime& runtime, MadWire& wire, std::uint8_t number)
    : m_runtime(runtime),
      m_wire(wire),
      m_number(number),
      m_timers(runtime.MakeWorkQueue("mad-timer", 1)),
      m_timer(std::make_unique<DeadlineTimer>(*this, runtime, *m_timers)),
      m_lock(runtime, "mad-port"),
      m_sends(runtime, "sends")
{
}

ReliablePort::~ReliablePort()
{
    {
        MutexLock hold(m_lock);
        Sends& sends = m_sends.Write();
        sends.pending.clear();
        sends.deadlines.clear();
        SetTimer(sends);
    }
    m_timers->Flush(); // a timer that was running may still be on its way out
    m_timer.reset();
    m_timers.reset();
}

void ReliablePort::SetSink(MadSink* sink)
{
    m_sink.store(sink, std::memory_order_release);
    if (sink == nullptr)
    {
        m_timers->Flush(); // a report may be under way
    }
}

void ReliablePort::Received(const ReceivedMad& mad)
{
    if (MadSink* sink = m_sink.load(std::memory_order_acquire); sink != nullptr)
    {
        sink->OnReceive(m_number, mad);
    }
}

Result<SendToken> ReliablePort::Send(const ibwire::MadBytes& mad,
                                     const MadAddress& address,
                                     Duration timeout,
                                     unsigned retries,
                                     std::uint64_t context)
{
    if (timeout == Duration{0})
    {
        if (!m_wire.Transmit(mad, address))
        {
            return tl::unexpected(CmError::kSendFailed);
        }
        return SendToken::kNone;
    }
    MutexLock hold(m_lock);
    // Under the lock, so that after Cancel nothing more goes out.
    if (!m_wire.Transmit(mad, address))
    {
        return tl::unexpected(CmError::kSendFailed);
    }
    Sends& sends = m_sends.Write();
    const auto token = static_cast<SendToken>(++sends.lastToken);
    const Instant deadline = m_runtime.Now() + timeout;
    sends.pending.emplace_hint(
        sends.pending.end(), token, Pending{mad, address, timeout, retries, 1, context, deadline});
    sends.deadlines.emplace(deadline, token);
    SetTimer(sends);
    return token;
}

bool ReliablePort::Modify(SendToken token, Duration timeout)
{
    MutexLock hold(m_lock);
    Sends& sends = m_sends.Write();
    const auto it = sends.pending.find(token);
    if (it == sends.pending.end())
    {
        return false;
    }
    Pending& pending = it->second;
    sends.deadlines.erase({pending.deadline, token});
    pending.timeout = timeout;
    pending.deadline = m_runtime.Now() + timeout;
    sends.deadlines.emplace(pending.deadline, token);
    SetTimer(sends);
    return true;
}

bool ReliablePort::Cancel(SendToken token)
{
    MutexLock hold(m_lock);
    Sends& sends = m_sends.Write();
    const auto it = sends.pending.find(token);
    if (it == sends.pending.end())
    {
        return false;
    }
    sends.deadlines.erase({it->second.deadline, token});
    sends.pending.erase(it);
    SetTimer(sends);
    return true;
}

bool ReliablePort::Resend(SendToken token)
{
    MutexLock hold(m_lock);
    Sends& sends = m_sends.Write();
    const auto it = sends.pending.find(token);
    if (it == sends.pending.end() || !m_wire.Transmit(it->second.mad, it->second.address))
    {
        return false;
    }
    ++it->second.transmissions;
    ++sends.retransmissions[AttributeOf(it->second.mad)];
    return true;
}

std::optional<SendProgress> ReliablePort::Progress(SendToken token) const
{
    MutexLock hold(m_lock);
    const Sends& sends = m_sends.Read();
    const auto it = sends.pending.find(token);
    if (it == sends.pending.end())
    {
        return std::nullopt;
    }
    const Pending& pending = it->second;
    return SendProgress{.waiting = false,
                        .transmissions = pending.transmissions,
                        .retriesLeft = pending.retriesLeft,
                        .untilNext = std::max(pending.deadline - m_runtime.Now(), Duration{0})};
}

std::uint64_t ReliablePort::Retransmissions(ibwire::CmAttribute attribute) const
{
    MutexLock hold(m_lock);
    const auto& counts = m_sends.Read().retransmissions;
    const auto it = counts.find(attribute);
    return it == counts.end() ? 0 : it->second;
}

void ReliablePort::SetTimer(Sends& sends)
{
    const Instant earliest = sends.deadlines.empty() ? kNotArmed : sends.deadlines.begin()->first;
    if (earliest == sends.armedFor)
    {
        return;
    }
    sends.armedFor = earliest;
    if (earliest == kNotArmed)
    {
        (void)m_timer->Cancel();
        return;
    }
    m_timer->Arm(std::max(earliest - m_runtime.Now(), Duration{0}));
}

void ReliablePort::Expired()
{
    std::vector<Ended> ended;
    {
        MutexLock hold(m_lock);
        Sends& sends = m_sends.Write();
        sends.armedFor = kNotArmed; // it has just gone off
        const Instant now = m_runtime.Now();
        while (!sends.deadlines.empty() && sends.deadlines.begin()->first <= now)
        {
            if (auto end = Retry(sends, sends.deadlines.begin()->second, now))
            {
                ended.push_back(*end);
            }
        }
        SetTimer(sends);
    }
    MadSink* sink = m_sink.load(std::memory_order_acquire);
    if (sink == nullptr)
    {
        return;
    }
    for (const Ended& end : ended)
    {
        sink->OnSendDone(end.context, end.token, end.status);
    }
}

std::optional<ReliablePort::Ended> ReliablePort::Retry(Sends& sends, SendToken token, Instant now)
{
    const auto it = sends.pending.find(token);
    Pending& pending = it->second;
    sends.deadlines.erase(sends.deadlines.begin());
    SendStatus status = SendStatus::kTimeout;
    if (pending.retriesLeft > 0)
    {
        --pending.retriesLeft;
        ++sends.retries;
        if (m_wire.Transmit(pending.mad, pending.address))
        {
            ++pending.transmissions;
            ++sends.retransmissions[AttributeOf(pending.mad)];
            // At least a little later: a timeout that is over in no time would never end.
            pending.deadline = now + std::max(pending.timeout, Duration{1});
            sends.deadlines.emplace(pending.deadline, token);
            return std::nullopt;
        }
        status = SendStatus::kFailed;
    }
    const Ended end{pending.context, token, status};
    sends.pending.erase(it);
    return end;
}

std::uint16_t ReliablePort::Lid() const
{
    return m_wire.Lid();
}

std::uint8_t ReliablePort::Lmc() const
{
    return m_wire.Lmc();
}

std::uint8_t ReliablePort::ActiveMtu() const
{
    return m_wire.ActiveMtu();
}

std::uint8_t ReliablePort::ActiveRate() const
{
    return m_wire.ActiveRate();
}

std::optional<std::uint8_t> ReliablePort::FindGid(const ibwire::Gid& gid) const
{
    return m_wire.FindGid(gid);
}

ibwire::Gid ReliablePort::GidAt(std::uint8_t index) const
{
    return m_wire.GidAt(index);
}

std::optional<std::uint16_t> ReliablePort::FindPkey(std::uint16_t pkey) const
{
    return m_wire.FindPkey(pkey);
}

std::size_t ReliablePort::Outstanding() const
{
    MutexLock hold(m_lock);
    return m_sends.Read().pending.size();
}

std::uint64_t ReliablePort::Retries() const
{
    MutexLock hold(m_lock);
    return m_sends.Read().retries;
}

} // namespace ibcm
