// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// ThreadSanitizer as an oracle: it sees tasks as threads and primitives as what orders them. Only
// compiled where it is built in.

#include "interleave/model/sanitizer.h"

#include "interleave/helper/random-chooser.h"
#include "interleave/model/completion.h"
#include "interleave/model/delayed-work.h"
#include "interleave/model/mutex.h"
#include "world.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace interleave::test
{
namespace
{

#ifdef INTERLEAVE_TSAN
constexpr bool kTsan = true;
#else
constexpr bool kTsan = false;
#endif

/** Two tasks that count in plain memory, with or without a lock. */
void Count(bool locked)
{
    World world;
    Mutex mutex(world.engine, "lock");
    int* sum = new int(0);
    for (const char* name : {"a", "b"})
    {
        world.engine.Spawn(name,
                           [&, locked]
                           {
                               if (locked)
                               {
                                   mutex.Lock();
                               }
                               ++*sum;
                               if (locked)
                               {
                                   mutex.Unlock();
                               }
                           });
    }
    world.engine.Run();
    delete sum;
}

TEST(ThreadSanitizerDeathTest, SeesARaceBetweenTasks)
{
    if (!kTsan)
    {
        GTEST_SKIP() << "built without ThreadSanitizer";
    }
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(
        {
            Count(false);
            std::exit(0);
        },
        testing::ExitedWithCode(66),
        "data race");
}

TEST(ThreadSanitizer, SeesNoRaceUnderALock)
{
    for (int run = 0; run < 100; ++run)
    {
        Count(true);
    }
}

TEST(ThreadSanitizer, PrimitivesOrderWhatTheyShould)
{
    // Plain memory handed over by every primitive: a report of ThreadSanitizer fails the program.
    World world;
    RandomChooser random(1);
    world.engine.SetChooser(random);
    for (int run = 0; run < 200; ++run)
    {
        world.Reset();
        Completion done(world.engine);
        int byTask = 0;
        int byTimer = 0;
        WorkQueue queue(world.engine, "worker", 2);
        WorkItem item([](void* value) { ++*static_cast<int*>(value); }, &byTask);
        DelayedWork timer(
            queue, [](void* value) { ++*static_cast<int*>(value); }, &byTimer);
        world.engine.Spawn("a",
                           [&]
                           {
                               byTask = 1;
                               queue.Queue(item);
                               queue.Flush();
                               EXPECT_EQ(byTask, 2);
                               byTimer = 1;
                               timer.Arm(10);
                               world.engine.Sleep(20);
                               queue.Flush();
                               EXPECT_EQ(byTimer, 2);
                               EXPECT_FALSE(timer.CancelSync());
                               done.Complete();
                           });
        world.engine.Spawn("b",
                           [&]
                           {
                               done.Wait();
                               EXPECT_EQ(byTask + byTimer, 4);
                           });
        const RunResult result = world.engine.Run();
        ASSERT_TRUE(result.Passed()) << result.violation->Format();
        EXPECT_EQ(byTask + byTimer, 4);
    }
}

} // namespace
} // namespace interleave::test
