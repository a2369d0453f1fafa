// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/helper/acceptor.h"

#include "ibcm-verbs/helper/causes.h"
#include "ibcm-verbs/model/ip-route.h"

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
constexpr unsigned kAcceptThreads = 4;

} // namespace

/** Makes the queue pair of one client and accepts it. */
class Acceptor::AcceptWork final : public ibcm::WorkItem
{
  public:
    AcceptWork(ibcm::Runtime& runtime, Acceptor& acceptor, std::weak_ptr<Client> client)
        : WorkItem(runtime, "accept"),
          m_acceptor(acceptor),
          m_client(std::move(client))
    {
    }

    void Run() override
    {
        if (const ClientPtr client = m_client.lock())
        {
            m_acceptor.Accept(client);
        }
    }

  private:
    Acceptor& m_acceptor;
    const std::weak_ptr<Client> m_client;
};

Acceptor::Acceptor(CmHost& host, CompletionLoop& loop, AcceptorOptions options)
    : m_host(host),
      m_loop(loop),
      m_options(std::move(options)),
      m_pool(host.Runtime().MakeWorkQueue("accept", kAcceptThreads)),
      m_nextQpn(static_cast<std::uint32_t>(host.Runtime().Random()) & k24Bits)
{
}

Acceptor::~Acceptor() = default;

VerbsStatus Acceptor::Listen()
{
    const bool datagrams = m_options.data.peer == PeerKind::kUdaddy;
    const auto space = datagrams ? ibwire::PortSpace::kUdp : ibwire::PortSpace::kTcp;
    const auto id = m_host.Manager().Create(*this);
    if (!id)
    {
        return tl::unexpected(VerbsError{ENOMEM, ibcm::ToString(id.error())});
    }
    const auto listening =
        m_host.Manager().Listen(*id, ibcm::ServiceIdOf({space, m_options.servicePort}));
    if (!listening)
    {
        (void)m_host.Manager().Destroy(*id);
        return tl::unexpected(
            VerbsError{listening.error() == ibcm::CmError::kAddressInUse ? EADDRINUSE : EINVAL,
                       fmt::format("cannot listen on port {}: {}",
                                   m_options.servicePort,
                                   ibcm::ToString(listening.error()))});
    }
    m_listener = *id;
    return {};
}

CallStatistics Acceptor::Run()
{
    {
        std::unique_lock hold(m_lock);
        m_changed.wait(hold,
                       [this]
                       {
                           const bool enough =
                               m_options.count && m_statistics.Ended() >= *m_options.count;
                           return m_clients.empty() && (m_stopping || enough);
                       });
    }
    (void)m_host.Manager().Destroy(m_listener);
    m_pool->Flush();
    const std::lock_guard hold(m_lock);
    return m_statistics;
}

void Acceptor::Stop()
{
    std::vector<ClientPtr> clients;
    {
        const std::lock_guard hold(m_lock);
        m_stopping = true;
        for (const auto& [id, client] : m_clients)
        {
            clients.push_back(client);
        }
        m_changed.notify_all();
    }
    for (const ClientPtr& client : clients)
    {
        // At once, from this thread: who is told to stop does not wait for a DREP or for TIMEWAIT.
        if (const auto session = SessionOf(*client))
        {
            session->Close();
        }
        (void)m_host.Manager().Destroy(client->id);
        Count(*client, {});
        Forget(client);
    }
}

Acceptor::ClientPtr Acceptor::Add(ibcm::Handle id, const std::string& name)
{
    auto client = std::make_shared<Client>();
    client->id = id;
    client->name = name;
    client->started = m_host.Runtime().Now();
    client->psn = static_cast<std::uint32_t>(m_host.Runtime().Random()) & k24Bits;
    const std::lock_guard hold(m_lock);
    client->number = ++m_accepted;
    m_clients[id] = client;
    return client;
}

Acceptor::ClientPtr Acceptor::Find(ibcm::Handle id)
{
    const std::lock_guard hold(m_lock);
    const auto found = m_clients.find(id);
    return found == m_clients.end() ? nullptr : found->second;
}

std::shared_ptr<Session> Acceptor::SessionOf(const Client& client)
{
    const std::lock_guard hold(m_lock); // the pool may be making it
    return client.session;
}

bool Acceptor::Full()
{
    const std::lock_guard hold(m_lock);
    return m_stopping || (m_options.count && m_accepted >= *m_options.count);
}

ibcm::Disposition Acceptor::OnCmEvent(ibcm::ConnectionManager& /*manager*/,
                                      ibcm::Handle id,
                                      const ibcm::Event& event)
{
    if (event.type == ibcm::EventType::kReqReceived)
    {
        return OnReq(id, event);
    }
    if (event.type == ibcm::EventType::kSidrReqReceived)
    {
        return OnSidrReq(id, event);
    }
    const ClientPtr client = Find(id);
    if (client == nullptr)
    {
        return ibcm::Disposition::kKeep; // it has been stopped
    }
    switch (event.type)
    {
    case ibcm::EventType::kRtuReceived:
    case ibcm::EventType::kUserEstablished:
        Stands(client);
        return ibcm::Disposition::kKeep;
    case ibcm::EventType::kDreqReceived:
    case ibcm::EventType::kDrepReceived:
    case ibcm::EventType::kDreqError:
    case ibcm::EventType::kRejReceived:
    case ibcm::EventType::kRepError:
    case ibcm::EventType::kTimewaitExit:
        return OnEnd(client, event);
    default:
        return ibcm::Disposition::kKeep;
    }
}

ibcm::Disposition Acceptor::OnReq(ibcm::Handle id, const ibcm::Event& event)
{
    const auto& request = std::get<ibcm::ReqReceived>(event.parameters);
    const auto asked = ibcm::ParseIpCm(event.privateData.Bytes(), request.serviceId);
    if (!asked)
    {
        (void)m_host.Manager().SendRej(
            id, ibwire::RejReason::kConsumer, ibcm::RejectInfo(asked.error()));
        return ibcm::Disposition::kDestroy;
    }
    if (Full())
    {
        // As if nobody listened any more.
        (void)m_host.Manager().SendRej(id, ibwire::RejReason::kInvalidServiceId);
        return ibcm::Disposition::kDestroy;
    }
    const ClientPtr client = Add(
        id,
        fmt::format("{} port {}", ToString(asked->endpoints.source), asked->endpoints.sourcePort));
    Say(*client, fmt::format("REQ with QPN {:#08x}", request.remoteQpn));
    if (m_options.reject)
    {
        (void)m_host.Manager().SendRej(id, ibwire::RejReason::kConsumer, {}, m_options.privateData);
        Count(*client, {});
        Forget(client);
        return ibcm::Disposition::kDestroy;
    }
    client->request = request;
    client->work = std::make_unique<AcceptWork>(m_host.Runtime(), *this, client);
    client->work->QueueOn(*m_pool);
    return ibcm::Disposition::kKeep;
}

void Acceptor::Accept(const ClientPtr& client)
{
    if (const VerbsStatus accepted = Answer(*client); !accepted)
    {
        Count(*client, accepted.error().text);
        Forget(client);
        (void)m_host.Manager().Destroy(client->id); // rejects, if the peer still waits
    }
}

VerbsStatus Acceptor::Answer(Client& client)
{
    const std::uint8_t reads = m_host.Device().MaxReads();
    ibcm::RepParameters rep;
    rep.startingPsn = client.psn;
    rep.responderResources = std::min(client.request.responderResources, reads);
    rep.initiatorDepth = std::min(client.request.initiatorDepth, reads);
    rep.targetAckDelay = m_host.Device().AckDelay();
    rep.privateData = m_options.privateData;
    if (m_options.pretend)
    {
        const std::lock_guard hold(m_lock);
        m_nextQpn = m_nextQpn % k24Bits + 1; // never 0
        rep.localQpn = m_nextQpn;
    }
    else
    {
        auto session = Session::Make(m_host, m_loop, MakeDataMode(m_options.data), false, *this);
        if (!session)
        {
            return tl::unexpected(session.error());
        }
        (*session)->SetId(client.id);
        {
            const std::lock_guard hold(m_lock);
            client.session = *session;
        }
        if (const VerbsStatus ready = (*session)->Connect(client.psn); !ready)
        {
            return ready;
        }
        rep.localQpn = (*session)->Qpn();
    }
    if (const ibcm::Status sent = m_host.Manager().SendRep(client.id, rep); !sent)
    {
        return tl::unexpected(
            VerbsError{EIO, fmt::format("the REP was refused: {}", ibcm::ToString(sent.error()))});
    }
    return {};
}

ibcm::Disposition Acceptor::OnSidrReq(ibcm::Handle id, const ibcm::Event& event)
{
    const auto& request = std::get<ibcm::SidrReqReceived>(event.parameters);
    const auto asked = ibcm::ParseIpCm(event.privateData.Bytes(), request.serviceId);
    ibcm::SidrRepParameters answer;
    answer.privateData = m_options.privateData;
    if (!asked || m_options.reject || Full())
    {
        answer.status = ibwire::SidrStatus::kRejected;
        (void)m_host.Manager().SendSidrRep(id, answer);
        return ibcm::Disposition::kDestroy;
    }
    const ClientPtr client = Add(id, ToString(asked->endpoints.source));
    if (const VerbsStatus served = ServeDatagrams(*client); !served)
    {
        answer.status = ibwire::SidrStatus::kNoQp;
        (void)m_host.Manager().SendSidrRep(id, answer);
        Count(*client, served.error().text);
        Forget(client);
        return ibcm::Disposition::kDestroy;
    }
    answer.qpn = client->session->Qpn();
    answer.qkey = kIpCmQkey;
    Say(*client, fmt::format("SIDR_REQ, answered with QPN {:#08x}", answer.qpn));
    (void)m_host.Manager().SendSidrRep(id, answer); // if it is lost, the client asks again
    client->session->Established();
    return ibcm::Disposition::kDestroy; // the resolution is over; the session lives on
}

VerbsStatus Acceptor::ServeDatagrams(Client& client)
{
    auto session = Session::Make(m_host, m_loop, MakeDataMode(m_options.data), true, *this);
    if (!session)
    {
        return tl::unexpected(session.error());
    }
    (*session)->SetId(client.id);
    {
        const std::lock_guard hold(m_lock);
        client.session = *session;
    }
    return (*session)->PrepareDatagrams();
}

void Acceptor::Stands(const ClientPtr& client)
{
    {
        const std::lock_guard hold(m_lock);
        client->established = m_host.Runtime().Now();
    }
    Say(*client, "established");
    if (client->session != nullptr)
    {
        client->session->Established();
    }
}

void Acceptor::OnEarlyData(Session& session)
{
    // The RTU is late or lost, but who sends data has the connection.
    (void)m_host.Manager().NotifyEstablished(session.Id());
}

void Acceptor::OnFinished(Session& session)
{
    const ClientPtr client = Find(session.Id());
    if (client == nullptr)
    {
        return;
    }
    if (m_options.data.peer == PeerKind::kUdaddy)
    {
        Count(*client, {});
        Forget(client);
    }
    else if (session.Disconnects())
    {
        Disconnect(client);
    }
}

void Acceptor::OnBroken(Session& session, const VerbsError& error)
{
    const ClientPtr client = Find(session.Id());
    if (client == nullptr)
    {
        return;
    }
    {
        const std::lock_guard hold(m_lock);
        client->broken = error.text;
    }
    if (m_options.data.peer == PeerKind::kUdaddy)
    {
        Count(*client, error.text);
        Forget(client);
        return;
    }
    Disconnect(client);
}

void Acceptor::Disconnect(const ClientPtr& client)
{
    {
        const std::lock_guard hold(m_lock);
        if (client->closing)
        {
            return;
        }
        client->closing = m_host.Runtime().Now();
    }
    client->session->Close();
    // Refused if the peer was quicker: its DREQ is being told.
    (void)m_host.Manager().SendDreq(client->id);
}

ibcm::Disposition Acceptor::OnEnd(const ClientPtr& client, const ibcm::Event& event)
{
    std::string cause;
    if (client->session != nullptr)
    {
        client->session->Close();
    }
    switch (event.type)
    {
    case ibcm::EventType::kDreqReceived:
        (void)m_host.Manager().SendDrep(client->id); // if it is lost, the peer asks again
        if (client->session != nullptr && !client->session->Finished())
        {
            cause = "the peer disconnected before all had been exchanged";
        }
        break;
    case ibcm::EventType::kDreqError:
        cause = CauseOf(std::get<ibcm::SendFailed>(event.parameters), "DREQ");
        break;
    case ibcm::EventType::kRejReceived:
        cause = CauseOf(std::get<ibcm::RejReceived>(event.parameters));
        break;
    case ibcm::EventType::kRepError:
        cause = CauseOf(std::get<ibcm::SendFailed>(event.parameters), "REP");
        break;
    default:
        break;
    }
    Count(*client, cause);
    // A connection that stood stays in TIMEWAIT, so that a DREQ that comes again is answered.
    const auto state = m_host.Manager().StateOf(client->id);
    if (state && *state == ibcm::State::kTimewait)
    {
        return ibcm::Disposition::kKeep;
    }
    Forget(client);
    return ibcm::Disposition::kDestroy;
}

void Acceptor::Count(Client& client, const std::string& cause)
{
    const ibcm::Instant now = m_host.Runtime().Now();
    const auto session = SessionOf(client);
    const std::uint64_t messages = session == nullptr ? 0 : session->Messages();
    std::string why;
    {
        const std::lock_guard hold(m_lock);
        if (std::exchange(client.counted, true))
        {
            return;
        }
        why = client.broken.empty() ? cause : client.broken;
        CallOutcome outcome;
        outcome.ok = why.empty();
        outcome.cause = why;
        outcome.messages = messages;
        if (client.established)
        {
            outcome.setup = *client.established - client.started;
        }
        if (client.closing)
        {
            outcome.teardown = now - *client.closing;
        }
        m_statistics.Add(outcome);
        m_changed.notify_all();
    }
    Say(client, why.empty() ? "ended" : "failed: " + why);
}

void Acceptor::Forget(const ClientPtr& client)
{
    const std::lock_guard hold(m_lock);
    m_clients.erase(client->id);
    m_changed.notify_all();
}

void Acceptor::Say(const Client& client, const std::string& what) const
{
    if (m_options.say)
    {
        m_options.say(fmt::format("client {} ({}): {}", client.number, client.name, what));
    }
}

} // namespace cmverbs
