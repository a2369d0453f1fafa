// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/closest-name.h"
#include "lab/model/scenario.h"

#include <gtest/gtest.h>

#include <array>

namespace lab
{

namespace
{

TEST(ParseTime, TakesUnits)
{
    EXPECT_EQ(ParseTime("250ns"), 250);
    EXPECT_EQ(ParseTime("20us"), 20'000);
    EXPECT_EQ(ParseTime("20µs"), 20'000);
    EXPECT_EQ(ParseTime("1.5ms"), 1'500'000);
    EXPECT_EQ(ParseTime("3s"), 3'000'000'000);
    EXPECT_EQ(ParseTime("0.000000001s"), 1);
    EXPECT_EQ(ParseTime("2 ms"), 2'000'000);
    EXPECT_EQ(ParseTime("1.0ns"), 1);
    EXPECT_EQ(ParseTime("0"), 0);
    EXPECT_EQ(ParseTime("0s"), 0);
}

TEST(ParseTime, TakesNothingElse)
{
    for (const char* const text : {"",
                                   "5",
                                   "ms",
                                   "-1ms",
                                   "1,5ms",
                                   "1.ms",
                                   ".5ms",
                                   "1m",
                                   "1 min",
                                   "1h",
                                   "0x1ms",
                                   "1ms ",
                                   " 1ms",
                                   "1e3ns",
                                   "1.5ns",
                                   "00",
                                   "0.0",
                                   "2  ms",
                                   "1msx",
                                   "1MS",
                                   "nan",
                                   "0.0000000001s",
                                   "99999999999999999999s",
                                   "9223372036s5"})
    {
        EXPECT_FALSE(ParseTime(text).has_value()) << '"' << text << '"';
    }
}

TEST(ParseTime, EndsBeforeItOverflows)
{
    EXPECT_EQ(ParseTime("3155760000s"), 3'155'760'000'000'000'000);
    EXPECT_FALSE(ParseTime("3155760000.000000001s").has_value());
    EXPECT_FALSE(ParseTime("3155760001s").has_value());
    EXPECT_FALSE(ParseTime("9223372036854775808ns").has_value());
}

TEST(FormatTime, TakesTheLargestUnit)
{
    EXPECT_EQ(FormatTime(0), "0 ns");
    EXPECT_EQ(FormatTime(999), "999 ns");
    EXPECT_EQ(FormatTime(1'000), "1 µs");
    EXPECT_EQ(FormatTime(1'044'000), "1.044 ms");
    EXPECT_EQ(FormatTime(1'500'000), "1.5 ms");
    EXPECT_EQ(FormatTime(20'000'000), "20 ms");
    EXPECT_EQ(FormatTime(4'294'967'296), "4.294 s");
    EXPECT_EQ(FormatTime(100'000'000'000), "100 s");
    EXPECT_EQ(FormatTime(-2'000), "-2 µs");
}

TEST(FormatTime, IsReadBack)
{
    for (const std::int64_t ns : {1LL, 7'000LL, 123'000LL, 1'500'000LL, 2'000'000'000LL})
    {
        EXPECT_EQ(ParseTime(FormatTime(ns)), ns);
    }
}

constexpr std::array<std::string_view, 4> kNames{"service", "host", "policy", "private-data"};

TEST(ClosestName, ForgivesSlips)
{
    EXPECT_EQ(ClosestName("servise", kNames), "service");
    EXPECT_EQ(ClosestName("sevrice", kNames), "service");
    EXPECT_EQ(ClosestName("SERVICE", kNames), "service");
    EXPECT_EQ(ClosestName("hots", kNames), "host");
    EXPECT_EQ(ClosestName("private_data", kNames), "private-data");
}

TEST(ClosestName, DoesNotGuessWildly)
{
    EXPECT_EQ(ClosestName("banana", kNames), "");
    EXPECT_EQ(ClosestName("x", kNames), "");
    EXPECT_EQ(ClosestName("", kNames), "");
    EXPECT_EQ(ClosestName("host", {}), "");
    EXPECT_EQ(DidYouMean("banana", kNames), "");
    EXPECT_EQ(DidYouMean("hosts", kNames), " (did you mean 'host'?)");
}

TEST(JoinNames, ReadsAsASentence)
{
    const std::span<const std::string_view> names(kNames);
    EXPECT_EQ(JoinNames(names.first(0)), "");
    EXPECT_EQ(JoinNames(names.first(1)), "service");
    EXPECT_EQ(JoinNames(names.first(2)), "service or host");
    EXPECT_EQ(JoinNames(names), "service, host, policy or private-data");
}

} // namespace

} // namespace lab
