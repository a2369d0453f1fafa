// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/digest.h"

#include <fmt/format.h>

namespace interleave
{

std::uint64_t HashText(std::string_view text)
{
    // FNV-1a, then mixed: short names differ in few bits.
    std::uint64_t hash = 0xcbf2'9ce4'8422'2325ULL;
    for (const char character : text)
    {
        hash = (hash ^ static_cast<std::uint8_t>(character)) * 0x0000'0100'0000'01b3ULL;
    }
    return MixBits(hash);
}

void Digest::Mix(std::span<const std::uint8_t> bytes)
{
    Mix(static_cast<std::uint64_t>(bytes.size()));
    std::uint64_t word = 0;
    unsigned int filled = 0;
    for (const std::uint8_t byte : bytes)
    {
        // Put together by value, not copied: the same on either byte order.
        word |= static_cast<std::uint64_t>(byte) << (8 * filled);
        if (++filled == 8)
        {
            Mix(word);
            word = 0;
            filled = 0;
        }
    }
    if (filled != 0)
    {
        Mix(word);
    }
}

std::string Digest::Text() const
{
    return fmt::format("{:016x}", Value());
}

} // namespace interleave
