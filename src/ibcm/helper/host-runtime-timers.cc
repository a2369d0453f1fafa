// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The timers of HostRuntime: an ordered set, and a thread that puts what is due on its queue.
#include "ibcm/helper/host-runtime-jobs.h"

#include <algorithm>
#include <limits>
#include <system_error>

namespace ibcm
{

namespace
{

/** Half of what an Instant holds: the clock's own start can be added. Some 146 years. */
constexpr Instant kFarthest{std::numeric_limits<Instant::rep>::max() / 2};

} // namespace

HostRuntime::Scheduler::Scheduler()
    : m_start(OsClock::now())
{
    try
    {
        m_thread = OsThread([this] { RunTimers(); });
    }
    catch (const std::system_error&)
    {
        DieInHostRuntime("the operating system gives no thread to the", "timers");
    }
}

HostRuntime::Scheduler::~Scheduler()
{
    {
        const std::lock_guard hold(lock);
        if (queues != 0)
        {
            DieInHostRuntime("destroyed before the queues that were made in it:", "runtime");
        }
        m_stopping = true;
        m_soonest.notify_one();
    }
    m_thread.join();
}

void HostRuntime::Scheduler::RunTimers()
{
    NameThisOsThread("timers");
    std::unique_lock hold(lock);
    while (!m_stopping)
    {
        m_sleepsUntil = m_timers.empty() ? kFarthest : m_timers.begin()->when;
        if (m_sleepsUntil > Now())
        {
            m_soonest.wait_until(hold, m_start + m_sleepsUntil);
            continue;
        }
        TimerJob& due = *m_timers.begin();
        Disarm(due);
        due.queue->Append(due);
    }
}

void HostRuntime::Scheduler::Arm(TimerJob& timer, Duration delay)
{
    const Instant now = Now();
    timer.when = now + std::min(delay, kFarthest - now);
    timer.order = ++m_timersArmed;
    m_timers.insert(timer);
    ++timer.queue->armedTimers;
    // A timer that is taken out leaves the thread asleep until its time, as the next one is later.
    if (timer.when < m_sleepsUntil)
    {
        m_soonest.notify_one();
    }
}

bool HostRuntime::Scheduler::Disarm(TimerJob& timer)
{
    if (!timer.armed.is_linked())
    {
        return false;
    }
    m_timers.erase(Timers::s_iterator_to(timer));
    --timer.queue->armedTimers;
    return true;
}

void HostRuntime::TimerInit(TimerStorage& timer, Timer& owner, WorkQueue& queue, const char* name)
{
    TimerJob& job = HostObject<TimerJob, sizeof(TimerStorage)>::Make(timer);
    job.name = name;
    job.owner = &owner;
    job.queue = static_cast<Queue*>(&queue);
}

void HostRuntime::TimerDestroy(TimerStorage& timer)
{
    using Stored = HostObject<TimerJob, sizeof(TimerStorage)>;
    const std::lock_guard hold(m_scheduler->lock);
    TimerJob& job = Stored::In(timer);
    if (job.armed.is_linked() || job.Queued())
    {
        DieInHostRuntime("destroyed while it is armed or queued: timer", job.name);
    }
    if (job.execution != nullptr)
    {
        job.execution->job = nullptr;
    }
    Stored::Destroy(timer);
}

void HostRuntime::TimerArm(TimerStorage& timer, Duration delay)
{
    const std::lock_guard hold(m_scheduler->lock);
    TimerJob& job = HostObject<TimerJob, sizeof(TimerStorage)>::In(timer);
    if (delay < Duration{0})
    {
        DieInHostRuntime("armed with a negative delay: timer", job.name);
    }
    if (!m_scheduler->Disarm(job) && job.Queued())
    {
        job.queue->Remove(job);
    }
    m_scheduler->Arm(job, delay);
}

bool HostRuntime::TimerCancel(TimerStorage& timer)
{
    const std::lock_guard hold(m_scheduler->lock);
    TimerJob& job = HostObject<TimerJob, sizeof(TimerStorage)>::In(timer);
    if (m_scheduler->Disarm(job))
    {
        return true;
    }
    if (job.Queued())
    {
        job.queue->Remove(job);
        return true;
    }
    return false;
}

} // namespace ibcm
