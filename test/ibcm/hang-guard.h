// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Ends a program in which threads wait for each other for ever, so that a test run ends with a
// message instead of not at all.
#ifndef WEFT_TEST_IBCM_HANG_GUARD_H
#define WEFT_TEST_IBCM_HANG_GUARD_H

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace ibcm::test
{

/** Aborts unless it is fed or destroyed in time. The time is for a hang, not for a slow machine. */
class HangGuard
{
  public:
    /** @param describe says in the message what each thread does; called on the guard's thread. */
    explicit HangGuard(std::chrono::seconds patience, std::function<std::string()> describe = {})
        : m_patience(patience),
          m_describe(std::move(describe)),
          m_thread([this] { Watch(); })
    {
    }

    ~HangGuard()
    {
        {
            const std::lock_guard hold(m_lock);
            m_done = true;
        }
        m_wake.notify_one();
        m_thread.join();
    }

    HangGuard(const HangGuard&) = delete;
    HangGuard& operator=(const HangGuard&) = delete;

    /** Something has moved: the time begins again. */
    void Feed()
    {
        const std::lock_guard hold(m_lock);
        m_fed = true;
    }

  private:
    void Watch()
    {
        std::unique_lock hold(m_lock);
        while (!m_wake.wait_for(hold, m_patience, [this] { return m_done; }))
        {
            if (!m_fed)
            {
                std::fprintf(stderr,
                             "nothing has moved for %lld s\n%s\n",
                             static_cast<long long>(m_patience.count()),
                             m_describe ? m_describe().c_str() : "");
                std::abort();
            }
            m_fed = false;
        }
    }

    const std::chrono::seconds m_patience;
    const std::function<std::string()> m_describe;
    std::mutex m_lock;
    std::condition_variable m_wake;
    bool m_done{false};
    bool m_fed{false};
    std::thread m_thread; ///< last: it uses all of the others
};

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_HANG_GUARD_H
