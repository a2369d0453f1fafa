// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a QP needs for its next state, from what both sides have agreed on.
#include "ibcm/model/core.h"
#include "ibcm/model/timeouts.h"

namespace ibcm
{

namespace
{

/** In which states attributes can be given: INIT as soon as there is a path, the others once the
 * peer's side is known. */
bool Allowed(State state, QpTarget target)
{
    switch (state)
    {
    case State::kReqSent:
    case State::kMraReqRcvd:
        return target == QpTarget::kInit;
    case State::kReqRcvd:
    case State::kMraReqSent:
    case State::kRepSent:
    case State::kRepRcvd:
    case State::kMraRepSent:
    case State::kMraRepRcvd:
    case State::kEstablished:
        return true;
    default:
        return false;
    }
}

constexpr std::uint32_t kInitMask = kQpAccessFlags | kQpPkeyIndex | kQpPort;
constexpr std::uint32_t kRtrMask = kQpAddress | kQpPathMtu | kQpDestQpn | kQpRqPsn;

/** Which attributes a transport adds: a requester retries, a responder serves reads. */
struct ByType
{
    QpType type;
    std::uint32_t rtr;
    std::uint32_t rts;
};

constexpr std::uint32_t kRequester = kQpRetryCount | kQpRnrRetry | kQpMaxRdAtomic;
constexpr std::uint32_t kResponder = kQpMaxDestRdAtomic | kQpMinRnrTimer;

constexpr ByType kByType[] = {
    {QpType::kRc, kResponder, kRequester | kQpTimeout},
    {QpType::kUc, 0, 0},
    {QpType::kXrcInitiator, 0, kRequester | kQpTimeout},
    {QpType::kXrcTarget, kResponder, kQpTimeout},
    {QpType::kUnknown, 0, 0},
};

std::uint32_t MaskFor(QpTarget target, QpType type)
{
    const ByType& extra = kByType[static_cast<std::size_t>(type)];
    switch (target)
    {
    case QpTarget::kInit:
        return kInitMask;
    case QpTarget::kRtr:
        return kRtrMask | extra.rtr;
    case QpTarget::kRts:
        return kQpSqPsn | extra.rts;
    }
    return 0;
}

void SetAlternate(QpAttributes& attributes, const Path& path, const Route& route)
{
    attributes.altAddress = route.address;
    attributes.altAddress.dlid = path.dlid;
    attributes.altAddress.sl = path.sl;
    attributes.altPkeyIndex = route.address.pkeyIndex;
    attributes.altPort = route.slot == nullptr ? 0 : route.slot->number.load();
}

/** The alternate path goes in with RTR, and is armed with RTS. */
void AddAlternate(QpAttributes& attributes, const Alternate& alternate)
{
    SetAlternate(attributes, alternate.path, alternate.route);
    attributes.altTimeout = alternate.ackTimeout;
    if (attributes.target == QpTarget::kRtr)
    {
        attributes.mask |= kQpAltPath;
    }
    if (attributes.target == QpTarget::kRts)
    {
        attributes.mask |= kQpPathMigState;
        attributes.rearm = true;
    }
}

/** The passive side has not said yet whether it takes the alternate path. */
bool FailoverOpen(State state)
{
    return state == State::kReqRcvd || state == State::kMraReqSent;
}

/** The QP sends already: only an alternate path is loaded and armed, the one that the peer proposes
 * if there is no answer yet. */
Result<QpAttributes> ReloadAttributes(QpAttributes attributes,
                                      const Alternate* alternate,
                                      LapState lap)
{
    const bool proposed = lap == LapState::kLapRcvd || lap == LapState::kMraLapSent;
    if (alternate == nullptr || (!proposed && !alternate->loaded))
    {
        return tl::unexpected(CmError::kInvalidState);
    }
    const Route& route = proposed ? alternate->proposedRoute : alternate->route;
    if (route.slot == nullptr)
    {
        return tl::unexpected(CmError::kInvalidState); // its port was removed
    }
    AddAlternate(attributes, *alternate);
    if (proposed)
    {
        SetAlternate(attributes, alternate->proposed, route);
        attributes.altTimeout = RoundTrip(alternate->proposed.packetLifeTime);
    }
    attributes.mask = kQpAltPath | kQpPathMigState;
    return attributes;
}

} // namespace

Result<QpAttributes> Core::InitQpAttributes(Handle handle, QpTarget target)
{
    IdRef ref = m_table.FindByHandle(handle);
    if (!ref)
    {
        return tl::unexpected(CmError::kInvalidHandle);
    }
    CmId& id = *ref;
    MutexLock hold(id.lock);
    if (!Allowed(id.state.Read(), target))
    {
        return tl::unexpected(CmError::kInvalidState);
    }
    const Connection& connection = id.connection.Read();
    QpAttributes attributes;
    attributes.target = target;
    attributes.mask = MaskFor(target, connection.qpType);
    attributes.accessFlags = kQpRemoteWrite;
    if (connection.responderResources != 0)
    {
        attributes.accessFlags |= kQpRemoteRead | kQpRemoteAtomic;
    }
    // The data takes the path; the messages may have come another way, or from another CM.
    const auto data = RouteFor(connection.primaryPath);
    const Route& route = data ? *data : connection.route;
    attributes.pkeyIndex = route.address.pkeyIndex;
    attributes.port = route.slot == nullptr ? 0 : route.slot->number.load();
    attributes.address = route.address;
    attributes.address.dlid = connection.primaryPath.dlid;
    attributes.address.sl = connection.primaryPath.sl;
    attributes.pathMtu = connection.primaryPath.mtu;
    attributes.destQpn = connection.remoteQpn;
    attributes.rqPsn = connection.localPsn;
    attributes.sqPsn = connection.remotePsn;
    attributes.maxDestRdAtomic = connection.responderResources;
    attributes.timeout = connection.ackTimeout;
    attributes.retryCount = connection.retryCount;
    attributes.rnrRetry = connection.rnrRetryCount;
    attributes.maxRdAtomic = connection.initiatorDepth;
    const Alternate* alternate = id.alternate.Read().get();
    const LapState lap = id.lapState.Read();
    if (target == QpTarget::kRts && id.state.Read() == State::kEstablished &&
        lap != LapState::kUninit)
    {
        return ReloadAttributes(attributes, alternate, lap);
    }
    if (alternate != nullptr && alternate->route.slot != nullptr &&
        (alternate->loaded || FailoverOpen(id.state.Read())))
    {
        AddAlternate(attributes, *alternate);
    }
    return attributes;
}

} // namespace ibcm
