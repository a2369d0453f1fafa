// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef TEST_INTERLEAVE_CORPUS_CONDITION_H
#define TEST_INTERLEAVE_CORPUS_CONDITION_H

#include "interleave/model/completion.h"
#include "interleave/model/mutex.h"

#include <deque>
#include <vector>

namespace interleave::corpus
{

/**
 * A condition variable made of completions, one for each waiting task: what is signalled while
 * nobody waits is lost. All members are called with the mutex held.
 */
class Condition
{
  public:
    Condition(Engine& engine, Mutex& mutex)
        : m_engine(engine),
          m_mutex(mutex)
    {
    }

    /** Gives the mutex back until signalled. */
    void Wait(const char* site = nullptr)
    {
        Completion& wakeup = Own();
        m_waiting.push_back(&wakeup);
        m_mutex.Unlock(site);
        wakeup.Wait(site);
        m_mutex.Lock(site);
    }

    /** Wakes the one that has waited longest. */
    void Signal(const char* site = nullptr)
    {
        if (m_first < m_waiting.size())
        {
            m_waiting[m_first++]->Complete(site);
        }
    }

    /** Wakes all. */
    void Broadcast(const char* site = nullptr)
    {
        while (m_first < m_waiting.size())
        {
            Signal(site);
        }
    }

  private:
    /** The completion of the task that calls. */
    Completion& Own()
    {
        const std::uint32_t ordinal = m_engine.CurrentTask()->Ordinal();
        while (m_wakeups.size() <= ordinal)
        {
            m_wakeups.emplace_back(m_engine, "wakeup");
        }
        return m_wakeups[ordinal];
    }

    Engine& m_engine;
    Mutex& m_mutex;
    std::deque<Completion> m_wakeups;
    std::vector<Completion*> m_waiting;
    std::size_t m_first = 0;
};

} // namespace interleave::corpus

#endif // TEST_INTERLEAVE_CORPUS_CONDITION_H
