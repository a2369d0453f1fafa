// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_WAIT_LIST_H
#define INTERLEAVE_WAIT_LIST_H

#include "interleave/model/task.h"

namespace interleave
{

/**
 * The tasks whose pending operation depends on one condition (a mutex being free, a completion
 * being signalled), in order of arrival: those that wait for it, and those that were preempted just
 * before an operation that needs it. One pointer; the links are in the tasks.
 */
class WaitList
{
  public:
    WaitList() = default;
    WaitList(const WaitList&) = delete;
    WaitList& operator=(const WaitList&) = delete;

    bool Empty() const
    {
        return m_head == nullptr;
    }

    Task* First() const
    {
        return m_head;
    }

    /** The task after @p task, nullptr at the end. */
    Task* After(const Task& task) const
    {
        return task.m_next == m_head ? nullptr : task.m_next;
    }

    void Append(Task& task)
    {
        task.m_list = this;
        if (m_head == nullptr)
        {
            m_head = &task;
            task.m_next = &task;
            task.m_previous = &task;
            return;
        }
        Task* last = m_head->m_previous;
        task.m_next = m_head;
        task.m_previous = last;
        last->m_next = &task;
        m_head->m_previous = &task;
    }

    /** Takes @p task out; no harm if it is in no list. */
    static void Remove(Task& task)
    {
        WaitList* list = task.m_list;
        if (list == nullptr)
        {
            return;
        }
        if (task.m_next == &task)
        {
            list->m_head = nullptr;
        }
        else
        {
            task.m_previous->m_next = task.m_next;
            task.m_next->m_previous = task.m_previous;
            if (list->m_head == &task)
            {
                list->m_head = task.m_next;
            }
        }
        task.m_list = nullptr;
    }

  private:
    Task* m_head = nullptr;
};

} // namespace interleave

#endif // INTERLEAVE_WAIT_LIST_H
