// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_DEADLINE_HEAP_H
#define IBCM_DEADLINE_HEAP_H

#include "ibcm/helper/pending-send.h"
#include "ibcm/helper/stable-array.h"

#include <cstddef>
#include <cstdint>

namespace ibcm
{

/**
 * Sends by deadline; of equal deadlines, the one that was sent first comes first. A binary heap in
 * which each send knows its place, so that one that is cancelled leaves at once: every operation
 * takes O(log n) at worst and allocates nothing. Not thread-safe.
 */
class DeadlineHeap
{
  public:
    bool Empty() const
    {
        return m_size == 0;
    }

    std::size_t Size() const
    {
        return m_size;
    }

    /** The next one to fall due. Not empty. */
    PendingSend& Top() const
    {
        return *m_entries[0].send;
    }

    /** By its deadline, which stays the same until it is removed. Size() is below the capacity. */
    void Insert(PendingSend& send);
    /** It is in the heap. */
    void Remove(PendingSend& send);

    /** The memory: who inserts sees to it that there is some. */
    struct Entry
    {
        Instant deadline{0};
        std::uint64_t order{0};
        PendingSend* send{nullptr};
    };

    StableArray<Entry>& Memory()
    {
        return m_entries;
    }

  private:
    static bool Sooner(const Entry& a, const Entry& b);
    void Place(const Entry& entry, std::size_t index);
    void SiftUp(Entry entry, std::size_t index);
    void SiftDown(Entry entry, std::size_t index);

    StableArray<Entry> m_entries;
    std::size_t m_size{0};
};

} // namespace ibcm

#endif /* IBCM_DEADLINE_HEAP_H */
