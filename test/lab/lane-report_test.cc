// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Lane diagrams as they are drawn.
#include "lab/helper/lane-report.h"

#include "lab/helper/ascii.h"
#include "lab/helper/lane-rows.h"
#include "lab/helper/text-row.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace lab
{

namespace
{

using interleave::OpKind;
using ::testing::HasSubstr;
using ::testing::Not;

LaneStep Step(std::uint64_t step, const std::string& task, const std::string& text)
{
    LaneStep made;
    made.step = step;
    made.timeNs = static_cast<std::int64_t>(step) * 1000;
    made.task = task;
    made.text = text;
    return made;
}

std::vector<LaneStep> Exchange()
{
    std::vector<LaneStep> steps{
        Step(1, "client/connect", "lock cm_id:1"),
        Step(2, "client/connect", "send"),
        Step(3, "server/worker0", "receive"),
        Step(4, "server/worker0", "access cm_id.state:2 write"),
        Step(5, "server/worker1", "access cm_id.state:2 read"),
    };
    steps[1].kind = OpKind::kSend;
    steps[2].kind = OpKind::kReceive;
    steps[4].decision = "server/worker0 unlock cm_id:2 -> run server/worker1";
    MadRecord req;
    req.from = "client";
    req.to = "server";
    req.kind = "REQ";
    req.sentStep = 2;
    req.receivedStep = 3;
    NameMessages(steps, {req});
    return steps;
}

TEST(LaneReport, TellsWhoDidWhatInWhichOrder)
{
    LaneOptions options;
    options.marks = {4, 5};
    EXPECT_EQ(LaneReport(Exchange(), "data-race: state of cm_id", options),
              R"(1 client/connect  2 server/worker0  3 server/worker1
                     client server
  step         time  1      2  3
     1         1 µs  ●             lock cm_id:1
     2         2 µs  ●────▶        send REQ to server
     3         3 µs    ────▶●      receive REQ of client
     4         4 µs         ◆      access cm_id.state:2 write
  » server/worker0 unlock cm_id:2 -> run server/worker1
     5         5 µs            ◆   access cm_id.state:2 read
✗ data-race: state of cm_id
)");
}

TEST(LaneReport, LeavesOutWhatSaysLittle)
{
    std::vector<LaneStep> steps;
    for (std::uint64_t i = 1; i <= 100; ++i)
    {
        steps.push_back(Step(i, i % 2 == 0 ? "a/x" : "b/y", "lock m:1"));
    }
    steps[40].decision = "a/x lock m:1 -> run b/y";
    const std::string text = LaneReport(steps, "", {});
    EXPECT_THAT(text, HasSubstr("39 more operations"));
    EXPECT_THAT(text, HasSubstr("» a/x lock m:1 -> run b/y"));
    EXPECT_THAT(text, HasSubstr("\n   100 "));
    EXPECT_THAT(text, Not(HasSubstr("\n    60 ")));
}

TEST(LaneRows, GiveUpTheLeastWantedFirst)
{
    std::vector<LaneStep> steps;
    for (std::uint64_t i = 1; i <= 300; ++i)
    {
        steps.push_back(Step(i, "a/x", "send REQ to b"));
        steps.back().peer = "b";
    }
    steps[5].decision = "net REQ a->b -> drop";
    const std::vector<LaneRow> rows = LaneRows(steps, {2}, 20);
    ASSERT_EQ(rows.size(), 20U);
    EXPECT_EQ(rows[0].skipped, 0U);
    EXPECT_TRUE(rows[1].marked);
    EXPECT_EQ(rows.back().index, 299U);
    std::size_t left = 0;
    for (const LaneRow& row : rows)
    {
        left += row.skipped;
    }
    EXPECT_EQ(left, 280U);
    EXPECT_TRUE(std::ranges::any_of(rows, [](const LaneRow& row) { return row.index == 5; }));
}

TEST(LaneReport, SaysThatNothingHappened)
{
    EXPECT_EQ(LaneReport({}, "", {}), "Nothing happened in any task.\n");
}

TEST(Ascii, KeepsTheColumns)
{
    EXPECT_EQ(AsciiOf("├─▶│ 2 µs ✗ ●─◆ plain"), "+->| 2 us X *-# plain");
    EXPECT_EQ(AsciiOf("ü"), "?");
    const std::string drawn = LaneReport(Exchange(), "", {});
    EXPECT_EQ(AsciiOf(drawn).size(), ColumnsOf(drawn));
}

} // namespace

} // namespace lab
