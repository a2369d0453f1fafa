// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_RANDOM_H
#define INTERLEAVE_RANDOM_H

#include <array>
#include <cstdint>
#include <string_view>

namespace interleave
{

/**
 * Random numbers that are the same on every compiler and machine: xoshiro256** (Blackman, Vigna,
 * "Scrambled linear pseudorandom number generators", 2021), bounded by Lemire's method ("Fast
 * random integer generation in an interval", 2019). Streams drawn from one seed under different
 * names are independent, so that a new draw in one shifts no other.
 */
class Random
{
  public:
    explicit Random(std::uint64_t seed);
    /** The stream called @p stream of @p seed. */
    Random(std::uint64_t seed, std::string_view stream);

    /** 64 random bits. */
    std::uint64_t Next()
    {
        const std::uint64_t result = Rotate(m_state[1] * 5, 7) * 9;
        const std::uint64_t shifted = m_state[1] << 17;
        m_state[2] ^= m_state[0];
        m_state[3] ^= m_state[1];
        m_state[1] ^= m_state[2];
        m_state[0] ^= m_state[3];
        m_state[2] ^= shifted;
        m_state[3] = Rotate(m_state[3], 45);
        return result;
    }

    /** Uniform in 0 .. @p bound - 1; @p bound must not be 0. */
    std::uint32_t Below(std::uint32_t bound)
    {
        std::uint64_t product = (Next() >> 32) * bound;
        auto low = static_cast<std::uint32_t>(product);
        if (low < bound) [[unlikely]]
        {
            const std::uint32_t threshold = (0U - bound) % bound;
            while (low < threshold)
            {
                product = (Next() >> 32) * bound;
                low = static_cast<std::uint32_t>(product);
            }
        }
        return static_cast<std::uint32_t>(product >> 32);
    }

    /** True @p numerator times in @p denominator, which must not be 0. */
    bool Chance(std::uint32_t numerator, std::uint32_t denominator)
    {
        return Below(denominator) < numerator;
    }

  private:
    static constexpr std::uint64_t Rotate(std::uint64_t value, int bits)
    {
        return (value << bits) | (value >> (64 - bits));
    }

    std::array<std::uint64_t, 4> m_state;
};

} // namespace interleave

#endif // INTERLEAVE_RANDOM_H
