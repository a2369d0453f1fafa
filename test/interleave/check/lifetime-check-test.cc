// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Use after free and double free of declared objects, and of primitives.

#include "check-world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

namespace interleave::test
{
namespace
{

using testing::HasSubstr;

constexpr auto kLifetime = ViolationKind::kLifetime;

TEST(LifetimeCheck, AnyUseAfterTheFreeIsFound)
{
    for (const bool late : {true, false})
    {
        CheckWorld world;
        const ObjectId object = world.engine.NewObject("cm_id");
        Completion freed(world.engine);
        world.engine.Spawn("a",
                           [&]
                           {
                               world.engine.Note({OpKind::kAlloc, object, true, "create"});
                               world.engine.Point({OpKind::kRefGet, object, true, "look-up"});
                               world.engine.Note({OpKind::kFree, object, true, "destroy"});
                               freed.Complete();
                           });
        world.engine.Spawn("b",
                           [&]
                           {
                               freed.Wait();
                               if (late)
                               {
                                   world.engine.Point({OpKind::kRefPut, object, true, "handler"});
                               }
                           });
        EXPECT_EQ(world.Run(), late ? std::optional(kLifetime) : std::nullopt);
        if (late)
        {
            EXPECT_THAT(world.Text(), HasSubstr("b uses cm_id:1 (ref-put at handler"));
            EXPECT_THAT(world.Text(), HasSubstr("after a (at destroy"));
            EXPECT_EQ(world.Subject(),
                      "use after free of cm_id: ref-put at handler, freed at destroy");
        }
    }
}

TEST(LifetimeCheck, FreeingTwiceIsFoundAndFreeingTwoIsNot)
{
    for (const bool twice : {true, false})
    {
        CheckWorld world;
        const ObjectId first = world.engine.NewObject("record");
        const ObjectId second = world.engine.NewObject("record");
        world.engine.Spawn(
            "a",
            [&]
            {
                world.engine.Note({OpKind::kFree, first, true, "unwind"});
                world.engine.Note({OpKind::kFree, twice ? first : second, true, "reset"});
            });
        EXPECT_EQ(world.Run(), twice ? std::optional(kLifetime) : std::nullopt);
        if (twice)
        {
            EXPECT_EQ(world.Subject(), "double free of record: free at reset, freed at unwind");
        }
    }
}

TEST(LifetimeCheck, ANameUsedAgainIsAnotherObject)
{
    CheckWorld world;
    const ObjectId object = world.engine.NewObject("record");
    world.engine.Spawn("a",
                       [&]
                       {
                           for (int round = 0; round < 2; ++round)
                           {
                               world.engine.Note({OpKind::kAlloc, object, true, "make"});
                               world.engine.Point({OpKind::kPublish, object, true, "publish"});
                               world.engine.Note({OpKind::kFree, object, true, "free"});
                           }
                       });
    EXPECT_EQ(world.Run(), std::nullopt);
}

TEST(LifetimeCheck, ADestroyedMutexIsNotLocked)
{
    for (const bool again : {false, true})
    {
        CheckWorld world;
        alignas(Mutex) std::byte storage[sizeof(Mutex)];
        world.engine.Spawn("a",
                           [&]
                           {
                               auto* mutex = new (storage) Mutex(world.engine, "record");
                               mutex->Lock();
                               mutex->Unlock();
                               std::destroy_at(mutex);
                               if (again)
                               {
                                   mutex = new (storage) Mutex(world.engine, "record");
                               }
                               mutex->Lock("late");
                               mutex->Unlock();
                           });
        EXPECT_EQ(world.Run(), again ? std::nullopt : std::optional(kLifetime)) << again;
        if (!again)
        {
            EXPECT_THAT(world.Text(), HasSubstr("record:1 (at late"));
        }
    }
}

TEST(LifetimeCheck, EachRunBeginsAfresh)
{
    CheckWorld world;
    for (int run = 0; run < 3; ++run)
    {
        const ObjectId object = world.engine.NewObject("record");
        world.engine.Spawn("a", [&] { world.engine.Note({OpKind::kFree, object}); });
        EXPECT_EQ(world.Run(), std::nullopt);
        world.Reset();
    }
}

} // namespace
} // namespace interleave::test
