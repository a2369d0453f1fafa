// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm/model/comm-id.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace ibcm::test
{
namespace
{

TEST(CommIdCodec, EveryPlaceHasItsOwnId)
{
    const CommIdCodec codec(0x0123456789abcdef);
    constexpr std::uint32_t kSlots = 1U << 16;
    std::vector<std::uint32_t> ids;
    for (unsigned generation = 0; generation < 256; generation += 51)
    {
        for (std::uint32_t slot = 0; slot < kSlots; ++slot)
        {
            ids.push_back(codec.Encode({slot, static_cast<std::uint8_t>(generation)}));
        }
    }
    std::sort(ids.begin(), ids.end());
    EXPECT_EQ(std::adjacent_find(ids.begin(), ids.end()), ids.end());
}

TEST(CommIdCodec, FormerUsersOfASlotHaveOtherIds)
{
    const CommIdCodec codec(42);
    for (unsigned generation = 0; generation < 256; ++generation)
    {
        const CommIdCodec::Place place{5, static_cast<std::uint8_t>(generation)};
        const CommIdCodec::Place next{5, static_cast<std::uint8_t>(generation + 1)};
        EXPECT_NE(codec.Encode(place), codec.Encode(next));
    }
}

RC_GTEST_PROP(CommIdCodec, DecodeUndoesEncode, (std::uint64_t key, std::uint32_t commId))
{
    const CommIdCodec codec(key);
    const CommIdCodec::Place place = codec.Decode(commId);
    RC_ASSERT(place.slot < CommIdCodec::kMaxSlots);
    RC_ASSERT(codec.Encode(place) == commId);
}

RC_GTEST_PROP(CommIdCodec, EncodeUndoesDecode, (std::uint64_t key, std::uint32_t plain))
{
    const CommIdCodec codec(key);
    const CommIdCodec::Place place{plain % CommIdCodec::kMaxSlots,
                                   static_cast<std::uint8_t>(plain >> CommIdCodec::kSlotBits)};
    RC_ASSERT(codec.Decode(codec.Encode(place)) == place);
}

TEST(CommIdCodec, AnotherKeyGivesOtherIds)
{
    const CommIdCodec one(1);
    const CommIdCodec other(2);
    unsigned same = 0;
    for (std::uint32_t slot = 0; slot < 10000; ++slot)
    {
        same += one.Encode({slot, 0}) == other.Encode({slot, 0}) ? 1 : 0;
    }
    EXPECT_LE(same, 1U);
}

TEST(CommIdCodec, NeighboursDoNotLookAlike)
{
    // Of two ids made one after the other about half of the 32 bits differ, whatever the key.
    const CommIdCodec codec(0xfeedfacecafebeef);
    std::uint64_t flipped = 0;
    constexpr std::uint32_t kSamples = 20000;
    for (std::uint32_t slot = 0; slot < kSamples; ++slot)
    {
        flipped += static_cast<unsigned>(
            std::popcount(codec.Encode({slot, 1}) ^ codec.Encode({slot + 1, 1})));
    }
    const double mean = static_cast<double>(flipped) / kSamples;
    EXPECT_GT(mean, 15.0);
    EXPECT_LT(mean, 17.0);
}

} // namespace
} // namespace ibcm::test
