// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Each way in which two accesses can be ordered: without it there is a race, whatever the schedule;
// with it there is none.

#include "check-world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

namespace interleave::test
{
namespace
{

using testing::HasSubstr;

constexpr auto kRace = ViolationKind::kDataRace;

TEST(RaceCheck, TwoWritesWithoutALockAreARace)
{
    CheckWorld world;
    const ObjectId field = world.Field("balance");
    Mutex mutex(world.engine, "account");
    world.engine.Spawn("a",
                       [&]
                       {
                           const MutexLock lock(mutex);
                           world.Write(field, "deposit");
                       });
    world.engine.Spawn("b", [&] { world.Write(field, "withdraw"); });
    ASSERT_EQ(world.Run(), kRace);
    EXPECT_THAT(world.Text(), HasSubstr("balance:1"));
    EXPECT_THAT(world.Text(), HasSubstr("write at deposit by a"));
    EXPECT_THAT(world.Text(), HasSubstr("holding account:1"));
    EXPECT_THAT(world.Text(), HasSubstr("write at withdraw by b"));
    EXPECT_THAT(world.Text(), HasSubstr("holding nothing"));
    EXPECT_EQ(world.Subject(), "balance, write at deposit against write at withdraw");
}

TEST(RaceCheck, TheSubjectDoesNotDependOnWhoCameFirst)
{
    CheckWorld world;
    const ObjectId field = world.Field("balance");
    world.engine.Spawn("b", [&] { world.Write(field, "withdraw"); });
    world.engine.Spawn("a", [&] { world.Write(field, "deposit"); });
    ASSERT_EQ(world.Run(), kRace);
    EXPECT_EQ(world.Subject(), "balance, write at deposit against write at withdraw");
}

TEST(RaceCheck, TheSameLockOrdersAndAnotherOneDoesNot)
{
    for (const bool same : {true, false})
    {
        CheckWorld world;
        const ObjectId field = world.Field("balance");
        Mutex first(world.engine, "account");
        Mutex second(world.engine, "account");
        world.engine.Spawn("a",
                           [&]
                           {
                               const MutexLock lock(first);
                               world.Write(field, "deposit");
                           });
        world.engine.Spawn("b",
                           [&]
                           {
                               const MutexLock lock(same ? first : second);
                               world.Write(field, "withdraw");
                           });
        EXPECT_EQ(world.Run(), same ? std::nullopt : std::optional(kRace)) << same;
    }
}

TEST(RaceCheck, ATriedLockOrders)
{
    EXPECT_EQ(0U,
              CountViolations(kRace,
                              50,
                              [](CheckWorld& world)
                              {
                                  auto mutex = std::make_unique<Mutex>(world.engine, "account");
                                  const ObjectId field = world.Field("balance");
                                  for (const char* name : {"a", "b"})
                                  {
                                      world.engine.Spawn(name,
                                                         [&world, field, m = mutex.get()]
                                                         {
                                                             if (m->TryLock())
                                                             {
                                                                 world.Write(field, "tried");
                                                                 m->Unlock();
                                                             }
                                                         });
                                  }
                                  return mutex;
                              }));
}

TEST(RaceCheck, ReadsDoNotRaceWithReadsButWithAWrite)
{
    for (const bool write : {false, true})
    {
        CheckWorld world;
        const ObjectId field = world.Field("name");
        for (const char* name : {"a", "b", "c"})
        {
            world.engine.Spawn(name, [&] { world.Read(field, "look"); });
        }
        if (write)
        {
            world.engine.Spawn("d", [&] { world.Write(field, "change"); });
        }
        EXPECT_EQ(world.Run(), write ? std::optional(kRace) : std::nullopt) << write;
    }
}

TEST(RaceCheck, AWriteRacesWithAnyOfSeveralReadsNotOnlyTheLast)
{
    CheckWorld world;
    const ObjectId field = world.Field("name");
    Completion done(world.engine);
    world.engine.Spawn("early", [&] { world.Read(field, "early"); });
    world.engine.Spawn("late",
                       [&]
                       {
                           world.Read(field, "late");
                           done.Complete();
                       });
    world.engine.Spawn("writer",
                       [&]
                       {
                           done.Wait(); // ordered after "late", not after "early"
                           world.Write(field, "change");
                       });
    ASSERT_EQ(world.Run(), kRace);
    EXPECT_EQ(world.Subject(), "name, read at early against write at change");
}

TEST(RaceCheck, ACompletionOrders)
{
    for (const bool wait : {true, false})
    {
        CheckWorld world;
        const ObjectId field = world.Field("answer");
        Completion done(world.engine);
        world.engine.Spawn("a",
                           [&]
                           {
                               world.Write(field, "compute");
                               done.Complete();
                           });
        world.engine.Spawn("b",
                           [&]
                           {
                               if (wait)
                               {
                                   done.Wait();
                               }
                               world.Read(field, "use");
                           });
        EXPECT_EQ(world.Run(), wait ? std::nullopt : std::optional(kRace)) << wait;
    }
}

TEST(RaceCheck, AnAccessAfterTheSignalIsNotCoveredByIt)
{
    CheckWorld world;
    const ObjectId field = world.Field("answer");
    Completion done(world.engine);
    world.engine.Spawn("a",
                       [&]
                       {
                           done.Complete();
                           world.Write(field, "too-late");
                       });
    world.engine.Spawn("b",
                       [&]
                       {
                           done.Wait();
                           world.Read(field, "use");
                       });
    EXPECT_EQ(world.Run(), kRace);
}

TEST(RaceCheck, SpawningOrdersWhatWasBeforeButNotWhatComesAfter)
{
    for (const bool after : {false, true})
    {
        CheckWorld world;
        const ObjectId field = world.Field("argument");
        world.engine.Spawn("parent",
                           [&]
                           {
                               world.Write(field, "prepare");
                               world.engine.Spawn("child", [&] { world.Read(field, "begin"); });
                               if (after)
                               {
                                   world.Write(field, "meddle");
                               }
                           });
        EXPECT_EQ(world.Run(), after ? std::optional(kRace) : std::nullopt) << after;
    }
}

TEST(RaceCheck, WhatWasDoneBeforeTheRunIsThereForAll)
{
    CheckWorld world;
    const ObjectId field = world.Field("setting");
    world.engine.Spawn("a", [&] { world.Read(field, "look"); });
    world.Write(field, "set-up");
    EXPECT_EQ(world.Run(), std::nullopt);
    world.engine.Spawn("b", [&] { world.Write(field, "second-run"); });
    EXPECT_EQ(world.Run(), std::nullopt); // "a" had ended when Run() returned
}

struct Work
{
    Work(CheckWorld& owner, ObjectId object, const char* name)
        : world(owner),
          field(object),
          site(name),
          item([](void* self) { static_cast<Work*>(self)->Run(); }, this)
    {
    }

    void Run()
    {
        world.Write(field, site);
    }

    CheckWorld& world;
    ObjectId field;
    const char* site;
    WorkItem item;
};

TEST(RaceCheck, QueueingAWorkItemOrdersItAndNoOtherItem)
{
    for (const bool other : {false, true})
    {
        CheckWorld world;
        const ObjectId field = world.Field("job");
        WorkQueue queue(world.engine, "worker", 1);
        Work mine(world, field, "handler");
        Work unrelated(world, world.Field("nothing"), "unrelated");
        world.engine.Spawn("a",
                           [&]
                           {
                               world.Write(field, "prepare");
                               queue.Queue(other ? unrelated.item : mine.item);
                           });
        if (other)
        {
            world.engine.Spawn("b", [&] { queue.Queue(mine.item); });
        }
        // The worker takes the unrelated item first, and so does know of "prepare".
        EXPECT_EQ(world.Run(), std::nullopt) << other;
    }
}

TEST(RaceCheck, TwoWorkersAreNotOrderedByTheirQueue)
{
    unsigned races = 0;
    for (unsigned seed = 1; seed <= 20; ++seed)
    {
        CheckWorld world;
        const ObjectId field = world.Field("job");
        WorkQueue queue(world.engine, "worker", 2);
        Work first(world, field, "first");
        Work second(world, field, "second");
        RandomChooser chooser(seed);
        world.engine.SetChooser(chooser);
        world.engine.Spawn("a",
                           [&]
                           {
                               queue.Queue(first.item);
                               queue.Queue(second.item);
                           });
        races += world.Run() == kRace ? 1 : 0;
        world.Reset();
    }
    EXPECT_GT(races, 0U);
    EXPECT_LT(races, 20U); // one worker may take both
}

TEST(RaceCheck, FlushOrdersWhatTheWorkDid)
{
    for (const bool flush : {true, false})
    {
        CheckWorld world;
        const ObjectId field = world.Field("job");
        WorkQueue queue(world.engine, "worker", 1);
        Work work(world, field, "handler");
        world.engine.Spawn("a",
                           [&]
                           {
                               queue.Queue(work.item);
                               if (flush)
                               {
                                   queue.Flush();
                               }
                               world.Read(field, "result");
                           });
        EXPECT_EQ(world.Run(), flush ? std::nullopt : std::optional(kRace)) << flush;
    }
}

TEST(RaceCheck, ATimerOrdersWhatWasDoneBeforeItWasArmed)
{
    for (const bool before : {true, false})
    {
        CheckWorld world;
        const ObjectId field = world.Field("deadline");
        WorkQueue queue(world.engine, "worker", 1);
        Work work(world, field, "expired");
        DelayedWork timer(
            queue, [](void* self) { static_cast<Work*>(self)->Run(); }, &work);
        world.engine.Spawn("a",
                           [&]
                           {
                               if (before)
                               {
                                   world.Write(field, "set");
                               }
                               timer.Arm(1000);
                               if (!before)
                               {
                                   world.Write(field, "set");
                               }
                           });
        EXPECT_EQ(world.Run(), before ? std::nullopt : std::optional(kRace)) << before;
    }
}

TEST(RaceCheck, EventsOfTheMainContextDoNotOrderTheTasksBehindThem)
{
    CheckWorld world;
    const ObjectId field = world.Field("state");
    Completion go(world.engine);
    std::unique_ptr<Event> mine;
    std::unique_ptr<Event> other;
    world.engine.Spawn("a",
                       [&]
                       {
                           world.Write(field, "first");
                           mine = std::make_unique<Event>(world.time, 10, [] {});
                       });
    world.engine.Spawn("b",
                       [&]
                       {
                           go.Wait();
                           world.Write(field, "second");
                       });
    other = std::make_unique<Event>(world.time, 20, [&] { go.Complete(); });
    EXPECT_EQ(world.Run(), kRace); // only that one event came after another
}

TEST(RaceCheck, AnEventKnowsWhatWasDoneBeforeItWasScheduled)
{
    CheckWorld world;
    const ObjectId field = world.Field("state");
    std::unique_ptr<Event> event;
    world.engine.Spawn("a",
                       [&]
                       {
                           world.Write(field, "first");
                           event = std::make_unique<Event>(
                               world.time, 10, [&] { world.Write(field, "second"); });
                       });
    EXPECT_EQ(world.Run(), std::nullopt);
}

TEST(RaceCheck, WhatMainHandsOnInOneEventDoesNotFollowFromALaterOne)
{
    // B knows of main's second event, which did not know what the first one had learnt from A.
    CheckWorld world;
    const ObjectId field = world.Field("field");
    Mutex lock(world.engine, "lock");
    Completion go(world.engine);
    world.engine.Spawn("a",
                       [&]
                       {
                           const MutexLock held(lock);
                           world.Write(field, "first");
                       });
    world.engine.Spawn("b",
                       [&]
                       {
                           go.Wait();
                           const MutexLock held(lock);
                           world.Write(field, "second");
                       });
    const Event passOn(world.time, 10, [&] { const MutexLock held(lock); });
    const Event wake(world.time, 20, [&] { go.Complete(); });
    EXPECT_EQ(world.Run(), std::nullopt) << world.Text();
}

TEST(RaceCheck, WhoeverKnowsALaterReleaseKnowsTheEarlierOnes)
{
    // B need not learn anything from the lock, and is ordered all the same; C learns from nobody.
    for (const bool wait : {true, false})
    {
        CheckWorld world;
        const ObjectId field = world.Field("field");
        Mutex lock(world.engine, "lock");
        Completion go(world.engine);
        world.engine.Spawn("a",
                           [&]
                           {
                               world.Write(field, "first");
                               {
                                   const MutexLock held(lock);
                               }
                               go.Complete();
                           });
        world.engine.Spawn("b",
                           [&]
                           {
                               if (wait)
                               {
                                   go.Wait();
                                   const MutexLock held(lock);
                               }
                               world.Write(field, "second");
                           });
        EXPECT_EQ(world.Run(), wait ? std::nullopt : std::optional(kRace)) << wait;
    }
}

TEST(RaceCheck, TheLastPutSeesWhatOthersDidBeforeTheirs)
{
    for (const bool put : {true, false})
    {
        CheckWorld world;
        const ObjectId object = world.engine.NewObject("thing");
        const ObjectId field = world.Field("thing.state");
        world.engine.Spawn("a",
                           [&]
                           {
                               world.Write(field, "use");
                               if (put)
                               {
                                   world.engine.Point({OpKind::kRefPut, object, true, "put"});
                               }
                           });
        world.engine.Spawn("b",
                           [&]
                           {
                               world.engine.Point({OpKind::kRefPut, object, true, "last-put"});
                               world.Write(field, "dispose");
                           });
        EXPECT_EQ(world.Run(), put ? std::nullopt : std::optional(kRace)) << put;
    }
}

TEST(RaceCheck, PublishingOrdersWhatWasBeforeIt)
{
    for (const bool before : {true, false})
    {
        CheckWorld world;
        const ObjectId object = world.engine.NewObject("thing");
        const ObjectId field = world.Field("thing.state");
        world.engine.Spawn("a",
                           [&]
                           {
                               if (before)
                               {
                                   world.Write(field, "set-up");
                               }
                               world.engine.Point({OpKind::kPublish, object, true, "publish"});
                               if (!before)
                               {
                                   world.Write(field, "set-up");
                               }
                           });
        world.engine.Spawn("b",
                           [&]
                           {
                               world.engine.Point({OpKind::kRefGet, object, true, "find"});
                               world.Read(field, "look");
                               world.engine.Point({OpKind::kRefPut, object, true, "put"});
                           });
        EXPECT_EQ(world.Run(), before ? std::nullopt : std::optional(kRace)) << before;
    }
}

TEST(RaceCheck, AtomicAccessesOrderAndDoNotRace)
{
    for (const bool readOnly : {false, true})
    {
        CheckWorld world;
        const ObjectId flag = world.engine.NewObject("flag");
        const ObjectId field = world.Field("data");
        world.engine.Spawn("a",
                           [&]
                           {
                               world.Write(field, "fill");
                               world.engine.Point({OpKind::kAtomic, flag, !readOnly, "store"});
                           });
        world.engine.Spawn("b",
                           [&]
                           {
                               world.engine.Point({OpKind::kAtomic, flag, false, "load"});
                               world.Read(field, "use");
                           });
        // Two loads order nothing.
        EXPECT_EQ(world.Run(), readOnly ? std::optional(kRace) : std::nullopt) << readOnly;
    }
}

TEST(RaceCheck, FindsARaceInEverySchedule)
{
    const auto bug = [](CheckWorld& world)
    {
        auto mutex = std::make_unique<Mutex>(world.engine, "account");
        const ObjectId field = world.Field("balance");
        world.engine.Spawn("locked",
                           [&world, field, m = mutex.get()]
                           {
                               const MutexLock lock(*m);
                               world.Write(field, "locked");
                           });
        world.engine.Spawn("unlocked", [&world, field] { world.Write(field, "unlocked"); });
        return mutex;
    };
    EXPECT_EQ(CountViolations(kRace, 50, bug), 50U);
}

TEST(RaceCheck, ManyTasksNeedNoLimit)
{
    for (const bool unlocked : {false, true})
    {
        CheckWorld world;
        Mutex mutex(world.engine, "sum");
        const ObjectId field = world.Field("total");
        for (int task = 0; task < 40; ++task)
        {
            world.engine.Spawn("t",
                               [&, locked = !unlocked || task != 33]
                               {
                                   if (locked)
                                   {
                                       mutex.Lock();
                                   }
                                   world.Write(field, "add");
                                   if (locked)
                                   {
                                       mutex.Unlock();
                                   }
                               });
        }
        EXPECT_EQ(world.Run(), unlocked ? std::optional(kRace) : std::nullopt) << unlocked;
    }
}

TEST(RaceCheck, AMutexAtTheAddressOfAnotherOneOrdersNothingOfThat)
{
    SKIP_UNDER_TSAN(); // for the memory in which both mutexes are made
    CheckWorld world;
    const ObjectId field = world.Field("state");
    alignas(Mutex) std::byte storage[sizeof(Mutex)];
    Completion turn(world.engine);
    world.engine.Spawn("a",
                       [&]
                       {
                           auto* mutex = new (storage) Mutex(world.engine, "old");
                           world.Write(field, "first");
                           mutex->Lock();
                           mutex->Unlock();
                           std::destroy_at(mutex);
                       });
    world.engine.Spawn("b",
                       [&]
                       {
                           auto* mutex = new (storage) Mutex(world.engine, "new");
                           mutex->Lock();
                           world.Write(field, "second");
                           mutex->Unlock();
                           std::destroy_at(mutex);
                       });
    EXPECT_EQ(world.Run(), kRace);
}

TEST(RaceCheck, EachRunBeginsAfresh)
{
    CheckWorld world;
    for (int run = 0; run < 3; ++run)
    {
        const ObjectId field = world.Field("state");
        world.engine.Spawn(run % 2 == 0 ? "a" : "b", [&] { world.Write(field, "write"); });
        EXPECT_EQ(world.Run(), std::nullopt);
        world.Reset();
    }
}

} // namespace
} // namespace interleave::test
