// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/channel-pair.h"
#include "ibcm-verbs/helper/ping-mode.h"
#include "ibcm-verbs/helper/rping-mode.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

namespace cmverbs::test
{
namespace
{

DataModeOptions Options(PeerKind peer, bool passive, std::uint32_t count, std::uint32_t size)
{
    return {peer, passive, count, size};
}

/** Both ends of a kind, with the same count and size. */
ChannelPair Ends(PeerKind peer, std::uint32_t count = 10, std::uint32_t size = 64)
{
    return ChannelPair(Options(peer, true, count, size), Options(peer, false, count, size));
}

class DataModes : public ::testing::TestWithParam<PeerKind>
{
};

TEST_P(DataModes, ExchangeEverything)
{
    for (const std::uint32_t count : {1U, 2U, 100U})
    {
        for (const std::uint32_t size : {1U, 64U, 4096U})
        {
            ChannelPair ends = Ends(GetParam(), count, size);
            ends.Connect();
            const VerbsStatus done = ends.Run();
            ASSERT_TRUE(done) << done.error().text;
            EXPECT_TRUE(ends.client->Finished()) << count << ' ' << size;
            EXPECT_TRUE(ends.server->Finished()) << count << ' ' << size;
            EXPECT_EQ(ends.client->Messages(), count);
            EXPECT_EQ(ends.server->Messages(), count);
        }
    }
}

TEST_P(DataModes, AreNotFinishedBeforeTheyAre)
{
    ChannelPair ends = Ends(GetParam());
    EXPECT_FALSE(ends.client->Finished());
    ends.Connect();
    EXPECT_FALSE(ends.client->Finished());
}

TEST_P(DataModes, PostNoMoreThanTheirQueuePairHolds)
{
    ChannelPair ends = Ends(GetParam());
    ends.Connect();
    EXPECT_LE(ends.serverEnd.receives.size(), ends.server->Depth());
    EXPECT_LE(ends.clientEnd.receives.size(), ends.client->Depth());
    EXPECT_LE(ends.serverEnd.work.size(), ends.server->Depth());
    EXPECT_LE(ends.clientEnd.work.size(), ends.client->Depth());
}

TEST_P(DataModes, TellThatAPostIsRefused)
{
    ChannelPair ends = Ends(GetParam());
    ends.clientEnd.refuses = true;
    EXPECT_FALSE(ends.client->Prepare(ends.clientEnd));
    ends.clientEnd.refuses = false;
    ends.Connect();
    ends.clientEnd.refuses = true;
    ends.serverEnd.refuses = true;
    EXPECT_FALSE(ends.Run());
}

INSTANTIATE_TEST_SUITE_P(
    AllPeers,
    DataModes,
    ::testing::Values(PeerKind::kWeft, PeerKind::kRping, PeerKind::kUcmatose, PeerKind::kUdaddy),
    [](const auto& info) { return std::string(ToString(info.param)); });

TEST(DataMode, DisconnectsOnTheSideThatThePeerExpects)
{
    const auto disconnects = [](PeerKind peer, bool passive)
    { return MakeDataMode(Options(peer, passive, 1, 1))->Disconnects(); };
    EXPECT_TRUE(disconnects(PeerKind::kWeft, false));
    EXPECT_FALSE(disconnects(PeerKind::kWeft, true));
    EXPECT_TRUE(disconnects(PeerKind::kRping, false));
    EXPECT_FALSE(disconnects(PeerKind::kRping, true));
    EXPECT_FALSE(disconnects(PeerKind::kUcmatose, false));
    EXPECT_TRUE(disconnects(PeerKind::kUcmatose, true));
    EXPECT_EQ(MakeDataMode(Options(PeerKind::kNone, true, 1, 1)), nullptr);
}

TEST(DataMode, HasTheSizeOfThePeersDefault)
{
    EXPECT_EQ(DefaultSize(PeerKind::kRping, false), 64U);
    EXPECT_EQ(DefaultSize(PeerKind::kUcmatose, true), 100U);
    EXPECT_EQ(DefaultSize(PeerKind::kUdaddy, false), 100U);
    EXPECT_LE(DefaultSize(PeerKind::kWeft, false), DefaultSize(PeerKind::kWeft, true));
}

TEST(PingMode, SeesEachByteThatWasChanged)
{
    for (const std::size_t place : {0U, 3U, 4U, 63U})
    {
        ChannelPair ends = Ends(PeerKind::kWeft);
        ends.onTheWay = [place](std::span<std::uint8_t> bytes) { bytes[place] ^= 1U; };
        // Twice on each round trip: only the way back is spoilt.
        int way = 0;
        const auto spoil = ends.onTheWay;
        ends.onTheWay = [&way, spoil](std::span<std::uint8_t> bytes)
        {
            if (++way % 2 == 0)
            {
                spoil(bytes);
            }
        };
        ends.Connect();
        const VerbsStatus done = ends.Run();
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().code, EPROTO);
        EXPECT_NE(done.error().text.find("byte " + std::to_string(place) + " changed"),
                  std::string::npos)
            << done.error().text;
    }
}

TEST(PingMode, SeesAnOldMessage)
{
    std::array<std::uint8_t, 64> bytes{};
    for (const std::uint32_t other : {0U, 1U, 251U, 256U, 65536U})
    {
        FillPattern(bytes, other);
        EXPECT_EQ(FirstDifference(bytes, other), bytes.size());
        EXPECT_LT(FirstDifference(bytes, other + 1), bytes.size());
        EXPECT_LT(FirstDifference(bytes, other + 251), bytes.size());
    }
}

TEST(PingMode, SeesAMessageOfAnotherLength)
{
    ChannelPair ends(Options(PeerKind::kWeft, true, 1, 64), Options(PeerKind::kWeft, false, 1, 64));
    ends.Connect();
    Completion completion;
    completion.bytes = 63;
    EXPECT_EQ(ends.client->Completed(ends.clientEnd, completion).error().code, EPROTO);
}

TEST(EchoMode, CannotTakeLongerMessagesThanItHasRoomFor)
{
    ChannelPair ends(Options(PeerKind::kWeft, true, 1, 32), Options(PeerKind::kWeft, false, 1, 64));
    ends.Connect();
    EXPECT_FALSE(ends.Run());
    ChannelPair shorter(Options(PeerKind::kWeft, true, 1, 64),
                        Options(PeerKind::kWeft, false, 1, 32));
    shorter.Connect();
    EXPECT_TRUE(shorter.Run());
}

TEST(RpingMode, NamesBuffersAsRpingDoes)
{
    // From a capture of rping: address 0x55a39e516370, key 0x509, 64 bytes.
    constexpr std::array<std::uint8_t, 16> kWire{
        0, 0, 0x55, 0xa3, 0x9e, 0x51, 0x63, 0x70, 0, 0, 5, 9, 0, 0, 0, 0x40};
    const RpingBuffer buffer = DecodeRpingBuffer(kWire);
    EXPECT_EQ(buffer.memory.address, 0x55a39e516370U);
    EXPECT_EQ(buffer.memory.key, 0x509U);
    EXPECT_EQ(buffer.size, 64U);
    EXPECT_EQ(Encode(buffer), kWire);
}

TEST(RpingMode, SendsTheTextThatRpingShows)
{
    ChannelPair ends = Ends(PeerKind::kRping, 2, 64);
    ends.Connect();
    const auto source = ends.clientEnd.Memory().subspan(64, 64);
    EXPECT_EQ(std::string(source.begin(), source.begin() + 18), "rdma-ping-0: ABCDE");
    EXPECT_EQ(source.back(), 0);
}

TEST(RpingMode, SeesWhatComesBackChanged)
{
    ChannelPair ends = Ends(PeerKind::kRping, 2, 64);
    ends.onTheWay = [](std::span<std::uint8_t> bytes)
    {
        if (bytes.size() == 64)
        {
            bytes[20] ^= 1U;
        }
    };
    ends.Connect();
    const VerbsStatus done = ends.Run();
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, EPROTO);
}

/** A client that names such a buffer first. */
VerbsStatus ServeBuffer(std::uint32_t size, std::uint32_t bytes = RpingBuffer::kBytes)
{
    ChannelPair ends = Ends(PeerKind::kRping);
    EXPECT_TRUE(ends.server->Prepare(ends.serverEnd));
    const auto wire = Encode({{0, 2}, size});
    std::copy(wire.begin(), wire.end(), ends.serverEnd.Memory().begin());
    Completion completion;
    completion.bytes = bytes;
    return ends.server->Completed(ends.serverEnd, completion);
}

TEST(RpingMode, ServesNoBufferThatItHasNoRoomFor)
{
    EXPECT_TRUE(ServeBuffer(RpingServer::kMaxSize));
    EXPECT_EQ(ServeBuffer(RpingServer::kMaxSize + 1).error().code, EPROTO);
    EXPECT_EQ(ServeBuffer(0xffffffff).error().code, EPROTO);
    EXPECT_EQ(ServeBuffer(64, 15).error().code, EPROTO);
}

TEST(UcmatoseMode, WantsTheSameSizeOnBothSides)
{
    ChannelPair ends(Options(PeerKind::kUcmatose, true, 2, 64),
                     Options(PeerKind::kUcmatose, false, 2, 100));
    ends.Connect();
    EXPECT_EQ(ends.Run().error().code, EPROTO);
}

TEST(UdaddyMode, SendsItsQueuePairsNumberAlong)
{
    ChannelPair ends = Ends(PeerKind::kUdaddy, 1, 64);
    ends.Connect();
    ASSERT_EQ(ends.clientEnd.work.size(), 1U);
    EXPECT_EQ(ends.clientEnd.work.front().immediate, 2U);
    EXPECT_EQ(ends.clientEnd.work.front().qpn, 1U);
}

TEST(UdaddyMode, WantsToKnowWhereTheAnswersGo)
{
    ChannelPair ends = Ends(PeerKind::kUdaddy, 1, 64);
    ASSERT_TRUE(ends.server->Prepare(ends.serverEnd));
    Completion completion;
    completion.bytes = DataChannel::kGrhBytes + 64;
    EXPECT_EQ(ends.server->Completed(ends.serverEnd, completion).error().code, EPROTO);
    completion.bytes = DataChannel::kGrhBytes + 63;
    completion.hasImmediate = true;
    EXPECT_EQ(ends.server->Completed(ends.serverEnd, completion).error().code, EPROTO);
}

} // namespace
} // namespace cmverbs::test
