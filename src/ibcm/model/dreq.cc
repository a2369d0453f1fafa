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
    const Transition* row = FindTransition(id.state.Read(), Input::kCallSendDreq);
    if (row == nullptr)
    {
        return tl::unexpected(CmError::kInvalidState);
    }
    Apply(id, *row);
    const Status sent = StartDreq(id, privateData);
    if (!sent)
    {
        // Nobody will answer what was never sent.
        Apply(id, *FindTransition(State::kDreqSent, Input::kDreqTimeout));
    }
    return sent;
}

Status Core::StartDreq(CmId& id, std::span<const std::uint8_t> privateData)
{
    Connection& connection = id.connection.Write();
    connection.transactionId = NextTransactionId();
    return SendReliable(
        id,
        ComposeDreq({id.localCommId, connection.remoteCommId}, connection.remoteQpn, privateData),
        Input::kDreqTimeout);
}

Status Core::SendDrep(Handle handle, std::span<const std::uint8_t> privateData)
{
    if (privateData.size() > ibwire::kPrivateDataBytes<ibwire::CmDrep>)
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
    const State before = id.state.Read();
    const Transition* row = FindTransition(before, Input::kCallSendDrep);
    if (row == nullptr)
    {
        return tl::unexpected(CmError::kInvalidState);
    }
    Apply(id, *row);
    // Kept for a DREQ that comes again: then this DREP was lost.
    id.resendData.Write().assign(privateData.begin(), privateData.end());
    return SendReply(id, before, row->reply);
}

void Core::DisconnectStale(IdRef owner)
{
    if (!owner)
    {
        return;
    }
    CmId& id = *owner;
    id.lock.Lock();
    const Transition* row = FindTransition(id.state.Read(), Input::kCallSendDreq);
    if (row == nullptr)
    {
        id.lock.Unlock();
        return;
    }
    Apply(id, *row);
    if (StartDreq(id, {}))
    {
        // The consumer hears of it when the DREQ is answered or its retries have run out.
        id.lock.Unlock();
        return;
    }
    // Nobody will answer what was never sent.
    row = FindTransition(State::kDreqSent, Input::kDreqTimeout);
    Apply(id, *row);
    auto event = std::make_unique<Event>();
    event->type = row->event;
    event->parameters = SendFailed{};
    Deliver(id, std::move(owner), std::move(event));
}

void Core::OnDreq(const Received& rx, const ibwire::CmDreq& dreq)
{
    IdRef ref = m_table.FindByCommId(dreq.remoteCommId);
    if (ref)
    {
        CmId& id = *ref;
        id.lock.Lock();
        // An id in IDLE has no connection, though it may remember its last: it answers like no id,
        // so that a peer whose DREP was lost is not kept waiting until the id is destroyed.
        if (id.state.Read() != State::kIdle &&
            id.connection.Read().remoteCommId == dreq.localCommId)
        {
            OnKnownDreq(id, std::move(ref), rx, dreq);
            return;
        }
        id.lock.Unlock();
    }
    // Forgotten here; the peer's DREP was lost, or it never will be connected: let it go.
    CountDuplicate(ibwire::CmAttribute::kDreq);
    SendStateless(rx, ComposeDrep({dreq.remoteCommId, dreq.localCommId}, {}));
}

void Core::OnKnownDreq(CmId& id, IdRef ref, const Received& rx, const ibwire::CmDreq& dreq)
{
    const State before = id.state.Read();
    const Transition* row = FindTransition(before, Input::kDreq);
    if (row == nullptr || dreq.remoteQpn != id.connection.Read().localQpn)
    {
        if (before == State::kDreqRcvd)
        {
            CountDuplicate(ibwire::CmAttribute::kDreq);
        }
        id.lock.Unlock();
        return;
    }
    id.connection.Write().transactionId = rx.transactionId; // the DREP answers this one
    Apply(id, *row);
    if (row->event == EventType::kNone)
    {
        CountDuplicate(ibwire::CmAttribute::kDreq);
        (void)SendReply(id, before, row->reply);
        id.lock.Unlock();
        return;
    }
    auto event = std::make_unique<Event>();
    event->type = row->event;
    event->privateData = PrivateData(dreq.privateData);
    Deliver(id, std::move(ref), std::move(event));
}

void Core::OnDrep(const ibwire::CmDrep& drep)
{
    OnPlain(drep.remoteCommId,
            drep.localCommId,
            Input::kDrep,
            ibwire::CmAttribute::kDrep,
            drep.privateData);
}

} // namespace ibcm
