// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/model/roce-route.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace cmverbs::test
{
namespace
{

const ibcm::IpAddress kOwn = ibcm::IpAddress::V4(0x0a000001);
const ibcm::IpAddress kPeer = ibcm::IpAddress::V4(0x0a000002);

PortSnapshot Port()
{
    PortSnapshot port;
    port.number = 2;
    port.ethernet = true;
    port.mtu = ibwire::Mtu::k4096;
    port.rate = ibwire::Rate::k100Gbps;
    port.gids = {{GidOfAddress(kOwn), 0, GidType::kRoceV1, 3},
                 {GidOfAddress(kOwn), 1, GidType::kRoceV2, 3},
                 {GidOfAddress(kOwn), 4, GidType::kRoceV2, 5}};
    return port;
}

IpRoute Way(unsigned interface)
{
    IpRoute route;
    route.source = kOwn;
    route.nextHop = kPeer;
    route.interface = interface;
    return route;
}

TEST(RoceRoute, LeavesByTheInterfaceOfTheRoute)
{
    EXPECT_EQ(RoceSource(Port(), Way(3), false)->index, 1);
    EXPECT_EQ(RoceSource(Port(), Way(5), false)->index, 4); // say, a VLAN
}

TEST(RoceRoute, LeavesByAnyInterfaceToThisMachine)
{
    IpRoute loopback = Way(1);
    loopback.local = true;
    EXPECT_EQ(RoceSource(Port(), loopback, false)->index, 1);
}

TEST(RoceRoute, RefusesWhatGoesByAnotherDevice)
{
    EXPECT_EQ(RoceSource(Port(), Way(8), false).error().code, ENODEV);
    IpRoute other = Way(3);
    other.source = kPeer;
    EXPECT_EQ(RoceSource(Port(), other, false).error().code, ENODEV);
    EXPECT_EQ(RoceSource(Port(), other, true).error().code, EADDRNOTAVAIL);
}

TEST(RoceRoute, RefusesASourceThatIsNotThePorts)
{
    EXPECT_EQ(ResolveRoce(Port(), kPeer, kPeer).error().code, EADDRNOTAVAIL);
}

TEST(RoceRoute, RefusesAddressesOfMoreThanOneHost)
{
    EXPECT_EQ(ResolveRoce(Port(), ibcm::IpAddress::V4(0xe0000001), std::nullopt).error().code,
              EINVAL);
    EXPECT_EQ(ResolveRoce(Port(), ibcm::IpAddress(), std::nullopt).error().code, EINVAL);
}

TEST(RoceRoute, MakesAPathWithoutLids)
{
    const PortSnapshot port = Port();
    const ibcm::Path path = RocePath(port, port.gids[1], kPeer, 1500);
    EXPECT_EQ(path.sgid, GidOfAddress(kOwn));
    EXPECT_EQ(path.dgid, GidOfAddress(kPeer));
    EXPECT_EQ(path.slid, 0);
    EXPECT_EQ(path.dlid, 0);
    EXPECT_EQ(path.pkey, 0xffff);
    EXPECT_EQ(path.hopLimit, 64);
    EXPECT_EQ(path.mtu, static_cast<std::uint8_t>(ibwire::Mtu::k1024));
    EXPECT_EQ(path.rate, static_cast<std::uint8_t>(ibwire::Rate::k100Gbps));
    EXPECT_EQ(path.packetLifeTime, 18);
    EXPECT_LE(path.flowLabel, 0xfffffU);
    // The same flow always takes the same way, the way back may be another.
    EXPECT_EQ(path.flowLabel, RocePath(port, port.gids[1], kPeer, 1500).flowLabel);
    const ibcm::IpAddress other = ibcm::IpAddress::V4(0x0a000003);
    EXPECT_NE(path.flowLabel, RocePath(port, port.gids[1], other, 1500).flowLabel);
}

TEST(RoceRoute, TakesTheSmallerMtu)
{
    PortSnapshot port = Port();
    const auto mtu = [&port](std::uint32_t bytes)
    { return static_cast<ibwire::Mtu>(RocePath(port, port.gids[1], kPeer, bytes).mtu); };
    EXPECT_EQ(mtu(9000), ibwire::Mtu::k4096);
    EXPECT_EQ(mtu(0), ibwire::Mtu::k4096); // to this machine
    EXPECT_EQ(mtu(4200), ibwire::Mtu::k4096);
    EXPECT_EQ(mtu(4096), ibwire::Mtu::k2048); // the headers need room, too
    port.mtu = ibwire::Mtu::k1024;
    EXPECT_EQ(mtu(9000), ibwire::Mtu::k1024);
    EXPECT_EQ(RoceMtu(100), ibwire::Mtu{0});
    EXPECT_EQ(RoceMtu(0), ibwire::Mtu{0});
}

} // namespace
} // namespace cmverbs::test
