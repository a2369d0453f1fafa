// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/model/ip-route.h"
#include "ibcm-verbs/model/netlink-message.h"

#include <gtest/gtest.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace cmverbs::test
{
namespace
{

const ibcm::IpAddress kPeer = ibcm::IpAddress::V4(0x0a000002);

/** An answer is laid out as a request is. */
NetlinkRequest RouteAnswer(std::uint8_t type = RTN_UNICAST)
{
    rtmsg fixed{};
    fixed.rtm_family = AF_INET;
    fixed.rtm_type = type;
    NetlinkRequest answer(RTM_NEWROUTE, fixed);
    answer.Append(RTA_OIF, 7U);
    answer.Append(RTA_PREFSRC, std::array<std::uint8_t, 4>{10, 0, 0, 1});
    return answer;
}

VerbsResult<IpRoute> Read(const NetlinkRequest& answer)
{
    return RouteOf(NetlinkAnswer(answer.Bytes(), sizeof(rtmsg)), kPeer);
}

TEST(NetlinkMessage, ReadsWhatItWrites)
{
    rtmsg fixed{};
    fixed.rtm_dst_len = 32;
    NetlinkRequest request(RTM_GETROUTE, fixed);
    request.Append(RTA_DST, std::array<std::uint8_t, 3>{1, 2, 3}); // an odd length is padded
    request.Append(RTA_OIF, 0x01020304U);
    const NetlinkAnswer answer(request.Bytes(), sizeof fixed);
    EXPECT_EQ(answer.Error(), std::nullopt);
    EXPECT_EQ(answer.Fixed<rtmsg>().rtm_dst_len, 32);
    EXPECT_EQ(answer.Attribute(RTA_DST).size(), 3U);
    EXPECT_EQ(answer.Number(RTA_OIF), 0x01020304U);
    EXPECT_EQ(answer.Number(RTA_DST), std::nullopt);
    EXPECT_TRUE(answer.Attribute(RTA_GATEWAY).empty());
}

TEST(NetlinkMessage, ReadsErrors)
{
    NetlinkRequest error(NLMSG_ERROR, nlmsgerr{-ENETUNREACH, {}});
    EXPECT_EQ(NetlinkAnswer(error.Bytes(), sizeof(rtmsg)).Error(), -ENETUNREACH);
}

TEST(NetlinkMessage, SurvivesEveryCut)
{
    const NetlinkRequest whole = RouteAnswer();
    for (std::size_t size = 0; size < whole.Bytes().size(); ++size)
    {
        const NetlinkAnswer answer(whole.Bytes().first(size), sizeof(rtmsg));
        EXPECT_FALSE(RouteOf(answer, kPeer)) << size;
    }
}

TEST(NetlinkMessage, SurvivesAttributesThatLie)
{
    const NetlinkRequest whole = RouteAnswer();
    std::vector<std::uint8_t> bytes(whole.Bytes().begin(), whole.Bytes().end());
    const std::size_t attribute = sizeof(nlmsghdr) + sizeof(rtmsg);
    for (const std::uint16_t length : {0, 1, 3, 5, 0xffff})
    {
        std::memcpy(&bytes[attribute], &length, sizeof length);
        EXPECT_EQ(NetlinkAnswer(bytes, sizeof(rtmsg)).Number(RTA_OIF), std::nullopt) << length;
    }
}

TEST(IpRoute, IsReadFromTheAnswer)
{
    auto route = Read(RouteAnswer());
    ASSERT_TRUE(route);
    EXPECT_EQ(route->interface, 7U);
    EXPECT_EQ(ToString(route->source), "10.0.0.1");
    EXPECT_EQ(route->nextHop, kPeer);
    EXPECT_FALSE(route->local);
    NetlinkRequest routed = RouteAnswer();
    routed.Append(RTA_GATEWAY, std::array<std::uint8_t, 4>{10, 0, 0, 254});
    EXPECT_EQ(ToString(Read(routed)->nextHop), "10.0.0.254");
    EXPECT_TRUE(Read(RouteAnswer(RTN_LOCAL))->local);
}

TEST(IpRoute, SaysWhyThereIsNone)
{
    EXPECT_EQ(Read(RouteAnswer(RTN_UNREACHABLE)).error().code, EHOSTUNREACH);
    EXPECT_EQ(Read(RouteAnswer(RTN_MULTICAST)).error().code, ENETUNREACH);
    const auto error = [](int code) {
        return Read(NetlinkRequest(NLMSG_ERROR, nlmsgerr{code, {}})).error().code;
    };
    EXPECT_EQ(error(-ENETUNREACH), ENETUNREACH);
    EXPECT_EQ(error(-EINVAL), EADDRNOTAVAIL); // a source that is none of this machine
    EXPECT_EQ(error(0), EIO);
}

TEST(IpRoute, KnowsTheStatesOfNeighbours)
{
    const auto state = [](std::uint16_t kernel)
    {
        ndmsg fixed{};
        fixed.ndm_state = kernel;
        return NeighbourStateOf(
            NetlinkAnswer(NetlinkRequest(RTM_NEWNEIGH, fixed).Bytes(), sizeof fixed));
    };
    for (const std::uint16_t known :
         {NUD_REACHABLE, NUD_STALE, NUD_DELAY, NUD_PROBE, NUD_PERMANENT, NUD_NOARP})
    {
        EXPECT_EQ(state(known), NeighbourState::kReachable) << known;
    }
    EXPECT_EQ(state(NUD_FAILED), NeighbourState::kFailed);
    EXPECT_EQ(state(NUD_INCOMPLETE), NeighbourState::kAsked);
    EXPECT_EQ(state(NUD_NONE), NeighbourState::kUnknown);
    EXPECT_EQ(NeighbourStateOf(NetlinkAnswer(
                  NetlinkRequest(NLMSG_ERROR, nlmsgerr{-ENOENT, {}}).Bytes(), sizeof(ndmsg))),
              NeighbourState::kUnknown);
}

TEST(IpRoute, ReadsAndWritesAddresses)
{
    EXPECT_EQ(ToString(*ParseAddress("10.9.0.1")), "10.9.0.1");
    EXPECT_EQ(ParseAddress("10.9.0.1"), ibcm::IpAddress::V4(0x0a090001));
    EXPECT_EQ(ToString(*ParseAddress("fd09::1")), "fd09::1");
    EXPECT_EQ(ParseAddress("localhost"), std::nullopt);
    EXPECT_EQ(ParseAddress("10.9.0"), std::nullopt);
    EXPECT_EQ(ParseAddress(""), std::nullopt);
}

/** Every machine can reach itself. */
TEST(IpRoute, OfThisMachineIsLocal)
{
    const auto route = FindRoute(*ParseAddress("127.0.0.1"), std::nullopt, 0);
    if (!route)
    {
        GTEST_SKIP() << "no loopback interface here: " << route.error().text;
    }
    EXPECT_TRUE(route->local);
    const auto interface = FindInterface(route->interface);
    ASSERT_TRUE(interface);
    EXPECT_EQ(interface->name, "lo");
    EXPECT_FALSE(interface->infiniband);
    EXPECT_GT(interface->mtu, 1000U);
    EXPECT_EQ(FindInterface(0x7ffffff0).error().code, ENODEV);
    // From an address that nobody has; or to one of another version.
    EXPECT_FALSE(FindRoute(*ParseAddress("127.0.0.1"), ParseAddress("192.0.2.1"), 0));
    EXPECT_EQ(FindRoute(*ParseAddress("127.0.0.1"), ParseAddress("::1"), 0).error().code,
              EADDRNOTAVAIL);
}

} // namespace
} // namespace cmverbs::test
