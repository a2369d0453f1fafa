// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the Linux kernel put on the wire: decoded, encoded again, checked.
#include "capture.h"

#include "ib-wire/model/crc.h"
#include "messages.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace
{

using namespace ibwiretest;

TEST(Capture, EveryCmMadEncodesToTheSameBytes)
{
    std::map<std::string, int> seen;
    for (const std::string& name : CaptureNames())
    {
        for (const RoceFrame& frame : ReadRoceFrames(CapturePath(name)))
        {
            if (!frame.mad || DecodeHeader(*frame.mad).mgmtClass != MgmtClass::kCm)
            {
                continue;
            }
            SCOPED_TRACE(name + " frame " + std::to_string(frame.number));
            const auto message = DecodeCm(*frame.mad);
            ASSERT_TRUE(message.has_value()) << ToString(message.error());
            const auto again = EncodeCm(DecodeHeader(*frame.mad), *message);
            ASSERT_TRUE(again.has_value()) << ToString(again.error());
            EXPECT_EQ(*again, *frame.mad);
            ++seen[MadKindName(*frame.mad)];
        }
    }
    // That all of them were looked at is part of the claim.
    EXPECT_EQ(seen,
              (std::map<std::string, int>{{"REQ", 54},
                                          {"REP", 53},
                                          {"RTU", 53},
                                          {"DREQ", 53},
                                          {"DREP", 53},
                                          {"REJ", 1},
                                          {"SIDR_REQ", 4},
                                          {"SIDR_REP", 4}}));
}

TEST(Capture, EveryIcrcIsAsCaptured)
{
    std::size_t frames = 0;
    for (const std::string& name : CaptureNames())
    {
        for (const RoceFrame& frame : ReadRoceFrames(CapturePath(name)))
        {
            SCOPED_TRACE(name + " frame " + std::to_string(frame.number));
            const auto icrc = RoceIcrc(frame.packet);
            ASSERT_TRUE(icrc.has_value()) << ToString(icrc.error());
            EXPECT_TRUE(std::equal(icrc->begin(), icrc->end(), frame.icrc.begin()));
            ++frames;
        }
    }
    EXPECT_EQ(frames, 579u);
}

TEST(Capture, EveryTransportHeaderEncodesToTheSameBytes)
{
    for (const std::string& name : CaptureNames())
    {
        for (const RoceFrame& frame : ReadRoceFrames(CapturePath(name)))
        {
            SCOPED_TRACE(name + " frame " + std::to_string(frame.number));
            const std::span bytes = std::span(frame.packet).subspan(frame.bthAt);
            const auto bth = DecodePrefix<Bth>(bytes);
            ASSERT_TRUE(bth.has_value());
            std::array<std::uint8_t, Bth::kBytes> again;
            ASSERT_TRUE(Encode(*bth, again).has_value());
            EXPECT_TRUE(std::equal(again.begin(), again.end(), bytes.begin()));
            EXPECT_STRNE(ToString(bth->opCode), "reserved opcode");
            EXPECT_LE(Bth::kBytes + ExtendedHeaderBytes(bth->opCode) + bth->padCount, bytes.size());
        }
    }
}

TEST(Capture, RequestsCarryTheIpCmHeader)
{
    int requests = 0;
    for (const RoceFrame& frame : ReadRoceFrames(CapturePath("rping-ipv6.pcap")))
    {
        if (!frame.mad || MadKindName(*frame.mad) != "REQ")
        {
            continue;
        }
        ++requests;
        const auto req = Unpack<CmReq>(CmData(*frame.mad));
        EXPECT_EQ(req.serviceId, IpCmServiceId(PortSpace::kTcp, 7174));
        EXPECT_EQ(req.localCaGuid, 0x505400fffe000003u);
        const auto ip = DecodePrefix<IpCmHeader>(req.privateData);
        ASSERT_TRUE(ip.has_value());
        EXPECT_EQ(ip->majorVersion, 0);
        EXPECT_EQ(ip->minorVersion, 0);
        EXPECT_EQ(ip->ipVersion, 6);
        EXPECT_NE(ip->sourcePort, 0);
        EXPECT_EQ(ToString(ip->sourceAddress), "fd09::3");
        EXPECT_EQ(ToString(ip->destinationAddress), "fd09::1");
    }
    EXPECT_EQ(requests, 1);
}

} // namespace
