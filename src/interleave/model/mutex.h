// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_MUTEX_H
#define INTERLEAVE_MUTEX_H

#include "interleave/model/engine.h"

namespace interleave
{

/**
 * A mutex between tasks. Who gets it next is a choice, not an order of arrival: a task that
 * unlocks may take it again before those that wait. Recursion and unlocking somebody else's mutex
 * end the run with ViolationKind::kLockMisuse.
 *
 * Event handlers may use it for short sections; one that would have to wait is a violation.
 * The class of its object is its lock class.
 */
class Mutex
{
  public:
    /** A mutex of lock class @p lockClass, one word. */
    Mutex(Engine& engine, const char* lockClass);
    /** The mutex that protects @p object and shares its name. */
    Mutex(Engine& engine, ObjectId object);
    ~Mutex();
    Mutex(const Mutex&) = delete;
    Mutex& operator=(const Mutex&) = delete;

    void Lock(const char* site = nullptr);
    /** Takes it if it is free. */
    bool TryLock(const char* site = nullptr);
    void Unlock(const char* site = nullptr);

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
    Engine& m_engine;
    ObjectId m_object;
    Task* m_owner = nullptr;
    WaitList m_waiters;
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
