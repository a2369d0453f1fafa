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

MadAddress AddressOf(const Path& path,
                     std::uint8_t sgidIndex,
                     std::uint16_t pkeyIndex,
                     std::uint16_t baseLid)
{
    MadAddress address;
    address.dlid = path.dlid;
    address.sl = path.sl;
    address.sourcePathBits = static_cast<std::uint8_t>((path.slid ^ baseLid) & 0x7f);
    address.pkeyIndex = pkeyIndex;
    // Through a router, and on Ethernet, which has no LIDs.
    address.hasGrh = path.hopLimit > 1 || path.dlid == 0;
    if (address.hasGrh)
    {
        address.dgid = path.dgid;
        address.sgidIndex = sgidIndex;
        address.flowLabel = path.flowLabel;
        address.hopLimit = path.hopLimit;
        address.trafficClass = path.trafficClass;
    }
    return address;
}

} // namespace

Status Core::CheckReq(const ReqParameters& parameters) const
{
    const Path& path = parameters.primaryPath;
    if (parameters.privateData.size() > ibwire::kPrivateDataBytes<ibwire::CmReq>)
    {
        return tl::unexpected(CmError::kPrivateDataLength);
    }
    const bool alternateFits =
        !parameters.alternatePath ||
        (parameters.alternatePath->pkey == path.pkey && parameters.alternatePath->mtu == path.mtu);
    if (parameters.qpType == QpType::kXrcTarget || parameters.localQpn == 0 ||
        parameters.localQpn > kMax24Bits || path.dgid.IsZero() || path.mtu < 1 || path.mtu > 5 ||
        !alternateFits || !ExponentsFit(parameters))
    {
        return tl::unexpected(CmError::kInvalidArgument);
    }
    return {};
}

Result<Route> Core::RouteFor(const Path& path)
{
    MutexLock hold(m_portsLock);
    for (const PortSlot& slot : m_ports.Read())
    {
        if (slot.port == nullptr)
        {
            continue;
        }
        const auto gid = slot.port->FindGid(path.sgid);
        if (!gid)
        {
            continue;
        }
        const auto pkey = slot.port->FindPkey(path.pkey);
        if (!pkey)
        {
            return tl::unexpected(CmError::kNoPkey);
        }
        return Route{slot.port, slot.number, AddressOf(path, *gid, *pkey, slot.port->Lid())};
    }
    return tl::unexpected(CmError::kNoPort);
}

Status Core::SendReq(Handle handle, const ReqParameters& parameters)
{
    if (const Status checked = CheckReq(parameters); !checked)
    {
        return checked;
    }
    const auto route = RouteFor(parameters.primaryPath);
    if (!route)
    {
        return tl::unexpected(route.error());
    }
    IdRef ref = m_table.FindByHandle(handle);
    if (!ref)
    {
        return tl::unexpected(CmError::kInvalidHandle);
    }
    CmId& id = *ref;
    auto record = std::make_unique<PeerRecord>(*this, m_runtime, *m_queue);
    record->owner = handle;

    MutexLock hold(id.lock);
    const Transition* row = FindTransition(id.state.Read(), Input::kCallSendReq);
    // IDLE is also where an id ends that another thread has destroyed since it was found.
    if (row == nullptr || id.delivery.Read().stopped)
    {
        return tl::unexpected(CmError::kInvalidState);
    }
    const Path& path = parameters.primaryPath;
    Connection connection;
    connection.active = true;
    connection.transactionId = NextTransactionId();
    connection.qpType = parameters.qpType;
    connection.localQpn = parameters.localQpn;
    connection.localPsn = parameters.startingPsn;
    connection.responderResources = parameters.responderResources;
    connection.initiatorDepth = parameters.initiatorDepth;
    connection.retryCount = parameters.retryCount;
    connection.rnrRetryCount = parameters.rnrRetryCount;
    connection.maxCmRetries = parameters.maxCmRetries;
    connection.ackTimeout = AckTimeout(m_device.caAckDelay, path.packetLifeTime);
    connection.responseTimeout =
        ReqResponseTimeout(path.packetLifeTime, parameters.remoteCmResponseTimeout);
    connection.timewait = TimewaitActive(path.packetLifeTime, m_device.caAckDelay);
    connection.route = *route;
    connection.primaryPath = path;
    id.connection.Write() = connection;
    id.resendData.Write().clear();

    const Status sent =
        SendReliable(id,
                     ComposeReq(parameters, id.localCommId, m_device.caGuid, m_device.caAckDelay),
                     Input::kReqTimeout);
    if (!sent)
    {
        id.connection.Write() = Connection{};
        return sent;
    }
    id.peer.Write() = record.release();
    Apply(id, *row);
    return {};
}

void Core::OnReq(const Received& rx, const ibwire::CmReq& req)
{
    if (!QpTypeOfReq(req) || req.localQpn == 0)
    {
        RejectStateless(rx, req, ibwire::RejReason::kInvalidTransportType);
        return;
    }
    auto record = std::make_unique<PeerRecord>(*this, m_runtime, *m_queue);
    record->caGuid = req.localCaGuid;
    record->commId = req.localCommId;
    record->qpn = req.localQpn;
    Admission admission = m_table.Admit(*record, req.serviceId);
    switch (admission.kind)
    {
    case Admission::Kind::kAdmitted:
        AcceptReq(rx, req, std::move(admission), std::move(record));
        return;
    case Admission::Kind::kDuplicate:
        OnDuplicateReq(rx, req, std::move(admission));
        return;
    case Admission::Kind::kStale:
        // The peer reuses a QP that is connected here: it has lost that connection.
        RejectStateless(rx, req, ibwire::RejReason::kStaleConnection);
        DisconnectStale(std::move(admission.owner));
        return;
    case Admission::Kind::kNoListener:
        RejectStateless(rx, req, ibwire::RejReason::kInvalidServiceId);
        return;
    case Admission::Kind::kNoResources:
        RejectStateless(rx, req, ibwire::RejReason::kNoResources);
        return;
    }
}

void Core::OnDuplicateReq(const Received& rx, const ibwire::CmReq& req, Admission admission)
{
    CountDuplicate(ibwire::CmAttribute::kReq);
    bool stale = admission.aging && !admission.owner;
    if (admission.owner)
    {
        CmId& id = *admission.owner;
        MutexLock hold(id.lock);
        if (const Transition* row = FindTransition(id.state.Read(), Input::kReqDuplicate))
        {
            Apply(id, *row);
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

void Core::AcceptReq(const Received& rx,
                     const ibwire::CmReq& req,
                     Admission admission,
                     std::unique_ptr<PeerRecord> record)
{
    CmId& id = NewId(admission.listener->handler, admission.handle, admission.commId);
    auto event = std::make_unique<Event>();
    event->parameters = ReqReceivedFrom(req, rx.mad, admission.listener->handle);
    event->privateData = PrivateData(req.privateData);
    const auto& parameters = std::get<ReqReceived>(event->parameters);

    id.lock.Lock();
    Connection connection;
    connection.remoteCommId = req.localCommId;
    connection.transactionId = rx.transactionId;
    connection.remoteCaGuid = req.localCaGuid;
    connection.qpType = parameters.qpType;
    connection.remoteQpn = req.localQpn;
    connection.remotePsn = req.startingPsn;
    connection.responderResources = parameters.responderResources;
    connection.initiatorDepth = parameters.initiatorDepth;
    connection.retryCount = req.retryCount;
    connection.rnrRetryCount = req.rnrRetryCount;
    connection.maxCmRetries = req.maxCmRetries;
    connection.ackTimeout = req.primaryLocalAckTimeout;
    connection.responseTimeout = RepResponseTimeout(req.localCmResponseTimeout);
    connection.timewait = TimewaitPassive(req.primaryLocalAckTimeout);
    connection.route = {rx.port, rx.portNumber, rx.mad.replyAddress};
    connection.primaryPath = parameters.primaryPath;
    if (req.primaryLocalLid != 0 && req.primaryLocalLid != 0xffff)
    {
        connection.primaryPath.dlid = req.primaryLocalLid; // of the data path
    }
    id.connection.Write() = connection;
    id.peer.Write() = record.release();
    const Transition* row = FindTransition(State::kIdle, Input::kReqAccepted);
    Apply(id, *row);
    event->type = row->event;
    // Found by others from here on; what they have to tell waits behind REQ_RECEIVED.
    id.delivery.Write().busy = true;
    id.references.Get(&id, "accept");
    IdRef ref(&id);
    m_table.Publish(id);
    id.lock.Unlock();
    RunHandler(std::move(ref), std::move(event), std::move(admission.listener));
}

} // namespace ibcm
