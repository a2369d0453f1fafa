// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The RDMA IP CM service's header, byte for byte as annex A11 lays it out, and what is wrong with
// one that is not.
#include "ibcm/model/ip-cm.h"
#include "pair.h"

#include <tuple>

namespace ibcm::test
{
namespace
{

using ibwire::IpCmRejReason;
using ibwire::PortSpace;
using Reason = IpCmRejReason;

constexpr std::uint32_t kV4Source = 0x0a090001;      // 10.9.0.1
constexpr std::uint32_t kV4Destination = 0xc0a80217; // 192.168.2.23
constexpr std::uint64_t kTcp = 0x0000000001061234;   // TCP, port 0x1234

ibwire::Gid V6(const char* text)
{
    return ibwire::ParseGid(text).value();
}

IpCmEndpoints Endpoints4()
{
    return {IpAddress::V4(kV4Source), 0xabcd, IpAddress::V4(kV4Destination)};
}

IpCmEndpoints Endpoints6()
{
    return {IpAddress::V6(V6("2001:db8::1")), 0x0102, IpAddress::V6(V6("fe80::5054:ff:fe00:1"))};
}

/** A header of 10.9.0.1:0xabcd to 192.168.2.23, written from the layout. */
std::vector<std::uint8_t> Golden4()
{
    std::vector<std::uint8_t> bytes(36);
    bytes[1] = 0x40;
    bytes[2] = 0xab;
    bytes[3] = 0xcd;
    const std::uint8_t source[] = {10, 9, 0, 1};
    const std::uint8_t destination[] = {192, 168, 2, 23};
    std::copy(std::begin(source), std::end(source), bytes.begin() + 16);
    std::copy(std::begin(destination), std::end(destination), bytes.begin() + 32);
    return bytes;
}

TEST(IpCm, AnIpv4Header)
{
    const auto built = BuildIpCm(Endpoints4(), IpCmCarrier::kReq);
    ASSERT_TRUE(built);
    EXPECT_EQ(*built, Golden4());
}

TEST(IpCm, AnIpv6Header)
{
    const auto built = BuildIpCm(Endpoints6(), IpCmCarrier::kSidrReq, Bytes(3, 0xf0));
    ASSERT_TRUE(built);
    std::vector<std::uint8_t> golden(39);
    golden[1] = 0x60;
    golden[2] = 1;
    golden[3] = 2;
    const std::uint8_t source[] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    const std::uint8_t destination[] = {
        0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x50, 0x54, 0x00, 0xff, 0xfe, 0, 0, 1};
    std::copy(std::begin(source), std::end(source), golden.begin() + 4);
    std::copy(std::begin(destination), std::end(destination), golden.begin() + 20);
    golden[36] = 0xf0;
    golden[37] = 0xf1;
    golden[38] = 0xf2;
    EXPECT_EQ(*built, golden);
}

TEST(IpCm, TheConsumerHasWhatTheMessageLeaves)
{
    for (const auto& [carrier, room] :
         {std::pair{IpCmCarrier::kReq, 56U}, {IpCmCarrier::kSidrReq, 180U}})
    {
        EXPECT_EQ(IpCmConsumerBytes(carrier), room);
        const auto data = Bytes(room);
        const auto built = BuildIpCm(Endpoints4(), carrier, data);
        ASSERT_TRUE(built);
        EXPECT_EQ(built->size(), 36 + room);
        EXPECT_TRUE(std::equal(data.begin(), data.end(), built->begin() + 36));
        EXPECT_EQ(BuildIpCm(Endpoints4(), carrier, Bytes(room + 1)),
                  tl::unexpected(IpCmError::kConsumerData));
    }
}

TEST(IpCm, ARequestForWhatIsNoHostIsNotBuilt)
{
    const IpAddress good4 = IpAddress::V4(kV4Source);
    const IpAddress good6 = IpAddress::V6(V6("2001:db8::1"));
    const auto build = [](const IpAddress& source, const IpAddress& destination) {
        return BuildIpCm({source, 1, destination}, IpCmCarrier::kReq);
    };
    EXPECT_EQ(build(good4, good6), tl::unexpected(IpCmError::kMixedVersions));
    EXPECT_EQ(build(good6, good4), tl::unexpected(IpCmError::kMixedVersions));
    for (const std::uint32_t bad : {0U, 0xffffffffU, 0xe0000000U, 0xefffffffU})
    {
        EXPECT_EQ(build(IpAddress::V4(bad), good4), tl::unexpected(IpCmError::kSourceAddress));
        EXPECT_EQ(build(good4, IpAddress::V4(bad)), tl::unexpected(IpCmError::kDestinationAddress));
    }
    for (const char* bad : {"::", "ff02::1", "ffff::"})
    {
        const IpAddress address = IpAddress::V6(V6(bad));
        EXPECT_EQ(build(address, good6), tl::unexpected(IpCmError::kSourceAddress)) << bad;
        EXPECT_EQ(build(good6, address), tl::unexpected(IpCmError::kDestinationAddress)) << bad;
    }
    EXPECT_TRUE(build(IpAddress::V4(0xdfffffff), IpAddress::V4(0xf0000000)));
    EXPECT_TRUE(build(IpAddress::V6(V6("::1")), IpAddress::V6(V6("::ffff:10.0.0.1"))));
}

TEST(IpCm, WhatWasBuiltIsReadBack)
{
    for (const IpCmEndpoints& endpoints : {Endpoints4(), Endpoints6()})
    {
        const auto data = Bytes(56, 9);
        const auto built = BuildIpCm(endpoints, IpCmCarrier::kReq, data).value();
        const auto parsed = ParseIpCm(built, kTcp);
        ASSERT_TRUE(parsed);
        EXPECT_EQ(parsed->endpoints, endpoints);
        EXPECT_EQ(parsed->service, (IpCmService{PortSpace::kTcp, 0x1234}));
        EXPECT_TRUE(std::equal(
            data.begin(), data.end(), parsed->consumerData.begin(), parsed->consumerData.end()));
    }
}

TEST(IpCm, EachFieldIsCheckedInItsTurn)
{
    const auto reasonOf = [](const std::vector<std::uint8_t>& bytes)
    {
        const auto parsed = ParseIpCm(bytes, kTcp);
        return parsed ? std::string("none") : std::string(ToString(parsed.error()));
    };
    auto bytes = Golden4();
    EXPECT_EQ(reasonOf(bytes), "none");
    // All is wrong at first; mended in the order of the reasons, each shows the next.
    bytes[0] = 0x11;
    bytes[1] = 0x50;
    bytes[4] = 1;
    bytes[31] = 1;
    EXPECT_EQ(reasonOf(bytes), "unsupported major version");
    bytes[0] = 0x01;
    EXPECT_EQ(reasonOf(bytes), "unsupported minor version");
    bytes[0] = 0;
    EXPECT_EQ(reasonOf(bytes), "invalid IP version");
    bytes[1] = 0x4f; // the lower half is reserved
    EXPECT_EQ(reasonOf(bytes), "invalid source address");
    bytes[4] = 0;
    EXPECT_EQ(reasonOf(bytes), "invalid destination address");
    bytes[31] = 0;
    EXPECT_EQ(reasonOf(bytes), "none");
}

TEST(IpCm, EachVersionButFourAndSixIsRejected)
{
    for (unsigned version = 0; version < 16; ++version)
    {
        auto bytes = Golden4();
        bytes[1] = static_cast<std::uint8_t>(version << 4);
        EXPECT_EQ(ParseIpCm(bytes, kTcp).has_value(), version == 4 || version == 6) << version;
        auto versioned = Golden4();
        versioned[0] = static_cast<std::uint8_t>(version << 4);
        EXPECT_EQ(ParseIpCm(versioned, kTcp).has_value(), version == 0) << version;
        versioned[0] = static_cast<std::uint8_t>(version);
        EXPECT_EQ(ParseIpCm(versioned, kTcp).has_value(), version == 0) << version;
    }
}

TEST(IpCm, AnIpv4AddressIsTheLastFourBytes)
{
    for (std::size_t i = 0; i < 12; ++i)
    {
        for (const std::uint8_t bit : {0x01, 0x80})
        {
            auto bytes = Golden4();
            bytes[4 + i] = bit;
            EXPECT_EQ(ParseIpCm(bytes, kTcp).error(), Reason::kSourceAddress) << i;
            bytes = Golden4();
            bytes[20 + i] = bit;
            EXPECT_EQ(ParseIpCm(bytes, kTcp).error(), Reason::kDestinationAddress) << i;
            bytes[1] = 0x60;
            EXPECT_TRUE(ParseIpCm(bytes, kTcp)) << "of IPv6 all bytes count";
        }
    }
}

TEST(IpCm, AddressesOfNoHostAreRejected)
{
    for (const std::uint32_t bad : {0U, 0xffffffffU, 0xe0000001U})
    {
        for (const bool source : {true, false})
        {
            auto bytes = Golden4();
            for (std::size_t i = 0; i < 4; ++i)
            {
                bytes[(source ? 16 : 32) + i] = static_cast<std::uint8_t>(bad >> (24 - 8 * i));
            }
            const auto parsed = ParseIpCm(bytes, kTcp);
            ASSERT_FALSE(parsed) << bad;
            EXPECT_EQ(parsed.error(),
                      source ? Reason::kSourceAddress : Reason::kDestinationAddress);
        }
    }
    auto bytes = Golden4();
    bytes[1] = 0x60;
    bytes[20] = 0xff;
    EXPECT_EQ(ParseIpCm(bytes, kTcp).error(), Reason::kDestinationAddress);
}

TEST(IpCm, EachShorterPieceIsRejected)
{
    const auto bytes = Golden4();
    for (std::size_t size = 0; size < 36; ++size)
    {
        // A copy of this size, so that reading on is found by a sanitizer.
        const std::vector<std::uint8_t> piece(bytes.begin(),
                                              bytes.begin() + static_cast<std::ptrdiff_t>(size));
        const auto parsed = ParseIpCm(piece, kTcp);
        ASSERT_FALSE(parsed) << size;
        EXPECT_EQ(parsed.error(), Reason::kUnspecified);
    }
    EXPECT_TRUE(ParseIpCm(bytes, kTcp)->consumerData.empty());
}

TEST(IpCm, ServiceIds)
{
    const std::tuple<PortSpace, std::uint16_t, std::uint64_t> known[] = {
        {PortSpace::kIpoib, 0xffff, 0x000000000002ffff},
        {PortSpace::kTcp, 20049, 0x0000000001064e51},
        {PortSpace::kUdp, 0, 0x0000000001110000},
        {PortSpace::kIb, 1, 0x00000000013f0001},
        {static_cast<PortSpace>(0x0100), 0, 0x0000000001000000},
        {static_cast<PortSpace>(0x01ff), 0xffff, 0x0000000001ffffff},
    };
    for (const auto& [space, port, id] : known)
    {
        EXPECT_EQ(ServiceIdOf({space, port}), id);
        EXPECT_EQ(IpCmServiceOf(id), (IpCmService{space, port})) << std::hex << id;
    }
    for (const std::uint64_t id : {0x0000000000000000ULL,
                                   0x0000000000011234ULL, // SDP
                                   0x0000000000030000ULL,
                                   0x0000000002000000ULL,
                                   0x0000000101061234ULL,
                                   0x0100000001061234ULL,
                                   0x1000000000004242ULL,
                                   0xffffffffffffffffULL})
    {
        EXPECT_EQ(IpCmServiceOf(id), std::nullopt) << std::hex << id;
        EXPECT_EQ(ParseIpCm(Golden4(), id).error(), Reason::kUnspecified);
    }
}

TEST(IpCm, TheReasonOfARejection)
{
    for (unsigned reason = 0; reason < 7; ++reason)
    {
        const auto info = RejectInfo(static_cast<Reason>(reason));
        EXPECT_EQ(info, (std::array<std::uint8_t, 2>{0, static_cast<std::uint8_t>(reason)}));
        EXPECT_EQ(IpCmReasonOf(info), static_cast<Reason>(reason));
        EXPECT_STRNE(ToString(static_cast<Reason>(reason)), "unrecognized reason");
    }
    EXPECT_STREQ(ToString(static_cast<Reason>(7)), "unrecognized reason");
    EXPECT_EQ(IpCmReasonOf({}), std::nullopt);
    EXPECT_EQ(IpCmReasonOf(std::array<std::uint8_t, 1>{0}), std::nullopt);
    EXPECT_EQ(IpCmReasonOf(std::array<std::uint8_t, 2>{1, 4}), std::nullopt) << "the consumer's";
}

TEST(IpCm, ErrorsHaveWords)
{
    EXPECT_STREQ(ToString(IpCmError::kMixedVersions), "IPv4 and IPv6 addresses in one request");
    EXPECT_STREQ(ToString(IpCmError::kConsumerData),
                 "more consumer data than fits behind the IP CM header");
}

class IpCmOverCm : public Pair
{
};

TEST_F(IpCmOverCm, AConnectionBetweenAddresses)
{
    ListenB(kTcp);
    ReqParameters req = Req();
    req.serviceId = ServiceIdOf({PortSpace::kTcp, 0x1234});
    const auto data = BuildIpCm(Endpoints4(), IpCmCarrier::kReq, Bytes(56)).value();
    req.privateData = data;
    a = Connect(req);
    Settle();
    const Event& event = hostB->consumer.Last().event;
    const auto parsed =
        ParseIpCm(event.privateData.Bytes(), std::get<ReqReceived>(event.parameters).serviceId);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->endpoints, Endpoints4());
    EXPECT_TRUE(Holds(parsed->consumerData, Bytes(56)));
    EXPECT_EQ(parsed->consumerData.size(), 56U);
}

TEST_F(IpCmOverCm, ARequestWithoutAHeaderIsRejected)
{
    ListenB(kTcp);
    ReqParameters req = Req();
    req.serviceId = kTcp;
    a = Connect(req);
    Settle();
    const Event& event = hostB->consumer.Last().event;
    const auto parsed = ParseIpCm(event.privateData.Bytes(), kTcp);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error(), Reason::kIpVersion) << "all zero";
    const auto info = RejectInfo(parsed.error());
    ASSERT_TRUE(hostB->cm.SendRej(Accepted(), ibwire::RejReason::kConsumer, info));
    Settle();
    const auto& rej = std::get<RejReceived>(hostA->consumer.Last().event.parameters);
    EXPECT_EQ(rej.reason, ibwire::RejReason::kConsumer);
    EXPECT_EQ(IpCmReasonOf(std::span(rej.info).first(rej.infoLength)), Reason::kIpVersion);
}

TEST_F(IpCmOverCm, AnAddressThatIsResolved)
{
    ListenB(ServiceIdOf({PortSpace::kUdp, 7}));
    SidrReqParameters ask;
    ask.serviceId = ServiceIdOf({PortSpace::kUdp, 7});
    ask.path = PathToB();
    const auto data = BuildIpCm(Endpoints6(), IpCmCarrier::kSidrReq, Bytes(180)).value();
    ask.privateData = data;
    a = CreateA();
    ASSERT_TRUE(hostA->cm.SendSidrReq(a, ask));
    Settle();
    const Told& told = hostB->consumer.Last();
    created.emplace_back(hostB.get(), told.id);
    const auto parsed = ParseIpCm(told.event.privateData.Bytes(),
                                  std::get<SidrReqReceived>(told.event.parameters).serviceId);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->endpoints, Endpoints6());
    EXPECT_EQ(parsed->consumerData.size(), 180U);
}

} // namespace
} // namespace ibcm::test
