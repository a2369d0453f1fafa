// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/topology-scanner.h"

#include <charconv>

namespace ns3
{

namespace
{

bool IsBlank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

bool IsWordCharacter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
}

} // namespace

TopologyScanner::TopologyScanner(std::string_view line)
    : m_rest(line)
{
}

void TopologyScanner::SkipBlanks()
{
    while (!m_rest.empty() && IsBlank(m_rest.front()))
    {
        m_rest.remove_prefix(1);
    }
}

bool TopologyScanner::AtEnd()
{
    SkipBlanks();
    return m_rest.empty();
}

bool TopologyScanner::Take(std::string_view text)
{
    SkipBlanks();
    if (!m_rest.starts_with(text))
    {
        return false;
    }
    m_rest.remove_prefix(text.size());
    return true;
}

std::string_view TopologyScanner::TakeWord()
{
    SkipBlanks();
    std::size_t length = 0;
    while (length < m_rest.size() && IsWordCharacter(m_rest[length]))
    {
        ++length;
    }
    const std::string_view word = m_rest.substr(0, length);
    m_rest.remove_prefix(length);
    return word;
}

std::optional<std::uint64_t> TopologyScanner::TakeNumber(int base)
{
    SkipBlanks();
    std::string_view digits = m_rest;
    if (base == 16 && digits.starts_with("0x"))
    {
        digits.remove_prefix(2);
    }
    std::uint64_t value = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (error != std::errc{})
    {
        return std::nullopt;
    }
    m_rest = digits.substr(static_cast<std::size_t>(end - digits.data()));
    return value;
}

std::optional<std::string> TopologyScanner::TakeQuoted()
{
    SkipBlanks();
    if (!m_rest.starts_with('"'))
    {
        return std::nullopt;
    }
    const std::size_t end = m_rest.find('"', 1);
    if (end == std::string_view::npos)
    {
        return std::nullopt;
    }
    std::string text(m_rest.substr(1, end - 1));
    m_rest.remove_prefix(end + 1);
    return text;
}

std::string_view TopologyScanner::Rest()
{
    SkipBlanks();
    while (!m_rest.empty() && IsBlank(m_rest.back()))
    {
        m_rest.remove_suffix(1);
    }
    return m_rest;
}

std::string TopologyScanner::Describe()
{
    const std::string_view rest = Rest();
    if (rest.empty())
    {
        return "the end of the line";
    }
    constexpr std::size_t kMost = 32;
    std::string text = "'";
    for (const char c : rest.substr(0, kMost))
    {
        // Binary rubbish must not reach the terminal.
        text += c >= 0x20 && c < 0x7f ? c : '?';
    }
    return text + (rest.size() > kMost ? "...'" : "'");
}

} // namespace ns3
