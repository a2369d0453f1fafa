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
    "<!-- Made from Transitions() in src/ibcm/model/protocol.cc by test/ibcm/states_doc_test.cc:\n"
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
    switch (reply)
    {
    case Reply::kNone:
        return "";
    case Reply::kReq:
        return "REQ";
    case Reply::kRep:
        return "REP";
    case Reply::kRtu:
        return "RTU";
    case Reply::kRejCaller:
        return "REJ (caller's reason)";
    case Reply::kRejConsumer:
        return "REJ 28 (consumer)";
    case Reply::kRejTimeout:
        return "REJ 4 (timeout)";
    case Reply::kRejStale:
        return "REJ 10 (stale)";
    case Reply::kDreq:
        return "DREQ";
    case Reply::kDrep:
        return "DREP";
    }
    return "?";
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
    return input >= Input::kReqAccepted && input <= Input::kDrep;
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

std::string StatesText()
{
    std::string text = kHead;
    for (std::size_t s = 0; s < kStateCount; ++s)
    {
        std::vector<std::vector<std::string>> rows{
            {"Input", "Next state", "Sends", "Event", "Also"}};
        for (const Transition& row : Transitions())
        {
            if (row.from != static_cast<State>(s))
            {
                continue;
            }
            const std::string input = ToString(row.input);
            rows.push_back({IsMessage(row.input) ? input : "*" + input + "*",
                            row.to == row.from ? "" : ToString(row.to),
                            NameOf(row.reply),
                            row.event == EventType::kNone ? "" : ToString(row.event),
                            ActionsOf(row.actions)});
        }
        if (rows.size() > 1)
        {
            text += "\n## " + std::string(ToString(static_cast<State>(s))) + "\n\n" + Table(rows);
        }
    }
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
