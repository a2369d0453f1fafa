// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/strategy/dpor.h"

#include "script.h"

#include <gtest/gtest.h>

#include <set>

namespace interleave::test
{
namespace
{

struct Counts
{
    std::uint64_t complete = 0;
    std::uint64_t redundant = 0;
    std::set<std::string> finals;
};

Counts Explore(const Script& script, std::uint64_t limit = 1'000'000)
{
    ScriptRunner runner(script);
    DporStrategy dpor;
    Counts counts;
    for (std::uint64_t run = 0; !dpor.Done(); ++run)
    {
        if (run == limit)
        {
            ADD_FAILURE() << "no end after " << limit << " runs";
            break;
        }
        dpor.Seed(run);
        runner.Run(dpor);
        counts.finals.insert(runner.Final());
    }
    counts.complete = dpor.Complete();
    counts.redundant = dpor.Redundant();
    return counts;
}

struct LockCase
{
    std::size_t tasks;
    std::size_t sections;
    std::uint64_t orders; // (tasks * sections)! / (sections!)^tasks
};

class DporLocks : public testing::TestWithParam<LockCase>
{
};

TEST_P(DporLocks, MakesEachOrderOfSectionsOnce)
{
    const Counts counts = Explore(LockScript(GetParam().tasks, GetParam().sections));
    EXPECT_EQ(counts.complete, GetParam().orders);
    EXPECT_EQ(counts.redundant, 0U);
}

INSTANTIATE_TEST_SUITE_P(Orders,
                         DporLocks,
                         testing::Values(LockCase{1, 5, 1},
                                         LockCase{2, 1, 2},
                                         LockCase{2, 3, 20},
                                         LockCase{3, 2, 90},
                                         LockCase{3, 3, 1680},
                                         LockCase{4, 2, 2520},
                                         LockCase{5, 1, 120}),
                         [](const auto& one)
                         { return fmt::format("{}x{}", one.param.tasks, one.param.sections); });

TEST(Dpor, WhatCommutesIsTriedInOneOrderOnly)
{
    // Each task has a lock and a variable of its own.
    Script script;
    for (std::uint32_t task = 0; task < 4; ++task)
    {
        script.push_back({{Do::kLock, task},
                          {Do::kWrite, task},
                          {Do::kUnlock, task},
                          {Do::kSync},
                          {Do::kRead, task}});
    }
    const Counts counts = Explore(script);
    EXPECT_EQ(counts.complete, 1U);
    EXPECT_EQ(counts.redundant, 0U);
    // Reading together commutes, too.
    EXPECT_EQ(Explore({{{Do::kRead, 0}}, {{Do::kRead, 0}}, {{Do::kRead, 0}}}).complete, 1U);
    // One writer among n readers: before or after each.
    EXPECT_EQ(
        Explore({{{Do::kRead, 0}}, {{Do::kRead, 0}}, {{Do::kRead, 0}}, {{Do::kWrite, 0}}}).complete,
        8U);
}

/** After Abdulla et al.: a[0..n], t0 looks for a zero from the top, t_j does a[j] = a[j-1] + 1. */
Counts LastZero(std::uint32_t n)
{
    World world;
    DporStrategy dpor;
    Counts counts;
    while (!dpor.Done())
    {
        dpor.Seed(0);
        world.engine.SetChooser(dpor);
        std::vector<ObjectId> ids;
        std::vector<std::uint32_t> array(n + 1);
        for (std::uint32_t index = 0; index <= n; ++index)
        {
            ids.push_back(world.engine.NewObject("a"));
        }
        const auto access = [&](std::uint32_t index, bool write) -> std::uint32_t&
        {
            world.engine.Point(Op{OpKind::kAccess, ids[index], write});
            return array[index];
        };
        world.engine.Spawn("t0",
                           [&]
                           {
                               std::uint32_t index = n;
                               while (access(index, false) != 0)
                               {
                                   --index;
                               }
                           });
        for (std::uint32_t task = 1; task <= n; ++task)
        {
            world.engine.Spawn(fmt::format("t{}", task),
                               [&, task]
                               {
                                   const std::uint32_t value = access(task - 1, false) + 1;
                                   access(task, true) = value;
                               });
        }
        EXPECT_TRUE(world.engine.Run().Passed());
        world.Reset();
    }
    counts.complete = dpor.Complete();
    counts.redundant = dpor.Redundant();
    return counts;
}

TEST(Dpor, LastZeroHasSixtyFourRuns)
{
    const Counts counts = LastZero(5);
    EXPECT_EQ(counts.complete, 64U);
    EXPECT_LE(counts.complete + counts.redundant, 80U);
}

} // namespace
} // namespace interleave::test
