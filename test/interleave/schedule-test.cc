// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// The contract of choices: which options there are, in which order, and what each does.

#include "interleave/helper/random-chooser.h"
#include "interleave/model/completion.h"
#include "interleave/model/mutex.h"
#include "world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <set>

namespace interleave::test
{
namespace
{

using testing::ElementsAre;
using testing::IsEmpty;

/** Tasks that do two steps each on an object of their own. */
class Schedule : public testing::Test
{
  protected:
    void SetUp() override
    {
        world.engine.SetChooser(chooser);
        world.engine.AddObserver(writer);
    }

    void Spawn(const char* name)
    {
        const ObjectId object = world.engine.NewObject(name);
        world.engine.Spawn(name, [this, object] { world.engine.Point(Op{OpKind::kSync, object}); });
    }

    World world;
    ScriptedChooser chooser;
    OpWriter writer;
};

TEST_F(Schedule, OptionsComeInTheirOrder)
{
    Spawn("a");
    Spawn("b");
    Spawn("c");
    Event event(world.time, 5, [] {});
    world.engine.Run();
    EXPECT_THAT(chooser.seen,
                ElementsAre("next a #1 start: run a | run b | run c | events",
                            "a #1 sync a:1: run a | run b | run c | events",
                            "next b #1 start: run b | run c | events",
                            "b #1 sync b:1: run b | run c | events",
                            "next c #1 start: run c | events",
                            "c #1 sync c:1: run c | events"));
    EXPECT_THAT(
        writer.lines,
        ElementsAre("a start", "a sync a:1", "b start", "b sync b:1", "c start", "c sync c:1"));
}

TEST_F(Schedule, APreemptedTaskGoesToTheTail)
{
    Spawn("a");
    Spawn("b");
    Spawn("c");
    chooser.script["a #1 sync a:1"] = "run b";
    world.engine.Run();
    // b ends; then c, which was waiting before a.
    EXPECT_THAT(
        writer.lines,
        ElementsAre("a start", "b start", "b sync b:1", "c start", "c sync c:1", "a sync a:1"));
}

TEST_F(Schedule, NobodyRunsAndSomebodyElseComesFirst)
{
    Spawn("a");
    Spawn("b");
    chooser.script["next a #1 start"] = "run b";
    world.engine.Run();
    EXPECT_THAT(writer.lines, ElementsAre("b start", "b sync b:1", "a start", "a sync a:1"));
}

TEST_F(Schedule, ParkedUntilSomebodyElseIsReady)
{
    Completion completion(world.engine, "done");
    std::vector<std::string> order;
    Event first(world.time, 5, [&] { NoteDown(order, "5"); });
    Event second(world.time, 7, [&] { completion.Complete(); });
    Event third(world.time, 9, [&] { NoteDown(order, "9"); });
    world.engine.Spawn("b",
                       [&]
                       {
                           completion.Wait();
                           NoteDown(order, "b");
                       });
    const ObjectId object = world.engine.NewObject("o");
    world.engine.Spawn("a",
                       [&]
                       {
                           world.engine.Point(Op{OpKind::kSync, object});
                           NoteDown(order, "a");
                       });
    chooser.script["a #1 sync o:1"] = "events";
    EXPECT_TRUE(world.engine.Run().Passed());
    EXPECT_THAT(order, ElementsAre("5", "b", "a", "9"));
}

TEST_F(Schedule, ParkedUntilNoEventIsLeft)
{
    Spawn("a");
    Spawn("b");
    std::vector<std::int64_t> times;
    Event first(world.time, 5, [&] { NoteDown(times, 5); });
    Event second(world.time, 7, [&] { NoteDown(times, 7); });
    chooser.script["a #1 sync a:1"] = "events";
    EXPECT_TRUE(world.engine.Run().Passed());
    EXPECT_THAT(times, ElementsAre(5, 7));
    // b was ready all the time; a stands behind it.
    EXPECT_THAT(writer.lines, ElementsAre("a start", "b start", "b sync b:1", "a sync a:1"));
}

TEST_F(Schedule, AHandlerMayMakeTheParkedOperationImpossible)
{
    Mutex mutex(world.engine, "lock");
    std::vector<std::string> order;
    Event take(world.time, 5, [&] { mutex.Lock(); });
    Event give(world.time,
               7,
               [&]
               {
                   NoteDown(order, "give");
                   mutex.Unlock();
               });
    world.engine.Spawn("a",
                       [&]
                       {
                           const MutexLock lock(mutex);
                           NoteDown(order, "a");
                       });
    chooser.script["a #1 lock lock:1"] = "events";
    EXPECT_TRUE(world.engine.Run().Passed());
    EXPECT_THAT(order, ElementsAre("give", "a"));
}

TEST(Engine, AnEndlessStreamOfEventsDoesNotParkForEver)
{
    EngineOptions options;
    options.parkedEventLimit = 20;
    World world(options);
    ScriptedChooser chooser;
    world.engine.SetChooser(chooser);
    std::vector<std::unique_ptr<Event>> ticks;
    std::function<void()> tick = [&]
    { ticks.push_back(std::make_unique<Event>(world.time, 10, tick)); };
    tick();
    const ObjectId object = world.engine.NewObject("o");
    std::int64_t resumedNs = -1;
    world.engine.Spawn("a",
                       [&]
                       {
                           world.engine.Point(Op{OpKind::kSync, object});
                           resumedNs = world.engine.NowNs();
                       });
    chooser.script["a #1 sync o:1"] = "events";
    EXPECT_EQ(world.engine.Run(1000).outcome, Outcome::kTimeLimit);
    EXPECT_EQ(resumedNs, 200);
}

TEST_F(Schedule, EventsBeyondTheTimeLimitAreNoOption)
{
    Spawn("a");
    Event event(world.time, 50, [] {});
    EXPECT_EQ(world.engine.Run(49).outcome, Outcome::kTimeLimit);
    EXPECT_THAT(chooser.seen, IsEmpty());
}

TEST_F(Schedule, EventsAtOneInstantAreAChoice)
{
    std::string order;
    const ObjectId object = world.engine.NewObject("cm_id");
    Event a(world.time, 5, {"timer", object}, [&] { order += "a"; });
    Event b(world.time, 5, {"timer", object}, [&] { order += "b"; });
    Event c(world.time, 5, {"mad", {}}, [&] { order += "c"; });
    Event d(world.time, 6, [&] { order += "d"; });
    chooser.script["tie #1 timer cm_id:1"] = "mad";
    chooser.script["tie #2 timer cm_id:1"] = "timer cm_id:1+2";
    EXPECT_TRUE(world.engine.Run().Passed());
    EXPECT_EQ(order, "cbad");
    EXPECT_THAT(chooser.seen,
                ElementsAre("tie #1 timer cm_id:1: timer cm_id:1 | timer cm_id:1+2 | mad",
                            "tie #2 timer cm_id:1: timer cm_id:1 | timer cm_id:1+2"));
}

TEST_F(Schedule, YieldLetsAllOthersGoFirst)
{
    Spawn("a");
    world.engine.Spawn("y", [&] { world.engine.Yield(); });
    Spawn("b");
    world.engine.Run();
    EXPECT_THAT(
        writer.lines,
        ElementsAre("a start", "a sync a:1", "y start", "b start", "b sync b:1", "y yield"));
}

TEST_F(Schedule, YieldAloneLetsOneEventHappen)
{
    SKIP_UNDER_TSAN();
    int events = 0;
    Event first(world.time, 5, [&] { ++events; });
    Event second(world.time, 6, [&] { ++events; });
    std::vector<int> seen;
    world.engine.Spawn("y",
                       [&]
                       {
                           while (events < 2)
                           {
                               world.engine.Yield();
                               NoteDown(seen, events);
                           }
                       });
    EXPECT_TRUE(world.engine.Run().Passed());
    EXPECT_THAT(seen, ElementsAre(1, 2));
}

TEST_F(Schedule, PendingOperationsAreKnown)
{
    class Spy final : public Chooser
    {
      public:
        std::vector<std::string> lines;

        std::uint32_t Choose(ChoicePoint& point) override
        {
            auto& schedule = dynamic_cast<SchedulePoint&>(point);
            std::string line;
            for (const Task* task : schedule.GetEngine().Tasks())
            {
                if (task->State() != TaskState::kFinished)
                {
                    line += task->Name() + ":" + OpKindText(task->Pending().kind) + " ";
                }
            }
            lines.push_back(line);
            return point.Count() - 1;
        }
    };

    Spy spy;
    world.engine.SetChooser(spy);
    Mutex mutex(world.engine, "lock");
    for (const char* name : {"a", "b"})
    {
        world.engine.Spawn(name, [&] { const MutexLock lock(mutex); });
    }
    EXPECT_TRUE(world.engine.Run().Passed());
    EXPECT_THAT(spy.lines,
                ElementsAre("a:start b:start ", // -> b
                            "a:start b:lock ",  // -> a
                            "a:lock b:lock ",   // -> b, so that a cannot lock
                            "a:lock b:unlock ", // b alone
                            "a:lock ",          // b has ended
                            "a:unlock "));
}

TEST_F(Schedule, AnAnswerOutOfRangeIsRefused)
{
    class Wrong final : public Chooser
    {
      public:
        std::uint32_t Choose(ChoicePoint& point) override
        {
            return point.Count();
        }
    };

    Wrong wrong;
    world.engine.SetChooser(wrong);
    Spawn("a");
    EXPECT_THROW(world.engine.Run(), std::logic_error);
}

// Exhaustive enumeration against a model of its own: a task is the sequence start, then lock and
// unlock of one mutex by turns; a schedule is an order of all of these in which nobody locks what
// is held.

std::uint64_t CountOrders(std::array<unsigned int, 3>& done,
                          unsigned int tasks,
                          unsigned int operations,
                          int holder)
{
    std::uint64_t orders = 0;
    bool any = false;
    for (unsigned int task = 0; task < tasks; ++task)
    {
        if (done[task] == operations)
        {
            continue;
        }
        const bool locks = done[task] % 2 == 1;
        const bool unlocks = done[task] > 0 && !locks;
        if (locks && holder >= 0)
        {
            any = true;
            continue;
        }
        any = true;
        ++done[task];
        orders += CountOrders(done,
                              tasks,
                              operations,
                              locks     ? static_cast<int>(task)
                              : unlocks ? -1
                                        : holder);
        --done[task];
    }
    return any ? orders : 1;
}

struct Enumeration
{
    std::uint64_t runs = 0;
    std::set<std::vector<std::string>> distinct;
};

Enumeration Enumerate(unsigned int tasks, unsigned int sections)
{
    constexpr const char* kNames[] = {"a", "b", "c"};
    World world;
    ExhaustiveChooser chooser;
    world.engine.SetChooser(chooser);
    OpWriter writer;
    world.engine.AddObserver(writer);
    Enumeration all;
    do
    {
        world.Reset();
        writer.lines.clear();
        Mutex mutex(world.engine, "lock");
        for (unsigned int task = 0; task < tasks; ++task)
        {
            world.engine.Spawn(kNames[task],
                               [&]
                               {
                                   for (unsigned int section = 0; section < sections; ++section)
                                   {
                                       const MutexLock lock(mutex);
                                   }
                               });
        }
        EXPECT_TRUE(world.engine.Run().Passed());
        ++all.runs;
        all.distinct.insert(writer.lines);
    } while (chooser.Next());
    return all;
}

TEST(Enumeration, VisitsEveryOrderOnce)
{
    for (const auto& [tasks, sections] : {std::pair{2U, 1U}, {2U, 2U}, {2U, 3U}, {3U, 1U}})
    {
        std::array<unsigned int, 3> done{};
        const std::uint64_t expected = CountOrders(done, tasks, 2 * sections + 1, -1);
        const Enumeration all = Enumerate(tasks, sections);
        EXPECT_EQ(all.runs, expected) << tasks << " tasks, " << sections << " sections";
        EXPECT_EQ(all.distinct.size(), expected);
    }
}

TEST(Enumeration, TwoTasksTimesTwoSections)
{
    // By hand: 6!/(3! 3!) = 20 orders of start, section, section twice, and 8 more in which one
    // task starts inside of a section of the other.
    EXPECT_EQ(Enumerate(2, 2).runs, 28U);
}

TEST(Enumeration, FindsTheLostUpdate)
{
    SKIP_UNDER_TSAN();
    World world;
    ExhaustiveChooser chooser;
    world.engine.SetChooser(chooser);
    std::set<int> sums;
    do
    {
        world.Reset();
        const ObjectId object = world.engine.NewObject("sum");
        int sum = 0;
        for (const char* name : {"a", "b"})
        {
            world.engine.Spawn(name,
                               [&]
                               {
                                   world.engine.Point(Op{OpKind::kAccess, object, false});
                                   const int read = sum;
                                   world.engine.Point(Op{OpKind::kAccess, object, true});
                                   sum = read + 1;
                               });
        }
        EXPECT_TRUE(world.engine.Run().Passed());
        sums.insert(sum);
    } while (chooser.Next());
    EXPECT_THAT(sums, ElementsAre(1, 2));
}

} // namespace
} // namespace interleave::test
