// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/helper/default-chooser.h"
#include "interleave/helper/random-chooser.h"
#include "interleave/model/completion.h"
#include "interleave/model/mutex.h"
#include "interleave/model/work-queue.h"
#include "world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>

namespace interleave::test
{
namespace
{

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Engine, RunsTasksFirstComeFirstServed)
{
    World world;
    OpWriter writer;
    world.engine.AddObserver(writer);
    for (const char* name : {"a", "b"})
    {
        world.engine.Spawn(name, [&] { world.engine.Yield(); });
    }
    const RunResult result = world.engine.Run();
    EXPECT_EQ(result.outcome, Outcome::kFinished);
    EXPECT_EQ(result.steps, 4U);
    EXPECT_THAT(writer.lines, ElementsAre("a start", "b start", "a yield", "b yield"));
}

TEST(Engine, NamesAreUniqueWords)
{
    World world;
    EXPECT_EQ(world.engine.Spawn("w", [] {})->Name(), "w");
    EXPECT_EQ(world.engine.Spawn("w", [] {})->Name(), "w+2");
    EXPECT_EQ(world.engine.Spawn("w", [] {})->Name(), "w+3");
    EXPECT_THROW(world.engine.Spawn("", [] {}), std::invalid_argument);
    EXPECT_THROW(world.engine.Spawn("two words", [] {}), std::invalid_argument);
    EXPECT_THROW(world.engine.Spawn("#1", [] {}), std::invalid_argument);
    EXPECT_THROW(world.engine.NewObject("two words"), std::invalid_argument);
    EXPECT_TRUE(world.engine.Run().Passed());
}

TEST(Engine, ObjectsAreNumberedPerClassAndRun)
{
    World world;
    for (int run = 0; run < 2; ++run)
    {
        world.Reset();
        const std::string name = "cm_id"; // by content, not by address
        EXPECT_EQ(world.engine.ObjectText(world.engine.NewObject("cm_id")), "cm_id:1");
        EXPECT_EQ(world.engine.ObjectText(world.engine.NewObject(name.c_str())), "cm_id:2");
        EXPECT_EQ(world.engine.ObjectText(world.engine.NewObject("table")), "table:1");
        EXPECT_EQ(world.engine.ObjectText({}), "");
    }
}

TEST(Engine, ClassesAreToldApartByTheirTextsEvenAtOneAddress)
{
    World world;
    std::string name = "first";
    const std::uint32_t first = world.engine.ClassOf(name.c_str());
    for (const char* other : {"First", "fir", "firstly", "second"})
    {
        name.assign(other); // in place
        EXPECT_NE(world.engine.ClassOf(name.c_str()), first) << other;
        EXPECT_EQ(world.engine.ClassName(world.engine.ClassOf(name.c_str())), other);
    }
    name.assign("first");
    EXPECT_EQ(world.engine.ClassOf(name.c_str()), first);
}

TEST(Engine, EventsRunWhenNoTaskCan)
{
    World world;
    std::vector<std::int64_t> times;
    Event late(world.time, 70, [&] { NoteDown(times, world.engine.NowNs()); });
    Event early(world.time, 30, [&] { NoteDown(times, world.engine.NowNs()); });
    world.engine.Spawn("sleeper",
                       [&]
                       {
                           world.engine.Sleep(50);
                           NoteDown(times, world.engine.NowNs());
                       });
    const RunResult result = world.engine.Run();
    EXPECT_THAT(times, ElementsAre(30, 50, 70));
    EXPECT_EQ(result.events, 3U);
    EXPECT_EQ(result.timeNs, 70);
}

TEST(Engine, StopsAtTheTimeLimitAndGoesOn)
{
    World world;
    bool done = false;
    world.engine.Spawn("sleeper",
                       [&]
                       {
                           world.engine.Sleep(100);
                           done = true;
                       });
    EXPECT_EQ(world.engine.Run(99).outcome, Outcome::kTimeLimit);
    EXPECT_FALSE(done);
    EXPECT_EQ(world.engine.Run(100).outcome, Outcome::kFinished);
    EXPECT_TRUE(done);
}

TEST(Engine, StopLetsTheSameTaskGoOnLater)
{
    World world;
    OpWriter writer;
    world.engine.AddObserver(writer);
    const ObjectId object = world.engine.NewObject("o");
    world.engine.Spawn("a",
                       [&]
                       {
                           world.engine.Stop();
                           world.engine.Point(Op{OpKind::kSync, object});
                       });
    world.engine.Spawn("b", [] {});
    EXPECT_EQ(world.engine.Run().outcome, Outcome::kStopped);
    EXPECT_THAT(writer.lines, ElementsAre("a start"));
    EXPECT_EQ(world.engine.Run().outcome, Outcome::kFinished);
    EXPECT_THAT(writer.lines, ElementsAre("a start", "a sync o:1", "b start"));
}

TEST(Engine, DeadlockNamesTheCycle)
{
    World world;
    Mutex first(world.engine, "lock");
    Mutex second(world.engine, "lock");
    // A clock that ticks for ever must not hide the deadlock.
    std::function<void()> tick;
    std::vector<std::unique_ptr<Event>> ticks;
    tick = [&] { ticks.push_back(std::make_unique<Event>(world.time, 10, tick)); };
    tick();
    world.engine.Spawn("a",
                       [&]
                       {
                           const MutexLock outer(first);
                           world.engine.Yield();
                           const MutexLock inner(second, "here");
                       });
    world.engine.Spawn("b",
                       [&]
                       {
                           const MutexLock outer(second);
                           world.engine.Yield();
                           const MutexLock inner(first);
                       });
    const RunResult result = world.engine.Run();
    ASSERT_EQ(result.outcome, Outcome::kViolation);
    EXPECT_EQ(result.violation->kind, ViolationKind::kDeadlock);
    EXPECT_EQ(result.violation->text,
              "tasks wait for each other: b waits for lock lock:1, held by a; "
              "a waits for lock lock:2 (here), held by b");
    EXPECT_THAT(result.violation->Format(),
                HasSubstr("a (blocked): lock lock:2 (here), held by b"));
    // It stays the result until Reset().
    EXPECT_EQ(world.engine.Run().violation->kind, ViolationKind::kDeadlock);
}

TEST(Engine, LostWakeUpIsADeadlock)
{
    World world;
    Completion completion(world.engine);
    world.engine.Spawn("waiter", [&] { completion.Wait(); });
    world.engine.Spawn("worker", [&] { completion.Wait(); })->SetDaemon();
    const RunResult result = world.engine.Run();
    ASSERT_EQ(result.outcome, Outcome::kViolation);
    EXPECT_EQ(result.violation->text, "nothing can go on: waiter waits for wait completion:1");
}

TEST(Engine, DaemonsMayWaitForEver)
{
    World world;
    Completion completion(world.engine);
    world.engine.Spawn("worker", [&] { completion.Wait(); })->SetDaemon();
    EXPECT_EQ(world.engine.Run().outcome, Outcome::kFinished);
}

TEST(Engine, StepLimitIsLivelock)
{
    for (const bool observed : {false, true})
    {
        EngineOptions options;
        options.stepLimit = 1000;
        World world(options);
        OpWriter writer;
        if (observed)
        {
            world.engine.AddObserver(writer);
        }
        const ObjectId object = world.engine.NewObject("o");
        world.engine.Spawn("spinner",
                           [&]
                           {
                               for (;;)
                               {
                                   world.engine.Point(Op{OpKind::kSync, object});
                               }
                           });
        const RunResult result = world.engine.Run();
        ASSERT_EQ(result.outcome, Outcome::kViolation);
        EXPECT_EQ(result.violation->kind, ViolationKind::kLivelock);
        EXPECT_EQ(result.violation->text, "no end after 1000 operations");
    }
}

TEST(Engine, YieldingForEverIsLivelockToo)
{
    EngineOptions options;
    options.stepLimit = 1000;
    World world(options);
    world.engine.Spawn("spinner",
                       [&]
                       {
                           for (;;)
                           {
                               world.engine.Yield();
                           }
                       });
    EXPECT_EQ(world.engine.Run().violation->kind, ViolationKind::kLivelock);
}

TEST(Engine, AnExceptionThatLeavesATaskEndsTheRun)
{
    World world;
    world.engine.Spawn("thrower", [] { throw std::runtime_error("too bad"); });
    world.engine.Spawn("next", [] { FAIL() << "the run was over"; });
    const RunResult result = world.engine.Run();
    ASSERT_EQ(result.outcome, Outcome::kViolation);
    EXPECT_EQ(result.violation->text, "an exception left thrower: too bad");
    world.Reset();
    world.engine.Spawn("odd", [] { throw 7; });
    EXPECT_EQ(world.engine.Run().violation->text, "an exception of unknown type left odd");
}

TEST(Engine, AnExceptionOfAnEventHandlerPassesThrough)
{
    World world;
    Event bad(world.time, 5, [] { throw std::runtime_error("handler"); });
    EXPECT_THROW(world.engine.Run(), std::runtime_error);
    EXPECT_FALSE(world.engine.Running());
    EXPECT_EQ(world.engine.Run().outcome, Outcome::kFinished);
}

TEST(Engine, EventHandlersMustNotWait)
{
    World world;
    Mutex mutex(world.engine, "lock");
    bool after = false;
    world.engine.Spawn("holder",
                       [&]
                       {
                           const MutexLock lock(mutex);
                           world.engine.Sleep(10);
                       });
    Event handler(world.time,
                  5,
                  [&]
                  {
                      mutex.Lock("handler.cc:1");
                      after = true;
                  });
    const RunResult result = world.engine.Run();
    ASSERT_EQ(result.outcome, Outcome::kViolation);
    EXPECT_EQ(result.violation->kind, ViolationKind::kBlockingCall);
    EXPECT_EQ(result.violation->text,
              "an event handler would have to wait: lock lock:1, held by holder (handler.cc:1)");
    EXPECT_FALSE(after);
}

TEST(Engine, EventHandlersMayDoWhatNeedNotWait)
{
    World world;
    Mutex mutex(world.engine, "lock");
    Completion completion(world.engine);
    bool woken = false;
    Event handler(world.time,
                  5,
                  [&]
                  {
                      EXPECT_FALSE(world.engine.InTask());
                      EXPECT_EQ(world.engine.CurrentTask(), nullptr);
                      const MutexLock lock(mutex);
                      EXPECT_TRUE(mutex.HeldByCaller());
                      completion.Complete();
                  });
    world.engine.Spawn("waiter",
                       [&]
                       {
                           EXPECT_TRUE(world.engine.InTask());
                           EXPECT_EQ(world.engine.CurrentTask()->Name(), "waiter");
                           completion.Wait();
                           woken = true;
                       });
    EXPECT_TRUE(world.engine.Run().Passed());
    EXPECT_TRUE(woken);
}

/** Reports a violation when a certain operation happens. */
class Oracle final : public Observer
{
  public:
    explicit Oracle(Engine& engine)
        : m_engine(engine)
    {
    }

    void OnOp(const OpEvent& event) override
    {
        if (event.op.kind == OpKind::kPublish)
        {
            m_engine.Report(ViolationKind::kProtocol, "published too early");
        }
    }

  private:
    Engine& m_engine;
};

TEST(Engine, AnObserverMayEndTheRun)
{
    World world;
    Oracle oracle(world.engine);
    world.engine.AddObserver(oracle);
    const ObjectId id = world.engine.NewObject("cm_id");
    int after = 0;
    world.engine.Spawn("a",
                       [&]
                       {
                           world.engine.Point(Op{OpKind::kPublish, id});
                           ++after; // still part of the operation
                           world.engine.Point(Op{OpKind::kSync, id});
                           after += 100;
                       });
    const RunResult result = world.engine.Run();
    ASSERT_EQ(result.outcome, Outcome::kViolation);
    EXPECT_EQ(result.violation->text, "published too early");
    EXPECT_EQ(result.violation->step, 2U);
    ASSERT_EQ(result.violation->tasks.size(), 1U);
    EXPECT_THAT(result.violation->tasks[0].recent,
                ElementsAre("step 1: start", "step 2: publish cm_id:1"));
    EXPECT_EQ(after, 1);
}

TEST(Engine, FailOutsideOfARunThrows)
{
    World world;
    Mutex mutex(world.engine, "lock");
    EXPECT_THROW(mutex.Unlock(), ViolationError);
}

TEST(Engine, RunIsNotReentrant)
{
    World world;
    world.engine.Spawn("a",
                       [&]
                       {
                           EXPECT_THROW(world.engine.Run(), std::logic_error);
                           EXPECT_THROW(world.engine.Reset(), std::logic_error);
                       });
    EXPECT_TRUE(world.engine.Run().Passed());
}

/** Ends a run early in a way that @p run tells, with tasks in every state. */
void RunThatEndsEarly(World& world, unsigned int run, bool& finished)
{
    Mutex mutex(world.engine, "lock");
    Completion completion(world.engine);
    WorkQueue queue(world.engine, "worker", 2);
    world.engine.Spawn("holder",
                       [&]
                       {
                           const MutexLock lock(mutex);
                           world.engine.Sleep(5);
                           if (run % 3 == 1)
                           {
                               world.engine.Fail(ViolationKind::kProtocol, "ended on purpose");
                           }
                           if (run % 3 == 2)
                           {
                               throw std::runtime_error("thrown on purpose");
                           }
                           completion.Complete();
                       });
    world.engine.Spawn("blocked", [&] { const MutexLock lock(mutex); });
    world.engine.Spawn("waiter",
                       [&]
                       {
                           completion.Wait();
                           finished = true;
                       });
    const RunResult result = world.engine.Run();
    EXPECT_EQ(result.Passed(), run % 3 == 0);
    world.Reset();
}

TEST(Engine, TenThousandRunsThatEndEarlyLeaveNothingBehind)
{
    World world;
    RandomChooser random(7);
    world.engine.SetChooser(random);
    for (unsigned int run = 0; run < 10'000; ++run)
    {
        bool finished = false;
        RunThatEndsEarly(world, run, finished);
        ASSERT_EQ(finished, run % 3 == 0);
    }
}

TEST(Engine, UnwindingRunsDestructors)
{
    // shared_ptr counts without atomics in a program of one OS thread.
    SKIP_UNDER_TSAN();
    EngineOptions options;
    options.unwind = true;
    World world(options);
    for (int run = 0; run < 100; ++run)
    {
        auto alive = std::make_shared<int>(0);
        Mutex mutex(world.engine, "lock");
        Completion never(world.engine);
        for (const char* name : {"a", "b", "c"})
        {
            world.engine.Spawn(name,
                               [&mutex, &never, alive]
                               {
                                   // On the task's stack, for unwinding to free.
                                   // NOLINTNEXTLINE(performance-unnecessary-copy-initialization)
                                   const std::shared_ptr<int> held = alive;
                                   const std::vector<int> heap(100);
                                   const MutexLock lock(mutex);
                                   try
                                   {
                                       never.Wait();
                                   }
                                   catch (...)
                                   {
                                       // Swallowing it does not help: the next operation throws
                                       // again.
                                   }
                                   never.Wait();
                                   ADD_FAILURE() << "went on after the run";
                               });
        }
        EXPECT_FALSE(world.engine.Run().Passed());
        ASSERT_EQ(alive.use_count(), 7); // ours, three bodies, three on stacks
        world.Reset();
        ASSERT_EQ(alive.use_count(), 1);
    }
}

/** Hears of what it asked for, and counts. */
class Counter final : public Observer
{
  public:
    explicit Counter(const Interest& interest)
        : Observer(interest)
    {
    }

    void OnOp(const OpEvent& event) override
    {
        ops.push_back(event.op.kind);
    }

    void OnEffect(const Effect& /*effect*/) override
    {
        ++effects;
    }

    void OnSwitch(const Task& /*from*/, const Task& /*to*/) override
    {
        ++switches;
    }

    void OnChoice(ChoicePoint& /*point*/, std::uint32_t /*chosen*/) override
    {
        ++choices;
    }

    using Observer::WantClasses;

    std::vector<OpKind> ops;
    unsigned effects = 0;
    unsigned switches = 0;
    unsigned choices = 0;
};

TEST(Engine, AnObserverHearsWhatItWantsAndNoMore)
{
    SKIP_UNDER_TSAN();
    World world;
    RandomChooser chooser(1);
    world.engine.SetChooser(chooser);
    const ObjectId watched = world.engine.NewObject("watched");
    const ObjectId other = world.engine.NewObject("other");
    Counter some(
        {.ops = OpBit(OpKind::kSync), .effects = false, .switches = false, .choices = false});
    Counter all({.effects = true});
    world.engine.AddObserver(some);
    world.engine.AddObserver(all);
    for (const char* name : {"a", "b"})
    {
        world.engine.Spawn(name,
                           [&]
                           {
                               world.engine.Point({OpKind::kSync, {}, true, "sync"});
                               world.engine.Point({OpKind::kFree, other, true, "other"});
                               some.WantClasses(Interest::ClassBit(watched.type));
                               world.engine.Point({OpKind::kFree, watched, true, "watched"});
                           });
    }
    EXPECT_TRUE(world.engine.Run().Passed());
    world.engine.RemoveObserver(all);
    world.engine.RemoveObserver(some);
    EXPECT_THAT(
        some.ops,
        testing::UnorderedElementsAre(OpKind::kSync, OpKind::kSync, OpKind::kFree, OpKind::kFree));
    EXPECT_EQ(some.effects + some.switches + some.choices, 0U);
    EXPECT_EQ(all.ops.size(), 8U); // with the start of each task
    EXPECT_GT(all.effects, 0U);
    EXPECT_GT(all.switches, 0U);
    EXPECT_GT(all.choices, 0U);
}

} // namespace
} // namespace interleave::test
