// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_VL_QUEUE_H
#define IB_VL_QUEUE_H

#include "ib-fabric/model/ib-packet.h"

#include <array>
#include <cstdint>

namespace ns3
{

/**
 * \ingroup infiniband
 * The output queues of a port: one FIFO for each of the 16 virtual lanes. VL 15 is served before
 * all others, the data lanes in turn. Packets are linked through IbPacket::next: queueing
 * allocates nothing.
 */
class VlQueue
{
  public:
    static constexpr std::uint8_t kManagementVl = 15;

    /** \returns true if nothing waits */
    bool IsEmpty() const
    {
        return m_count == 0;
    }

    /** \returns how many packets wait */
    std::uint32_t GetCount() const
    {
        return m_count;
    }

    /** \param vl a virtual lane, 0..15 \returns how many packets wait on it */
    std::uint32_t GetCount(std::uint8_t vl) const
    {
        return m_lanes[vl].count;
    }

    /** \param packet appended to the queue of its VL */
    void Push(Ptr<IbPacket> packet);

    /** \returns the packet to be sent next; the queue must not be empty */
    Ptr<IbPacket> Pop();

  private:
    struct Lane
    {
        Ptr<IbPacket> head;
        IbPacket* tail{nullptr};
        std::uint32_t count{0};
    };

    Ptr<IbPacket> PopFrom(std::uint8_t vl);

    std::array<Lane, 16> m_lanes;
    std::uint16_t m_occupied{0}; // bit n: lane n is not empty
    std::uint8_t m_lastVl{14};   // of the data lanes, the one that had its turn
    std::uint32_t m_count{0};
};

} // namespace ns3

#endif // IB_VL_QUEUE_H
