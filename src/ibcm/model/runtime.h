// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_RUNTIME_H
#define IBCM_RUNTIME_H

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

/**
 * @file
 * All that the Connection Manager takes from outside besides MADs: time, random numbers, locks,
 * waits, work. The simulator (src/lab) and the hardware build (src/ibcm-verbs) implement it; the
 * compiled core is the same for both.
 */

namespace ibcm
{

/** A span of time; negative values are never passed to a Runtime. */
using Duration = std::chrono::nanoseconds;
/** Time since an arbitrary start, the same for one Runtime; never goes back. */
using Instant = std::chrono::nanoseconds;

/**
 * What the core does that another thread could observe and that takes no lock. The runtime may let
 * another thread run before it.
 */
enum class SyncKind : std::uint8_t
{
    kPublish,      ///< a pointer becomes reachable for others
    kUnpublish,    ///< a pointer ceases to be reachable
    kReferenceGet, ///< a reference count goes up
    kReferencePut, ///< a reference count goes down
    kCallback,     ///< the consumer's event handler is entered or left
};

/** The name of a SyncKind as it stands in decision logs. */
const char* ToString(SyncKind kind);

/**
 * Sees what the core does; a Runtime may install one. Calls come on the thread that does the thing,
 * before it is done, with whatever locks that thread holds.
 */
class Observer
{
  public:
    virtual ~Observer() = default;
    /** @param object the object that it is done to, named with OnMade before. */
    virtual void OnSync(SyncKind kind, const void* object, const char* site) = 0;
    /** A field that a lock protects is about to be read or written. */
    virtual void OnAccess(const void* field, const char* name, bool write) = 0;
    /** The same, by the function @p site; without an implementation of its own it is OnAccess(). */
    virtual void OnAccessAt(const void* field, const char* name, bool write, const char* /*site*/)
    {
        OnAccess(field, name, write);
    }
    /** An object that threads share begins its life. @param ordinal 1, 2, … in its class, per core.
     */
    virtual void OnMade(const char* objectClass,
                        std::uint64_t ordinal,
                        const void* object,
                        std::size_t bytes) = 0;
    /** The object is about to be freed; no thread may touch it from here on. */
    virtual void OnFreed(const void* object) = 0;
    /**
     * Something that must always hold does not.
     * @param invariant its name. @param what the condition, as text.
     */
    virtual void OnViolation(const char* invariant, const void* object, const char* what) = 0;
};

/** Room for a runtime's object inside a core object, so that none needs an allocation of its own.
 */
template <std::size_t Bytes>
struct alignas(std::max_align_t) RuntimeStorage
{
    std::byte bytes[Bytes];
};

using MutexStorage = RuntimeStorage<48>;
using CompletionStorage = RuntimeStorage<32>;
using WorkStorage = RuntimeStorage<64>;
using TimerStorage = RuntimeStorage<128>;

class WorkItem;
class Timer;

/** A queue whose items are run on one or more threads of the runtime. Obtained from a Runtime. */
class WorkQueue
{
  public:
    /** Waits until no item is queued or running. Not to be called from an item of the queue. */
    virtual ~WorkQueue() = default;
    /** Waits until each item that was queued before the call has been run. */
    virtual void Flush() = 0;
};

/**
 * The outside world of a Connection Manager. All members may be called from any thread, none
 * throws. An implementation constructs its own objects in the storage handed to it with the Init
 * calls and destroys them in the matching Destroy calls.
 */
class Runtime
{
  public:
    virtual ~Runtime() = default;

    virtual Instant Now() = 0;
    /** 64 random bits, unpredictable on hardware, from a named stream of the seed in simulation. */
    virtual std::uint64_t Random() = 0;
    /** A value that tells threads apart; never 0. */
    virtual std::uint64_t CurrentThread() = 0;

    /** @param lockClass a string literal that names the lock's place in the lock order. */
    virtual void MutexInit(MutexStorage& mutex, const char* lockClass) = 0;
    virtual void MutexDestroy(MutexStorage& mutex) = 0;
    virtual void MutexLock(MutexStorage& mutex) = 0;
    virtual void MutexUnlock(MutexStorage& mutex) = 0;
    /** True if the calling thread holds it; a runtime that cannot tell answers true. */
    virtual bool MutexHeld(const MutexStorage& mutex) const = 0;

    virtual void CompletionInit(CompletionStorage& completion, const char* name) = 0;
    virtual void CompletionDestroy(CompletionStorage& completion) = 0;
    /** Lets all present and future waiters go. The storage may be gone when a waiter has returned.
     */
    virtual void CompletionSignal(CompletionStorage& completion) = 0;
    virtual void CompletionWait(CompletionStorage& completion) = 0;

    /** @param threads how many items may run at once; 1 keeps them in order. */
    virtual std::unique_ptr<WorkQueue> MakeWorkQueue(const char* name, unsigned threads) = 0;
    virtual void WorkInit(WorkStorage& work, WorkItem& item, const char* name) = 0;
    virtual void WorkDestroy(WorkStorage& work) = 0;
    /** False if the item is already queued; while it runs it may be queued once more. */
    virtual bool WorkQueueItem(WorkQueue& queue, WorkStorage& work) = 0;
    /** True if the item was queued and now will not run; false if idle, or running now. */
    virtual bool WorkCancel(WorkStorage& work) = 0;

    virtual void TimerInit(TimerStorage& timer,
                           Timer& owner,
                           WorkQueue& queue,
                           const char* name) = 0;
    virtual void TimerDestroy(TimerStorage& timer) = 0;
    /** Runs the timer's work on its queue after @p delay; replaces an earlier time that is pending.
     */
    virtual void TimerArm(TimerStorage& timer, Duration delay) = 0;
    /** True if it was pending (armed or queued) and now will not run; false if idle, or running. */
    virtual bool TimerCancel(TimerStorage& timer) = 0;

    /** The observer, or null; read by the inline hooks below, set by the runtime before the core is
     * built. */
    Observer* GetObserver() const
    {
        return m_observer;
    }

    /** Who is told when an invariant of the core is violated; null: in a build with NDEBUG nothing
     * is checked, in others a violation aborts. */
    Observer* GetChecker() const
    {
        return m_checker;
    }

    /** A place where an interleaving matters and no lock is taken. */
    void SyncPoint(SyncKind kind, const void* object, const char* site)
    {
        if (m_observer != nullptr) [[unlikely]]
        {
            m_observer->OnSync(kind, object, site);
        }
    }

  protected:
    Observer* m_observer{nullptr};
    Observer* m_checker{nullptr};
};

} // namespace ibcm

#endif /* IBCM_RUNTIME_H */
