// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm/model/timeouts.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ibcm::test
{
namespace
{

TEST(Timeouts, ExponentsAreMultiplesOf4096Nanoseconds)
{
    EXPECT_EQ(TimeoutFromExponent(0), Duration(4096));
    EXPECT_EQ(TimeoutFromExponent(14), Duration(67108864));
    EXPECT_EQ(TimeoutFromExponent(18), Duration(1073741824));
    EXPECT_EQ(TimeoutFromExponent(31), Duration(8796093022208));
}

TEST(Timeouts, AReqWaitsForBothWaysAndThePeersTime)
{
    for (unsigned life = 0; life < 32; ++life)
    {
        for (unsigned think = 0; think < 32; ++think)
        {
            const std::int64_t nanoseconds =
                2 * (std::int64_t{4096} << life) + (std::int64_t{4096} << think);
            ASSERT_EQ(ReqResponseTimeout(static_cast<std::uint8_t>(life),
                                         static_cast<std::uint8_t>(think)),
                      Duration(nanoseconds));
        }
    }
}

TEST(Timeouts, ARepWaitsForWhatTheReqAsked)
{
    EXPECT_EQ(RepResponseTimeout(20), Duration(std::int64_t{4096} << 20));
}

/** The ACK timeout as hosts compute it: the larger of two exponents, one more if the other is near.
 */
unsigned AckByFormula(unsigned delay, unsigned life)
{
    unsigned t = life + 1;
    if (t >= delay)
    {
        t += delay >= t - 1 ? 1 : 0;
    }
    else
    {
        t = delay + (t >= delay - 1 ? 1 : 0);
    }
    return std::min(31U, t);
}

TEST(Timeouts, AckTimeoutFollowsTheFormulaEverywhere)
{
    for (unsigned delay = 0; delay < 32; ++delay)
    {
        for (unsigned life = 0; life < 32; ++life)
        {
            ASSERT_EQ(AckTimeout(static_cast<std::uint8_t>(delay), static_cast<std::uint8_t>(life)),
                      AckByFormula(delay, life))
                << "CA ACK delay " << delay << ", packet lifetime " << life;
        }
    }
}

TEST(Timeouts, AckTimeoutIsLongEnoughUntilItSaturates)
{
    for (std::uint8_t delay = 0; delay < 32; ++delay)
    {
        for (std::uint8_t life = 0; life < 32; ++life)
        {
            const std::uint8_t ack = AckTimeout(delay, life);
            if (ack == 31)
            {
                continue;
            }
            const Duration needed = 2 * TimeoutFromExponent(life) + TimeoutFromExponent(delay);
            // The formula takes 2^a + 2^b for 2^max when they are two apart, as hosts do.
            EXPECT_GE(TimeoutFromExponent(ack) * 5 / 4, needed) << +delay << " " << +life;
            EXPECT_LE(TimeoutFromExponent(ack), 4 * needed) << +delay << " " << +life;
        }
    }
}

/** Linux's: 2^(n - 8) ms, and at least one. */
std::int64_t LinuxMs(unsigned n)
{
    return n <= 8 ? 1 : std::int64_t{1} << (n - 8);
}

TEST(Timeouts, ExponentsAsLinuxHasThem)
{
    const std::pair<unsigned, std::int64_t> figures[] = {
        {0, 1}, {8, 1}, {9, 2}, {14, 64}, {20, 4096}, {24, 65536}, {31, 8388608}};
    for (const auto& [n, ms] : figures)
    {
        EXPECT_EQ(TimeoutFromExponent(static_cast<std::uint8_t>(n), Behaviour::kLinux61),
                  std::chrono::milliseconds(ms))
            << n;
    }
}

TEST(Timeouts, OnlyTheFiveBitsOfTheFieldCount)
{
    for (const Behaviour behaviour : {Behaviour::kStrict, Behaviour::kLinux61})
    {
        EXPECT_EQ(TimeoutFromExponent(0xe0 | 18, behaviour), TimeoutFromExponent(18, behaviour));
    }
}

TEST(Timeouts, EachWaitInBothBehaviours)
{
    for (unsigned n = 0; n < 32; ++n)
    {
        for (unsigned m = 0; m < 32; ++m)
        {
            const auto x = static_cast<std::uint8_t>(n);
            const auto y = static_cast<std::uint8_t>(m);
            const auto ns = [](unsigned e) { return std::int64_t{4096} << e; };
            const auto strict = Behaviour::kStrict;
            const auto linux61 = Behaviour::kLinux61;
            using Ms = std::chrono::milliseconds;
            ASSERT_EQ(ReqResponseTimeout(x, y, linux61), Ms(2 * LinuxMs(n) + LinuxMs(m)));
            ASSERT_EQ(RepResponseTimeout(x, strict), Duration(ns(n)));
            ASSERT_EQ(RepResponseTimeout(x, linux61), Ms(LinuxMs(n)));
            ASSERT_EQ(MraTimeout(x, y, strict), Duration(ns(n) + ns(m)));
            ASSERT_EQ(MraTimeout(x, y, linux61), Ms(LinuxMs(n) + LinuxMs(m)));
            ASSERT_EQ(TimewaitActive(x, y, strict), Duration(2 * ns(n) + ns(m)));
            ASSERT_EQ(TimewaitActive(x, y, linux61), Ms(LinuxMs(AckByFormula(m, n))));
            ASSERT_EQ(TimewaitPassive(x, strict), Duration(ns(n)));
            ASSERT_EQ(TimewaitPassive(x, linux61), Ms(LinuxMs(n)));
        }
    }
}

TEST(Timeouts, TheLongestFitsManyTimesOver)
{
    // 16 transmissions of the longest REQ wait, in nanoseconds.
    EXPECT_EQ(16 * ReqResponseTimeout(31, 31), Duration(16 * 3 * 8796093022208));
}

TEST(Timeouts, ARoundTripIsOneExponentMore)
{
    for (unsigned life = 0; life < 31; ++life)
    {
        EXPECT_EQ(RoundTrip(static_cast<std::uint8_t>(life)), life + 1);
    }
    EXPECT_EQ(RoundTrip(31), 31);
}

TEST(Timeouts, Timewait)
{
    EXPECT_EQ(TimewaitActive(14, 15), Duration(2 * 67108864 + 134217728));
    EXPECT_EQ(TimewaitUnanswered(14, 15), TimewaitActive(14, 15));
    EXPECT_EQ(TimewaitUnanswered(14, 15, Behaviour::kLinux61), std::chrono::milliseconds(128));
    EXPECT_EQ(TimewaitPassive(17), Duration(std::int64_t{4096} << 17));
}

} // namespace
} // namespace ibcm::test
