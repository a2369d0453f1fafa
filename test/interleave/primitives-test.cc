// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// What each primitive does, and that a choice stands before each of its visible operations.

#include "interleave/helper/random-chooser.h"
#include "interleave/model/completion.h"
#include "interleave/model/mutex.h"
#include "world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

namespace interleave::test
{
namespace
{

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Mutex, KeepsOthersOut)
{
    World world;
    RandomChooser random(3);
    world.engine.SetChooser(random);
    for (int run = 0; run < 500; ++run)
    {
        world.Reset();
        Mutex mutex(world.engine, "lock");
        int inside = 0;
        int sum = 0;
        for (const char* name : {"a", "b", "c"})
        {
            world.engine.Spawn(name,
                               [&]
                               {
                                   for (int round = 0; round < 3; ++round)
                                   {
                                       const MutexLock lock(mutex);
                                       EXPECT_EQ(++inside, 1);
                                       world.engine.Yield();
                                       ++sum;
                                       --inside;
                                   }
                               });
        }
        ASSERT_TRUE(world.engine.Run().Passed());
        ASSERT_EQ(sum, 9);
        ASSERT_EQ(mutex.Owner(), nullptr);
    }
}

TEST(Mutex, WhoeverUnlocksMayLockAgainFirst)
{
    World world;
    Mutex mutex(world.engine, "lock");
    std::string order;
    world.engine.Spawn("a",
                       [&]
                       {
                           mutex.Lock();
                           world.engine.Yield();
                           mutex.Unlock();
                           mutex.Lock();
                           order += "a";
                           mutex.Unlock();
                       });
    world.engine.Spawn("b",
                       [&]
                       {
                           const MutexLock lock(mutex);
                           order += "b";
                       });
    EXPECT_TRUE(world.engine.Run().Passed());
    EXPECT_EQ(order, "ab");
}

TEST(Mutex, TryLock)
{
    World world;
    Mutex mutex(world.engine, "lock");
    world.engine.Spawn("a",
                       [&]
                       {
                           EXPECT_TRUE(mutex.TryLock());
                           EXPECT_FALSE(mutex.TryLock());
                           EXPECT_TRUE(mutex.HeldByCaller());
                           world.engine.Yield();
                           mutex.Unlock();
                           EXPECT_FALSE(mutex.HeldByCaller());
                       });
    world.engine.Spawn("b",
                       [&]
                       {
                           EXPECT_FALSE(mutex.TryLock());
                           EXPECT_FALSE(mutex.HeldByCaller());
                           EXPECT_EQ(mutex.Owner()->Name(), "a");
                       });
    EXPECT_TRUE(world.engine.Run().Passed());
}

Violation ViolationOf(const std::function<void(World&)>& body)
{
    World world;
    world.engine.Spawn("a", [&] { body(world); });
    const RunResult result = world.engine.Run();
    EXPECT_FALSE(result.Passed());
    return result.violation.value_or(Violation{});
}

TEST(Mutex, MisuseIsReported)
{
    Violation violation = ViolationOf(
        [](World& world)
        {
            Mutex mutex(world.engine, "lock");
            mutex.Lock();
            mutex.Lock();
        });
    EXPECT_EQ(violation.kind, ViolationKind::kLockMisuse);
    EXPECT_EQ(violation.text, "a locks lock:1, which it holds already");

    violation = ViolationOf(
        [](World& world)
        {
            Mutex mutex(world.engine, "lock");
            mutex.Unlock();
        });
    EXPECT_EQ(violation.text, "a unlocks lock:1, which nobody holds");

    violation = ViolationOf(
        [](World& world)
        {
            Mutex mutex(world.engine, "lock");
            world.engine.Spawn("b", [&] { mutex.Lock(); });
            world.engine.Yield();
            mutex.Unlock();
        });
    EXPECT_EQ(violation.text, "a unlocks lock:1, which b holds");

    violation = ViolationOf(
        [](World& world)
        {
            {
                Mutex mutex(world.engine, "lock");
                mutex.Lock();
            }
            world.engine.Yield();
        });
    EXPECT_EQ(violation.text, "lock:1 is destroyed while a holds it");
}

TEST(Completion, CountsSignals)
{
    World world;
    Completion completion(world.engine);
    world.engine.Spawn("a",
                       [&]
                       {
                           EXPECT_FALSE(completion.TryWait());
                           completion.Complete();
                           completion.Complete();
                           EXPECT_TRUE(completion.Done());
                           completion.Wait();
                           EXPECT_TRUE(completion.TryWait());
                           EXPECT_FALSE(completion.TryWait());
                           completion.CompleteAll();
                           completion.Wait();
                           completion.Wait();
                           completion.Reinit();
                           EXPECT_FALSE(completion.TryWait());
                       });
    EXPECT_TRUE(world.engine.Run().Passed());
}

TEST(Completion, OneSignalWakesOneOfSeveral)
{
    World world;
    ExhaustiveChooser chooser;
    world.engine.SetChooser(chooser);
    int firstWins = 0;
    int secondWins = 0;
    do
    {
        world.Reset();
        Completion completion(world.engine);
        std::string order;
        for (const char* name : {"a", "b"})
        {
            Task* task = world.engine.Spawn(name,
                                            [&, name]
                                            {
                                                completion.Wait();
                                                order += name;
                                            });
            task->SetDaemon();
        }
        world.engine.Spawn("signaller", [&] { completion.Complete(); });
        ASSERT_TRUE(world.engine.Run().Passed());
        ASSERT_EQ(order.size(), 1U);
        ++(order == "a" ? firstWins : secondWins);
    } while (chooser.Next());
    EXPECT_EQ(firstWins, secondWins);
    EXPECT_GT(firstWins, 0);
}

TEST(Completion, WaitForGivesUp)
{
    World world;
    Completion completion(world.engine);
    Event signal(world.time, 250, [&] { completion.Complete(); });
    world.engine.Spawn("a",
                       [&]
                       {
                           EXPECT_FALSE(completion.WaitFor(100));
                           EXPECT_EQ(world.engine.NowNs(), 100);
                           EXPECT_FALSE(completion.WaitFor(0));
                           EXPECT_FALSE(completion.WaitFor(-5));
                           EXPECT_EQ(world.engine.NowNs(), 100);
                           EXPECT_TRUE(completion.WaitFor(1000));
                           EXPECT_EQ(world.engine.NowNs(), 250);
                           completion.Complete();
                           EXPECT_TRUE(completion.WaitFor(kForever));
                       });
    const RunResult result = world.engine.Run();
    EXPECT_TRUE(result.Passed());
    EXPECT_EQ(result.timeNs, 250); // the timer of the wait that succeeded is gone
}

TEST(Completion, SignalAndTimeoutAtOneInstant)
{
    World world;
    ExhaustiveChooser chooser;
    world.engine.SetChooser(chooser);
    int won = 0;
    int lost = 0;
    do
    {
        world.Reset();
        Completion completion(world.engine);
        Event signal(world.time, 100, {"signal", {}}, [&] { completion.Complete(); });
        world.engine
            .Spawn("a",
                   [&]
                   {
                       const bool signalled = completion.WaitFor(100);
                       ++(signalled ? won : lost);
                       EXPECT_EQ(completion.Done(), false) << signalled;
                   })
            ->SetDaemon();
        const RunResult result = world.engine.Run();
        ASSERT_TRUE(result.Passed());
    } while (chooser.Next() && won + lost < 100);
    EXPECT_GT(won, 0);
    EXPECT_GT(lost, 0);
}

TEST(Completion, SomebodyElseMayTakeTheSignal)
{
    // The count was raised when the wait began, but another task goes first and takes it: the wait
    // must still end by its timeout.
    World world;
    ScriptedChooser chooser;
    world.engine.SetChooser(chooser);
    chooser.script["a #1 wait completion:1"] = "run b";
    Completion completion(world.engine);
    completion.Complete();
    bool signalled = true;
    world.engine.Spawn("a", [&] { signalled = completion.WaitFor(100); });
    world.engine.Spawn("b", [&] { completion.Wait(); });
    EXPECT_TRUE(world.engine.Run().Passed());
    EXPECT_FALSE(signalled);
    EXPECT_EQ(world.engine.NowNs(), 100);
}

TEST(Completion, DestroyedWhileWaitedFor)
{
    SKIP_UNDER_TSAN();
    World world;
    auto completion = std::make_unique<Completion>(world.engine);
    world.engine.Spawn("waiter", [&] { completion->Wait(); });
    world.engine.Spawn("a", [&] { completion.reset(); });
    const RunResult result = world.engine.Run();
    ASSERT_FALSE(result.Passed());
    EXPECT_EQ(result.violation->kind, ViolationKind::kLifetime);
    EXPECT_EQ(result.violation->text, "completion:1 is destroyed while waiter waits for it");
}

TEST(Sleep, RefusesTimesThatCannotBe)
{
    World world;
    world.engine.Spawn("a", [&] { world.engine.Sleep(-1); });
    const RunResult result = world.engine.Run();
    ASSERT_FALSE(result.Passed());
    EXPECT_THAT(result.violation->text, HasSubstr("cannot schedule an event -1 ns from now"));
}

} // namespace
} // namespace interleave::test
