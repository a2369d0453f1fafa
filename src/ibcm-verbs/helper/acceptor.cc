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

/** Makes the queue pair of one client and accepts it; goes when that is done. */
class Acceptor::AcceptWork final : public ibcm::WorkItem
{
  public:
    AcceptWork(ibcm::Runtime& runtime, Acceptor& acceptor, ClientPtr client)
        : WorkItem(runtime, "accept"),
          m_acceptor(acceptor),
          m_client(std::move(client))
    {
    }

    void Run() override
    {
        const std::unique_ptr<AcceptWork> self(this);
        m_acceptor.Accept(m_client);
    }

  private:
    Acceptor& m_acceptor;
    const ClientPtr m_client;
};

Acceptor::Acceptor(CmHost& host, CompletionLoop& loop, AcceptorOptions options)
    : m_host(host),
      m_loop(loop),
      m_options(std::move(options)),
      m_pool(host.Runtime().MakeWorkQueue("accept", kAcceptThreads)),
      m_nextQpn(static_cast<std::uint32_t>(host.Runtime().Random()) & k24Bits)
{
}

Acceptor::~Acceptor()
{
    m_pool.reset();
    m_loop.Quiesce(); // a session's last news may still be on their way
}

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
    std::unique_lock hold(m_lock);
    for (;;)
    {
        m_changed.wait(hold, [this] { return !m_leftovers.empty() || Done(); });
        if (m_leftovers.empty())
        {
            break;
        }
        hold.unlock();
        DestroyLeftovers();
        hold.lock();
    }
    hold.unlock();
    (void)m_host.Manager().Destroy(m_listener);
    m_pool->Flush();
    DestroyLeftovers(); // who came meanwhile was refused
    hold.lock();
    return m_statistics;
}

bool Acceptor::Done() const
{
    const bool enough = m_options.count && m_statistics.Ended() >= *m_options.count;
    return m_clients.empty() && (m_stopping || enough);
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
        // Who is told to stop waits neither for a DREP nor for TIMEWAIT.
        if (const auto session = SessionOf(*client))
        {
            session->Close();
        }
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
        OnReq(id, event);
    }
    else if (event.type == ibcm::EventType::kSidrReqReceived)
    {
        OnSidrReq(id, event);
    }
    else if (const ClientPtr client = Find(id))
    {
        OnClient(client, event);
    }
    return ibcm::Disposition::kKeep; // Run's thread destroys it
}

void Acceptor::OnClient(const ClientPtr& client, const ibcm::Event& event)
{
    switch (event.type)
    {
    case ibcm::EventType::kRtuReceived:
    case ibcm::EventType::kUserEstablished:
        Stands(client);
        break;
    case ibcm::EventType::kDreqReceived:
    case ibcm::EventType::kDrepReceived:
    case ibcm::EventType::kDreqError:
    case ibcm::EventType::kRejReceived:
    case ibcm::EventType::kRepError:
    case ibcm::EventType::kTimewaitExit:
        OnEnd(client, event);
        break;
    default:
        break;
    }
}

void Acceptor::OnReq(ibcm::Handle id, const ibcm::Event& event)
{
    ibcm::ConnectionManager& manager = m_host.Manager();
    const auto& request = std::get<ibcm::ReqReceived>(event.parameters);
    const auto asked = ibcm::ParseIpCm(event.privateData.Bytes(), request.serviceId);
    if (!asked)
    {
        (void)manager.SendRej(id, ibwire::RejReason::kConsumer, ibcm::RejectInfo(asked.error()));
        return Leave(id);
    }
    if (Full())
    {
        // As if nobody listened any more.
        (void)manager.SendRej(id, ibwire::RejReason::kInvalidServiceId);
        return Leave(id);
    }
    const auto& from = asked->endpoints;
    const ClientPtr client =
        Add(id, fmt::format("{} port {}", ToString(from.source), from.sourcePort));
    Say(*client, fmt::format("REQ with QPN {:#08x}", request.remoteQpn));
    if (m_options.reject)
    {
        (void)manager.SendRej(id, ibwire::RejReason::kConsumer, {}, m_options.privateData);
        Count(*client, {});
        return Forget(client);
    }
    client->request = request;
    (new AcceptWork(m_host.Runtime(), *this, client))->QueueOn(*m_pool);
}

void Acceptor::Accept(const ClientPtr& client)
{
    if (const VerbsStatus accepted = Answer(*client); !accepted)
    {
        Count(*client, accepted.error().text);
        Forget(client); // to destroy its id rejects it, if the peer still waits
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

void Acceptor::OnSidrReq(ibcm::Handle id, const ibcm::Event& event)
{
    const auto& request = std::get<ibcm::SidrReqReceived>(event.parameters);
    const auto asked = ibcm::ParseIpCm(event.privateData.Bytes(), request.serviceId);
    ibcm::SidrRepParameters answer;
    answer.privateData = m_options.privateData;
    if (!asked || m_options.reject || Full())
    {
        answer.status = ibwire::SidrStatus::kRejected;
        (void)m_host.Manager().SendSidrRep(id, answer);
        return Leave(id);
    }
    const ClientPtr client = Add(id, ToString(asked->endpoints.source));
    if (const VerbsStatus served = ServeDatagrams(*client); !served)
    {
        answer.status = ibwire::SidrStatus::kNoQp;
        (void)m_host.Manager().SendSidrRep(id, answer);
        Count(*client, served.error().text);
        return Forget(client);
    }
    answer.qpn = client->session->Qpn();
    answer.qkey = kIpCmQkey;
    Say(*client, fmt::format("SIDR_REQ, answered with QPN {:#08x}", answer.qpn));
    (void)m_host.Manager().SendSidrRep(id, answer); // if it is lost, the client asks again
    client->session->Established();
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

void Acceptor::OnEnd(const ClientPtr& client, const ibcm::Event& event)
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
    if (!state || *state != ibcm::State::kTimewait)
    {
        Forget(client);
    }
}

void Acceptor::Count(Client& client, const std::string& cause)
{
    CallOutcome outcome;
    {
        const std::lock_guard hold(m_lock);
        if (std::exchange(client.counted, true))
        {
            return;
        }
        outcome.cause = client.broken.empty() ? cause : client.broken;
        outcome.ok = outcome.cause.empty();
        if (client.established)
        {
            outcome.setup = *client.established - client.started;
        }
        if (client.closing)
        {
            outcome.teardown = m_host.Runtime().Now() - *client.closing;
        }
    }
    if (const auto session = SessionOf(client))
    {
        outcome.messages = session->Messages();
    }
    Say(client, outcome.ok ? "ended" : "failed: " + outcome.cause);
    const std::lock_guard hold(m_lock);
    m_statistics.Add(outcome);
    m_changed.notify_all();
}

void Acceptor::Forget(const ClientPtr& client)
{
    const std::lock_guard hold(m_lock);
    if (m_clients.erase(client->id) != 0)
    {
        m_leftovers.push_back(client->id);
        m_changed.notify_all();
    }
}

void Acceptor::Leave(ibcm::Handle id)
{
    const std::lock_guard hold(m_lock);
    m_leftovers.push_back(id);
    m_changed.notify_all();
}

void Acceptor::DestroyLeftovers()
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

void Acceptor::Say(const Client& client, const std::string& what) const
{
    if (m_options.say)
    {
        m_options.say(fmt::format("client {} ({}): {}", client.number, client.name, what));
    }
}

} // namespace cmverbs
