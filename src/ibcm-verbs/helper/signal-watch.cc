// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/helper/signal-watch.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <utility>

namespace cmverbs
{

SignalWatch::SignalWatch(bool stops)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    if (stops)
    {
        sigaddset(&signals, SIGINT);
        sigaddset(&signals, SIGTERM);
    }
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    m_descriptor = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (m_descriptor < 0)
    {
        std::perror("signalfd");
        std::abort();
    }
    m_thread = ibcm::OsThread(
        [this]
        {
            ibcm::NameThisOsThread("signals");
            Serve();
        });
}

SignalWatch::~SignalWatch()
{
    m_wake.Wake();
    m_thread.join();
    close(m_descriptor);
}

void SignalWatch::Attach(std::function<void()> dump, std::function<void()> stop)
{
    const std::lock_guard hold(m_lock);
    m_dump = std::move(dump);
    m_stop = std::move(stop);
    if (m_stopAsked && m_stop)
    {
        m_stop();
    }
}

void SignalWatch::Detach()
{
    const std::lock_guard hold(m_lock);
    m_dump = nullptr;
    m_stop = nullptr;
}

void SignalWatch::Serve()
{
    while (m_wake.WaitFor(m_descriptor))
    {
        signalfd_siginfo signal{};
        if (read(m_descriptor, &signal, sizeof signal) != sizeof signal)
        {
            continue;
        }
        const std::lock_guard hold(m_lock);
        const bool dump = signal.ssi_signo == SIGUSR1;
        m_stopAsked = m_stopAsked || !dump;
        if (const auto& act = dump ? m_dump : m_stop)
        {
            act();
        }
    }
}

} // namespace cmverbs
