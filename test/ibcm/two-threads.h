// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef WEFT_TEST_IBCM_TWO_THREADS_H
#define WEFT_TEST_IBCM_TWO_THREADS_H

#include "ibcm/helper/step-runtime.h"

#include <functional>
#include <semaphore>
#include <thread>

namespace ibcm::test
{

/** Two threads that take turns: the second runs until it waits for what the first must end. */
class TwoThreads final : public Runtime
{
  public:
    explicit TwoThreads(StepRuntime& below)
        : m_below(below)
    {
        m_observer = below.GetObserver();
    }

    /** Runs something on the second thread until that is done or waits. */
    void Start(std::function<void()> work)
    {
        m_running = 2;
        m_second = std::thread(
            [this, work = std::move(work)]
            {
                work();
                m_running = 1;
                m_paused.release();
            });
        m_paused.acquire();
    }

    void Join()
    {
        m_second.join();
    }

    bool Waited() const
    {
        return m_waited;
    }

    Instant Now() override
    {
        return m_below.Now();
    }

    std::uint64_t Random() override
    {
        return m_below.Random();
    }

    std::uint64_t CurrentThread() override
    {
        return m_running;
    }

    void MutexInit(MutexStorage& mutex, const char* lockClass) override
    {
        m_below.MutexInit(mutex, lockClass);
    }

    void MutexDestroy(MutexStorage& mutex) override
    {
        m_below.MutexDestroy(mutex);
    }

    void MutexLock(MutexStorage& mutex) override
    {
        m_below.MutexLock(mutex);
    }

    void MutexUnlock(MutexStorage& mutex) override
    {
        m_below.MutexUnlock(mutex);
    }

    bool MutexHeld(const MutexStorage& mutex) const override
    {
        return m_below.MutexHeld(mutex);
    }

    void CompletionInit(CompletionStorage& completion, const char* name) override
    {
        m_below.CompletionInit(completion, name);
    }

    void CompletionDestroy(CompletionStorage& completion) override
    {
        m_below.CompletionDestroy(completion);
    }

    void CompletionSignal(CompletionStorage& completion) override
    {
        m_below.CompletionSignal(completion);
        if (m_running == 1 && m_waited)
        {
            // Whoever waits goes on to its end before this returns.
            m_running = 2;
            m_go.release();
            m_paused.acquire();
        }
    }

    void CompletionWait(CompletionStorage& completion) override
    {
        if (m_running == 2)
        {
            m_waited = true;
            m_running = 1;
            m_paused.release();
            m_go.acquire();
        }
        m_below.CompletionWait(completion);
    }

    std::unique_ptr<WorkQueue> MakeWorkQueue(const char* name, unsigned threads) override
    {
        return m_below.MakeWorkQueue(name, threads);
    }

    void WorkInit(WorkStorage& work, WorkItem& item, const char* name) override
    {
        m_below.WorkInit(work, item, name);
    }

    void WorkDestroy(WorkStorage& work) override
    {
        m_below.WorkDestroy(work);
    }

    bool WorkQueueItem(WorkQueue& queue, WorkStorage& work) override
    {
        return m_below.WorkQueueItem(queue, work);
    }

    bool WorkCancel(WorkStorage& work) override
    {
        return m_below.WorkCancel(work);
    }

    void TimerInit(TimerStorage& timer, Timer& owner, WorkQueue& queue, const char* name) override
    {
        m_below.TimerInit(timer, owner, queue, name);
    }

    void TimerDestroy(TimerStorage& timer) override
    {
        m_below.TimerDestroy(timer);
    }

    void TimerArm(TimerStorage& timer, Duration delay) override
    {
        m_below.TimerArm(timer, delay);
    }

    bool TimerCancel(TimerStorage& timer) override
    {
        return m_below.TimerCancel(timer);
    }

  private:
    StepRuntime& m_below;
    std::thread m_second;
    std::binary_semaphore m_paused{0}; ///< the second thread has ended or waits
    std::binary_semaphore m_go{0};     ///< what it waits for has happened
    std::uint64_t m_running{1};
    bool m_waited{false};
};

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_TWO_THREADS_H
