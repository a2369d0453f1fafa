// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// DREQ and DREP: disconnecting (InfiniBand Architecture vol. 1, 12.6.10, 12.6.11, 12.9.8.4).
#include "ibcm/model/core.h"

namespace ibcm
{

Status Core::SendDreq(Handle handle, std::span<const std::uint8_t> privateData)
{
    if (privateData.size() > ibwire::kPrivateDataBytes<ibwire::CmDreq>)
    {
        return tl::unexpected(CmError::kPrivateDataLength);
    }
    IdRef ref = m_table.FindByHandle(handle);
    if (!ref)
    {
        return tl::unexpected(CmError::kInvalidHandle);
    }
    CmId& id = *ref;
    MutexLock hold(id.lock);
    const Transition* row = RowFor(id, Input::kCallSendDreq);
    if (row == nullptr)
    {
        return tl::unexpected(CmError::kInvalidState);
    }
    Apply(id, *row);
    const Status sent = StartDreq(id, privateData, true);
    if (!sent)
    {
        // Nobody will answer what was never sent.
        Apply(id, *RowFor(id, Input::kDreqTimeout));
    }
    return sent;
}

Status Core::StartDreq(CmId& id, std::span<const std::uint8_t> privateData, bool reliable)
{
    Connection& connection = id.connection.Write();
    connection.requestId = NextTransactionId();
    const auto mad = ComposeMad(
        ComposeDreq({id.localCommId, connection.remoteCommId}, connection.remoteQpn, privateData),
        connection.requestId);
    return reliable ? SendReliable(id, mad, Input::kDreqTimeout) : SendOnce(id, mad);
}

void Core::SendWaitingDreq(CmId& id)
{
    const Connection& connection = id.connection.Read();
    const SendToken token = id.outstanding.Read().token;
    MadPort* port = connection.route.slot == nullptr ? nullptr : connection.route.slot->port.load();
    if (port == nullptr || token == SendToken::kNone)
    {
        return;
    }
    const auto progress = port->Progress(token);
    const auto mad =
        ComposeMad(ComposeDreq({id.localCommId, connection.remoteCommId}, connection.remoteQpn, {}),
                   connection.requestId);
    if (progress && progress->waiting && mad)
    {
        // The one that waits is never transmitted and does not count.
        if (port->Send(*mad, connection.route.address, Duration{0}, 0, 0))
        {
            Count(connection.route.slot->sent[KindOf(ibwire::CmAttribute::kDreq)]);
        }
    }
}

Status Core::SendDrep(Handle handle, std::span<const std::uint8_t> privateData)
{
    if (privateData.size() > ibwire::kPrivateDataBytes<ibwire::CmDrep>)
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
    const State before = id.state.Read();
    const Transition* row = RowFor(id, Input::kCallSendDrep);
    if (row == nullptr)
    {
        return tl::unexpected(CmError::kInvalidState);
    }
    Apply(id, *row);
    // Kept for a DREQ that comes again: then this DREP was lost.
    std::swap(id.lastReply.Write(), reply);
    return SendReply(id, before, row->reply);
}

void Core::DisconnectStale(IdRef owner)
{
    if (!owner)
    {
        return;
    }
    EventPtr event = NewEvent();
    event->event.parameters = SendFailed{SendFailed::Cause::kPort};
    CmId& id = *owner;
    id.lock.Lock();
    const Transition* row = RowFor(id, Input::kCallSendDreq);
    if (row == nullptr)
    {
        id.lock.Unlock();
        return;
    }
    Apply(id, *row);
    if (StartDreq(id, {}, true))
    {
        // The consumer hears of it when the DREQ is answered or its retries have run out.
        id.lock.Unlock();
        return;
    }
    // Nobody will answer what was never sent.
    row = RowFor(id, Input::kDreqTimeout);
    Apply(id, *row);
    event->event.type = row->event;
    Deliver(id, std::move(owner), std::move(event));
}

void Core::OnDreq(const Received& rx, const ibwire::CmDreq& dreq)
{
    IdRef ref = m_table.FindByCommId(dreq.remoteCommId);
    if (ref)
    {
        EventPtr event = NewEvent();
        event->event.privateData.Assign(dreq.privateData);
        CmId& id = *ref;
        id.lock.Lock();
        // An id in IDLE has no connection, though it may remember its last: strictly it answers
        // like no id, so that a peer whose DREP was lost is not kept waiting until the id is
        // destroyed.
        const bool connected = id.state.Read() != State::kIdle || !Strict();
        if (connected && id.connection.Read().remoteCommId == dreq.localCommId)
        {
            OnKnownDreq(id, std::move(ref), std::move(event), rx, dreq);
            return;
        }
        NoteMessage(id, TimelineEntry::Kind::kDropped, ibwire::CmAttribute::kDreq);
        id.lock.Unlock();
    }
    // Forgotten here; the peer's DREP was lost, or it never will be connected: let it go.
    Duplicate(rx, ibwire::CmAttribute::kDreq);
    SendStateless(rx, ComposeDrep({dreq.remoteCommId, dreq.localCommId}, {}));
}

void Core::OnKnownDreq(CmId& id,
                       IdRef ref,
                       EventPtr event,
                       const Received& rx,
                       const ibwire::CmDreq& dreq)
{
    const State before = id.state.Read();
    const Transition* row = RowFor(id, Input::kDreq);
    const bool match = dreq.remoteQpn == id.connection.Read().localQpn;
    if (row == nullptr || !match)
    {
        NoteMessage(id, TimelineEntry::Kind::kDropped, ibwire::CmAttribute::kDreq);
        id.lock.Unlock();
        if (!match)
        {
            Discarded(rx, Discard::kQpnMismatch);
        }
        else if (before == State::kDreqRcvd)
        {
            Duplicate(rx, ibwire::CmAttribute::kDreq);
        }
        else
        {
            Discarded(rx, Discard::kUnexpected);
        }
        return;
    }
    NoteMessage(id, TimelineEntry::Kind::kReceived, ibwire::CmAttribute::kDreq);
    id.connection.Write().transactionId = rx.transactionId; // the DREP answers this one
    Apply(id, *row);
    if (row->event == EventType::kNone)
    {
        Duplicate(rx, ibwire::CmAttribute::kDreq);
        (void)SendReply(id, before, row->reply, true);
        id.lock.Unlock();
        return;
    }
    event->event.type = row->event;
    Deliver(id, std::move(ref), std::move(event));
}

void Core::OnDrep(const Received& rx, const ibwire::CmDrep& drep)
{
    OnPlain(rx,
            {drep.remoteCommId, drep.localCommId},
            Input::kDrep,
            ibwire::CmAttribute::kDrep,
            drep.privateData);
}

} // namespace ibcm
