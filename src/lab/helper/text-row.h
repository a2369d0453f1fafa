// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_TEXT_ROW_H
#define LAB_TEXT_ROW_H

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lab
{

/** How a text looks on a terminal with colours. */
enum class Ink
{
    kPlain,
    kDim,
    kBold,
    kGood,
    kWarning,
    kBad,
    kMessage,
    kData,
};

/** The text between the escape sequences of its ink, or as it is without @p colour. */
std::string Inked(std::string_view text, Ink ink, bool colour);

/** How many columns a UTF-8 text takes, where each character takes one. */
std::size_t ColumnsOf(std::string_view text);

/** At most so many columns of the text, the last of them "…" if something is cut off. */
std::string CutTo(std::string_view text, std::size_t columns);

/** Bytes from outside as text for a terminal: what would move the cursor or is no UTF-8 is "·". */
std::string Printable(std::string_view bytes);

/** "1,234,567": large numbers as people read them. */
std::string Grouped(unsigned long long number);

/** One line of a drawing: text can be put at any column, over what is there. */
class TextRow
{
  public:
    void Put(std::size_t column, std::string_view text, Ink ink = Ink::kPlain);
    /** The same with the last character in @p column; what does not fit on the left is cut off. */
    void PutBefore(std::size_t column, std::string_view text, Ink ink = Ink::kPlain);

    std::size_t Width() const
    {
        return m_cells.size();
    }

    /** The line without blanks at its end, with a line break. */
    std::string Render(bool colour) const;

  private:
    struct Cell
    {
        std::string glyph{" "};
        Ink ink{Ink::kPlain};
    };

    std::vector<Cell> m_cells;
};

} // namespace lab

#endif /* LAB_TEXT_ROW_H */
