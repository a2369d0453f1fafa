// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_STEP_RUNTIME_H
#define IBCM_STEP_RUNTIME_H

#include "ibcm/model/runtime.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace ibcm
{

/**
 * A Runtime for one thread: time is virtual and moves only when told to, work runs only when asked
 * for. For unit tests, fuzzing and benchmarks: a run is the same each time, and what cannot go on
 * (a lock taken twice, a wait that nothing will end, an object destroyed in use) aborts the program
 * with a message. Allocates when queues and timers are made, and at no other time. Not thread-safe.
 */
class StepRuntime final : public Runtime
{
  public:
    /** @param seed of Random(). */
    explicit StepRuntime(std::uint64_t seed = 1);
    /** Everything made in it must have been destroyed. */
    ~StepRuntime() override;

    StepRuntime(const StepRuntime&) = delete;
    StepRuntime& operator=(const StepRuntime&) = delete;

    /** Runs one item that is ready. False if there is none that may run. */
    bool RunOne();
    /** Runs what is ready, and what that makes ready, at the present time. @return items run. */
    std::size_t RunReady();
    /** Runs what is ready and lets @p span pass, firing each timer at its time. Negative: aborts.
     */
    void Advance(Duration span);
    /** Runs what is ready and lets time pass until no timer is armed any more. */
    void RunUntilIdle();

    /** Locks that are held at this moment, of all classes. */
    std::size_t LocksHeld() const;
    /** Items that are queued and not running. */
    std::size_t ReadyItems() const;
    std::size_t ArmedTimers() const;
    /** The time at which the next timer fires; the present if none is armed. */
    Instant NextTimer() const;

    /** Sees what the core does; set before the core is built, null to remove it. */
    void SetObserver(Observer* observer);
    /**
     * Called before each lock is taken, with its class: what another thread might do at that moment
     * can be done there. It is not called for the locks that it takes itself. Empty: none.
     */
    void SetLockHook(std::function<void(const char* lockClass)> hook);
    /**
     * What CurrentThread answers from now on; 1 at first. For tests whose own threads take turns:
     * one runs, all others stand still. @param thread not 0.
     */
    void SetCurrentThread(std::uint64_t thread);

    Instant Now() override;
    std::uint64_t Random() override;
    std::uint64_t CurrentThread() override;

    void MutexInit(MutexStorage& mutex, const char* lockClass) override;
    void MutexDestroy(MutexStorage& mutex) override;
    void MutexLock(MutexStorage& mutex) override;
    void MutexUnlock(MutexStorage& mutex) override;
    bool MutexHeld(const MutexStorage& mutex) const override;

    void CompletionInit(CompletionStorage& completion, const char* name) override;
    void CompletionDestroy(CompletionStorage& completion) override;
    void CompletionSignal(CompletionStorage& completion) override;
    /** Runs ready work, then lets time pass, until it is signalled; aborts if neither is left. */
    void CompletionWait(CompletionStorage& completion) override;

    std::unique_ptr<WorkQueue> MakeWorkQueue(const char* name, unsigned threads) override;
    void WorkInit(WorkStorage& work, WorkItem& item, const char* name) override;
    void WorkDestroy(WorkStorage& work) override;
    bool WorkQueueItem(WorkQueue& queue, WorkStorage& work) override;
    bool WorkCancel(WorkStorage& work) override;

    void TimerInit(TimerStorage& timer, Timer& owner, WorkQueue& queue, const char* name) override;
    void TimerDestroy(TimerStorage& timer) override;
    void TimerArm(TimerStorage& timer, Duration delay) override;
    bool TimerCancel(TimerStorage& timer) override;

  private:
    class Queue;
    struct Job;
    struct TimerJob;

    void Append(Job& job);
    void Unlink(Job& job);
    void Run(Job& job);
    void Flush(Queue& queue);
    /** Moves time to the next timer and queues its work. False if none is armed by @p limit. */
    bool FireNext(Instant limit);

    // The armed timers, a binary heap by (time, order of arming).
    static bool Sooner(const TimerJob& a, const TimerJob& b);
    void Place(TimerJob& timer, std::size_t index);
    void SiftUp(std::size_t index);
    void SiftDown(std::size_t index);
    void RemoveTimer(TimerJob& timer);

    Instant m_now{0};
    std::uint64_t m_random;
    std::uint64_t m_timersArmed{0};
    std::vector<TimerJob*> m_timers; ///< has room for all that exist
    std::size_t m_timersMade{0};     ///< and not destroyed
    Job* m_first{nullptr};           ///< ready items of all queues, in the order of queueing
    Job* m_last{nullptr};
    std::size_t m_ready{0};
    std::size_t m_locksHeld{0};
    std::size_t m_objects{0}; ///< mutexes, completions, items, timers and queues that exist
    std::function<void(const char*)> m_lockHook;
    bool m_callLockHook{false}; ///< there is one, and it is not running
    std::uint64_t m_thread{1};
};

} // namespace ibcm

#endif /* IBCM_STEP_RUNTIME_H */
