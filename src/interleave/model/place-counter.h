// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_PLACE_COUNTER_H
#define INTERLEAVE_PLACE_COUNTER_H

#include "interleave/model/chooser.h"

#include <cstdint>
#include <vector>

namespace interleave
{

/**
 * Counts how often each place has come up in a run: an open hash table that allocates only when a
 * run has more places than any before. Never iterated, so its order cannot matter.
 */
class PlaceCounter
{
  public:
    struct Entry
    {
        PlaceKey key;
        std::uint64_t count = 0;
        /** For the user; 0 when the place comes up for the first time. */
        std::uint32_t tag = 0;
        std::uint32_t epoch = 0;
    };

    PlaceCounter();

    /** Counts @p key once more; count == 1 says that it is new. Valid until the next call. */
    Entry& Touch(const PlaceKey& key)
    {
        std::size_t index = Hash(key) & m_mask;
        for (;; index = (index + 1) & m_mask)
        {
            Entry& entry = m_entries[index];
            if (entry.epoch != m_epoch)
            {
                return Insert(index, key);
            }
            if (entry.key == key)
            {
                ++entry.count;
                return entry;
            }
        }
    }

    /** Forgets everything, in constant time. */
    void Clear();

  private:
    static std::size_t Hash(const PlaceKey& key)
    {
        const std::uint64_t folded =
            (key.high * 0x9e37'79b9'7f4a'7c15ULL) ^ (key.low * 0xc2b2'ae3d'27d4'eb4fULL);
        return static_cast<std::size_t>(folded ^ (folded >> 29));
    }

    Entry& Insert(std::size_t index, const PlaceKey& key);
    void Grow();

    std::vector<Entry> m_entries;
    std::size_t m_mask;
    std::size_t m_used = 0;
    std::uint32_t m_epoch = 1;
};

} // namespace interleave

#endif // INTERLEAVE_PLACE_COUNTER_H
