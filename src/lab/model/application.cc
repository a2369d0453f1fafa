// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/application.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <span>

namespace lab
{

namespace
{

/** Depths that every host offers and asks for. */
constexpr std::uint8_t kRdAtomicDepth = 1;
constexpr std::uint32_t kPsnMask = 0xffffff;

std::span<const std::uint8_t> BytesOf(const std::string& text)
{
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/** Names of tasks are one word. */
std::string Word(std::string text)
{
    std::replace_if(
        text.begin(), text.end(), [](unsigned char c) { return std::isspace(c) != 0; }, '-');
    return text;
}

bool PassiveDisconnects(const ConnectSpec& spec)
{
    return spec.disconnect == "to" || spec.disconnect == "both";
}

bool ActiveDisconnects(const ConnectSpec& spec)
{
    return spec.disconnect == "from" || spec.disconnect == "both";
}

} // namespace

std::size_t Stage::AddConnect(const ConnectSpec& spec)
{
    const interleave::EngineScope scope;
    ConnectRecord connect;
    connect.name = spec.name;
    connect.from = spec.from;
    connect.to = spec.to;
    connect.startedNs = engine.NowNs();
    record.connects.push_back(std::move(connect));
    return record.connects.size() - 1;
}

void Stage::SetOutcome(ConnectRecord& connect, std::string_view outcome) const
{
    const interleave::EngineScope scope;
    connect.outcome = outcome;
}

void Stage::Violated(std::string_view kind, std::string_view text)
{
    const interleave::EngineScope scope;
    record.violations.push_back({std::string(kind), std::string(text)});
}

Application::Application(Stage& stage, Host& host)
    : m_stage(stage),
      m_host(host)
{
}

void Application::Failed(const std::string& what, const std::string& why)
{
    if (m_host.Up())
    {
        m_stage.Violated("scenario", m_host.Name() + ": " + what + ": " + why);
    }
}

Session* Application::SessionOf(ibcm::Handle id) const
{
    const auto it = m_ids.find(id);
    return it == m_ids.end() ? nullptr : it->second;
}

bool Application::IsActive(const Session& session, ibcm::Handle id) const
{
    // Handles are the manager's: the other host's may be the same number.
    return session.spec.from == m_host.Name() && session.active == id;
}

ConnectRecord& Application::RecordOf(const Session& session)
{
    return m_stage.record.connects[session.record];
}

std::string Application::Listen(const ListenSpec& spec)
{
    const auto id = m_host.Manager().Create(m_host.Watched(*this));
    if (!id)
    {
        return ibcm::ToString(id.error());
    }
    m_listeners.emplace(*id, &spec);
    if (const auto listening = m_host.Manager().Listen(*id, spec.serviceId); !listening)
    {
        return ibcm::ToString(listening.error());
    }
    return {};
}

void Application::Connect(const ConnectSpec& spec, const Attachment& to, unsigned& finished)
{
    const std::int64_t passedNs = m_stage.engine.NowNs() - m_stage.beganNs;
    m_stage.engine.Sleep(std::max<std::int64_t>(spec.atNs - passedNs, 0), "scenario");
    while (Going() && finished < spec.count)
    {
        ConnectOnce(spec, to);
        if (m_host.Up())
        {
            ++finished;
        }
    }
}

void Application::ConnectOnce(const ConnectSpec& spec, const Attachment& to)
{
    m_stage.sessions.push_back(std::make_unique<Session>(m_stage.engine, spec));
    Session& session = *m_stage.sessions.back();
    session.record = m_stage.AddConnect(spec);

    const auto path = m_host.ResolvePath(to);
    const std::string error = path ? SendReq(session, *path) : path.error();
    if (session.lost)
    {
        (void)m_host.Destroy(session.active);
        return;
    }
    if (!error.empty())
    {
        m_stage.recorder.Note(m_host.Name(), "", "connect failed: " + error);
        m_stage.SetOutcome(RecordOf(session), "failed");
        RecordOf(session).endedNs = m_stage.engine.NowNs();
        Failed("connect " + spec.name, error);
        return;
    }
    RunConnection(session);
}

std::string Application::SendReq(Session& session, const ibcm::Path& path)
{
    const ConnectSpec& spec = session.spec;
    ibcm::ConnectionManager& manager = m_host.Manager();
    session.activePath = m_host.GetAttachment().MakeDataPath();
    const std::uint32_t qpn = session.activePath->Qpn();
    m_stage.byPeer[{m_host.GetAttachment().NodeGuid(), qpn}] = &session;

    const auto id = manager.Create(m_host.Watched(*this));
    if (!id)
    {
        return ibcm::ToString(id.error());
    }
    session.active = *id;
    m_ids.emplace(*id, &session);
    BeganConnect(session, path);

    ibcm::ReqParameters parameters;
    parameters.serviceId = spec.serviceId;
    parameters.primaryPath = path;
    parameters.localQpn = qpn;
    parameters.startingPsn = static_cast<std::uint32_t>(m_host.Runtime().Random()) & kPsnMask;
    parameters.responderResources = kRdAtomicDepth;
    parameters.initiatorDepth = kRdAtomicDepth;
    parameters.remoteCmResponseTimeout = static_cast<std::uint8_t>(spec.remoteCmResponseTimeout);
    parameters.localCmResponseTimeout = static_cast<std::uint8_t>(spec.cmResponseTimeout);
    parameters.maxCmRetries = static_cast<std::uint8_t>(spec.maxCmRetries);
    parameters.privateData = BytesOf(spec.privateData);
    if (const auto sent = manager.SendReq(*id, parameters); !sent)
    {
        return ibcm::ToString(sent.error());
    }
    return {};
}

void Application::BeganConnect(Session& session, const ibcm::Path& path)
{
    // Each repetition waits for a way there and back and for the peer; requests wait for each
    // other.
    constexpr double kUnitNs = 4096;
    constexpr std::int64_t kMarginNs = 1'000'000'000;
    const double waitNs = kUnitNs * (std::exp2(session.spec.remoteCmResponseTimeout) +
                                     std::exp2(path.packetLifeTime + 2));
    const double requests = 1.0 + session.spec.maxCmRetries;
    session.boundNs =
        kMarginNs + static_cast<std::int64_t>(2 * requests * waitNs *
                                              static_cast<double>(m_stage.finished.size()));
    session.connecting = m_host.Began("connect", session.boundNs);
}

void Application::RunConnection(Session& session)
{
    const ConnectSpec& spec = session.spec;
    session.settled.Wait("wait for connection");
    m_host.Ended(session.connecting);
    if (RecordOf(session).outcome == "connected" && !session.lost)
    {
        if (!spec.message.empty())
        {
            SendMessage(session);
        }
        m_stage.engine.Sleep(spec.holdNs, "hold");
        if (ActiveDisconnects(spec))
        {
            Disconnect(session, true);
        }
        else if (PassiveDisconnects(spec))
        {
            // If the passive side has given up without this side hearing of it, nobody would ever
            // ask to disconnect: applications find that out by their own means.
            session.passiveGone.Wait("wait for the other side");
            Disconnect(session, true);
        }
        else
        {
            return; // stays until the scenario is taken down
        }
    }
    session.ended.Wait("wait for end of connection");
    m_host.Ended(session.disconnecting);
}

void Application::SendMessage(Session& session)
{
    const ConnectSpec& spec = session.spec;
    if (session.activePath == nullptr)
    {
        return; // the connection is over already
    }
    interleave::Completion acknowledged(m_stage.engine, "message");
    std::string failure;
    m_stage.recorder.Note(m_host.Name(), spec.to, "RC SEND \"" + spec.message + "\"");
    const std::string refused = session.activePath->Send(spec.message,
                                                         [&](std::string error)
                                                         {
                                                             failure = std::move(error);
                                                             acknowledged.CompleteAll();
                                                         });
    if (refused.empty())
    {
        acknowledged.Wait("wait for acknowledgement");
    }
    if (!refused.empty() || !failure.empty())
    {
        FailedMessage(session, refused + failure);
    }
}

void Application::FailedMessage(Session& session, const std::string& error)
{
    // The peer may have given the connection up, as when no RTU came, and its REJ be on its way.
    const bool peerHere =
        session.passivePath != nullptr && session.passivePath->Qpn() == session.peerQpn;
    const auto state = m_host.Manager().StateOf(session.active);
    if (peerHere && !session.lost && state == ibcm::State::kEstablished)
    {
        Failed("message of " + session.spec.name, error);
        return;
    }
    m_stage.recorder.Note(m_host.Name(), "", "message failed: " + error);
}

void Application::Disconnect(Session& session, bool active)
{
    DataPath* path = (active ? session.activePath : session.passivePath).get();
    if (path == nullptr || !m_host.Up())
    {
        return; // it has ended by itself
    }
    path->Break();
    if (active)
    {
        session.disconnecting = m_host.Began("disconnect", session.boundNs);
    }
    // The other side may have been quicker: then there is nothing to ask for any more.
    (void)m_host.Manager().SendDreq(active ? session.active : session.passive);
}

std::string Application::Apply(DataPath& path, ibcm::Handle id, ibcm::QpTarget target)
{
    const auto attributes = m_host.Manager().InitQpAttributes(id, target);
    return attributes ? path.Modify(*attributes) : ibcm::ToString(attributes.error());
}

ibcm::Disposition Application::OnCmEvent(ibcm::ConnectionManager& /*manager*/,
                                         ibcm::Handle id,
                                         const ibcm::Event& event)
{
    Session* session = SessionOf(id);
    switch (event.type)
    {
    case ibcm::EventType::kReqReceived:
        return OnReq(id, event);
    case ibcm::EventType::kRepReceived:
        return OnRep(id, session, std::get<ibcm::RepReceived>(event.parameters));
    case ibcm::EventType::kRtuReceived:
    case ibcm::EventType::kUserEstablished:
        return OnEstablished(id, session);
    case ibcm::EventType::kDreqReceived:
        return OnDreq(id, session);
    case ibcm::EventType::kRejReceived:
        return OnRej(id, session, std::get<ibcm::RejReceived>(event.parameters));
    case ibcm::EventType::kReqError:
    case ibcm::EventType::kRepError:
        return OnTimeout(id, session);
    case ibcm::EventType::kTimewaitExit:
        return Ended(id, session);
    default:
        return ibcm::Disposition::kKeep; // DREP_RECEIVED, DREQ_ERROR: TIMEWAIT_EXIT follows
    }
}

ibcm::Disposition Application::OnReq(ibcm::Handle id, const ibcm::Event& event)
{
    const auto& req = std::get<ibcm::ReqReceived>(event.parameters);
    const ListenSpec& spec = *m_listeners.at(req.listener);
    const auto it = m_stage.byPeer.find({req.remoteCaGuid, req.remoteQpn});
    Session* session = it == m_stage.byPeer.end() ? nullptr : it->second;
    m_ids[id] = session;
    if (session != nullptr)
    {
        session->passive = id;
    }
    if (spec.policy == "ignore")
    {
        return ibcm::Disposition::kKeep;
    }
    if (spec.policy == "reject")
    {
        (void)m_host.Manager().SendRej(
            id, ibwire::RejReason::kConsumer, {}, BytesOf(spec.privateData));
        return Ended(id, nullptr);
    }
    if (const std::string error = Accept(id, req, session, spec); !error.empty())
    {
        // The peer may have given up meanwhile; anything else is worth knowing.
        m_stage.recorder.Note(m_host.Name(), "", "accept failed: " + error);
        return Ended(id, session);
    }
    return ibcm::Disposition::kKeep;
}

std::string Application::Accept(ibcm::Handle id,
                                const ibcm::ReqReceived& req,
                                Session* session,
                                const ListenSpec& spec)
{
    auto path = m_host.GetAttachment().MakeDataPath();
    ibcm::RepParameters parameters;
    parameters.localQpn = path->Qpn();
    parameters.startingPsn = static_cast<std::uint32_t>(m_host.Runtime().Random()) & kPsnMask;
    parameters.responderResources = std::min(req.responderResources, kRdAtomicDepth);
    parameters.initiatorDepth = std::min(req.initiatorDepth, kRdAtomicDepth);
    parameters.targetAckDelay = m_host.GetAttachment().AckDelay();
    parameters.rnrRetryCount = req.rnrRetryCount;
    parameters.privateData = BytesOf(spec.privateData);
    // Ready to receive before the REP leaves: data may come right behind the RTU, or instead of it.
    for (const auto target : {ibcm::QpTarget::kInit, ibcm::QpTarget::kRtr})
    {
        auto attributes = m_host.Manager().InitQpAttributes(id, target);
        if (!attributes)
        {
            return ibcm::ToString(attributes.error());
        }
        attributes->rqPsn = parameters.startingPsn; // the manager learns it with the REP
        if (std::string error = path->Modify(*attributes); !error.empty())
        {
            return error;
        }
    }
    if (session == nullptr)
    {
        return SendRep(id, parameters);
    }
    path->OnReceive(
        [this, session](std::string message)
        {
            m_stage.recorder.Note(m_host.Name(), "", "received \"" + message + "\"");
            session->delivered.CompleteAll();
        });
    path->OnCommunicationEstablished(
        [this, id]
        { m_host.RunInTask([this, id] { (void)m_host.Manager().NotifyEstablished(id); }); });
    session->passivePath = std::move(path);
    return SendRep(id, parameters);
}

std::string Application::SendRep(ibcm::Handle id, const ibcm::RepParameters& parameters)
{
    const auto sent = m_host.Manager().SendRep(id, parameters);
    return sent ? std::string() : ibcm::ToString(sent.error());
}

ibcm::Disposition Application::OnRep(ibcm::Handle id,
                                     Session* session,
                                     const ibcm::RepReceived& rep)
{
    session->peerQpn = rep.remoteQpn;
    for (const auto target : {ibcm::QpTarget::kInit, ibcm::QpTarget::kRtr, ibcm::QpTarget::kRts})
    {
        if (const std::string error = Apply(*session->activePath, id, target); !error.empty())
        {
            return OnRepFailed(id, session, error);
        }
    }
    if (const auto sent = m_host.Manager().SendRtu(id); !sent)
    {
        return OnRepFailed(id, session, ibcm::ToString(sent.error()));
    }
    RecordOf(*session).establishedNs = m_stage.engine.NowNs();
    SettleActive(*session, "connected");
    return ibcm::Disposition::kKeep;
}

ibcm::Disposition Application::OnRepFailed(ibcm::Handle id,
                                           Session* session,
                                           const std::string& error)
{
    const auto state = m_host.Manager().StateOf(id);
    if (state && *state != ibcm::State::kRepRcvd)
    {
        return ibcm::Disposition::kKeep; // refused meanwhile: the event waits behind this one
    }
    SettleActive(*session, "failed");
    Failed("accepting the REP of " + session->spec.name, error);
    return Ended(id, session);
}

ibcm::Disposition Application::OnEstablished(ibcm::Handle id, Session* session)
{
    // A request that came again after the first was given up has an id and a queue pair of its own.
    if (session == nullptr || session->passivePath == nullptr || session->passive != id)
    {
        return ibcm::Disposition::kKeep;
    }
    // A DREQ may have come in the meantime: then there is no way to RTS any more, and no need.
    (void)Apply(*session->passivePath, id, ibcm::QpTarget::kRts);
    if (PassiveDisconnects(session->spec))
    {
        m_stage.engine.Spawn(m_host.Name() + "/close-" + Word(session->spec.name),
                             [this, session]
                             {
                                 if (!session->spec.message.empty())
                                 {
                                     session->delivered.Wait("wait for message");
                                 }
                                 m_stage.engine.Sleep(session->spec.holdNs, "hold");
                                 Disconnect(*session, false);
                             });
    }
    return ibcm::Disposition::kKeep;
}

ibcm::Disposition Application::OnDreq(ibcm::Handle id, Session* session)
{
    if (session != nullptr)
    {
        DataPath* path =
            IsActive(*session, id) ? session->activePath.get() : session->passivePath.get();
        if (path != nullptr)
        {
            path->Break();
        }
    }
    (void)m_host.Manager().SendDrep(id);
    return ibcm::Disposition::kKeep;
}

ibcm::Disposition Application::OnRej(ibcm::Handle id,
                                     Session* session,
                                     const ibcm::RejReceived& rej)
{
    if (session != nullptr && IsActive(*session, id))
    {
        if (session->activePath != nullptr)
        {
            session->activePath->Break(); // nobody is there who would acknowledge
        }
        SettleActive(*session, "rejected", static_cast<unsigned>(rej.reason));
    }
    // What might still be under way for the queue pair is waited for.
    const auto state = m_host.Manager().StateOf(id);
    return state && *state == ibcm::State::kTimewait ? ibcm::Disposition::kKeep
                                                     : Ended(id, session);
}

ibcm::Disposition Application::OnTimeout(ibcm::Handle id, Session* session)
{
    if (session != nullptr && IsActive(*session, id))
    {
        SettleActive(*session, "timeout");
    }
    return Ended(id, session);
}

void Application::SettleActive(Session& session, const char* outcome, unsigned rejectReason)
{
    if (session.lost)
    {
        return;
    }
    ConnectRecord& record = RecordOf(session);
    if (record.outcome.empty())
    {
        m_stage.SetOutcome(record, outcome);
    }
    else if (record.outcome == "connected" && std::string_view(outcome) == "rejected")
    {
        m_stage.SetOutcome(record, outcome); // the passive side has taken its REP back
    }
    if (rejectReason != 0)
    {
        record.rejectReason = rejectReason;
    }
    session.settled.CompleteAll();
}

ibcm::Disposition Application::Ended(ibcm::Handle id, Session* session)
{
    m_ids.erase(id);
    if (session != nullptr && IsActive(*session, id))
    {
        ConnectRecord& record = RecordOf(*session);
        record.endedNs = m_stage.engine.NowNs();
        if (record.outcome == "connected" && !session->lost)
        {
            m_stage.SetOutcome(record, "disconnected");
        }
        if (const auto path = std::move(session->activePath))
        {
            path->Break(); // whoever waits for its message hears that it is not delivered
        }
        session->settled.CompleteAll();
        session->ended.CompleteAll();
    }
    else if (session != nullptr && session->passive == id)
    {
        session->passivePath.reset();
        // Nothing will come any more.
        session->delivered.CompleteAll();
        session->passiveGone.CompleteAll();
    }
    return ibcm::Disposition::kDestroy;
}

void Application::Abandon()
{
    for (const auto& session : m_stage.sessions)
    {
        if (session->spec.from == m_host.Name() && !session->ended.Done())
        {
            session->lost = true;
            m_stage.SetOutcome(RecordOf(*session), "restarted");
            if (session->activePath != nullptr)
            {
                session->activePath->Break();
            }
            session->GiveUp();
        }
        else if (session->spec.to == m_host.Name())
        {
            if (session->passivePath != nullptr)
            {
                session->passivePath->Break();
            }
            session->delivered.CompleteAll();
            session->passiveGone.CompleteAll();
        }
    }
}

void Application::Stop()
{
    // Listeners first: a request that comes now finds nobody.
    while (!m_listeners.empty())
    {
        const ibcm::Handle id = m_listeners.begin()->first;
        (void)m_host.Destroy(id);
        m_listeners.erase(id);
    }
    std::vector<ibcm::Handle> left;
    for (const auto& [id, session] : m_ids)
    {
        left.push_back(id);
    }
    for (const ibcm::Handle id : left)
    {
        (void)m_host.Destroy(id);
    }
    m_ids.clear();
}

} // namespace lab
