// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Waits that grow.
#include "reliable_port_fixture.h"

#include <set>
#include <vector>

namespace ibcm::test
{
namespace
{

using std::chrono::milliseconds;
using std::chrono::seconds;

class BackingOff : public Reliably
{
  protected:
    BackingOff()
    {
        backoff.maxTimeout = milliseconds(50);
        backoff.jitterPercent = 0;
        UseBackoff();
    }

    void UseBackoff()
    {
        ReliablePortOptions options;
        options.backoff = backoff;
        Use(options);
    }

    std::vector<std::int64_t> SentAtMs() const
    {
        std::vector<std::int64_t> times;
        for (const Instant when : sent)
        {
            times.push_back(when / milliseconds(1));
        }
        return times;
    }

    Backoff backoff;
};

TEST_F(BackingOff, TheWaitDoublesUpToTheLongest)
{
    Send(milliseconds(10), 5);
    runtime.RunUntilIdle();
    // Waits of 10, 20, 40, 50, 50 and 50.
    EXPECT_EQ(SentAtMs(), (std::vector<std::int64_t>{0, 10, 30, 70, 120, 170}));
    ASSERT_EQ(done.size(), 1U);
    EXPECT_EQ(done[0].when, milliseconds(220));
}

TEST_F(BackingOff, TheFactorMayBeAFraction)
{
    backoff.numerator = 3;
    backoff.denominator = 2;
    UseBackoff();
    Send(milliseconds(8), 3);
    runtime.RunUntilIdle();
    EXPECT_EQ(SentAtMs(), (std::vector<std::int64_t>{0, 8, 20, 38}));
    EXPECT_EQ(done.at(0).when, milliseconds(65));
}

TEST_F(BackingOff, AWaitAboveTheLongestStaysAsItIs)
{
    Send(milliseconds(60), 2);
    runtime.RunUntilIdle();
    EXPECT_EQ(SentAtMs(), (std::vector<std::int64_t>{0, 60, 120}));
    EXPECT_EQ(done.at(0).when, milliseconds(180));
}

TEST_F(BackingOff, AModifiedWaitIsWhereItStartsOver)
{
    const SendToken token = Send(milliseconds(10), 4);
    runtime.Advance(milliseconds(35));                  // sent at 0, 10, 30
    ASSERT_TRUE(port->Modify(token, milliseconds(15))); // until 50, then 30 until 80, 50 until 130
    runtime.RunUntilIdle();
    EXPECT_EQ(SentAtMs(), (std::vector<std::int64_t>{0, 10, 30, 50, 80}));
    EXPECT_EQ(done.at(0).when, milliseconds(130));
}

TEST_F(BackingOff, ProgressKnowsTheGrownWait)
{
    const SendToken token = Send(milliseconds(10), 4);
    runtime.Advance(milliseconds(12));
    EXPECT_EQ(port->Progress(token)->untilNext, milliseconds(18));
}

TEST_F(BackingOff, JitterStaysWithinItsBoundsAndIsSpread)
{
    backoff.numerator = 1;
    backoff.maxTimeout = seconds(1);
    backoff.jitterPercent = 20;
    UseBackoff();
    Send(milliseconds(100), 400);
    runtime.RunUntilIdle();
    ASSERT_EQ(sent.size(), 401U);
    EXPECT_EQ(sent[1] - sent[0], milliseconds(100)) << "the wait that was asked for is exact";
    std::set<std::int64_t> tenths;
    for (std::size_t i = 2; i < sent.size(); ++i)
    {
        const Duration wait = sent[i] - sent[i - 1];
        EXPECT_GE(wait, milliseconds(80));
        EXPECT_LE(wait, milliseconds(120));
        tenths.insert((wait - milliseconds(80)) / milliseconds(4));
    }
    tenths.erase(10); // exactly 120 ms
    EXPECT_EQ(tenths.size(), 10U) << "some tenth of the range was never drawn";
}

TEST_F(BackingOff, AModifiedWaitHasNoJitter)
{
    backoff.jitterPercent = 50;
    UseBackoff();
    const SendToken token = Send(milliseconds(10), 1);
    runtime.Advance(milliseconds(11));
    ASSERT_TRUE(port->Modify(token, milliseconds(30)));
    runtime.RunUntilIdle();
    EXPECT_EQ(done.at(0).when, milliseconds(41));
}

TEST_F(BackingOff, ASeedGivesTheSameTimes)
{
    const auto times = [](std::uint64_t seed)
    {
        StepRuntime ownRuntime(seed);
        LoopbackWire ownWire;
        std::vector<Instant> at;
        ownWire.SetTap([&](const Flight&) { at.push_back(ownRuntime.Now()); });
        ReliablePortOptions options;
        options.backoff = Backoff{};
        ReliablePort ownPort(ownRuntime, ownWire.AddEnd({1}), 1, options);
        for (int i = 0; i < 20; ++i)
        {
            EXPECT_TRUE(ownPort.Send({}, {}, milliseconds(10 + i), 7, 0));
        }
        ownRuntime.RunUntilIdle();
        return at;
    };
    EXPECT_EQ(times(1), times(1));
    EXPECT_NE(times(1), times(2));
}

TEST_F(BackingOff, WithoutItNothingIsDrawn)
{
    // A draw would shift the random numbers that others get from the same runtime.
    Use({});
    Send(milliseconds(10), 5);
    runtime.RunUntilIdle();
    EXPECT_EQ(runtime.Random(), StepRuntime(1).Random());
}

TEST(BackoffArithmetic, GrowsRoundsDownAndStops)
{
    const Backoff third{4, 3, Duration{1000}, 0};
    EXPECT_EQ(NextTimeout(third, Duration{10}), Duration{13});
    EXPECT_EQ(NextTimeout(third, Duration{999}), Duration{1000});
    EXPECT_EQ(NextTimeout(third, Duration{1001}), Duration{1001});
    const Backoff steep{Backoff::kMaxFactorTerm, 1, Backoff::kMaxTimeout, 0};
    EXPECT_EQ(NextTimeout(steep, Backoff::kMaxTimeout - Duration{1}), Backoff::kMaxTimeout);
}

TEST(BackoffArithmetic, JitterReachesBothEndsAndNoFurther)
{
    const Backoff tenth{2, 1, seconds(1), 10};
    const Duration wait{1000};
    EXPECT_EQ(WithJitter(tenth, wait, 0), Duration{900});
    EXPECT_EQ(WithJitter(tenth, wait, 100), Duration{1000});
    EXPECT_EQ(WithJitter(tenth, wait, 200), Duration{1100});
    EXPECT_EQ(WithJitter(tenth, wait, 201), Duration{900});
    EXPECT_EQ(WithJitter(tenth, Duration{99}, 12345), Duration{99}) << "too short to have any";
}

TEST(ReliablePortOptionsProblem, NamesWhatIsOutOfRange)
{
    ReliablePortOptions options;
    EXPECT_EQ(options.Problem(), "");
    options.maxPending = 0;
    EXPECT_EQ(options.Problem(), "maxPending is 0, expected 1..8388608");
    options.maxPending = ReliablePortOptions::kMaxPending + 1;
    EXPECT_NE(options.Problem(), "");
    options.maxPending = ReliablePortOptions::kMaxPending;
    EXPECT_EQ(options.Problem(), "");

    const auto problem = [&](Backoff backoff)
    {
        options.backoff = backoff;
        return options.Problem();
    };
    EXPECT_EQ(problem({}), "");
    EXPECT_EQ(problem({1, 1, Backoff::kMaxTimeout, 99}), "");
    EXPECT_NE(problem({1, 2, seconds(1), 0}).find("factor is 1/2"), std::string::npos);
    EXPECT_NE(problem({1, 0, seconds(1), 0}).find("factor is 1/0"), std::string::npos);
    EXPECT_NE(problem({1001, 1, seconds(1), 0}).find("1..1000"), std::string::npos);
    EXPECT_NE(problem({2, 1, Duration{0}, 0}).find("maxTimeout is 0 ns"), std::string::npos);
    EXPECT_NE(problem({2, 1, Backoff::kMaxTimeout + Duration{1}, 0}), "");
    EXPECT_NE(problem({2, 1, seconds(1), 100}).find("jitterPercent is 100"), std::string::npos);
}

TEST(ReliablePortOptionsDeathTest, APortRefusesThem)
{
    StepRuntime runtime;
    LoopbackWire wire;
    LoopbackWire::End& end = wire.AddEnd({1});
    ReliablePortOptions options;
    options.maxPending = 0;
    EXPECT_DEATH(ReliablePort(runtime, end, 1, options), "ReliablePort: maxPending is 0");
}

} // namespace
} // namespace ibcm::test
