// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The memory of a run: whose it is, what is left of it after it was freed, and that it all goes.
#include "interleave/model/sanitizer.h"
#include "lab/model/run-heap.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>

namespace
{

using interleave::EngineScope;
using interleave::MemoryScope;
using lab::RunHeap;

std::string g_misuse;

class RunHeapTest : public testing::Test
{
  protected:
    void SetUp() override
    {
        if (!RunHeap::Installed())
        {
            GTEST_SKIP() << "ThreadSanitizer keeps watch over memory in this build";
        }
        g_misuse.clear();
        RunHeap::Begin([](void* /*context*/, const char* what) { g_misuse = what; }, nullptr);
    }

    void TearDown() override
    {
        RunHeap::FillFreed(false);
        RunHeap::End();
    }
};

/** Not known to the compiler, which would otherwise leave a pair of new and delete out. */
int* NewNumber(int value)
{
    auto* volatile number = new int(value);
    return number;
}

TEST_F(RunHeapTest, KeepsTheProgramsMemoryApart)
{
    int* const before = NewNumber(1);
    int* inProgram = nullptr;
    int* inEngine = nullptr;
    {
        const MemoryScope program(true);
        inProgram = NewNumber(2);
        const EngineScope engine;
        inEngine = NewNumber(3);
    }
    EXPECT_FALSE(RunHeap::Owns(before));
    EXPECT_TRUE(RunHeap::Owns(inProgram));
    EXPECT_FALSE(RunHeap::Owns(inEngine));
    EXPECT_EQ(RunHeap::LiveBlocks(), 1U);
    EXPECT_EQ(RunHeap::LiveBytes(), sizeof(int));
    delete before;
    delete inProgram; // from wherever: the block knows whose it is
    delete inEngine;
    EXPECT_EQ(RunHeap::LiveBlocks(), 0U);
}

#ifdef INTERLEAVE_ASAN

/** Of the run; the test's own memory, which EXPECT_DEATH() takes and gives back later, is not. */
volatile int* NewNumberOfTheRun(int value)
{
    const MemoryScope program(true);
    return NewNumber(value);
}

TEST_F(RunHeapTest, FreedMemoryIsWatchedByAddressSanitizer)
{
    volatile int* const number = NewNumberOfTheRun(42);
    delete number;
    EXPECT_DEATH((void)*number, "heap-use-after-free");
    EXPECT_DEATH(delete number, "double-free");
}

TEST_F(RunHeapTest, TheEndOfABlockIsWatchedByAddressSanitizer)
{
    volatile int* const number = NewNumberOfTheRun(42);
    EXPECT_DEATH((void)number[1], "heap-buffer-overflow");
    delete number;
}

TEST_F(RunHeapTest, WhatIsLeftBehindIsFreedAtTheEnd)
{
    volatile int* const number = NewNumberOfTheRun(42);
    RunHeap::End();
    EXPECT_DEATH((void)*number, "heap-use-after-free");
}

#else

TEST_F(RunHeapTest, FreedMemoryStaysReadableAndIsNotReused)
{
    const MemoryScope program(true);
    int* const first = NewNumber(42);
    volatile int* const seen = first;
    delete first;
    int* const second = NewNumber(7);
    EXPECT_NE(first, second);
    EXPECT_EQ(*seen, 42);
    delete second;
    RunHeap::FillFreed(true);
    int* const third = NewNumber(9);
    volatile std::uint8_t* const bytes = reinterpret_cast<std::uint8_t*>(third);
    delete third;
    EXPECT_EQ(bytes[0], RunHeap::kPattern);
}

TEST_F(RunHeapTest, TellsOfADoubleFree)
{
    const MemoryScope program(true);
    int* const number = NewNumber(1);
    RunHeap::Free(number);
    EXPECT_EQ(g_misuse, "");
    RunHeap::Free(number);
    EXPECT_EQ(g_misuse, "memory is freed for the second time");
    RunHeap::Free(number + 4);
    EXPECT_EQ(g_misuse, "memory is freed that was never allocated");
}

#endif

TEST_F(RunHeapTest, RespectsAlignment)
{
    struct alignas(128) Wide
    {
        std::uint8_t bytes[128];
    };

    const MemoryScope program(true);
    const auto small = std::make_unique<char>('x');
    const auto wide = std::make_unique<Wide>();
    EXPECT_TRUE(RunHeap::Owns(wide.get()));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(wide.get()) % 128, 0U);
}

TEST_F(RunHeapTest, WhatDoesNotFitComesFromTheOrdinaryHeap)
{
    const MemoryScope program(true);
    const auto most = std::make_unique<std::byte[]>(RunHeap::kBytes - 4096);
    EXPECT_TRUE(RunHeap::Owns(most.get()));
    const auto more = std::make_unique<std::byte[]>(8192);
    EXPECT_FALSE(RunHeap::Owns(more.get()));
    const auto small = std::make_unique<std::byte[]>(64);
    EXPECT_TRUE(RunHeap::Owns(small.get()));
}

TEST_F(RunHeapTest, TheNextRunFindsAllOfItFree)
{
    [[maybe_unused]] int* first = nullptr;
    {
        const MemoryScope program(true);
        first = NewNumber(1);
    }
    RunHeap::End();
    RunHeap::Begin(nullptr, nullptr);
    EXPECT_EQ(RunHeap::LiveBlocks(), 0U);
    const MemoryScope program(true);
    int* const second = NewNumber(2);
#ifndef INTERLEAVE_ASAN // which does not use memory again at once
    EXPECT_EQ(second, first);
#endif
    delete second;
}

TEST_F(RunHeapTest, BetweenRunsNobodyAsksForIt)
{
    RunHeap::End();
    const MemoryScope program(true);
    const std::unique_ptr<int> number(NewNumber(1));
    EXPECT_FALSE(RunHeap::Owns(number.get()));
}

} // namespace
