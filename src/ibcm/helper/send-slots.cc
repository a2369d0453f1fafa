// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm/helper/send-slots.h"

namespace ibcm
{

SendToken SendSlots::Put(PendingSend& send)
{
    std::uint32_t index = m_firstFree;
    if (index == kNoSlot)
    {
        index = m_used++;
    }
    else
    {
        m_firstFree = m_slots[index].nextFree;
    }
    Slot& slot = m_slots[index];
    slot.send = &send;
    ++slot.serial;
    ++m_size;
    return static_cast<SendToken>((slot.serial << kIndexBits) | index);
}

PendingSend* SendSlots::Find(SendToken token) const
{
    const std::size_t index = IndexOf(token);
    if (index >= m_used || m_slots[index].serial != static_cast<std::uint64_t>(token) >> kIndexBits)
    {
        return nullptr;
    }
    return m_slots[index].send;
}

void SendSlots::Remove(SendToken token)
{
    const std::size_t index = IndexOf(token);
    Slot& slot = m_slots[index];
    slot.send = nullptr;
    --m_size;
    if (slot.serial < m_lastSerial)
    {
        slot.nextFree = m_firstFree;
        m_firstFree = static_cast<std::uint32_t>(index);
    }
}

} // namespace ibcm
