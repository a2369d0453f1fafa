// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/digest.h"

#include <fmt/format.h>

namespace interleave
{

namespace
{

constexpr std::size_t kWordBytes = 8;

/** Put together by value, not copied: the same on either byte order. */
inline std::uint64_t WordAt(const std::uint8_t* bytes, std::size_t count)
{
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < count; ++i)
    {
        word |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
    }
    return word;
}

} // namespace

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
    for (; bytes.size() >= kWordBytes; bytes = bytes.subspan(kWordBytes))
    {
        Mix(WordAt(bytes.data(), kWordBytes));
    }
    if (!bytes.empty())
    {
        Mix(WordAt(bytes.data(), bytes.size()));
    }
}

std::string Digest::Text() const
{
    return fmt::format("{:016x}", Value());
}

} // namespace interleave
