// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/strategy/dpor.h"

#include "interleave/model/work-queue.h"
#include "script.h"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <set>

namespace interleave::test
{
namespace
{

struct Counts
{
    std::uint64_t complete = 0;
    std::uint64_t redundant = 0;
    std::set<std::string> finals;
};

Counts Explore(const Script& script, std::uint64_t limit = 1'000'000)
{
    ScriptRunner runner(script);
    DporStrategy dpor;
    Counts counts;
    for (std::uint64_t run = 0; !dpor.Done(); ++run)
    {
        if (run == limit)
        {
            ADD_FAILURE() << "no end after " << limit << " runs";
            break;
        }
        dpor.Seed(run);
        runner.Run(dpor);
        counts.finals.insert(runner.Final());
    }
    counts.complete = dpor.Complete();
    counts.redundant = dpor.Redundant();
    return counts;
}

struct LockCase
{
    std::size_t tasks;
    std::size_t sections;
    std::uint64_t orders; // (tasks * sections)! / (sections!)^tasks
};

class DporLocks : public testing::TestWithParam<LockCase>
{
};

TEST_P(DporLocks, MakesEachOrderOfSectionsOnce)
{
    const Counts counts = Explore(LockScript(GetParam().tasks, GetParam().sections));
    EXPECT_EQ(counts.complete, GetParam().orders);
    EXPECT_EQ(counts.redundant, 0U);
}

INSTANTIATE_TEST_SUITE_P(Orders,
                         DporLocks,
                         testing::Values(LockCase{1, 5, 1},
                                         LockCase{2, 1, 2},
                                         LockCase{2, 3, 20},
                                         LockCase{3, 2, 90},
                                         LockCase{3, 3, 1680},
                                         LockCase{4, 2, 2520},
                                         LockCase{5, 1, 120}),
                         [](const auto& one)
                         { return fmt::format("{}x{}", one.param.tasks, one.param.sections); });

TEST(Dpor, WhatCommutesIsTriedInOneOrderOnly)
{
    // Each task has a lock and a variable of its own.
    Script script;
    for (std::uint32_t task = 0; task < 4; ++task)
    {
        script.push_back({{Do::kLock, task},
                          {Do::kWrite, task},
                          {Do::kUnlock, task},
                          {Do::kSync},
                          {Do::kRead, task}});
    }
    const Counts counts = Explore(script);
    EXPECT_EQ(counts.complete, 1U);
    EXPECT_EQ(counts.redundant, 0U);
    // Reading together commutes, too.
    EXPECT_EQ(Explore({{{Do::kRead, 0}}, {{Do::kRead, 0}}, {{Do::kRead, 0}}}).complete, 1U);
    // One writer among n readers: before or after each.
    EXPECT_EQ(
        Explore({{{Do::kRead, 0}}, {{Do::kRead, 0}}, {{Do::kRead, 0}}, {{Do::kWrite, 0}}}).complete,
        8U);
}

/** After Abdulla et al.: a[0..n], t0 looks for a zero from the top, t_j does a[j] = a[j-1] + 1. */
Counts LastZero(std::uint32_t n)
{
    World world;
    DporStrategy dpor;
    Counts counts;
    while (!dpor.Done())
    {
        dpor.Seed(0);
        world.engine.SetChooser(dpor);
        std::vector<ObjectId> ids;
        std::vector<std::uint32_t> array(n + 1);
        for (std::uint32_t index = 0; index <= n; ++index)
        {
            ids.push_back(world.engine.NewObject("a"));
        }
        const auto access = [&](std::uint32_t index, bool write) -> std::uint32_t&
        {
            world.engine.Point(Op{OpKind::kAccess, ids[index], write});
            return array[index];
        };
        world.engine.Spawn("t0",
                           [&]
                           {
                               std::uint32_t index = n;
                               while (access(index, false) != 0)
                               {
                                   --index;
                               }
                           });
        for (std::uint32_t task = 1; task <= n; ++task)
        {
            world.engine.Spawn(fmt::format("t{}", task),
                               [&, task]
                               {
                                   const std::uint32_t value = access(task - 1, false) + 1;
                                   access(task, true) = value;
                               });
        }
        EXPECT_TRUE(world.engine.Run().Passed());
        world.Reset();
    }
    counts.complete = dpor.Complete();
    counts.redundant = dpor.Redundant();
    return counts;
}

TEST(Dpor, LastZeroHasSixtyFourRuns)
{
    SKIP_UNDER_TSAN();
    const Counts counts = LastZero(5);
    EXPECT_EQ(counts.complete, 64U);
    EXPECT_LE(counts.complete + counts.redundant, 80U);
}

/** A question of the program's own. */
class DicePoint final : public ChoicePoint
{
  public:
    DicePoint(ChoiceKind kind, std::uint32_t count)
        : ChoicePoint(kind, PlaceKeyOf(kind, "dice"), count)
    {
    }

    PlaceText Place() const override
    {
        return {"dice", ""};
    }

    std::string OptionText(std::uint32_t option) const override
    {
        return std::to_string(option);
    }
};

/** Runs @p setUp again and again; the values of `note` that the runs leave. */
struct Outcomes
{
    std::set<std::string> notes;
    std::uint64_t complete = 0;
    std::uint64_t redundant = 0;
};

Outcomes ExploreWith(const std::function<std::shared_ptr<void>(World&, std::string&)>& setUp,
                     std::uint64_t limit = 100'000)
{
    World world;
    DporStrategy dpor;
    Outcomes outcomes;
    for (std::uint64_t run = 0; !dpor.Done() && run < limit; ++run)
    {
        dpor.Seed(run);
        world.engine.SetChooser(dpor);
        std::string note;
        {
            const auto keep = setUp(world, note);
            const RunResult result = world.engine.Run();
            outcomes.notes.insert(result.Passed() ? note
                                                  : ViolationKindText(result.violation->kind));
            world.Reset();
        }
    }
    EXPECT_TRUE(dpor.Done());
    outcomes.complete = dpor.Complete();
    outcomes.redundant = dpor.Redundant();
    return outcomes;
}

TEST(Dpor, FaultsAndValuesAreTriedInAllWays)
{
    SKIP_UNDER_TSAN();
    const Outcomes outcomes = ExploreWith(
        [](World& world, std::string& note)
        {
            for (const char* name : {"a", "b"})
            {
                world.engine.Spawn(name,
                                   [&world, &note, name]
                                   {
                                       world.engine.Point(Op{OpKind::kSync});
                                       DicePoint point(ChoiceKind::kFault, 3);
                                       note += name + std::to_string(world.engine.Choose(point));
                                   });
            }
            return std::shared_ptr<void>();
        });
    // The tasks have nothing to do with each other: one order, nine answers.
    EXPECT_EQ(outcomes.complete, 9U);
    EXPECT_EQ(outcomes.notes.size(), 9U);
    EXPECT_TRUE(outcomes.notes.contains("a0b0"));
    EXPECT_TRUE(outcomes.notes.contains("a2b1"));
}

TEST(Dpor, WhatAFaultLeadsToIsReversedToo)
{
    SKIP_UNDER_TSAN();
    // Only after fault 1 does the first task touch what the second one reads.
    const Outcomes outcomes = ExploreWith(
        [](World& world, std::string& note)
        {
            auto value = std::make_shared<int>(0);
            const ObjectId object = world.engine.NewObject("v");
            world.engine.Spawn("a",
                               [&world, object, value]
                               {
                                   DicePoint point(ChoiceKind::kFault, 2);
                                   if (world.engine.Choose(point) == 1)
                                   {
                                       world.engine.Point(Op{OpKind::kAccess, object, true});
                                       *value = 1;
                                   }
                               });
            world.engine.Spawn("b",
                               [&world, &note, object, value]
                               {
                                   world.engine.Point(Op{OpKind::kAccess, object, false});
                                   note = std::to_string(*value);
                               });
            return value;
        });
    EXPECT_EQ(outcomes.notes, (std::set<std::string>{"0", "1"}));
    EXPECT_LE(outcomes.complete + outcomes.redundant, 4U);
}

TEST(Dpor, TiesAreTriedInAllOrders)
{
    const Outcomes outcomes = ExploreWith(
        [](World& world, std::string& note)
        {
            auto events = std::make_shared<std::deque<Event>>();
            for (const char* name : {"a", "b", "c"})
            {
                events->emplace_back(
                    world.time, 5, EventLabel{name, {}}, [&note, name] { note += name; });
            }
            return events;
        });
    EXPECT_EQ(outcomes.notes.size(), 6U);
}

TEST(Dpor, ATimerMayFireBeforeDuringAndAfter)
{
    SKIP_UNDER_TSAN();
    const Outcomes outcomes = ExploreWith(
        [](World& world, std::string& note)
        {
            struct State
            {
                explicit State(Engine& engine)
                    : object(engine.NewObject("v"))
                {
                }

                ObjectId object;
                std::unique_ptr<Event> timer;
            };

            auto state = std::make_shared<State>(world.engine);
            const auto write = [&world, &note, id = state->object](const char* text)
            {
                world.engine.Point(Op{OpKind::kAccess, id, true});
                note += text;
            };
            state->timer = std::make_unique<Event>(world.time, 10, [write] { write("T"); });
            world.engine.Spawn("task",
                               [write]
                               {
                                   write("1");
                                   write("2");
                               });
            return state;
        });
    EXPECT_EQ(outcomes.notes, (std::set<std::string>{"T12", "1T2", "12T"}));
}

TEST(Dpor, CancellingIsTriedBeforeAndAfterTheTimer)
{
    SKIP_UNDER_TSAN();
    const Outcomes outcomes = ExploreWith(
        [](World& world, std::string& note)
        {
            auto timer = std::make_shared<std::unique_ptr<Event>>();
            const ObjectId object = world.engine.NewObject("timer");
            *timer = std::make_unique<Event>(world.time,
                                             10,
                                             [&world, &note, object]
                                             {
                                                 world.engine.Point(Op{OpKind::kTimerFire, object});
                                                 note += "fired ";
                                             });
            world.engine.Spawn("task",
                               [&world, &note, object, timer]
                               {
                                   world.engine.Point(Op{OpKind::kCancel, object});
                                   note += world.time.Cancel((*timer)->Id()) ? "in time" : "late";
                               });
            return timer;
        });
    EXPECT_EQ(outcomes.notes, (std::set<std::string>{"in time", "fired late"}));
}

TEST(Dpor, FindsWhatComesOnlyAfterAViolationWasMissed)
{
    SKIP_UNDER_TSAN();
    // t0 fails if it sees t1's write; t2 shows that the search goes on after the failing run.
    const Outcomes outcomes = ExploreWith(
        [](World& world, std::string& note)
        {
            auto values = std::make_shared<std::array<int, 2>>();
            const ObjectId first = world.engine.NewObject("v");
            const ObjectId second = world.engine.NewObject("v");
            Engine& engine = world.engine;
            engine.Spawn("writer",
                         [&engine, first, values]
                         {
                             engine.Point(Op{OpKind::kAccess, first, true});
                             (*values)[0] = 1;
                         });
            engine.Spawn("checker",
                         [&engine, &note, first, second, values]
                         {
                             engine.Point(Op{OpKind::kAccess, first, false});
                             if ((*values)[0] == 1)
                             {
                                 engine.Fail(ViolationKind::kProtocol, "seen");
                             }
                             engine.Point(Op{OpKind::kAccess, second, false});
                             note = std::to_string((*values)[1]);
                         });
            engine.Spawn("other",
                         [&engine, second, values]
                         {
                             engine.Point(Op{OpKind::kAccess, second, true});
                             (*values)[1] = 1;
                         });
            return values;
        });
    EXPECT_EQ(outcomes.notes, (std::set<std::string>{"0", "1", "protocol"}));
}

TEST(Dpor, ATaskMadeInTheMiddleComesAfterItsMaker)
{
    SKIP_UNDER_TSAN();
    const Outcomes outcomes = ExploreWith(
        [](World& world, std::string& note)
        {
            const ObjectId object = world.engine.NewObject("v");
            const auto write = [&world, &note, object](const char* text)
            {
                world.engine.Point(Op{OpKind::kAccess, object, true});
                note += text;
            };
            world.engine.Spawn("parent",
                               [&world, write]
                               {
                                   write("a");
                                   world.engine.Spawn("child", [write] { write("c"); });
                                   write("b");
                               });
            return std::shared_ptr<void>();
        });
    EXPECT_EQ(outcomes.notes, (std::set<std::string>{"acb", "abc"}));
    EXPECT_EQ(outcomes.complete, 2U);
    EXPECT_EQ(outcomes.redundant, 0U);
}

TEST(Dpor, WorkersTakeItemsInAllWays)
{
    SKIP_UNDER_TSAN();
    const Outcomes outcomes = ExploreWith(
        [](World& world, std::string& note)
        {
            struct State
            {
                State(World& world, std::string& takers)
                    : first(&State::Handle, this),
                      second(&State::Handle, this),
                      note(takers),
                      engine(world.engine),
                      queue(world.engine, "worker", 2)
                {
                }

                static void Handle(void* self)
                {
                    State& state = *static_cast<State*>(self);
                    state.note += state.engine.CurrentTask()->Name().back();
                }

                WorkItem first;
                WorkItem second;
                std::string& note;
                Engine& engine;
                WorkQueue queue;
            };

            auto state = std::make_shared<State>(world, note);
            world.engine.Spawn("boss",
                               [state]
                               {
                                   state->queue.Queue(state->first);
                                   state->queue.Queue(state->second);
                               });
            return state;
        });
    EXPECT_EQ(outcomes.notes, (std::set<std::string>{"00", "01", "10", "11"}));
}

TEST(Dpor, ALoopThatPollsIsNotFollowedWithoutEnd)
{
    const Counts counts =
        Explore({{{Do::kAwait, 0}, {Do::kWrite, 1}}, {{Do::kWrite, 0}, {Do::kAwait, 1}}});
    EXPECT_GE(counts.complete, 2U);
    EXPECT_LE(counts.complete, 200U);
}

TEST(Dpor, RunsOnWhenThereIsNothingLeft)
{
    ScriptRunner runner(LockScript(2, 1));
    DporStrategy dpor;
    while (!dpor.Done())
    {
        runner.Run(dpor);
    }
    const std::uint64_t complete = dpor.Complete();
    EXPECT_TRUE(runner.Run(dpor).Passed());
    EXPECT_TRUE(dpor.Done());
    EXPECT_EQ(dpor.Complete(), complete);
}

} // namespace
} // namespace interleave::test
