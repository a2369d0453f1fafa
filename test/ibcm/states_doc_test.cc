// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// doc/states.md is made from the state table; this test makes it again and compares. After a change
// of the table: WEFT_UPDATE_DOC=1 ./weft test ibcm
#include "ibcm/model/protocol.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace ibcm::test
{
namespace
{

constexpr const char* kPath = "doc/states.md"; // tests run at the top of the checkout

constexpr const char* kHead =
    "# The states of a connection\n"
    "\n"
    "<!-- Made from the tables in src/ibcm/model/protocol.cc by test/ibcm/states_doc_test.cc:\n"
    "     do not edit; WEFT_UPDATE_DOC=1 ./weft test ibcm writes it again. -->\n"
    "\n"
    "What the Connection Manager does in each state on each input (InfiniBand Architecture vol. "
    "1,\n"
    "12.9.7). A call that has no row here is refused, a message is dropped and counted. Messages "
    "in\n"
    "upper case come from the peer; *calls* come from the consumer; a *timeout* means that all "
    "retries\n"
    "have run out.\n";

const char* NameOf(Reply reply)
{
    constexpr const char* kNames[] = {
        "",
        "REQ",
        "REP",
        "RTU",
        "MRA of REQ",
        "MRA of REP",
        "MRA of LAP",
        "REJ (caller's reason)",
        "REJ 28 (consumer)",
        "REJ 4 (timeout)",
        "REJ 10 (stale)",
        "DREQ",
        "DREQ, once",
        "DREP",
        "LAP",
        "APR",
        "SIDR_REQ",
        "SIDR_REP",
        "SIDR_REP, status 2",
    };
    static_assert(std::size(kNames) == static_cast<std::size_t>(Reply::kSidrRejected) + 1);
    return kNames[static_cast<std::size_t>(reply)];
}

std::string ActionsOf(std::uint8_t actions)
{
    struct Named
    {
        Action bit;
        const char* name;
    };

    constexpr Named kNames[] = {
        {kCancelSend, "stop the outstanding send"},
        {kEnterTimewait, "start the timewait timer"},
        {kForgetPeer, "forget the peer"},
        {kLeavePeer, "the peer's record ages on its own"},
        {kUnlisten, "stop listening"},
        {kExtendWait, "wait longer"},
        {kForgetSidr, "forget the SIDR_REQ"},
        {kUsePath, "use the alternate path"},
    };
    std::string text;
    unsigned known = 0;
    for (const Named& named : kNames)
    {
        known |= named.bit;
        if ((actions & named.bit) != 0)
        {
            text += (text.empty() ? "" : ", ") + std::string(named.name);
        }
    }
    EXPECT_EQ(actions & ~known, 0U) << "an action that doc/states.md has no words for";
    return text;
}

bool IsMessage(Input input)
{
    return (input >= Input::kReqAccepted && input <= Input::kSidrRep) ||
           input == Input::kRedirected;
}

/** A table with columns as wide as their longest cell, so that the page also reads as plain text.
 */
std::string Table(const std::vector<std::vector<std::string>>& rows)
{
    std::vector<std::size_t> widths(rows.front().size());
    for (const auto& row : rows)
    {
        for (std::size_t i = 0; i < row.size(); ++i)
        {
            widths[i] = std::max(widths[i], row[i].size());
        }
    }
    std::string text;
    for (std::size_t r = 0; r < rows.size(); ++r)
    {
        for (std::size_t i = 0; i < widths.size(); ++i)
        {
            text += "| " + rows[r][i] + std::string(widths[i] - rows[r][i].size() + 1, ' ');
        }
        text += "|\n";
        if (r == 0)
        {
            for (const std::size_t width : widths)
            {
                text += "|" + std::string(width + 2, '-');
            }
            text += "|\n";
        }
    }
    return text;
}

using Rows = std::vector<std::vector<std::string>>;

const Rows kHeadings{{"Input", "Next state", "Sends", "Event", "Also"}};

template <class Row>
std::vector<std::string> Cells(const Row& row)
{
    const std::string input = ToString(row.input);
    return {IsMessage(row.input) ? input : "*" + input + "*",
            row.to == row.from ? "" : ToString(row.to),
            NameOf(row.reply),
            row.event == EventType::kNone ? "" : ToString(row.event),
            ActionsOf(row.actions)};
}

template <class Row, class StateType>
std::string Section(std::span<const Row> all, StateType state, const std::string& title)
{
    Rows rows = kHeadings;
    for (const Row& row : all)
    {
        if (row.from == state)
        {
            rows.push_back(Cells(row));
        }
    }
    return rows.size() > 1 ? "\n## " + title + "\n\n" + Table(rows) : "";
}

template <class Row>
void AddExceptions(Rows& rows,
                   std::span<const Exception<Row>> exceptions,
                   const std::string& prefix)
{
    for (const Exception<Row>& exception : exceptions)
    {
        std::vector<std::string> cells = Cells(exception.row);
        cells.insert(cells.begin(), prefix + ToString(exception.row.from));
        cells.back() = exception.what;
        if (exception.dropped)
        {
            cells[2] = "(dropped)";
        }
        rows.push_back(cells);
    }
}

std::string StatesText()
{
    std::string text = kHead;
    for (std::size_t s = 0; s < kStateCount; ++s)
    {
        const auto state = static_cast<State>(s);
        text += Section(Transitions(), state, ToString(state));
    }
    for (std::size_t s = 0; s < kLapStateCount; ++s)
    {
        const auto state = static_cast<LapState>(s);
        text += Section(
            LapTransitions(), state, std::string("ESTABLISHED, alternate path ") + ToString(state));
    }
    Rows rows{{"State", "Input", "Next state", "Sends", "Event", "Difference"}};
    AddExceptions(rows, LinuxTransitions(), "");
    AddExceptions(rows, LinuxLapTransitions(), "alternate path ");
    text += "\n## With Behaviour::kLinux61\n\nThese rows differ; behaviour.md has what differs "
            "outside the tables.\n\n" +
            Table(rows);
    return text;
}

TEST(StatesDoc, DescribesTheTable)
{
    const std::string text = StatesText();
    if (std::getenv("WEFT_UPDATE_DOC") != nullptr)
    {
        std::ofstream out(kPath, std::ios::binary);
        out << text;
        ASSERT_TRUE(out.flush()) << "cannot write " << kPath;
    }
    std::ifstream in(kPath, std::ios::binary);
    ASSERT_TRUE(in) << "cannot read " << kPath << "; run this at the top of the checkout";
    std::ostringstream present;
    present << in.rdbuf();
    EXPECT_EQ(present.str(), text)
        << "the state table has changed: WEFT_UPDATE_DOC=1 ./weft test ibcm writes " << kPath;
}

} // namespace
} // namespace ibcm::test
