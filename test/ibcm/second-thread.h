// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A call that stands still in its midst while the first thread does something else, to the end or
// until it has to wait for the one that stands still.
#ifndef WEFT_TEST_IBCM_SECOND_THREAD_H
#define WEFT_TEST_IBCM_SECOND_THREAD_H

#include "ibcm/helper/step-runtime.h"
#include "ibcm/model/sync.h"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace ibcm::test
{

/**
 * Runs one call of a StepRuntime's core on a thread of its own. Both threads take turns, so that
 * the run is the same each time: the second one runs from Start or GoOn until it parks or ends. If
 * the first thread waits for a completion meanwhile, the second goes on by itself: without it the
 * wait would have no end.
 */
class SecondThread
{
  public:
    explicit SecondThread(StepRuntime& runtime);
    /** Goes on to the end of the call. */
    ~SecondThread();

    SecondThread(const SecondThread&) = delete;
    SecondThread& operator=(const SecondThread&) = delete;

    /** Runs @p call until it parks or ends. Once only. */
    void Start(std::function<void()> call);
    /** Inside the call, with no lock held: the first thread goes on. */
    void Park();
    /** Lets it go on until it parks again or ends; nothing if it has ended. */
    void GoOn();

    bool Parked() const
    {
        return m_parked;
    }

    /** It has gone on because the first thread had to wait. */
    bool WasWaitedFor() const
    {
        return m_waitedFor;
    }

  private:
    /** Runs when the first thread waits. */
    class Relief final : public WorkItem
    {
      public:
        Relief(StepRuntime& runtime, SecondThread& thread)
            : WorkItem(runtime, "second thread"),
              m_thread(thread)
        {
        }

        void Run() override;

      private:
        SecondThread& m_thread;
    };

    enum class Turn
    {
        kFirst,
        kSecond,
    };

    void Run(const std::function<void()>& call);
    /** Hands the turn over and waits until it comes back. */
    void Give(Turn to);

    StepRuntime& m_runtime;
    std::unique_ptr<WorkQueue> m_queue;
    Relief m_relief;
    std::mutex m_mutex;
    std::condition_variable m_changed;
    Turn m_turn{Turn::kFirst};
    bool m_ended{false};
    bool m_parked{false};
    bool m_waitedFor{false};
    std::thread m_thread;
};

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_SECOND_THREAD_H
