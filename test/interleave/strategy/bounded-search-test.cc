// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/strategy/bounded-search.h"

#include "script.h"

#include <gtest/gtest.h>

#include <set>

namespace interleave::test
{
namespace
{

/** Runs until the search says that it is done; 0 if that is not within @p limit. */
std::uint64_t CountRuns(ScriptRunner& runner,
                        Strategy& strategy,
                        std::set<std::string>* orders = nullptr,
                        std::uint64_t limit = 2'000'000)
{
    std::uint64_t runs = 0;
    while (!strategy.Done())
    {
        if (runs == limit)
        {
            return 0;
        }
        strategy.Seed(++runs);
        runner.Run(strategy);
        if (orders != nullptr)
        {
            orders->insert(runner.Order());
        }
    }
    return runs;
}

std::uint64_t CountRuns(const Script& script, std::string_view name)
{
    ScriptRunner runner(script);
    const auto strategy = Make(name);
    return CountRuns(runner, *strategy);
}

/**
 * How many ways there are to interleave tasks with @p left operations each, task @p last having
 * gone last, with at most @p bound preemptions: the closed form's recursion, without any engine.
 */
std::uint64_t Interleavings(std::vector<std::uint32_t> left, std::size_t last, std::uint32_t bound)
{
    std::uint64_t sum = 0;
    bool over = true;
    const bool couldGoOn = last < left.size() && left[last] != 0;
    for (std::size_t next = 0; next < left.size(); ++next)
    {
        if (left[next] == 0)
        {
            continue;
        }
        over = false;
        const std::uint32_t cost = couldGoOn && next != last ? 1 : 0;
        if (cost <= bound)
        {
            std::vector<std::uint32_t> rest = left;
            --rest[next];
            sum += Interleavings(std::move(rest), next, bound - cost);
        }
    }
    return over ? 1 : sum;
}

std::uint64_t Binomial(std::uint64_t n, std::uint64_t k)
{
    std::uint64_t result = 1;
    for (std::uint64_t factor = 1; factor <= k; ++factor)
    {
        result = result * (n - k + factor) / factor;
    }
    return result;
}

TEST(BoundedSearch, UnboundedMakesEveryRunOfTwoTasksOnce)
{
    // The start of a task is an operation, too.
    for (const std::uint64_t count : {0U, 1U, 3U, 6U})
    {
        EXPECT_EQ(CountRuns(SyncScript(2, count), "bound:all"),
                  Binomial(2 * (count + 1), count + 1));
    }
}

TEST(BoundedSearch, EachBoundMakesTheRunsThatItAllows)
{
    for (std::uint32_t bound = 0; bound <= 6; ++bound)
    {
        const std::string name = "bound:" + std::to_string(bound);
        EXPECT_EQ(CountRuns(SyncScript(2, 4), name), Interleavings({5, 5}, 9, bound)) << name;
        EXPECT_EQ(CountRuns(SyncScript(3, 2), name), Interleavings({3, 3, 3}, 9, bound)) << name;
    }
    EXPECT_EQ(CountRuns(SyncScript(3, 2), "bound:0"), 6U);
}

TEST(BoundedSearch, NoRunIsMadeTwice)
{
    ScriptRunner runner(SyncScript(3, 2));
    const auto strategy = Make("bound:all");
    std::set<std::string> orders;
    const std::uint64_t runs = CountRuns(runner, *strategy, &orders);
    EXPECT_EQ(runs, 1680U);        // 9!/3!^3
    EXPECT_EQ(orders.size(), 90U); // 6!/2!^3: the starts do not show in the order
}

TEST(BoundedSearch, DeepeningGoesThroughTheBoundsAndStopsWhenNothingIsLeftOut)
{
    const Script script = SyncScript(2, 2);
    const std::uint64_t upToTwo =
        CountRuns(script, "bound:0") + CountRuns(script, "bound:1") + CountRuns(script, "bound:2");
    EXPECT_EQ(CountRuns(script, "bound:0-2"), upToTwo);
    // 2 tasks of 3 operations can be preempted four times at most.
    std::uint64_t toTheEnd = upToTwo;
    for (const char* name : {"bound:3", "bound:4"})
    {
        toTheEnd += CountRuns(script, name);
    }
    EXPECT_EQ(CountRuns(script, "bound:0-1000"), toTheEnd);
}

TEST(BoundedSearch, WaitingCostsNothing)
{
    // Whoever comes first has to be waited for: no preemption is needed to see both orders.
    const Script script{{{Do::kLock, 0}, {Do::kWrite, 0}, {Do::kUnlock, 0}},
                        {{Do::kLock, 0}, {Do::kRead, 0}, {Do::kUnlock, 0}}};
    ScriptRunner runner(script);
    const auto strategy = Make("bound:0");
    std::set<std::string> orders;
    EXPECT_EQ(CountRuns(runner, *strategy, &orders), 2U);
    EXPECT_EQ(orders, (std::set<std::string>{"000111", "111000"}));
}

TEST(BoundedSearch, LettingTimeGoOnCostsOne)
{
    const Script script{{{Do::kSleep, 5}, {Do::kWrite, 0}}, {{Do::kSync}, {Do::kRead, 0}}};
    std::set<std::string> dull;
    std::set<std::string> one;
    ScriptRunner runner(script);
    CountRuns(runner, *Make("bound:0"), &dull);
    CountRuns(runner, *Make("bound:1"), &one);
    EXPECT_FALSE(dull.contains("0011"));
    EXPECT_FALSE(dull.contains("1001"));
    EXPECT_TRUE(one.contains("0011"));
}

TEST(BoundedSearch, ALoopThatPollsIsNotFollowedWithoutEnd)
{
    // t0 waits for t1 by polling, t1 for t0.
    const Script script{{{Do::kAwait, 0}, {Do::kWrite, 1}}, {{Do::kWrite, 0}, {Do::kAwait, 1}}};
    EngineOptions options;
    options.stepLimit = 200; // a run that only goes round would reach it
    ScriptRunner runner(script, options);
    const auto strategy = Make("bound:all");
    std::uint64_t runs = 0;
    for (; !strategy->Done() && runs < 100'000; ++runs)
    {
        strategy->Seed(runs);
        ASSERT_TRUE(runner.Run(*strategy).Passed()) << runner.Order();
    }
    EXPECT_TRUE(strategy->Done());
    EXPECT_GT(runs, 10U);
}

TEST(BoundedSearch, TwoThatPollForAnEventLetTimeGoOn)
{
    const Script script{{{Do::kAwait, 0}}, {{Do::kAwait, 0}}, {{Do::kSleep, 9}, {Do::kWrite, 0}}};
    EngineOptions options;
    options.stepLimit = 200;
    ScriptRunner runner(script, options);
    const auto strategy = Make("bound:1");
    std::uint64_t runs = 0;
    for (; !strategy->Done() && runs < 100'000; ++runs)
    {
        strategy->Seed(runs);
        ASSERT_TRUE(runner.Run(*strategy).Passed());
    }
    EXPECT_TRUE(strategy->Done());
}

/** A question of the program's own with three answers. */
class DicePoint final : public ChoicePoint
{
  public:
    explicit DicePoint(ChoiceKind kind)
        : ChoicePoint(kind, PlaceKeyOf(kind, "dice"), 3)
    {
    }

    PlaceText Place() const override
    {
        return {"dice", ""};
    }

    std::string OptionText(std::uint32_t option) const override
    {
        return std::to_string(option);
    }
};

TEST(BoundedSearch, FaultsAndValuesCostOneEach)
{
    for (const auto& [name, expected] :
         {std::pair{"bound:0", 1U}, {"bound:1", 5U}, {"bound:2", 9U}, {"bound:all", 9U}})
    {
        World world;
        const auto strategy = Make(name);
        std::uint64_t runs = 0;
        for (; !strategy->Done() && runs < 100; ++runs)
        {
            strategy->Seed(runs);
            world.engine.SetChooser(*strategy);
            world.engine.Spawn(
                "t",
                [&]
                {
                    for (const ChoiceKind kind : {ChoiceKind::kFault, ChoiceKind::kValue})
                    {
                        DicePoint point(kind);
                        world.engine.Choose(point);
                    }
                });
            world.engine.Run();
            world.Reset();
        }
        EXPECT_EQ(runs, expected) << name;
    }
}

TEST(BoundedSearch, SaysSoWhenTheProgramDoesNotRepeatItself)
{
    World world;
    const auto strategy = Make("bound:all");
    RunResult result;
    for (std::uint32_t run = 0; run < 20 && result.Passed(); ++run)
    {
        strategy->Seed(run);
        world.engine.SetChooser(*strategy);
        const std::uint32_t tasks = run == 0 ? 2 : 3;
        for (std::uint32_t task = 0; task < tasks; ++task)
        {
            world.engine.Spawn("t" + std::to_string(task),
                               [&] { world.engine.Point(Op{OpKind::kSync}); });
        }
        try
        {
            result = world.engine.Run();
        }
        catch (const std::logic_error& error)
        {
            EXPECT_NE(std::string(error.what()).find("does not repeat itself"), std::string::npos);
            return;
        }
        if (!result.Passed())
        {
            EXPECT_NE(result.violation->text.find("does not repeat itself"), std::string::npos);
        }
        world.Reset();
    }
    EXPECT_FALSE(result.Passed());
}

/** The orders of the first runs of a strategy that makes batch @p batch of a campaign. */
std::vector<std::string> OrdersOfBatch(const char* name, std::uint64_t batch, int runs)
{
    ScriptRunner runner(LockScript(4, 8));
    const auto strategy = Make(name);
    strategy->BeginAt(batch);
    std::vector<std::string> orders;
    for (int run = 0; run < runs && !strategy->Done(); ++run)
    {
        strategy->Seed(static_cast<std::uint64_t>(run));
        runner.Run(*strategy);
        orders.push_back(runner.Order());
    }
    return orders;
}

TEST(BoundedSearch, LaterBatchesMakeOtherRuns)
{
    constexpr std::uint64_t kBatches = 40;
    std::set<std::string> different;
    std::size_t runs = 0;
    for (std::uint64_t batch = 0; batch < kBatches; ++batch)
    {
        for (const std::string& order : OrdersOfBatch("bound:0-3", batch, 40))
        {
            different.insert(order);
            ++runs;
        }
    }
    EXPECT_GT(runs, kBatches * 20);
    // Each begins with the dull run, to know what can be done otherwise.
    EXPECT_GT(different.size(), runs / 2); // runs may differ in more than the order of actions
}

TEST(BoundedSearch, APortfolioTellsItsMembersWhichBatchItIs)
{
    EXPECT_EQ(OrdersOfBatch("bound:0-3+random", 0, 40), OrdersOfBatch("bound:0-3+random", 0, 40));
    EXPECT_NE(OrdersOfBatch("bound:0-3+random", 0, 40), OrdersOfBatch("bound:0-3+random", 7, 40));
}

TEST(BoundedSearch, BatchesNeverRunOut)
{
    for (const std::uint64_t batch : {1U, 1'000U, 1'000'000U})
    {
        EXPECT_GT(OrdersOfBatch("bound:2", batch, 100).size(), 1U);
    }
}

} // namespace
} // namespace interleave::test
