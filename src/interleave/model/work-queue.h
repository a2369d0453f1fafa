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
 * does not allocate. Its handler may free it: the queue does not touch it after calling that.
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

  private:
    friend class WorkQueue;

    Handler m_handler;
    void* m_context;
    WorkItem* m_next = nullptr;
    WorkItem* m_previous = nullptr;
    WorkQueue* m_queue = nullptr; // where it was queued last
    std::uint64_t m_ticket = 0;
    bool m_pending = false;
    bool m_cancelling = false;
};

static_assert(sizeof(WorkItem) <= 64, "users embed a WorkItem in 64 bytes");

/**
 * A named queue with its own workers, after the kernel's workqueues: items are taken first come
 * first served; one worker makes an ordered queue; an item never runs on two workers at once, and
 * queueing a pending item does nothing. The workers are daemons named "NAME0", "NAME1", ….
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
    bool RunningNow(const WorkItem& item) const;

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
    friend class WorkItem;

    struct Worker
    {
        Task* task = nullptr;
        const WorkItem* current = nullptr;
        std::uint64_t ticket = 0;
    };

    /** What a task that flushes or cancels waits for; on its stack. */
    struct Waiter
    {
        Task* task = nullptr;
        std::uint64_t ticket = 0;       // flush: all tickets up to this one, 0 if not a flush
        const WorkItem* item = nullptr; // cancel: this item
        Waiter* next = nullptr;
    };

    void WorkerLoop(std::uint32_t index);
    WorkItem* FirstRunnable() const;
    void Insert(WorkItem& item);
    void Remove(WorkItem& item);
    bool SettledFor(const Waiter& waiter) const;
    void WaitUntilSettled(OpKind kind, Waiter& waiter, const char* site);
    void WakeSettled();
    bool OnOwnWorker() const;

    Engine& m_engine;
    ObjectId m_object;
    std::string m_name;
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
