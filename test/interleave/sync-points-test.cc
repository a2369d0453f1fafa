// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Every primitive has a choice before each visible operation: the test asks for another task just
// before it, and that task must find the operation not done yet.

#include "interleave/model/completion.h"
#include "interleave/model/delayed-work.h"
#include "interleave/model/mutex.h"
#include "interleave/model/work-queue.h"
#include "world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace interleave::test
{
namespace
{

struct Case
{
    const char* name;
    /** Where the task "actor" is interrupted. */
    const char* place;
    /** What the actor does before, and at the place. */
    void (*act)(struct Things&);
    /** Whether what it does there has happened. */
    bool (*happened)(struct Things&);
};

struct Things
{
    explicit Things(Engine& theEngine)
        : engine(theEngine),
          mutex(engine, "lock"),
          completion(engine, "done"),
          queue(engine, "worker", 1),
          work([](void* self) { static_cast<Things*>(self)->worked = true; }, this),
          delayed(
              queue,
              [](void*) {},
              nullptr)
    {
    }

    Engine& engine;
    Mutex mutex;
    Completion completion;
    WorkQueue queue;
    WorkItem work;
    DelayedWork delayed;
    bool worked = false;
};

const Case kCases[] = {
    {"Lock",
     "actor #1 lock lock:1",
     [](Things& t)
     {
         t.mutex.Lock();
         t.mutex.Unlock();
     },
     [](Things& t) { return t.mutex.Owner() != nullptr; }},
    {"TryLock",
     "actor #1 try-lock lock:1",
     [](Things& t)
     {
         // The spy holds nothing, so it succeeds.
         EXPECT_TRUE(t.mutex.TryLock());
         t.mutex.Unlock();
     },
     [](Things& t) { return t.mutex.Owner() != nullptr; }},
    {"Unlock",
     "actor #1 unlock lock:1",
     [](Things& t)
     {
         t.mutex.Lock();
         t.mutex.Unlock();
     },
     [](Things& t) { return t.mutex.Owner() == nullptr; }},
    {"Complete",
     "actor #1 signal done:1",
     [](Things& t) { t.completion.Complete(); },
     [](Things& t) { return t.completion.Done(); }},
    {"CompleteAll",
     "actor #1 signal done:1",
     [](Things& t) { t.completion.CompleteAll(); },
     [](Things& t) { return t.completion.Done(); }},
    {"Wait",
     "actor #1 wait done:1",
     [](Things& t)
     {
         t.completion.Complete();
         t.completion.Wait();
     },
     [](Things& t) { return !t.completion.Done(); }},
    {"WaitFor",
     "actor #1 wait done:1",
     [](Things& t)
     {
         t.completion.Complete();
         EXPECT_TRUE(t.completion.WaitFor(10));
     },
     [](Things& t) { return !t.completion.Done(); }},
    {"TryWait",
     "actor #1 wait done:1",
     [](Things& t)
     {
         t.completion.Complete();
         EXPECT_TRUE(t.completion.TryWait());
     },
     [](Things& t) { return !t.completion.Done(); }},
    {"Queue",
     "actor #1 queue queue:1",
     [](Things& t) { EXPECT_TRUE(t.queue.Queue(t.work)); },
     [](Things& t) { return t.work.Pending(); }},
    {"Cancel",
     "actor #1 cancel queue:1",
     [](Things& t)
     {
         EXPECT_TRUE(t.queue.Queue(t.work));
         t.queue.Cancel(t.work); // too late by now: the worker stands before the actor
     },
     [](Things& t) { return !t.work.Pending(); }},
    {"CancelSync",
     "actor #1 cancel queue:1",
     [](Things& t)
     {
         EXPECT_TRUE(t.queue.Queue(t.work));
         t.queue.CancelSync(t.work);
     },
     [](Things& t) { return !t.work.Pending(); }},
    {"Flush",
     "actor #1 flush queue:1",
     [](Things& t)
     {
         EXPECT_TRUE(t.queue.Queue(t.work));
         t.queue.Flush();
     },
     [](Things& t) { return t.worked; }},
    {"Shutdown",
     "actor #1 flush queue:1",
     [](Things& t)
     {
         EXPECT_TRUE(t.queue.Queue(t.work));
         t.queue.Shutdown();
     },
     [](Things& t) { return t.worked; }},
    {"Arm",
     "actor #1 timer-arm delayed-work:1",
     [](Things& t) { EXPECT_TRUE(t.delayed.Arm(10)); },
     [](Things& t) { return t.delayed.Armed(); }},
    {"Mod",
     "actor #1 timer-arm delayed-work:1",
     [](Things& t) { EXPECT_FALSE(t.delayed.Mod(10)); },
     [](Things& t) { return t.delayed.Armed(); }},
    {"CancelTimer",
     "actor #1 cancel delayed-work:1",
     [](Things& t)
     {
         EXPECT_TRUE(t.delayed.Arm(10));
         EXPECT_TRUE(t.delayed.Cancel());
     },
     [](Things& t) { return !t.delayed.Armed(); }},
    {"CancelTimerSync",
     "actor #1 cancel delayed-work:1",
     [](Things& t)
     {
         EXPECT_TRUE(t.delayed.Arm(10));
         EXPECT_TRUE(t.delayed.CancelSync());
     },
     [](Things& t) { return !t.delayed.Armed(); }},
    {"Take",
     "worker0 #1 take queue:1",
     [](Things& t) { EXPECT_TRUE(t.queue.Queue(t.work)); },
     [](Things& t) { return t.worked; }},
    {"Complete of a work item",
     "worker0 #1 complete queue:1",
     [](Things& t) { EXPECT_TRUE(t.queue.Queue(t.work)); },
     [](Things& t) { return !t.queue.RunningNow(t.work); }},
};

TEST(SyncPoints, StandBeforeEveryVisibleOperation)
{
    SKIP_UNDER_TSAN();
    for (const Case& test : kCases)
    {
        SCOPED_TRACE(test.name);
        World world;
        ScriptedChooser chooser;
        world.engine.SetChooser(chooser);
        Things things(world.engine);
        std::optional<bool> happenedBefore;
        world.engine.Spawn("actor", [&] { test.act(things); });
        world.engine.Spawn("spy", [&] { happenedBefore = test.happened(things); });
        chooser.script[test.place] = "run spy";
        const bool byWorker = std::string(test.place).starts_with("worker0");
        if (byWorker)
        {
            // The worker must have something to take when it is first asked, the spy comes later.
            chooser.script["next worker0 #1 start"] = "run actor";
            chooser.script["next worker0 #2 start"] = "run worker0";
            chooser.script["next spy #1 start"] = "run worker0";
        }
        const RunResult result = world.engine.Run();
        EXPECT_TRUE(result.Passed()) << (result.violation ? result.violation->Format() : "");
        ASSERT_TRUE(happenedBefore.has_value());
        EXPECT_FALSE(*happenedBefore);
        EXPECT_TRUE(chooser.came.contains(test.place)) << "no such place: " << test.place;
    }
}

} // namespace
} // namespace interleave::test
