// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_SEND_SLOTS_H
#define IBCM_SEND_SLOTS_H

#include "ibcm/helper/pending-send.h"
#include "ibcm/helper/stable-array.h"

#include <cstddef>
#include <cstdint>

namespace ibcm
{

/**
 * Sends by token. A token is a slot's index (the low 24 bits) and a serial number, so that a lookup
 * is one access and no token comes twice: a slot whose serial numbers are used up is left alone
 * from then on. Allocates nothing. Not thread-safe.
 */
class SendSlots
{
  public:
    static constexpr unsigned kIndexBits = 24;
    static constexpr std::uint64_t kLastSerial = (std::uint64_t{1} << (64 - kIndexBits)) - 1;

    /** @param lastSerial of each slot; the first is 1. */
    explicit SendSlots(std::uint64_t lastSerial = kLastSerial)
        : m_lastSerial(lastSerial)
    {
    }

    /** A slot is left for Put. */
    bool HasRoom() const
    {
        return m_firstFree != kNoSlot || (m_used < m_slots.Capacity() && m_used < kMaxSlots);
    }

    /** No slot is left, and none will come with more memory. */
    bool Exhausted() const
    {
        return m_firstFree == kNoSlot && m_used == kMaxSlots;
    }

    std::size_t Size() const
    {
        return m_size;
    }

    /** Gives it a token. HasRoom(). */
    SendToken Put(PendingSend& send);
    /** Null if there is none of that name. */
    PendingSend* Find(SendToken token) const;
    /** @param token of one that is there. */
    void Remove(SendToken token);

    /** Calls @p visit with each, in the order of the slots. */
    template <class Visit>
    void ForEach(Visit visit) const
    {
        for (std::size_t i = 0; i < m_used; ++i)
        {
            if (m_slots[i].send != nullptr)
            {
                visit(*m_slots[i].send);
            }
        }
    }

    struct Slot
    {
        PendingSend* send{nullptr};
        std::uint64_t serial{0}; ///< of the token given last
        std::uint32_t nextFree{0};
    };

    StableArray<Slot>& Memory()
    {
        return m_slots;
    }

  private:
    static constexpr std::uint32_t kMaxSlots = std::uint32_t{1} << kIndexBits;
    static constexpr std::uint32_t kNoSlot = kMaxSlots;

    static std::size_t IndexOf(SendToken token)
    {
        return static_cast<std::uint64_t>(token) & (kMaxSlots - 1);
    }

    const std::uint64_t m_lastSerial;
    StableArray<Slot> m_slots;
    std::uint32_t m_used{0}; ///< slots that have ever been used
    std::uint32_t m_firstFree{kNoSlot};
    std::size_t m_size{0};
};

} // namespace ibcm

#endif /* IBCM_SEND_SLOTS_H */
