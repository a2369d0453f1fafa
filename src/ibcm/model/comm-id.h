// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_COMM_ID_H
#define IBCM_COMM_ID_H

#include <cstdint>

namespace ibcm
{

/**
 * Turns (slot, generation) into a 32-bit communication id and back, by a permutation with a random
 * key: ids on the wire cannot be guessed, the lookup of an id is an array access, and a message for
 * a former user of a slot does not reach the present one, as their generations differ.
 */
class CommIdCodec
{
  public:
    static constexpr unsigned kSlotBits = 24;
    static constexpr std::uint32_t kMaxSlots = 1U << kSlotBits;

    struct Place
    {
        std::uint32_t slot; ///< below kMaxSlots
        std::uint8_t generation;

        friend bool operator==(const Place&, const Place&) = default;
    };

    explicit CommIdCodec(std::uint64_t key)
        : m_key(key)
    {
    }

    /** May be 0, which the wire reserves for "none": the caller then takes the next generation. */
    std::uint32_t Encode(Place place) const;
    Place Decode(std::uint32_t commId) const;

  private:
    std::uint64_t m_key;
};

} // namespace ibcm

#endif /* IBCM_COMM_ID_H */
