// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/search/shrinker.h"

#include "interleave/corpus/corpus.h"
#include "interleave/model/search/certify.h"
#include "interleave/model/search/explain.h"
#include "interleave/model/search/explorer.h"
#include "interleave/model/search/merge.h"
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
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/** The log of the first violation that a walk finds in an entry of the corpus. */
DecisionLog Found(Program& program)
{
    Walk walk;
    Explorer explorer(program, walk, {.seed = 5, .stopAtFirst = true});
    explorer.Run();
    EXPECT_THAT(explorer.Findings(), SizeIs(1));
    return explorer.Findings().at(0).log;
}

/** Lines of decisions, to compare with. */
std::string Lines(const DecisionLog& log)
{
    std::string text;
    for (const Decision& decision : log.decisions)
    {
        text += decision.Text() + "\n";
    }
    return text;
}

TEST(Shrinker, LeavesWhatIsNeededOnly)
{
    CorpusProgram program(*FindEntry("init_order"));
    const DecisionLog log = ParseLog("interrupt #1 sync registered:1 -> run probe\n"
                                     "probe #1 access handler:1 -> run interrupt\n"
                                     "interrupt #1 access handler:1 -> run probe\n"
                                     "next probe #1 start -> run interrupt\n");
    // As it stands the log passes: its last line but one makes up for the one before.
    const auto passes = Shrink(program, log);
    ASSERT_FALSE(passes);
    EXPECT_THAT(passes.error(), HasSubstr("passes: nothing to shrink"));

    const auto result = Shrink(program,
                               ParseLog("next probe #1 start -> run interrupt\n"
                                        "interrupt #1 sync registered:1 -> run probe\n"
                                        "probe #1 access handler:1 -> run interrupt\n"
                                        "probe #7 access handler:1 -> run interrupt\n"));
    ASSERT_TRUE(result) << result.error();
    EXPECT_EQ(Lines(result->log), "probe #1 access handler:1 -> run interrupt\n");
    EXPECT_EQ(result->decisionsBefore, 4);
    EXPECT_EQ(result->decisionsAfter, 1);
    EXPECT_EQ(result->preemptionsBefore, 3);
    EXPECT_EQ(result->preemptionsAfter, 1);
    EXPECT_TRUE(result->minimal);
    EXPECT_TRUE(result->certified);
    EXPECT_THAT(result->certificate,
                HasSubstr("no run with fewer than 1 preemption fails like this"));
    EXPECT_EQ(result->violation.text, "interrupt without a handler");
    EXPECT_EQ(*result->log.Header("violation"), "protocol: interrupt without a handler");
    EXPECT_EQ(Replay(program, result->log).difference, "");
}

TEST(Shrinker, TakingAnyDecisionAwayMakesItPass)
{
    for (const char* name : {"account", "fib_bench", "wsq", "reader_writer", "deadlock01"})
    {
        CorpusProgram program(*FindEntry(name));
        const auto result = Shrink(program, Found(program));
        ASSERT_TRUE(result) << result.error();
        EXPECT_TRUE(result->minimal) << name;
        EXPECT_EQ(Replay(program, result->log).result.violation->Signature(),
                  result->violation.Signature());
        for (std::size_t left = 0; left < result->log.decisions.size(); ++left)
        {
            DecisionLog without = result->log;
            without.decisions.erase(without.decisions.begin() + static_cast<std::ptrdiff_t>(left));
            const RunResult run = Replay(program, without).result;
            EXPECT_TRUE(run.Passed() || run.violation->Signature() != result->violation.Signature())
                << name << " without " << result->log.decisions[left].Text();
        }
    }
}

TEST(Shrinker, RefusesALogThatEndsOtherwise)
{
    CorpusProgram program(*FindEntry("init_order"));
    const auto result = Shrink(program,
                               ParseLog("probe #1 access handler:1 -> run interrupt\n"),
                               "deadlock: of another kind");
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error(), HasSubstr("not with 'deadlock: of another kind'"));
}

TEST(Shrinker, StaysWithinItsRuns)
{
    CorpusProgram program(*FindEntry("reorder_20"));
    const DecisionLog log = Found(program);
    ShrinkOptions few;
    few.runs = 5;
    few.certify.runs = 3;
    const auto result = Shrink(program, log, {}, few);
    ASSERT_TRUE(result) << result.error();
    EXPECT_FALSE(result->minimal);
    EXPECT_FALSE(result->certified);
    EXPECT_LE(result->runs, 5 + 1 + 1);
    EXPECT_LE(result->certifyRuns, 3);
    EXPECT_THAT(result->certificate, HasSubstr("not certified within 3 runs"));
    EXPECT_FALSE(Replay(program, result->log).result.Passed());
}

TEST(Shrinker, KeepsAFaultThatIsNeededAndDropsOneThatIsNot)
{
    class Fate final : public ChoicePoint
    {
      public:
        explicit Fate(const char* name)
            : ChoicePoint(ChoiceKind::kFault, PlaceKeyOf(ChoiceKind::kFault, name), 3),
              m_name(name)
        {
        }

        PlaceText Place() const override
        {
            return {"net " + m_name, "a->b"};
        }

        std::string OptionText(std::uint32_t option) const override
        {
            static constexpr const char* kTexts[] = {"deliver", "drop", "duplicate"};
            return kTexts[option];
        }

      private:
        std::string m_name;
    };

    // Wrong when the REP does not arrive as it should, whatever becomes of the REQ.
    StageProgram program(
        [](corpus::Stage& stage)
        {
            stage.Spawn("a",
                        [&stage]
                        {
                            Fate req("REQ");
                            stage.GetEngine().Choose(req);
                            Fate rep("REP");
                            const std::uint32_t fate = stage.GetEngine().Choose(rep);
                            stage.Require(fate == 0, "no REP");
                        });
        });
    const auto result =
        Shrink(program, ParseLog("net REQ #1 a->b -> drop\nnet REP #1 a->b -> duplicate\n"));
    ASSERT_TRUE(result) << result.error();
    EXPECT_EQ(Lines(result->log), "net REP #1 a->b -> drop\n") << "the simpler fault";
    EXPECT_EQ(result->preemptionsAfter, 0);
    EXPECT_TRUE(result->certified);

    const auto explanation = Explain(program, result->log);
    ASSERT_TRUE(explanation) << explanation.error();
    EXPECT_TRUE(explanation->passes);
    EXPECT_FALSE(explanation->pair);
}

TEST(MergeTurns, MovesTurnsOfATaskTogether)
{
    CorpusProgram program(*FindEntry("wsq"));
    const std::string signature = FindEntry("wsq")->signature;
    Walk walk;
    std::size_t before = 0;
    std::size_t after = 0;
    for (std::uint64_t seed = 1; seed <= 10; ++seed)
    {
        Explorer explorer(program, walk, {.seed = seed, .stopAtFirst = true});
        explorer.Run();
        const DecisionLog& log = explorer.Findings().at(0).log;
        SearchBudget budget;
        const auto merged = MergeTurns(program, log, signature, budget);
        before += PreemptionsOf(log);
        after += PreemptionsOf(merged.value_or(log));
        EXPECT_LT(budget.runs, SearchBudget().runs);
        if (merged)
        {
            EXPECT_LT(PreemptionsOf(*merged), PreemptionsOf(log));
            EXPECT_EQ(Replay(program, *merged).result.violation->Signature(), signature);
        }
    }
    EXPECT_LT(after * 3, before * 2) << before << " to " << after;
    SearchBudget nothing{.runs = 0};
    EXPECT_FALSE(MergeTurns(program, {}, signature, nothing));
}

TEST(Certify, FindsARunWithFewerPreemptions)
{
    CorpusProgram program(*FindEntry("reorder_3"));
    const std::string signature = FindEntry("reorder_3")->signature;
    const Certificate found = Certify(program, {}, signature, 3);
    ASSERT_TRUE(found.smaller);
    EXPECT_EQ(PreemptionsOf(*found.smaller), 1);
    EXPECT_EQ(found.clearedBelow, 1) << "without a preemption everybody sets both";
    EXPECT_TRUE(found.complete);
    const Certificate none = Certify(program, {}, signature, 1);
    EXPECT_FALSE(none.smaller);
    EXPECT_TRUE(none.complete);
    EXPECT_EQ(none.clearedBelow, 1);
    const Certificate cut = Certify(program, {}, signature, 1, {.runs = 2});
    EXPECT_FALSE(cut.complete);
    EXPECT_EQ(cut.clearedBelow, 0);
    EXPECT_EQ(cut.runs, 2);
}

TEST(Certify, AgreesWithASearchThatForgetsNothing)
{
    // Fewest preemptions by a depth-first search that prunes no state, against the one that does.
    class Count final : public Chooser
    {
      public:
        ExhaustiveChooser all;
        std::uint32_t preemptions = 0;

        void BeginRun(const Engine& /*engine*/) override
        {
            preemptions = 0;
        }

        std::uint32_t Choose(ChoicePoint& point) override
        {
            const std::uint32_t choice = all.Choose(point);
            preemptions +=
                choice != 0 && static_cast<SchedulePoint&>(point).Running() != nullptr ? 1 : 0;
            return choice;
        }
    };

    for (const char* name : {"reorder_3",
                             "init_order",
                             "deadlock01",
                             "twostage_1",
                             "lazy01",
                             "bluetooth_driver",
                             "stringbuffer-jdk",
                             "lost_wakeup",
                             "carter01"})
    {
        CorpusProgram program(*FindEntry(name));
        Count count;
        std::map<std::string, std::uint32_t> fewest;
        do
        {
            const RunResult result = program.Run(count);
            if (!result.Passed())
            {
                const auto [known, added] =
                    fewest.emplace(result.violation->Signature(), count.preemptions);
                known->second = std::min(known->second, count.preemptions);
            }
            program.GetEngine().Reset();
        } while (count.all.Next());
        ASSERT_THAT(fewest, testing::Not(IsEmpty())) << name;
        for (const auto& [signature, preemptions] : fewest)
        {
            EXPECT_EQ(Certify(program, {}, signature, preemptions).clearedBelow, preemptions)
                << name << ", " << signature;
            const Certificate found = Certify(program, {}, signature, preemptions + 1);
            ASSERT_TRUE(found.smaller) << name << ", " << signature;
            EXPECT_EQ(PreemptionsOf(*found.smaller), preemptions) << name << ", " << signature;
        }
    }
}

TEST(Explain, NamesThePairThatIsTurnedRound)
{
    CorpusProgram program(*FindEntry("init_order"));
    const auto explanation =
        Explain(program, ParseLog("probe #1 access handler:1 -> run interrupt\n"));
    ASSERT_TRUE(explanation) << explanation.error();
    EXPECT_EQ(explanation->index, 0);
    EXPECT_TRUE(explanation->passes);
    EXPECT_EQ(explanation->Format(),
              "critical decision: probe #1 access handler:1 -> run interrupt\n"
              "  without it the run passes\n"
              "critical pair: in the run that fails\n"
              "    interrupt #1 read handler:1 (interrupt) at step 5\n"
              "  comes before\n"
              "    probe #1 write handler:1 (probe), which is still to come\n"
              "  the other way round, the run passes\n");
}

TEST(Explain, FindsTheLostUpdate)
{
    CorpusProgram program(*FindEntry("account"));
    const auto explanation = Explain(program, ParseLog("deposit #2 lock lock:1 -> run withdraw\n"));
    ASSERT_TRUE(explanation) << explanation.error();
    EXPECT_EQ(explanation->Format(),
              "critical decision: deposit #2 lock lock:1 -> run withdraw\n"
              "  without it the run passes\n"
              "critical pair: in the run that fails\n"
              "    withdraw #1 read balance:1 (look) at step 7\n"
              "  comes before\n"
              "    deposit #2 write balance:1 (book) at step 20\n"
              "  the other way round, the run passes\n");
}

TEST(Explain, NamesTheLocksOfADeadlock)
{
    CorpusProgram program(*FindEntry("deadlock01"));
    const auto shrunk = Shrink(program, Found(program));
    ASSERT_TRUE(shrunk) << shrunk.error();
    const auto explanation = Explain(program, shrunk->log);
    ASSERT_TRUE(explanation) << explanation.error();
    ASSERT_TRUE(explanation->pair);
    EXPECT_EQ(explanation->pair->first.kind, OpKind::kLock);
    EXPECT_EQ(explanation->pair->first.object, explanation->pair->second.object);
    EXPECT_NE(explanation->pair->first.task, explanation->pair->second.task);
}

TEST(Explain, NeedsARunThatFails)
{
    CorpusProgram program(*FindEntry("init_order"));
    EXPECT_THAT(Explain(program, {}).error(), HasSubstr("passes: nothing to explain"));
    CorpusProgram always(*FindEntry("phase01"));
    EXPECT_THAT(Explain(always, {}).error(), HasSubstr("fails without any decision"));
}

} // namespace

} // namespace interleave::test
