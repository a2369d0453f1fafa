// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Locks, waits and work; timers are in step-runtime-timers.cc.
#include "ibcm/helper/step-runtime-jobs.h"

#include <new>
#include <utility>

namespace ibcm
{

namespace
{

struct LockState
{
    const char* lockClass;
    bool held;
};

struct CompletionState
{
    const char* name;
    bool signalled;
};

} // namespace

StepRuntime::StepRuntime(std::uint64_t seed)
    : m_random(seed)
{
}

StepRuntime::~StepRuntime()
{
    if (m_objects != 0)
    {
        DieInStepRuntime("destroyed before what was made in it", "runtime");
    }
}

Instant StepRuntime::Now()
{
    return m_now;
}

std::uint64_t StepRuntime::Random()
{
    // SplitMix64: one addition and a mix, good enough to look random in tests.
    m_random += 0x9e3779b97f4a7c15ULL;
    std::uint64_t x = m_random;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

std::uint64_t StepRuntime::CurrentThread()
{
    return m_thread;
}

void StepRuntime::SetCurrentThread(std::uint64_t thread)
{
    if (thread == 0)
    {
        DieInStepRuntime("told that nobody runs:", "SetCurrentThread");
    }
    m_thread = thread;
}

void StepRuntime::SetObserver(Observer* observer)
{
    m_observer = observer;
    m_checker = observer;
}

void StepRuntime::SetLockHook(std::function<void(const char*)> hook)
{
    m_lockHook = std::move(hook);
    m_callLockHook = m_lockHook != nullptr;
}

void StepRuntime::MutexInit(MutexStorage& mutex, const char* lockClass)
{
    new (mutex.bytes) LockState{lockClass, false};
    ++m_objects;
}

void StepRuntime::MutexDestroy(MutexStorage& mutex)
{
    const auto& lock = InStorage<LockState>(mutex);
    if (lock.held)
    {
        DieInStepRuntime("destroyed while held: lock", lock.lockClass);
    }
    --m_objects;
}

void StepRuntime::MutexLock(MutexStorage& mutex)
{
    auto& lock = InStorage<LockState>(mutex);
    if (m_callLockHook) [[unlikely]]
    {
        m_callLockHook = false;
        m_lockHook(lock.lockClass);
        m_callLockHook = m_lockHook != nullptr;
    }
    if (lock.held)
    {
        DieInStepRuntime("deadlock: the only thread holds it already: lock", lock.lockClass);
    }
    lock.held = true;
    ++m_locksHeld;
}

void StepRuntime::MutexUnlock(MutexStorage& mutex)
{
    auto& lock = InStorage<LockState>(mutex);
    if (!lock.held)
    {
        DieInStepRuntime("released without being held: lock", lock.lockClass);
    }
    lock.held = false;
    --m_locksHeld;
}

bool StepRuntime::MutexHeld(const MutexStorage& mutex) const
{
    return InStorage<LockState>(mutex).held;
}

void StepRuntime::CompletionInit(CompletionStorage& completion, const char* name)
{
    new (completion.bytes) CompletionState{name, false};
    ++m_objects;
}

void StepRuntime::CompletionDestroy(CompletionStorage&)
{
    --m_objects;
}

void StepRuntime::CompletionSignal(CompletionStorage& completion)
{
    InStorage<CompletionState>(completion).signalled = true;
}

void StepRuntime::CompletionWait(CompletionStorage& completion)
{
    const auto& state = InStorage<CompletionState>(completion);
    if (m_locksHeld != 0)
    {
        DieInStepRuntime("waits with a lock held: completion", state.name);
    }
    while (!state.signalled)
    {
        if (!RunOne() && !FireNext(Instant::max()))
        {
            DieInStepRuntime("deadlock: no work and no timer is left to signal completion",
                             state.name);
        }
    }
}

std::unique_ptr<WorkQueue> StepRuntime::MakeWorkQueue(const char* name, unsigned threads)
{
    ++m_objects;
    return std::make_unique<Queue>(*this, name, threads);
}

void StepRuntime::WorkInit(WorkStorage& work, WorkItem& item, const char* name)
{
    new (work.bytes) Job{.name = name, .item = &item, .timer = nullptr};
    ++m_objects;
}

void StepRuntime::WorkDestroy(WorkStorage& work)
{
    const auto& job = InStorage<Job>(work);
    if (job.queued)
    {
        DieInStepRuntime("destroyed while queued: work", job.name);
    }
    --m_objects;
}

bool StepRuntime::WorkQueueItem(WorkQueue& queue, WorkStorage& work)
{
    auto& job = InStorage<Job>(work);
    if (job.queued)
    {
        return false;
    }
    job.queue = static_cast<Queue*>(&queue);
    Append(job);
    return true;
}

bool StepRuntime::WorkCancel(WorkStorage& work)
{
    auto& job = InStorage<Job>(work);
    if (!job.queued)
    {
        return false;
    }
    Unlink(job);
    return true;
}

void StepRuntime::Append(Job& job)
{
    job.previous = m_last;
    job.next = nullptr;
    (m_last == nullptr ? m_first : m_last->next) = &job;
    m_last = &job;
    job.queued = true;
    ++job.queue->queued;
    ++m_ready;
}

void StepRuntime::Unlink(Job& job)
{
    (job.previous == nullptr ? m_first : job.previous->next) = job.next;
    (job.next == nullptr ? m_last : job.next->previous) = job.previous;
    job.queued = false;
    --job.queue->queued;
    --m_ready;
}

void StepRuntime::Run(Job& job)
{
    Unlink(job);
    // The job may be gone when its function returns; the queue stays, as its destructor waits.
    Queue& queue = *job.queue;
    ++queue.running;
    if (job.timer != nullptr)
    {
        job.timer->Expired();
    }
    else
    {
        job.item->Run();
    }
    --queue.running;
}

bool StepRuntime::RunOne()
{
    if (m_locksHeld != 0 && m_first != nullptr)
    {
        DieInStepRuntime("asked to run work with a lock held: work", m_first->name);
    }
    for (Job* job = m_first; job != nullptr; job = job->next)
    {
        // Inside an item that waits: its queue may have no thread to spare.
        if (job->queue->running < job->queue->threads)
        {
            Run(*job);
            return true;
        }
    }
    return false;
}

std::size_t StepRuntime::RunReady()
{
    std::size_t items = 0;
    while (RunOne())
    {
        ++items;
    }
    return items;
}

void StepRuntime::Advance(Duration span)
{
    if (span < Duration{0})
    {
        DieInStepRuntime("asked to let a negative time pass:", "Advance");
    }
    const Instant end = m_now + span;
    RunReady();
    while (FireNext(end))
    {
        RunReady();
    }
    m_now = end;
}

void StepRuntime::RunUntilIdle()
{
    do
    {
        RunReady();
    } while (FireNext(Instant::max()));
}

void StepRuntime::Flush(Queue& queue)
{
    while (queue.queued != 0 || queue.running != 0)
    {
        if (queue.running != 0 || !RunOne())
        {
            DieInStepRuntime("deadlock: waited for from within: queue", queue.name);
        }
    }
}

std::size_t StepRuntime::LocksHeld() const
{
    return m_locksHeld;
}

std::size_t StepRuntime::ReadyItems() const
{
    return m_ready;
}

} // namespace ibcm
