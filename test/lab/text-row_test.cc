// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/text-row.h"

#include <gtest/gtest.h>

namespace lab
{

namespace
{

TEST(TextRow, PutsTextOverText)
{
    TextRow row;
    row.Put(2, "──▶");
    row.Put(3, "x");
    row.PutBefore(9, "end");
    EXPECT_EQ(row.Render(false), "  ─x▶  end\n");
    EXPECT_EQ(row.Width(), 10U);
}

TEST(TextRow, CutsWhatDoesNotFitOnTheLeft)
{
    TextRow row;
    row.PutBefore(3, "abcdef");
    EXPECT_EQ(row.Render(false), "abc…\n");
}

TEST(TextRow, EndsWithoutBlanks)
{
    TextRow row;
    row.Put(0, "a   ");
    EXPECT_EQ(row.Render(false), "a\n");
    EXPECT_EQ(TextRow().Render(true), "\n");
}

TEST(TextRow, ColoursRuns)
{
    TextRow row;
    row.Put(0, "ab", Ink::kGood);
    row.Put(2, "c");
    EXPECT_EQ(row.Render(true), "\x1b[32mab\x1b[0mc\n");
    EXPECT_EQ(row.Render(false), "abc\n");
}

TEST(Text, CountsCharacters)
{
    EXPECT_EQ(ColumnsOf(""), 0U);
    EXPECT_EQ(ColumnsOf("µs→"), 3U);
    EXPECT_EQ(CutTo("µs→", 3), "µs→");
    EXPECT_EQ(CutTo("µs→x", 3), "µs…");
    EXPECT_EQ(CutTo("ab", 0), "");
    EXPECT_EQ(CutTo("ab", 1), "…");
}

TEST(Text, ShowsAnyBytes)
{
    EXPECT_EQ(Printable("plain µ → 字 😀"), "plain µ → 字 😀");
    EXPECT_EQ(Printable("a\tb\x1b[m\x7f"), "a·b·[m·");
    EXPECT_EQ(Printable("\xc2\x85"), "·");            // a C1 control
    EXPECT_EQ(Printable("\xff\xc3"), "··");           // never valid; cut off
    EXPECT_EQ(Printable("\xc0\xaf"), "··");           // overlong
    EXPECT_EQ(Printable("\xed\xa0\x80"), "···");      // a surrogate
    EXPECT_EQ(Printable("\xf4\x90\x80\x80"), "····"); // beyond the last character
    EXPECT_EQ(Printable(std::string_view("\0", 1)), "·");
}

TEST(Text, GroupsDigits)
{
    EXPECT_EQ(Grouped(0), "0");
    EXPECT_EQ(Grouped(999), "999");
    EXPECT_EQ(Grouped(1'000), "1,000");
    EXPECT_EQ(Grouped(1'234'567), "1,234,567");
}

} // namespace

} // namespace lab
