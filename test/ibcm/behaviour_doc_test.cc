// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// doc/behaviour.md is complete: its rows name tests that exist, each such test has a row, and each
// row of the state tables that Linux has otherwise stands there.
#include "ibcm/model/protocol.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <string>
#include <vector>

namespace ibcm::test
{
namespace
{

constexpr const char* kPath = "doc/behaviour.md"; // tests run at the top of the checkout
constexpr const char* kSuite = "Differing";

using Cells = std::vector<std::string>;

/** The cells of a table's line, without the blanks around them. */
Cells CellsOf(const std::string& line)
{
    Cells cells;
    std::size_t from = 1;
    for (std::size_t to = line.find('|', from); to != std::string::npos;
         from = to + 1, to = line.find('|', from))
    {
        const std::string cell = line.substr(from, to - from);
        const std::size_t first = cell.find_first_not_of(' ');
        const std::size_t last = cell.find_last_not_of(' ');
        cells.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
    }
    return cells;
}

/** The rows of all tables of the page, without their heads. */
std::vector<Cells> Rows()
{
    std::ifstream in(kPath);
    EXPECT_TRUE(in) << "cannot read " << kPath << "; run this at the top of the checkout";
    std::vector<Cells> rows;
    bool inTable = false;
    for (std::string line; std::getline(in, line);)
    {
        if (line.empty() || line[0] != '|')
        {
            inTable = false;
        }
        else if (line.rfind("|---", 0) == 0)
        {
            inTable = true;
        }
        else if (inTable)
        {
            rows.push_back(CellsOf(line));
        }
    }
    return rows;
}

/** The names of the tests that show a difference. */
std::set<std::string> TestsThere()
{
    std::set<std::string> names;
    const auto* unit = ::testing::UnitTest::GetInstance();
    for (int s = 0; s < unit->total_test_suite_count(); ++s)
    {
        const auto* suite = unit->GetTestSuite(s);
        for (int t = 0; suite->name() == std::string(kSuite) && t < suite->total_test_count(); ++t)
        {
            names.insert(std::string("`") + kSuite + "." + suite->GetTestInfo(t)->name() + "`");
        }
    }
    return names;
}

template <class Row>
void ExpectDescribed(const std::vector<Cells>& rows,
                     std::span<const Exception<Row>> exceptions,
                     const std::string& prefix)
{
    for (const Exception<Row>& exception : exceptions)
    {
        const Cells begins{
            prefix + ToString(exception.row.from), ToString(exception.row.input), exception.what};
        EXPECT_EQ(std::count_if(rows.begin(),
                                rows.end(),
                                [&](const Cells& row) {
                                    return row.size() > begins.size() &&
                                           std::equal(begins.begin(), begins.end(), row.begin());
                                }),
                  1)
            << kPath << " needs the row: | " << begins[0] << " | " << begins[1] << " | "
            << begins[2] << " | why | test |";
    }
}

TEST(BehaviourDoc, EachRowIsWholeAndNamesATestThatThereIs)
{
    const std::set<std::string> there = TestsThere();
    const std::vector<Cells> rows = Rows();
    EXPECT_GT(rows.size(), 30U);
    std::set<std::string> named;
    for (const Cells& row : rows)
    {
        ASSERT_EQ(row.size(), 5U) << row.at(0);
        for (const std::string& cell : row)
        {
            EXPECT_FALSE(cell.empty()) << row[0];
        }
        EXPECT_EQ(there.count(row.back()), 1U) << row[0] << " names no test: " << row.back();
        named.insert(row.back());
    }
    for (const std::string& test : there)
    {
        EXPECT_EQ(named.count(test), 1U) << test << " shows a difference that has no row";
    }
}

TEST(BehaviourDoc, EveryExceptionOfTheTablesIsThere)
{
    const std::vector<Cells> rows = Rows();
    ExpectDescribed(rows, LinuxTransitions(), "");
    ExpectDescribed(rows, LinuxLapTransitions(), "alternate path ");
    // And none that the tables no longer have.
    const auto isOfTables = [](const Cells& row)
    {
        const auto named = [&](const auto& exceptions)
        {
            return std::any_of(exceptions.begin(),
                               exceptions.end(),
                               [&](const auto& one) { return row[2] == one.what; });
        };
        return named(LinuxTransitions()) || named(LinuxLapTransitions());
    };
    EXPECT_EQ(static_cast<std::size_t>(std::count_if(rows.begin(), rows.end(), isOfTables)),
              LinuxTransitions().size() + LinuxLapTransitions().size());
}

} // namespace
} // namespace ibcm::test
