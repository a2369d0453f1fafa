// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "second-thread.h"

#include <stdexcept>
#include <utility>

namespace ibcm::test
{

SecondThread::SecondThread(StepRuntime& runtime)
    : m_runtime(runtime),
      m_queue(runtime.MakeWorkQueue("second thread", 1)),
      m_relief(runtime, *this)
{
}

SecondThread::~SecondThread()
{
    while (m_parked)
    {
        GoOn();
    }
    if (m_thread.joinable())
    {
        m_thread.join();
    }
    (void)m_relief.Cancel();
}

void SecondThread::Start(std::function<void()> call)
{
    if (m_thread.joinable())
    {
        throw std::logic_error("a second thread makes one call");
    }
    m_thread = std::thread([this, call = std::move(call)] { Run(call); });
    Give(Turn::kSecond);
}

void SecondThread::Run(const std::function<void()>& call)
{
    {
        std::unique_lock hold(m_mutex);
        m_changed.wait(hold, [this] { return m_turn == Turn::kSecond; });
    }
    call();
    const std::lock_guard hold(m_mutex);
    m_ended = true;
    m_turn = Turn::kFirst;
    m_changed.notify_all();
}

void SecondThread::Give(Turn to)
{
    m_runtime.SetCurrentThread(to == Turn::kSecond ? 2 : 1);
    std::unique_lock hold(m_mutex);
    m_turn = to;
    m_changed.notify_all();
    m_changed.wait(hold, [this, to] { return m_turn != to; });
    if (to == Turn::kSecond)
    {
        m_runtime.SetCurrentThread(1);
    }
}

void SecondThread::Park()
{
    if (m_runtime.LocksHeld() != 0)
    {
        throw std::logic_error("parked with a lock held: the first thread could not go on");
    }
    m_parked = true;
    (void)m_relief.QueueOn(*m_queue);
    Give(Turn::kFirst);
}

void SecondThread::GoOn()
{
    if (m_parked && !m_ended)
    {
        m_parked = false;
        (void)m_relief.Cancel();
        Give(Turn::kSecond);
    }
}

void SecondThread::Relief::Run()
{
    m_thread.m_waitedFor = true;
    m_thread.GoOn();
}

} // namespace ibcm::test
