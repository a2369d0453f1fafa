// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/ib-packet.h"

#include "ib-wire/model/crc.h"

#include <ns3/abort.h>

#include <array>
#include <cstring>
#include <new>

namespace ns3
{

namespace
{

/**
 * Blocks of one size that were given back, to be used again. The simulator runs on one thread.
 * Under AddressSanitizer blocks go back to the heap at once, so that it sees a use after free.
 */
class BlockPool
{
  public:
    explicit BlockPool(std::size_t blockBytes)
        : m_blockBytes(blockBytes)
    {
    }

    void* Take()
    {
        if (m_free == nullptr)
        {
            return ::operator new(m_blockBytes);
        }
        Block* block = m_free;
        m_free = block->next;
        return block;
    }

    void GiveBack(void* memory)
    {
#if defined(__SANITIZE_ADDRESS__)
        ::operator delete(memory);
#else
        m_free = new (memory) Block{m_free};
#endif
    }

  private:
    struct Block
    {
        Block* next;
    };

    std::size_t m_blockBytes;
    Block* m_free{nullptr};
};

// A MAD with a GRH has 330 bytes; acknowledgements and most control traffic fit as well.
constexpr std::uint32_t kSmallBytes = 352;

BlockPool g_small(sizeof(IbPacket) + kSmallBytes);
BlockPool g_large(sizeof(IbPacket) + IbPacket::kMaxBytes);

BlockPool& PoolFor(std::uint32_t capacity)
{
    return capacity == kSmallBytes ? g_small : g_large;
}

} // namespace

IbPacket::IbPacket(std::uint32_t size, std::uint32_t capacity)
    : m_size(size),
      m_capacity(capacity)
{
}

Ptr<IbPacket> IbPacket::Create(std::uint32_t bytes)
{
    NS_ABORT_MSG_IF(bytes > kMaxBytes, "a packet of " << bytes << " bytes");
    const std::uint32_t capacity = bytes <= kSmallBytes ? kSmallBytes : kMaxBytes;
    auto* packet = new (PoolFor(capacity).Take()) IbPacket(bytes, capacity);
    std::memset(packet->Bytes(), 0, bytes);
    return Ptr<IbPacket>(packet, false);
}

void IbPacketDeleter::Delete(IbPacket* packet)
{
    BlockPool& pool = PoolFor(packet->m_capacity);
    packet->~IbPacket();
    pool.GiveBack(packet);
}

Ptr<IbPacket> IbPacket::Copy() const
{
    Ptr<IbPacket> copy = Create(m_size);
    std::memcpy(copy->Bytes(), Bytes(), m_size);
    copy->m_sealed = m_sealed;
    copy->m_damaged = m_damaged;
    copy->tailPs = tailPs;
    copy->hops = hops;
    return copy;
}

std::span<const std::uint8_t> IbPacket::Seal() const
{
    const std::span<const std::uint8_t> bytes(Bytes(), m_size);
    if (!m_sealed)
    {
        // The CRCs are a cache of what the other bytes say.
        std::uint8_t* raw = const_cast<IbPacket*>(this)->Bytes();
        m_sealed = ibwire::SealPacket(std::span<std::uint8_t>(raw, m_size)).has_value();
    }
    return bytes;
}

bool IbPacket::CheckCrcs() const
{
    if (!m_damaged)
    {
        return true;
    }
    const std::span<const std::uint8_t> bytes(Bytes(), m_size);
    return ibwire::VcrcIsGood(bytes) && ibwire::IcrcIsGood(bytes);
}

void IbPacket::FlipBit(std::uint32_t bit)
{
    Seal();
    bit %= m_size * 8;
    Bytes()[bit / 8] ^= static_cast<std::uint8_t>(0x80U >> bit % 8);
    m_damaged = true;
}

} // namespace ns3
