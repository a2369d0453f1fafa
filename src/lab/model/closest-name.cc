// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/closest-name.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace lab
{

namespace
{

char Lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/** Single-letter changes and exchanges of neighbours that turn one word into the other. */
std::size_t Distance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> before;
    std::vector<std::size_t> above(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
    {
        above[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i)
    {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j)
        {
            const bool same = Lower(a[i - 1]) == Lower(b[j - 1]);
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
            if (i > 1 && j > 1 && Lower(a[i - 1]) == Lower(b[j - 2]) &&
                Lower(a[i - 2]) == Lower(b[j - 1]))
            {
                row[j] = std::min(row[j], before[j - 2] + 1);
            }
        }
        before = above;
        above = row;
    }
    return above[b.size()];
}

} // namespace

std::string_view ClosestName(std::string_view word, std::span<const std::string_view> names)
{
    // A third of the letters may be wrong: "sevrice" is service, "bits" is not port.
    std::size_t best = std::max<std::size_t>(1, word.size() / 3) + 1;
    std::string_view closest;
    for (const std::string_view name : names)
    {
        const std::size_t distance = Distance(word, name);
        if (distance < best && distance < name.size())
        {
            best = distance;
            closest = name;
        }
    }
    return closest;
}

std::string DidYouMean(std::string_view word, std::span<const std::string_view> names)
{
    const std::string_view closest = ClosestName(word, names);
    return closest.empty() ? std::string() : " (did you mean '" + std::string(closest) + "'?)";
}

std::string JoinNames(std::span<const std::string_view> names)
{
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i)
    {
        text += i == 0 ? "" : i + 1 == names.size() ? " or " : ", ";
        text += names[i];
    }
    return text;
}

} // namespace lab
