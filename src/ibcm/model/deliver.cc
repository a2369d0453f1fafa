// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Telling consumers: one event of an id at a time, in the order of its transitions.
#include "ibcm/model/core.h"

#include <algorithm>
#include <utility>

namespace ibcm
{

namespace
{

/**
 * Carries one event to a thread of the work queue. It holds no reference: a handler that runs on
 * the queue may destroy the id, and would wait for itself.
 */
class LaterEvent final : public WorkItem
{
  public:
    LaterEvent(Core& core, Runtime& runtime, Handle id, std::unique_ptr<Event> event)
        : WorkItem(runtime, "deliver"),
          m_core(core),
          m_id(id),
          m_event(std::move(event))
    {
    }

    void Run() override
    {
        // The item goes first: the handler may run for long, and end with the id destroyed.
        Core& core = m_core;
        const Handle id = m_id;
        std::unique_ptr<Event> event = std::move(m_event);
        delete this;
        core.DeliverQueued(id, std::move(event));
    }

  private:
    Core& m_core;
    const Handle m_id;
    std::unique_ptr<Event> m_event;
};

} // namespace

void Core::Deliver(CmId& id, IdRef ref, std::unique_ptr<Event> event)
{
    Delivery& delivery = id.delivery.Write();
    if (delivery.stopped)
    {
        id.lock.Unlock();
        return;
    }
    if (delivery.busy)
    {
        // The thread in the handler takes it along; transitions and this list share one order.
        delivery.waiting.push_back(std::move(event));
        id.lock.Unlock();
        return;
    }
    delivery.busy = true;
    id.lock.Unlock();
    RunHandler(std::move(ref), std::move(event), IdRef());
}

void Core::DeliverLater(CmId& id, std::unique_ptr<Event> event)
{
    Delivery& delivery = id.delivery.Write();
    if (delivery.stopped || delivery.busy)
    {
        if (!delivery.stopped)
        {
            delivery.waiting.push_back(std::move(event));
        }
        id.lock.Unlock();
        return;
    }
    // Busy from now on, so that what happens before the worker comes is told after this.
    delivery.busy = true;
    auto* work = new LaterEvent(*this, m_runtime, id.handle, std::move(event));
    id.lock.Unlock();
    work->QueueOn(*m_queue);
}

void Core::DeliverQueued(Handle handle, std::unique_ptr<Event> event)
{
    if (IdRef ref = m_table.FindByHandle(handle))
    {
        RunHandler(std::move(ref), std::move(event), IdRef());
    }
}

Disposition Core::CallHandler(CmId& id, const Event& event, IdRef listener)
{
    m_runtime.SyncPoint(SyncKind::kCallback, &id, ToString(event.type));
    if (!listener)
    {
        return id.handler.OnCmEvent(m_facade, id.handle, event);
    }
    // The listener's end waits for this call, and cannot be waited for inside it.
    const std::uint64_t thread = m_runtime.CurrentThread();
    {
        MutexLock hold(listener->lock);
        listener->delivery.Write().accepting.push_back(thread);
    }
    const Disposition answer = id.handler.OnCmEvent(m_facade, id.handle, event);
    MutexLock hold(listener->lock);
    auto& accepting = listener->delivery.Write().accepting;
    accepting.erase(std::find(accepting.begin(), accepting.end(), thread));
    return answer;
}

void Core::RunHandler(IdRef ref, std::unique_ptr<Event> event, IdRef listener)
{
    CmId& id = *ref;
    for (;;)
    {
        {
            MutexLock hold(id.lock);
            Delivery& delivery = id.delivery.Write();
            if (delivery.stopped)
            {
                return;
            }
            delivery.thread = m_runtime.CurrentThread();
        }
        const Disposition answer = CallHandler(id, *event, std::exchange(listener, IdRef()));
        event.reset();
        if (answer != Disposition::kKeep)
        {
            const Handle handle = id.handle;
            const Input how = answer == Disposition::kDestroyNoMemory ? Input::kCallDestroyNoMemory
                                                                      : Input::kCallDestroy;
            // Busy stays set: nobody enters the handler of a dying id. The reference goes first, as
            // destroying waits for all of them; the claim keeps a concurrent Destroy from doing it
            // too.
            CmId* claimed = m_table.ClaimDestroy(handle);
            ref.Drop();
            if (claimed != nullptr)
            {
                DestroyClaimed(*claimed, how);
            }
            return;
        }
        MutexLock hold(id.lock);
        Delivery& delivery = id.delivery.Write();
        delivery.thread = 0;
        if (delivery.waiting.empty() || delivery.stopped)
        {
            delivery.busy = false;
            return;
        }
        event = std::move(delivery.waiting.front());
        delivery.waiting.erase(delivery.waiting.begin());
    }
}

} // namespace ibcm
