// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/corpus/corpus.h"
#include "interleave/model/search/schedule-coverage.h"
#include "interleave/model/search/trail.h"
#include "interleave/search/stage-program.h"
#include "interleave/world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace interleave::test
{

namespace
{

using testing::HasSubstr;

/** The different hashes over all runs of a program. */
std::size_t Traces(StageProgram& program)
{
    TraceHashObserver hash;
    ExhaustiveChooser all;
    std::set<std::uint64_t> seen;
    program.GetEngine().AddObserver(hash);
    do
    {
        hash.Clear();
        program.Run(all);
        program.GetEngine().Reset();
        seen.insert(hash.Value());
    } while (all.Next());
    program.GetEngine().RemoveObserver(hash);
    return seen.size();
}

TEST(TraceHash, TellsOrdersOfConflictingOperationsApartOnly)
{
    SKIP_UNDER_TSAN();
    StageProgram writes(
        [](corpus::Stage& stage)
        {
            auto& cell = stage.Make<Shared<int>>(stage.GetEngine(), "cell");
            for (const char* name : {"a", "b", "c"})
            {
                stage.Spawn(name, [&cell] { cell.Set(1); });
            }
        });
    EXPECT_EQ(Traces(writes), 6) << "three writes of one cell: 3!";
    StageProgram reads(
        [](corpus::Stage& stage)
        {
            auto& cell = stage.Make<Shared<int>>(stage.GetEngine(), "cell");
            for (const char* name : {"a", "b", "c"})
            {
                stage.Spawn(name, [&cell] { cell.Get(); });
            }
        });
    EXPECT_EQ(Traces(reads), 1);
    StageProgram apart(
        [](corpus::Stage& stage)
        {
            for (const char* name : {"a", "b", "c"})
            {
                auto& cell = stage.Make<Shared<int>>(stage.GetEngine(), "cell");
                stage.Spawn(name, [&cell] { cell.Set(1); });
            }
        });
    EXPECT_EQ(Traces(apart), 1);
    StageProgram oneReads(
        [](corpus::Stage& stage)
        {
            auto& cell = stage.Make<Shared<int>>(stage.GetEngine(), "cell");
            stage.Spawn("a", [&cell] { cell.Set(1); });
            stage.Spawn("b", [&cell] { cell.Get(); });
            stage.Spawn("c", [&cell] { cell.Get(); });
        });
    EXPECT_EQ(Traces(oneReads), 4) << "each reads before or after the write";
}

TEST(TraceHash, CountsTheTracesOfLockedSections)
{
    StageProgram locks(
        [](corpus::Stage& stage)
        {
            auto& mutex = stage.Make<Mutex>(stage.GetEngine(), "lock");
            for (const char* name : {"a", "b"})
            {
                stage.Spawn(name,
                            [&mutex]
                            {
                                for (int section = 0; section < 2; ++section)
                                {
                                    const MutexLock lock(mutex);
                                }
                            });
            }
        });
    EXPECT_EQ(Traces(locks), 6) << "2 tasks, 2 sections: 4!/2!2!";
}

TEST(ScheduleCoverage, CountsAndEstimates)
{
    ScheduleCoverage coverage;
    EXPECT_EQ(coverage.UnseenMass(), 1.0);
    EXPECT_TRUE(coverage.Add(10));
    EXPECT_TRUE(coverage.Add(11));
    EXPECT_FALSE(coverage.Add(10));
    EXPECT_FALSE(coverage.Add(10));
    EXPECT_TRUE(coverage.Add(0));
    EXPECT_EQ(coverage.Runs(), 5);
    EXPECT_EQ(coverage.Distinct(), 3);
    EXPECT_EQ(coverage.Singletons(), 2);
    EXPECT_DOUBLE_EQ(coverage.UnseenMass(), 0.4);
    EXPECT_EQ(coverage.Counts(), (std::vector<ScheduleCoverage::Count>{{0, 1}, {10, 3}, {11, 1}}));
    ScheduleCoverage other;
    other.Add(11);
    other.Add(12);
    coverage.Merge(other);
    EXPECT_EQ(coverage.Runs(), 7);
    EXPECT_EQ(coverage.Distinct(), 4);
    EXPECT_EQ(coverage.Singletons(), 2) << "0 and 12";
}

TEST(ScheduleCoverage, GrowsAndKeepsItsCounts)
{
    ScheduleCoverage coverage;
    for (std::uint64_t value = 0; value < 50'000; ++value)
    {
        coverage.Add(value * 64);
        coverage.Add(value * 64);
    }
    EXPECT_EQ(coverage.Distinct(), 50'000);
    EXPECT_EQ(coverage.Singletons(), 0);
    EXPECT_EQ(coverage.UnseenMass(), 0.0);
}

TEST(PctBound, IsThatOfThePaper)
{
    // 2 tasks, 10 operations, depth 2: 1/20 a run.
    EXPECT_NEAR(PctMissBound(2, 10, 2, 1), 0.95, 1e-12);
    EXPECT_NEAR(PctMissBound(2, 10, 2, 20), 0.3584859, 1e-6);
    EXPECT_EQ(PctMissBound(1, 10, 1, 1), 0.0) << "one task, any run";
    EXPECT_EQ(PctMissBound(2, 10, 2, 0), 1.0);
    EXPECT_EQ(PctMissText(2, 10, 2, 20),
              "a bug of depth 2 was missed with a chance of at most 0.36 (2 tasks, 10 operations, "
              "20 runs)");
}

TEST(Trail, GoesThroughItsText)
{
    StageProgram program(
        [](corpus::Stage& stage)
        {
            auto& cell = stage.Make<Atomic<int>>(stage.GetEngine(), "cell");
            stage.Spawn("a",
                        [&cell]
                        {
                            for (int count = 0; count < 1000; ++count)
                            {
                                cell.Load();
                            }
                        });
        });
    TrailObserver observer;
    program.GetEngine().AddObserver(observer);
    ExhaustiveChooser dull;
    program.Run(dull);
    program.GetEngine().RemoveObserver(observer);
    const Trail trail = observer.Get();
    EXPECT_EQ(trail.operations, 1001);
    EXPECT_EQ(trail.spacing, 8) << "1001 operations in 128 marks at most";
    EXPECT_EQ(trail.marks.size(), 125);
    const auto again = Trail::Parse(trail.Format());
    ASSERT_TRUE(again) << again.error();
    EXPECT_EQ(again->Format(), trail.Format());
    EXPECT_EQ(again->marks, trail.marks);
    EXPECT_EQ(again->digest, trail.digest);
}

TEST(Trail, SaysWhatItExpects)
{
    for (const char* text : {"",
                             "1 2 abcd",
                             "0 2 abcd 0123456789abcdef",
                             "1 2 abcd 0123456789abcde",
                             "x 2 abcd 0123456789abcdef",
                             "1 2 abcd 0123456789abcdef more"})
    {
        const auto trail = Trail::Parse(text);
        ASSERT_FALSE(trail) << text;
        EXPECT_THAT(trail.error(), HasSubstr("expected a trail")) << text;
    }
    EXPECT_THAT(Trail::Parse("1 2 abcdef 0123456789abcdef").error(), HasSubstr("expected 2 marks"));
    EXPECT_THAT(Trail::Parse("1 2 abxx 0123456789abcdef").error(), HasSubstr("hexadecimal bytes"));
    EXPECT_TRUE(Trail::Parse("4 3 - 0123456789abcdef"));
}

TEST(Trail, SeesARunThatEndsSoonerOrLater)
{
    int length = 3;
    StageProgram program(
        [&length](corpus::Stage& stage)
        {
            auto& cell = stage.Make<Atomic<int>>(stage.GetEngine(), "cell");
            stage.Spawn("a",
                        [&cell, &length]
                        {
                            for (int count = 0; count < length; ++count)
                            {
                                cell.Load();
                            }
                        });
        });
    const auto run = [&program](TrailObserver& observer)
    {
        ExhaustiveChooser dull;
        program.GetEngine().AddObserver(observer);
        program.Run(dull);
        program.GetEngine().RemoveObserver(observer);
        program.GetEngine().Reset();
    };
    TrailObserver first;
    run(first);
    TrailObserver same(first.Get());
    run(same);
    EXPECT_EQ(same.Difference(), "");
    length = 2;
    TrailObserver shorter(first.Get());
    run(shorter);
    EXPECT_EQ(shorter.Difference(), "after operation 3: here the run ends, the recorded one had 4");
    length = 4;
    TrailObserver longer(first.Get());
    run(longer);
    EXPECT_THAT(longer.Difference(), HasSubstr("after operation 4, where the recorded run ended"));
}

} // namespace

} // namespace interleave::test
