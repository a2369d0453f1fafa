// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a sender calls; time-outs are in reliable-port-timeouts.cc, the port's tables in
// mad-wire.cc.
#include "ibcm/helper/reliable-port.h"

#include "ibcm/helper/reliable-port-parts.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace ibcm
{

namespace
{

// A quarter of what fits: a deadline, and jitter, stay in range for as long again.
constexpr Duration kLongestTimeout = Duration::max() / 4;

WindowKey KeyOf(ibwire::CmAttribute attribute, const MadAddress& address)
{
    return {.dlid = address.dlid,
            .attribute = static_cast<std::uint16_t>(attribute),
            .qpn = address.qpn,
            .hasGrh = address.hasGrh,
            .dgid = address.hasGrh ? address.dgid : ibwire::Gid{}};
}

} // namespace

ReliablePort::ReliablePort(Runtime& runtime,
                           MadWire& wire,
                           std::uint8_t number,
                           const ReliablePortOptions& options)
    : m_runtime(runtime),
      m_wire(wire),
      m_number(number),
      m_options(options),
      m_timers(runtime.MakeWorkQueue("mad-timer", 1)),
      m_timer(std::make_unique<DeadlineTimer>(*this, runtime, *m_timers)),
      m_lock(runtime, "mad-port"),
      m_sends(runtime, std::make_unique<SendTable>())
{
    if (const std::string problem = options.Problem(); !problem.empty())
    {
        std::fprintf(stderr, "ReliablePort: %s\n", problem.c_str());
        std::abort();
    }
}

ReliablePort::~ReliablePort()
{
    {
        MutexLock hold(m_lock);
        SendTable& sends = *m_sends.Write();
        sends.closed = true;
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
    const ibwire::CmAttribute attribute = AttributeOf(mad);
    const Request request{.attribute = attribute,
                          .windowed = m_options.requestWindow != 0 && IsRequest(attribute),
                          .mad = mad,
                          .address = address,
                          .timeout = std::min(timeout, kLongestTimeout),
                          .retries = retries,
                          .context = context};
    SendLeftovers leftovers;
    SendSupplies supplies;
    do
    {
        MutexLock hold(m_lock);
        SendTable& sends = *m_sends.Write();
        if (sends.Size() >= m_options.maxPending || sends.Exhausted())
        {
            return tl::unexpected(CmError::kNoResources);
        }
        if (sends.Stock(supplies, request.windowed))
        {
            return Start(sends, request, leftovers);
        }
    } while (supplies.Make()); // without the lock; another thread may use up what it finds there
    return tl::unexpected(CmError::kNoResources);
}

Result<SendToken> ReliablePort::Start(SendTable& sends,
                                      const Request& request,
                                      SendLeftovers& leftovers)
{
    RequestWindow* window =
        request.windowed ? &sends.WindowOf(KeyOf(request.attribute, request.address)) : nullptr;
    const bool now = window == nullptr || HasTurn(*window);
    if (!now && Full(sends, *window))
    {
        return tl::unexpected(CmError::kNoResources); // not empty, so that the window stays
    }
    // Under the lock, so that after Cancel nothing more goes out.
    if (now && !m_wire.Transmit(request.mad, request.address))
    {
        if (window != nullptr)
        {
            sends.DropIfEmpty(*window, leftovers);
        }
        return tl::unexpected(CmError::kSendFailed);
    }
    PendingSend& send = sends.Add();
    send.mad = request.mad;
    send.address = request.address;
    send.context = request.context;
    send.timeout = request.timeout;
    send.retriesLeft = request.retries;
    send.transmissions = now ? 1 : 0;
    send.window = window;
    if (!now)
    {
        sends.Wait(send, *window);
        ++sends.counts.untransmitted[KindOf(request.attribute)]; // a request has a counter
        return send.token;
    }
    if (window != nullptr)
    {
        ++window->underWay;
    }
    send.stage = PendingSend::Stage::kUnderWay;
    SetDeadline(sends, send, m_runtime.Now() + send.timeout);
    SetTimer(sends);
    return send.token;
}

bool ReliablePort::HasTurn(const RequestWindow& window) const
{
    return window.underWay < m_options.requestWindow && window.waiting.empty();
}

bool ReliablePort::Full(const SendTable& sends, const RequestWindow& window) const
{
    return sends.waiting >= m_options.maxWaiting ||
           window.waiting.size() >= m_options.maxWaitingAtOneDestination;
}

bool ReliablePort::Modify(SendToken token, Duration timeout)
{
    MutexLock hold(m_lock);
    SendTable& sends = *m_sends.Write();
    PendingSend* send = sends.Find(token);
    if (send == nullptr || send->stage == PendingSend::Stage::kFailed)
    {
        return false;
    }
    send->timeout = std::min(timeout, kLongestTimeout);
    if (send->stage == PendingSend::Stage::kUnderWay)
    {
        sends.deadlines.Remove(*send);
        SetDeadline(sends, *send, m_runtime.Now() + send->timeout);
        SetTimer(sends);
    }
    return true;
}

bool ReliablePort::Cancel(SendToken token)
{
    SendLeftovers leftovers;
    MutexLock hold(m_lock);
    SendTable& sends = *m_sends.Write();
    PendingSend* send = sends.Find(token);
    if (send == nullptr)
    {
        return false;
    }
    Finish(sends, *send, m_runtime.Now(), leftovers);
    SetTimer(sends);
    return true;
}

bool ReliablePort::Resend(SendToken token)
{
    MutexLock hold(m_lock);
    SendTable& sends = *m_sends.Write();
    PendingSend* send = sends.Find(token);
    return send != nullptr && send->stage == PendingSend::Stage::kUnderWay &&
           TransmitAgain(sends, *send);
}

std::optional<SendProgress> ReliablePort::Progress(SendToken token) const
{
    MutexLock hold(m_lock);
    const PendingSend* send = m_sends.Read()->Find(token);
    if (send == nullptr)
    {
        return std::nullopt;
    }
    const bool waiting = send->stage == PendingSend::Stage::kWaiting;
    return SendProgress{.waiting = waiting,
                        .transmissions = send->transmissions,
                        .retriesLeft = send->retriesLeft,
                        .untilNext = waiting
                                         ? send->timeout
                                         : std::max(send->deadline - m_runtime.Now(), Duration{0})};
}

SendCounts ReliablePort::Counts() const
{
    MutexLock hold(m_lock);
    return m_sends.Read()->counts;
}

std::size_t ReliablePort::Outstanding() const
{
    MutexLock hold(m_lock);
    return m_sends.Read()->Size();
}

std::size_t ReliablePort::Waiting() const
{
    MutexLock hold(m_lock);
    return m_sends.Read()->waiting;
}

std::uint64_t ReliablePort::Retries() const
{
    MutexLock hold(m_lock);
    return m_sends.Read()->retransmitted;
}

} // namespace ibcm
