// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/helper/caller.h"

#include "ibcm-verbs/helper/causes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <utility>

namespace cmverbs
{

namespace
{

constexpr std::uint32_t k24Bits = 0xffffff;
/** How often it is looked whether a connection has stood long enough. */
constexpr std::chrono::milliseconds kTick{20};
/** Ports that a program has if it does not ask for one. */
constexpr std::uint16_t kFirstFreePort = 49152;

VerbsStatus FromCm(const ibcm::Status& status, const char* what)
{
    if (status)
    {
        return {};
    }
    return tl::unexpected(
        VerbsError{EIO, fmt::format("{} was refused: {}", what, ibcm::ToString(status.error()))});
}

} // namespace

Caller::Caller(CmHost& host, CompletionLoop& loop, CallerOptions options)
    : m_host(host),
      m_loop(loop),
      m_options(std::move(options)),
      m_nextQpn(static_cast<std::uint32_t>(host.Runtime().Random()) & k24Bits)
{
}

Caller::~Caller()
{
    m_loop.Quiesce(); // a session's last news may still be on their way
}

CallStatistics Caller::Run(const Route& route)
{
    m_path = route.path;
    std::unique_lock hold(m_lock);
    while (!Done())
    {
        while (MayStart())
        {
            ++m_started;
            hold.unlock();
            Start(route);
            hold.lock();
        }
        hold.unlock();
        DestroyLeftovers();
        DisconnectOverdue();
        hold.lock();
        const auto changed = [this] { return MayStart() || !m_leftovers.empty() || Done(); };
        if (m_options.hold && m_options.hold->count() > 0)
        {
            m_changed.wait_for(hold, kTick, changed);
        }
        else
        {
            m_changed.wait(hold, changed);
        }
    }
    return m_statistics;
}

bool Caller::MayStart() const
{
    return !m_stopping && m_started < m_options.connections && m_calls.size() < m_options.parallel;
}

bool Caller::Done() const
{
    const bool all = m_stopping || m_started == m_options.connections;
    return all && m_calls.empty() && m_leftovers.empty();
}

void Caller::Stop()
{
    std::vector<CallPtr> calls;
    {
        const std::lock_guard hold(m_lock);
        m_stopping = true;
        for (const auto& [id, call] : m_calls)
        {
            calls.push_back(call);
        }
        m_changed.notify_all();
    }
    for (const CallPtr& call : calls)
    {
        bool stands = false;
        {
            const std::lock_guard hold(m_lock);
            stands = call->established.has_value() && !Datagrams();
        }
        if (stands)
        {
            Disconnect(call);
            continue;
        }
        End(call, "interrupted");
    }
}

void Caller::Start(const Route& route)
{
    auto call = std::make_shared<Call>();
    const auto id = m_host.Manager().Create(*this);
    {
        const std::lock_guard hold(m_lock);
        call->number = m_started;
        if (!id)
        {
            CallOutcome outcome;
            outcome.cause = fmt::format("no id: {}", ibcm::ToString(id.error()));
            m_statistics.Add(outcome);
            return;
        }
        call->id = *id;
        m_calls[*id] = call;
    }
    if (const VerbsStatus begun = Begin(*call, route); !begun)
    {
        End(call, begun.error().text);
    }
}

VerbsStatus Caller::Begin(Call& call, const Route& route)
{
    call.psn = static_cast<std::uint32_t>(m_host.Runtime().Random()) & k24Bits;
    if (!m_options.pretend)
    {
        auto session =
            Session::Make(m_host, m_loop, MakeDataMode(m_options.data), Datagrams(), *this);
        if (!session)
        {
            return tl::unexpected(session.error());
        }
        (*session)->SetId(call.id);
        const std::lock_guard hold(m_lock);
        call.session = std::move(*session);
    }
    {
        const std::lock_guard hold(m_lock);
        call.started = m_host.Runtime().Now();
    }
    return Datagrams() ? RequestDatagrams(call, route) : Request(call, route);
}

VerbsStatus Caller::Request(const Call& call, const Route& route)
{
    ibcm::IpCmEndpoints endpoints;
    endpoints.source = route.source;
    endpoints.sourcePort =
        static_cast<std::uint16_t>(kFirstFreePort + call.number % (0x10000 - kFirstFreePort));
    endpoints.destination = m_options.destination;
    const auto data = ibcm::BuildIpCm(endpoints, ibcm::IpCmCarrier::kReq, m_options.privateData);
    if (!data)
    {
        return tl::unexpected(VerbsError{EINVAL, ibcm::ToString(data.error())});
    }
    ibcm::ReqParameters req;
    req.serviceId = ibcm::ServiceIdOf({ibwire::PortSpace::kTcp, m_options.servicePort});
    req.primaryPath = route.path;
    if (call.session != nullptr)
    {
        req.localQpn = call.session->Qpn();
    }
    else
    {
        m_nextQpn = m_nextQpn % k24Bits + 1; // never 0
        req.localQpn = m_nextQpn;
    }
    const auto reads = static_cast<std::uint8_t>(std::min<unsigned>(m_host.Device().MaxReads(), 1));
    req.startingPsn = call.psn;
    req.responderResources = reads;
    req.initiatorDepth = reads;
    req.remoteCmResponseTimeout = m_options.responseTimeout;
    req.localCmResponseTimeout = m_options.responseTimeout;
    req.maxCmRetries = m_options.retries;
    req.privateData = *data;
    Say(call, fmt::format("REQ with QPN {:#08x}", req.localQpn));
    return FromCm(m_host.Manager().SendReq(call.id, req), "the REQ");
}

VerbsStatus Caller::RequestDatagrams(const Call& call, const Route& route)
{
    if (call.session == nullptr)
    {
        return tl::unexpected(VerbsError{EINVAL, "datagrams need a queue pair"});
    }
    ibcm::IpCmEndpoints endpoints;
    endpoints.source = route.source;
    endpoints.destination = m_options.destination;
    const auto data =
        ibcm::BuildIpCm(endpoints, ibcm::IpCmCarrier::kSidrReq, m_options.privateData);
    if (!data)
    {
        return tl::unexpected(VerbsError{EINVAL, ibcm::ToString(data.error())});
    }
    if (const VerbsStatus ready = call.session->PrepareDatagrams(); !ready)
    {
        return ready;
    }
    ibcm::SidrReqParameters request;
    request.serviceId = ibcm::ServiceIdOf({ibwire::PortSpace::kUdp, m_options.servicePort});
    request.path = route.path;
    request.maxCmRetries = m_options.retries;
    request.privateData = *data;
    Say(call, "SIDR_REQ");
    return FromCm(m_host.Manager().SendSidrReq(call.id, request), "the SIDR_REQ");
}

Caller::CallPtr Caller::Find(ibcm::Handle id)
{
    const std::lock_guard hold(m_lock);
    const auto found = m_calls.find(id);
    return found == m_calls.end() ? nullptr : found->second;
}

ibcm::Disposition Caller::OnCmEvent(ibcm::ConnectionManager& /*manager*/,
                                    ibcm::Handle id,
                                    const ibcm::Event& event)
{
    const CallPtr call = Find(id);
    if (call == nullptr)
    {
        return ibcm::Disposition::kKeep; // it has ended
    }
    switch (event.type)
    {
    case ibcm::EventType::kRepReceived:
        OnRep(call);
        break;
    case ibcm::EventType::kSidrRepReceived:
        OnSidrRep(call, std::get<ibcm::SidrRepReceived>(event.parameters));
        break;
    case ibcm::EventType::kDreqReceived:
        OnDreq(call);
        break;
    case ibcm::EventType::kRejReceived:
        End(call, CauseOf(std::get<ibcm::RejReceived>(event.parameters)));
        break;
    case ibcm::EventType::kReqError:
        End(call, CauseOf(std::get<ibcm::SendFailed>(event.parameters), "REQ"));
        break;
    case ibcm::EventType::kSidrReqError:
        End(call, CauseOf(std::get<ibcm::SendFailed>(event.parameters), "SIDR_REQ"));
        break;
    case ibcm::EventType::kDreqError:
        End(call, CauseOf(std::get<ibcm::SendFailed>(event.parameters), "DREQ"));
        break;
    case ibcm::EventType::kDrepReceived:
    case ibcm::EventType::kTimewaitExit:
        End(call, {});
        break;
    default:
        break;
    }
    return ibcm::Disposition::kKeep; // Run's thread destroys it
}

void Caller::OnRep(const CallPtr& call)
{
    ibcm::ConnectionManager& manager = m_host.Manager();
    if (call->session != nullptr)
    {
        if (const VerbsStatus ready = call->session->Connect(call->psn); !ready)
        {
            (void)manager.SendRej(call->id, ibwire::RejReason::kConsumer);
            return End(call, ready.error().text);
        }
    }
    if (const ibcm::Status sent = manager.SendRtu(call->id); !sent)
    {
        // The peer's retry brings the REP again, and the core repeats the RTU by itself.
        Say(*call, fmt::format("the RTU was refused: {}", ibcm::ToString(sent.error())));
        return End(call, "the RTU could not be sent");
    }
    Stands(call);
}

void Caller::OnSidrRep(const CallPtr& call, const ibcm::SidrRepReceived& answer)
{
    if (answer.status != ibwire::SidrStatus::kSuccess)
    {
        return End(call, CauseOf(answer.status));
    }
    if (const auto peer = call->session->SetPeer(m_path, answer.qpn, answer.qkey); !peer)
    {
        return End(call, peer.error().text);
    }
    Stands(call);
}

void Caller::Stands(const CallPtr& call)
{
    bool over = false;
    {
        const std::lock_guard hold(m_lock);
        call->established = m_host.Runtime().Now();
        const bool data = m_options.data.peer != PeerKind::kNone && call->session != nullptr;
        over = !data && (m_stopping || (m_options.hold && m_options.hold->count() == 0));
    }
    Say(*call, "established");
    if (call->session != nullptr)
    {
        call->session->Established();
    }
    if (over)
    {
        Disconnect(call);
    }
}

void Caller::OnDreq(const CallPtr& call)
{
    if (call->session != nullptr)
    {
        call->session->Close();
    }
    (void)m_host.Manager().SendDrep(call->id); // if it is lost, the peer asks again
    std::string cause;
    {
        const std::lock_guard hold(m_lock);
        const bool done = call->session == nullptr || call->session->Finished() || m_stopping;
        cause = !call->broken.empty() ? call->broken
                : done                ? std::string{}
                                      : "the peer disconnected before all had been exchanged";
    }
    End(call, cause);
}

void Caller::OnFinished(Session& session)
{
    const CallPtr call = Find(session.Id());
    if (call == nullptr)
    {
        return;
    }
    if (Datagrams())
    {
        End(call, {});
    }
    else if (session.Disconnects())
    {
        Disconnect(call);
    }
}

void Caller::OnBroken(Session& session, const VerbsError& error)
{
    const CallPtr call = Find(session.Id());
    if (call == nullptr)
    {
        return;
    }
    {
        const std::lock_guard hold(m_lock);
        call->broken = error.text;
    }
    if (Datagrams())
    {
        End(call, error.text);
        return;
    }
    Disconnect(call);
}

void Caller::OnEarlyData(Session& /*session*/)
{
    // On the active side data can come only after the REP, which is being handled then.
}

void Caller::Disconnect(const CallPtr& call)
{
    {
        const std::lock_guard hold(m_lock);
        if (call->closing)
        {
            return;
        }
        call->closing = m_host.Runtime().Now();
    }
    if (call->session != nullptr)
    {
        call->session->Close();
    }
    const ibcm::Status sent = m_host.Manager().SendDreq(call->id);
    // Any other refusal: the peer was quicker, and its DREQ is being told.
    if (!sent && sent.error() == ibcm::CmError::kSendFailed)
    {
        const std::lock_guard hold(m_lock);
        call->broken = "the DREQ could not be sent"; // the end of TIMEWAIT ends it
    }
}

void Caller::End(const CallPtr& call, const std::string& cause)
{
    CallOutcome outcome;
    {
        const std::lock_guard hold(m_lock);
        if (std::exchange(call->ended, true))
        {
            return;
        }
        outcome.cause = call->broken.empty() ? cause : call->broken;
        outcome.ok = outcome.cause.empty();
        if (call->established)
        {
            outcome.setup = *call->established - call->started;
        }
        if (call->closing)
        {
            outcome.teardown = m_host.Runtime().Now() - *call->closing;
        }
    }
    if (call->session != nullptr)
    {
        call->session->Close();
        outcome.messages = call->session->Messages();
    }
    Say(*call, outcome.ok ? "ended" : "failed: " + outcome.cause);
    const std::lock_guard hold(m_lock);
    m_statistics.Add(outcome);
    m_calls.erase(call->id);
    m_leftovers.push_back(call->id);
    m_changed.notify_all();
}

void Caller::DisconnectOverdue()
{
    std::vector<CallPtr> overdue;
    {
        const std::lock_guard hold(m_lock);
        if (!m_options.hold || m_options.data.peer != PeerKind::kNone)
        {
            return;
        }
        const ibcm::Instant now = m_host.Runtime().Now();
        for (const auto& [id, call] : m_calls)
        {
            if (call->established && !call->closing && now - *call->established >= *m_options.hold)
            {
                overdue.push_back(call);
            }
        }
    }
    for (const CallPtr& call : overdue)
    {
        Disconnect(call);
    }
}

void Caller::DestroyLeftovers()
{
    std::vector<ibcm::Handle> leftovers;
    {
        const std::lock_guard hold(m_lock);
        leftovers.swap(m_leftovers);
    }
    for (const ibcm::Handle id : leftovers)
    {
        (void)m_host.Manager().Destroy(id);
    }
}

void Caller::Say(const Call& call, const std::string& what) const
{
    if (m_options.say)
    {
        m_options.say(fmt::format("connection {}: {}", call.number, what));
    }
}

} // namespace cmverbs
