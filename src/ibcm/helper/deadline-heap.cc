// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm/helper/deadline-heap.h"

namespace ibcm
{

void DeadlineHeap::Insert(PendingSend& send)
{
    SiftUp({send.deadline, send.order, &send}, m_size++);
}

void DeadlineHeap::Remove(PendingSend& send)
{
    const std::size_t index = send.heapIndex;
    const Entry last = m_entries[--m_size];
    if (index == m_size)
    {
        return;
    }
    // The last one takes its place, and may have to go either way from there.
    if (index > 0 && Sooner(last, m_entries[(index - 1) / 2]))
    {
        SiftUp(last, index);
    }
    else
    {
        SiftDown(last, index);
    }
}

bool DeadlineHeap::Sooner(const Entry& a, const Entry& b)
{
    return a.deadline != b.deadline ? a.deadline < b.deadline : a.order < b.order;
}

void DeadlineHeap::Place(const Entry& entry, std::size_t index)
{
    m_entries[index] = entry;
    entry.send->heapIndex = index;
}

void DeadlineHeap::SiftUp(Entry entry, std::size_t index)
{
    while (index > 0)
    {
        const std::size_t parent = (index - 1) / 2;
        if (!Sooner(entry, m_entries[parent]))
        {
            break;
        }
        Place(m_entries[parent], index);
        index = parent;
    }
    Place(entry, index);
}

void DeadlineHeap::SiftDown(Entry entry, std::size_t index)
{
    for (;;)
    {
        std::size_t child = 2 * index + 1;
        if (child >= m_size)
        {
            break;
        }
        if (child + 1 < m_size && Sooner(m_entries[child + 1], m_entries[child]))
        {
            ++child;
        }
        if (!Sooner(m_entries[child], entry))
        {
            break;
        }
        Place(m_entries[child], index);
        index = child;
    }
    Place(entry, index);
}

} // namespace ibcm
