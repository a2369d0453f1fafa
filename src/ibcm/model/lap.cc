// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// LAP and APR: asking for another alternate path, and answering (InfiniBand Architecture vol. 1,
// 12.8).
#include "ibcm/model/core.h"
#include "ibcm/model/timeouts.h"

namespace ibcm
{

namespace
{

constexpr std::uint8_t kMaxExponent = 31;

constexpr std::uint16_t kPermissiveLid = 0xffff; ///< through a router

/** Whether a LID is one of a port. */
bool IsLidOf(const MadPort& port, std::uint16_t lid)
{
    return static_cast<std::uint16_t>(lid - port.Lid()) < (1U << port.Lmc());
}

/** Whether two paths lead the same way. */
bool SameWay(const Path& a, const Path& b)
{
    return a.sgid == b.sgid && a.dgid == b.dgid && a.slid == b.slid && a.dlid == b.dlid;
}

} // namespace

Status Core::SendLap(Handle handle, const LapParameters& parameters)
{
    const Path& path = parameters.alternatePath;
    if (parameters.privateData.size() > ibwire::kPrivateDataBytes<ibwire::CmLap>)
    {
        return tl::unexpected(CmError::kPrivateDataLength);
    }
    if (path.dgid.IsZero() || path.packetLifeTime > kMaxExponent ||
        parameters.remoteCmResponseTimeout > kMaxExponent)
    {
        return tl::unexpected(CmError::kInvalidArgument);
    }
    IdRef ref = m_table.FindByHandle(handle);
    if (!ref)
    {
        return tl::unexpected(CmError::kInvalidHandle);
    }
    auto fresh = std::make_unique<Alternate>();
    CmId& id = *ref;
    MutexLock hold(id.lock);
    const Connection& connection = id.connection.Read();
    const LapTransition* row = LapRowFor(id, Input::kCallSendLap);
    // Only the active side proposes paths (12.8.1).
    if (row == nullptr || (!connection.active && Strict()))
    {
        return tl::unexpected(CmError::kInvalidState);
    }
    if (path.pkey != connection.primaryPath.pkey || path.mtu != connection.primaryPath.mtu ||
        SameWay(path, connection.primaryPath))
    {
        return tl::unexpected(CmError::kInvalidArgument);
    }
    const auto route = RouteFor(path);
    if (!route)
    {
        return tl::unexpected(route.error());
    }
    const std::uint64_t requestId = NextTransactionId();
    // The peer has the time that the LAP gives it; Linux waited as for the REQ.
    const Duration wait = Strict() ? ReqResponseTimeout(connection.primaryPath.packetLifeTime,
                                                        parameters.remoteCmResponseTimeout)
                                   : connection.responseTimeout;
    const auto mad = ComposeMad(ComposeLap(parameters,
                                           {id.localCommId, connection.remoteCommId},
                                           connection.remoteQpn,
                                           m_device.caAckDelay),
                                requestId);
    const Status sent = SendReliable(id, mad, Input::kLapTimeout, wait);
    if (!sent)
    {
        return sent;
    }
    if (id.alternate.Read() == nullptr)
    {
        id.alternate.Write() = std::move(fresh);
    }
    Alternate& alternate = *id.alternate.Write();
    alternate.proposed = path;
    alternate.proposedRoute = *route;
    alternate.lapId = requestId;
    alternate.answered = false;
    Apply(id, *row);
    return {};
}

void Core::OnApr(const Received& rx, const ibwire::CmApr& apr)
{
    IdRef ref = m_table.FindByCommId(apr.remoteCommId);
    if (!ref)
    {
        Discarded(rx, Discard::kUnknownId);
        return;
    }
    EventPtr event = NewEvent();
    event->event.parameters = AprReceivedFrom(apr);
    event->event.privateData.Assign(apr.privateData);
    CmId& id = *ref;
    id.lock.Lock();
    const bool ours = id.connection.Read().remoteCommId == apr.localCommId;
    const LapTransition* row = LapRowFor(id, Input::kApr);
    const bool answers = row == nullptr || !Strict() ||
                         static_cast<std::uint32_t>(id.alternate.Read()->lapId) ==
                             static_cast<std::uint32_t>(rx.transactionId);
    if (!ours || row == nullptr || !answers)
    {
        NoteMessage(id, TimelineEntry::Kind::kDropped, ibwire::CmAttribute::kApr);
        const bool repeated = ours && id.lapState.Read() == LapState::kIdle;
        id.lock.Unlock();
        if (repeated)
        {
            Duplicate(rx, ibwire::CmAttribute::kApr);
        }
        else
        {
            Discarded(rx,
                      !ours      ? Discard::kUnknownId
                      : !answers ? Discard::kTransactionId
                                 : Discard::kUnexpected);
        }
        return;
    }
    NoteMessage(id, TimelineEntry::Kind::kReceived, ibwire::CmAttribute::kApr);
    if (apr.status == ibwire::AprStatus::kSuccess)
    {
        Alternate& alternate = *id.alternate.Write();
        alternate.path = alternate.proposed;
        alternate.route = alternate.proposedRoute;
        SetAckTimeout(alternate, id.connection.Read());
        alternate.loaded = true;
    }
    Apply(id, *row);
    event->event.type = row->event;
    Deliver(id, std::move(ref), std::move(event));
}

ibwire::AprStatus Core::CheckLap(const Connection& connection,
                                 const Path& path,
                                 const ibwire::CmLap& lap)
{
    using ibwire::AprStatus;
    if (connection.active)
    {
        return AprStatus::kUnsupported; // only the active side proposes paths
    }
    if (lap.remoteQpn != connection.localQpn)
    {
        return AprStatus::kInvalidQpn;
    }
    const PortRef port = PortOf(path.sgid);
    if (!port)
    {
        return AprStatus::kInvalidGid;
    }
    const bool ethernet = port->Lid() == 0;
    const bool ours = path.slid == kPermissiveLid || IsLidOf(*port, path.slid);
    if (!ethernet && (!ours || path.dlid == 0))
    {
        return AprStatus::kInvalidLid;
    }
    if (!lap.alternateSubnetLocal && path.hopLimit < 2)
    {
        return AprStatus::kInvalidHopLimit;
    }
    if (!RateFits(*port, static_cast<ibwire::Rate>(path.rate)))
    {
        return AprStatus::kInvalidPacketRate;
    }
    if ((m_options.requirements.serviceLevels >> path.sl & 1U) == 0)
    {
        return AprStatus::kInvalidSl;
    }
    if (SameWay(path, connection.primaryPath))
    {
        return AprStatus::kIsCurrentPath;
    }
    return AprStatus::kSuccess;
}

void Core::OnLap(const Received& rx, const ibwire::CmLap& lap)
{
    if (!Strict() && rx.port.Lid() == 0)
    {
        Discarded(rx, Discard::kUnexpected); // not on Ethernet
        return;
    }
    IdRef ref = m_table.FindByCommId(lap.remoteCommId);
    if (ref)
    {
        EventPtr event = NewEvent();
        event->event.privateData.Assign(lap.privateData);
        auto fresh = std::make_unique<Alternate>();
        CmId& id = *ref;
        id.lock.Lock();
        if (id.connection.Read().remoteCommId == lap.localCommId)
        {
            OnKnownLap(id, std::move(ref), std::move(event), std::move(fresh), rx, lap);
            return;
        }
        NoteMessage(id, TimelineEntry::Kind::kDropped, ibwire::CmAttribute::kLap);
        id.lock.Unlock();
    }
    Discarded(rx, Discard::kUnknownId);
    if (Strict())
    {
        SendStateless(
            rx,
            ComposeApr(
                {lap.remoteCommId, lap.localCommId}, ibwire::AprStatus::kInvalidCommId, {}, {}));
    }
}

void Core::OnKnownLap(CmId& id,
                      IdRef ref,
                      EventPtr event,
                      std::unique_ptr<Alternate> fresh,
                      const Received& rx,
                      const ibwire::CmLap& lap)
{
    const LapTransition* row = LapRowFor(id, Input::kLap);
    const Alternate* last = id.alternate.Read().get();
    const bool repeated = last != nullptr && last->lapId == rx.transactionId;
    const bool established = id.state.Read() == State::kEstablished;
    if (established && repeated && last->answered && id.lapState.Read() == LapState::kIdle &&
        Strict())
    {
        // The APR was lost.
        Duplicate(rx, ibwire::CmAttribute::kLap);
        (void)SendReply(id, State::kEstablished, Reply::kApr, true);
        id.lock.Unlock();
        return;
    }
    if (row == nullptr || row->event == EventType::kNone)
    {
        NoteMessage(id, TimelineEntry::Kind::kDropped, ibwire::CmAttribute::kLap);
        if (repeated)
        {
            Duplicate(rx, ibwire::CmAttribute::kLap);
        }
        else
        {
            Discarded(rx, Discard::kUnexpected);
        }
        if (row != nullptr)
        {
            (void)SendReply(id, State::kEstablished, row->reply, true);
        }
        id.lock.Unlock();
        return;
    }
    const Path path = PathOfLap(lap, id.connection.Read().primaryPath);
    const auto route = RouteFor(path);
    using ibwire::AprStatus;
    const AprStatus status =
        Strict() ? CheckLap(id.connection.Read(), path, lap) : AprStatus::kSuccess;
    if (status != AprStatus::kSuccess || !route)
    {
        NoteMessage(id, TimelineEntry::Kind::kDropped, ibwire::CmAttribute::kLap);
        Discarded(rx,
                  status == AprStatus::kInvalidQpn ? Discard::kQpnMismatch : Discard::kUnexpected);
        if (Strict())
        {
            SendStateless(
                rx,
                ComposeApr({id.localCommId, lap.localCommId},
                           status == AprStatus::kSuccess ? AprStatus::kUnsupported : status,
                           {},
                           {}));
        }
        id.lock.Unlock();
        return;
    }
    NoteMessage(id, TimelineEntry::Kind::kReceived, ibwire::CmAttribute::kLap);
    if (last == nullptr)
    {
        id.alternate.Write() = std::move(fresh);
    }
    Alternate& alternate = *id.alternate.Write();
    alternate.proposed = path;
    alternate.proposedRoute = *route;
    alternate.lapId = rx.transactionId;
    alternate.answered = false;
    Apply(id, *row);
    event->event.type = row->event;
    event->event.parameters = LapReceived{path, lap.remoteCmResponseTimeout};
    Deliver(id, std::move(ref), std::move(event));
}

Status Core::SendApr(Handle handle, const AprParameters& parameters)
{
    if (parameters.privateData.size() > ibwire::kPrivateDataBytes<ibwire::CmApr> ||
        parameters.info.size() > ibwire::CmApr{}.additionalInfo.size())
    {
        return tl::unexpected(CmError::kPrivateDataLength);
    }
    std::vector<std::uint8_t> info(parameters.info.begin(), parameters.info.end());
    std::vector<std::uint8_t> data(parameters.privateData.begin(), parameters.privateData.end());
    IdRef ref = m_table.FindByHandle(handle);
    if (!ref)
    {
        return tl::unexpected(CmError::kInvalidHandle);
    }
    CmId& id = *ref;
    MutexLock hold(id.lock);
    const LapTransition* row = LapRowFor(id, Input::kCallSendApr);
    if (row == nullptr)
    {
        return tl::unexpected(CmError::kInvalidState);
    }
    Alternate& alternate = *id.alternate.Write();
    alternate.status = parameters.status;
    alternate.info.swap(info);
    alternate.privateData.swap(data);
    if (const Status sent = SendReply(id, State::kEstablished, row->reply); !sent)
    {
        return sent;
    }
    alternate.answered = true;
    if (parameters.status == ibwire::AprStatus::kSuccess)
    {
        alternate.path = alternate.proposed;
        alternate.route = alternate.proposedRoute;
        SetAckTimeout(alternate, id.connection.Read());
        alternate.loaded = true;
    }
    Apply(id, *row);
    return {};
}

} // namespace ibcm
