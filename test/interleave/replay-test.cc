// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/helper/default-chooser.h"
#include "interleave/helper/fallback-chooser.h"
#include "interleave/helper/random-chooser.h"
#include "interleave/helper/recording-chooser.h"
#include "interleave/helper/replay-chooser.h"
#include "interleave/model/completion.h"
#include "interleave/model/delayed-work.h"
#include "interleave/model/mutex.h"
#include "interleave/model/place-counter.h"
#include "world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <charconv>
#include <cstdlib>
#include <map>
#include <new>
#include <utility>

namespace interleave::test
{
namespace
{

using testing::ElementsAre;
using testing::IsEmpty;

/** The fate of a message, as an owner outside of the engine would ask for it. */
class FatePoint final : public ChoicePoint
{
  public:
    FatePoint(std::string before, std::string after)
        : ChoicePoint(ChoiceKind::kFault, PlaceKeyOf(ChoiceKind::kFault, before + " " + after), 3),
          m_before(std::move(before)),
          m_after(std::move(after))
    {
    }

    PlaceText Place() const override
    {
        return {m_before, m_after};
    }

    std::string OptionText(std::uint32_t option) const override
    {
        constexpr const char* kTexts[] = {"deliver", "drop", "duplicate"};
        return option < Count() ? kTexts[option] : "delay " + std::to_string(delayNs) + "ns";
    }

    std::optional<std::uint32_t> FindOption(std::string_view text) override
    {
        if (!text.starts_with("delay ") || !text.ends_with("ns"))
        {
            return ChoicePoint::FindOption(text);
        }
        const char* first = text.data() + 6;
        const char* last = text.data() + text.size() - 2;
        return std::from_chars(first, last, delayNs).ptr == last ? std::optional(Count())
                                                                 : std::nullopt;
    }

    std::int64_t delayNs = 0;

  private:
    std::string m_before;
    std::string m_after;
};

/** A program with something of everything; returns the messages' fates and who did what when. */
struct Program
{
    explicit Program(World& theWorld)
        : world(theWorld)
    {
        world.engine.AddObserver(digest);
    }

    RunResult Run()
    {
        digest.Get().Clear();
        fates.clear();
        Engine& engine = world.engine;
        Mutex mutex(engine, "cm_id");
        Completion done(engine);
        WorkQueue queue(engine, "server/worker", 2);
        struct Context
        {
            Mutex& mutex;
            Completion& done;
        } context{mutex, done};
        const auto handler = [](void* argument)
        {
            auto& c = *static_cast<Context*>(argument);
            const MutexLock lock(c.mutex);
            c.done.Complete();
        };
        WorkItem item(handler, &context);
        DelayedWork timer(queue, handler, &context);
        for (const char* name : {"client/a", "client/b"})
        {
            engine.Spawn(name,
                         [&]
                         {
                             for (int round = 0; round < 3; ++round)
                             {
                                 const MutexLock lock(mutex);
                                 FatePoint point("net REP", "server->client");
                                 const std::uint32_t fate = engine.Choose(point);
                                 fates += point.OptionText(fate) + " ";
                                 queue.Queue(item);
                             }
                             timer.Arm(10);
                             done.WaitFor(10);
                             timer.CancelSync();
                         });
        }
        const RunResult result = engine.Run();
        world.Reset();
        return result;
    }

    World& world;
    DigestObserver digest;
    std::string fates;
};

TEST(Replay, GivesTheSameRun)
{
    World world;
    Program program(world);
    std::size_t decisions = 0;
    for (std::uint64_t seed = 0; seed < 200; ++seed)
    {
        RandomChooser random(seed);
        RecordingChooser recording(random);

        // Program::Run() resets the world; this takes the log before that.
        struct Wrapper final : Chooser
        {
            explicit Wrapper(RecordingChooser& theInner)
                : inner(theInner)
            {
            }

            void BeginRun(const Engine& engine) override
            {
                inner.BeginRun(engine);
            }

            std::uint32_t Choose(ChoicePoint& point) override
            {
                return inner.Choose(point);
            }

            void EndRun(const RunResult&) override
            {
                log = inner.Log();
            }

            RecordingChooser& inner;
            DecisionLog log;
        } wrapper(recording);

        world.engine.SetChooser(wrapper);
        const RunResult first = program.Run();
        ASSERT_TRUE(first.Passed());
        const std::string digest = program.digest.Get().Text();
        const std::string fates = program.fates;
        decisions += wrapper.log.decisions.size();

        auto parsed = DecisionLog::Parse(wrapper.log.Format());
        ASSERT_TRUE(parsed) << parsed.error().Text() << "\n" << wrapper.log.Format();
        ReplayChooser replay(*parsed);
        world.engine.SetChooser(replay);
        const RunResult second = program.Run();
        ASSERT_EQ(program.digest.Get().Text(), digest) << wrapper.log.Format();
        ASSERT_EQ(program.fates, fates);
        ASSERT_EQ(second.switches, first.switches);
        ASSERT_THAT(replay.Problems(), IsEmpty());
        ASSERT_EQ(replay.Followed(), parsed->decisions.size());
    }
    EXPECT_GT(decisions, 1000U);
}

/** Two tasks that lock one mutex, twice each; the operations in order. */
class Edited : public testing::Test
{
  protected:
    std::vector<std::string> Run(const std::string& decisions)
    {
        const auto log = DecisionLog::Parse("weft-replay 1\n\n" + decisions);
        EXPECT_TRUE(log) << log.error().Text();
        replay = std::make_unique<ReplayChooser>(*log);
        World world;
        world.engine.SetChooser(*replay);
        OpWriter writer;
        world.engine.AddObserver(writer);
        Mutex mutex(world.engine, "m");
        for (const char* name : {"a", "b"})
        {
            world.engine.Spawn(name, [&] { const MutexLock lock(mutex); });
        }
        EXPECT_TRUE(world.engine.Run().Passed());
        return writer.lines;
    }

    std::vector<std::string> Problems() const
    {
        std::vector<std::string> texts;
        for (const ReplayProblem& problem : replay->Problems())
        {
            texts.push_back(std::to_string(problem.decision.line) + ": " + problem.decision.Text() +
                            ": " + problem.text);
        }
        return texts;
    }

    std::unique_ptr<ReplayChooser> replay;
};

TEST_F(Edited, AnEmptyLogIsTheDefaultRun)
{
    EXPECT_THAT(
        Run(""),
        ElementsAre(
            "a start", "a lock m:1", "a unlock m:1", "b start", "b lock m:1", "b unlock m:1"));
    EXPECT_TRUE(replay->Passive());
}

TEST_F(Edited, ALineDoesWhatItSays)
{
    EXPECT_THAT(
        Run("a #1 unlock m:1 -> run b\n"),
        ElementsAre(
            "a start", "a lock m:1", "b start", "a unlock m:1", "b lock m:1", "b unlock m:1"));
    EXPECT_THAT(
        Run("next a #1 start -> run b\n"),
        ElementsAre(
            "b start", "b lock m:1", "b unlock m:1", "a start", "a lock m:1", "a unlock m:1"));
    EXPECT_THAT(Problems(), IsEmpty());
}

TEST_F(Edited, WhatCannotBeFollowedIsReported)
{
    const std::vector<std::string> lines = Run("a #1 lock m:1 -> run c\n"
                                               "a #2 lock m:1 -> run b\n"
                                               "x #1 lock m:1 -> run b\n"
                                               "b #1 unlock m:1 -> events\n");
    EXPECT_EQ(lines, Run(""));
    Run("a #1 lock m:1 -> run c\n"
        "a #2 lock m:1 -> run b\n"
        "x #1 lock m:1 -> run b\n"
        "b #1 unlock m:1 -> events\n");
    EXPECT_THAT(
        Problems(),
        ElementsAre("3: a #1 lock m:1 -> run c: there is no option 'run c' there; there are: "
                    "'run a', 'run b'",
                    "4: a #2 lock m:1 -> run b: its place came up only 1 time",
                    "5: x #1 lock m:1 -> run b: its place never came up",
                    "6: b #1 unlock m:1 -> events: there is no option 'events' there; there "
                    "are: 'run b'"));
    EXPECT_EQ(replay->Followed(), 0U);
}

TEST(Replay, OwnersMayAcceptParameters)
{
    const auto log =
        DecisionLog::Parse("weft-replay 1\n\nnet REP #2 server->client -> delay 70ns\n");
    ASSERT_TRUE(log);
    World world;
    ReplayChooser replay(*log);
    RecordingChooser recording(replay);
    world.engine.SetChooser(recording);
    std::vector<std::string> fates;
    world.engine.Spawn("a",
                       [&]
                       {
                           for (int index = 0; index < 3; ++index)
                           {
                               FatePoint point("net REP", "server->client");
                               const std::uint32_t fate = world.engine.Choose(point);
                               fates.push_back(point.OptionText(fate));
                           }
                       });
    EXPECT_TRUE(world.engine.Run().Passed());
    EXPECT_THAT(fates, ElementsAre("deliver", "delay 70ns", "deliver"));
    EXPECT_EQ(recording.Log().Format(), log->Format());
}

TEST(Fallback, AsksTheSecondWhereTheFirstAbstains)
{
    const auto log =
        DecisionLog::Parse("weft-replay 1\n\nnet REP #1 server->client -> duplicate\n");
    ASSERT_TRUE(log);
    ReplayChooser rules(*log);
    ScriptedChooser second;
    second.script["net REP #1 server->client"] = "drop"; // its own first: the second in the run
    FallbackChooser both(rules, second);
    World world;
    world.engine.SetChooser(both);
    std::vector<std::string> fates;
    world.engine.Spawn("a",
                       [&]
                       {
                           for (int index = 0; index < 2; ++index)
                           {
                               FatePoint point("net REP", "server->client");
                               const std::uint32_t fate = world.engine.Choose(point);
                               fates.push_back(point.OptionText(fate));
                           }
                       });
    EXPECT_TRUE(world.engine.Run().Passed());
    EXPECT_THAT(fates, ElementsAre("duplicate", "drop"));
}

TEST(Choose, CostsNothingWithThePassiveChooser)
{
    World world;
    DefaultChooser dull;
    world.engine.SetChooser(dull);
    world.engine.Spawn("a",
                       [&]
                       {
                           EXPECT_FALSE(world.engine.Choosing());
                           FatePoint point("net REP", "server->client");
                           EXPECT_EQ(world.engine.Choose(point), 0U);
                       });
    EXPECT_TRUE(world.engine.Run().Passed());
}

TEST(Recording, CountsPlacesAcrossItsBuffer)
{
    // More choices than the buffer holds, so that occurrences are folded on the way.
    EngineOptions options;
    options.stepLimit = 1'000'000;
    World world(options);
    ScriptedChooser script;
    script.script["a #50000 sync o:1"] = "run b";
    RecordingChooser recording(script);
    world.engine.SetChooser(recording);
    const ObjectId object = world.engine.NewObject("o");
    for (const char* name : {"a", "b"})
    {
        world.engine.Spawn(name,
                           [&]
                           {
                               for (int index = 0; index < 60'000; ++index)
                               {
                                   world.engine.Point(Op{OpKind::kSync, object});
                               }
                           });
    }
    EXPECT_TRUE(world.engine.Run().Passed());
    const DecisionLog log = recording.Log();
    ASSERT_EQ(log.decisions.size(), 1U);
    EXPECT_EQ(log.decisions[0].Text(), "a #50000 sync o:1 -> run b");
}

TEST(Recording, KeepsFatesAcrossItsBuffer)
{
    World world;
    ScriptedChooser script;
    script.script["net REP #3 a->b"] = "drop";
    script.script["net REP #39999 a->b"] = "duplicate";
    script.script["net REQ #40000 a->b"] = "drop";
    RecordingChooser recording(script);
    world.engine.SetChooser(recording);
    std::vector<std::uint32_t> fates;
    const auto ask = [&]
    {
        for (int index = 0; index < 40'000; ++index)
        {
            FatePoint reply("net REP", "a->b");
            FatePoint request("net REQ", "a->b");
            fates.push_back(world.engine.Choose(reply));
            fates.push_back(world.engine.Choose(request));
        }
    };
    world.engine.Spawn("a", ask);
    EXPECT_TRUE(world.engine.Run().Passed());
    const std::vector<std::uint32_t> first = std::exchange(fates, {});
    DecisionLog log = recording.Log();
    std::vector<std::string> lines;
    for (const Decision& decision : log.decisions)
    {
        lines.push_back(decision.Text());
    }
    EXPECT_THAT(lines,
                ElementsAre("net REP #3 a->b -> drop",
                            "net REP #39999 a->b -> duplicate",
                            "net REQ #40000 a->b -> drop"));

    world.Reset();
    ReplayChooser replay(std::move(log));
    world.engine.SetChooser(replay);
    world.engine.Spawn("a", ask);
    EXPECT_TRUE(world.engine.Run().Passed());
    EXPECT_THAT(replay.Problems(), IsEmpty());
    EXPECT_TRUE(fates == first);
}

TEST(PlaceCounter, AgreesWithAMap)
{
    Random random(9, "places");
    PlaceCounter counter;
    for (int round = 0; round < 20; ++round)
    {
        std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> model;
        for (int index = 0; index < 5'000; ++index)
        {
            const PlaceKey key{random.Below(40), random.Below(40)};
            const std::uint64_t expected = ++model[{key.high, key.low}];
            PlaceCounter::Entry& entry = counter.Touch(key);
            ASSERT_EQ(entry.count, expected);
            if (expected == 1)
            {
                ASSERT_EQ(entry.tag, 0U);
                entry.tag = static_cast<std::uint32_t>(key.high * 40 + key.low + 1);
            }
            ASSERT_EQ(entry.tag, key.high * 40 + key.low + 1);
        }
        counter.Clear();
    }
}

} // namespace
} // namespace interleave::test
