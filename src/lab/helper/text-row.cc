// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/text-row.h"

#include <algorithm>

namespace lab
{

namespace
{

const char* StartOf(Ink ink)
{
    switch (ink)
    {
    case Ink::kDim:
        return "\x1b[2m";
    case Ink::kBold:
        return "\x1b[1m";
    case Ink::kGood:
        return "\x1b[32m";
    case Ink::kWarning:
        return "\x1b[33m";
    case Ink::kBad:
        return "\x1b[1;31m";
    case Ink::kMessage:
        return "\x1b[36m";
    case Ink::kData:
        return "\x1b[35m";
    case Ink::kPlain:
        break;
    }
    return "";
}

bool IsContinuation(char c)
{
    return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

/** Bytes of the character in front, also if its bytes are wrong. */
std::size_t GlyphBytes(std::string_view text)
{
    std::size_t size = 1;
    while (size < text.size() && IsContinuation(text[size]))
    {
        ++size;
    }
    return size;
}

/** Length of the well-formed UTF-8 character in front; 0 if there is none. */
std::size_t ValidGlyphBytes(std::string_view text)
{
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const std::size_t size = byte(0) < 0x80   ? 1
                             : byte(0) < 0xc2 ? 0
                             : byte(0) < 0xe0 ? 2
                             : byte(0) < 0xf0 ? 3
                             : byte(0) < 0xf5 ? 4
                                              : 0;
    if (size == 0 || size > text.size())
    {
        return 0;
    }
    for (std::size_t i = 1; i < size; ++i)
    {
        if (!IsContinuation(text[i]))
        {
            return 0;
        }
    }
    // Overlong forms, surrogates, and what lies beyond the last character.
    const bool outOfRange =
        size > 2 && ((byte(0) == 0xe0 && byte(1) < 0xa0) || (byte(0) == 0xed && byte(1) > 0x9f) ||
                     (byte(0) == 0xf0 && byte(1) < 0x90) || (byte(0) == 0xf4 && byte(1) > 0x8f));
    return outOfRange ? 0 : size;
}

/** C0 and C1 controls and DEL. */
bool IsControl(std::string_view glyph)
{
    const auto first = static_cast<unsigned char>(glyph[0]);
    return first < 0x20 || first == 0x7f ||
           (first == 0xc2 && static_cast<unsigned char>(glyph[1]) < 0xa0);
}

} // namespace

std::string Inked(std::string_view text, Ink ink, bool colour)
{
    if (!colour || ink == Ink::kPlain)
    {
        return std::string(text);
    }
    return StartOf(ink) + std::string(text) + "\x1b[0m";
}

std::size_t ColumnsOf(std::string_view text)
{
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return !IsContinuation(c); }));
}

std::string CutTo(std::string_view text, std::size_t columns)
{
    if (ColumnsOf(text) <= columns)
    {
        return std::string(text);
    }
    std::string shown;
    for (std::size_t i = 0; i + 1 < columns; ++i)
    {
        const std::size_t size = GlyphBytes(text);
        shown += text.substr(0, size);
        text.remove_prefix(size);
    }
    return columns == 0 ? shown : shown + "…";
}

std::string Printable(std::string_view bytes)
{
    std::string text;
    while (!bytes.empty())
    {
        const std::size_t size = ValidGlyphBytes(bytes);
        const std::string_view glyph = bytes.substr(0, std::max<std::size_t>(size, 1));
        text += size == 0 || IsControl(glyph) ? std::string_view("·") : glyph;
        bytes.remove_prefix(glyph.size());
    }
    return text;
}

std::string Grouped(unsigned long long number)
{
    std::string text = std::to_string(number);
    for (std::size_t i = text.size(); i > 3; i -= 3)
    {
        text.insert(i - 3, ",");
    }
    return text;
}

void TextRow::Put(std::size_t column, std::string_view text, Ink ink)
{
    m_cells.resize(std::max(m_cells.size(), column + ColumnsOf(text)));
    while (!text.empty())
    {
        const std::size_t size = GlyphBytes(text);
        m_cells[column++] = {std::string(text.substr(0, size)), ink};
        text.remove_prefix(size);
    }
}

void TextRow::PutBefore(std::size_t column, std::string_view text, Ink ink)
{
    const std::string shown = CutTo(text, column + 1);
    Put(column + 1 - ColumnsOf(shown), shown, ink);
}

std::string TextRow::Render(bool colour) const
{
    std::size_t end = m_cells.size();
    while (end > 0 && m_cells[end - 1].glyph == " ")
    {
        --end;
    }
    std::string line;
    for (std::size_t i = 0; i < end;)
    {
        const Ink ink = m_cells[i].ink;
        std::string run;
        for (; i < end && m_cells[i].ink == ink; ++i)
        {
            run += m_cells[i].glyph;
        }
        line += Inked(run, ink, colour);
    }
    return line + "\n";
}

} // namespace lab
