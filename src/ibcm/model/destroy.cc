// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The end of an id: a walk to IDLE under one hold of its lock, then a wait for the last reference.
#include "ibcm/model/core.h"

namespace ibcm
{

namespace
{

bool IsAccepting(const Delivery& delivery, std::uint64_t thread)
{
    const Accepting* entry = delivery.accepting;
    while (entry != nullptr && entry->thread != thread)
    {
        entry = entry->next;
    }
    return entry != nullptr;
}

} // namespace

Status Core::Destroy(Handle handle)
{
    {
        IdRef ref = m_table.FindByHandle(handle);
        if (!ref)
        {
            return tl::unexpected(CmError::kInvalidHandle);
        }
        CmId& id = *ref;
        MutexLock hold(id.lock);
        const Delivery& delivery = id.delivery.Read();
        const std::uint64_t self = m_runtime.CurrentThread();
        if (delivery.thread == self || IsAccepting(delivery, self))
        {
            return tl::unexpected(CmError::kWouldDeadlock);
        }
    }
    const CmTable::Claim claim = m_table.ClaimDestroy(handle);
    if (claim.shareDropped)
    {
        return {};
    }
    if (claim.id == nullptr)
    {
        return tl::unexpected(CmError::kInvalidHandle);
    }
    DestroyClaimed(*claim.id, Input::kCallDestroy);
    return {};
}

void Core::DestroyClaimed(CmId& id, Input how)
{
    bool held = false;
    {
        MutexLock hold(id.lock);
        Delivery& delivery = id.delivery.Write();
        delivery.stopped = true;
        delivery.Clear();
        // No message can come between the steps: each handler needs the lock, and finds IDLE after
        // it.
        while (id.state.Read() != State::kIdle)
        {
            const State before = id.state.Read();
            const bool target = id.connection.Read().qpType == QpType::kXrcTarget;
            const Transition* row = target ? RowFor(id, Input::kCallDestroyXrcTarget) : nullptr;
            row = row == nullptr ? RowFor(id, how) : row;
            row = row == nullptr ? RowFor(id, Input::kCallDestroy) : row;
            // A DREQ that still waits for its turn would never leave; the peer is to hear of it.
            if (before == State::kDreqSent)
            {
                SendWaitingDreq(id);
            }
            Apply(id, *row);
            // The peer is told as well as can be; that a message cannot be sent changes nothing
            // here.
            (void)SendReply(id, before, row->reply);
        }
        IBCM_CHECK(m_runtime,
                   Invariant::kEndsIdle,
                   &id,
                   id.outstanding.Peek().token == SendToken::kNone &&
                       id.delivery.Peek().waiting == nullptr && id.peerToPeer.Peek() == nullptr &&
                       id.request.Peek() == nullptr);
        const bool inHandler = delivery.inside && delivery.thread != m_runtime.CurrentThread();
        held = m_table.Erase(id, inHandler);
    }
    if (!held)
    {
        (void)id.references.Put(&id, "creator's reference"); // the last one
    }
    else
    {
        // Whoever puts the last reference wakes this thread.
        Completion released(m_runtime, "cm-id released");
        id.waiter.store(&released, std::memory_order_release);
        if (!id.references.Put(&id, "creator's reference"))
        {
            released.Wait();
        }
        m_table.Forget(id);
    }
    // Whoever held a reference until now has left it as it was.
    IBCM_CHECK_BEFORE_DELETE(m_runtime, id);
    if (Observer* observer = m_runtime.GetObserver(); observer != nullptr) [[unlikely]]
    {
        observer->OnFreed(&id);
    }
    delete &id;
}

} // namespace ibcm
