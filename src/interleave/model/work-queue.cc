// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/work-queue.h"

#include <fmt/format.h>

#include <algorithm>

namespace interleave
{

WorkItem::~WorkItem()
{
    const EngineScope scope;
    if (m_queue == nullptr)
    {
        return;
    }
    // Outside of a run it is the rest of one that has ended early.
    Engine& engine = m_queue->m_engine;
    if (m_worker != nullptr)
    {
        if (engine.Running() && m_worker->task != engine.CurrentTask())
        {
            engine.Report(
                ViolationKind::kWorkMisuse,
                fmt::format("a work item is destroyed while {} runs it", m_worker->task->Name()));
        }
        m_worker->current = nullptr;
    }
    if (m_pending)
    {
        if (engine.Running())
        {
            engine.Report(ViolationKind::kWorkMisuse,
                          fmt::format("a work item is destroyed while it is queued on {}",
                                      engine.ObjectText(m_queue->m_object)));
        }
        m_queue->Remove(*this);
    }
}

/** Keeps a Waiter known to its queue for a scope, also when that is left by an exception. */
class WorkQueue::Registration
{
  public:
    Registration(WorkQueue& queue, Waiter& waiter)
        : m_link(&queue.m_waiters),
          m_queue(queue),
          m_waiter(waiter)
    {
        while (*m_link != nullptr)
        {
            m_link = &(*m_link)->next;
        }
        *m_link = &waiter;
    }

    ~Registration()
    {
        m_link = &m_queue.m_waiters;
        while (*m_link != &m_waiter)
        {
            m_link = &(*m_link)->next;
        }
        *m_link = m_waiter.next;
    }

    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;

  private:
    Waiter** m_link;
    WorkQueue& m_queue;
    Waiter& m_waiter;
};

WorkQueue::WorkQueue(Engine& engine, std::string_view name, std::uint32_t workers)
    : m_engine(engine),
      m_object(engine.NewObject("queue")),
      m_workers(workers),
      m_liveWorkers(workers)
{
    const EngineScope scope;
    for (std::uint32_t index = 0; index < workers; ++index)
    {
        Worker& worker = m_workers[index];
        worker.task = engine.Spawn(std::string(name) + std::to_string(index),
                                   [this, &worker] { WorkerLoop(worker); });
        worker.task->SetDaemon();
    }
}

WorkQueue::~WorkQueue()
{
    const EngineScope scope;
    if (m_engine.Running() && m_liveWorkers != 0)
    {
        m_engine.Report(ViolationKind::kWorkMisuse,
                        fmt::format("{} is destroyed without having been shut down",
                                    m_engine.ObjectText(m_object)));
    }
    // Items may outlive their queue.
    while (m_first != nullptr)
    {
        Remove(*m_first);
    }
    for (Worker& worker : m_workers)
    {
        if (worker.current != nullptr)
        {
            worker.current->m_worker = nullptr;
            worker.current->m_queue = nullptr;
        }
    }
    for (WaitList* list : {&m_idle, &m_settling})
    {
        while (!list->Empty())
        {
            WaitList::Remove(*list->First());
        }
    }
}

WorkItem* WorkQueue::FirstRunnable() const
{
    WorkItem* item = m_first;
    while (item != nullptr && item->m_worker != nullptr)
    {
        item = item->m_next;
    }
    return item;
}

bool WorkQueue::CanTake() const
{
    return FirstRunnable() != nullptr || (m_shutdown && m_first == nullptr);
}

void WorkQueue::UpdateIdle()
{
    if (CanTake())
    {
        m_engine.Enable(m_idle);
    }
    else
    {
        m_engine.Disable(m_idle);
    }
}

void WorkQueue::WorkerLoop(Worker& worker)
{
    const EngineScope scope;
    for (;;)
    {
        m_engine.PointAt(Op{OpKind::kTake, m_object}, m_idle, CanTake());
        WorkItem* item = FirstRunnable();
        if (item == nullptr)
        {
            break; // shut down
        }
        Remove(*item);
        UpdateIdle();
        RunItem(worker, *item);
    }
    --m_liveWorkers;
    WakeSettled();
}

void WorkQueue::RunItem(Worker& worker, WorkItem& item)
{
    item.m_queue = this;
    item.m_worker = &worker;
    worker.current = &item;
    worker.ticket = item.m_ticket;
    TsanAcquire(&item);
    m_engine.Did(EffectKind::kTaken, &item, m_object);
    const void* const address = &item;
    {
        const ProgramScope program;
        item.m_handler(item.m_context);
    }
    m_engine.Point(Op{OpKind::kComplete, m_object});
    if (worker.current != nullptr) // not destroyed by its handler
    {
        item.m_worker = nullptr;
        item.m_queue = item.m_pending ? this : nullptr;
        worker.current = nullptr;
    }
    worker.ticket = 0;
    TsanRelease(address); // one run of an item happens before its next, on whatever worker
    TsanRelease(this);
    m_engine.Did(EffectKind::kRelease, address, m_object);
    m_engine.Did(EffectKind::kRelease, this, m_object);
    WakeSettled();
    UpdateIdle();
}

bool WorkQueue::Insert(WorkItem& item)
{
    if (item.m_queue != nullptr && item.m_queue != this)
    {
        std::string text = fmt::format("a work item is queued on {} while it is {} {}",
                                       m_engine.ObjectText(m_object),
                                       item.m_pending ? "queued on" : "run by",
                                       m_engine.ObjectText(item.m_queue->m_object));
        m_engine.Fail(ViolationKind::kWorkMisuse, std::move(text));
    }
    if (item.m_pending || item.m_cancelling != 0 || m_shutdown)
    {
        return false;
    }
    TsanRelease(&item);
    m_engine.Did(EffectKind::kQueued, &item, m_object);
    item.m_queue = this;
    item.m_pending = true;
    item.m_ticket = ++m_lastTicket;
    item.m_next = nullptr;
    item.m_previous = m_last;
    (m_last != nullptr ? m_last->m_next : m_first) = &item;
    m_last = &item;
    ++m_pendingCount;
    UpdateIdle();
    return true;
}

bool WorkQueue::Remove(WorkItem& item)
{
    if (!item.m_pending || item.m_queue != this)
    {
        return false;
    }
    (item.m_previous != nullptr ? item.m_previous->m_next : m_first) = item.m_next;
    (item.m_next != nullptr ? item.m_next->m_previous : m_last) = item.m_previous;
    item.m_next = nullptr;
    item.m_previous = nullptr;
    item.m_pending = false;
    if (item.m_worker == nullptr)
    {
        item.m_queue = nullptr;
    }
    --m_pendingCount;
    return true;
}

bool WorkQueue::Queue(WorkItem& item, const char* site)
{
    const EngineScope scope;
    m_engine.Point(Op{OpKind::kQueue, m_object, true, site});
    return !m_engine.Unwinding() && Insert(item);
}

bool WorkQueue::Cancel(WorkItem& item, const char* site)
{
    const EngineScope scope;
    m_engine.Point(Op{OpKind::kCancel, m_object, true, site});
    return !m_engine.Unwinding() && Withdraw(item);
}

bool WorkQueue::Withdraw(WorkItem& item)
{
    if (!Remove(item))
    {
        return false;
    }
    m_engine.Did(EffectKind::kWithdrawn, &item, m_object);
    UpdateIdle();
    WakeSettled();
    return true;
}

bool WorkQueue::CancelSync(WorkItem& item, const char* site)
{
    const EngineScope scope;
    const bool cancelled = Cancel(item, site);
    WaitUntilIdle(item, site);
    return cancelled;
}

void WorkQueue::WaitUntilIdle(WorkItem& item, const char* site)
{
    if (item.m_worker == nullptr || m_engine.Unwinding())
    {
        TsanAcquire(&item);
        m_engine.Did(EffectKind::kAcquire, &item, m_object);
        return;
    }
    if (item.m_worker->task == m_engine.CurrentTask())
    {
        std::string text =
            fmt::format("a work item of {} waits for itself", m_engine.ObjectText(m_object));
        m_engine.Fail(ViolationKind::kWorkMisuse, std::move(text));
    }
    ++item.m_cancelling;
    Waiter waiter{nullptr, &item, 0, nullptr};
    WaitUntilSettled(waiter, site);
    --item.m_cancelling;
}

void WorkQueue::Flush(const char* site)
{
    const EngineScope scope;
    if (OnOwnWorker())
    {
        std::string text =
            fmt::format("{} is flushed by its own worker {}, which would wait for itself",
                        m_engine.ObjectText(m_object),
                        m_engine.CurrentTask()->Name());
        m_engine.Fail(ViolationKind::kWorkMisuse, std::move(text));
    }
    m_engine.Point(Op{OpKind::kFlush, m_object, true, site});
    Waiter waiter{nullptr, nullptr, m_lastTicket, nullptr};
    WaitUntilSettled(waiter, site);
}

void WorkQueue::Shutdown(const char* site)
{
    const EngineScope scope;
    if (OnOwnWorker())
    {
        std::string text = fmt::format("{} is shut down by its own worker {}",
                                       m_engine.ObjectText(m_object),
                                       m_engine.CurrentTask()->Name());
        m_engine.Fail(ViolationKind::kWorkMisuse, std::move(text));
    }
    m_engine.Point(Op{OpKind::kFlush, m_object, true, site});
    if (m_engine.Unwinding())
    {
        return;
    }
    m_shutdown = true;
    UpdateIdle();
    Waiter waiter{nullptr, nullptr, kAllWorkers, nullptr};
    WaitUntilSettled(waiter, site);
}

bool WorkQueue::SettledFor(const Waiter& waiter) const
{
    if (waiter.item != nullptr)
    {
        return waiter.item->m_worker == nullptr;
    }
    if (waiter.ticket == kAllWorkers)
    {
        return m_liveWorkers == 0;
    }
    // Pending items stand in order of their tickets.
    if (m_first != nullptr && m_first->m_ticket <= waiter.ticket)
    {
        return false;
    }
    return std::ranges::none_of(m_workers,
                                [&](const Worker& worker)
                                { return worker.ticket != 0 && worker.ticket <= waiter.ticket; });
}

void WorkQueue::WaitUntilSettled(Waiter& waiter, const char* site)
{
    if (!m_engine.Unwinding() && !SettledFor(waiter))
    {
        waiter.task = m_engine.CurrentContext();
        const Registration registration(*this, waiter);
        m_engine.PointAt(Op{OpKind::kWait, m_object, true, site}, m_settling, false);
    }
    TsanAcquire(this);
    m_engine.Did(EffectKind::kAcquire, this, m_object);
}

void WorkQueue::WakeSettled()
{
    for (const Waiter* waiter = m_waiters; waiter != nullptr; waiter = waiter->next)
    {
        // Once settled it stays so: nothing has to be taken back.
        if (SettledFor(*waiter))
        {
            m_engine.EnableTask(*waiter->task);
        }
    }
}

bool WorkQueue::OnOwnWorker() const
{
    const Task* self = m_engine.CurrentTask();
    return self != nullptr &&
           std::ranges::any_of(m_workers,
                               [self](const Worker& worker)
                               { return worker.task == self && worker.ticket != 0; });
}

} // namespace interleave
