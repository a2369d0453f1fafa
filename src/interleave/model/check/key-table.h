// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_KEY_TABLE_H
#define INTERLEAVE_KEY_TABLE_H

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace interleave
{

/**
 * A hash table that can only be asked, never walked, so that addresses may be keys without deciding
 * anything; its contents are forgotten in no time when a run is over. No erasing.
 */
template <class T>
class KeyTable
{
  public:
    static std::uint64_t KeyOf(const void* address)
    {
        return reinterpret_cast<std::uintptr_t>(address);
    }

    /** The value of @p key, a fresh one if it has none yet. References last until the next At(). */
    T& At(std::uint64_t key)
    {
        if (2 * (m_count + 1) > m_slots.size()) [[unlikely]]
        {
            Grow();
        }
        Slot& slot = m_slots[Locate(m_slots, key)];
        if (slot.run != m_run)
        {
            slot.run = m_run;
            slot.key = key;
            slot.value = T{};
            ++m_count;
        }
        return slot.value;
    }

    /** The value of @p key, or null. */
    T* Find(std::uint64_t key)
    {
        if (m_count == 0)
        {
            return nullptr;
        }
        Slot& slot = m_slots[Locate(m_slots, key)];
        return slot.run == m_run ? &slot.value : nullptr;
    }

    /** Forgets all values and keeps the room. */
    void Clear()
    {
        ++m_run;
        m_count = 0;
    }

  private:
    struct Slot
    {
        std::uint64_t run = 0;
        std::uint64_t key = 0;
        T value{};
    };

    std::size_t Locate(const std::vector<Slot>& slots, std::uint64_t key) const
    {
        const std::size_t mask = slots.size() - 1;
        // The upper half of a product depends on all of the key; that is enough for addresses.
        std::size_t at = ((key * 0x9e37'79b9'7f4a'7c15ULL) >> 32) & mask;
        while (slots[at].run == m_run && slots[at].key != key)
        {
            at = (at + 1) & mask;
        }
        return at;
    }

    [[gnu::noinline]] void Grow()
    {
        std::vector<Slot> slots(m_slots.empty() ? 64 : 2 * m_slots.size());
        for (Slot& slot : m_slots)
        {
            if (slot.run == m_run)
            {
                slots[Locate(slots, slot.key)] = std::move(slot);
            }
        }
        m_slots.swap(slots);
    }

    std::vector<Slot> m_slots;
    std::size_t m_count = 0;
    std::uint64_t m_run = 1;
};

} // namespace interleave

#endif // INTERLEAVE_KEY_TABLE_H
