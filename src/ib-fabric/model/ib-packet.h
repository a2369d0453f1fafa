// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_PACKET_H
#define IB_PACKET_H

#include <ns3/ptr.h>
#include <ns3/simple-ref-count.h>

#include <cstdint>
#include <functional>
#include <span>

namespace ns3
{

class IbPacket;

/** \ingroup infiniband Returns a packet whose last reference is gone to its pool. */
struct IbPacketDeleter
{
    /** \param packet the packet */
    static void Delete(IbPacket* packet);
};

/**
 * \ingroup infiniband
 * One packet as it is on the wire: the real bytes from LRH to VCRC, in network byte order.
 *
 * It is not an ns3::Packet: a management packet of 290 bytes crosses a fabric in a dozen hops, and
 * each hop should cost one event and no allocation. The two CRCs are computed only when somebody
 * looks at them (a capture, or a receiver of a packet that a fault damaged).
 */
class IbPacket : public SimpleRefCount<IbPacket, empty, IbPacketDeleter>
{
  public:
    static constexpr std::uint32_t kLrhBytes = 8;
    static constexpr std::uint32_t kGrhBytes = 40;
    static constexpr std::uint32_t kBthBytes = 12;
    static constexpr std::uint32_t kDethBytes = 8;
    static constexpr std::uint32_t kIcrcBytes = 4;
    static constexpr std::uint32_t kVcrcBytes = 2;
    /** Largest packet: LRH, GRH, BTH and extended headers, 4096 bytes of payload, CRCs. */
    static constexpr std::uint32_t kMaxBytes = 4096 + 128;

    /**
     * \param bytes size on the wire including both CRCs, at most kMaxBytes
     * \returns a packet of that size, filled with zeros
     */
    static Ptr<IbPacket> Create(std::uint32_t bytes);

    /** \returns a packet of its own with the same bytes, without the completion hook */
    Ptr<IbPacket> Copy() const;

    IbPacket(const IbPacket&) = delete;
    IbPacket& operator=(const IbPacket&) = delete;

    /** \returns the size on the wire in bytes, CRCs included */
    std::uint32_t GetSize() const
    {
        return m_size;
    }

    /** \returns the bytes, to be changed: marks the CRCs as stale */
    std::uint8_t* Modify()
    {
        m_sealed = false;
        return Bytes();
    }

    /** \returns the first byte of the LRH; the CRCs are valid only after Seal() */
    const std::uint8_t* Peek() const
    {
        return Bytes();
    }

    /** Computes ICRC and VCRC if they are stale. \returns all bytes */
    std::span<const std::uint8_t> Seal() const;

    /** \returns true if both CRCs are those of the bytes */
    bool CheckCrcs() const;

    /**
     * Flips one bit, after the CRCs were computed, as noise on a cable does.
     * \param bit number of the bit, taken modulo the size of the packet; 0 is the most significant
     *        bit of the first byte
     */
    void FlipBit(std::uint32_t bit);

    /** \returns true if FlipBit() was ever called: the receiver must look at the CRCs */
    bool IsDamaged() const
    {
        return m_damaged;
    }

    /** \returns virtual lane, LRH.VL */
    std::uint8_t GetVl() const
    {
        return Bytes()[0] >> 4;
    }

    /** \param vl virtual lane, 0..15 */
    void SetVl(std::uint8_t vl)
    {
        std::uint8_t* first = Modify();
        *first = static_cast<std::uint8_t>((*first & 0x0f) | vl << 4);
    }

    /** \returns service level, LRH.SL */
    std::uint8_t GetSl() const
    {
        return Bytes()[1] >> 4;
    }

    /** \returns true if a GRH follows the LRH (LRH.LNH = 3) */
    bool HasGrh() const
    {
        return (Bytes()[1] & 3) == 3;
    }

    /** \returns destination LID */
    std::uint16_t GetDlid() const
    {
        return Load16(2);
    }

    /** \returns source LID */
    std::uint16_t GetSlid() const
    {
        return Load16(6);
    }

    /** \returns where the BTH begins, in bytes from the start of the packet */
    std::uint32_t GetBthOffset() const
    {
        return HasGrh() ? kLrhBytes + kGrhBytes : kLrhBytes;
    }

    /** \returns BTH.OpCode */
    std::uint8_t GetOpcode() const
    {
        return Bytes()[GetBthOffset()];
    }

    /** \returns BTH.P_Key */
    std::uint16_t GetPkey() const
    {
        return Load16(GetBthOffset() + 2);
    }

    /** \returns BTH.DestQP, 24 bits */
    std::uint32_t GetDestQp() const
    {
        return Load24(GetBthOffset() + 5);
    }

    /** \returns BTH.PSN, 24 bits */
    std::uint32_t GetPsn() const
    {
        return Load24(GetBthOffset() + 9);
    }

    /** \returns true for a subnet management packet: VL 15 and destination QP 0 */
    bool IsSmp() const
    {
        return GetVl() == 15;
    }

    /**
     * \param offset in bytes from the start of the packet, at most GetSize() - 256 - 6
     * \returns the 256 bytes of the MAD at this place
     */
    std::span<const std::uint8_t, 256> PeekMad(std::uint32_t offset) const
    {
        return std::span<const std::uint8_t, 256>(Bytes() + offset, 256);
    }

    /** \returns where the payload of a UD packet (BTH, DETH) begins */
    std::uint32_t GetUdPayloadOffset() const
    {
        return GetBthOffset() + kBthBytes + kDethBytes;
    }

    /** What to call when the last byte has left the first port (true) or will never (false). */
    std::function<void(bool sent)> onSent;

    /** When the last byte is through the device that holds the packet, in picoseconds. */
    std::int64_t tailPs{0};

    /** How many cables it has crossed since its node sent it. */
    std::uint32_t hops{0};

    /** Next in the queue of a port. */
    Ptr<IbPacket> next;

  private:
    friend struct IbPacketDeleter;

    IbPacket(std::uint32_t size, std::uint32_t capacity);
    ~IbPacket() = default;

    // The bytes stand right behind the object, in the same block of the pool.
    std::uint8_t* Bytes()
    {
        return reinterpret_cast<std::uint8_t*>(this + 1);
    }

    const std::uint8_t* Bytes() const
    {
        return reinterpret_cast<const std::uint8_t*>(this + 1);
    }

    std::uint16_t Load16(std::uint32_t at) const
    {
        const std::uint8_t* p = Bytes() + at;
        return static_cast<std::uint16_t>(p[0] << 8 | p[1]);
    }

    std::uint32_t Load24(std::uint32_t at) const
    {
        const std::uint8_t* p = Bytes() + at;
        return static_cast<std::uint32_t>(p[0] << 16 | p[1] << 8 | p[2]);
    }

    std::uint32_t m_size;
    std::uint32_t m_capacity;
    mutable bool m_sealed{false};
    bool m_damaged{false};
};

} // namespace ns3

#endif // IB_PACKET_H
