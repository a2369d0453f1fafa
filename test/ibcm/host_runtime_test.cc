// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Time, numbers, locks and completions on real threads, and what misuse does.
#include "host-runtime-fixture.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <set>
#include <thread>
#include <vector>

namespace ibcm::test
{
namespace
{

using std::chrono::hours;
using std::chrono::milliseconds;

TEST_F(HostRuntimeTest, TimeNeverGoesBack)
{
    Instant last = runtime.Now();
    EXPECT_GE(last, Instant{0});
    for (int i = 0; i < 1000; ++i)
    {
        const Instant now = runtime.Now();
        EXPECT_GE(now, last);
        last = now;
    }
}

TEST_F(HostRuntimeTest, ASeedGivesTheSameNumbersAndNoneDoesNot)
{
    HostRuntime same(7);
    HostRuntime other(8);
    HostRuntime unseeded;
    std::set<std::uint64_t> numbers;
    for (int i = 0; i < 100; ++i)
    {
        const std::uint64_t number = runtime.Random();
        EXPECT_EQ(number, same.Random());
        numbers.insert({number, other.Random(), unseeded.Random()});
    }
    EXPECT_EQ(numbers.size(), 300U);
}

TEST_F(HostRuntimeTest, ThreadsHaveDifferentNamesThatAreNotZero)
{
    std::vector<std::uint64_t> names(16);
    std::vector<std::thread> threads;
    for (std::uint64_t& name : names)
    {
        threads.emplace_back(
            [this, &name]
            {
                name = runtime.CurrentThread();
                EXPECT_EQ(runtime.CurrentThread(), name);
            });
    }
    for (std::thread& thread : threads)
    {
        thread.join();
    }
    names.push_back(runtime.CurrentThread());
    names.push_back(0);
    std::sort(names.begin(), names.end());
    EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

TEST_F(HostRuntimeTest, AMutexExcludes)
{
    constexpr int kThreads = 4;
    constexpr int kTimes = 5000;
    Mutex lock(runtime, "counter");
    int counter = 0; // plain: TSan sees a lock that does not exclude, and the sum is wrong
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i)
    {
        threads.emplace_back(
            [&]
            {
                for (int time = 0; time < kTimes; ++time)
                {
                    MutexLock hold(lock);
                    ++counter;
                }
            });
    }
    for (std::thread& thread : threads)
    {
        thread.join();
    }
    EXPECT_EQ(counter, kThreads * kTimes);
}

TEST_F(HostRuntimeTest, HeldIsTrueForTheHolderOnly)
{
    Mutex lock(runtime, "lock");
    EXPECT_FALSE(lock.Held());
    {
        MutexLock hold(lock);
        EXPECT_TRUE(lock.Held());
        std::thread([&] { EXPECT_FALSE(lock.Held()); }).join();
        EXPECT_TRUE(lock.Held());
    }
    EXPECT_FALSE(lock.Held());
}

TEST_F(HostRuntimeTest, ACompletionLetsPresentAndFutureWaitersGo)
{
    constexpr int kWaiters = 5;
    auto done = std::make_unique<Completion>(runtime, "done");
    std::atomic<int> waiting{0};
    std::atomic<int> gone{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < kWaiters; ++i)
    {
        threads.emplace_back(
            [&]
            {
                ++waiting;
                done->Wait();
                ++gone;
            });
    }
    while (waiting != kWaiters)
    {
        std::this_thread::yield();
    }
    EXPECT_EQ(gone, 0);
    done->Signal();
    for (std::thread& thread : threads)
    {
        thread.join();
    }
    EXPECT_EQ(gone, kWaiters);
    done->Wait();
}

TEST_F(HostRuntimeTest, AWaiterMayFreeTheCompletionAsSoonAsItReturns)
{
    // Signal must not touch it after that: ASan and TSan watch.
    for (int i = 0; i < 500; ++i)
    {
        auto done = std::make_unique<Completion>(runtime, "done");
        Completion& signalled = *done;
        std::thread signaller([&signalled] { signalled.Signal(); });
        done->Wait();
        done.reset();
        signaller.join();
    }
}

// What the analysis of locks would forbid is what the tests do: these are out of its sight.
void MisLock(Mutex& mutex) IBCM_NO_THREAD_SAFETY_ANALYSIS
{
    mutex.Lock();
}

void MisUnlock(Mutex& mutex) IBCM_NO_THREAD_SAFETY_ANALYSIS
{
    mutex.Unlock();
}

/** Each makes its own runtime: a death test runs in another process, without threads of this one.
 */
void DieLockingTwice()
{
    HostRuntime runtime;
    Mutex lock(runtime, "some lock");
    MisLock(lock);
    MisLock(lock);
}

void DieUnlockingAnothers()
{
    HostRuntime runtime;
    Mutex lock(runtime, "some lock");
    MisLock(lock);
    std::thread([&] { MisUnlock(lock); }).join();
}

void DieDestroyingHeld()
{
    HostRuntime runtime;
    Mutex lock(runtime, "held");
    MisLock(lock);
}

void DieDestroyingQueued()
{
    HostRuntime runtime;
    const auto queue = runtime.MakeWorkQueue("queue", 1);
    Gate gate(runtime);
    Item blocker(runtime, [&] { gate.Pass(); });
    blocker.QueueOn(*queue);
    gate.AwaitSomeone();
    Item item(runtime, [] {});
    item.QueueOn(*queue);
}

void DieDestroyingArmed()
{
    HostRuntime runtime;
    const auto queue = runtime.MakeWorkQueue("queue", 1);
    Alarm alarm(runtime, *queue, [] {});
    alarm.Arm(hours(1));
}

void DieWaitingForItself()
{
    HostRuntime runtime;
    const auto queue = runtime.MakeWorkQueue("queue", 1);
    Item item(runtime, [&] { queue->Flush(); });
    item.QueueOn(*queue);
    queue->Flush();
}

void DieDestroyingTheQueueOfAnArmedTimer()
{
    HostRuntime runtime;
    auto queue = runtime.MakeWorkQueue("queue", 1);
    Alarm alarm(runtime, *queue, [] {});
    alarm.Arm(hours(1));
    queue.reset();
}

void DieWithANegativeDelay()
{
    HostRuntime runtime;
    const auto queue = runtime.MakeWorkQueue("queue", 1);
    Alarm alarm(runtime, *queue, [] {});
    alarm.Arm(milliseconds(-1));
}

void DieWithoutThreads()
{
    HostRuntime runtime;
    (void)runtime.MakeWorkQueue("idle", 0);
}

void DieWithQueuesLeft()
{
    std::unique_ptr<WorkQueue> queue;
    HostRuntime runtime;
    queue = runtime.MakeWorkQueue("queue", 1);
}

TEST(HostRuntimeDeathTest, Misuse)
{
    ::testing::FLAGS_gtest_death_test_style = "threadsafe";
    EXPECT_DEATH(DieLockingTwice(), "this thread holds it already: lock 'some lock'");
    EXPECT_DEATH(DieUnlockingAnothers(), "a thread that does not hold it: lock 'some lock'");
    EXPECT_DEATH(DieDestroyingHeld(), "destroyed while held: lock 'held'");
    EXPECT_DEATH(DieDestroyingQueued(), "destroyed while queued: work 'item'");
    EXPECT_DEATH(DieDestroyingArmed(), "destroyed while it is armed or queued: timer 'alarm'");
    EXPECT_DEATH(DieWaitingForItself(), "waited for by its own item: queue 'queue'");
    EXPECT_DEATH(DieDestroyingTheQueueOfAnArmedTimer(), "while a timer is armed for it: queue");
    EXPECT_DEATH(DieWithANegativeDelay(), "negative delay: timer 'alarm'");
    EXPECT_DEATH(DieWithoutThreads(), "made without any thread: queue 'idle'");
    EXPECT_DEATH(DieWithQueuesLeft(), "destroyed before the queues");
}

} // namespace
} // namespace ibcm::test
