// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_OBJECT_TABLE_H
#define INTERLEAVE_OBJECT_TABLE_H

#include "interleave/model/operation.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace interleave
{

/**
 * A value for each object of a run, found by its class and ordinal, that is forgotten in no time
 * when the run is over. Allocates only while a run has more objects than any before.
 */
template <class T>
class ObjectTable
{
  public:
    /** The value of @p id (type > 0), a fresh one if it has none yet. */
    T& At(ObjectId id)
    {
        if (id.type >= m_rows.size() || id.ordinal >= m_rows[id.type].count) [[unlikely]]
        {
            Grow(id);
        }
        Slot& slot = m_rows[id.type].slots[id.ordinal];
        if (slot.run != m_run)
        {
            slot.run = m_run;
            slot.value = T{};
        }
        return slot.value;
    }

    /** The value of @p id, or null. */
    T* Find(ObjectId id)
    {
        if (id.type >= m_rows.size() || id.ordinal >= m_rows[id.type].count)
        {
            return nullptr;
        }
        Slot& slot = m_rows[id.type].slots[id.ordinal];
        return slot.run == m_run ? &slot.value : nullptr;
    }

    /** Calls @p function(ObjectId, T&) for each, by class and ordinal. */
    template <class Function>
    void ForEach(const Function& function)
    {
        for (std::uint32_t type = 0; type < m_rows.size(); ++type)
        {
            Row& row = m_rows[type];
            for (std::uint32_t ordinal = 0; ordinal < row.count; ++ordinal)
            {
                if (row.slots[ordinal].run == m_run)
                {
                    function(ObjectId{type, ordinal}, row.slots[ordinal].value);
                }
            }
        }
    }

    /** Forgets all values and keeps the room. */
    void Clear()
    {
        ++m_run;
    }

  private:
    struct Slot
    {
        std::uint64_t run = 0;
        T value{};
    };

    struct Row
    {
        std::vector<Slot> slots;
        std::uint64_t count = 0; // of them: not to be worked out at each access
    };

    [[gnu::noinline]] void Grow(ObjectId id)
    {
        if (id.type >= m_rows.size())
        {
            m_rows.resize(id.type + 1);
        }
        Row& row = m_rows[id.type];
        if (id.ordinal >= row.count)
        {
            row.count = 2 * static_cast<std::uint64_t>(id.ordinal) + 2;
            row.slots.resize(row.count);
        }
    }

    std::vector<Row> m_rows;
    std::uint64_t m_run = 1;
};

} // namespace interleave

#endif // INTERLEAVE_OBJECT_TABLE_H
