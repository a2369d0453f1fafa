// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/ascii.h"

#include <algorithm>
#include <utility>

namespace lab
{

namespace
{

constexpr std::pair<std::string_view, char> kGlyphs[] = {
    {"─", '-'}, {"━", '='}, {"═", '='},  {"┄", '.'}, {"╌", '.'}, {"│", '|'}, {"┃", '|'},
    {"┊", ':'}, {"├", '+'}, {"┤", '+'},  {"╴", '-'}, {"╶", '-'}, {"┬", '+'}, {"┴", '+'},
    {"┼", '+'}, {"└", '`'}, {"┘", '\''}, {"┌", ','}, {"┐", '.'}, {"▶", '>'}, {"◀", '<'},
    {"→", '>'}, {"←", '<'}, {"✗", 'X'},  {"●", '*'}, {"◆", '#'}, {"○", 'o'}, {"↻", '@'},
    {"…", '~'}, {"·", '.'}, {"×", 'x'},  {"µ", 'u'}, {"█", '#'}, {"–", '-'}, {"▼", 'v'},
};

bool IsContinuation(char c)
{
    return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

} // namespace

std::string AsciiOf(std::string_view text)
{
    std::string ascii;
    ascii.reserve(text.size());
    while (!text.empty())
    {
        std::size_t size = 1;
        while (size < text.size() && IsContinuation(text[size]))
        {
            ++size;
        }
        const std::string_view glyph = text.substr(0, size);
        text.remove_prefix(size);
        if (size == 1 && static_cast<unsigned char>(glyph[0]) < 0x80)
        {
            ascii += glyph[0];
            continue;
        }
        const auto* const found =
            std::ranges::find(kGlyphs, glyph, &std::pair<std::string_view, char>::first);
        ascii += found == std::end(kGlyphs) ? '?' : found->second;
    }
    return ascii;
}

} // namespace lab
