// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_READY_QUEUE_H
#define INTERLEAVE_READY_QUEUE_H

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace interleave
{

class Task;

/**
 * The tasks that could go on, first come first served. An array and not a list, because choosers
 * pick by index. Its memory is reserved when tasks are made, so that scheduling does not allocate.
 */
class ReadyQueue
{
  public:
    /** Makes room for @p tasks tasks at once. */
    void Reserve(std::size_t tasks)
    {
        // Twice as many, so that moving everything to the front is rare.
        if (m_items.size() < 2 * tasks)
        {
            m_items.resize(4 * tasks);
        }
    }

    bool Empty() const
    {
        return m_head == m_tail;
    }

    std::size_t Size() const
    {
        return m_tail - m_head;
    }

    std::span<Task* const> View() const
    {
        return {m_items.data() + m_head, Size()};
    }

    void PushBack(Task* task)
    {
        if (m_tail == m_items.size()) [[unlikely]]
        {
            MoveTo(0);
        }
        m_items[m_tail++] = task;
    }

    void PushFront(Task* task)
    {
        if (m_head == 0)
        {
            MoveTo(1);
        }
        m_items[--m_head] = task;
    }

    Task* TakeAt(std::size_t index)
    {
        // What stands before it moves up: the queue is short, and its head is taken most often.
        // From the front, so that no compiler makes a call of memmove of it.
        Task* const* const taken = m_items.data() + m_head + index;
        Task* carried = m_items[m_head];
        for (Task** at = m_items.data() + m_head; at != taken;)
        {
            std::swap(carried, *++at);
        }
        ++m_head;
        return carried;
    }

    /** Takes out every task for which @p unwanted is true; the order of the others stays. */
    template <typename Predicate>
    void TakeIf(Predicate unwanted)
    {
        std::size_t kept = m_head;
        for (std::size_t at = m_head; at < m_tail; ++at)
        {
            Task* task = m_items[at];
            if (!unwanted(task))
            {
                m_items[kept++] = task;
            }
        }
        m_tail = kept;
    }

    void Clear()
    {
        m_head = 0;
        m_tail = 0;
    }

  private:
    void MoveTo(std::size_t head)
    {
        const std::size_t size = Size();
        if (head <= m_head)
        {
            for (std::size_t index = 0; index < size; ++index)
            {
                m_items[head + index] = m_items[m_head + index];
            }
        }
        else
        {
            for (std::size_t index = size; index-- > 0;)
            {
                m_items[head + index] = m_items[m_head + index];
            }
        }
        m_head = head;
        m_tail = head + size;
    }

    std::vector<Task*> m_items;
    std::size_t m_head = 0;
    std::size_t m_tail = 0;
};

} // namespace interleave

#endif // INTERLEAVE_READY_QUEUE_H
