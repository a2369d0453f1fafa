// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/work-queue.h"

#include "interleave/helper/random-chooser.h"
#include "interleave/model/completion.h"
#include "interleave/model/delayed-work.h"
#include "world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

namespace interleave::test
{
namespace
{

using testing::ElementsAre;

/** A work item that runs a function. */
class Work
{
  public:
    explicit Work(std::function<void()> function)
        : item(&Work::Run, this),
          m_function(std::move(function))
    {
    }

    static void Run(void* self)
    {
        static_cast<Work*>(self)->m_function();
    }

    WorkItem item;

  private:
    std::function<void()> m_function;
};

TEST(WorkQueue, OneWorkerKeepsTheOrder)
{
    World world;
    RandomChooser random(5);
    world.engine.SetChooser(random);
    for (int run = 0; run < 200; ++run)
    {
        world.Reset();
        std::string order;
        Work a([&] { order += "a"; });
        Work b([&] { order += "b"; });
        Work c([&] { order += "c"; });
        WorkQueue queue(world.engine, "worker", 1);
        world.engine.Spawn("x",
                           [&]
                           {
                               for (Work* work : {&a, &b, &c})
                               {
                                   EXPECT_TRUE(queue.Queue(work->item));
                               }
                               queue.Flush();
                               EXPECT_EQ(order, "abc");
                           });
        ASSERT_TRUE(world.engine.Run().Passed());
        ASSERT_EQ(order, "abc");
    }
}

TEST(WorkQueue, TwoWorkersWorkAtOnce)
{
    World world;
    Completion completion(world.engine);
    std::string order;
    Work first(
        [&]
        {
            completion.Wait();
            order += "1";
        });
    Work second(
        [&]
        {
            order += "2";
            completion.Complete();
        });
    WorkQueue queue(world.engine, "worker", 2);
    Event start(world.time,
                1,
                [&]
                {
                    EXPECT_TRUE(queue.Queue(first.item));
                    EXPECT_TRUE(queue.Queue(second.item));
                });
    EXPECT_TRUE(world.engine.Run().Passed());
    EXPECT_EQ(order, "21");
}

TEST(WorkQueue, APendingItemIsQueuedOnce)
{
    World world;
    int runs = 0;
    Work work([&] { ++runs; });
    WorkQueue queue(world.engine, "worker", 2);
    Event start(world.time,
                1,
                [&]
                {
                    EXPECT_TRUE(queue.Queue(work.item));
                    EXPECT_FALSE(queue.Queue(work.item));
                    EXPECT_EQ(queue.PendingCount(), 1U);
                });
    EXPECT_TRUE(world.engine.Run().Passed());
    EXPECT_EQ(runs, 1);
    EXPECT_EQ(queue.PendingCount(), 0U);
}

TEST(WorkQueue, AnItemNeverRunsTwiceAtOnce)
{
    World world;
    RandomChooser random(11);
    world.engine.SetChooser(random);
    for (int run = 0; run < 300; ++run)
    {
        world.Reset();
        int inside = 0;
        int runs = 0;
        Work work(
            [&]
            {
                EXPECT_EQ(++inside, 1);
                world.engine.Yield();
                --inside;
                ++runs;
            });
        WorkQueue queue(world.engine, "worker", 3);
        int queued = 0;
        world.engine.Spawn("x",
                           [&]
                           {
                               for (int round = 0; round < 5; ++round)
                               {
                                   queued += queue.Queue(work.item) ? 1 : 0;
                                   world.engine.Yield();
                               }
                               queue.Flush();
                               EXPECT_EQ(runs, queued);
                           });
        ASSERT_TRUE(world.engine.Run().Passed());
    }
}

TEST(WorkQueue, AnItemMayQueueItselfAgain)
{
    World world;
    int runs = 0;
    WorkQueue* target = nullptr;
    std::unique_ptr<Work> work;
    work = std::make_unique<Work>(
        [&]
        {
            if (++runs < 3)
            {
                EXPECT_TRUE(target->Queue(work->item));
            }
        });
    WorkQueue queue(world.engine, "worker", 2);
    target = &queue;
    Event start(world.time, 1, [&] { queue.Queue(work->item); });
    EXPECT_TRUE(world.engine.Run().Passed());
    EXPECT_EQ(runs, 3);
}

TEST(WorkQueue, AnItemMayDestroyItself)
{
    World world;
    auto* work = new std::unique_ptr<Work>;
    bool done = false;
    *work = std::make_unique<Work>(
        [&done, work]
        {
            done = true;
            delete work;
        });
    WorkQueue queue(world.engine, "worker", 1);
    world.engine.Spawn("x",
                       [&]
                       {
                           queue.Queue((*work)->item);
                           queue.Flush();
                           EXPECT_TRUE(done);
                       });
    EXPECT_TRUE(world.engine.Run().Passed());
}

TEST(WorkQueue, FlushWaitsForWhatWasQueuedBefore)
{
    World world;
    Completion gate(world.engine);
    bool slow = false;
    Work blocked(
        [&]
        {
            gate.Wait();
            slow = true;
        });
    WorkQueue queue(world.engine, "worker", 2);
    world.engine.Spawn("x",
                       [&]
                       {
                           queue.Queue(blocked.item);
                           queue.Flush();
                           EXPECT_TRUE(slow);
                       });
    Event open(world.time, 100, [&] { gate.Complete(); });
    EXPECT_TRUE(world.engine.Run().Passed());
    EXPECT_TRUE(slow);
}

TEST(WorkQueue, CancelSyncWaitsForTheHandler)
{
    World world;
    ExhaustiveChooser chooser;
    world.engine.SetChooser(chooser);
    int cancelled = 0;
    int ran = 0;
    do
    {
        world.Reset();
        bool inside = false;
        bool started = false;
        Work work(
            [&]
            {
                started = true;
                inside = true;
                world.engine.Point(Op{OpKind::kSync, {}});
                inside = false;
            });
        WorkQueue queue(world.engine, "worker", 1);
        world.engine.Spawn("x",
                           [&]
                           {
                               queue.Queue(work.item);
                               const bool was = queue.CancelSync(work.item);
                               EXPECT_FALSE(inside);
                               EXPECT_FALSE(work.item.Pending());
                               EXPECT_FALSE(queue.RunningNow(work.item));
                               EXPECT_NE(was, started);
                               ++(was ? cancelled : ran);
                           });
        const RunResult result = world.engine.Run();
        ASSERT_TRUE(result.Passed()) << result.violation->Format();
    } while (chooser.Next());
    EXPECT_GT(cancelled, 0);
    EXPECT_GT(ran, 0);
}

TEST(WorkQueue, ShutdownRunsWhatIsQueued)
{
    World world;
    RandomChooser random(2);
    world.engine.SetChooser(random);
    for (int run = 0; run < 200; ++run)
    {
        world.Reset();
        int runsOfA = 0; // one each: the items may run at once
        int runsOfB = 0;
        Work a([&] { ++runsOfA; });
        Work b([&] { ++runsOfB; });
        world.engine.Spawn("x",
                           [&]
                           {
                               WorkQueue queue(world.engine, "worker", 2);
                               queue.Queue(a.item);
                               queue.Queue(b.item);
                               queue.Shutdown();
                               EXPECT_EQ(runsOfA, 1);
                               EXPECT_EQ(runsOfB, 1);
                               EXPECT_FALSE(queue.Queue(a.item));
                           });
        const RunResult result = world.engine.Run();
        ASSERT_TRUE(result.Passed()) << result.violation->Format();
    }
}

Violation MisuseOf(const std::function<void(World&, WorkQueue&, Work&)>& inHandler,
                   const std::function<void(World&, WorkQueue&, std::unique_ptr<Work>&)>& inTask)
{
    EngineOptions options;
    options.unwind = true; // some have objects of their own on their stacks
    World world(options);
    std::unique_ptr<Work> work;
    WorkQueue queue(world.engine, "worker", 1);
    work = std::make_unique<Work>([&] { inHandler(world, queue, *work); });
    world.engine.Spawn("x",
                       [&]
                       {
                           queue.Queue(work->item);
                           inTask(world, queue, work);
                       });
    const RunResult result = world.engine.Run();
    EXPECT_FALSE(result.Passed());
    world.engine.Reset(); // while queue and item are there
    return result.violation.value_or(Violation{});
}

TEST(WorkQueue, MisuseIsReported)
{
    SKIP_UNDER_TSAN();
    const auto nothing = [](auto&&...) {};
    EXPECT_EQ(MisuseOf([](World&, WorkQueue& queue, Work&) { queue.Flush(); }, nothing).text,
              "queue:1 is flushed by its own worker worker0, which would wait for itself");
    EXPECT_EQ(MisuseOf([](World&, WorkQueue& queue, Work&) { queue.Shutdown(); }, nothing).text,
              "queue:1 is shut down by its own worker worker0");
    EXPECT_EQ(
        MisuseOf([](World&, WorkQueue& queue, Work& work) { queue.CancelSync(work.item); }, nothing)
            .text,
        "a work item of queue:1 waits for itself");
    EXPECT_EQ(
        MisuseOf(nothing, [](World&, WorkQueue&, std::unique_ptr<Work>& work) { work.reset(); })
            .text,
        "a work item is destroyed while it is queued on queue:1");
    EXPECT_EQ(MisuseOf([](World& world, WorkQueue&, Work&) { world.engine.Sleep(10); },
                       [](World& world, WorkQueue&, std::unique_ptr<Work>& work)
                       {
                           world.engine.Sleep(5);
                           work.reset();
                           world.engine.Yield();
                       })
                  .text,
              "a work item is destroyed while worker0 runs it");
    EXPECT_EQ(MisuseOf(nothing,
                       [](World& world, WorkQueue&, std::unique_ptr<Work>& work)
                       {
                           WorkQueue other(world.engine, "other", 1);
                           other.Queue(work->item);
                       })
                  .text,
              "a work item is queued on queue:2 while it is queued on queue:1");
    EXPECT_EQ(MisuseOf(nothing,
                       [](World& world, WorkQueue&, std::unique_ptr<Work>&)
                       {
                           {
                               WorkQueue other(world.engine, "other", 1);
                           }
                           world.engine.Yield();
                       })
                  .text,
              "queue:2 is destroyed without having been shut down");
}

TEST(DelayedWork, RunsWhenItIsTime)
{
    World world;
    WorkQueue queue(world.engine, "worker", 1);
    std::vector<std::int64_t> times;
    struct Context
    {
        Engine& engine;
        std::vector<std::int64_t>& times;
    } context{world.engine, times};
    DelayedWork work(
        queue,
        [](void* argument)
        {
            auto& c = *static_cast<Context*>(argument);
            c.times.push_back(c.engine.NowNs());
        },
        &context);
    world.engine.Spawn("x",
                       [&]
                       {
                           EXPECT_TRUE(work.Arm(100));
                           EXPECT_FALSE(work.Arm(50));
                           EXPECT_TRUE(work.Armed());
                           world.engine.Sleep(200);
                           EXPECT_FALSE(work.Mod(100)); // it was not armed
                           EXPECT_TRUE(work.Mod(300));  // moved: 500, not 300
                           world.engine.Sleep(400);
                           EXPECT_TRUE(work.Arm(0));
                           EXPECT_FALSE(work.Armed());
                           EXPECT_TRUE(work.Pending());
                           EXPECT_TRUE(work.Cancel());
                           EXPECT_FALSE(work.Cancel());
                           EXPECT_TRUE(work.Arm(10));
                           EXPECT_TRUE(work.CancelSync());
                       });
    EXPECT_TRUE(world.engine.Run().Passed());
    EXPECT_THAT(times, ElementsAre(100, 500));
}

TEST(DelayedWork, TheTimerRacesTheCancel)
{
    // Cancelled before it fires, after it was queued, and while its handler runs: all come up.
    World world;
    ExhaustiveChooser chooser;
    world.engine.SetChooser(chooser);
    int before = 0;
    int tooLate = 0;
    do
    {
        world.Reset();
        bool ran = false;
        WorkQueue queue(world.engine, "worker", 1);
        DelayedWork work(
            queue, [](void* flag) { *static_cast<bool*>(flag) = true; }, &ran);
        world.engine.Spawn("x",
                           [&]
                           {
                               work.Arm(10);
                               const bool was = work.CancelSync();
                               EXPECT_NE(was, ran);
                               EXPECT_FALSE(work.Pending());
                               ++(was ? before : tooLate);
                           });
        const RunResult result = world.engine.Run();
        ASSERT_TRUE(result.Passed()) << result.violation->Format();
    } while (chooser.Next());
    EXPECT_GT(before, 0);
    EXPECT_GT(tooLate, 0);
}

TEST(DelayedWork, DestroyedWhileArmed)
{
    World world;
    WorkQueue queue(world.engine, "worker", 1);
    world.engine.Spawn("x",
                       [&]
                       {
                           DelayedWork work(
                               queue, [](void*) {}, nullptr, world.engine.NewObject("cm_id"));
                           work.Arm(10);
                       });
    const RunResult result = world.engine.Run();
    ASSERT_FALSE(result.Passed());
    EXPECT_EQ(result.violation->text,
              "the delayed work of cm_id:1 is destroyed while its timer is armed");
}

} // namespace
} // namespace interleave::test
