// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Ways to stand still: deadlock, livelock, and a wake-up that went elsewhere.

#include "check-world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

namespace interleave::test
{
namespace
{

using testing::HasSubstr;

constexpr auto kDeadlock = ViolationKind::kDeadlock;
constexpr auto kLostWakeup = ViolationKind::kLostWakeup;

TEST(Waiting, CrossedLocksAreADeadlockInSomeSchedules)
{
    ChecksOptions options;
    options.lockOrder = false; // which would speak first
    unsigned deadlocks = 0;
    std::string subject;
    for (unsigned seed = 1; seed <= 60; ++seed)
    {
        CheckWorld world(options);
        RandomChooser chooser(seed);
        world.engine.SetChooser(chooser);
        Mutex a(world.engine, "a");
        Mutex b(world.engine, "b");
        const auto nest = [](Mutex& first, Mutex& second)
        {
            return [&]
            {
                const MutexLock outer(first, "outer");
                const MutexLock inner(second, "inner");
            };
        };
        world.engine.Spawn("one", nest(a, b));
        world.engine.Spawn("two", nest(b, a));
        if (const auto found = world.Run())
        {
            ASSERT_EQ(found, kDeadlock);
            ++deadlocks;
            // Whoever closes the circle: one name for one defect.
            EXPECT_EQ(world.Subject(), "lock a at inner; lock b at inner");
        }
        world.Reset();
    }
    EXPECT_GT(deadlocks, 5U);
    EXPECT_LT(deadlocks, 60U);
}

TEST(Waiting, LocksInOneOrderAreNoDeadlockInAnySchedule)
{
    EXPECT_EQ(0U,
              CountViolations(kDeadlock,
                              60,
                              [](CheckWorld& world)
                              {
                                  auto locks = std::make_unique<std::pair<Mutex, Mutex>>(
                                      std::piecewise_construct,
                                      std::forward_as_tuple(world.engine, "a"),
                                      std::forward_as_tuple(world.engine, "b"));
                                  for (const char* name : {"one", "two", "three"})
                                  {
                                      world.engine.Spawn(name,
                                                         [l = locks.get()]
                                                         {
                                                             const MutexLock outer(l->first);
                                                             const MutexLock inner(l->second);
                                                         });
                                  }
                                  return locks;
                              }));
}

TEST(Waiting, ACompletionThatNobodySignalsIsAPlainDeadlock)
{
    CheckWorld world;
    Completion done(world.engine, "done");
    world.engine.Spawn("a", [&] { done.Wait("join"); });
    EXPECT_EQ(world.Run(), kDeadlock);
    EXPECT_EQ(world.Subject(), "wait done at join");
}

TEST(Waiting, ADaemonMayWaitForEver)
{
    CheckWorld world;
    Completion done(world.engine, "done");
    world.engine.Spawn("a", [&] { done.Wait(); })->SetDaemon();
    EXPECT_EQ(world.Run(), std::nullopt);
}

TEST(Waiting, ASignalThatAnotherTaskConsumedIsALostWakeup)
{
    for (const bool all : {false, true})
    {
        CheckWorld world;
        Completion done(world.engine, "done");
        world.engine.Spawn("first", [&] { done.Wait("first-wait"); });
        world.engine.Spawn("second", [&] { done.Wait("second-wait"); });
        world.engine.Spawn("signaller",
                           [&]
                           {
                               if (all)
                               {
                                   done.CompleteAll("finish");
                               }
                               else
                               {
                                   done.Complete("finish");
                               }
                           });
        EXPECT_EQ(world.Run(), all ? std::nullopt : std::optional(kLostWakeup)) << all;
        if (!all)
        {
            EXPECT_THAT(world.Text(), HasSubstr("waits for done:1 for ever"));
            EXPECT_THAT(world.Text(), HasSubstr("signaller signalled it (at finish"));
            EXPECT_THAT(world.Text(), HasSubstr("first has consumed it"));
        }
    }
}

TEST(Waiting, ASignalThatWasTakenBackIsALostWakeup)
{
    for (const bool inTime : {false, true})
    {
        CheckWorld world;
        Completion done(world.engine, "done");
        world.engine.Spawn("signaller", [&] { done.Complete("finish"); });
        world.engine.Spawn("waiter",
                           [&]
                           {
                               if (!inTime)
                               {
                                   done.Reinit();
                               }
                               done.Wait("sleep");
                           });
        EXPECT_EQ(world.Run(), inTime ? std::nullopt : std::optional(kLostWakeup)) << inTime;
        if (!inTime)
        {
            EXPECT_THAT(world.Text(), HasSubstr("it was taken back"));
            EXPECT_EQ(world.Subject(), "wait for done at sleep, signalled at finish");
        }
    }
}

TEST(Waiting, ATaskThatWantsOneSignalMoreThanThereAreWaitsInAPlainDeadlock)
{
    CheckWorld world;
    Completion tick(world.engine, "tick");
    world.engine.Spawn("clock", [&] { tick.Complete(); });
    world.engine.Spawn("a",
                       [&]
                       {
                           tick.Wait();
                           tick.Wait();
                       });
    EXPECT_EQ(world.Run(), kDeadlock);
}

/** A condition without a memory: whoever does not wait yet misses the signal. */
class Condition
{
  public:
    explicit Condition(Engine& engine)
        : m_engine(engine),
          m_object(engine.NewObject("condition"))
    {
    }

    void Signal()
    {
        m_engine.Point({OpKind::kSignal, m_object, true, "signal"});
        m_engine.Enable(m_waiters);
    }

    void Wait()
    {
        m_engine.PointAt({OpKind::kWait, m_object, true, "wait"}, m_waiters, false);
    }

  private:
    Engine& m_engine;
    ObjectId m_object;
    WaitList m_waiters;
};

TEST(Waiting, ASignalBeforeTheWaitIsLostOnAConditionWithoutAMemory)
{
    unsigned lost = 0;
    for (unsigned seed = 1; seed <= 40; ++seed)
    {
        CheckWorld world;
        RandomChooser chooser(seed);
        world.engine.SetChooser(chooser);
        Condition condition(world.engine);
        world.engine.Spawn("waiter", [&] { condition.Wait(); });
        world.engine.Spawn("signaller", [&] { condition.Signal(); });
        if (const auto found = world.Run())
        {
            ASSERT_EQ(found, kLostWakeup);
            EXPECT_THAT(world.Text(), HasSubstr("when nobody waited for it"));
            ++lost;
        }
        world.Reset();
    }
    EXPECT_GT(lost, 5U);
    EXPECT_LT(lost, 40U);
}

TEST(Waiting, TasksThatOnlyGiveWayAreALivelockAndThoseThatEndAreNot)
{
    SKIP_UNDER_TSAN();
    for (const bool endless : {true, false})
    {
        EngineOptions options;
        options.stepLimit = 500;
        CheckWorld world({}, options);
        int rounds = 0;
        for (const char* name : {"after-you", "no-after-you"})
        {
            world.engine.Spawn(name,
                               [&]
                               {
                                   while (endless || ++rounds < 200)
                                   {
                                       world.engine.Yield("give-way");
                                   }
                               });
        }
        EXPECT_EQ(world.Run(), endless ? std::optional(ViolationKind::kLivelock) : std::nullopt);
    }
}

} // namespace
} // namespace interleave::test
