// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_SIGNAL_WATCH_H
#define IBCM_VERBS_SIGNAL_WATCH_H

#include "ibcm-verbs/model/wake-descriptor.h"
#include "ibcm/helper/host-threads.h"

#include <functional>

namespace cmverbs
{

/**
 * Takes signals on a thread of its own, where, unlike in a signal handler, everything may be done.
 * To be made before any other thread: those made later inherit that the signals are blocked.
 */
class SignalWatch
{
  public:
    /** @param stops false: SIGINT and SIGTERM end the process, as they do by default. */
    explicit SignalWatch(bool stops);
    ~SignalWatch();

    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

    /**
     * What is done from now on; at once, if it should have been done before.
     * @param dump on SIGUSR1. @param stop on SIGINT and SIGTERM. Neither may call Attach or Detach.
     */
    void Attach(std::function<void()> dump, std::function<void()> stop);
    /** Neither is called any more when it returns. */
    void Detach();

  private:
    void Serve();

    int m_descriptor;
    WakeDescriptor m_wake;
    ibcm::OsMutex m_lock; ///< of all below; held while one of them is called
    std::function<void()> m_dump;
    std::function<void()> m_stop;
    bool m_stopAsked{false};
    ibcm::OsThread m_thread;
};

} // namespace cmverbs

#endif /* IBCM_VERBS_SIGNAL_WATCH_H */
