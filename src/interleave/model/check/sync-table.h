// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_SYNC_TABLE_H
#define INTERLEAVE_SYNC_TABLE_H

#include "interleave/model/check/key-table.h"

#include <cstdint>

namespace interleave
{

/**
 * Numbers the primitives of a run, so that checks find what they know of one by an index: an
 * address is looked up once an effect. A primitive that is made where another one was is another
 * one, with a number of its own.
 */
class SyncTable
{
  public:
    /** The number of the primitive at @p address, from 1; 0 for none. */
    std::uint32_t Of(const void* address)
    {
        if (address == m_latest)
        {
            return m_latestNumber; // a mutex is often unlocked before another one is touched
        }
        if (address == nullptr)
        {
            return 0;
        }
        std::uint32_t& number = m_numbers.At(KeyTable<std::uint32_t>::KeyOf(address));
        if (number == 0)
        {
            number = ++m_count;
        }
        m_latest = address;
        m_latestNumber = number;
        return number;
    }

    /** A primitive begins its life at @p address. */
    std::uint32_t Renew(const void* address)
    {
        m_numbers.At(KeyTable<std::uint32_t>::KeyOf(address)) = ++m_count;
        m_latest = address;
        m_latestNumber = m_count;
        return m_count;
    }

    /** Forgets all numbers and keeps the room. */
    void Clear()
    {
        m_numbers.Clear();
        m_count = 0;
        m_latest = nullptr;
        m_latestNumber = 0;
    }

  private:
    KeyTable<std::uint32_t> m_numbers;
    std::uint32_t m_count = 0;
    const void* m_latest = nullptr;
    std::uint32_t m_latestNumber = 0;
};

} // namespace interleave

#endif // INTERLEAVE_SYNC_TABLE_H
