// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// REQ: asking for a connection, and being asked (InfiniBand Architecture vol. 1, 12.6.5, 12.9.8.3).
#include "ibcm/model/core.h"
#include "ibcm/model/timeouts.h"

namespace ibcm
{

namespace
{

constexpr std::uint32_t kMax24Bits = 0xffffff;

/** A lifetime shapes the ACK timeout and the waits, and is on the wire only as part of them. */
bool ExponentsFit(const ReqParameters& parameters)
{
    constexpr std::uint8_t kMaxExponent = 31;
    return parameters.primaryPath.packetLifeTime <= kMaxExponent &&
           (!parameters.alternatePath || parameters.alternatePath->packetLifeTime <= kMaxExponent);
}

/** An alternate path without a LID is one that the REQ does not have; through a router it is the
 * permissive one. */
bool AlternateFits(const Path& alternate, const Path& primary)
{
    return alternate.pkey == primary.pkey && alternate.mtu == primary.mtu &&
           !alternate.dgid.IsZero() && (alternate.slid != 0 || alternate.hopLimit > 1);
}

bool HasSender(QpType type)
{
    return type == QpType::kRc || type == QpType::kUc || type == QpType::kXrcInitiator;
}

Status CheckReq(const ReqParameters& parameters)
{
    const Path& path = parameters.primaryPath;
    if (parameters.privateData.size() > ibwire::kPrivateDataBytes<ibwire::CmReq>)
    {
        return tl::unexpected(CmError::kPrivateDataLength);
    }
    const bool alternateFits =
        !parameters.alternatePath || AlternateFits(*parameters.alternatePath, path);
    const bool pairFits = !parameters.peerToPeer || parameters.qpType != QpType::kXrcInitiator;
    if (!HasSender(parameters.qpType) || parameters.localQpn == 0 ||
        parameters.localQpn > kMax24Bits || path.dgid.IsZero() || path.mtu < 1 || path.mtu > 5 ||
        !alternateFits || !pairFits || !ExponentsFit(parameters))
    {
        return tl::unexpected(CmError::kInvalidArgument);
    }
    return {};
}

Connection ConnectionFor(const ReqParameters& parameters,
                         const DeviceInfo& device,
                         Behaviour behaviour)
{
    const Path& path = parameters.primaryPath;
    Connection connection;
    connection.active = true;
    connection.peerToPeer = parameters.peerToPeer;
    connection.serviceId = parameters.serviceId;
    connection.qpType = parameters.qpType;
    connection.localQpn = parameters.localQpn;
    connection.localPsn = parameters.startingPsn;
    connection.responderResources = parameters.responderResources;
    connection.initiatorDepth = parameters.initiatorDepth;
    connection.minResponderResources = parameters.minResponderResources;
    connection.retryCount = parameters.retryCount;
    connection.rnrRetryCount = parameters.rnrRetryCount;
    connection.maxCmRetries = parameters.maxCmRetries;
    connection.srq = parameters.srq;
    connection.flowControl = parameters.flowControl;
    connection.ackTimeout = RoundTrip(path.packetLifeTime); // the REP says the peer's delay
    connection.peerResponseTimeout = parameters.remoteCmResponseTimeout;
    connection.responseTimeout =
        ReqResponseTimeout(path.packetLifeTime, parameters.remoteCmResponseTimeout, behaviour);
    connection.timewait = TimewaitUnanswered(path.packetLifeTime, device.caAckDelay, behaviour);
    connection.primaryPath = path;
    return connection;
}

} // namespace

Status Core::SendReq(Handle handle, const ReqParameters& parameters)
{
    if (const Status checked = CheckReq(parameters); !checked)
    {
        return checked;
    }
    m_table.MakeRoom();
    IdRef ref = m_table.FindByHandle(handle);
    if (!ref)
    {
        return tl::unexpected(CmError::kInvalidHandle);
    }
    auto record = NewPeerRecord();
    record->owner = handle;
    record->pair = parameters.peerToPeer;
    std::unique_ptr<PeerToPeerRecord> pair;
    if (parameters.peerToPeer)
    {
        pair = std::make_unique<PeerToPeerRecord>();
        pair->serviceId = parameters.serviceId;
        pair->localGid = parameters.primaryPath.sgid;
        pair->remoteGid = parameters.primaryPath.dgid;
        pair->owner = handle;
        pair->commId = ref->localCommId;
    }
    std::unique_ptr<ibwire::MadBytes> copy;
    if (parameters.followRedirect && Strict())
    {
        copy = std::make_unique<ibwire::MadBytes>();
    }
    auto alternate = NewAlternate(parameters.alternatePath ? &*parameters.alternatePath : nullptr);

    CmId& id = *ref;
    MutexLock hold(id.lock);
    // Destroyed since it was found: it is in IDLE, but nothing may begin there any more.
    if (id.delivery.Read().stopped)
    {
        return tl::unexpected(CmError::kInvalidHandle);
    }
    const Transition* row = RowFor(id, Input::kCallSendReq);
    if (row == nullptr)
    {
        return tl::unexpected(CmError::kInvalidState);
    }
    const auto route = RouteFor(parameters.primaryPath);
    if (!route)
    {
        return tl::unexpected(route.error());
    }
    if (alternate)
    {
        const auto other = RouteFor(alternate->path);
        if (!other)
        {
            return tl::unexpected(other.error());
        }
        alternate->route = *other; // the rest when the REP has come
    }
    if (const Status promised = m_table.PromisePeer(); !promised)
    {
        return promised;
    }
    Connection connection = ConnectionFor(parameters, m_device, m_options.behaviour);
    connection.transactionId = NextTransactionId();
    connection.requestId = connection.transactionId;
    connection.route = *route;
    connection.redirectsLeft = copy ? kMaxRedirects : 0;
    id.connection.Write() = connection;
    id.lastReply.Write().reset();
    id.request.Write() = std::move(copy);
    const auto mad =
        ComposeMad(ComposeReq(parameters, id.localCommId, m_device.caGuid, m_device.caAckDelay),
                   connection.requestId,
                   parameters.ece.options);
    const Status sent = SendReliable(id, mad, Input::kReqTimeout);
    if (!sent)
    {
        m_table.WithdrawPromise();
        id.connection.Write() = Connection{};
        id.request.Write().reset();
        return sent;
    }
    id.alternate.Write() = std::move(alternate);
    id.peer.Write() = record.release();
    if (pair)
    {
        m_table.EnterPeerToPeer(*pair);
        id.peerToPeer.Write() = std::move(pair);
    }
    Apply(id, *row);
    return {};
}

void Core::OnReq(const Received& rx, const ibwire::CmReq& req)
{
    if (req.localCommId == 0 && Strict())
    {
        Discarded(rx, Discard::kZeroCommId);
        return;
    }
    if (m_options.redirect && Strict())
    {
        RejectStateless(
            rx, req, ibwire::RejReason::kPortAndCmRedirect, RedirectInfo(*m_options.redirect));
        return;
    }
    const auto portOf = [this](const ibwire::Gid& gid) { return PortOf(gid); };
    const std::optional<Refusal> refusal =
        CheckReceivedReq(req, {rx.port, portOf, m_options.requirements, m_options.behaviour});
    auto record = NewPeerRecord();
    record->caGuid = PeerKey(req.localCaGuid, req.primaryLocalGid);
    record->commId = req.localCommId;
    record->qpn = req.localQpn;
    record->transactionId = static_cast<std::uint32_t>(rx.transactionId);
    ReqClaim claim;
    claim.serviceId = req.serviceId;
    claim.localGid = req.primaryRemoteGid;
    claim.remoteGid = req.primaryLocalGid;
    claim.ownCommId = req.localCaGuid == m_device.caGuid ? req.localCommId : 0;
    claim.valid = !refusal.has_value();
    claim.checkRepetition = Strict();
    Admission admission = m_table.Admit(*record, claim);
    using Kind = Admission::Kind;
    switch (admission.kind)
    {
    case Kind::kAdmitted:
        AcceptReq(rx, req, std::move(admission), std::move(record));
        return;
    case Kind::kDuplicate:
        OnDuplicateReq(rx, req, std::move(admission));
        return;
    case Kind::kPeerToPeer:
        OnPeerToPeerReq(rx, req, std::move(admission), refusal);
        return;
    case Kind::kReusedCommId:
        RejectStateless(rx, req, ibwire::RejReason::kDuplicateLocalCommId);
        return;
    case Kind::kStale:
        // The peer reuses a QP that is connected here: it has lost that connection.
        RejectStateless(rx, req, ibwire::RejReason::kStaleConnection);
        DisconnectStale(std::move(admission.owner));
        return;
    case Kind::kNoListener:
        RejectStateless(rx, req, ibwire::RejReason::kInvalidServiceId);
        return;
    case Kind::kRedirected:
        RejectStateless(
            rx, req, ibwire::RejReason::kPortAndCmRedirect, RedirectInfo(*admission.redirect));
        return;
    case Kind::kRefused:
        RejectStateless(rx, req, refusal->reason, refusal->Info());
        return;
    case Kind::kBacklog:
        // Not answered, so that the peer's next try has a new chance.
        Discarded(rx, Discard::kBacklog);
        return;
    case Kind::kNoResources:
        RejectStateless(rx, req, ibwire::RejReason::kNoResources);
        return;
    }
}

void Core::OnDuplicateReq(const Received& rx, const ibwire::CmReq& req, Admission admission)
{
    if (!admission.owner && !admission.aging)
    {
        // Its id is being made, or is going: the copy comes to nothing.
        return;
    }
    Duplicate(rx, ibwire::CmAttribute::kReq);
    bool stale = !admission.owner;
    if (admission.owner)
    {
        CmId& id = *admission.owner;
        MutexLock hold(id.lock);
        const State before = id.state.Read();
        NoteMessage(id, TimelineEntry::Kind::kReceived, ibwire::CmAttribute::kReq);
        if (const Transition* row = RowFor(id, Input::kReqDuplicate))
        {
            Apply(id, *row);
            (void)SendReply(id, before, row->reply, true);
            stale = row->reply == Reply::kRejStale;
        }
    }
    if (stale)
    {
        // It rejects this REQ, not the connection that is over: the peer may know neither our id
        // nor the transaction that the id used last.
        RejectStateless(rx, req, ibwire::RejReason::kStaleConnection);
    }
}

Connection Core::ConnectionFrom(const Received& rx,
                                const ibwire::CmReq& req,
                                const ReqReceived& parameters) const
{
    Connection connection;
    connection.serviceId = req.serviceId;
    connection.remoteCommId = req.localCommId;
    connection.transactionId = rx.transactionId;
    connection.remoteCaGuid = PeerKey(req.localCaGuid, req.primaryLocalGid);
    connection.qpType = parameters.qpType;
    connection.remoteQpn = req.localQpn;
    connection.remotePsn = req.startingPsn;
    connection.responderResources = parameters.responderResources;
    connection.initiatorDepth = parameters.initiatorDepth;
    connection.retryCount = req.retryCount;
    connection.rnrRetryCount = req.rnrRetryCount;
    connection.maxCmRetries = req.maxCmRetries;
    connection.ackTimeout = req.primaryLocalAckTimeout;
    connection.responseTimeout =
        RepResponseTimeout(req.localCmResponseTimeout, m_options.behaviour);
    connection.timewait = TimewaitPassive(req.primaryLocalAckTimeout, m_options.behaviour);
    connection.route = {&rx.slot, rx.mad.replyAddress};
    connection.primaryPath = parameters.primaryPath;
    if (req.primaryLocalLid != 0 && req.primaryLocalLid != 0xffff)
    {
        connection.primaryPath.dlid = req.primaryLocalLid; // of the data path
    }
    return connection;
}

void Core::AcceptReq(const Received& rx,
                     const ibwire::CmReq& req,
                     Admission admission,
                     std::unique_ptr<PeerRecord> record)
{
    CmId& id = NewId(admission.listener->handler, admission.place);
    EventPtr event = NewEvent();
    const Arrival arrival{rx.mad, rx.slot.number.load(), rx.port.Lid(), rx.attributeModifier};
    event->event.parameters = ReqReceivedFrom(req, arrival, admission.listener->handle);
    event->event.privateData.Assign(req.privateData);
    const auto& parameters = std::get<ReqReceived>(event->event.parameters);
    auto alternate = AlternateFrom(parameters);

    id.lock.Lock();
    id.connection.Write() = ConnectionFrom(rx, req, parameters);
    if (alternate)
    {
        SetAckTimeout(*alternate, id.connection.Read());
    }
    id.alternate.Write() = std::move(alternate);
    PeerRecord& peer = *record;
    id.peer.Write() = record.release();
    id.backlog.Write() = std::move(admission.backlog);
    NoteMessage(id, TimelineEntry::Kind::kReceived, ibwire::CmAttribute::kReq);
    const Transition* row = RowFor(id, Input::kReqAccepted);
    Apply(id, *row);
    event->event.type = row->event;
    // Found by others from here on; what they have to tell waits behind REQ_RECEIVED.
    id.delivery.Write().busy = true;
    id.references.Get(&id, "accept");
    IdRef ref(&id);
    if (EventPtr rej = m_table.PublishAccepted(id, peer))
    {
        // The peer gave up while the id was being made.
        const auto& given = std::get<RejReceived>(rej->event.parameters);
        const Input input =
            given.reason == ibwire::RejReason::kStaleConnection ? Input::kRejStale : Input::kRej;
        const Transition* rejected = RowFor(id, input);
        Apply(id, *rejected);
        rej->event.type = rejected->event;
        id.delivery.Write().Append(std::move(rej));
    }
    RouteAlternate(id);
    id.lock.Unlock();
    RunHandler(std::move(ref), std::move(event), std::move(admission.listener));
}

} // namespace ibcm
