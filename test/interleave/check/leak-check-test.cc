// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// What a run may not leave behind.

#include "check-world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

namespace interleave::test
{
namespace
{

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto kLeak = ViolationKind::kLeak;

TEST(LeakCheck, AnObjectThatIsNotFreed)
{
    for (const bool freed : {false, true})
    {
        CheckWorld world;
        const ObjectId object = world.engine.NewObject("record");
        world.engine.Spawn("a",
                           [&]
                           {
                               world.engine.Note({OpKind::kAlloc, object, true, "make"});
                               world.engine.Point({OpKind::kRefGet, object, true, "get"});
                               if (freed)
                               {
                                   world.engine.Point({OpKind::kRefPut, object, true, "put"});
                                   world.engine.Note({OpKind::kFree, object, true, "free"});
                               }
                           });
        EXPECT_EQ(world.Run(), freed ? std::nullopt : std::optional(kLeak)) << freed;
        if (!freed)
        {
            EXPECT_THAT(world.Text(), HasSubstr("record:1 is not freed (made at make), with 1"));
            EXPECT_EQ(world.Subject(), "life of record");
        }
    }
}

TEST(LeakCheck, AReferenceToAnObjectWhoseLifeIsNotDeclared)
{
    for (const bool put : {false, true})
    {
        CheckWorld world;
        const ObjectId object = world.engine.NewObject("device");
        world.engine.Spawn("a",
                           [&]
                           {
                               world.engine.Point({OpKind::kRefGet, object});
                               if (put)
                               {
                                   world.engine.Point({OpKind::kRefPut, object});
                               }
                           });
        EXPECT_EQ(world.Run(), put ? std::nullopt : std::optional(kLeak)) << put;
    }
}

TEST(LeakCheck, ATaskThatEndsWithALock)
{
    for (const bool unlock : {false, true})
    {
        CheckWorld world;
        Mutex mutex(world.engine, "lock");
        world.engine.Spawn("a",
                           [&]
                           {
                               mutex.Lock("take");
                               if (unlock)
                               {
                                   mutex.Unlock();
                               }
                           });
        EXPECT_EQ(world.Run(), unlock ? std::nullopt : std::optional(kLeak)) << unlock;
        if (!unlock)
        {
            EXPECT_EQ(world.Text(), "a has ended holding lock:1");
            EXPECT_EQ(world.Subject(), "lock of class lock held by a finished task");
        }
    }
}

TEST(LeakCheck, WorkThatNobodyWillTake)
{
    for (const std::uint32_t workers : {0U, 1U})
    {
        CheckWorld world;
        WorkQueue queue(world.engine, "worker", workers);
        WorkItem item([](void*) {}, nullptr);
        world.engine.Spawn("a", [&] { queue.Queue(item); });
        EXPECT_EQ(world.Run(), workers == 0 ? std::optional(kLeak) : std::nullopt) << workers;
        if (workers == 0)
        {
            EXPECT_THAT(world.Text(), HasSubstr("1 work items are queued on queue:1"));
        }
    }
}

TEST(LeakCheck, WorkThatWasTakenBackIsNotLeft)
{
    CheckWorld world;
    WorkQueue queue(world.engine, "worker", 0);
    WorkItem item([](void*) {}, nullptr);
    world.engine.Spawn("a",
                       [&]
                       {
                           queue.Queue(item);
                           queue.Cancel(item);
                       });
    EXPECT_EQ(world.Run(), std::nullopt);
}

TEST(LeakCheck, ATimerThatIsArmedWhenTheRunIsCutShort)
{
    for (const bool cancelled : {false, true})
    {
        CheckWorld world;
        WorkQueue queue(world.engine, "worker", 1);
        DelayedWork timer(
            queue, [](void*) {}, nullptr);
        world.engine.Spawn("a",
                           [&]
                           {
                               timer.Arm(1000);
                               timer.Mod(2000);
                               if (cancelled)
                               {
                                   timer.Cancel();
                               }
                           });
        EXPECT_TRUE(world.engine.Run(500).Passed());
        if (cancelled)
        {
            EXPECT_THAT(world.checks.Left(), IsEmpty());
        }
        else
        {
            EXPECT_THAT(world.checks.Left(), ElementsAre("the timer of delayed-work:1 is armed"));
            EXPECT_TRUE(world.engine.Run().Passed()); // it fires, and nothing is left
            EXPECT_THAT(world.checks.Left(), IsEmpty());
        }
        world.Reset();
    }
}

TEST(LeakCheck, WhatADeadlockLeavesIsTheDeadlocks)
{
    CheckWorld world;
    const ObjectId object = world.engine.NewObject("record");
    Completion never(world.engine, "never");
    world.engine.Spawn("a",
                       [&]
                       {
                           world.engine.Note({OpKind::kAlloc, object, true, "make"});
                           never.Wait();
                       });
    EXPECT_EQ(world.Run(), ViolationKind::kDeadlock);
}

TEST(LeakCheck, OnlyOnDemandIfAskedSo)
{
    ChecksOptions options;
    options.leaksWhenQuiet = false;
    CheckWorld world(options);
    const ObjectId object = world.engine.NewObject("record");
    world.engine.Spawn("a", [&] { world.engine.Note({OpKind::kAlloc, object, true, "make"}); });
    EXPECT_EQ(world.Run(), std::nullopt);
    EXPECT_THAT(world.checks.Left(), ElementsAre("record:1 is not freed (made at make)"));
    world.Reset();
    EXPECT_THAT(world.checks.Left(), IsEmpty());
}

} // namespace
} // namespace interleave::test
