// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/helper/shell-resolver.h"

#include <utility>

namespace cmverbs
{

ShellResolver::ShellResolver(CmDevice& device, ShellQueue& queue)
    : m_device(device),
      m_queue(queue)
{
}

ShellResolver::~ShellResolver()
{
    {
        const std::lock_guard hold(m_lock);
        m_stopping = true;
    }
    m_wake.notify_all();
    for (ibcm::OsThread& thread : m_threads)
    {
        thread.join();
    }
}

void ShellResolver::Ask(unsigned id, const ibcm::IpAddress& destination)
{
    bool more = false;
    {
        const std::lock_guard hold(m_lock);
        m_questions.push_back({id, destination});
        more = m_questions.size() > m_idle && m_threads.size() < kMostThreads;
    }
    if (more)
    {
        m_threads.emplace_back([this] { Serve(); });
    }
    m_wake.notify_one();
}

void ShellResolver::Serve()
{
    ibcm::NameThisOsThread("shell resolver");
    std::unique_lock hold(m_lock);
    while (true)
    {
        ++m_idle;
        m_wake.wait(hold, [this] { return m_stopping || !m_questions.empty(); });
        --m_idle;
        if (m_stopping)
        {
            return;
        }
        const Question question = m_questions.front();
        m_questions.pop_front();
        hold.unlock();
        m_queue.Push(ShellResolved{question.id, m_device.Resolve(question.destination)});
        hold.lock();
    }
}

} // namespace cmverbs
