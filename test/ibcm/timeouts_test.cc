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

TEST(Timeouts, Timewait)
{
    EXPECT_EQ(TimewaitActive(14, 15), Duration(2 * 67108864 + 134217728));
    EXPECT_EQ(TimewaitPassive(17), Duration(std::int64_t{4096} << 17));
}

} // namespace
} // namespace ibcm::test
