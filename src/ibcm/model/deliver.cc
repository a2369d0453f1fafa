// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Telling consumers: one event of an id at a time, in the order of its transitions.
#include "ibcm/model/core.h"

#include <functional>
#include <utility>

namespace ibcm
{

namespace
{

/** Carries one event to a thread of the work queue. */
class LaterEvent final : public WorkItem
{
  public:
    LaterEvent(Runtime& runtime, std::function<void()> run)
        : WorkItem(runtime, "deliver"),
          m_run(std::move(run))
    {
    }

    void Run() override
    {
        // The item goes first: the handler may run for long, and end with the id destroyed.
        auto run = std::move(m_run);
        delete this;
        run();
    }

  private:
    std::function<void()> m_run;
};

} // namespace

void
Core::Deliver(CmId& id, IdRef ref, std::unique_ptr<Event> event)
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
    RunHandler(std::move(ref), std::move(event));
}

void
Core::DeliverLater(CmId& id, IdRef ref, std::unique_ptr<Event> event)
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
    id.lock.Unlock();
    auto shared = std::make_shared<std::pair<IdRef, std::unique_ptr<Event>>>(std::move(ref),
                                                                             std::move(event));
    auto* work = new LaterEvent(m_runtime, [this, shared] {
        RunHandler(std::move(shared->first), std::move(shared->second));
    });
    work->QueueOn(*m_queue);
}

void
Core::RunHandler(IdRef ref, std::unique_ptr<Event> event)
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
        m_runtime.SyncPoint(SyncKind::kCallback, &id, ToString(event->type));
        const Disposition answer = id.handler.OnCmEvent(m_facade, id.handle, *event);
        event.reset();
        if (answer != Disposition::kKeep)
        {
            const Handle handle = id.handle;
            const Input how = answer == Disposition::kDestroyNoMemory ? Input::kCallDestroyNoMemory
                                                                      : Input::kCallDestroy;
            // Busy stays set: nobody enters the handler of a dying id. The reference goes first, as
            // destroying waits for all of them; the claim keeps a concurrent Destroy from doing it too.
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
        delivery.waiting.pop_front();
    }
}

} // namespace ibcm
