// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_WORK_QUEUE_H
#define INTERLEAVE_WORK_QUEUE_H

#include "interleave/model/engine.h"

#include <string>
#include <vector>

namespace interleave
{

class WorkQueue;

/**
 * A piece of work that can be queued again and again. It is its own list node, so that queueing
 * does not allocate. Its handler may destroy it: the queue does not touch it after that.
 */
class WorkItem
{
  public:
    using Handler = void (*)(void* context);

    WorkItem(Handler handler, void* context)
        : m_handler(handler),
          m_context(context)
    {
    }

    /** Destroying an item that is queued, or that runs on another task, is a violation. */
    ~WorkItem();
    WorkItem(const WorkItem&) = delete;
    WorkItem& operator=(const WorkItem&) = delete;

    /** Queued and not yet taken by a worker. */
    bool Pending() const
    {
        return m_pending;
    }

    /** The queue on which it is pending or runs; nullptr otherwise. */
    WorkQueue* OnQueue() const
    {
        return m_queue;
    }

  private:
    friend class DelayedWork;
    friend class WorkQueue;

    /** Who runs items; told by an item that is destroyed in its own handler. */
    struct Worker
    {
        Task* task = nullptr;
        WorkItem* current = nullptr;
        std::uint64_t ticket = 0;
    };

    Handler m_handler;
    void* m_context;
    WorkItem* m_next = nullptr;
    WorkItem* m_previous = nullptr;
    WorkQueue* m_queue = nullptr; // while it is pending or runs
    Worker* m_worker = nullptr;   // while it runs
    std::uint64_t m_ticket = 0;
    std::uint32_t m_cancelling = 0; // tasks inside of CancelSync()
    bool m_pending = false;
};

static_assert(sizeof(WorkItem) <= 64, "users embed a WorkItem in 64 bytes");

/**
 * A named queue with its own workers, after the kernel's workqueues: items are taken first come
 * first served; one worker makes an ordered queue; an item never runs on two workers at once, and
 * queueing a pending item does nothing. The workers are daemons named "NAME0", "NAME1", ….
 * Queueing an item on one queue while it is pending or runs on another is a violation.
 *
 * A queue must outlive the run or be shut down in it. Queue() and Cancel() are allowed in event
 * handlers, the waiting calls only when they need not wait.
 */
class WorkQueue
{
  public:
    /** @param name of the workers without their number, for example "server/worker". */
    WorkQueue(Engine& engine, std::string_view name, std::uint32_t workers);
    ~WorkQueue();
    WorkQueue(const WorkQueue&) = delete;
    WorkQueue& operator=(const WorkQueue&) = delete;

    /** False if the item was pending already, is being cancelled, or the queue shuts down. */
    bool Queue(WorkItem& item, const char* site = nullptr);

    /** Takes a pending item back; false if it was not pending (it may run right now). */
    bool Cancel(WorkItem& item, const char* site = nullptr);

    /**
     * As Cancel(), then waits until the item runs nowhere; it cannot be queued meanwhile. A
     * violation inside the item's own handler, which would wait for itself.
     */
    bool CancelSync(WorkItem& item, const char* site = nullptr);

    /** Waits until everything queued before has run. A violation on one of the queue's workers. */
    void Flush(const char* site = nullptr);

    /** Runs what is queued, accepts nothing more, and lets the workers finish. */
    void Shutdown(const char* site = nullptr);

    /** Whether a worker is in @p item's handler. */
    bool RunningNow(const WorkItem& item) const
    {
        return item.m_worker != nullptr;
    }

    /** Items queued and not yet taken. */
    std::size_t PendingCount() const
    {
        return m_pendingCount;
    }

    ObjectId Object() const
    {
        return m_object;
    }

    Engine& GetEngine() const
    {
        return m_engine;
    }

  private:
    friend class DelayedWork;
    friend class WorkItem;

    using Worker = WorkItem::Worker;

    /** What a task waits for in Flush(), CancelSync() or Shutdown(); on its stack. */
    struct Waiter
    {
        Task* task = nullptr;
        const WorkItem* item = nullptr; // that this item runs nowhere
        std::uint64_t ticket = 0;       // or else that all tickets up to this one are done
        Waiter* next = nullptr;
    };

    /** The ticket of a Waiter that waits for the workers to finish. */
    static constexpr std::uint64_t kAllWorkers = ~std::uint64_t{0};

    class Registration;

    void WorkerLoop(Worker& worker);
    void RunItem(Worker& worker, WorkItem& item);
    WorkItem* FirstRunnable() const;
    bool CanTake() const;
    bool Insert(WorkItem& item);
    bool Remove(WorkItem& item);
    bool Withdraw(WorkItem& item);
    void UpdateIdle();
    bool SettledFor(const Waiter& waiter) const;
    void WaitUntilSettled(Waiter& waiter, const char* site);
    void WaitUntilIdle(WorkItem& item, const char* site);
    void WakeSettled();
    bool OnOwnWorker() const;

    Engine& m_engine;
    ObjectId m_object;
    std::vector<Worker> m_workers;
    WaitList m_idle;
    WaitList m_settling;
    Waiter* m_waiters = nullptr;
    WorkItem* m_first = nullptr;
    WorkItem* m_last = nullptr;
    std::size_t m_pendingCount = 0;
    std::uint64_t m_lastTicket = 0;
    std::uint32_t m_liveWorkers = 0;
    bool m_shutdown = false;
};

} // namespace interleave

#endif // INTERLEAVE_WORK_QUEUE_H
