// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/search/explorer.h"

#include "interleave/corpus/corpus.h"
#include "interleave/helper/replay-chooser.h"
#include "interleave/search/stage-program.h"
#include "interleave/search/walk.h"
#include "interleave/world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace interleave::test
{

namespace
{

using corpus::CorpusProgram;
using corpus::FindEntry;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

/** Two violations: which one depends on who comes first, or neither. */
void SetUpTwoDefects(corpus::Stage& stage)
{
    auto& cell = stage.Make<Atomic<int>>(stage.GetEngine(), "cell");
    stage.Spawn("low",
                [&stage, &cell] { stage.Require(cell.Exchange(1) != 2, "high came first"); });
    stage.Spawn("high",
                [&stage, &cell]
                {
                    cell.Load();
                    stage.Require(cell.Exchange(2) != 1, "low came first");
                });
}

TEST(Explorer, KeepsTheFirstRunOfEachViolation)
{
    StageProgram program(SetUpTwoDefects);
    Walk walk;
    Explorer explorer(program, walk, {.seed = 7, .runs = 100});
    explorer.Run();
    EXPECT_EQ(explorer.Runs(), 100);
    ASSERT_THAT(explorer.Findings(), SizeIs(2));
    for (const Finding& finding : explorer.Findings())
    {
        EXPECT_TRUE(finding.reproduced) << finding.signature;
        EXPECT_EQ(finding.strategy, "walk");
        EXPECT_EQ(finding.seed, SeedOfRun(7, finding.run));
        EXPECT_EQ(*finding.log.Header("violation"), finding.signature);
        EXPECT_EQ(Replay(program, finding.log).result.violation->Signature(), finding.signature);
    }
    EXPECT_NE(explorer.Findings()[0].signature, explorer.Findings()[1].signature);
    const StrategyTally& tally = explorer.Tallies().at("walk");
    EXPECT_EQ(tally.runs, 100);
    EXPECT_EQ(tally.violations, 100);
    EXPECT_EQ(tally.findings, 2);
    EXPECT_EQ(tally.tasks, 2);
}

TEST(Explorer, PiecesOfACampaignFindWhatTheWholeFinds)
{
    SKIP_UNDER_TSAN();
    CorpusProgram program(*FindEntry("wsq"));
    std::vector<std::string> whole;
    ScheduleCoverage wholeCoverage;
    {
        Walk walk;
        Explorer explorer(program, walk, {.seed = 3, .runs = 400});
        while (explorer.Step())
        {
            whole.push_back(explorer.LastResult().Passed()
                                ? "passed"
                                : explorer.LastResult().violation->Signature());
        }
        wholeCoverage = explorer.Coverage();
    }
    std::vector<std::string> pieces;
    ScheduleCoverage coverage;
    for (std::uint64_t first = 0; first < 400; first += 100)
    {
        Walk walk;
        Explorer explorer(program, walk, {.seed = 3, .firstRun = first, .runs = 100});
        while (explorer.Step())
        {
            pieces.push_back(explorer.LastResult().Passed()
                                 ? "passed"
                                 : explorer.LastResult().violation->Signature());
        }
        coverage.Merge(explorer.Coverage());
    }
    EXPECT_EQ(pieces, whole);
    EXPECT_EQ(coverage.Counts(), wholeCoverage.Counts());
    EXPECT_EQ(coverage.Singletons(), wholeCoverage.Singletons());
    EXPECT_EQ(coverage.Runs(), wholeCoverage.Runs());
}

TEST(Explorer, EndsAtTheFirstFindOrWhenNothingIsLeft)
{
    StageProgram program(SetUpTwoDefects);
    Walk walk;
    Explorer first(program, walk, {.stopAtFirst = true});
    first.Run();
    EXPECT_EQ(first.Runs(), 1);
    EXPECT_FALSE(first.Exhausted());
    Walk three(3);
    Explorer second(program, three);
    second.Run();
    EXPECT_EQ(second.Runs(), 3);
    EXPECT_TRUE(second.Exhausted());
    Explorer third(program, walk);
    third.Run([&third] { return third.Runs() == 5; });
    EXPECT_EQ(third.Runs(), 5);
}

TEST(Explorer, SeesThatALogDoesNotSayEverything)
{
    int runs = 0;
    StageProgram program(
        [&runs](corpus::Stage& stage)
        {
            const bool first = runs++ == 0;
            stage.Spawn("task", [&stage, first] { stage.Require(!first, "the first run only"); });
        });
    Walk walk;
    Explorer explorer(program, walk, {.runs = 1});
    explorer.Run();
    ASSERT_THAT(explorer.Findings(), SizeIs(1));
    EXPECT_FALSE(explorer.Findings()[0].reproduced);
    EXPECT_EQ(explorer.Findings()[0].log.Header(Trail::kHeader), nullptr);
}

TEST(Replay, NamesTheFirstPlaceThatDiffers)
{
    bool changed = false;
    StageProgram program(
        [&changed](corpus::Stage& stage)
        {
            auto& cell = stage.Make<Atomic<int>>(stage.GetEngine(), "cell");
            auto& other = stage.Make<Atomic<int>>(stage.GetEngine(), "other");
            stage.Spawn("a",
                        [&]
                        {
                            cell.Load();
                            (changed ? other : cell).Load();
                            cell.Load();
                        });
            stage.Spawn("b", [&cell] { cell.Load(); });
        });
    const DecisionLog log = ParseLog("a #1 sync cell:1 -> run b\n");
    const DecisionLog recorded = Replay(program, log).recorded;
    ASSERT_NE(recorded.Header(Trail::kHeader), nullptr);
    EXPECT_EQ(Replay(program, recorded).difference, "");
    EXPECT_THAT(Replay(program, recorded).problems, IsEmpty());
    changed = true;
    const ReplayOutcome differs = Replay(program, recorded);
    EXPECT_THAT(differs.difference, HasSubstr("operation 5: here it is 'a sync other:1' (step 5"));
}

TEST(Replay, ReportsDecisionsThatCannotBeFollowed)
{
    StageProgram program([](corpus::Stage& stage) { stage.Spawn("a", [] {}); });
    const ReplayOutcome outcome = Replay(program, ParseLog("b #1 sync cell:1 -> run a\n"));
    EXPECT_THAT(outcome.problems,
                ElementsAre("b #1 sync cell:1 -> run a: its place never came up"));
    EXPECT_THAT(outcome.recorded.decisions, IsEmpty());
    EXPECT_EQ(outcome.difference, "") << "the log has no trail to compare with";
}

TEST(ReplayChooser, FollowsPartsOfALog)
{
    SKIP_UNDER_TSAN();
    CorpusProgram program(*FindEntry("init_order"));
    ReplayChooser replay(ParseLog("probe #1 access handler:1 -> run interrupt\n"
                                  "interrupt #1 access handler:1 -> run probe\n"));
    const auto passes = [&]
    {
        const bool passed = program.Run(replay).Passed();
        program.GetEngine().Reset();
        return passed;
    };
    EXPECT_TRUE(passes());
    EXPECT_EQ(replay.Followed(), 2);
    replay.Keep({true, false});
    EXPECT_FALSE(passes());
    EXPECT_TRUE(replay.Followed(0));
    EXPECT_FALSE(replay.Followed(1));
    EXPECT_THAT(replay.Problems(), IsEmpty()) << "what is left out is no problem";
    replay.Keep({false, false});
    EXPECT_TRUE(passes());
    replay.Keep({true, true});
    replay.SetOption(1, "run nobody");
    EXPECT_FALSE(passes());
    ASSERT_THAT(replay.Problems(), SizeIs(1));
    EXPECT_THAT(replay.Problems()[0].text, HasSubstr("no option 'run nobody'"));
}

} // namespace

} // namespace interleave::test
