// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The tests' own runtime: order, time, and that misuse does not pass unseen.
#include "ibcm/helper/step-runtime.h"
#include "ibcm/model/sync.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ibcm::test
{
namespace
{

using std::chrono::milliseconds;

class Item final : public WorkItem
{
  public:
    Item(StepRuntime& runtime, std::function<void()> run)
        : WorkItem(runtime, "item"),
          m_run(std::move(run))
    {
    }

    void Run() override
    {
        m_run();
    }

  private:
    std::function<void()> m_run;
};

class Alarm final : public Timer
{
  public:
    Alarm(StepRuntime& runtime, WorkQueue& queue, std::function<void()> run)
        : Timer(runtime, queue, "alarm"),
          m_run(std::move(run))
    {
    }

    void Expired() override
    {
        m_run();
    }

  private:
    std::function<void()> m_run;
};

TEST(StepRuntime, WorkRunsInTheOrderOfQueueing)
{
    StepRuntime runtime;
    const auto one = runtime.MakeWorkQueue("one", 1);
    const auto two = runtime.MakeWorkQueue("two", 1);
    std::string order;
    Item a(runtime, [&] { order += 'a'; });
    Item b(runtime, [&] { order += 'b'; });
    Item c(runtime, [&] { order += 'c'; });
    EXPECT_TRUE(c.QueueOn(*one));
    EXPECT_TRUE(a.QueueOn(*two));
    EXPECT_TRUE(b.QueueOn(*one));
    EXPECT_FALSE(b.QueueOn(*two)) << "queued already";
    EXPECT_TRUE(a.Cancel());
    EXPECT_FALSE(a.Cancel());
    EXPECT_EQ(runtime.RunReady(), 2U);
    EXPECT_EQ(order, "cb");
}

TEST(StepRuntime, TimersFireByTimeAndThenByOrderOfArming)
{
    StepRuntime runtime;
    const auto queue = runtime.MakeWorkQueue("queue", 1);
    std::vector<std::unique_ptr<Alarm>> alarms;
    std::vector<unsigned> order;
    for (unsigned i = 0; i < 100; ++i)
    {
        alarms.push_back(
            std::make_unique<Alarm>(runtime, *queue, [&order, i] { order.push_back(i); }));
        alarms.back()->Arm(milliseconds(i * 37 % 10));
    }
    for (unsigned i = 0; i < 100; i += 3)
    {
        EXPECT_TRUE(alarms[i]->Cancel());
    }
    alarms[1]->Arm(milliseconds(20)); // later than before
    EXPECT_EQ(runtime.NextTimer(), milliseconds(0));
    runtime.Advance(milliseconds(9));
    EXPECT_EQ(runtime.ArmedTimers(), 1U);
    runtime.RunUntilIdle();
    EXPECT_EQ(runtime.Now(), milliseconds(20));
    std::vector<unsigned> expected;
    for (unsigned time = 0; time < 10; ++time)
    {
        for (unsigned i = 2; i < 100; ++i)
        {
            if (i % 3 != 0 && i * 37 % 10 == time)
            {
                expected.push_back(i);
            }
        }
    }
    expected.push_back(1);
    EXPECT_EQ(order, expected);
}

TEST(StepRuntime, TimeMovesOnlyWhenTold)
{
    StepRuntime runtime;
    const auto queue = runtime.MakeWorkQueue("queue", 1);
    Instant fired{-1};
    Alarm alarm(runtime, *queue, [&] { fired = runtime.Now(); });
    alarm.Arm(milliseconds(5));
    runtime.RunReady();
    EXPECT_EQ(runtime.Now(), Instant{0});
    runtime.Advance(milliseconds(7));
    EXPECT_EQ(fired, milliseconds(5));
    EXPECT_EQ(runtime.Now(), milliseconds(7));
}

TEST(StepRuntime, AWaitRunsWhatIsReadyAndThenLetsTimePass)
{
    StepRuntime runtime;
    const auto queue = runtime.MakeWorkQueue("queue", 1);
    Completion done(runtime, "done");
    std::string order;
    Alarm alarm(runtime,
                *queue,
                [&]
                {
                    order += "timer";
                    done.Signal();
                });
    Item item(runtime, [&] { order += "item "; });
    alarm.Arm(milliseconds(3));
    item.QueueOn(*queue);
    done.Wait();
    EXPECT_EQ(order, "item timer");
    EXPECT_EQ(runtime.Now(), milliseconds(3));
    done.Wait(); // stays signalled
}

TEST(StepRuntime, AQueueOfOneThreadDoesNotRunTwoItemsInsideEachOther)
{
    StepRuntime runtime;
    const auto single = runtime.MakeWorkQueue("single", 1);
    const auto other = runtime.MakeWorkQueue("other", 1);
    Completion done(runtime, "done");
    std::string order;
    Item first(runtime,
               [&]
               {
                   order += "(";
                   done.Wait();
                   order += ")";
               });
    Item second(runtime, [&] { order += "second"; });
    Item third(runtime,
               [&]
               {
                   order += "third";
                   done.Signal();
               });
    first.QueueOn(*single);
    second.QueueOn(*single);
    third.QueueOn(*other);
    runtime.RunReady();
    EXPECT_EQ(order, "(third)second");
}

TEST(StepRuntime, TheSameSeedGivesTheSameNumbers)
{
    StepRuntime one(5);
    StepRuntime two(5);
    StepRuntime three(6);
    const std::uint64_t number = one.Random();
    EXPECT_EQ(number, two.Random());
    EXPECT_NE(number, three.Random());
    EXPECT_NE(number, one.Random());
}

// What the analysis of locks would forbid is what the test does: the functions are out of its
// sight.
void MisLock(Mutex& mutex) IBCM_NO_THREAD_SAFETY_ANALYSIS
{
    mutex.Lock();
}

void MisUnlock(Mutex& mutex) IBCM_NO_THREAD_SAFETY_ANALYSIS
{
    mutex.Unlock();
}

TEST(StepRuntimeDeathTest, Misuse)
{
    ::testing::FLAGS_gtest_death_test_style = "threadsafe";
    StepRuntime runtime;
    const auto queue = runtime.MakeWorkQueue("queue", 1);
    Mutex lock(runtime, "some lock");
    EXPECT_DEATH(MisUnlock(lock), "released without being held: lock 'some lock'");
    EXPECT_DEATH(
        {
            MisLock(lock);
            MisLock(lock);
        },
        "deadlock: the only thread holds it already: lock 'some lock'");
    EXPECT_DEATH(
        {
            Mutex held(runtime, "held");
            MisLock(held);
        },
        "destroyed while held: lock 'held'");
    Completion never(runtime, "never");
    EXPECT_DEATH(never.Wait(), "deadlock: .* completion 'never'");
    EXPECT_DEATH(
        {
            MisLock(lock);
            never.Wait();
        },
        "waits with a lock held: completion 'never'");
    EXPECT_DEATH(
        {
            Item item(runtime, [] {});
            item.QueueOn(*queue);
        },
        "destroyed while queued: work 'item'");
    EXPECT_DEATH(
        {
            Alarm alarm(runtime, *queue, [] {});
            alarm.Arm(milliseconds(1));
        },
        "destroyed while it is armed or queued: timer 'alarm'");
    EXPECT_DEATH(runtime.Advance(milliseconds(-1)), "negative");
}

} // namespace
} // namespace ibcm::test
