// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The work queues of HostRuntime and their threads.
#include "ibcm/helper/host-runtime-jobs.h"

#include <algorithm>
#include <limits>
#include <system_error>

namespace ibcm
{

HostRuntime::Queue::Queue(Scheduler& scheduler, const char* name, unsigned threads)
    : m_scheduler(scheduler),
      m_name(name)
{
    if (threads == 0)
    {
        DieInHostRuntime("made without any thread: queue", name);
    }
    {
        const std::lock_guard hold(m_scheduler.lock);
        ++m_scheduler.queues;
    }
    try
    {
        m_threads.reserve(threads);
        for (unsigned i = 0; i < threads; ++i)
        {
            m_threads.emplace_back([this] { Serve(); });
        }
    }
    catch (const std::system_error&)
    {
        DieInHostRuntime("the operating system gives no thread to queue", name);
    }
}

HostRuntime::Queue::~Queue()
{
    {
        std::unique_lock hold(m_scheduler.lock);
        // Also those that are queued while this waits.
        AwaitTickets(std::numeric_limits<std::uint64_t>::max(), hold);
        if (armedTimers != 0)
        {
            DieInHostRuntime("destroyed while a timer is armed for it: queue", m_name);
        }
        m_stopping = true;
        --m_scheduler.queues;
        m_work.notify_all();
    }
    for (OsThread& thread : m_threads)
    {
        thread.join();
    }
}

void HostRuntime::Queue::Flush()
{
    std::unique_lock hold(m_scheduler.lock);
    AwaitTickets(m_lastTicket, hold);
}

void HostRuntime::Queue::Append(Job& job)
{
    job.queue = this;
    job.ticket = ++m_lastTicket;
    m_jobs.push_back(job);
    m_work.notify_one();
}

void HostRuntime::Queue::Remove(Job& job)
{
    m_jobs.erase(Jobs::s_iterator_to(job));
    if (m_waiting != 0)
    {
        m_done.notify_all();
    }
}

bool HostRuntime::Queue::Pending(std::uint64_t last) const
{
    return (!m_jobs.empty() && m_jobs.front().ticket <= last) ||
           std::any_of(m_executions.begin(),
                       m_executions.end(),
                       [last](const Execution& execution) { return execution.ticket <= last; });
}

void HostRuntime::Queue::AwaitTickets(std::uint64_t last, std::unique_lock<OsMutex>& hold)
{
    const std::uint32_t self = ThisOsThread();
    for (const Execution& execution : m_executions)
    {
        if (execution.thread == self)
        {
            DieInHostRuntime("deadlock: waited for by its own item: queue", m_name);
        }
    }
    ++m_waiting;
    m_done.wait(hold, [this, last] { return !Pending(last); });
    --m_waiting;
}

HostRuntime::Job* HostRuntime::Queue::Next()
{
    const auto next = std::find_if(
        m_jobs.begin(), m_jobs.end(), [](const Job& job) { return job.execution == nullptr; });
    return next == m_jobs.end() ? nullptr : &*next;
}

void HostRuntime::Queue::Serve()
{
    NameThisOsThread(m_name);
    std::unique_lock hold(m_scheduler.lock);
    for (;;)
    {
        if (Job* job = Next())
        {
            Execute(*job, hold);
        }
        else if (m_stopping)
        {
            return;
        }
        else
        {
            m_work.wait(hold);
        }
    }
}

void HostRuntime::Queue::Execute(Job& job, std::unique_lock<OsMutex>& hold)
{
    m_jobs.erase(Jobs::s_iterator_to(job));
    Execution execution{&job, job.ticket, ThisOsThread()};
    job.execution = &execution;
    m_executions.push_back(execution);
    WorkItem* const item = job.item;
    Timer* const timer = item == nullptr ? static_cast<TimerJob&>(job).owner : nullptr;

    hold.unlock();
    if (item != nullptr)
    {
        item->Run();
    }
    else
    {
        timer->Expired();
    }
    hold.lock();

    m_executions.erase(Executions::s_iterator_to(execution));
    if (Job* left = execution.job)
    {
        left->execution = nullptr;
        if (left->Queued())
        {
            left->queue->m_work.notify_one(); // it was passed over
        }
    }
    if (m_waiting != 0)
    {
        m_done.notify_all();
    }
}

namespace
{

/** Destroyed while it runs: its execution must not touch it any more. */
template <class Job>
void LeaveExecution(Job& job)
{
    if (job.execution != nullptr)
    {
        job.execution->job = nullptr;
    }
}

} // namespace

std::unique_ptr<WorkQueue> HostRuntime::MakeWorkQueue(const char* name, unsigned threads)
{
    return std::make_unique<Queue>(*m_scheduler, name, threads);
}

void HostRuntime::WorkInit(WorkStorage& work, WorkItem& item, const char* name)
{
    HostObject<Job, sizeof(WorkStorage)>::Make(work, name, &item);
}

void HostRuntime::WorkDestroy(WorkStorage& work)
{
    using Stored = HostObject<Job, sizeof(WorkStorage)>;
    const std::lock_guard hold(m_scheduler->lock);
    Job& job = Stored::In(work);
    if (job.Queued())
    {
        DieInHostRuntime("destroyed while queued: work", job.name);
    }
    LeaveExecution(job);
    Stored::Destroy(work);
}

bool HostRuntime::WorkQueueItem(WorkQueue& queue, WorkStorage& work)
{
    const std::lock_guard hold(m_scheduler->lock);
    Job& job = HostObject<Job, sizeof(WorkStorage)>::In(work);
    if (job.Queued())
    {
        return false;
    }
    static_cast<Queue&>(queue).Append(job);
    return true;
}

bool HostRuntime::WorkCancel(WorkStorage& work)
{
    const std::lock_guard hold(m_scheduler->lock);
    Job& job = HostObject<Job, sizeof(WorkStorage)>::In(work);
    if (!job.Queued())
    {
        return false;
    }
    job.queue->Remove(job);
    return true;
}

} // namespace ibcm
