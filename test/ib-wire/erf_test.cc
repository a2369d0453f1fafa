// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-wire/model/erf.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace ibwire
{
namespace
{

TEST(Erf, BeginsWithAPcapHeaderOfNanoseconds)
{
    constexpr std::array<std::uint8_t, 24> kWanted{
        0x4d, 0x3c, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 197, 0, 0, 0};
    EXPECT_EQ(ErfFileHeader(256 - kErfHeaderBytes), kWanted);
}

TEST(Erf, GivesTheTimeTwice)
{
    // 3.5 s: as seconds and nanoseconds, and as a fixed-point number.
    const auto header = ErfRecordHeader(3'500'000'000, 100, 0x123);
    constexpr std::array<std::uint8_t, kErfRecordBytes> kWanted{
        3, 0, 0, 0,    0x00, 0x65, 0xcd, 0x1d, 116, 0, 0, 0,   0x33, 1, 0,    0,     // pcap
        0, 0, 0, 0x80, 3,    0,    0,    0,    21,  4, 0, 116, 0,    0, 0x01, 0x23}; // ERF
    EXPECT_EQ(header, kWanted);
}

TEST(Erf, NeverPrecedesTheNanosecondThatItStandsFor)
{
    for (const std::int64_t ns :
         {0LL, 1LL, 999'999'999LL, 1'000'000'000LL, 1'700'000'000'123'456'789LL})
    {
        const auto header = ErfRecordHeader(ns, 0, 0);
        std::uint64_t fixed = 0;
        for (std::size_t i = 0; i < 8; ++i)
        {
            fixed |= std::uint64_t{header[16 + i]} << (8 * i);
        }
        const std::uint64_t rest = ((fixed & 0xffffffffU) * 1'000'000'000) >> 32U;
        EXPECT_EQ(static_cast<std::int64_t>((fixed >> 32U) * 1'000'000'000 + rest), ns);
    }
}

} // namespace
} // namespace ibwire
