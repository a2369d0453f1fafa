// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/model/umad-address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace cmverbs::test
{
namespace
{

ibcm::MadAddress Global()
{
    ibcm::MadAddress address;
    address.dlid = 0x1234;
    address.sl = 5;
    address.sourcePathBits = 3;
    address.pkeyIndex = 0x0102;
    address.qpn = 0x345678;
    address.qkey = 0x80010000;
    address.hasGrh = true;
    address.dgid = ibwire::Gid::From(0xfe80000000000000, 0x0102030405060708);
    address.sgidIndex = 7;
    address.flowLabel = 0xabcde;
    address.hopLimit = 64;
    address.trafficClass = 0x20;
    return address;
}

TEST(UmadAddress, PutsIntegersIntoNetworkOrderButThePkeyIndex)
{
    const ib_mad_addr_t umad = ToUmad(Global());
    EXPECT_EQ(umad.qpn, htonl(0x345678));
    EXPECT_EQ(umad.qkey, htonl(0x80010000));
    EXPECT_EQ(umad.lid, htons(0x1234));
    EXPECT_EQ(umad.flow_label, htonl(0xabcde));
    EXPECT_EQ(umad.pkey_index, 0x0102);
    EXPECT_EQ(umad.sl, 5);
    EXPECT_EQ(umad.path_bits, 3);
    EXPECT_EQ(umad.grh_present, 1);
    EXPECT_EQ(umad.gid_index, 7);
    EXPECT_EQ(umad.hop_limit, 64);
    EXPECT_EQ(umad.traffic_class, 0x20);
    EXPECT_EQ(umad.gid[0], 0xfe);
    EXPECT_EQ(umad.gid[15], 0x08);
}

TEST(UmadAddress, LeavesTheGrhOutWhereThereIsNone)
{
    ibcm::MadAddress address = Global();
    address.hasGrh = false;
    const ib_mad_addr_t umad = ToUmad(address);
    EXPECT_EQ(umad.grh_present, 0);
    EXPECT_EQ(umad.gid_index, 0);
    EXPECT_EQ(umad.hop_limit, 0);
    EXPECT_EQ(umad.flow_label, 0U);
    EXPECT_TRUE(std::all_of(
        std::begin(umad.gid), std::end(umad.gid), [](std::uint8_t byte) { return byte == 0; }));
    EXPECT_FALSE(ReplyAddressOf(umad).hasGrh);
    EXPECT_EQ(ReplyAddressOf(umad).dlid, 0x1234);
}

TEST(UmadAddress, IsTheSameThereAndBack)
{
    EXPECT_EQ(ReplyAddressOf(ToUmad(Global())), Global());
}

TEST(UmadAddress, AnswersWithTheKeyOfQp1WhateverTheKernelLeftThere)
{
    ib_mad_addr_t umad = ToUmad(Global());
    umad.qkey = 0;
    EXPECT_EQ(ReplyAddressOf(umad).qkey, ibwire::kGsiQkey);
}

TEST(UmadAddress, KeepsTwentyBitsOfTheFlowLabel)
{
    ib_mad_addr_t umad = ToUmad(Global());
    umad.flow_label = htonl(0x6ab12345); // with version and traffic class before it
    EXPECT_EQ(ReplyAddressOf(umad).flowLabel, 0x12345U);
}

} // namespace
} // namespace cmverbs::test
