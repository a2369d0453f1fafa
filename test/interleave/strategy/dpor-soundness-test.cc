// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/random.h"
#include "interleave/model/strategy/dpor.h"
#include "interleave/search/in-parts.h"
#include "random-script.h"
#include "script.h"

#include <gtest/gtest.h>

#include <set>

namespace interleave::test
{
namespace
{

/** Lets @p dpor make all its runs, no more than @p limit, which have to lead to all of @p all. */
void ExpectToReach(const std::set<std::string>& all,
                   DporStrategy& dpor,
                   ScriptRunner& runner,
                   const Script& script,
                   std::uint64_t limit)
{
    std::set<std::string> reached;
    while (!dpor.Done() && dpor.Complete() + dpor.Redundant() <= limit)
    {
        dpor.Seed(0);
        runner.Run(dpor);
        reached.insert(runner.Final());
    }
    EXPECT_TRUE(dpor.Done()) << TextOf(script);
    EXPECT_EQ(reached, all) << TextOf(script);
    const Sum whole = InParts("dpor", script, limit, 1);
    for (const std::uint64_t quota : {1, 5, 20})
    {
        constexpr std::size_t kHands = 4;
        const Sum parts = InParts("dpor", script, quota, kHands);
        EXPECT_TRUE(parts.whole) << TextOf(script);
        EXPECT_EQ(parts.finals, all) << quota << " runs a part: " << TextOf(script);
        EXPECT_EQ(parts.schedules, whole.schedules) << quota << " runs a part: " << TextOf(script);
    }
}

struct Menu
{
    const char* name;
    std::vector<Do> actions;
    std::uint32_t mostTasks;
};

class DporSoundness : public testing::TestWithParam<Menu>
{
};

/**
 * Random programs: what the reduced search reaches (variables, what each task has seen, deadlocks)
 * is what a search through all runs reaches.
 */
TEST_P(DporSoundness, ReachesWhatAFullSearchReaches)
{
    constexpr std::uint32_t kPrograms = 60;
    constexpr std::uint64_t kMostRuns = 6000; // of the full search
    Random random(1, GetParam().name);
    std::uint64_t fullRuns = 0;
    std::uint64_t reducedRuns = 0;
    std::uint64_t redundantRuns = 0;
    for (std::uint32_t compared = 0; compared < kPrograms;)
    {
        const Script script = RandomScript(random, GetParam().actions, GetParam().mostTasks);
        ScriptRunner runner(script);
        std::uint64_t runs = 0;
        const std::set<std::string> all = AllFinals(runner, kMostRuns, runs);
        if (all.empty())
        {
            continue;
        }
        ++compared;
        DporStrategy dpor;
        ExpectToReach(all, dpor, runner, script, runs);
        if (HasFailure())
        {
            return;
        }
        fullRuns += runs;
        reducedRuns += dpor.Complete();
        redundantRuns += dpor.Redundant();
    }
    // Far fewer runs, of which hardly any for nothing.
    EXPECT_LT(reducedRuns, fullRuns / 20);
    EXPECT_LT(redundantRuns, reducedRuns);
    RecordProperty("full", std::to_string(fullRuns));
    RecordProperty("reduced", std::to_string(reducedRuns));
    RecordProperty("redundant", std::to_string(redundantRuns));
}

/** Programs for which a part of the search is needed that few others need. */
TEST(DporSoundnessOf, ProgramsThatNeedSpecialCare)
{
    const Script kScripts[] = {
        // The wait has to overtake another wait, though a signal lies between them.
        {{{Do::kSignal, 1}, {Do::kSignal, 0}},
         {{Do::kSleep, 2}, {Do::kWait, 0}, {Do::kSleep, 2}},
         {{Do::kWait, 0}, {Do::kSignal, 0}}},
        // Reversals that begin with an event and cannot be followed to their end.
        {{{Do::kRead, 1}},
         {{Do::kSleep, 2}, {Do::kWrite, 1}, {Do::kSleep, 2}},
         {{Do::kWrite, 1}, {Do::kSleep, 2}}},
        {{{Do::kWrite, 1}, {Do::kSleep, 1}, {Do::kRead, 0}},
         {{Do::kRead, 0}, {Do::kLock, 0}, {Do::kUnlock, 0}},
         {{Do::kWrite, 0}}},
        {{{Do::kSleep, 1}, {Do::kRead, 0}}, {{Do::kWrite, 0}}, {{Do::kWrite, 0}, {Do::kSleep, 3}}},
        {{{Do::kSleep, 1}, {Do::kWrite, 0}},
         {{Do::kWrite, 0}, {Do::kWrite, 0}},
         {{Do::kRead, 0}, {Do::kSleep, 3}}},
        {{{Do::kRead, 0}, {Do::kLock, 1}, {Do::kUnlock, 1}},
         {{Do::kSleep, 2}, {Do::kRead, 0}},
         {{Do::kWrite, 0}}},
        // A fault on the way to the step that is changed.
        {{{Do::kRead, 1}, {Do::kDraw}}, {{Do::kWrite, 1}, {Do::kDraw}}, {{Do::kWrite, 1}}},
    };
    for (const Script& script : kScripts)
    {
        ScriptRunner runner(script);
        std::uint64_t runs = 0;
        const std::set<std::string> all = AllFinals(runner, 100'000, runs);
        ASSERT_FALSE(all.empty()) << TextOf(script);
        DporStrategy dpor;
        ExpectToReach(all, dpor, runner, script, runs);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Menus,
    DporSoundness,
    testing::Values(
        Menu{"Variables", {Do::kRead, Do::kWrite}, 3},
        Menu{"VariablesAndLocks", {Do::kLock, Do::kRead, Do::kWrite, Do::kWrite, Do::kRead}, 3},
        Menu{"FourTasks", {Do::kLock, Do::kRead, Do::kWrite}, 4},
        Menu{"TryLocks", {Do::kLock, Do::kTry, Do::kTry, Do::kWrite, Do::kRead}, 3},
        Menu{"Completions", {Do::kSignal, Do::kWait, Do::kTryWait, Do::kRead, Do::kWrite}, 3},
        Menu{"Deadlocks", {Do::kLock, Do::kLock, Do::kWait, Do::kSignal, Do::kWrite}, 3},
        Menu{"Faults", {Do::kDraw, Do::kDraw, Do::kRead, Do::kWrite, Do::kLock}, 3},
        Menu{"FaultsAndTime", {Do::kDraw, Do::kSleep, Do::kSignal, Do::kWait, Do::kWrite}, 3},
        Menu{"SimulatedTime", {Do::kSleep, Do::kSleep, Do::kRead, Do::kWrite, Do::kLock}, 3},
        Menu{"TimeAndCompletions", {Do::kSleep, Do::kSignal, Do::kWait, Do::kWrite}, 3}),
    [](const auto& one) { return one.param.name; });

} // namespace
} // namespace interleave::test
