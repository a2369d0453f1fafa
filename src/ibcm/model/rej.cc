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
    const Transition* row = FindTransition(before, Input::kCallSendRej);
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
    const Ids ids{form.hasLocalId ? id.localCommId : 0, id.connection.Read().remoteCommId};
    return SendOnce(id,
                    ComposeRej(ids,
                               static_cast<ibwire::MessageRejected>(form.messageRejected),
                               reason,
                               info,
                               privateData));
}

void Core::RejectStateless(const Received& rx,
                           const ibwire::CmReq& req,
                           ibwire::RejReason reason,
                           std::span<const std::uint8_t> info)
{
    SendStateless(
        rx, ComposeRej({0, req.localCommId}, ibwire::MessageRejected::kReq, reason, info, {}));
}

IdRef Core::FindForRej(const ibwire::CmRej& rej)
{
    if (IdRef ref = m_table.FindByCommId(rej.remoteCommId))
    {
        return ref;
    }
    // A side that gives up before it has learnt our id says who it is instead.
    if (rej.reason == ibwire::RejReason::kTimeout)
    {
        if (const auto guid = GuidFromInfo(rej))
        {
            return m_table.FindByPeer(*guid, rej.localCommId);
        }
    }
    return {};
}

void Core::OnRej(const ibwire::CmRej& rej)
{
    IdRef ref = FindForRej(rej);
    if (!ref)
    {
        m_counters.unmatched.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    CmId& id = *ref;
    const Input input =
        rej.reason == ibwire::RejReason::kStaleConnection ? Input::kRejStale : Input::kRej;
    id.lock.Lock();
    // Before the REP the peer's id is unknown here, and the peer may have assigned none.
    const std::uint32_t known = id.connection.Read().remoteCommId;
    const Transition* row = FindTransition(id.state.Read(), input);
    if (row == nullptr || (known != 0 && known != rej.localCommId))
    {
        id.lock.Unlock();
        m_counters.unmatched.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    Apply(id, *row);
    auto event = std::make_unique<Event>();
    event->type = row->event;
    event->parameters = RejReceivedFrom(rej);
    event->privateData = PrivateData(rej.privateData);
    Deliver(id, std::move(ref), std::move(event));
}

} // namespace ibcm
