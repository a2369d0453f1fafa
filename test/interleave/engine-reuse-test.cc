// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Goal: an engine that runs a million programs is at the last one what it was at the first,
// whatever became of those between, and takes no memory while it decides.

#include "allocation-count.h"
#include "interleave/helper/digest-observer.h"
#include "interleave/helper/random-chooser.h"
#include "interleave/helper/recording-chooser.h"
#include "interleave/model/completion.h"
#include "interleave/model/mutex.h"
#include "world.h"

#include <gtest/gtest.h>

#include <array>
#include <exception>
#include <stdexcept>

namespace interleave::test
{
namespace
{

constexpr std::uint64_t kStepLimit = 2'000;

/** What becomes of a run. */
enum class Ending : std::uint8_t
{
    kClean,
    kCycle,
    kNobodySignals,
    kUnlocksForeign,
    kThrows,
    kFailsInCatch,
    kNoEnd,
    kHandlerWaits,
    kReported,
};

constexpr std::array kViolations{Ending::kCycle,
                                 Ending::kNobodySignals,
                                 Ending::kUnlocksForeign,
                                 Ending::kThrows,
                                 Ending::kFailsInCatch,
                                 Ending::kNoEnd,
                                 Ending::kHandlerWaits,
                                 Ending::kReported};

/** An exception that is counted as long as it is there. */
struct Counted
{
    static inline int alive = 0;

    Counted()
    {
        ++alive;
    }

    Counted(const Counted& /*other*/)
    {
        ++alive;
    }

    ~Counted()
    {
        --alive;
    }
};

/** What the tasks share. Not on their stacks, which a violation leaves as they are. */
struct Shared
{
    explicit Shared(World& world)
        : engine(world.engine),
          first(engine, "first"),
          second(engine, "second"),
          done(engine, "done")
    {
    }

    Engine& engine;
    Mutex first;
    Mutex second;
    Completion done;
};

void Fall(Shared& shared, Ending ending)
{
    switch (ending)
    {
    case Ending::kClean:
    case Ending::kCycle:
    case Ending::kHandlerWaits:
        return;
    case Ending::kNobodySignals:
        shared.done.Wait();
        return;
    case Ending::kUnlocksForeign:
        shared.second.Unlock();
        return;
    case Ending::kThrows:
        throw std::runtime_error("out of it");
    case Ending::kFailsInCatch:
        try
        {
            throw Counted();
        }
        catch (const Counted&)
        {
            shared.second.Unlock();
        }
        return;
    case Ending::kNoEnd:
        for (;;)
        {
            shared.engine.Yield();
        }
    case Ending::kReported:
        shared.engine.Report(ViolationKind::kProtocol, "said so");
        return;
    }
}

class Reuse : public testing::Test
{
  protected:
    Reuse()
        : m_world(EngineOptions{.stepLimit = kStepLimit})
    {
        m_world.engine.SetChooser(m_recording);
        m_world.engine.AddObserver(m_digest);
    }

    ~Reuse() override
    {
        m_world.engine.RemoveObserver(m_digest);
    }

    RunResult Run(Ending ending)
    {
        m_world.Reset();
        m_random.Seed(7);
        m_digest.Get().Clear();
        Shared shared(m_world);
        const bool crossed = ending == Ending::kCycle;
        m_world.engine.Spawn("one",
                             [&]
                             {
                                 for (int round = 0; round < 20; ++round)
                                 {
                                     const MutexLock outer(shared.first);
                                     m_world.engine.Yield();
                                     const MutexLock inner(shared.second);
                                     m_world.engine.Sleep(5);
                                 }
                                 Fall(shared, ending);
                             });
        m_world.engine.Spawn("two",
                             [&]
                             {
                                 for (int round = 0; round < 20; ++round)
                                 {
                                     const MutexLock outer(crossed ? shared.second : shared.first);
                                     m_world.engine.Yield();
                                     const MutexLock inner(crossed ? shared.first : shared.second);
                                 }
                             });
        const Event event(m_world.time,
                          3,
                          [&]
                          {
                              if (ending == Ending::kHandlerWaits)
                              {
                                  shared.done.Wait();
                              }
                          });
        return m_world.engine.Run();
    }

    World m_world;
    RandomChooser m_random{7};
    RecordingChooser m_recording{m_random};
    DigestObserver m_digest;
};

TEST_F(Reuse, AViolationLeavesNothingBehind)
{
    ASSERT_TRUE(Run(Ending::kClean).Passed());
    const std::uint64_t digest = m_digest.Get().Value();
    const std::string log = m_recording.Log().Format();
    std::uint64_t alive = 0;
    for (std::size_t run = 0; run < 1'000; ++run)
    {
        const Ending ending = kViolations.at(run % kViolations.size());
        ASSERT_FALSE(Run(ending).Passed()) << static_cast<int>(ending);
        ASSERT_EQ(std::uncaught_exceptions(), 0);
        ASSERT_EQ(std::current_exception(), nullptr);
        ASSERT_EQ(Counted::alive, ending == Ending::kFailsInCatch ? 1 : 0);
        ASSERT_TRUE(Run(Ending::kClean).Passed()) << static_cast<int>(ending);
        ASSERT_EQ(Counted::alive, 0);
        ASSERT_EQ(m_digest.Get().Value(), digest) << static_cast<int>(ending);
        ASSERT_EQ(m_recording.Log().Format(), log) << static_cast<int>(ending);
        ASSERT_EQ(m_world.engine.MappedStacks(), 2U);
        if (run == 2 * kViolations.size())
        {
            alive = CountAllocations().Alive();
        }
        else if (run > 2 * kViolations.size())
        {
            ASSERT_EQ(CountAllocations().Alive(), alive) << static_cast<int>(ending);
        }
    }
}

TEST_F(Reuse, DecidingAllocatesNothing)
{
    if (!kCountsAllocations)
    {
        GTEST_SKIP() << "a sanitizer has its own operator new";
    }
    const std::uint64_t before = CountAllocations().made;
    ASSERT_TRUE(Run(Ending::kClean).Passed());
    // The first run makes room; that this is seen shows that the count counts.
    EXPECT_GT(CountAllocations().made, before);

    m_world.Reset();
    m_random.Seed(7);
    Shared shared(m_world);
    std::uint64_t atStart = 0;
    std::uint64_t atEnd = 0;
    for (const char* name : {"one", "two"})
    {
        m_world.engine.Spawn(name,
                             [&]
                             {
                                 atStart = atStart == 0 ? CountAllocations().made : atStart;
                                 for (int round = 0; round < 150; ++round)
                                 {
                                     const MutexLock lock(shared.first);
                                     m_world.engine.Yield();
                                     m_world.engine.Sleep(round % 3);
                                 }
                                 atEnd = CountAllocations().made;
                             });
    }
    const RunResult result = m_world.engine.Run();
    ASSERT_TRUE(result.Passed());
    EXPECT_GT(result.steps, 1'200U);
    EXPECT_GT(result.switches, 300U);
    EXPECT_EQ(atEnd, atStart);
    EXPECT_FALSE(m_recording.Log().decisions.empty());
}

/** Uses up any stack, and is not to be turned into a loop. */
std::uint64_t Deeper(std::uint64_t depth)
{
    volatile std::uint64_t frame[64] = {depth};
    return frame[0] == ~std::uint64_t{0} ? 0 : Deeper(depth + 1) + frame[0];
}

TEST(ReuseDeathTest, ATaskThatOverflowsItsStackFaults)
{
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    // The second stack lies beside the first: without a guard the first one's task would write
    // over what the second one's left there, and end well.
    const auto overflow = []
    {
        World world(EngineOptions{.stackBytes = 16 * 1024});
        volatile std::uint64_t sum = 0;
        world.engine.Spawn("calm", [&] { world.engine.Yield(); });
        world.engine.Spawn("deep", [&] { sum = Deeper(0); });
        world.engine.Run();
    };
    EXPECT_DEATH(overflow(), "");
}

} // namespace
} // namespace interleave::test
