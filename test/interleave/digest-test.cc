// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/digest.h"

#include "interleave/helper/random-chooser.h"
#include "interleave/model/mutex.h"
#include "interleave/model/random.h"
#include "world.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <set>

namespace interleave::test
{
namespace
{

TEST(Digest, IsTheSameEverywhere)
{
    // Written down once: a change of these breaks every digest that anybody has noted.
    Digest digest;
    EXPECT_EQ(digest.Text(), "9733c45575bbdc60");
    digest.Mix(1);
    digest.Mix(2);
    EXPECT_EQ(digest.Text(), "ba90ca397e45cc59");
    const std::array<std::uint8_t, 11> bytes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    digest.Mix(bytes);
    EXPECT_EQ(digest.Text(), "e4baaa5958f091b7");
    digest.Clear();
    EXPECT_EQ(digest.Text(), "9733c45575bbdc60");
    EXPECT_EQ(HashText("cm_id"), 0xa2b899474935f85ULL);
}

TEST(Digest, DependsOnOrderAndLength)
{
    Digest ab;
    ab.Mix(1);
    ab.Mix(2);
    Digest ba;
    ba.Mix(2);
    ba.Mix(1);
    EXPECT_NE(ab.Value(), ba.Value());
    Digest shorter;
    Digest longer;
    shorter.Mix(std::array<std::uint8_t, 1>{0});
    longer.Mix(std::array<std::uint8_t, 2>{0, 0});
    EXPECT_NE(shorter.Value(), longer.Value());
}

TEST(Digest, EveryInputBitReachesHalfOfTheOutput)
{
    Digest base;
    base.Mix(0);
    base.Mix(0);
    for (int bit = 0; bit < 64; ++bit)
    {
        Digest changed;
        changed.Mix(std::uint64_t{1} << bit);
        changed.Mix(0);
        const int differing = std::popcount(base.Value() ^ changed.Value());
        EXPECT_GT(differing, 14) << bit;
        EXPECT_LT(differing, 50) << bit;
    }
}

std::uint64_t DigestOfARun(World& world, DigestObserver& digest)
{
    digest.Get().Clear();
    Mutex mutex(world.engine, "lock");
    for (const char* name : {"a", "b", "c"})
    {
        world.engine.Spawn(name,
                           [&]
                           {
                               for (int round = 0; round < 4; ++round)
                               {
                                   const MutexLock lock(mutex);
                                   world.engine.Sleep(3);
                               }
                           });
    }
    EXPECT_TRUE(world.engine.Run().Passed());
    const std::uint64_t value = digest.Get().Value();
    world.Reset();
    return value;
}

TEST(Digest, TellsRunsApartAndTheSameRunTheSame)
{
    World world;
    DigestObserver digest;
    world.engine.AddObserver(digest);
    RandomChooser random(0);
    world.engine.SetChooser(random);
    std::set<std::uint64_t> values;
    for (std::uint64_t seed = 0; seed < 50; ++seed)
    {
        random.Seed(seed);
        const std::uint64_t value = DigestOfARun(world, digest);
        values.insert(value);
        World other;
        DigestObserver otherDigest;
        other.engine.AddObserver(otherDigest);
        RandomChooser again(seed);
        other.engine.SetChooser(again);
        ASSERT_EQ(DigestOfARun(other, otherDigest), value);
    }
    EXPECT_EQ(values.size(), 50U);
}

TEST(Digest, OfARunIsTheSameInEveryBuild)
{
    // The same number from GCC and Clang, with and without optimisation and sanitizers.
    World world;
    DigestObserver digest;
    world.engine.AddObserver(digest);
    RandomChooser random(2024);
    world.engine.SetChooser(random);
    EXPECT_EQ(DigestOfARun(world, digest), 13249237361326684934ULL);
}

TEST(Random, IsTheSameEverywhere)
{
    Random random(42, "schedule");
    EXPECT_EQ(random.Next(), 12953112230454738944ULL);
    EXPECT_EQ(random.Below(1000), 684U);
    EXPECT_NE(Random(42, "network").Next(), Random(42, "schedule").Next());
    EXPECT_NE(Random(43, "schedule").Next(), Random(42, "schedule").Next());
}

TEST(Random, BelowIsUniform)
{
    Random random(1);
    constexpr std::uint32_t kBound = 7;
    constexpr int kDraws = 70'000;
    std::array<int, kBound> counts{};
    for (int draw = 0; draw < kDraws; ++draw)
    {
        ++counts.at(random.Below(kBound));
    }
    double chiSquare = 0;
    for (const int count : counts)
    {
        const double difference = count - kDraws / double{kBound};
        chiSquare += difference * difference / (kDraws / double{kBound});
    }
    EXPECT_LT(chiSquare, 22.5); // 6 degrees of freedom: exceeded once in 1000
    EXPECT_EQ(random.Below(1), 0U);
    EXPECT_TRUE(random.Chance(3, 3));
    EXPECT_FALSE(random.Chance(0, 3));
}

} // namespace
} // namespace interleave::test
