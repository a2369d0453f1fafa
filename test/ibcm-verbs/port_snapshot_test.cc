// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/model/port-snapshot.h"

#include <gtest/gtest.h>

namespace cmverbs::test
{
namespace
{

const ibwire::Gid kLinkLocal = ibwire::Gid::From(0xfe80000000000000, 1);
const ibwire::Gid kAddress = GidOfAddress(ibcm::IpAddress::V4(0x0a000001));

PortSnapshot Ethernet()
{
    PortSnapshot port;
    port.ethernet = true;
    port.gids = {{kLinkLocal, 0, GidType::kRoceV1, 2},
                 {kLinkLocal, 1, GidType::kRoceV2, 2},
                 {kAddress, 2, GidType::kRoceV1, 2},
                 {kAddress, 3, GidType::kRoceV2, 2},
                 {kAddress, 5, GidType::kRoceV2, 9}};
    return port;
}

TEST(PortSnapshot, TakesRoceV2OnEthernet)
{
    const PortSnapshot port = Ethernet();
    ASSERT_NE(FindGid(port, kAddress), nullptr);
    EXPECT_EQ(FindGid(port, kAddress)->index, 3);
    EXPECT_EQ(FindGid(port, kLinkLocal)->index, 1);
    EXPECT_EQ(FindGid(port, ibwire::Gid::From(1, 2)), nullptr);
}

TEST(PortSnapshot, TakesTheInterfaceThatIsAskedForAndElseTheFirst)
{
    const PortSnapshot port = Ethernet();
    EXPECT_EQ(FindGid(port, kAddress, 9)->index, 5);
    EXPECT_EQ(FindGid(port, kAddress, 2)->index, 3);
    EXPECT_EQ(FindGid(port, kAddress, 77)->index, 3);
}

TEST(PortSnapshot, TakesAnyGidOnInfiniband)
{
    PortSnapshot port;
    port.gids = {{kLinkLocal, 0, GidType::kInfiniband, 0}};
    EXPECT_EQ(FindGid(port, kLinkLocal)->index, 0);
    EXPECT_TRUE(HasUsableGid(port));
}

TEST(PortSnapshot, CannotUseAPortWithRoceV1Only)
{
    PortSnapshot port = Ethernet();
    port.gids.resize(1);
    EXPECT_FALSE(HasUsableGid(port));
    EXPECT_EQ(FindGid(port, kLinkLocal), nullptr);
    port.gids.clear();
    EXPECT_FALSE(HasUsableGid(port));
}

TEST(PortSnapshot, FindsAGidByItsIndexNotByItsPlace)
{
    EXPECT_EQ(GidAt(Ethernet(), 5)->interface, 9U);
    EXPECT_EQ(GidAt(Ethernet(), 4), nullptr);
}

TEST(PortSnapshot, MatchesPkeysByTheirLowerBits)
{
    PortSnapshot port;
    port.pkeys = {0x7fff, 0x8001, 0x0001, 0, 0xffff};
    EXPECT_EQ(FindPkey(port, 0xffff), 4);
    EXPECT_EQ(FindPkey(port, 0x7fff), 0);
    EXPECT_EQ(FindPkey(port, 0x8001), 1);
    EXPECT_EQ(FindPkey(port, 0x0001), 2);
    EXPECT_EQ(FindPkey(port, 0x8002), std::nullopt);
    port.pkeys = {0x7fff};
    EXPECT_EQ(FindPkey(port, 0xffff), 0); // limited membership will do
}

TEST(PortSnapshot, NeverFindsTheInvalidPkey)
{
    PortSnapshot port;
    port.pkeys = {0, 0x8000};
    EXPECT_EQ(FindPkey(port, 0x8000), std::nullopt);
    EXPECT_EQ(FindPkey(port, 0), std::nullopt);
    EXPECT_EQ(PkeyAt(port, 17), 0xffff);
}

TEST(PortSnapshot, TurnsAddressesIntoGidsAndBack)
{
    EXPECT_EQ(ibwire::ToString(kAddress), "::ffff:10.0.0.1");
    EXPECT_EQ(AddressOfGid(kAddress), ibcm::IpAddress::V4(0x0a000001));
    const auto v6 = ibwire::ParseGid("fd09::1");
    ASSERT_TRUE(v6);
    EXPECT_EQ(GidOfAddress(ibcm::IpAddress::V6(*v6)), *v6);
    EXPECT_EQ(AddressOfGid(*v6), ibcm::IpAddress::V6(*v6));
}

TEST(PortSnapshot, KnowsTheRatesOfLinks)
{
    EXPECT_EQ(LinkRate(1, 1), ibwire::Rate::k2_5Gbps);  // SDR 1x
    EXPECT_EQ(LinkRate(1, 2), ibwire::Rate::k10Gbps);   // SDR 4x
    EXPECT_EQ(LinkRate(4, 2), ibwire::Rate::k40Gbps);   // QDR 4x
    EXPECT_EQ(LinkRate(16, 2), ibwire::Rate::k56Gbps);  // FDR 4x
    EXPECT_EQ(LinkRate(32, 2), ibwire::Rate::k100Gbps); // EDR 4x
    EXPECT_EQ(LinkRate(64, 2), ibwire::Rate::k200Gbps); // HDR 4x
    EXPECT_EQ(LinkRate(128, 2), ibwire::Rate::k400Gbps);
    EXPECT_EQ(LinkRate(3, 2), ibwire::Rate{0});
    EXPECT_EQ(LinkRate(1, 32), ibwire::Rate{0});
}

TEST(PortSnapshot, IsReplacedAsAWhole)
{
    PortState state(Ethernet());
    const auto before = state.Get();
    PortSnapshot next;
    next.lid = 17;
    state.Set(next);
    EXPECT_EQ(before->gids.size(), 5U);
    EXPECT_EQ(state.Get()->lid, 17);
    EXPECT_TRUE(state.Get()->gids.empty());
}

} // namespace
} // namespace cmverbs::test
