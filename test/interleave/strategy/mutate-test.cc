// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/strategy/mutate.h"

#include "interleave/helper/recording-chooser.h"
#include "script.h"

#include <gtest/gtest.h>

#include <map>

namespace interleave::test
{
namespace
{

/** Three tasks that write down when they come: 18 actions. */
Script ThreeWriters()
{
    return Script(3, std::vector<Action>(6, Action{Do::kWrite, 0}));
}

/** A log of one run of @p script, with the order that it leads to. */
std::pair<DecisionLog, std::string> SomeRun(const Script& script, std::uint64_t seed)
{
    // The log has to be asked for before the engine forgets the names: replayed by hand here.
    World world;
    const auto random = Make("random");
    RecordingChooser recording(*random);
    random->Seed(seed);
    world.engine.SetChooser(recording);
    std::string order;
    const ObjectId object = world.engine.NewObject("v");
    for (std::size_t task = 0; task < script.size(); ++task)
    {
        world.engine.Spawn(fmt::format("t{}", task),
                           [&, task]
                           {
                               for (std::size_t count = 0; count < script[task].size(); ++count)
                               {
                                   world.engine.Point(Op{OpKind::kAccess, object});
                                   order += static_cast<char>('0' + task);
                               }
                           });
    }
    EXPECT_TRUE(world.engine.Run().Passed());
    return {recording.Log(), order};
}

/** In how many places two orders of the same length differ. */
std::size_t Distance(const std::string& left, const std::string& right)
{
    std::size_t differences = 0;
    for (std::size_t index = 0; index < left.size(); ++index)
    {
        differences += left[index] != right[index] ? 1 : 0;
    }
    return differences;
}

TEST(Mutate, StaysNearTheLogThatItStartsFrom)
{
    SKIP_UNDER_TSAN();
    const auto [log, order] = SomeRun(ThreeWriters(), 11);
    ASSERT_GT(log.decisions.size(), 4U);
    MutateStrategy mutate(log);
    const auto random = Make("random");
    ScriptRunner runner(ThreeWriters());
    std::size_t near = 0;
    std::size_t far = 0;
    std::set<std::string> orders;
    std::uint32_t same = 0;
    for (std::uint64_t seed = 1; seed <= 500; ++seed)
    {
        mutate.Seed(seed);
        runner.Run(mutate);
        near += Distance(runner.Order(), order);
        same += runner.Order() == order ? 1 : 0;
        orders.insert(runner.Order());
        random->Seed(seed);
        runner.Run(*random);
        far += Distance(runner.Order(), order);
    }
    EXPECT_LT(near, far * 9 / 10);
    EXPECT_GT(orders.size(), 100U);
    EXPECT_LT(same, 250U);
}

TEST(Mutate, WithoutALogItMakesFewDecisions)
{
    MutateStrategy mutate;
    ScriptRunner runner(ThreeWriters());
    std::map<std::string, std::uint32_t> orders;
    for (std::uint64_t seed = 1; seed <= 500; ++seed)
    {
        mutate.Seed(seed);
        runner.Run(mutate);
        ++orders[runner.Order()];
    }
    EXPECT_GT(orders["000000111111222222"], 50U);
    EXPECT_GT(orders.size(), 50U);
}

TEST(Mutate, KeepsLogsAndForgetsTheOldestButTheFirst)
{
    DecisionLog first;
    first.SetHeader("name", "first");
    MutateStrategy mutate(first);
    EXPECT_FALSE(mutate.Learns());
    for (std::size_t count = 1; count <= MutateStrategy::kMostKept + 1; ++count)
    {
        DecisionLog log;
        log.SetHeader("name", std::to_string(count));
        mutate.Keep(std::move(log));
    }
    EXPECT_TRUE(mutate.Learns());
    ASSERT_EQ(mutate.Corpus().size(), MutateStrategy::kMostKept);
    EXPECT_EQ(*mutate.Corpus()[0].Header("name"), "first");
    EXPECT_EQ(*mutate.Corpus()[1].Header("name"), std::to_string(MutateStrategy::kMostKept));
    EXPECT_EQ(*mutate.Corpus()[2].Header("name"), std::to_string(MutateStrategy::kMostKept + 1));
    EXPECT_EQ(*mutate.Corpus()[3].Header("name"), "3");
}

} // namespace
} // namespace interleave::test
