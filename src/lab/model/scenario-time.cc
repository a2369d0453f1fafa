// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Times as people write and read them.
#include "lab/model/scenario.h"

#include <fmt/format.h>

#include <array>

namespace lab
{

namespace
{

struct Unit
{
    std::string_view name;
    std::int64_t ns;
};

constexpr std::array<Unit, 5> kUnits{{
    {"ns", 1},
    {"us", 1'000},
    {"µs", 1'000},
    {"ms", 1'000'000},
    {"s", 1'000'000'000},
}};

// A century is beyond any run, and leaves room to add times without overflow.
constexpr std::int64_t kLongestNs = 3'155'760'000'000'000'000;

bool IsDigit(char c)
{
    return c >= '0' && c <= '9';
}

/** Cuts the digits off the front of @p text. */
std::string_view TakeDigits(std::string_view& text)
{
    std::size_t size = 0;
    while (size < text.size() && IsDigit(text[size]))
    {
        ++size;
    }
    const std::string_view digits = text.substr(0, size);
    text.remove_prefix(size);
    return digits;
}

/** The whole and the broken part of a number in units of @p ns; nothing if it is no whole ns. */
std::optional<std::int64_t> Scale(std::string_view whole, std::string_view part, std::int64_t ns)
{
    std::int64_t value = 0;
    for (const char digit : whole)
    {
        if (value > kLongestNs / 10)
        {
            return std::nullopt;
        }
        value = value * 10 + (digit - '0');
    }
    if (value > kLongestNs / ns)
    {
        return std::nullopt;
    }
    value *= ns;
    for (const char digit : part)
    {
        if (ns % 10 != 0 && digit != '0')
        {
            return std::nullopt;
        }
        ns /= 10;
        value += (digit - '0') * ns;
    }
    return value <= kLongestNs ? std::optional(value) : std::nullopt;
}

} // namespace

std::optional<std::int64_t> ParseTime(std::string_view text)
{
    const std::string_view whole = TakeDigits(text);
    std::string_view part;
    if (whole.empty())
    {
        return std::nullopt;
    }
    if (text.starts_with('.'))
    {
        text.remove_prefix(1);
        part = TakeDigits(text);
        if (part.empty())
        {
            return std::nullopt;
        }
    }
    if (text.starts_with(' '))
    {
        text.remove_prefix(1);
    }
    for (const Unit& unit : kUnits)
    {
        if (text == unit.name)
        {
            return Scale(whole, part, unit.ns);
        }
    }
    // Nothing needs no unit.
    return text.empty() && whole == "0" && part.empty() ? std::optional<std::int64_t>(0)
                                                        : std::nullopt;
}

std::string FormatTime(std::int64_t ns)
{
    if (ns < 0)
    {
        return "-" + FormatTime(-ns);
    }
    // Three decimals at most: what is left out is less than a thousandth of the unit.
    const Unit& unit = ns < 1'000           ? kUnits[0]
                       : ns < 1'000'000     ? kUnits[2]
                       : ns < 1'000'000'000 ? kUnits[3]
                                            : kUnits[4];
    std::string text = fmt::format("{}", ns / unit.ns);
    if (unit.ns > 1)
    {
        std::string part = fmt::format(".{:03}", ns % unit.ns / (unit.ns / 1'000));
        part.erase(part.find_last_not_of(".0") + 1);
        text += part;
    }
    return fmt::format("{} {}", text, unit.name);
}

std::string InputError::Text() const
{
    return fmt::format("{}{}: found {}, expected {}",
                       file,
                       line == 0 ? "" : fmt::format(":{}", line),
                       found,
                       expected);
}

} // namespace lab
