// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The end of an id: a walk to IDLE under one hold of its lock, then a wait for the last reference.
#include "ibcm/model/core.h"

#include <algorithm>

namespace ibcm
{

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
        const auto& accepting = delivery.accepting;
        if (delivery.thread == self ||
            std::find(accepting.begin(), accepting.end(), self) != accepting.end())
        {
            return tl::unexpected(CmError::kWouldDeadlock);
        }
    }
    CmId* id = m_table.ClaimDestroy(handle);
    if (id == nullptr)
    {
        return tl::unexpected(CmError::kInvalidHandle);
    }
    DestroyClaimed(*id, Input::kCallDestroy);
    return {};
}

void Core::DestroyClaimed(CmId& id, Input how)
{
    {
        MutexLock hold(id.lock);
        Delivery& delivery = id.delivery.Write();
        delivery.stopped = true;
        delivery.waiting.clear();
        // No message can come between the steps: each handler needs the lock, and finds IDLE after
        // it.
        while (id.state.Read() != State::kIdle)
        {
            const State before = id.state.Read();
            const Transition* row = FindTransition(before, how);
            if (row == nullptr)
            {
                row = FindTransition(before, Input::kCallDestroy);
            }
            Apply(id, *row);
            // The peer is told as well as can be; that a message cannot be sent changes nothing
            // here.
            (void)SendReply(id, before, row->reply);
        }
        m_table.Erase(id);
    }
    // The creator's reference; whoever puts the last one wakes this thread.
    if (!id.references.Put(&id, "creator's reference"))
    {
        id.released.Wait();
    }
    if (Observer* observer = m_runtime.GetObserver(); observer != nullptr) [[unlikely]]
    {
        observer->OnFreed(&id);
    }
    delete &id;
}

} // namespace ibcm
