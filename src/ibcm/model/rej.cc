// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// REJ: refusing and being refused (InfiniBand Architecture vol. 1, 12.6.7, 12.9.8.7).
#include "ibcm/model/core.h"

namespace ibcm
{

Status Core::SendRej(Handle handle,
                     ibwire::RejReason reason,
                     std::span<const std::uint8_t> info,
                     std::span<const std::uint8_t> privateData)
{
    if (privateData.size() > ibwire::kPrivateDataBytes<ibwire::CmRej> ||
        info.size() > ibwire::CmRej{}.ari.size())
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
    const Transition* row = RowFor(id, Input::kCallSendRej);
    if (row == nullptr)
    {
        return tl::unexpected(CmError::kInvalidState);
    }
    Apply(id, *row);
    return SendRejWith(id, before, reason, info, privateData);
}

Status Core::SendRejWith(CmId& id,
                         State before,
                         ibwire::RejReason reason,
                         std::span<const std::uint8_t> info,
                         std::span<const std::uint8_t> privateData)
{
    // The state before the rejection says what is rejected; the one after it no longer knows.
    const RejForm form = RejFormFor(before);
    const Connection& connection = id.connection.Read();
    const Ids ids{form.hasLocalId ? id.localCommId : 0, connection.remoteCommId};
    const auto rejected = static_cast<ibwire::MessageRejected>(form.messageRejected);
    return SendOnce(
        id,
        ComposeMad(ComposeRej(ids, rejected, reason, info, privateData), connection.transactionId));
}

void Core::RejectStateless(const Received& rx,
                           const ibwire::CmReq& req,
                           ibwire::RejReason reason,
                           std::span<const std::uint8_t> info)
{
    SendStateless(
        rx, ComposeRej({0, req.localCommId}, ibwire::MessageRejected::kReq, reason, info, {}));
}

IdRef Core::FindForRej(const ibwire::CmRej& rej, EventPtr& event)
{
    if (rej.remoteCommId != 0)
    {
        if (IdRef ref = m_table.FindByCommId(rej.remoteCommId))
        {
            return ref;
        }
    }
    // A side that gives up before it has learnt our id says who it is instead.
    if (rej.reason == ibwire::RejReason::kTimeout)
    {
        if (const auto guid = GuidFromInfo(rej))
        {
            return m_table.FindByPeer(*guid, rej.localCommId, event);
        }
    }
    return {};
}

void Core::OnRej(const Received& rx, const ibwire::CmRej& rej)
{
    EventPtr event = NewEvent();
    event->event.parameters = RejReceivedFrom(rej);
    event->event.privateData.Assign(rej.privateData);
    IdRef ref = FindForRej(rej, event);
    if (!event)
    {
        return; // kept for the id that is being made
    }
    if (!ref)
    {
        Discarded(rx, Discard::kUnknownId);
        return;
    }
    CmId& id = *ref;
    const Input input =
        rej.reason == ibwire::RejReason::kStaleConnection ? Input::kRejStale : Input::kRej;
    id.lock.Lock();
    // Before the REP the peer's id is unknown here, and the peer may have assigned none.
    const Connection& connection = id.connection.Read();
    const bool ours = connection.remoteCommId == 0 || connection.remoteCommId == rej.localCommId;
    const Transition* row = RowFor(id, input);
    const bool asking =
        row != nullptr && (row->from == State::kReqSent || row->from == State::kMraReqRcvd);
    // The peer of a pair may just not have asked yet: the REQ goes on being tried.
    const bool early =
        asking && connection.peerToPeer && rej.reason == ibwire::RejReason::kInvalidServiceId;
    // A REJ of this id's last REQ may come late: it says nothing about the present one.
    const bool answers = !asking || !Strict() ||
                         static_cast<std::uint32_t>(connection.requestId) ==
                             static_cast<std::uint32_t>(rx.transactionId);
    if (row == nullptr || !ours || early || !answers)
    {
        NoteMessage(id, TimelineEntry::Kind::kDropped, ibwire::CmAttribute::kRej);
        id.lock.Unlock();
        Discarded(rx,
                  !ours      ? Discard::kUnknownId
                  : !answers ? Discard::kTransactionId
                             : Discard::kUnexpected);
        return;
    }
    NoteMessage(id, TimelineEntry::Kind::kReceived, ibwire::CmAttribute::kRej);
    if (asking && rej.reason == ibwire::RejReason::kPortAndCmRedirect)
    {
        const auto& given = std::get<RejReceived>(event->event.parameters);
        const auto target = RedirectFrom({given.info.data(), given.infoLength});
        if (target && FollowRedirect(id, *target))
        {
            id.lock.Unlock();
            return;
        }
    }
    Apply(id, *row);
    event->event.type = row->event;
    Deliver(id, std::move(ref), std::move(event));
}

} // namespace ibcm
