// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// CM data in which byte i has the value i, against numbers that were worked out independently of
// the tables, from the offsets of three other implementations' definitions.
#include "messages.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <string>

namespace
{

using namespace ibwiretest;

using Values = std::map<std::string, std::uint64_t>;

/** The integers of a message by name; GIDs and arrays are left out. */
template <class M>
Values Integers(const M& message)
{
    Values values;
    ForEachField(message,
                 [&]<class T>(std::string_view name, const T& value)
                 {
                     if constexpr (detail::kIsScalar<T>)
                     {
                         values[std::string(name)] = static_cast<std::uint64_t>(value);
                     }
                 });
    return values;
}

std::array<std::uint8_t, 232> CountingBytes()
{
    std::array<std::uint8_t, 232> bytes;
    std::iota(bytes.begin(), bytes.end(), 0);
    return bytes;
}

template <class M>
Values Golden()
{
    return Integers(Unpack<M>(CountingBytes()));
}

/** Expects the bytes from an offset on, counting up. */
template <class Array>
void ExpectRun(const Array& bytes, std::uint8_t first)
{
    for (std::size_t i = 0; i < bytes.size(); ++i)
    {
        ASSERT_EQ(bytes[i], static_cast<std::uint8_t>(first + i)) << i;
    }
}

TEST(Golden, Req)
{
    EXPECT_EQ(Golden<CmReq>(),
              (Values{{"Local communication ID", 0x10203},
                      {"VendorID", 0x50607},
                      {"ServiceID", 0x8090A0B0C0D0E0F},
                      {"Local CA GUID", 0x1011121314151617},
                      {"Local Q_Key", 0x1C1D1E1F},
                      {"Local QPN", 0x202122},
                      {"Responder resources", 0x23},
                      {"Local EECN", 0x242526},
                      {"Initiator depth", 0x27},
                      {"Remote EECN", 0x28292A},
                      {"Remote CM response timeout", 0x5},
                      {"Transport service type", 0x1},
                      {"End-to-end flow control", 0x1},
                      {"Starting PSN", 0x2C2D2E},
                      {"Local CM response timeout", 0x5},
                      {"Retry count", 0x7},
                      {"P_Key", 0x3031},
                      {"Path packet payload MTU", 0x3},
                      {"RDC exists", 0x0},
                      {"RNR retry count", 0x2},
                      {"Max CM retries", 0x3},
                      {"SRQ", 0x0},
                      {"Extended transport type", 0x3},
                      {"Primary local port LID", 0x3435},
                      {"Primary remote port LID", 0x3637},
                      {"Primary flow label", 0x58595},
                      {"Primary packet rate", 0x1B},
                      {"Primary traffic class", 0x5C},
                      {"Primary hop limit", 0x5D},
                      {"Primary SL", 0x5},
                      {"Primary subnet local", 0x1},
                      {"Primary local ACK timeout", 0xB},
                      {"Alternate local port LID", 0x6061},
                      {"Alternate remote port LID", 0x6263},
                      {"Alternate flow label", 0x84858},
                      {"Alternate packet rate", 0x7},
                      {"Alternate traffic class", 0x88},
                      {"Alternate hop limit", 0x89},
                      {"Alternate SL", 0x8},
                      {"Alternate subnet local", 0x1},
                      {"Alternate local ACK timeout", 0x11},
                      {"SAP supported", 0x0}}));
    const auto req = Unpack<CmReq>(CountingBytes());
    ExpectRun(req.primaryLocalGid.raw, 56);
    ExpectRun(req.primaryRemoteGid.raw, 72);
    ExpectRun(req.alternateLocalGid.raw, 100);
    ExpectRun(req.alternateRemoteGid.raw, 116);
    ExpectRun(req.privateData, 140);
}

TEST(Golden, Mra)
{
    EXPECT_EQ(Golden<CmMra>(),
              (Values{{"Local communication ID", 0x10203},
                      {"Remote communication ID", 0x4050607},
                      {"Message MRAed", 0x0},
                      {"Service timeout", 0x1}}));
    ExpectRun(Unpack<CmMra>(CountingBytes()).privateData, 10);
}

TEST(Golden, Rej)
{
    EXPECT_EQ(Golden<CmRej>(),
              (Values{{"Local communication ID", 0x10203},
                      {"Remote communication ID", 0x4050607},
                      {"Message rejected", 0x0},
                      {"Reject info length", 0x4},
                      {"Reason", 0xA0B}}));
    ExpectRun(Unpack<CmRej>(CountingBytes()).ari, 12);
    ExpectRun(Unpack<CmRej>(CountingBytes()).privateData, 84);
}

TEST(Golden, Rep)
{
    EXPECT_EQ(Golden<CmRep>(),
              (Values{{"Local communication ID", 0x10203},
                      {"Remote communication ID", 0x4050607},
                      {"Local Q_Key", 0x8090A0B},
                      {"Local QPN", 0xC0D0E},
                      {"VendorID", 0x0F1317},
                      {"Local EECN", 0x101112},
                      {"Starting PSN", 0x141516},
                      {"Responder resources", 0x18},
                      {"Initiator depth", 0x19},
                      {"Target ACK delay", 0x3},
                      {"Failover accepted", 0x1},
                      {"End-to-end flow control", 0x0},
                      {"RNR retry count", 0x0},
                      {"SRQ", 0x1},
                      {"Local CA GUID", 0x1C1D1E1F20212223}}));
    ExpectRun(Unpack<CmRep>(CountingBytes()).privateData, 36);
}

TEST(Golden, RtuAndDrep)
{
    const Values ids{{"Local communication ID", 0x10203}, {"Remote communication ID", 0x4050607}};
    EXPECT_EQ(Golden<CmRtu>(), ids);
    EXPECT_EQ(Golden<CmDrep>(), ids);
    ExpectRun(Unpack<CmRtu>(CountingBytes()).privateData, 8);
    ExpectRun(Unpack<CmDrep>(CountingBytes()).privateData, 8);
}

TEST(Golden, Dreq)
{
    EXPECT_EQ(Golden<CmDreq>(),
              (Values{{"Local communication ID", 0x10203},
                      {"Remote communication ID", 0x4050607},
                      {"Remote QPN/EECN", 0x8090A}}));
    ExpectRun(Unpack<CmDreq>(CountingBytes()).privateData, 12);
}

TEST(Golden, SidrReq)
{
    EXPECT_EQ(Golden<CmSidrReq>(),
              (Values{{"RequestID", 0x10203}, {"P_Key", 0x405}, {"ServiceID", 0x8090A0B0C0D0E0F}}));
    ExpectRun(Unpack<CmSidrReq>(CountingBytes()).privateData, 16);
}

TEST(Golden, SidrRep)
{
    EXPECT_EQ(Golden<CmSidrRep>(),
              (Values{{"RequestID", 0x10203},
                      {"Status", 0x4},
                      {"Additional info length", 0x5},
                      {"VendorID", 0x06070B},
                      {"QPN", 0x8090A},
                      {"ServiceID", 0xC0D0E0F10111213},
                      {"Q_Key", 0x14151617}}));
    ExpectRun(Unpack<CmSidrRep>(CountingBytes()).additionalInfo, 24);
    ExpectRun(Unpack<CmSidrRep>(CountingBytes()).privateData, 96);
}

TEST(Golden, Lap)
{
    EXPECT_EQ(Golden<CmLap>(),
              (Values{{"Local communication ID", 0x10203},
                      {"Remote communication ID", 0x4050607},
                      {"Remote QPN/EECN", 0xC0D0E},
                      {"Remote CM response timeout", 0x1},
                      {"Alternate local port LID", 0x1415},
                      {"Alternate remote port LID", 0x1617},
                      {"Alternate flow label", 0x38393},
                      {"Alternate traffic class", 0x3B},
                      {"Alternate hop limit", 0x3C},
                      {"Alternate packet rate", 0x3D},
                      {"Alternate SL", 0x3},
                      {"Alternate subnet local", 0x1},
                      {"Alternate local ACK timeout", 0x7}}));
    ExpectRun(Unpack<CmLap>(CountingBytes()).alternateLocalGid.raw, 24);
    ExpectRun(Unpack<CmLap>(CountingBytes()).alternateRemoteGid.raw, 40);
    ExpectRun(Unpack<CmLap>(CountingBytes()).privateData, 64);
}

TEST(Golden, Apr)
{
    EXPECT_EQ(Golden<CmApr>(),
              (Values{{"Local communication ID", 0x10203},
                      {"Remote communication ID", 0x4050607},
                      {"Additional info length", 0x8},
                      {"AP status", 0x9}}));
    ExpectRun(Unpack<CmApr>(CountingBytes()).additionalInfo, 12);
    ExpectRun(Unpack<CmApr>(CountingBytes()).privateData, 84);
}

} // namespace
