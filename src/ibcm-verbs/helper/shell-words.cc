// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/helper/shell-words.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <string.h> // strerrorname_np, which <cstring> does not promise

#include <array>
#include <charconv>
#include <cstring>
#include <system_error>

namespace cmverbs
{

namespace
{

constexpr std::string_view kBlanks = " \t\r\n\v\f";
constexpr int kHexBase = 16;

/** Nothing unless all of @p word is digits of @p base. */
std::optional<std::uint64_t> Digits(std::string_view word, int base)
{
    std::uint64_t value = 0;
    const char* const end = word.data() + word.size();
    const auto [rest, error] = std::from_chars(word.data(), end, value, base);
    if (error != std::errc{} || rest != end)
    {
        return std::nullopt;
    }
    return value;
}

} // namespace

ShellWords SplitWords(std::string_view line)
{
    ShellWords words;
    std::size_t start = line.find_first_not_of(kBlanks);
    while (start != std::string_view::npos)
    {
        const std::size_t end = std::min(line.find_first_of(kBlanks, start), line.size());
        words.push_back(line.substr(start, end - start));
        start = line.find_first_not_of(kBlanks, end);
    }
    return words;
}

std::optional<std::uint32_t> ParseNumber(std::string_view word,
                                         std::uint32_t least,
                                         std::uint32_t most)
{
    const bool hex = word.starts_with("0x");
    const auto value = hex ? Digits(word.substr(2), kHexBase) : Digits(word, 10);
    if (!value || *value < least || *value > most)
    {
        return std::nullopt;
    }
    return static_cast<std::uint32_t>(*value);
}

std::optional<std::vector<std::uint8_t>> ParseHex(std::string_view word)
{
    if (word.size() % 2 != 0)
    {
        return std::nullopt;
    }
    std::vector<std::uint8_t> bytes;
    for (std::size_t i = 0; i < word.size(); i += 2)
    {
        const auto byte = Digits(word.substr(i, 2), kHexBase);
        if (!byte)
        {
            return std::nullopt;
        }
        bytes.push_back(static_cast<std::uint8_t>(*byte));
    }
    return bytes;
}

std::string ToHexText(std::span<const std::uint8_t> bytes)
{
    while (!bytes.empty() && bytes.back() == 0)
    {
        bytes = bytes.first(bytes.size() - 1);
    }
    std::string text;
    for (const std::uint8_t byte : bytes)
    {
        text += fmt::format("{:02x}", byte);
    }
    return text;
}

std::optional<ibcm::Ece> ParseEce(std::string_view word)
{
    constexpr std::uint32_t kMostVendor = 0xffffff;
    const std::size_t colon = word.find(':');
    if (colon == std::string_view::npos)
    {
        return std::nullopt;
    }
    const auto vendor = ParseNumber(word.substr(0, colon), 0, kMostVendor);
    const auto options = ParseNumber(word.substr(colon + 1), 0, UINT32_MAX);
    if (!vendor || !options)
    {
        return std::nullopt;
    }
    return ibcm::Ece{*vendor, *options};
}

std::optional<ibcm::IpAddress> ParseIpAddress(std::string_view word)
{
    const std::string text(word); // ends with a zero, as inet_pton wants it
    in_addr v4{};
    if (inet_pton(AF_INET, text.c_str(), &v4) == 1)
    {
        return ibcm::IpAddress::V4(ntohl(v4.s_addr));
    }
    ibwire::Gid v6;
    if (inet_pton(AF_INET6, text.c_str(), v6.raw.data()) == 1)
    {
        return ibcm::IpAddress::V6(v6);
    }
    return std::nullopt;
}

std::string ErrnoName(int code)
{
    const char* const name = strerrorname_np(code);
    return name != nullptr ? std::string(name) : fmt::format("error {}", code);
}

std::string ErrnoText(int code)
{
    return std::generic_category().message(code);
}

} // namespace cmverbs
