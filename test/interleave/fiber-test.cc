// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/fiber.h"

#include "interleave/model/sanitizer.h"
#include "world.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <exception>
#include <fstream>
#include <stdexcept>

namespace interleave::test
{
namespace
{

TEST(StackPool, RoundsUpAndReuses)
{
    StackPool pool(5000);
    const Stack first = pool.Take();
    EXPECT_EQ(first.size, 8192U);
    std::memset(first.base, 1, first.size);
    pool.Give(first);
    const Stack second = pool.Take();
    EXPECT_EQ(second.base, first.base);
    const Stack third = pool.Take();
    EXPECT_NE(third.base, first.base);
    EXPECT_EQ(pool.Mapped(), 2U);
    pool.Give(second);
    pool.Give(third);
}

TEST(StackPoolDeathTest, OverflowFaults)
{
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    StackPool pool(4096);
    const Stack stack = pool.Take();
    volatile std::byte* below = stack.base - 1;
    EXPECT_DEATH(*below = std::byte{1}, "");
    pool.Give(stack);
}

TEST(Fiber, StacksAreReusedFromRunToRun)
{
    World world;
    std::vector<const void*> first;
    for (int run = 0; run < 3; ++run)
    {
        world.Reset();
        std::vector<const void*> bases;
        for (const char* name : {"a", "b", "c"})
        {
            Task* task = world.engine.Spawn(name, [&] { world.engine.Yield(); });
            bases.push_back(task);
        }
        EXPECT_TRUE(world.engine.Run().Passed());
        if (run == 0)
        {
            first = bases;
        }
        EXPECT_EQ(bases, first);
    }
}

/** Bytes of memory that this process really has. */
std::size_t ResidentBytes()
{
    std::ifstream file("/proc/self/statm");
    std::size_t all = 0;
    std::size_t resident = 0;
    file >> all >> resident;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

// AddressSanitizer keeps locals of each context on a stack of its own, which nobody else frees.
TEST(Fiber, WhatIsLeftInTheMiddleLeavesNoMemoryBehind)
{
    constexpr std::size_t kMegabyte = std::size_t{1} << 20;
    World world;
    std::size_t before = 0;
    for (int run = 0; run < 1100; ++run)
    {
        if (run == 100)
        {
            before = ResidentBytes();
        }
        world.Reset();
        world.engine.Spawn("waits",
                           [&world]
                           {
                               std::array<char, 64> local{};
                               volatile char* escapes = local.data();
                               world.engine.Sleep(1'000'000);
                               escapes[0] = 1;
                           });
        world.engine.Run(1'000);
    }
    world.Reset();
    EXPECT_LT(ResidentBytes(), before + 30 * kMegabyte);
}

/** Throws, and lets others run inside of the handler. */
void ThrowAndSwitch(Engine& engine, const std::string& text, std::vector<std::string>& caught)
{
    try
    {
        try
        {
            throw std::runtime_error(text);
        }
        catch (const std::exception&)
        {
            engine.Yield();
            throw; // must be ours, not that of whoever ran meanwhile
        }
    }
    catch (const std::exception& error)
    {
        engine.Yield();
        NoteDown(caught, text + "=" + error.what());
    }
}

TEST(Fiber, ExceptionsStayWithTheirFiber)
{
    World world;
    std::vector<std::string> caught;
    for (const char* name : {"a", "b", "c"})
    {
        world.engine.Spawn(name,
                           [&, name]
                           {
                               for (int round = 0; round < 3; ++round)
                               {
                                   ThrowAndSwitch(world.engine, name, caught);
                               }
                           });
    }
    ASSERT_TRUE(world.engine.Run().Passed());
    ASSERT_EQ(caught.size(), 9U);
    for (const std::string& line : caught)
    {
        EXPECT_EQ(line.substr(0, 1), line.substr(2));
    }
    EXPECT_EQ(std::uncaught_exceptions(), 0);
}

/** Lets others run while an exception is on its way. */
struct YieldsInDestructor
{
    Engine& engine;
    int& uncaught;

    ~YieldsInDestructor()
    {
        engine.Yield();
        uncaught = std::uncaught_exceptions();
    }
};

TEST(Fiber, UncaughtCountIsPerFiber)
{
    World world;
    int inUnwinding = -1;
    int elsewhere = -1;
    world.engine.Spawn("thrower",
                       [&]
                       {
                           try
                           {
                               const YieldsInDestructor guard{world.engine, inUnwinding};
                               throw 1;
                           }
                           catch (int)
                           {
                           }
                       });
    world.engine.Spawn("other",
                       [&]
                       {
                           elsewhere = std::uncaught_exceptions();
                           world.engine.Yield();
                       });
    ASSERT_TRUE(world.engine.Run().Passed());
    EXPECT_EQ(inUnwinding, 1);
    EXPECT_EQ(elsewhere, 0);
}

TEST(Fiber, ABigFrameFitsOnTheDefaultStack)
{
    World world;
    unsigned int sum = 0;
    world.engine.Spawn("big",
                       [&]
                       {
                           volatile unsigned char frame[128 * 1024];
                           for (volatile unsigned char& byte : frame)
                           {
                               byte = 1;
                           }
                           world.engine.Yield();
                           sum = frame[0] + frame[sizeof(frame) - 1];
                       });
    ASSERT_TRUE(world.engine.Run().Passed());
    EXPECT_EQ(sum, 2U);
}

} // namespace
} // namespace interleave::test
