// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Telling consumers: one event of an id at a time, in the order of its transitions.
#include "ibcm/model/later-event.h"

#include <utility>

namespace ibcm
{

EventPtr Core::NewEvent()
{
    return std::make_unique_for_overwrite<QueuedEvent>(); // its members set themselves
}

void Core::LaterEvent::Run()
{
    // The item goes first: the handler may run for long, and end with the id destroyed.
    Core& core = m_core;
    const Handle id = m_id;
    EventPtr queued = std::move(event);
    delete this;
    core.DeliverQueued(id, std::move(queued));
}

void Core::Deliver(CmId& id, IdRef ref, EventPtr event)
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
        delivery.Append(std::move(event));
        id.lock.Unlock();
        return;
    }
    delivery.busy = true;
    id.lock.Unlock();
    RunHandler(std::move(ref), std::move(event), IdRef());
}

void Core::DeliverLater(CmId& id, std::unique_ptr<LaterEvent> work)
{
    Delivery& delivery = id.delivery.Write();
    if (delivery.stopped || delivery.busy)
    {
        if (!delivery.stopped)
        {
            delivery.Append(std::move(work->event));
        }
        id.lock.Unlock();
        return;
    }
    // Busy from now on, so that what happens before the worker comes is told after this.
    delivery.busy = true;
    id.lock.Unlock();
    LaterEvent* const item = work.release(); // frees itself when it has run
    item->QueueOn(*m_queue);
}

void Core::DeliverQueued(Handle handle, EventPtr event)
{
    if (IdRef ref = m_table.FindByHandle(handle))
    {
        RunHandler(std::move(ref), std::move(event), IdRef());
    }
}

Disposition Core::CallHandler(CmId& id, const Event& event, IdRef listener)
{
    if (m_runtime.GetObserver() != nullptr) [[unlikely]]
    {
        m_runtime.SyncPoint(SyncKind::kCallback, &id, ToString(event.type));
    }
    if (!listener)
    {
        return id.handler.OnCmEvent(m_facade, id.handle, event);
    }
    // The listener's end waits for this call, and cannot be waited for inside it.
    Accepting self{m_runtime.CurrentThread(), nullptr};
    {
        MutexLock hold(listener->lock);
        Accepting*& first = listener->delivery.Write().accepting;
        self.next = first;
        first = &self;
    }
    const Disposition answer = id.handler.OnCmEvent(m_facade, id.handle, event);
    MutexLock hold(listener->lock);
    Accepting** place = &listener->delivery.Write().accepting;
    while (*place != &self)
    {
        place = &(*place)->next;
    }
    *place = self.next;
    return answer;
}

void Core::RunHandler(IdRef ref, EventPtr event, IdRef listener)
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
            IBCM_CHECK(m_runtime, Invariant::kOneHandler, &id, !delivery.inside);
            IBCM_CHECK(m_runtime, Invariant::kEndsIdle, &id, !delivery.stopped);
            delivery.inside = true;
            delivery.thread = m_runtime.CurrentThread();
            Note(id, TimelineEntry::Kind::kEvent, static_cast<std::uint8_t>(event->event.type));
        }
        const Disposition answer = CallHandler(id, event->event, std::exchange(listener, IdRef()));
        const EventType told = event->event.type;
        event.reset();
        if (answer != Disposition::kKeep)
        {
            const Handle handle = id.handle;
            const Input how = answer == Disposition::kDestroyNoMemory ? Input::kCallDestroyNoMemory
                                                                      : Input::kCallDestroy;
            // Busy stays set: nobody enters the handler of a dying id. The reference goes first, as
            // destroying waits for all of them; the claim keeps a concurrent Destroy from doing it
            // too.
            const CmTable::Claim claim = m_table.ClaimDestroy(handle);
            ref.Drop();
            if (claim.id != nullptr)
            {
                DestroyClaimed(*claim.id, how);
            }
            return;
        }
        MutexLock hold(id.lock);
        Note(id, TimelineEntry::Kind::kReturned, static_cast<std::uint8_t>(told));
        Delivery& delivery = id.delivery.Write();
        delivery.thread = 0;
        delivery.inside = false;
        if (delivery.waiting == nullptr || delivery.stopped)
        {
            delivery.busy = false;
            return;
        }
        event = delivery.TakeFirst();
    }
}

} // namespace ibcm
