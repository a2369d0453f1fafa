// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "random-script.h"
#include "script.h"

#include <gtest/gtest.h>

#include <ostream>

namespace interleave::test
{
namespace
{

struct Menu
{
    const char* name;
    std::vector<Do> actions;
    std::uint32_t mostTasks;

    friend void PrintTo(const Menu& menu, std::ostream* out)
    {
        *out << menu.name;
    }
};

class LockReduction : public testing::TestWithParam<Menu>
{
};

/**
 * Random programs whose mutexes are only waited for: without choices before unlocking, a search
 * through all runs reaches the same ends (variables, what each task has seen, deadlocks).
 */
TEST_P(LockReduction, LosesNoEnd)
{
    constexpr std::uint32_t kPrograms = 60;
    constexpr std::uint64_t kMostRuns = 6000;
    Random random(2, GetParam().name);
    std::uint64_t fullRuns = 0;
    std::uint64_t reducedRuns = 0;
    for (std::uint32_t compared = 0; compared < kPrograms;)
    {
        const Script script = RandomScript(random, GetParam().actions, GetParam().mostTasks);
        ScriptRunner general(script, {}, MutexUse::kAnybody);
        std::uint64_t runs = 0;
        const std::set<std::string> all = AllFinals(general, kMostRuns, runs);
        if (all.empty())
        {
            continue;
        }
        ++compared;
        fullRuns += runs;
        ScriptRunner reduced(script, {}, MutexUse::kTasks);
        ASSERT_EQ(AllFinals(reduced, runs + 1, runs), all) << TextOf(script);
        reducedRuns += runs;
    }
    EXPECT_LT(reducedRuns, fullRuns);
    RecordProperty("full", std::to_string(fullRuns));
    RecordProperty("reduced", std::to_string(reducedRuns));
}

INSTANTIATE_TEST_SUITE_P(
    Menus,
    LockReduction,
    testing::Values(
        Menu{"Variables", {Do::kLock, Do::kRead, Do::kWrite, Do::kWrite, Do::kRead}, 3},
        Menu{"FourTasks", {Do::kLock, Do::kRead, Do::kWrite}, 4},
        Menu{"Deadlocks", {Do::kLock, Do::kLock, Do::kWait, Do::kSignal, Do::kWrite}, 3},
        Menu{"Completions", {Do::kLock, Do::kSignal, Do::kWait, Do::kTryWait, Do::kRead}, 3},
        Menu{"Faults", {Do::kLock, Do::kDraw, Do::kRead, Do::kWrite}, 3},
        Menu{"SimulatedTime", {Do::kLock, Do::kSleep, Do::kSleep, Do::kRead, Do::kWrite}, 3}),
    [](const auto& one) { return one.param.name; });

} // namespace
} // namespace interleave::test
