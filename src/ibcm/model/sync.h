// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_SYNC_H
#define IBCM_SYNC_H

#include "ibcm/model/annotations.h"
#include "ibcm/model/runtime.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <utility>

/**
 * @file
 * The core's locks, waits, work items and guarded fields: thin, annotated faces of a Runtime.
 */

namespace ibcm
{

/** A non-recursive lock. Lock order of the core: "cm-id", then "cm-table", then "mad-port". */
class IBCM_CAPABILITY("mutex") Mutex
{
  public:
    Mutex(Runtime& runtime, const char* lockClass)
        : m_runtime(runtime)
    {
        m_runtime.MutexInit(m_storage, lockClass);
    }

    ~Mutex()
    {
        m_runtime.MutexDestroy(m_storage);
    }

    Mutex(const Mutex&) = delete;
    Mutex& operator=(const Mutex&) = delete;

    void Lock() IBCM_ACQUIRE()
    {
        m_runtime.MutexLock(m_storage);
    }

    void Unlock() IBCM_RELEASE()
    {
        m_runtime.MutexUnlock(m_storage);
    }

    bool Held() const
    {
        return m_runtime.MutexHeld(m_storage);
    }

    const Runtime& GetRuntime() const
    {
        return m_runtime;
    }

  private:
    Runtime& m_runtime;
    MutexStorage m_storage;
};

/** Holds a Mutex, or what is used like one, for a scope. */
template <class Lockable>
class IBCM_SCOPED_CAPABILITY MutexLock
{
  public:
    explicit MutexLock(Lockable& mutex) IBCM_ACQUIRE(mutex)
        : m_mutex(mutex)
    {
        m_mutex.Lock();
    }

    ~MutexLock() IBCM_RELEASE()
    {
        m_mutex.Unlock();
    }

    MutexLock(const MutexLock&) = delete;
    MutexLock& operator=(const MutexLock&) = delete;

  private:
    Lockable& m_mutex;
};

/** Something that happens once and can be waited for. */
class Completion
{
  public:
    Completion(Runtime& runtime, const char* name)
        : m_runtime(runtime)
    {
        m_runtime.CompletionInit(m_storage, name);
    }

    ~Completion()
    {
        m_runtime.CompletionDestroy(m_storage);
    }

    Completion(const Completion&) = delete;
    Completion& operator=(const Completion&) = delete;

    void Signal()
    {
        m_runtime.CompletionSignal(m_storage);
    }

    void Wait()
    {
        m_runtime.CompletionWait(m_storage);
    }

  private:
    Runtime& m_runtime;
    CompletionStorage m_storage;
};

/** A piece of work for a WorkQueue; derive and implement Run(), which comes on a thread of the
 * queue. */
class WorkItem
{
  public:
    WorkItem(Runtime& runtime, const char* name)
        : m_runtime(runtime)
    {
        m_runtime.WorkInit(m_storage, *this, name);
    }

    virtual ~WorkItem()
    {
        m_runtime.WorkDestroy(m_storage);
    }

    WorkItem(const WorkItem&) = delete;
    WorkItem& operator=(const WorkItem&) = delete;

    /** May delete the item. */
    virtual void Run() = 0;

    bool QueueOn(WorkQueue& queue)
    {
        return m_runtime.WorkQueueItem(queue, m_storage);
    }

    bool Cancel()
    {
        return m_runtime.WorkCancel(m_storage);
    }

  private:
    Runtime& m_runtime;
    WorkStorage m_storage;
};

/** Work that runs on a queue when its time has come, unless cancelled before. */
class Timer
{
  public:
    Timer(Runtime& runtime, WorkQueue& queue, const char* name)
        : m_runtime(runtime)
    {
        m_runtime.TimerInit(m_storage, *this, queue, name);
    }

    virtual ~Timer()
    {
        m_runtime.TimerDestroy(m_storage);
    }

    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    /** Comes on a thread of the queue; may delete the timer. */
    virtual void Expired() = 0;

    /** @param delay 0 or more. */
    void Arm(Duration delay)
    {
        m_runtime.TimerArm(m_storage, delay);
    }

    bool Cancel()
    {
        return m_runtime.TimerCancel(m_storage);
    }

  private:
    Runtime& m_runtime;
    TimerStorage m_storage;
};

/** A string literal as a template argument. */
template <std::size_t N>
struct Label
{
    // Implicit: a literal stands in its place.
    constexpr Label(const char (&literal)[N])
    {
        std::copy_n(literal, N, text);
    }

    char text[N];
};

/**
 * A value that a lock protects. IBCM_GUARDED_BY on the member lets the compiler prove that the lock
 * is held; each access is also shown to the observer, under @p FieldName, for what the compiler
 * cannot see.
 */
template <class T, Label FieldName>
class Guarded
{
  public:
    explicit Guarded(Runtime& runtime, T initial = T{})
        : m_runtime(runtime),
          m_value(std::move(initial))
    {
    }

    Guarded(const Guarded&) = delete;
    Guarded& operator=(const Guarded&) = delete;

    /** @param site who reads; leave it to the compiler. */
    const T& Read(const char* site = __builtin_FUNCTION()) const
    {
        Report(false, site);
        return m_value;
    }

    /** @param site who writes; leave it to the compiler. */
    T& Write(const char* site = __builtin_FUNCTION())
    {
        Report(true, site);
        return m_value;
    }

    /** For checks of the core on itself: not shown to the observer. */
    const T& Peek() const
    {
        return m_value;
    }

  private:
    void Report(bool write, const char* site) const
    {
        if (Observer* observer = m_runtime.GetObserver(); observer != nullptr) [[unlikely]]
        {
            observer->OnAccessAt(&m_value, FieldName.text, write, site);
        }
    }

    Runtime& m_runtime;
    T m_value;
};

/** Counts the users of an object; the last Put is told so. */
class ReferenceCount
{
  public:
    explicit ReferenceCount(Runtime& runtime)
        : m_runtime(runtime)
    {
    }

    /** The caller holds a reference, or the lock under which the object can be found. */
    void Get(const void* object, const char* site)
    {
        m_runtime.SyncPoint(SyncKind::kReferenceGet, object, site);
        m_count.fetch_add(1, std::memory_order_relaxed);
    }

    /** @return true if this was the last one. */
    [[nodiscard]] bool Put(const void* object, const char* site)
    {
        m_runtime.SyncPoint(SyncKind::kReferencePut, object, site);
        return m_count.fetch_sub(1, std::memory_order_acq_rel) == 1;
    }

    /** For reports only: another thread may change it at once. */
    std::uint32_t Value() const
    {
        return m_count.load(std::memory_order_relaxed);
    }

  private:
    Runtime& m_runtime;
    std::atomic<std::uint32_t> m_count{1};
};

} // namespace ibcm

#endif /* IBCM_SYNC_H */
