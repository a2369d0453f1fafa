// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm/helper/reliable-port.h"

#include <utility>

namespace ibcm
{

/** One reliable send under way; the port's lock protects it. */
class ReliablePort::Pending final : public Timer
{
  public:
    Pending(ReliablePort& port, WorkQueue& queue, const ibwire::MadBytes& bytes, const MadAddress& to)
        : Timer(port.m_runtime, queue, "mad timeout"),
          mad(bytes),
          address(to),
          m_port(port)
    {
    }

    void Expired() override
    {
        m_port.Expired(*this);
    }

    const ibwire::MadBytes mad;
    const MadAddress address;
    SendToken token{SendToken::kNone};
    Duration timeout{0};
    unsigned retriesLeft{0};
    std::uint64_t context{0};
    bool cancelled{false}; ///< and its work already queued: that frees it

  private:
    ReliablePort& m_port;
};

ReliablePort::ReliablePort(Runtime& runtime, MadWire& wire, std::uint8_t number)
    : m_runtime(runtime),
      m_wire(wire),
      m_number(number),
      m_timers(runtime.MakeWorkQueue("mad-timer", 1)),
      m_lock(runtime, "mad-port"),
      m_sends(runtime, "sends")
{
}

ReliablePort::~ReliablePort()
{
    for (;;)
    {
        std::unique_ptr<Pending> last;
        {
            MutexLock hold(m_lock);
            auto& pending = m_sends.Write().pending;
            if (pending.empty())
            {
                break;
            }
            auto node = pending.extract(pending.begin());
            if (node.mapped()->Cancel())
            {
                last = std::move(node.mapped());
            }
            else
            {
                node.mapped()->cancelled = true;
                (void)node.mapped().release(); // its work, queued already, frees it
            }
        }
    }
    m_timers.reset(); // waits for such work
}

void
ReliablePort::SetSink(MadSink* sink)
{
    m_sink = sink;
}

void
ReliablePort::Received(const ReceivedMad& mad)
{
    if (m_sink != nullptr)
    {
        m_sink->OnReceive(m_number, mad);
    }
}

Result<SendToken>
ReliablePort::Send(const ibwire::MadBytes& mad,
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
    auto pending = std::make_unique<Pending>(*this, *m_timers, mad, address);
    pending->timeout = timeout;
    pending->retriesLeft = retries;
    pending->context = context;
    MutexLock hold(m_lock);
    if (!m_wire.Transmit(mad, address))
    {
        return tl::unexpected(CmError::kSendFailed);
    }
    Sends& sends = m_sends.Write();
    const auto token = static_cast<SendToken>(++sends.lastToken);
    pending->token = token;
    pending->Arm(timeout);
    sends.pending.emplace_hint(sends.pending.end(), token, std::move(pending));
    return token;
}

bool
ReliablePort::Modify(SendToken token, Duration timeout)
{
    MutexLock hold(m_lock);
    auto& sends = m_sends.Write();
    const auto it = sends.pending.find(token);
    if (it == sends.pending.end())
    {
        return false;
    }
    it->second->timeout = timeout;
    it->second->Arm(timeout);
    return true;
}

bool
ReliablePort::Cancel(SendToken token)
{
    std::unique_ptr<Pending> ended; // freed after the lock
    MutexLock hold(m_lock);
    auto& sends = m_sends.Write();
    const auto it = sends.pending.find(token);
    if (it == sends.pending.end())
    {
        return false;
    }
    ended = std::move(it->second);
    sends.pending.erase(it);
    if (!ended->Timer::Cancel())
    {
        ended->cancelled = true;
        (void)ended.release(); // its work, queued already, frees it
    }
    return true;
}

void
ReliablePort::Expired(Pending& pending)
{
    std::unique_ptr<Pending> ended;
    bool failed = false;
    {
        MutexLock hold(m_lock);
        if (pending.cancelled)
        {
            ended.reset(&pending);
            return;
        }
        Sends& sends = m_sends.Write();
        if (pending.retriesLeft > 0)
        {
            // Under the lock, so that after Cancel nothing more goes out.
            --pending.retriesLeft;
            ++sends.retries;
            failed = !m_wire.Transmit(pending.mad, pending.address);
            if (!failed)
            {
                pending.Arm(pending.timeout);
                return;
            }
        }
        const auto it = sends.pending.find(pending.token);
        ended = std::move(it->second);
        sends.pending.erase(it);
        // A Modify that came too late may have armed it once more.
        (void)ended->Timer::Cancel();
    }
    if (m_sink != nullptr)
    {
        m_sink->OnSendDone(ended->context,
                           ended->token,
                           failed ? SendStatus::kFailed : SendStatus::kTimeout);
    }
}

std::uint16_t
ReliablePort::Lid() const
{
    return m_wire.Lid();
}

std::optional<std::uint8_t>
ReliablePort::FindGid(const ibwire::Gid& gid) const
{
    return m_wire.FindGid(gid);
}

ibwire::Gid
ReliablePort::GidAt(std::uint8_t index) const
{
    return m_wire.GidAt(index);
}

std::optional<std::uint16_t>
ReliablePort::FindPkey(std::uint16_t pkey) const
{
    return m_wire.FindPkey(pkey);
}

std::size_t
ReliablePort::Outstanding() const
{
    MutexLock hold(m_lock);
    return m_sends.Read().pending.size();
}

std::uint64_t
ReliablePort::Retries() const
{
    MutexLock hold(m_lock);
    return m_sends.Read().retries;
}

} // namespace ibcm
