// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What runtime.h promises of timers, on real threads.
#include "host-runtime-fixture.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <numeric>
#include <thread>
#include <vector>

namespace ibcm::test
{
namespace
{

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST_F(HostRuntimeTest, TimersExpireInTheOrderOfTheirTimesAndNotBefore)
{
    const auto queue = runtime.MakeWorkQueue("queue", 1);
    constexpr int kAlarms = 20;
    Completion done(runtime, "done");
    std::vector<int> order;
    std::vector<std::unique_ptr<Alarm>> alarms;
    std::vector<Instant> due(kAlarms);
    for (int i = 0; i < kAlarms; ++i)
    {
        alarms.push_back(std::make_unique<Alarm>(runtime,
                                                 *queue,
                                                 [&, i]
                                                 {
                                                     EXPECT_GE(runtime.Now(), due[i]);
                                                     order.push_back(i);
                                                     if (order.size() == kAlarms)
                                                     {
                                                         done.Signal();
                                                     }
                                                 }));
    }
    // Armed while the queue is held, and again with more time in hand if the machine was too slow
    // to arm all of them before the first was due.
    Gate gate(runtime);
    Item blocker(runtime, [&] { gate.Pass(); });
    blocker.QueueOn(*queue);
    gate.AwaitSomeone();
    Instant base{0};
    for (Duration lead = milliseconds(20); base <= runtime.Now(); lead *= 2)
    {
        base = runtime.Now() + lead;
        for (int i = 0; i < kAlarms; ++i)
        {
            due[i] = base + milliseconds(i * 7 % kAlarms);
            alarms[i]->Arm(std::max(due[i] - runtime.Now(), Instant{0}));
        }
    }
    gate.Open();
    done.Wait();
    queue->Flush();
    std::vector<int> expected(kAlarms);
    std::iota(expected.begin(), expected.end(), 0);
    std::sort(expected.begin(), expected.end(), [&](int a, int b) { return due[a] < due[b]; });
    EXPECT_EQ(order, expected);
}

TEST_F(HostRuntimeTest, ArmReplacesTheTimeThatIsPending)
{
    const auto queue = runtime.MakeWorkQueue("queue", 1);
    Completion done(runtime, "done");
    int runs = 0;
    Alarm alarm(runtime,
                *queue,
                [&]
                {
                    ++runs;
                    done.Signal();
                });
    alarm.Arm(hours(1));
    alarm.Arm(Duration::max()); // saturates
    alarm.Arm(microseconds(100));
    done.Wait();
    queue->Flush();
    EXPECT_EQ(runs, 1);
    EXPECT_FALSE(alarm.Cancel()) << "nothing is left of the hour";
}

TEST_F(HostRuntimeTest, ArmReplacesAlsoWhatIsQueued)
{
    const auto queue = runtime.MakeWorkQueue("queue", 1);
    Gate gate(runtime);
    Item blocker(runtime, [&] { gate.Pass(); });
    std::atomic<int> runs{0};
    Alarm alarm(runtime, *queue, [&] { ++runs; });
    Completion later(runtime, "later");
    const auto other = runtime.MakeWorkQueue("other", 1);
    Alarm marker(runtime, *other, [&] { later.Signal(); });
    blocker.QueueOn(*queue);
    gate.AwaitSomeone();
    alarm.Arm(Duration{0});
    marker.Arm(Duration{0});
    later.Wait(); // the alarm was due before the marker: it is queued now, behind the gate
    alarm.Arm(hours(1));
    gate.Open();
    queue->Flush();
    EXPECT_EQ(runs, 0);
    EXPECT_TRUE(alarm.Cancel());
}

TEST_F(HostRuntimeTest, CancelStopsATimerThatIsArmedOrQueuedAndNoOther)
{
    const auto queue = runtime.MakeWorkQueue("queue", 1);
    const auto other = runtime.MakeWorkQueue("other", 1);
    Gate gate(runtime);
    Completion later(runtime, "later");
    std::atomic<int> runs{0};
    Alarm running(runtime, *queue, [&] { gate.Pass(); });
    Alarm queued(runtime, *queue, [&] { ++runs; });
    Alarm armed(runtime, *queue, [&] { ++runs; });
    Alarm marker(runtime, *other, [&] { later.Signal(); });
    EXPECT_FALSE(armed.Cancel()) << "idle";
    running.Arm(Duration{0});
    gate.AwaitSomeone();
    queued.Arm(Duration{0});
    armed.Arm(hours(1));
    marker.Arm(Duration{0});
    later.Wait();
    EXPECT_FALSE(running.Cancel());
    EXPECT_TRUE(queued.Cancel());
    EXPECT_TRUE(armed.Cancel());
    EXPECT_FALSE(queued.Cancel());
    EXPECT_FALSE(armed.Cancel());
    gate.Open();
    queue->Flush();
    EXPECT_EQ(runs, 0);
}

TEST_F(HostRuntimeTest, ATimerMayArmItselfAndDeleteItself)
{
    const auto queue = runtime.MakeWorkQueue("queue", 2);
    Completion done(runtime, "done");
    std::atomic<int> runs{0};
    std::atomic<int> inside{0};
    std::unique_ptr<Alarm> alarm;
    alarm = std::make_unique<Alarm>(runtime,
                                    *queue,
                                    [&]
                                    {
                                        EXPECT_EQ(++inside, 1);
                                        const bool last = ++runs == 100;
                                        if (!last)
                                        {
                                            // At once: the other thread must wait its turn.
                                            alarm->Arm(Duration{0});
                                            std::this_thread::yield();
                                        }
                                        --inside;
                                        if (last)
                                        {
                                            alarm.reset();
                                            done.Signal();
                                        }
                                    });
    alarm->Arm(Duration{0});
    done.Wait();
    queue->Flush();
    EXPECT_EQ(runs, 100);
}

TEST_F(HostRuntimeTest, ACancelledTimerMayBeDestroyedWhileOthersExpire)
{
    const auto queue = runtime.MakeWorkQueue("queue", 2);
    std::atomic<int> runs{0};
    int cancelled = 0;
    constexpr int kAlarms = 2000;
    for (int i = 0; i < kAlarms; ++i)
    {
        auto** self = new Alarm*;
        const auto end = [&runs, self]
        {
            delete *self;
            delete self;
            ++runs;
        };
        *self = new Alarm(runtime, *queue, end);
        Alarm* const alarm = *self;
        if (i % 2 == 0)
        {
            alarm->Arm(microseconds(i % 50));
            continue;
        }
        alarm->Arm(hours(1));
        if (alarm->Cancel())
        {
            delete alarm;
            delete self;
            ++cancelled;
        }
    }
    while (runs + cancelled != kAlarms)
    {
        std::this_thread::yield();
    }
    queue->Flush();
    EXPECT_EQ(cancelled, kAlarms / 2);
}

TEST_F(HostRuntimeTest, CancelAndExpiryAgreeOnWhoWins)
{
    // True: it does not run. False: it runs, once. Whatever the moment.
    const auto queue = runtime.MakeWorkQueue("queue", 1);
    int cancelled = 0;
    for (int i = 0; i < 2000; ++i)
    {
        std::atomic<int> runs{0};
        Alarm alarm(runtime, *queue, [&] { ++runs; });
        alarm.Arm(microseconds(i % 100));
        for (int spin = 0; spin < i % 37; ++spin)
        {
            std::this_thread::yield();
        }
        const bool stopped = alarm.Cancel();
        queue->Flush();
        ASSERT_EQ(runs, stopped ? 0 : 1);
        cancelled += stopped ? 1 : 0;
    }
    RecordProperty("cancelled", cancelled);
}

} // namespace
} // namespace ibcm::test
