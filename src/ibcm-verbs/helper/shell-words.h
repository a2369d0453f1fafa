// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_SHELL_WORDS_H
#define IBCM_VERBS_SHELL_WORDS_H

#include "ibcm/model/ip-cm.h"
#include "ibcm/model/parameters.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/**
 * @file
 * What the words of the shell's lines stand for: numbers, bytes, addresses. Pure functions.
 */

namespace cmverbs
{

using ShellWords = std::vector<std::string_view>;

/** The words of a line, which are separated by blanks; they refer to @p line. */
ShellWords SplitWords(std::string_view line);

/** Decimal, or hexadecimal after 0x. Nothing if it is no number or not in @p least .. @p most. */
std::optional<std::uint32_t> ParseNumber(std::string_view word,
                                         std::uint32_t least,
                                         std::uint32_t most);

/** Two hexadecimal digits a byte. Nothing if there are others, or an odd number of them. */
std::optional<std::vector<std::uint8_t>> ParseHex(std::string_view word);

/** The bytes as ParseHex reads them, without zero bytes at the end. */
std::string ToHexText(std::span<const std::uint8_t> bytes);

/** VENDOR:ATTRMOD, each a number; the vendor has 24 bits. */
std::optional<ibcm::Ece> ParseEce(std::string_view word);

/** An IPv4 or IPv6 address in its usual form. */
std::optional<ibcm::IpAddress> ParseIpAddress(std::string_view word);

/** "EINVAL" for 22; the number in words if it has no name. */
std::string ErrnoName(int code);

/** "Invalid argument" for 22. */
std::string ErrnoText(int code);

} // namespace cmverbs

#endif /* IBCM_VERBS_SHELL_WORDS_H */
