// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the engine makes of the core's locks.
#include "ibcm/model/sync.h"
#include "interleave/model/engine.h"
#include "interleave/model/virtual-time.h"
#include "lab/model/sim-runtime.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace
{

/** Chooses 0 and keeps every place. */
class PlaceList final : public interleave::Chooser
{
  public:
    std::vector<std::string> places;

    std::uint32_t Choose(interleave::ChoicePoint& point) override
    {
        places.push_back(point.Place().Name());
        return 0;
    }
};

class SimRuntimeTest : public testing::Test
{
  protected:
    interleave::VirtualTime m_time;
    interleave::Engine m_engine{m_time};
    lab::SimRuntime m_runtime{m_engine, "host", 1, true};
};

TEST_F(SimRuntimeTest, ALockIsAChoiceAndGivingItBackIsNone)
{
    PlaceList chooser;
    m_engine.SetChooser(chooser);
    ibcm::Mutex mutex(m_runtime, "cm-id");
    m_engine.Spawn("task", [&] { const ibcm::MutexLock lock(mutex); });
    const interleave::RunResult result = m_engine.Run();
    EXPECT_TRUE(result.Passed());
    EXPECT_EQ(result.steps, 3U); // it starts, locks, unlocks
    EXPECT_EQ(std::ranges::count(chooser.places, "task lock cm-id:1"), 1);
    EXPECT_EQ(std::ranges::count(chooser.places, "task unlock cm-id:1"), 0);
    m_engine.Reset();
}

TEST_F(SimRuntimeTest, TheCoreMustNotLockOutsideOfTasks)
{
    ibcm::Mutex mutex(m_runtime, "cm-id");
    m_time.Schedule(5,
                    [](void* context)
                    { const ibcm::MutexLock lock(*static_cast<ibcm::Mutex*>(context)); },
                    &mutex,
                    {"late", {}});
    const interleave::RunResult result = m_engine.Run();
    ASSERT_TRUE(result.violation);
    EXPECT_EQ(result.violation->kind, interleave::ViolationKind::kLockMisuse);
    m_engine.Reset();
}

} // namespace
