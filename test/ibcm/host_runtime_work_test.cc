// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What runtime.h promises of work queues, on real threads.
#include "host-runtime-fixture.h"

#include <atomic>
#include <memory>
#include <numeric>
#include <thread>
#include <vector>

namespace ibcm::test
{
namespace
{

TEST_F(HostRuntimeTest, AQueueOfOneThreadKeepsTheOrder)
{
    const auto queue = runtime.MakeWorkQueue("queue", 1);
    std::vector<int> order; // not locked: the queue's only thread writes, Flush orders the read
    std::vector<std::unique_ptr<Item>> items;
    for (int i = 0; i < 200; ++i)
    {
        items.push_back(std::make_unique<Item>(runtime, [&order, i] { order.push_back(i); }));
    }
    for (const auto& item : items)
    {
        EXPECT_TRUE(item->QueueOn(*queue));
    }
    queue->Flush();
    std::vector<int> expected(items.size());
    std::iota(expected.begin(), expected.end(), 0);
    EXPECT_EQ(order, expected);
}

TEST_F(HostRuntimeTest, AQueueRunsAsManyItemsAtOnceAsItHasThreads)
{
    constexpr int kThreads = 3;
    const auto queue = runtime.MakeWorkQueue("queue", kThreads);
    std::vector<std::unique_ptr<Gate>> gates;
    std::vector<std::unique_ptr<Item>> items;
    std::atomic<int> inside{0};
    for (int i = 0; i < kThreads + 1; ++i)
    {
        gates.push_back(std::make_unique<Gate>(runtime));
        items.push_back(std::make_unique<Item>(runtime,
                                               [&inside, gate = gates.back().get()]
                                               {
                                                   ++inside;
                                                   gate->Pass();
                                               }));
        items.back()->QueueOn(*queue);
    }
    for (int i = 0; i < kThreads; ++i)
    {
        gates[i]->AwaitSomeone(); // would hang if they came one after the other
    }
    EXPECT_EQ(inside, kThreads) << "the fourth has no thread yet";
    gates[1]->Open();
    gates[kThreads]->AwaitSomeone();
    for (const auto& gate : gates)
    {
        gate->Open();
    }
    queue->Flush();
    EXPECT_EQ(inside, kThreads + 1);
}

TEST_F(HostRuntimeTest, AnItemIsQueuedOnceAndOnceMoreWhileItRuns)
{
    const auto queue = runtime.MakeWorkQueue("queue", 2);
    Gate first(runtime);
    Gate second(runtime);
    std::atomic<int> runs{0};
    std::atomic<int> inside{0};
    Item item(runtime,
              [&]
              {
                  EXPECT_EQ(++inside, 1) << "an item never runs twice at once";
                  (++runs == 1 ? first : second).Pass();
                  --inside;
              });
    EXPECT_TRUE(item.QueueOn(*queue));
    first.AwaitSomeone();
    EXPECT_TRUE(item.QueueOn(*queue));
    EXPECT_FALSE(item.QueueOn(*queue));
    // A second thread is free and passes over the item that runs.
    Completion passed(runtime, "passed");
    Item other(runtime, [&] { passed.Signal(); });
    other.QueueOn(*queue);
    passed.Wait();
    EXPECT_EQ(runs, 1);
    first.Open();
    second.AwaitSomeone();
    second.Open();
    queue->Flush();
    EXPECT_EQ(runs, 2);
    EXPECT_EQ(inside, 0);
}

TEST_F(HostRuntimeTest, AnItemThatRunsOnOneQueueWaitsOnTheOther)
{
    const auto one = runtime.MakeWorkQueue("one", 1);
    const auto two = runtime.MakeWorkQueue("two", 1);
    Gate gate(runtime);
    std::atomic<int> runs{0};
    Item item(runtime,
              [&]
              {
                  if (++runs == 1)
                  {
                      gate.Pass();
                  }
              });
    Item behind(runtime, [&] { EXPECT_EQ(runs, 1); });
    item.QueueOn(*one);
    gate.AwaitSomeone();
    EXPECT_TRUE(item.QueueOn(*two));
    behind.QueueOn(*two);
    while (behind.Cancel())
    {
        behind.QueueOn(*two); // until it has been let pass
        std::this_thread::yield();
    }
    gate.Open();
    two->Flush();
    EXPECT_EQ(runs, 2);
}

TEST_F(HostRuntimeTest, AnItemMayQueueItselfAgain)
{
    const auto queue = runtime.MakeWorkQueue("queue", 1);
    Completion done(runtime, "done");
    int runs = 0;
    Item* self = nullptr;
    Item item(runtime,
              [&]
              {
                  if (++runs < 1000)
                  {
                      EXPECT_TRUE(self->QueueOn(*queue));
                      return;
                  }
                  done.Signal();
              });
    self = &item;
    item.QueueOn(*queue);
    done.Wait();
    queue->Flush();
    EXPECT_EQ(runs, 1000);
}

TEST_F(HostRuntimeTest, AnItemMayDeleteItself)
{
    constexpr int kItems = 2000;
    const auto queue = runtime.MakeWorkQueue("queue", 2);
    std::atomic<int> runs{0};
    for (int i = 0; i < kItems; ++i)
    {
        auto** self = new Item*;
        *self = new Item(runtime,
                         [&runs, self]
                         {
                             delete *self;
                             delete self;
                             ++runs;
                         });
        (*self)->QueueOn(*queue);
    }
    queue->Flush();
    EXPECT_EQ(runs, kItems);
}

TEST_F(HostRuntimeTest, AnItemMayBeDestroyedByOneWhoKnowsThatItIsDone)
{
    const auto queue = runtime.MakeWorkQueue("queue", 1);
    for (int i = 0; i < 500; ++i)
    {
        Completion done(runtime, "done");
        Item item(runtime, [&] { done.Signal(); });
        item.QueueOn(*queue);
        done.Wait();
        // The queue's thread may not have come back from the item that goes here.
    }
}

TEST_F(HostRuntimeTest, CancelTakesBackWhatIsQueuedAndNothingElse)
{
    const auto queue = runtime.MakeWorkQueue("queue", 1);
    Gate gate(runtime);
    int runs = 0;
    Item blocker(runtime, [&] { gate.Pass(); });
    Item item(runtime, [&] { ++runs; });
    EXPECT_FALSE(item.Cancel()) << "idle";
    blocker.QueueOn(*queue);
    gate.AwaitSomeone();
    EXPECT_FALSE(blocker.Cancel()) << "running";
    EXPECT_TRUE(blocker.QueueOn(*queue));
    EXPECT_TRUE(blocker.Cancel()) << "its second turn";
    item.QueueOn(*queue);
    EXPECT_TRUE(item.Cancel());
    EXPECT_FALSE(item.Cancel());
    gate.Open();
    queue->Flush();
    EXPECT_EQ(runs, 0);
    EXPECT_TRUE(item.QueueOn(*queue));
    queue->Flush();
    EXPECT_EQ(runs, 1);
}

TEST_F(HostRuntimeTest, FlushWaitsForWhatWasQueuedBefore)
{
    const auto queue = runtime.MakeWorkQueue("queue", 1);
    Gate early(runtime);
    int runs = 0;
    Item first(runtime, [&] { early.Pass(); });
    Item second(runtime, [&] { ++runs; });
    std::atomic<bool> flushed{false};
    first.QueueOn(*queue);
    early.AwaitSomeone();
    second.QueueOn(*queue);
    Completion flushing(runtime, "flushing");
    std::thread flusher(
        [&]
        {
            flushing.Signal();
            queue->Flush();
            EXPECT_EQ(runs, 1);
            flushed = true;
        });
    flushing.Wait();
    EXPECT_FALSE(flushed);
    early.Open();
    flusher.join();
    EXPECT_TRUE(flushed);
}

TEST_F(HostRuntimeTest, FlushEndsWhenTheItemIsCancelled)
{
    // What the queue still has cannot run, as it runs on another queue: only Cancel can end the
    // flush, which may have begun to wait or not yet.
    const auto one = runtime.MakeWorkQueue("one", 1);
    const auto two = runtime.MakeWorkQueue("two", 1);
    for (int i = 0; i < 200; ++i)
    {
        Gate gate(runtime);
        Item item(runtime, [&] { gate.Pass(); });
        item.QueueOn(*one);
        gate.AwaitSomeone();
        EXPECT_TRUE(item.QueueOn(*two));
        std::thread flusher([&] { two->Flush(); });
        for (int spin = 0; spin < i % 20; ++spin)
        {
            std::this_thread::yield();
        }
        EXPECT_TRUE(item.Cancel());
        flusher.join();
        gate.Open();
        one->Flush();
    }
}

TEST_F(HostRuntimeTest, FlushDoesNotWaitForAnItemThatQueuesItselfForEver)
{
    const auto queue = runtime.MakeWorkQueue("queue", 1);
    std::atomic<bool> stop{false};
    Item* self = nullptr;
    Item item(runtime,
              [&]
              {
                  if (!stop)
                  {
                      self->QueueOn(*queue);
                  }
              });
    self = &item;
    item.QueueOn(*queue);
    queue->Flush();
    queue->Flush();
    stop = true;
    queue->Flush();
    queue->Flush(); // the one that was queued by the last run before stop
    EXPECT_FALSE(item.Cancel());
}

TEST_F(HostRuntimeTest, TheEndOfAQueueWaitsForItsItems)
{
    std::atomic<int> runs{0};
    std::vector<std::unique_ptr<Item>> items;
    auto queue = runtime.MakeWorkQueue("queue", 2);
    WorkQueue* const same = queue.get();
    for (int i = 0; i < 100; ++i)
    {
        items.push_back(std::make_unique<Item>(runtime, [&runs] { ++runs; }));
    }
    // The first queues the others, some of them when the queue is already about to go.
    Item first(runtime,
               [&]
               {
                   for (const auto& item : items)
                   {
                       item->QueueOn(*same);
                       std::this_thread::yield();
                   }
               });
    first.QueueOn(*queue);
    queue.reset();
    EXPECT_EQ(runs, 100);
}

TEST_F(HostRuntimeTest, ManyThreadsQueueCancelAndFlushAtOnce)
{
    const auto one = runtime.MakeWorkQueue("one", 1);
    const auto three = runtime.MakeWorkQueue("three", 3);
    std::atomic<int> queued{0};
    std::atomic<int> cancelled{0};
    std::atomic<int> runs{0};
    std::atomic<int> insideOne{0};
    std::vector<std::unique_ptr<Item>> items;
    for (int i = 0; i < 8; ++i)
    {
        items.push_back(std::make_unique<Item>(runtime, [&] { ++runs; }));
    }
    Item ordered(runtime,
                 [&]
                 {
                     EXPECT_EQ(++insideOne, 1);
                     --insideOne;
                     ++runs;
                 });
    std::vector<std::thread> threads;
    for (unsigned number = 0; number < 4; ++number)
    {
        threads.emplace_back(
            [&, number]
            {
                for (unsigned i = 0; i < 1000; ++i)
                {
                    Item& item = *items[(i * 5 + number) % items.size()];
                    queued += item.QueueOn((i + number) % 2 == 0 ? *one : *three) ? 1 : 0;
                    queued += ordered.QueueOn(*one) ? 1 : 0;
                    if (i % 3 == 0)
                    {
                        cancelled += items[i % items.size()]->Cancel() ? 1 : 0;
                    }
                    if (i % 100 == 0)
                    {
                        three->Flush();
                    }
                }
            });
    }
    for (std::thread& thread : threads)
    {
        thread.join();
    }
    // Each queue once: an item that runs on one may wait on the other.
    one->Flush();
    three->Flush();
    EXPECT_EQ(runs + cancelled, queued);
}

} // namespace
} // namespace ibcm::test
