// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// How often the strategies that draw do what. Seeds are fixed, so nothing here can fail by chance;
// the bounds are wide enough for another generator to meet them, too.
#include "interleave/model/schedule-point.h"
#include "interleave/model/strategy/fault-draw.h"
#include "interleave/model/strategy/pct.h"
#include "interleave/model/strategy/surw.h"
#include "script.h"

#include <gtest/gtest.h>

#include <map>

namespace interleave::test
{
namespace
{

constexpr std::uint32_t kRuns = 4000;

std::map<std::string, std::uint32_t> Orders(const Script& script, std::string_view name)
{
    std::map<std::string, std::uint32_t> counts;
    ScriptRunner runner(script);
    const auto strategy = Make(name);
    for (std::uint64_t seed = 1; seed <= kRuns; ++seed)
    {
        strategy->Seed(seed);
        runner.Run(*strategy);
        ++counts[runner.Order()];
    }
    return counts;
}

double Share(const std::map<std::string, std::uint32_t>& counts, const std::string& order)
{
    const auto found = counts.find(order);
    return found == counts.end() ? 0 : static_cast<double>(found->second) / kRuns;
}

TEST(RandomWalk, EveryReadyTaskIsEquallyLikely)
{
    // One operation and the start each: of the 6 schedules, the walk takes 4 with 1/8 and 2 with
    // 1/4, and half of them end with each task.
    const auto counts = Orders(SyncScript(2, 1), "random");
    EXPECT_NEAR(Share(counts, "01"), 0.5, 0.03);
    EXPECT_NEAR(Share(counts, "10"), 0.5, 0.03);
    // Three operations each: task 0 does all of its before task 1 does anything with 2^-4, and then
    // 1/2 for each step that is left while both may go.
    EXPECT_NEAR(Share(Orders(SyncScript(2, 3), "random"), "000111"), 1.0 / 16 + 4.0 / 32, 0.07);
}

TEST(Pct, DepthOneRunsTasksOneAfterTheOther)
{
    const auto counts = Orders(SyncScript(3, 4), "pct:1");
    EXPECT_EQ(counts.size(), 6U);
    for (const auto& [order, count] : counts)
    {
        EXPECT_NEAR(static_cast<double>(count) / kRuns, 1.0 / 6, 0.03) << order;
    }
}

TEST(Pct, DepthTwoChangesOnceAtAnyStep)
{
    // Two tasks of 5 steps (start and 4 operations): with probability 1/2 t0 leads, and at each of
    // the 10 steps with 1/10 the leading one falls back.
    const auto counts = Orders(SyncScript(2, 4), "pct:2");
    std::uint32_t switchedOnce = 0;
    for (std::uint32_t done = 1; done <= 3; ++done)
    {
        const std::string order = std::string(done, '0') + "1111" + std::string(4 - done, '0');
        EXPECT_NEAR(Share(counts, order), 0.05, 0.015) << order;
        switchedOnce += counts.contains(order) ? 1 : 0;
    }
    EXPECT_EQ(switchedOnce, 3U);
    // At most one change: no order goes back and forth.
    EXPECT_EQ(Share(counts, "01010101"), 0);
    EXPECT_EQ(Share(counts, "00110011"), 0);
}

TEST(Pct, HitsADefectOfDepthTwoAsOftenAsPromised)
{
    // The order that matters: t1's write between t0's two reads. n = 2 tasks, k = 2 * 6 steps.
    const Script script{{{Do::kSync}, {Do::kSync}, {Do::kRead, 0}, {Do::kRead, 0}, {Do::kSync}},
                        {{Do::kSync}, {Do::kSync}, {Do::kSync}, {Do::kSync}, {Do::kWrite, 0}}};
    ScriptRunner runner(script);
    const auto strategy = Make("pct:2");
    std::uint32_t hits = 0;
    for (std::uint64_t seed = 1; seed <= kRuns; ++seed)
    {
        strategy->Seed(seed);
        runner.Run(*strategy);
        const std::string& order = runner.Order();
        std::size_t reads = 0;
        std::size_t writerSteps = 0;
        std::size_t readsBefore = 0;
        for (const char task : order)
        {
            reads += task == '0' ? 1 : 0;
            writerSteps += task == '1' ? 1 : 0;
            if (task == '1' && writerSteps == 5)
            {
                readsBefore = reads;
            }
        }
        hits += readsBefore == 3 ? 1 : 0;
    }
    EXPECT_GT(hits, kRuns / (2 * 12));
}

TEST(Pct, LearnsHowLongRunsAre)
{
    PctStrategy pct(3);
    EXPECT_EQ(pct.ExpectedSteps(), 0U);
    ScriptRunner runner(SyncScript(2, 100));
    for (std::uint64_t seed = 1; seed <= 3; ++seed)
    {
        pct.Seed(seed);
        runner.Run(pct);
        EXPECT_EQ(pct.ExpectedSteps(), 202U);
    }
    ScriptRunner shorter(SyncScript(2, 10));
    for (std::uint64_t seed = 1; seed <= 40; ++seed)
    {
        pct.Seed(seed);
        shorter.Run(pct);
    }
    EXPECT_EQ(pct.ExpectedSteps(), 22U);
}

TEST(Pct, ATaskThatPollsLetsOthersGo)
{
    const Script script{{{Do::kAwait, 0}}, {{Do::kAwait, 0}}, {{Do::kSleep, 3}, {Do::kWrite, 0}}};
    EngineOptions options;
    options.stepLimit = 1000;
    ScriptRunner runner(script, options);
    for (const char* name : {"random", "pct:1", "pct:3", "pos", "surw", "mutate"})
    {
        const auto strategy = Make(name);
        for (std::uint64_t seed = 1; seed <= 300; ++seed)
        {
            strategy->Seed(seed);
            EXPECT_TRUE(runner.Run(*strategy).Passed()) << name << " " << seed;
        }
    }
}

TEST(Pos, SpreadsOverPartialOrders)
{
    // t0 reads once at the end of much that nobody else sees, t1 writes at once: a walk nearly
    // never reads before the write, while POS draws one number for the read and one for the write.
    Script script{{}, {}};
    script[0].assign(4, {Do::kSync});
    script[0].push_back({Do::kRead, 0});
    script[1] = {{Do::kWrite, 0}, {Do::kSync}, {Do::kSync}, {Do::kSync}, {Do::kSync}};
    const auto readFirst = [&](std::string_view name)
    {
        ScriptRunner runner(script);
        const auto strategy = Make(name);
        std::uint32_t hits = 0;
        for (std::uint64_t seed = 1; seed <= kRuns; ++seed)
        {
            strategy->Seed(seed);
            runner.Run(*strategy);
            hits += runner.Order().find("00000") == 0 ? 1 : 0;
        }
        return static_cast<double>(hits) / kRuns;
    };
    EXPECT_LT(readFirst("random"), 0.06);
    EXPECT_GT(readFirst("pos"), 0.10);
}

/** The order in which the uses of variable 0 come, other operations left out. */
std::map<std::string, std::uint32_t> UseOrders(const Script& script, std::string_view name)
{
    std::map<std::string, std::uint32_t> counts;
    ScriptRunner runner(script);
    const auto strategy = Make(name);
    for (std::uint64_t seed = 1; seed <= kRuns; ++seed)
    {
        strategy->Seed(seed);
        runner.Run(*strategy);
        std::string uses;
        std::vector<std::size_t> done(script.size());
        for (const char task : runner.Order())
        {
            const auto index = static_cast<std::size_t>(task - '0');
            if (script[index][done[index]++].what != Do::kSync)
            {
                uses += task;
            }
        }
        ++counts[uses];
    }
    return counts;
}

/** Tasks of very unequal length that use one variable twice each. */
Script UnequalScript()
{
    Script script{{}, {{Do::kWrite, 0}, {Do::kWrite, 0}}};
    script[0].assign(12, {Do::kSync});
    script[0].push_back({Do::kWrite, 0});
    script[0].insert(script[0].end(), 5, {Do::kSync});
    script[0].push_back({Do::kWrite, 0});
    return script;
}

TEST(Surw, DrawsEvenlyFromTheOrdersOfUses)
{
    const auto counts = UseOrders(UnequalScript(), "surw");
    EXPECT_EQ(counts.size(), 6U); // 4!/2!^2
    for (const auto& [order, count] : counts)
    {
        EXPECT_NEAR(static_cast<double>(count) / kRuns, 1.0 / 6, 0.03) << order;
    }
    // A walk nearly always sees the short one first.
    EXPECT_GT(Share(UseOrders(UnequalScript(), "random"), "1100"), 0.95);
}

TEST(Surw, TakesAnInterestInSharedObjectsOnly)
{
    const Script script{{{Do::kWrite, 0}, {Do::kWrite, 1}, {Do::kLock, 0}, {Do::kUnlock, 0}},
                        {{Do::kWrite, 1}, {Do::kWrite, 2}, {Do::kLock, 0}, {Do::kUnlock, 0}}};
    ScriptRunner runner(script);
    SurwStrategy surw;
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> interests;
    surw.Seed(0);
    runner.Run(surw);
    EXPECT_EQ(surw.Interest().type, 0U); // nothing is known yet
    for (std::uint64_t seed = 1; seed <= 1000; ++seed)
    {
        surw.Seed(seed);
        runner.Run(surw);
        ++interests[{surw.Interest().type, surw.Interest().ordinal}];
    }
    ASSERT_EQ(interests.size(), 2U); // variable 1 and lock 0
    for (const auto& [object, count] : interests)
    {
        EXPECT_NEAR(count, 500, 80);
    }
}

TEST(Strategies, LetTimeGoOnNeitherAlwaysNorNever)
{
    // Whether the sleeper is woken while the other task has not finished.
    const Script script{{{Do::kSleep, 5}, {Do::kWrite, 0}}, std::vector<Action>(8, {Do::kSync})};
    for (const char* name : {"random", "pct:2", "pct:3", "pos", "surw", "mutate"})
    {
        const auto counts = Orders(script, name);
        std::uint32_t early = 0;
        for (const auto& [order, count] : counts)
        {
            early += order.back() == '1' ? count : 0;
        }
        EXPECT_GT(early, kRuns / 20) << name;
        EXPECT_LT(early, kRuns * 19 / 20) << name;
    }
}

class FatePoint final : public ChoicePoint
{
  public:
    explicit FatePoint(std::uint32_t count)
        : ChoicePoint(ChoiceKind::kFault, PlaceKeyOf(ChoiceKind::kFault, "net"), count)
    {
    }

    PlaceText Place() const override
    {
        return {"net", ""};
    }

    std::string OptionText(std::uint32_t option) const override
    {
        return std::to_string(option);
    }
};

TEST(FaultDraw, RunsDifferInHowOftenThingsGoWrong)
{
    FaultDraw draw;
    std::map<std::uint32_t, std::uint32_t> byCount;
    std::set<std::uint32_t> options;
    std::uint32_t oneKindOnly = 0;
    for (std::uint64_t seed = 1; seed <= 1000; ++seed)
    {
        draw.Seed(seed);
        std::uint32_t faults = 0;
        std::set<std::uint32_t> inThisRun;
        for (std::uint32_t message = 0; message < 64; ++message)
        {
            FatePoint point(5);
            const std::uint32_t option = draw.Choose(point);
            ASSERT_LT(option, 5U);
            faults += option != 0 ? 1 : 0;
            inThisRun.insert(option);
        }
        options.insert(inThisRun.begin(), inThisRun.end());
        oneKindOnly += inThisRun.size() == 2 ? 1 : 0;
        ++byCount[faults == 0 ? 0 : faults < 8 ? 1 : 2];
    }
    EXPECT_GT(byCount[0], 250U); // at least a quarter without any
    EXPECT_GT(byCount[1], 200U); // few
    EXPECT_GT(byCount[2], 100U); // many
    EXPECT_EQ(options.size(), 5U);
    EXPECT_GT(oneKindOnly, 100U);
}

TEST(FaultDraw, APointWithOneFaultIsNotLeftOut)
{
    FaultDraw draw;
    std::uint32_t runsWithFaults = 0;
    for (std::uint64_t seed = 1; seed <= 1000; ++seed)
    {
        draw.Seed(seed);
        std::uint32_t faults = 0;
        for (std::uint32_t message = 0; message < 200; ++message)
        {
            FatePoint point(2);
            faults += draw.Choose(point);
        }
        runsWithFaults += faults != 0 ? 1 : 0;
        EXPECT_LT(faults, 160U) << "some messages get through";
    }
    EXPECT_GT(runsWithFaults, 650U);
}

} // namespace
} // namespace interleave::test
