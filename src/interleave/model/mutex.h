// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_MUTEX_H
#define INTERLEAVE_MUTEX_H

#include "interleave/model/engine.h"

namespace interleave
{

/** Who uses a mutex, and so who can tell that it is held. */
enum class MutexUse : std::uint8_t
{
    /** Tasks, with Lock() and TryLock(), and event handlers. */
    kAnybody,
    /** Only tasks that wait for it: anything else in a run is ViolationKind::kLockMisuse. */
    kTasks,
};

/**
 * A mutex between tasks. Who gets it next is a choice, not an order of arrival: a task that
 * unlocks may take it again before those that wait. Recursion and unlocking somebody else's mutex
 * end the run with ViolationKind::kLockMisuse.
 *
 * Event handlers may use it for short sections; one that would have to wait is a violation.
 * The class of its object is its lock class.
 *
 * With MutexUse::kTasks no choice stands before Unlock(). All that others can do then is wait, so
 * that keeping the mutex a little longer shows them nothing that they would not see if its owner
 * gave it back and went no further: R. Lipton, "Reduction: A Method of Proving Properties of
 * Parallel Programs", CACM 18(12), 1975, where giving back a lock is a left mover.
 */
class Mutex
{
  public:
    /** A mutex of lock class @p lockClass, one word. */
    Mutex(Engine& engine, const char* lockClass, MutexUse use = MutexUse::kAnybody);
    /** The mutex that protects @p object and shares its name. */
    Mutex(Engine& engine, ObjectId object, MutexUse use = MutexUse::kAnybody);
    ~Mutex();
    Mutex(const Mutex&) = delete;
    Mutex& operator=(const Mutex&) = delete;

    // Inline: a function more to return from costs, where another task may return from it.

    void Lock(const char* site = nullptr)
    {
        const EngineScope scope;
        Task* self = m_engine.CurrentContext();
        if (m_owner == self) [[unlikely]]
        {
            LockTwice();
        }
        if (m_use == MutexUse::kTasks && !m_engine.InTask()) [[unlikely]]
        {
            LockInHandler();
        }
        m_engine.PointAt(
            Op{OpKind::kLock, m_object, true, site}, m_waiters, m_owner == nullptr, &m_owner);
        if (m_engine.Unwinding()) [[unlikely]]
        {
            return;
        }
        m_owner = self;
        m_engine.Disable(m_waiters);
        TsanAcquire(this);
        m_engine.DidLock(this, m_object);
    }

    /** Takes it if it is free. For MutexUse::kAnybody. */
    bool TryLock(const char* site = nullptr);

    void Unlock(const char* site = nullptr)
    {
        const EngineScope scope;
        if (m_engine.Unwinding()) [[unlikely]]
        {
            return;
        }
        if (m_owner != m_engine.CurrentContext()) [[unlikely]]
        {
            UnlockForeign();
        }
        const Op op{OpKind::kUnlock, m_object, true, site};
        if (m_use == MutexUse::kTasks)
        {
            m_engine.Pass(op);
        }
        else
        {
            m_engine.Point(op);
        }
        TsanRelease(this);
        m_engine.DidUnlock(this, m_object);
        m_owner = nullptr;
        m_engine.Enable(m_waiters);
    }

    /** Whether the context that calls (task or event handler) owns it. */
    bool HeldByCaller() const
    {
        return m_owner == m_engine.CurrentContext();
    }

    /** The owner; nullptr when free. */
    const Task* Owner() const
    {
        return m_owner;
    }

    ObjectId Object() const
    {
        return m_object;
    }

  private:
    /** Ends the run, unless it is over and unwinds. */
    void LockTwice();
    /** Ends the run, if there is one. */
    void LockInHandler();
    [[noreturn]] void UnlockForeign();

    Engine& m_engine;
    ObjectId m_object;
    Task* m_owner = nullptr;
    WaitList m_waiters;
    MutexUse m_use;
};

static_assert(sizeof(Mutex) <= 40, "users embed a Mutex in 40 bytes");

/** Holds a Mutex for a scope. */
class MutexLock
{
  public:
    explicit MutexLock(Mutex& mutex, const char* site = nullptr)
        : m_mutex(mutex)
    {
        m_mutex.Lock(site);
    }

    ~MutexLock()
    {
        m_mutex.Unlock();
    }

    MutexLock(const MutexLock&) = delete;
    MutexLock& operator=(const MutexLock&) = delete;

  private:
    Mutex& m_mutex;
};

} // namespace interleave

#endif // INTERLEAVE_MUTEX_H
