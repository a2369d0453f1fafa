// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm/model/comm-id.h"

namespace ibcm
{

namespace
{

/** Four rounds of a Feistel network, each with its key, look random to who sees ids only. */
constexpr unsigned kRounds = 4;

/** A mix by multiplication and shifts; a Feistel network needs no inverse of it. */
inline std::uint16_t Round(std::uint64_t key, std::uint16_t half, unsigned round)
{
    std::uint64_t x = key ^ (static_cast<std::uint64_t>(round + 1) * 0x9e3779b97f4a7c15ULL);
    x ^= half;
    x *= 0xff51afd7ed558ccdULL;
    x ^= x >> 33;
    x *= 0xc4ceb9fe1a85ec53ULL;
    return static_cast<std::uint16_t>(x >> 40);
}

} // namespace

std::uint32_t CommIdCodec::Encode(Place place) const
{
    const std::uint32_t plain =
        (static_cast<std::uint32_t>(place.generation) << kSlotBits) | place.slot;
    auto left = static_cast<std::uint16_t>(plain >> 16);
    auto right = static_cast<std::uint16_t>(plain);
    for (unsigned round = 0; round < kRounds; ++round)
    {
        const auto next = static_cast<std::uint16_t>(left ^ Round(m_key, right, round));
        left = right;
        right = next;
    }
    return (static_cast<std::uint32_t>(left) << 16) | right;
}

CommIdCodec::Place CommIdCodec::Decode(std::uint32_t commId) const
{
    auto left = static_cast<std::uint16_t>(commId >> 16);
    auto right = static_cast<std::uint16_t>(commId);
    for (unsigned round = kRounds; round-- > 0;)
    {
        const auto previous = static_cast<std::uint16_t>(right ^ Round(m_key, left, round));
        right = left;
        left = previous;
    }
    const std::uint32_t plain = (static_cast<std::uint32_t>(left) << 16) | right;
    return {plain & (kMaxSlots - 1), static_cast<std::uint8_t>(plain >> kSlotBits)};
}

} // namespace ibcm
