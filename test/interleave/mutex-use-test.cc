// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/mutex.h"
#include "world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace interleave::test
{
namespace
{

/** Chooses 0 and keeps every place, also those with one option. */
class PlaceList final : public Chooser
{
  public:
    std::vector<std::string> places;

    std::uint32_t Choose(ChoicePoint& point) override
    {
        places.push_back(point.Place().Name());
        return 0;
    }

    bool Has(const std::string& place) const
    {
        return std::ranges::find(places, place) != places.end();
    }
};

/** The operations that were executed. */
class OpList final : public Observer
{
  public:
    std::vector<OpKind> kinds;

    void OnOp(const OpEvent& event) override
    {
        kinds.push_back(event.op.kind);
    }
};

class MutexUses : public testing::TestWithParam<MutexUse>
{
};

TEST_P(MutexUses, UnlockingIsAnOperationAndAChoiceOnlyIfSomebodyCouldTell)
{
    World world;
    PlaceList chooser;
    OpList ops;
    world.engine.SetChooser(chooser);
    world.engine.AddObserver(ops);
    Mutex mutex(world.engine, "lock", GetParam());
    world.engine.Spawn("task", [&] { const MutexLock lock(mutex); });
    const RunResult result = world.engine.Run();
    world.engine.RemoveObserver(ops);
    EXPECT_TRUE(result.Passed());
    EXPECT_EQ(result.steps, 3U);
    EXPECT_EQ(ops.kinds, (std::vector{OpKind::kStart, OpKind::kLock, OpKind::kUnlock}));
    EXPECT_TRUE(chooser.Has("task lock lock:1"));
    EXPECT_EQ(chooser.Has("task unlock lock:1"), GetParam() == MutexUse::kAnybody);
}

TEST_P(MutexUses, WhoeverWaitedCanGoOnAtTheNextOperation)
{
    World world;
    ScriptedChooser chooser;
    chooser.script["holder #1 sync"] = "run waiter"; // which waits, so that the holder goes on
    chooser.script["holder #2 sync"] = "run waiter";
    world.engine.SetChooser(chooser);
    Mutex mutex(world.engine, "lock", GetParam());
    std::string order;
    const auto note = [&order](char what)
    {
        const EngineScope scope; // not for ThreadSanitizer, which takes tasks for threads
        order += what;
    };
    world.engine.Spawn("holder",
                       [&]
                       {
                           mutex.Lock();
                           world.engine.Point(Op{OpKind::kSync});
                           mutex.Unlock();
                           note('u');
                           world.engine.Point(Op{OpKind::kSync});
                           note('h');
                       });
    world.engine.Spawn("waiter",
                       [&]
                       {
                           const MutexLock lock(mutex);
                           note('w');
                       });
    EXPECT_TRUE(world.engine.Run().Passed());
    EXPECT_EQ(order, "uwh");
    EXPECT_EQ(chooser.came.size(), 2U);
}

TEST_P(MutexUses, ARunThatIsStoppedEndsBeforeUnlocking)
{
    World world;
    Mutex mutex(world.engine, "lock", GetParam());
    world.engine.Spawn("task",
                       [&]
                       {
                           mutex.Lock();
                           world.engine.Stop();
                           mutex.Unlock();
                       });
    EXPECT_EQ(world.engine.Run().outcome, Outcome::kStopped);
    EXPECT_NE(mutex.Owner(), nullptr);
    EXPECT_EQ(world.engine.Run().outcome, Outcome::kFinished);
    EXPECT_EQ(mutex.Owner(), nullptr);
}

TEST_P(MutexUses, LockingForEverIsALivelock)
{
    EngineOptions options;
    options.stepLimit = 1000;
    World world(options);
    Mutex mutex(world.engine, "lock", GetParam());
    world.engine.Spawn("task",
                       [&]
                       {
                           for (;;)
                           {
                               const MutexLock lock(mutex);
                           }
                       });
    const RunResult result = world.engine.Run();
    ASSERT_TRUE(result.violation);
    EXPECT_EQ(result.violation->kind, ViolationKind::kLivelock);
    EXPECT_EQ(result.steps, 1000U);
}

TEST_P(MutexUses, SetUpOutsideOfARunMayLock)
{
    World world;
    Mutex mutex(world.engine, "lock", GetParam());
    mutex.Lock();
    mutex.Unlock();
    EXPECT_EQ(mutex.Owner(), nullptr);
}

INSTANTIATE_TEST_SUITE_P(Uses,
                         MutexUses,
                         testing::Values(MutexUse::kAnybody, MutexUse::kTasks),
                         [](const auto& one)
                         { return one.param == MutexUse::kTasks ? "Tasks" : "Anybody"; });

std::optional<Violation> ViolationOf(const std::function<void(World&, Mutex&)>& body)
{
    World world;
    Mutex mutex(world.engine, "lock", MutexUse::kTasks);
    body(world, mutex);
    return world.engine.Run().violation;
}

TEST(MutexForTasks, CannotBeTried)
{
    const auto violation = ViolationOf([](World& world, Mutex& mutex)
                                       { world.engine.Spawn("task", [&] { mutex.TryLock(); }); });
    ASSERT_TRUE(violation);
    EXPECT_EQ(violation->kind, ViolationKind::kLockMisuse);
    EXPECT_EQ(violation->text, "task tries lock:1, which was made to be waited for only");
}

TEST(MutexForTasks, CannotBeLockedByAnEventHandler)
{
    const auto violation = ViolationOf(
        [](World& world, Mutex& mutex)
        {
            world.time.Schedule(5,
                                [](void* context) { static_cast<Mutex*>(context)->Lock(); },
                                &mutex,
                                {"handler", {}});
        });
    ASSERT_TRUE(violation);
    EXPECT_EQ(violation->kind, ViolationKind::kLockMisuse);
    EXPECT_EQ(violation->text, "an event handler locks lock:1, which was made for tasks only");
}

} // namespace
} // namespace interleave::test
