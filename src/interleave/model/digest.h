// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_DIGEST_H
#define INTERLEAVE_DIGEST_H

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace interleave
{

/** SplitMix64's finaliser: every input bit reaches every output bit. */
constexpr std::uint64_t MixBits(std::uint64_t value)
{
    value ^= value >> 30;
    value *= 0xbf58'476d'1ce4'e5b9ULL;
    value ^= value >> 27;
    value *= 0x94d0'49bb'1331'11ebULL;
    return value ^ (value >> 31);
}

/** A 64-bit hash of @p text, the same in every process. */
std::uint64_t HashText(std::string_view text);

/**
 * A rolling digest of what happens in a run: two runs are the same exactly if their digests are
 * (but for one chance in 2^64). Depends on the order, not on the machine, compiler or addresses.
 */
class Digest
{
  public:
    void Mix(std::uint64_t word)
    {
        const std::uint64_t mixed = MixBits(word + 0x9e37'79b9'7f4a'7c15ULL) ^ m_state;
        m_state = ((mixed << 29) | (mixed >> 35)) * 0xd6e8'feb8'6659'fd93ULL + 1;
    }

    /** Bytes, with their number. */
    void Mix(std::span<const std::uint8_t> bytes);

    std::uint64_t Value() const
    {
        return MixBits(m_state);
    }

    /** 16 hexadecimal digits. */
    std::string Text() const;

    void Clear()
    {
        m_state = kInitial;
    }

  private:
    static constexpr std::uint64_t kInitial = 0x57ef'7000'0000'0001ULL;

    std::uint64_t m_state = kInitial;
};

} // namespace interleave

#endif // INTERLEAVE_DIGEST_H
