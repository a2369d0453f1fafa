// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_SHELL_RESOLVER_H
#define IBCM_VERBS_SHELL_RESOLVER_H

#include "ibcm-verbs/helper/shell-queue.h"

#include <cstddef>
#include <deque>
#include <vector>

namespace cmverbs
{

/** Asks the device for ways to peers on threads of its own, as that may take seconds. */
class ShellResolver
{
  public:
    /** @param queue where answers go, as ShellResolved. */
    ShellResolver(CmDevice& device, ShellQueue& queue);
    /** Forgets what has not begun and waits for what has. */
    ~ShellResolver();

    ShellResolver(const ShellResolver&) = delete;
    ShellResolver& operator=(const ShellResolver&) = delete;

    /** One thread at a time. @param id comes back with the answer. */
    void Ask(unsigned id, const ibcm::IpAddress& destination);

  private:
    /** At one time; a dead peer must not hold up the others for long. */
    static constexpr std::size_t kMostThreads = 16;

    struct Question
    {
        unsigned id;
        ibcm::IpAddress destination;
    };

    void Serve();

    CmDevice& m_device;
    ShellQueue& m_queue;
    ibcm::OsMutex m_lock; ///< of all below but the threads
    ibcm::OsCondition m_wake;
    std::deque<Question> m_questions;
    std::size_t m_idle{0}; ///< threads that wait for a question
    bool m_stopping{false};
    std::vector<ibcm::OsThread> m_threads; ///< begun when there are more questions than idle ones
};

} // namespace cmverbs

#endif /* IBCM_VERBS_SHELL_RESOLVER_H */
