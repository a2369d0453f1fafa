// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-wire/model/print.h"

namespace ibwire::detail
{

namespace
{

constexpr std::string_view kDigits = "0123456789abcdef";

} // namespace

std::string FormatNumber(std::uint64_t value, std::size_t bits, Show show)
{
    if (show == Show::kDecimal)
    {
        return std::to_string(value);
    }
    std::string text = "0x";
    for (std::size_t digit = (bits + 3) / 4; digit-- > 0;)
    {
        text += kDigits[value >> (4 * digit) & 0xf];
    }
    return text;
}

std::string FormatBytes(std::span<const std::uint8_t> bytes)
{
    std::size_t used = bytes.size();
    while (used > 0 && bytes[used - 1] == 0)
    {
        --used;
    }
    std::string text;
    for (const std::uint8_t byte : bytes.first(used))
    {
        text += kDigits[byte >> 4];
        text += kDigits[byte & 0xf];
    }
    if (used < bytes.size())
    {
        text += text.empty() ? "" : " ";
        text += "+" + std::to_string(bytes.size() - used) + " zero bytes";
    }
    return text;
}

} // namespace ibwire::detail
