// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// REP and RTU: accepting, and completing (InfiniBand Architecture vol. 1, 12.6.8, 12.6.9).
#include "ibcm/model/later-event.h"
#include "ibcm/model/timeouts.h"

#include <algorithm>

namespace ibcm
{

namespace
{

constexpr std::uint32_t kMax24Bits = 0xffffff;

/** Why the active side cannot take a REP; nothing if it can. */
std::optional<ibwire::RejReason> CheckRep(const ibwire::CmRep& rep,
                                          const Connection& connection,
                                          const Requirements& requirements)
{
    if (QpnOfRep(rep, connection.qpType) == 0)
    {
        return ibwire::RejReason::kNoQp;
    }
    if (rep.responderResources < connection.minResponderResources)
    {
        return ibwire::RejReason::kInsufficientResponderResources;
    }
    if (connection.qpType == QpType::kRc && rep.rnrRetryCount < requirements.minRnrRetryCount)
    {
        return ibwire::RejReason::kRnrRetryCount;
    }
    return std::nullopt;
}

} // namespace

Status Core::SendRep(Handle handle, const RepParameters& parameters)
{
    if (parameters.privateData.size() > ibwire::kPrivateDataBytes<ibwire::CmRep>)
    {
        return tl::unexpected(CmError::kPrivateDataLength);
    }
    constexpr auto kLastFailover = static_cast<std::uint8_t>(ibwire::Failover::kRejected);
    if (parameters.localQpn == 0 || parameters.localQpn > kMax24Bits ||
        parameters.failoverAccepted > kLastFailover)
    {
        return tl::unexpected(CmError::kInvalidArgument);
    }
    IdRef ref = m_table.FindByHandle(handle);
    if (!ref)
    {
        return tl::unexpected(CmError::kInvalidHandle);
    }
    CmId& id = *ref;
    MutexLock hold(id.lock);
    const Transition* row = RowFor(id, Input::kCallSendRep);
    if (row == nullptr)
    {
        return tl::unexpected(CmError::kInvalidState);
    }
    const Connection& known = id.connection.Read();
    const Ids ids{id.localCommId, known.remoteCommId};
    const auto mad = ComposeMad(ComposeRep(parameters, ids, m_device.caGuid, known.qpType),
                                known.transactionId,
                                parameters.ece.options);
    const Status sent = SendReliable(id, mad, Input::kRepTimeout);
    if (!sent)
    {
        return sent;
    }
    Connection& connection = id.connection.Write();
    connection.localQpn = parameters.localQpn;
    connection.localPsn = parameters.startingPsn;
    connection.responderResources = parameters.responderResources;
    connection.initiatorDepth = parameters.initiatorDepth;
    connection.srq = parameters.srq;
    if (Alternate* alternate = id.alternate.Write().get(); alternate != nullptr)
    {
        alternate->loaded =
            parameters.failoverAccepted == static_cast<std::uint8_t>(ibwire::Failover::kAccepted);
    }
    Apply(id, *row);
    return {};
}

Status Core::SendRtu(Handle handle, std::span<const std::uint8_t> privateData)
{
    if (privateData.size() > ibwire::kPrivateDataBytes<ibwire::CmRtu>)
    {
        return tl::unexpected(CmError::kPrivateDataLength);
    }
    auto reply = NewLastReply(0, privateData);
    IdRef ref = m_table.FindByHandle(handle);
    if (!ref)
    {
        return tl::unexpected(CmError::kInvalidHandle);
    }
    CmId& id = *ref;
    MutexLock hold(id.lock);
    const Transition* row = RowFor(id, Input::kCallSendRtu);
    if (row == nullptr)
    {
        return tl::unexpected(CmError::kInvalidState);
    }
    // Kept for a REP that comes again: then this RTU was lost.
    std::swap(id.lastReply.Write(), reply);
    if (const Status sent = SendReply(id, State::kRepRcvd, row->reply); !sent)
    {
        std::swap(id.lastReply.Write(), reply);
        return sent;
    }
    Apply(id, *row);
    return {};
}

Status Core::NotifyEstablished(Handle handle)
{
    IdRef ref = m_table.FindByHandle(handle);
    if (!ref)
    {
        return tl::unexpected(CmError::kInvalidHandle);
    }
    auto work = std::make_unique<LaterEvent>(*this, m_runtime, handle);
    CmId& id = *ref;
    id.lock.Lock();
    const State before = id.state.Read();
    const Transition* row = RowFor(id, Input::kCallNotifyEstablished);
    if (row == nullptr)
    {
        id.lock.Unlock();
        return tl::unexpected(before == State::kEstablished ? CmError::kAlreadyConnected
                                                            : CmError::kInvalidState);
    }
    Apply(id, *row);
    work->event->event.type = row->event;
    DeliverLater(id, std::move(work));
    return {};
}

void Core::OnRep(const Received& rx, const ibwire::CmRep& rep)
{
    if (rep.localCommId == 0 && Strict())
    {
        Discarded(rx, Discard::kZeroCommId);
        return;
    }
    IdRef ref = m_table.FindByCommId(rep.remoteCommId);
    if (!ref)
    {
        Discarded(rx, Discard::kUnknownId);
        if (Strict())
        {
            // Nobody waits for it: the peer need not wait for an RTU.
            RejectRep(rx, rep, ibwire::RejReason::kInvalidCommId);
        }
        return;
    }
    EventPtr event = NewEvent();
    CmId& id = *ref;
    id.lock.Lock();
    const Transition* row = RowFor(id, Input::kRep);
    if (row != nullptr && row->event == EventType::kRepReceived)
    {
        OnFirstRep(id, std::move(ref), std::move(event), rx, rep, *row);
        return;
    }
    OnRepeatedRep(id, rx, rep, row);
    id.lock.Unlock();
}

void Core::OnRepeatedRep(CmId& id,
                         const Received& rx,
                         const ibwire::CmRep& rep,
                         const Transition* row)
{
    const Connection& connection = id.connection.Read();
    if (!connection.active || connection.remoteCommId != rep.localCommId)
    {
        NoteMessage(id, TimelineEntry::Kind::kDropped, ibwire::CmAttribute::kRep);
        const bool other = connection.active && connection.remoteCommId != 0;
        Discarded(rx, other ? Discard::kUnknownId : Discard::kUnexpected);
        return;
    }
    // The own request is still the REQ where a REP is answered again.
    if (row != nullptr && Strict() &&
        static_cast<std::uint32_t>(connection.requestId) !=
            static_cast<std::uint32_t>(rx.transactionId))
    {
        NoteMessage(id, TimelineEntry::Kind::kDropped, ibwire::CmAttribute::kRep);
        Discarded(rx, Discard::kTransactionId);
        return;
    }
    NoteMessage(id, TimelineEntry::Kind::kReceived, ibwire::CmAttribute::kRep);
    Duplicate(rx, ibwire::CmAttribute::kRep);
    if (row != nullptr)
    {
        const State before = id.state.Read();
        Apply(id, *row);
        (void)SendReply(id, before, row->reply, true);
    }
}

void Core::RejectRep(const Received& rx, const ibwire::CmRep& rep, ibwire::RejReason reason)
{
    SendStateless(
        rx,
        ComposeRej(
            {rep.remoteCommId, rep.localCommId}, ibwire::MessageRejected::kRep, reason, {}, {}));
}

void Core::OnFirstRep(CmId& id,
                      IdRef ref,
                      EventPtr event,
                      const Received& rx,
                      const ibwire::CmRep& rep,
                      const Transition& row)
{
    const QpType type = id.connection.Read().qpType;
    const std::uint32_t remoteQpn = QpnOfRep(rep, type);
    NoteMessage(id, TimelineEntry::Kind::kReceived, ibwire::CmAttribute::kRep);
    // Of ports that number their transactions themselves only the lower half is the peer's echo.
    if (Strict() && static_cast<std::uint32_t>(id.connection.Read().requestId) !=
                        static_cast<std::uint32_t>(rx.transactionId))
    {
        id.lock.Unlock();
        Discarded(rx, Discard::kTransactionId);
        return;
    }
    if (Strict())
    {
        if (const auto reason = CheckRep(rep, id.connection.Read(), m_options.requirements))
        {
            const Transition* refused = RowFor(id, Input::kRepRefused);
            Apply(id, *refused);
            RejectRep(rx, rep, *reason);
            event->event.type = refused->event;
            event->event.parameters = SendFailed{SendFailed::Cause::kRefused};
            Deliver(id, std::move(ref), std::move(event));
            return;
        }
    }
    const std::uint64_t guid = PeerKey(rep.localCaGuid, id.connection.Read().primaryPath.dgid);
    CmTable::EnterOutcome outcome =
        m_table.EnterPeer(*id.peer.Read(), {guid, rep.localCommId, remoteQpn, 0});
    if (outcome.result != CmTable::EnterResult::kEntered)
    {
        // Refused, and the REQ goes on being retried: the peer that is meant may still answer.
        const bool stale = outcome.result == CmTable::EnterResult::kStaleQpn;
        if (stale || Strict())
        {
            RejectRep(rx,
                      rep,
                      stale ? ibwire::RejReason::kStaleConnection
                            : ibwire::RejReason::kDuplicateLocalCommId);
        }
        id.lock.Unlock();
        if (stale)
        {
            DisconnectStale(std::move(outcome.owner));
        }
        return;
    }
    TakeRep(id, rx, rep, guid);
    Apply(id, row);
    event->event.type = row.event;
    event->event.parameters = RepReceivedFrom(rep, type, rx.attributeModifier);
    event->event.privateData.Assign(rep.privateData);
    Deliver(id, std::move(ref), std::move(event));
}

void Core::TakeRep(CmId& id, const Received& rx, const ibwire::CmRep& rep, std::uint64_t guid)
{
    Connection& connection = id.connection.Write();
    const std::uint8_t life = connection.primaryPath.packetLifeTime;
    // Nobody gets more than it has offered.
    const bool bounded = Strict() && connection.qpType != QpType::kXrcInitiator;
    connection.initiatorDepth = Strict()
                                    ? std::min(rep.responderResources, connection.initiatorDepth)
                                    : rep.responderResources;
    connection.responderResources =
        bounded ? std::min(rep.initiatorDepth, connection.responderResources) : rep.initiatorDepth;
    connection.remoteCommId = rep.localCommId;
    connection.remoteCaGuid = guid;
    connection.remoteQpn = QpnOfRep(rep, connection.qpType);
    connection.remotePsn = rep.startingPsn;
    connection.rnrRetryCount = rep.rnrRetryCount;
    connection.ackTimeout = AckTimeout(rep.targetAckDelay, life);
    connection.peerAckDelay = rep.targetAckDelay;
    connection.timewait = TimewaitActive(life, rep.targetAckDelay, m_options.behaviour);
    if (Strict())
    {
        // The CM that has answered serves the connection from now on.
        connection.route = {&rx.slot, rx.mad.replyAddress};
    }
    if (Alternate* alternate = id.alternate.Write().get(); alternate != nullptr)
    {
        alternate->loaded = rep.failoverAccepted == ibwire::Failover::kAccepted;
        SetAckTimeout(*alternate, connection);
    }
}

void Core::OnRtu(const Received& rx, const ibwire::CmRtu& rtu)
{
    OnPlain(rx,
            {rtu.remoteCommId, rtu.localCommId},
            Input::kRtu,
            ibwire::CmAttribute::kRtu,
            rtu.privateData);
}

} // namespace ibcm
