// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a ReliablePort keeps its sends in.
#include "ibcm/helper/deadline-heap.h"
#include "ibcm/helper/send-slots.h"
#include "ibcm/helper/spare-pool.h"
#include "ibcm/helper/step-runtime.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace ibcm::test
{
namespace
{

template <class T>
void Grow(StableArray<T>& array)
{
    auto segment = StableArray<T>::MakeSegment(array.NextSegment());
    array.Adopt(segment);
}

TEST(StableArray, KeepsItsElementsInPlaceWhileItGrows)
{
    StableArray<std::size_t> array;
    std::vector<std::size_t*> places;
    EXPECT_EQ(array.Capacity(), 0U);
    for (const std::size_t capacity : {64U, 192U, 448U, 960U, 1984U})
    {
        Grow(array);
        ASSERT_EQ(array.Capacity(), capacity);
        while (places.size() < capacity)
        {
            places.push_back(&array[places.size()]);
            *places.back() = places.size();
        }
    }
    EXPECT_EQ(std::set<std::size_t*>(places.begin(), places.end()).size(), places.size());
    for (std::size_t i = 0; i < places.size(); ++i)
    {
        EXPECT_EQ(&array[i], places[i]);
        EXPECT_EQ(array[i], i + 1);
    }
}

TEST(StableArray, TakesASegmentOnlyInItsPlace)
{
    StableArray<int> array;
    auto first = StableArray<int>::MakeSegment(0);
    auto late = StableArray<int>::MakeSegment(0);
    array.Adopt(first);
    EXPECT_EQ(first.memory, nullptr);
    array.Adopt(late);
    EXPECT_NE(late.memory, nullptr);
    EXPECT_EQ(array.Capacity(), 64U);
    StableArray<int>::Segment none{1, nullptr};
    array.Adopt(none);
    EXPECT_EQ(array.Capacity(), 64U);
}

TEST(SendSlots, FindsBySlotAndSerial)
{
    SendSlots slots;
    EXPECT_FALSE(slots.HasRoom());
    Grow(slots.Memory());
    ASSERT_TRUE(slots.HasRoom());
    PendingSend first;
    PendingSend second;
    const SendToken a = slots.Put(first);
    EXPECT_EQ(slots.Find(a), &first);
    slots.Remove(a);
    EXPECT_EQ(slots.Find(a), nullptr);
    const SendToken b = slots.Put(second);
    EXPECT_NE(a, b);
    EXPECT_EQ(slots.Find(a), nullptr) << "an old name found the slot's next guest";
    EXPECT_EQ(slots.Find(b), &second);
    EXPECT_EQ(slots.Find(SendToken::kNone), nullptr);
    EXPECT_EQ(slots.Find(static_cast<SendToken>(~std::uint64_t{0})), nullptr);
    EXPECT_EQ(slots.Find(static_cast<SendToken>(1)), nullptr) << "a slot that was never used";
}

TEST(SendSlots, ASlotWhoseSerialsAreUsedUpIsLeftAlone)
{
    SendSlots slots(3);
    Grow(slots.Memory());
    PendingSend send;
    std::set<SendToken> tokens;
    while (slots.HasRoom())
    {
        const SendToken token = slots.Put(send);
        EXPECT_TRUE(tokens.insert(token).second) << "a token came twice";
        slots.Remove(token);
        EXPECT_EQ(slots.Find(token), nullptr);
    }
    EXPECT_EQ(tokens.size(), 3 * 64U);
    EXPECT_FALSE(slots.Exhausted()) << "more memory means more slots";
    Grow(slots.Memory());
    EXPECT_TRUE(slots.HasRoom());
}

TEST(DeadlineHeap, GivesTheEarliestAndOfEqualOnesTheFirstSent)
{
    constexpr std::size_t kSends = 400;
    DeadlineHeap heap;
    while (heap.Memory().Capacity() < kSends)
    {
        Grow(heap.Memory());
    }
    std::vector<PendingSend> sends(kSends);
    std::set<std::pair<Instant, std::uint64_t>> model;
    StepRuntime dice(3);
    const auto insert = [&](PendingSend& send)
    {
        send.deadline = Instant(dice.Random() % 50);
        heap.Insert(send);
        model.emplace(send.deadline, send.order);
    };
    for (std::size_t i = 0; i < kSends; ++i)
    {
        sends[i].order = i;
        insert(sends[i]);
    }
    for (int i = 0; i < 20000; ++i)
    {
        ASSERT_EQ(heap.Top().order, model.begin()->second);
        PendingSend& send = dice.Random() % 2 == 0 ? heap.Top() : sends[dice.Random() % kSends];
        model.erase({send.deadline, send.order});
        heap.Remove(send);
        ASSERT_EQ(heap.Size(), kSends - 1);
        insert(send);
    }
    while (!heap.Empty())
    {
        ASSERT_EQ(heap.Top().order, model.begin()->second);
        model.erase(model.begin());
        heap.Remove(heap.Top());
    }
    EXPECT_TRUE(model.empty());
}

TEST(SparePool, HoldsNoMoreThanItsLimit)
{
    SparePool<PendingSend> pool(2);
    EXPECT_EQ(pool.Take(), nullptr);
    for (std::uint64_t i = 1; i <= 3; ++i)
    {
        auto send = std::make_unique<PendingSend>();
        send->context = i;
        pool.Put(send);
        EXPECT_EQ(send == nullptr, i <= 2);
    }
    EXPECT_EQ(pool.Take()->context, 2U);
    EXPECT_EQ(pool.Take()->context, 1U);
    EXPECT_TRUE(pool.Empty());
}

} // namespace
} // namespace ibcm::test
