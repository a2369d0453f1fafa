// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "replay-consumer.h"

#include <algorithm>

namespace ibcm::test
{

namespace
{

constexpr std::uint16_t kPermissiveLid = 0xffff;

std::uint16_t LidOr(std::uint16_t fromReq, std::uint16_t fromPacket)
{
    return fromReq == kPermissiveLid ? fromPacket : fromReq;
}

Path PrimaryPath(const ReplayStep& step, const ibwire::CmReq& req, std::uint8_t lifeTime)
{
    Path path;
    path.sgid = req.primaryLocalGid;
    path.dgid = req.primaryRemoteGid;
    path.slid = LidOr(req.primaryLocalLid, step.mad.source.lid);
    path.dlid = LidOr(req.primaryRemoteLid, step.mad.destination.lid);
    path.pkey = req.pkey;
    path.flowLabel = req.primaryFlowLabel;
    path.hopLimit = req.primaryHopLimit;
    path.trafficClass = req.primaryTrafficClass;
    path.sl = req.primarySl;
    path.mtu = static_cast<std::uint8_t>(req.pathMtu);
    path.rate = static_cast<std::uint8_t>(req.primaryPacketRate);
    path.packetLifeTime = lifeTime;
    return path;
}

std::optional<Path> AlternatePath(const ibwire::CmReq& req, std::uint8_t lifeTime)
{
    if (req.alternateLocalLid == 0)
    {
        return std::nullopt;
    }
    Path path;
    path.sgid = req.alternateLocalGid;
    path.dgid = req.alternateRemoteGid;
    path.slid = LidOr(req.alternateLocalLid, 0);
    path.dlid = LidOr(req.alternateRemoteLid, 0);
    path.pkey = req.pkey;
    path.flowLabel = req.alternateFlowLabel;
    path.hopLimit = req.alternateHopLimit;
    path.trafficClass = req.alternateTrafficClass;
    path.sl = req.alternateSl;
    path.mtu = static_cast<std::uint8_t>(req.pathMtu);
    path.rate = static_cast<std::uint8_t>(req.alternatePacketRate);
    path.packetLifeTime = lifeTime;
    return path;
}

QpType TypeOf(const ibwire::CmReq& req)
{
    switch (req.transportServiceType)
    {
    case ibwire::TransportService::kUc:
        return QpType::kUc;
    case ibwire::TransportService::kExtended:
        return QpType::kXrcInitiator;
    default:
        return QpType::kRc;
    }
}

/** The id in a message's answer belongs to its receiver; that of a message, to its sender. */
std::uint64_t ServiceOf(const ibwire::CmMessage& message)
{
    if (const auto* req = std::get_if<ibwire::CmReq>(&message))
    {
        return req->serviceId;
    }
    const auto* sidr = std::get_if<ibwire::CmSidrReq>(&message);
    return sidr != nullptr ? sidr->serviceId : 0;
}

} // namespace

ReplayConsumer::ReplayConsumer(ConnectionManager& manager, const ReplayPlan& plan)
    : m_manager(manager),
      m_plan(plan)
{
}

Disposition ReplayConsumer::OnCmEvent(ConnectionManager& /*manager*/, Handle id, const Event& event)
{
    if (m_feeding &&
        (event.type == EventType::kReqReceived || event.type == EventType::kSidrReqReceived))
    {
        m_all.push_back(id);
        m_accepted[*m_feeding] = id;
    }
    return Disposition::kKeep;
}

void ReplayConsumer::BeforeFeed(std::size_t step)
{
    m_feeding.reset();
    const ReplayStep& feed = m_plan.steps[step];
    if (!feed.message)
    {
        return;
    }
    const std::uint64_t service = ServiceOf(*feed.message);
    if (service == 0)
    {
        return;
    }
    m_feeding = PeerId{feed.peer, LocalIdOf(*feed.message)};
    const auto listener = m_listeners.find(service);
    if (m_plan.noListener.contains(step))
    {
        if (listener != m_listeners.end())
        {
            (void)Destroy(listener->second);
            m_listeners.erase(listener);
        }
    }
    else if (listener == m_listeners.end())
    {
        const Handle id = Create();
        if (m_manager.Listen(id, service))
        {
            m_listeners[service] = id;
        }
    }
}

std::string ReplayConsumer::Act(std::size_t step)
{
    const ReplayStep& ours = m_plan.steps[step];
    if (!ours.message)
    {
        return "the CM's consumer cannot send that";
    }
    if (const auto* req = std::get_if<ibwire::CmReq>(&*ours.message))
    {
        const Status sent = SendReq(ours, *req);
        return sent ? "" : std::string("SendReq was refused: ") + ToString(sent.error());
    }
    const Handle id = IdOf(ours);
    if (id == Handle::kNone)
    {
        return "the core has no id for it";
    }
    Status done;
    switch (ibwire::AttributeOf(*ours.message))
    {
    case ibwire::CmAttribute::kRep:
        done = SendRep(ours, std::get<ibwire::CmRep>(*ours.message));
        break;
    case ibwire::CmAttribute::kRtu:
        done = m_manager.SendRtu(id, std::get<ibwire::CmRtu>(*ours.message).privateData);
        break;
    case ibwire::CmAttribute::kRej:
        done = SendRej(id, std::get<ibwire::CmRej>(*ours.message));
        break;
    case ibwire::CmAttribute::kDreq:
        done = SendDreq(step, id, std::get<ibwire::CmDreq>(*ours.message));
        break;
    case ibwire::CmAttribute::kDrep:
        done = m_manager.SendDrep(id, std::get<ibwire::CmDrep>(*ours.message).privateData);
        break;
    default:
        return "no call sends that";
    }
    return done ? "" : std::string("the call was refused: ") + ToString(done.error());
}

void ReplayConsumer::DestroyAll()
{
    m_feeding.reset();
    const std::vector<Handle> all = std::exchange(m_all, {});
    for (const Handle id : all)
    {
        (void)m_manager.Destroy(id);
    }
}

Handle ReplayConsumer::Create()
{
    const auto id = m_manager.Create(*this);
    if (!id)
    {
        return Handle::kNone;
    }
    m_all.push_back(*id);
    return *id;
}

Status ReplayConsumer::Destroy(Handle id)
{
    m_all.erase(std::remove(m_all.begin(), m_all.end(), id), m_all.end());
    return m_manager.Destroy(id);
}

Handle ReplayConsumer::IdOf(const ReplayStep& step) const
{
    const auto ours = m_ours.find(LocalIdOf(*step.message));
    if (ours != m_ours.end())
    {
        return ours->second;
    }
    const auto accepted = m_accepted.find({step.peer, RemoteIdOf(*step.message)});
    return accepted != m_accepted.end() ? accepted->second : Handle::kNone;
}

bool ReplayConsumer::IsLast(std::size_t step) const
{
    const ReplayStep& dreq = m_plan.steps[step];
    const auto patience = m_plan.patience.find(LocalIdOf(*dreq.message));
    // A tenth less, as the host's clock and ours may differ.
    const Instant limit =
        dreq.mad.time +
        (patience != m_plan.patience.end() ? patience->second * 9 / 10 : Duration{0});
    for (std::size_t i = step + 1; i < m_plan.steps.size(); ++i)
    {
        const ReplayStep& later = m_plan.steps[i];
        const bool again = later.what == ReplayStep::What::kExpectAgain && later.first == step;
        const bool heard = later.what == ReplayStep::What::kFeed && later.message &&
                           later.peer == dreq.peer && later.mad.time < limit &&
                           (std::holds_alternative<ibwire::CmDreq>(*later.message) ||
                            std::holds_alternative<ibwire::CmDrep>(*later.message)) &&
                           RemoteIdOf(*later.message) == LocalIdOf(*dreq.message);
        if (again || heard)
        {
            return false;
        }
    }
    return true;
}

Status ReplayConsumer::SendReq(const ReplayStep& step, const ibwire::CmReq& req)
{
    const auto life = m_plan.timing.packetLifeTime.find(req.localCommId);
    const std::uint8_t lifeTime =
        life != m_plan.timing.packetLifeTime.end() ? life->second : std::uint8_t{0};
    ReqParameters parameters;
    parameters.serviceId = req.serviceId;
    parameters.primaryPath = PrimaryPath(step, req, lifeTime);
    parameters.alternatePath = AlternatePath(req, lifeTime);
    parameters.qpType = TypeOf(req);
    parameters.localQpn = req.localQpn;
    parameters.startingPsn = req.startingPsn;
    parameters.responderResources = req.responderResources;
    parameters.initiatorDepth = req.initiatorDepth;
    parameters.remoteCmResponseTimeout = req.remoteCmResponseTimeout;
    parameters.localCmResponseTimeout = req.localCmResponseTimeout;
    parameters.maxCmRetries = req.maxCmRetries;
    parameters.retryCount = req.retryCount;
    parameters.rnrRetryCount = req.rnrRetryCount;
    parameters.flowControl = req.endToEndFlowControl;
    parameters.srq = req.srq;
    parameters.privateData = req.privateData;
    const Handle id = Create();
    m_ours[req.localCommId] = id;
    return m_manager.SendReq(id, parameters);
}

Status ReplayConsumer::SendRep(const ReplayStep& step, const ibwire::CmRep& rep)
{
    RepParameters parameters;
    // An XRC target's QPN stands where others have their EECN.
    parameters.localQpn = rep.localQpn != 0 ? rep.localQpn : rep.localEecn;
    parameters.startingPsn = rep.startingPsn;
    parameters.responderResources = rep.responderResources;
    parameters.initiatorDepth = rep.initiatorDepth;
    parameters.targetAckDelay = rep.targetAckDelay;
    parameters.failoverAccepted = static_cast<std::uint8_t>(rep.failoverAccepted);
    parameters.rnrRetryCount = rep.rnrRetryCount;
    parameters.flowControl = rep.endToEndFlowControl;
    parameters.srq = rep.srq;
    parameters.privateData = rep.privateData;
    const Handle id = IdOf(step);
    m_ours[rep.localCommId] = id;
    return m_manager.SendRep(id, parameters);
}

Status ReplayConsumer::SendRej(Handle id, const ibwire::CmRej& rej)
{
    if (rej.reason == ibwire::RejReason::kTimeout)
    {
        // What a consumer that gives up in REQ_SENT leaves behind.
        return Destroy(id);
    }
    const std::size_t length = std::min<std::size_t>(rej.rejectInfoLength, rej.ari.size());
    const Status sent =
        m_manager.SendRej(id, rej.reason, std::span(rej.ari).first(length), rej.privateData);
    if (sent)
    {
        (void)Destroy(id);
    }
    return sent;
}

Status ReplayConsumer::SendDreq(std::size_t step, Handle id, const ibwire::CmDreq& dreq)
{
    const Status sent = m_manager.SendDreq(id, dreq.privateData);
    if (sent && IsLast(step))
    {
        // An id that is destroyed then sends its DREQ once and does not look for the answer.
        (void)Destroy(id);
    }
    return sent;
}

} // namespace ibcm::test
