// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_HOST_RUNTIME_H
#define IBCM_HOST_RUNTIME_H

#include "ibcm/helper/host-threads.h"
#include "ibcm/model/runtime.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

namespace ibcm
{

/**
 * A Runtime of real threads and real time: for tools on hardware, and for tests that want the core
 * to meet a scheduler that nobody controls.
 *
 * Beyond what Runtime promises: an item or a timer's work never runs on two threads at once; queued
 * again while it runs, it waits, and lets those behind it pass. An item or timer may be destroyed
 * while it runs, by itself or by whoever knows that it is done. Timers share one thread, which only
 * puts their work on its queue. Nothing is allocated but with the runtime itself and with a queue.
 *
 * Misuse ends the program with a message, in release builds too: a lock taken twice by one thread,
 * let go by one that does not hold it or destroyed while held; an item or timer destroyed while it
 * is queued or armed; a completion destroyed while a thread waits for it; a queue waited for by its
 * own item, or destroyed while a timer is armed for it; a negative delay.
 */
class HostRuntime final : public Runtime
{
  public:
    /** @param seed makes Random() the same in each run, for tests; without one the operating
     * system's generator is asked. */
    explicit HostRuntime(std::optional<std::uint64_t> seed = std::nullopt);
    /** All that was made in it must have been destroyed. */
    ~HostRuntime() override;

    HostRuntime(const HostRuntime&) = delete;
    HostRuntime& operator=(const HostRuntime&) = delete;

    /** Set before the core is built, null to remove it. It is called on many threads at once. */
    void SetObserver(Observer* observer);

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
    class Scheduler;
    struct Job;
    struct TimerJob;
    struct Execution;

    static constexpr std::size_t kMaxLockClasses = 64;

    /** A small number for a class of locks, so that the lock can say its name. */
    std::uint32_t LockClassNumber(const char* lockClass);
    const char* LockClassName(std::uint32_t number) const;

    const bool m_seeded;
    std::atomic<std::uint64_t> m_random; ///< state of the seeded generator
    std::array<std::atomic<const char*>, kMaxLockClasses> m_lockClasses{};
    OsMutex m_completionsLock; ///< of all completions: they are signalled once in their life
    std::unique_ptr<Scheduler> m_scheduler; ///< queues and timers
};

} // namespace ibcm

#endif /* IBCM_HOST_RUNTIME_H */
