// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_READY_QUEUE_H
#define INTERLEAVE_READY_QUEUE_H

#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

namespace interleave
{

class Task;

/**
 * The tasks that could go on, first come first served. An array and not a list, because choosers
 * pick by index; allocates only when it grows beyond what it ever held.
 */
class ReadyQueue
{
  public:
    bool Empty() const
    {
        return m_head == m_items.size();
    }

    std::size_t Size() const
    {
        return m_items.size() - m_head;
    }

    Task* At(std::size_t index) const
    {
        return m_items[m_head + index];
    }

    std::span<Task* const> View() const
    {
        return {m_items.data() + m_head, Size()};
    }

    void PushBack(Task* task)
    {
        if (m_head > 0 && m_items.size() == m_items.capacity())
        {
            m_items.erase(m_items.begin(), m_items.begin() + static_cast<std::ptrdiff_t>(m_head));
            m_head = 0;
        }
        m_items.push_back(task);
    }

    void PushFront(Task* task)
    {
        if (m_head > 0)
        {
            m_items[--m_head] = task;
            return;
        }
        m_items.insert(m_items.begin(), task);
    }

    Task* TakeAt(std::size_t index)
    {
        Task* task = At(index);
        if (index == 0)
        {
            ++m_head;
        }
        else
        {
            m_items.erase(m_items.begin() + static_cast<std::ptrdiff_t>(m_head + index));
        }
        if (Empty())
        {
            Clear();
        }
        return task;
    }

    /** Takes @p task out, which must be in. */
    void Take(const Task* task)
    {
        std::size_t index = 0;
        while (At(index) != task)
        {
            ++index;
        }
        TakeAt(index);
    }

    void Clear()
    {
        m_items.clear();
        m_head = 0;
    }

  private:
    std::vector<Task*> m_items;
    std::size_t m_head = 0;
};

} // namespace interleave

#endif // INTERLEAVE_READY_QUEUE_H
