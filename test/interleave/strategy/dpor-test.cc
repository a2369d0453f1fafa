// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/strategy/dpor.h"

#include "interleave/model/random.h"
#include "script.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
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

/** Everything that a full search reaches. */
std::set<std::string> AllFinals(const Script& script, std::uint64_t& runs)
{
    ScriptRunner runner(script);
    const auto all = Make("bound:all");
    std::set<std::string> finals;
    for (runs = 0; !all->Done(); ++runs)
    {
        if (runs == 3'000'000)
        {
            return {};
        }
        all->Seed(runs);
        runner.Run(*all);
        finals.insert(runner.Final());
    }
    return finals;
}

std::string TextOf(const Script& script)
{
    std::string text;
    for (const auto& task : script)
    {
        text += "{";
        for (const Action& action : task)
        {
            text += fmt::format(" {}:{}", static_cast<int>(action.what), action.object);
        }
        text += " }";
    }
    return text;
}

/** A program of a few actions, drawn from @p menu; sections of locks are closed. */
Script RandomScript(Random& random, std::span<const Do> menu, std::uint32_t mostTasks)
{
    Script script(2 + random.Below(mostTasks - 1));
    const std::uint32_t actions = script.size() == 2 ? 4 : script.size() == 3 ? 3 : 2;
    for (auto& task : script)
    {
        std::vector<Action> open;
        for (std::uint32_t count = 1 + random.Below(actions); count > 0; --count)
        {
            const Do what = menu[random.Below(static_cast<std::uint32_t>(menu.size()))];
            const std::uint32_t object = what == Do::kSleep ? 1 + random.Below(3) : random.Below(2);
            const bool held = std::ranges::any_of(
                open, [&](const Action& action) { return action.object == object; });
            if ((what == Do::kLock || what == Do::kTry) && held)
            {
                continue;
            }
            task.push_back({what, object});
            if (what == Do::kLock)
            {
                open.push_back({Do::kUnlock, object});
            }
            if (what == Do::kTry)
            {
                task.push_back({Do::kUnlockIf, object});
            }
            if (!open.empty() && random.Chance(1, 2))
            {
                task.push_back(open.back());
                open.pop_back();
            }
        }
        for (; !open.empty(); open.pop_back())
        {
            task.push_back(open.back());
        }
    }
    return script;
}

void CompareWithFullSearch(std::span<const Do> menu,
                           std::uint64_t seed,
                           std::uint32_t programs,
                           std::uint32_t mostTasks)
{
    Random random(seed);
    std::uint64_t fullRuns = 0;
    std::uint64_t reducedRuns = 0;
    std::uint64_t redundantRuns = 0;
    std::uint32_t compared = 0;
    for (std::uint32_t program = 0; program < programs; ++program)
    {
        const Script script = RandomScript(random, menu, mostTasks);
        std::uint64_t runs = 0;
        const std::set<std::string> finals = AllFinals(script, runs);
        if (finals.empty())
        {
            continue;
        }
        ++compared;
        const Counts counts = Explore(script);
        EXPECT_EQ(counts.finals, finals) << "program " << program << " " << TextOf(script);
        EXPECT_LE(counts.complete, runs);
        fullRuns += runs;
        reducedRuns += counts.complete;
        redundantRuns += counts.redundant;
    }
    EXPECT_GT(compared, programs * 9 / 10);
    std::cout << compared << " programs: " << fullRuns << " runs, reduced to " << reducedRuns
              << " and " << redundantRuns << " redundant\n";
}

TEST(DporSoundness, VariablesAndLocks)
{
    constexpr Do kMenu[] = {Do::kLock, Do::kRead, Do::kWrite, Do::kWrite, Do::kRead};
    CompareWithFullSearch(kMenu, 1, 120, 3);
}

TEST(DporSoundness, FourTasks)
{
    constexpr Do kMenu[] = {Do::kLock, Do::kRead, Do::kWrite};
    CompareWithFullSearch(kMenu, 2, 12, 4);
}

TEST(DporSoundness, DeadlocksTryLocksAndCompletions)
{
    constexpr Do kMenu[] = {
        Do::kLock, Do::kTry, Do::kSignal, Do::kWait, Do::kTryWait, Do::kRead, Do::kWrite};
    CompareWithFullSearch(kMenu, 3, 120, 3);
}

TEST(DporSoundness, SimulatedTime)
{
    constexpr Do kMenu[] = {
        Do::kSleep, Do::kLock, Do::kRead, Do::kWrite, Do::kSignal, Do::kWait, Do::kSleep};
    CompareWithFullSearch(kMenu, 4, 120, 3);
}

} // namespace
} // namespace interleave::test
