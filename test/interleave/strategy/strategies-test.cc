// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/strategy/strategies.h"

#include "interleave/model/strategy/portfolio.h"
#include "script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace interleave::test
{
namespace
{

using testing::HasSubstr;

TEST(StrategyNames, EveryExampleCanBeMadeAndIsCalledSo)
{
    ASSERT_EQ(StrategyNames().front().form, kDefaultStrategy);
    for (const StrategyInfo& info : StrategyNames())
    {
        const auto strategy = MakeStrategy(info.example);
        ASSERT_TRUE(strategy) << strategy.error();
        EXPECT_EQ((*strategy)->Name(), info.example);
        EXPECT_NE(std::string(info.description), "");
    }
}

TEST(StrategyNames, MistakesAreAnsweredWithWhatWouldBeRight)
{
    const struct
    {
        const char* text;
        const char* answer;
    } kMistakes[] = {
        {"", "there is no strategy ''; there are: portfolio, random, pct:D"},
        {"rand", "there is no strategy 'rand'"},
        {"pct", "pct: the depth is a number from 1 to 1000, as in pct:3"},
        {"pct:0", "pct:0: the depth is a number from 1 to 1000"},
        {"pct:1001", "the depth is a number from 1 to 1000"},
        {"pct:3x", "pct:3x: the depth is"},
        {"pct:-1", "pct:-1: the depth is"},
        {"pct:99999999999", "the depth is"},
        {"pos:1", "pos:1: pos has no parameter, not '1'"},
        {"random:", "random:: random has no parameter, not ''"},
        {"bound", "bound: the bound is a number from 0 to 1000"},
        {"bound:3-1", "bound:3-1: the bound is"},
        {"bound:1001", "bound:1001: the bound is"},
        {"bound:1-", "bound:1-: the bound is"},
        {"random+", "random+: between '+' stand names of strategies, not ''"},
        {"random+portfolio", "between '+' stand names of strategies, not 'portfolio'"},
        {"random+pct:0", "pct:0: the depth is"},
        {"portfolio:random", "there is no strategy 'portfolio:random'"},
    };
    for (const auto& [text, answer] : kMistakes)
    {
        const auto strategy = MakeStrategy(text);
        ASSERT_FALSE(strategy) << text;
        EXPECT_THAT(strategy.error(), HasSubstr(answer));
    }
}

/** Locks, variables, polling and time, so that every kind of option comes up. */
Script MixedScript()
{
    return {
        {{Do::kLock, 0}, {Do::kWrite, 0}, {Do::kUnlock, 0}, {Do::kSleep, 5}, {Do::kWrite, 1}},
        {{Do::kLock, 0}, {Do::kRead, 0}, {Do::kUnlock, 0}, {Do::kAwait, 1}, {Do::kSignal, 0}},
        {{Do::kTry, 0}, {Do::kUnlockIf, 0}, {Do::kSleep, 5}, {Do::kWait, 0}, {Do::kRead, 1}},
    };
}

std::vector<std::string> OrdersOf(std::string_view name, std::uint64_t firstSeed)
{
    const auto strategy = Make(name);
    ScriptRunner runner(MixedScript());
    std::vector<std::string> orders;
    for (std::uint64_t seed = firstSeed; seed < firstSeed + 50; ++seed)
    {
        strategy->Seed(seed);
        EXPECT_TRUE(runner.Run(*strategy).Passed());
        orders.push_back(runner.Order());
    }
    return orders;
}

TEST(StrategyDeterminism, SameSeedsGiveSameRuns)
{
    for (const StrategyInfo& info : StrategyNames())
    {
        EXPECT_EQ(OrdersOf(info.example, 7), OrdersOf(info.example, 7)) << info.example;
    }
}

TEST(StrategyDeterminism, ARunDoesNotDependOnEarlierOnesUnlessTheStrategyLearns)
{
    for (const StrategyInfo& info : StrategyNames())
    {
        const auto strategy = Make(info.example);
        if (strategy->Learns())
        {
            continue;
        }
        const auto all = OrdersOf(info.example, 1);
        ScriptRunner runner(MixedScript());
        for (const std::uint64_t seed : {40U, 3U, 21U})
        {
            strategy->Seed(seed);
            runner.Run(*strategy);
            EXPECT_EQ(runner.Order(), all[seed - 1]) << info.example;
        }
    }
}

TEST(StrategyDeterminism, OtherSeedsGiveOtherRuns)
{
    for (const char* name : {"random", "pct:2", "pct:3", "pct:10", "pos", "surw", "mutate"})
    {
        const auto orders = OrdersOf(name, 1);
        EXPECT_GT(std::set(orders.begin(), orders.end()).size(), 5U) << name;
    }
}

TEST(Portfolio, GivesEachMemberItsTurnAndPassesOverTheDone)
{
    auto made = Make("random+bound:0+pos");
    auto& portfolio = static_cast<Portfolio&>(*made);
    ScriptRunner runner(SyncScript(2, 3));
    std::vector<std::string> turns;
    for (std::uint64_t seed = 0; seed < 9; ++seed)
    {
        portfolio.Seed(seed);
        runner.Run(portfolio);
        turns.push_back(portfolio.Current().Name());
    }
    // With bound 0 two tasks have two runs.
    EXPECT_THAT(
        turns,
        testing::ElementsAre(
            "random", "bound:0", "pos", "random", "bound:0", "pos", "random", "pos", "random"));
    EXPECT_FALSE(portfolio.Done());
    portfolio.CreditCurrent();
    EXPECT_EQ(portfolio.Credits()[0].runs, 4U);
    EXPECT_EQ(portfolio.Credits()[0].discoveries, 1U);
    EXPECT_EQ(portfolio.Credits()[1].runs, 2U);
    EXPECT_EQ(portfolio.Credits()[1].discoveries, 0U);
}

TEST(Portfolio, IsDoneWhenAllAre)
{
    const auto portfolio = Make("bound:0+bound:1");
    ScriptRunner runner(SyncScript(2, 2));
    std::uint64_t runs = 0;
    while (!portfolio->Done() && runs < 1000)
    {
        portfolio->Seed(runs++);
        runner.Run(*portfolio);
    }
    const auto alone = Make("bound:1");
    std::uint64_t runsAlone = 0;
    while (!alone->Done() && runsAlone < 1000)
    {
        alone->Seed(runsAlone++);
        runner.Run(*alone);
    }
    EXPECT_EQ(runs, 2 + runsAlone);
}

TEST(Portfolio, CountsViolationsOfTheMemberThatFoundThem)
{
    auto made = Make("random+pos");
    auto& portfolio = static_cast<Portfolio&>(*made);
    ScriptRunner runner({{{Do::kWait, 0}}}); // a deadlock, always
    for (std::uint64_t seed = 0; seed < 5; ++seed)
    {
        portfolio.Seed(seed);
        EXPECT_FALSE(runner.Run(portfolio).Passed());
    }
    EXPECT_EQ(portfolio.Credits()[0].violations, 3U);
    EXPECT_EQ(portfolio.Credits()[1].violations, 2U);
}

} // namespace
} // namespace interleave::test
