// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_HOST_RUNTIME_JOBS_H
#define IBCM_HOST_RUNTIME_JOBS_H

#include "ibcm/helper/host-runtime.h"
#include "ibcm/model/sync.h"

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <utility>
#include <vector>

/**
 * @file
 * Private to HostRuntime: what it keeps in the storage of the core's objects, and who runs it.
 */

namespace ibcm
{

/** Misuse: the program is wrong, and going on would only hide where. */
[[noreturn]] inline void DieInHostRuntime(const char* what, const char* name)
{
    std::fprintf(stderr, "HostRuntime: %s '%s'\n", what, name);
    std::abort();
}

/**
 * An object of the runtime in the room that the core has for it, or behind a pointer there if it is
 * too large: the size of the system's mutex differs between architectures.
 */
template <class T, std::size_t Bytes>
class HostObject
{
  public:
    template <class... Arguments>
    static T& Make(RuntimeStorage<Bytes>& storage, Arguments&&... arguments)
    {
        if constexpr (kInPlace)
        {
            return *new (storage.bytes) T{std::forward<Arguments>(arguments)...};
        }
        else
        {
            return **new (storage.bytes) T*(new T{std::forward<Arguments>(arguments)...});
        }
    }

    static T& In(RuntimeStorage<Bytes>& storage)
    {
        if constexpr (kInPlace)
        {
            return *std::launder(reinterpret_cast<T*>(storage.bytes));
        }
        else
        {
            return **std::launder(reinterpret_cast<T**>(storage.bytes));
        }
    }

    static const T& In(const RuntimeStorage<Bytes>& storage)
    {
        return In(const_cast<RuntimeStorage<Bytes>&>(storage));
    }

    static void Destroy(RuntimeStorage<Bytes>& storage)
    {
        if constexpr (kInPlace)
        {
            In(storage).~T();
        }
        else
        {
            delete &In(storage);
        }
    }

  private:
    static constexpr bool kInPlace = sizeof(T) <= Bytes;
    static_assert(alignof(T) <= alignof(std::max_align_t));
};

/** A job on a thread. It outlives the job, which may be destroyed meanwhile. */
struct HostRuntime::Execution
{
    Job* job; ///< null once it is destroyed
    const std::uint64_t ticket;
    const std::uint32_t thread;
    boost::intrusive::list_member_hook<> place{};
};

/** Something that a queue can run: a work item, or a timer's work. */
struct HostRuntime::Job
{
    const char* name;
    WorkItem* item;        ///< null: a timer's work; this is the first part of a TimerJob
    Queue* queue{nullptr}; ///< where it is queued, or was last
    Execution* execution{nullptr};
    std::uint64_t ticket{0}; ///< its turn in the queue
    boost::intrusive::list_member_hook<> place{};

    bool Queued() const
    {
        return place.is_linked();
    }
};

struct HostRuntime::TimerJob : Job
{
    Timer* owner{nullptr};
    Instant when{0};
    std::uint64_t order{0}; ///< of arming, for equal times
    boost::intrusive::set_member_hook<> armed{};

    friend bool operator<(const TimerJob& a, const TimerJob& b)
    {
        return a.when != b.when ? a.when < b.when : a.order < b.order;
    }
};

/** What all queues and timers of a runtime share: one lock, and the timers' thread. */
class HostRuntime::Scheduler
{
  public:
    Scheduler();
    ~Scheduler();

    Instant Now() const
    {
        return OsClock::now() - m_start;
    }

    OsMutex lock; ///< of every Job, TimerJob and Queue; nothing is called with it held

    // The rest with the lock held.
    void Arm(TimerJob& timer, Duration delay);
    /** True if it was armed. */
    bool Disarm(TimerJob& timer);

    std::size_t queues{0}; ///< that exist

  private:
    using Timers =
        boost::intrusive::set<TimerJob,
                              boost::intrusive::member_hook<TimerJob,
                                                            boost::intrusive::set_member_hook<>,
                                                            &TimerJob::armed>>;

    void RunTimers();

    const OsClock::time_point m_start;
    Timers m_timers; ///< the armed ones, soonest first
    std::uint64_t m_timersArmed{0};
    Instant m_sleepsUntil{0}; ///< the timers' thread; a time that is past if it does not sleep
    bool m_stopping{false};
    OsCondition m_soonest; ///< the first timer is due sooner than the thread wakes, or it must stop
    OsThread m_thread;
};

class HostRuntime::Queue final : public WorkQueue
{
  public:
    Queue(Scheduler& scheduler, const char* name, unsigned threads);
    ~Queue() override;
    void Flush() override;

    // The rest with the scheduler's lock held.
    void Append(Job& job);
    void Remove(Job& job);

    std::size_t armedTimers{0}; ///< whose work comes here

  private:
    using Jobs = boost::intrusive::list<
        Job,
        boost::intrusive::member_hook<Job, boost::intrusive::list_member_hook<>, &Job::place>>;
    using Executions =
        boost::intrusive::list<Execution,
                               boost::intrusive::member_hook<Execution,
                                                             boost::intrusive::list_member_hook<>,
                                                             &Execution::place>>;

    /** What a thread of the queue does. */
    void Serve();
    void Execute(Job& job, std::unique_lock<OsMutex>& hold);
    /** The first job that is not running now. */
    Job* Next();
    /** Waits until all jobs with tickets up to @p last have been run or cancelled. */
    void AwaitTickets(std::uint64_t last, std::unique_lock<OsMutex>& hold);
    bool Pending(std::uint64_t last) const;

    Scheduler& m_scheduler;
    const char* const m_name;
    Jobs m_jobs; ///< in the order of their tickets
    Executions m_executions;
    std::uint64_t m_lastTicket{0};
    unsigned m_waiting{0}; ///< threads in AwaitTickets
    bool m_stopping{false};
    OsCondition m_work; ///< there may be a job to run, or the threads must stop
    OsCondition m_done; ///< a job has been run or cancelled
    std::vector<OsThread> m_threads;
};

} // namespace ibcm

#endif /* IBCM_HOST_RUNTIME_JOBS_H */
