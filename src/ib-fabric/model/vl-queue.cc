// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/vl-queue.h"

#include <bit>

namespace ns3
{

void VlQueue::Push(Ptr<IbPacket> packet)
{
    const std::uint8_t vl = packet->GetVl();
    Lane& lane = m_lanes[vl];
    IbPacket* raw = PeekPointer(packet);
    if (lane.tail != nullptr)
    {
        lane.tail->next = packet;
    }
    else
    {
        lane.head = packet;
        m_occupied = static_cast<std::uint16_t>(m_occupied | 1U << vl);
    }
    lane.tail = raw;
    ++lane.count;
    ++m_count;
}

Ptr<IbPacket> VlQueue::PopFrom(std::uint8_t vl)
{
    Lane& lane = m_lanes[vl];
    Ptr<IbPacket> packet = lane.head;
    lane.head = packet->next;
    packet->next = nullptr;
    --lane.count;
    --m_count;
    if (!lane.head)
    {
        lane.tail = nullptr;
        m_occupied = static_cast<std::uint16_t>(m_occupied & ~(1U << vl));
    }
    return packet;
}

Ptr<IbPacket> VlQueue::Pop()
{
    if (m_occupied >> kManagementVl != 0)
    {
        return PopFrom(kManagementVl);
    }
    // The first occupied lane after the last one served, round the circle.
    const unsigned after = m_occupied & ~((2U << m_lastVl) - 1);
    m_lastVl = static_cast<std::uint8_t>(std::countr_zero(after != 0 ? after : m_occupied));
    return PopFrom(m_lastVl);
}

} // namespace ns3
