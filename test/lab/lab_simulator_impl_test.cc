// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// ns-3's simulator as the engine's event queue: order, ties, cancelling, both faces at once.
#include "interleave/model/engine.h"
#include "interleave/model/random.h"
#include "lab/model/lab-simulator-impl.h"

#include <ns3/simulator.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace
{

using lab::LabSimulatorImpl;
using ns3::NanoSeconds;
using ns3::Simulator;

class LabSimulatorImplTest : public testing::Test
{
  protected:
    void SetUp() override
    {
        m_simulator = ns3::CreateObject<LabSimulatorImpl>();
        Simulator::SetImplementation(m_simulator);
    }

    void TearDown() override
    {
        Simulator::Destroy();
    }

    ns3::EventId At(std::int64_t ns, const std::string& name)
    {
        return Simulator::Schedule(NanoSeconds(ns), [this, name] { m_log.push_back(name); });
    }

    static void Append(void* log)
    {
        static_cast<std::vector<std::string>*>(log)->push_back("timer");
    }

    interleave::TimerId TimerAt(std::int64_t ns)
    {
        return m_simulator->Schedule(ns, &Append, &m_log, {"test", {}});
    }

    using Log = std::vector<std::string>;

    ns3::Ptr<LabSimulatorImpl> m_simulator;
    Log m_log;
};

TEST_F(LabSimulatorImplTest, RunsInOrderOfTimeThenOfScheduling)
{
    At(20, "c");
    At(10, "a");
    At(10, "b");
    Simulator::Run();
    EXPECT_EQ(m_log, (Log{"a", "b", "c"}));
    EXPECT_EQ(m_simulator->NowNs(), 20);
    EXPECT_EQ(m_simulator->NextNs(), interleave::kForever);
}

TEST_F(LabSimulatorImplTest, TiesCanBeRunInAnyOrder)
{
    const auto a = At(10, "a");
    const auto b = At(10, "b");
    const auto c = At(10, "c");
    At(11, "later");
    ASSERT_EQ(m_simulator->TiedCount(), 3U);
    m_simulator->RunTied(1);
    EXPECT_EQ(m_log, (Log{"b"}));
    // What was skipped is still to come; what has run is over, though its number is higher.
    EXPECT_FALSE(Simulator::IsExpired(a));
    EXPECT_TRUE(Simulator::IsExpired(b));
    EXPECT_FALSE(Simulator::IsExpired(c));
    ASSERT_EQ(m_simulator->TiedCount(), 2U);
    m_simulator->RunTied(0);
    EXPECT_TRUE(Simulator::IsExpired(a));
    EXPECT_TRUE(Simulator::IsExpired(b));
    m_simulator->RunNext();
    EXPECT_EQ(m_log, (Log{"b", "a", "c"}));
    EXPECT_EQ(m_simulator->TiedCount(), 1U);
}

TEST_F(LabSimulatorImplTest, SkippedEventCanBeCancelled)
{
    auto a = At(10, "a");
    At(10, "b");
    m_simulator->TiedCount();
    m_simulator->RunTied(1);
    Simulator::Cancel(a);
    EXPECT_TRUE(Simulator::IsExpired(a));
    Simulator::Run();
    EXPECT_EQ(m_log, (Log{"b"}));
}

TEST_F(LabSimulatorImplTest, EventThatWasCountedCanStillBeCancelledOrOvertaken)
{
    auto a = At(10, "a");
    ASSERT_EQ(m_simulator->TiedCount(), 1U);
    EXPECT_FALSE(m_simulator->IsFinished());
    Simulator::Cancel(a);
    EXPECT_TRUE(m_simulator->Empty());

    const auto b = At(10, "b");
    ASSERT_EQ(m_simulator->TiedCount(), 1U);
    Simulator::Remove(b);
    EXPECT_TRUE(m_simulator->Empty());

    At(10, "c");
    ASSERT_EQ(m_simulator->TiedCount(), 1U);
    At(5, "d");
    m_simulator->RunNext();
    ASSERT_EQ(m_simulator->TiedCount(), 1U);
    m_simulator->RunTied(0);
    EXPECT_EQ(m_log, (Log{"d", "c"}));

    At(1, "e");
    ASSERT_EQ(m_simulator->TiedCount(), 1U);
    Simulator::Run();
    EXPECT_EQ(m_log, (Log{"d", "c", "e"}));
}

TEST_F(LabSimulatorImplTest, SaysAtAllTimesWhenItsEarliestEventIs)
{
    interleave::Random random(1, "lab-simulator");
    std::vector<ns3::EventId> events;
    std::vector<interleave::TimerId> timers;
    m_simulator->MarkOrigin();
    for (int step = 0; step < 5'000; ++step)
    {
        switch (random.Below(8))
        {
        case 0:
        case 1:
            events.push_back(At(random.Below(20), "event"));
            break;
        case 2:
            timers.push_back(TimerAt(random.Below(20)));
            break;
        case 3:
            if (!events.empty())
            {
                Simulator::Cancel(events[random.Below(static_cast<std::uint32_t>(events.size()))]);
            }
            break;
        case 4:
            if (!events.empty())
            {
                Simulator::Remove(events[random.Below(static_cast<std::uint32_t>(events.size()))]);
            }
            break;
        case 5:
            if (!timers.empty())
            {
                m_simulator->Cancel(
                    timers[random.Below(static_cast<std::uint32_t>(timers.size()))]);
            }
            break;
        case 6:
            if (const auto tied = static_cast<std::uint32_t>(m_simulator->TiedCount()); tied != 0)
            {
                m_simulator->RunTied(random.Below(tied));
            }
            break;
        default:
            if (m_simulator->TiedCount() != 0)
            {
                m_simulator->RunNext();
            }
            break;
        }
        if (step % 1'000 == 999)
        {
            m_simulator->Rewind();
            timers.clear(); // their numbers begin afresh
            ASSERT_EQ(m_simulator->NowNs(), 0);
        }
        const std::int64_t said = m_simulator->EarliestNs();
        ASSERT_EQ(said, m_simulator->NextNs()) << "after step " << step;
    }
}

TEST_F(LabSimulatorImplTest, TimeDoesNotMoveForCancelledEvents)
{
    At(10, "a");
    auto late = At(1'000'000, "late");
    Simulator::Cancel(late);
    Simulator::Run();
    EXPECT_EQ(m_simulator->NowNs(), 10);
    EXPECT_EQ(m_log, (Log{"a"}));
}

TEST_F(LabSimulatorImplTest, RemovedEventIsGone)
{
    auto a = At(10, "a");
    At(10, "b");
    Simulator::Remove(a);
    EXPECT_EQ(m_simulator->TiedCount(), 1U);
    Simulator::Run();
    EXPECT_EQ(m_log, (Log{"b"}));
}

TEST_F(LabSimulatorImplTest, EngineTimersShareTheClock)
{
    At(10, "event");
    const auto timer = TimerAt(5);
    const auto other = TimerAt(20);
    EXPECT_EQ(m_simulator->NextNs(), 5);
    m_simulator->RunNext();
    EXPECT_FALSE(m_simulator->Cancel(timer)) << "it has run";
    EXPECT_TRUE(m_simulator->Cancel(other));
    EXPECT_FALSE(m_simulator->Cancel(other));
    Simulator::Run();
    EXPECT_EQ(m_log, (Log{"timer", "event"}));
    EXPECT_EQ(m_simulator->NowNs(), 10);
}

TEST_F(LabSimulatorImplTest, LabelsTellTimersFromFabricEvents)
{
    At(5, "event");
    TimerAt(5);
    ASSERT_EQ(m_simulator->TiedCount(), 2U);
    EXPECT_STREQ(m_simulator->TiedLabel(0).kind, "fabric");
    EXPECT_STREQ(m_simulator->TiedLabel(1).kind, "test");
}

TEST_F(LabSimulatorImplTest, EngineRunsTasksBetweenEvents)
{
    interleave::Engine engine(*m_simulator);
    m_simulator->SetEngine(&engine);
    At(10, "event");
    engine.Spawn("task",
                 [&]
                 {
                     m_log.push_back("begun");
                     engine.Sleep(15, "test");
                     m_log.push_back("slept until " + std::to_string(m_simulator->NowNs()));
                     EXPECT_EQ(Simulator::Now(), NanoSeconds(15));
                 });
    Simulator::Run();
    EXPECT_EQ(m_log, (Log{"begun", "event", "slept until 15"}));
    m_simulator->SetEngine(nullptr);
}

TEST_F(LabSimulatorImplTest, StopEndsTheLoop)
{
    At(10, "a");
    Simulator::Schedule(NanoSeconds(15), &Simulator::Stop);
    At(20, "b");
    Simulator::Run();
    EXPECT_EQ(m_log, (Log{"a"}));
    Simulator::Run();
    EXPECT_EQ(m_log, (Log{"a", "b"}));
}

TEST_F(LabSimulatorImplTest, DestroyEventsRunAtTheEnd)
{
    Simulator::ScheduleDestroy([this] { m_log.push_back("destroy"); });
    auto cancelled = Simulator::ScheduleDestroy([this] { m_log.push_back("never"); });
    Simulator::Cancel(cancelled);
    At(10, "a");
    Simulator::Run();
    EXPECT_EQ(m_log, (Log{"a"}));
    Simulator::Destroy();
    EXPECT_EQ(m_log, (Log{"a", "destroy"}));
    Simulator::SetImplementation(ns3::CreateObject<LabSimulatorImpl>());
}

} // namespace
