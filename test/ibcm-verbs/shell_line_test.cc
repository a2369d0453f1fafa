// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The shell's lines as text: what is understood, and what is said about what is not.
#include "ibcm-verbs/helper/shell-line.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

namespace cmverbs::test
{
namespace
{

ShellResult<ShellCommand> Parse(std::string_view line)
{
    return ParseCommand(SplitWords(line));
}

TEST(ShellWords, AreSeparatedByAnyBlanks)
{
    EXPECT_EQ(SplitWords("  listen\t7000 ps=udp\r"), (ShellWords{"listen", "7000", "ps=udp"}));
    EXPECT_TRUE(SplitWords("").empty());
    EXPECT_TRUE(SplitWords(" \t ").empty());
}

TEST(ShellWords, NumbersAreDecimalOrHexadecimalAndInTheirRange)
{
    EXPECT_EQ(ParseNumber("17", 0, 100), 17U);
    EXPECT_EQ(ParseNumber("0x1F", 0, 100), 31U);
    EXPECT_EQ(ParseNumber("017", 0, 100), 17U); // never octal
    EXPECT_EQ(ParseNumber("4294967295", 0, 0xffffffff), 0xffffffffU);
    for (const char* bad : {"",
                            "-1",
                            "+1",
                            "1 ",
                            "1x",
                            "x1",
                            "0x",
                            "0xg",
                            "101",
                            "4294967296",
                            "1.0",
                            "99999999999999999999999"})
    {
        EXPECT_FALSE(ParseNumber(bad, 0, 100)) << bad;
    }
    EXPECT_FALSE(ParseNumber("4", 5, 100));
}

TEST(ShellWords, BytesAreTwoDigitsEach)
{
    EXPECT_EQ(ParseHex("00fFa5"), (std::vector<std::uint8_t>{0, 0xff, 0xa5}));
    EXPECT_EQ(ParseHex(""), std::vector<std::uint8_t>{});
    for (const char* bad : {"0", "0g", "+1", "0x11", "1 23"})
    {
        EXPECT_FALSE(ParseHex(bad)) << bad;
    }
    EXPECT_EQ(ToHexText(std::vector<std::uint8_t>{0, 0xff, 0, 0}), "00ff");
    EXPECT_EQ(ToHexText(std::vector<std::uint8_t>{0, 0}), "");
}

TEST(ShellWords, EceIsTwoNumbers)
{
    EXPECT_EQ(ParseEce("0x15b3:7"), (ibcm::Ece{0x15b3, 7}));
    EXPECT_EQ(ParseEce("16777215:0xffffffff"), (ibcm::Ece{0xffffff, 0xffffffff}));
    for (const char* bad : {"", ":", "1", "1:", ":1", "16777216:0", "1:2:3", "1:4294967296"})
    {
        EXPECT_FALSE(ParseEce(bad)) << bad;
    }
}

TEST(ShellWords, AddressesAreOfBothVersions)
{
    EXPECT_EQ(ParseIpAddress("10.0.0.1"), ibcm::IpAddress::V4(0x0a000001));
    EXPECT_EQ(ParseIpAddress("fe80::1"),
              ibcm::IpAddress::V6(ibwire::Gid::From(0xfe80000000000000, 1)));
    for (const char* bad : {"", "10.0.0", "10.0.0.256", "host", "fe80::1%eth0", "10.0.0.1:7000"})
    {
        EXPECT_FALSE(ParseIpAddress(bad)) << bad;
    }
}

TEST(ShellWords, ErrorsHaveNames)
{
    EXPECT_EQ(ErrnoName(EINVAL), "EINVAL");
    EXPECT_EQ(ErrnoName(ETIMEDOUT), "ETIMEDOUT");
    EXPECT_EQ(ErrnoName(100000), "error 100000");
    EXPECT_EQ(ErrnoText(EINVAL), "Invalid argument");
}

TEST(ShellLine, ListenTakesAPortAndWhatNarrowsIt)
{
    const auto plain = Parse("listen 7000");
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->verb, ShellVerb::kListen);
    EXPECT_EQ(plain->port, 7000);
    EXPECT_FALSE(plain->datagram);
    EXPECT_FALSE(plain->backlog);
    EXPECT_FALSE(plain->ip);

    const auto full = Parse("listen 65535 ip=10.0.0.2 ps=udp backlog=3");
    ASSERT_TRUE(full);
    EXPECT_EQ(full->port, 65535);
    EXPECT_TRUE(full->datagram);
    EXPECT_EQ(full->backlog, 3U);
    EXPECT_EQ(full->ip, ibcm::IpAddress::V4(0x0a000002));
}

TEST(ShellLine, ConnectTakesAllConnectionParameters)
{
    const auto command = Parse("connect 10.0.0.2 7000 acktimeout=14 qpn=0x123 rr=4 depth=5 retry=6 "
                               "rnr=3 fc=1 srq=1 ece=1:2 data=c0ffee ps=tcp");
    ASSERT_TRUE(command) << command.error().text;
    EXPECT_EQ(command->verb, ShellVerb::kConnect);
    EXPECT_EQ(command->address, ibcm::IpAddress::V4(0x0a000002));
    EXPECT_EQ(command->port, 7000);
    EXPECT_EQ(command->ackTimeout, 14);
    const ShellParameters& parameters = command->parameters;
    EXPECT_EQ(parameters.qpn, 0x123U);
    EXPECT_FALSE(parameters.realQp);
    EXPECT_EQ(parameters.responderResources, 4);
    EXPECT_EQ(parameters.initiatorDepth, 5);
    EXPECT_EQ(parameters.retryCount, 6);
    EXPECT_EQ(parameters.rnrRetryCount, 3);
    EXPECT_TRUE(parameters.flowControl);
    EXPECT_TRUE(parameters.srq);
    EXPECT_EQ(parameters.ece, (ibcm::Ece{1, 2}));
    EXPECT_EQ(parameters.data, (std::vector<std::uint8_t>{0xc0, 0xff, 0xee}));
}

TEST(ShellLine, PolicyAndAcceptTakeThemToo)
{
    const auto policy = Parse("policy reject data=01");
    ASSERT_TRUE(policy);
    EXPECT_EQ(policy->policy, ShellPolicy::kReject);
    EXPECT_EQ(policy->parameters.data, std::vector<std::uint8_t>{1});
    EXPECT_EQ(Parse("policy hold")->policy, ShellPolicy::kHold);
    EXPECT_EQ(Parse("policy accept")->policy, ShellPolicy::kAccept);

    const auto accept = Parse("accept 2 qpn=real");
    ASSERT_TRUE(accept);
    EXPECT_EQ(accept->id, 2U);
    EXPECT_TRUE(accept->parameters.realQp);
    EXPECT_FALSE(accept->parameters.qpn);
}

TEST(ShellLine, AutoLeavesAloneWhatIsNotNamed)
{
    const auto command = Parse("auto disconnect=0 destroy=1");
    ASSERT_TRUE(command);
    EXPECT_FALSE(command->establish);
    EXPECT_EQ(command->disconnect, false);
    EXPECT_EQ(command->destroy, true);
    EXPECT_TRUE(Parse("auto"));
}

TEST(ShellLine, CommandsOnIds)
{
    const std::vector<std::pair<std::string, ShellVerb>> verbs{
        {"accept", ShellVerb::kAccept},
        {"reject", ShellVerb::kReject},
        {"establish", ShellVerb::kEstablish},
        {"disconnect", ShellVerb::kDisconnect},
        {"destroy", ShellVerb::kDestroy},
        {"notify", ShellVerb::kNotify},
    };
    for (const auto& [name, verb] : verbs)
    {
        const auto command = Parse(name + " 12");
        ASSERT_TRUE(command) << name;
        EXPECT_EQ(command->verb, verb);
        EXPECT_EQ(command->id, 12U);
        EXPECT_EQ(ToString(verb), name);
        EXPECT_FALSE(Parse(name)) << name;
        EXPECT_FALSE(Parse(name + " x")) << name;
        EXPECT_FALSE(Parse(name + " 1 2")) << name;
        EXPECT_FALSE(Parse(name + " 1 ps=udp")) << name;
    }
}

TEST(ShellLine, WhatIsWrongIsSaid)
{
    const std::vector<std::pair<std::string, std::string>> refused{
        {"frobnicate", "there is no such command"},
        {"LISTEN 7000", "there is no such command"},
        {"listen", "'listen' wants a port, 1..65535"},
        {"listen 0", "'listen' wants a port, 1..65535, not '0'"},
        {"listen 65536", "'listen' wants a port, 1..65535, not '65536'"},
        {"listen 7000 7001", "'listen' does not take '7001'"},
        {"listen 7000 acktimeout=3", "'listen' does not take 'acktimeout=3'"},
        {"listen 7000 backlog=0", "'backlog' wants 1..2147483647, not '0'"},
        {"listen 7000 ip=x", "'ip' wants an IP address, not 'x'"},
        {"listen 7000 ps=sdp", "'ps' wants 'tcp' or 'udp', not 'sdp'"},
        {"listen 7000 ps=udp ps=udp", "'ps' is given twice"},
        {"connect 10.0.0.1", "'connect' wants a port, 1..65535"},
        {"connect ::g 7000", "'connect' wants an IP address, not '::g'"},
        {"connect 10.0.0.1 7000 data=1", "'data' wants two hexadecimal digits a byte, not '1'"},
        {"connect 10.0.0.1 7000 qpn=0", "'qpn' wants 1..16777215 or 'real', not '0'"},
        {"connect 10.0.0.1 7000 qpn=16777216", "'qpn' wants 1..16777215 or 'real', not '16777216'"},
        {"connect 10.0.0.1 7000 rr=256", "'rr' wants 0..255, not '256'"},
        {"connect 10.0.0.1 7000 retry=8", "'retry' wants 0..7, not '8'"},
        {"connect 10.0.0.1 7000 fc=2", "'fc' wants 0 or 1, not '2'"},
        {"connect 10.0.0.1 7000 acktimeout=32", "'acktimeout' wants 0..31, not '32'"},
        {"connect 10.0.0.1 7000 =1", "'connect' does not take '=1'"},
        {"policy maybe", "'policy' wants hold, accept or reject, not 'maybe'"},
        {"policy", "'policy' wants hold, accept or reject"},
        {"auto establish=yes", "'establish' wants 0 or 1, not 'yes'"},
        {"reject 1 rr=3", "'reject' does not take 'rr=3'"},
        {"dump 1", "'dump' does not take '1'"},
        {"quit now", "'quit' does not take 'now'"},
    };
    for (const auto& [line, text] : refused)
    {
        const auto command = Parse(line);
        ASSERT_FALSE(command) << line;
        EXPECT_EQ(command.error().code, EINVAL) << line;
        EXPECT_EQ(command.error().text, text);
    }
}

TEST(ShellRefusal, LinesHaveNumberNameAndText)
{
    EXPECT_EQ(RefusalLine("listen", {EADDRINUSE}),
              "err listen 98 EADDRINUSE: Address already in use");
    EXPECT_EQ(RefusalLine("x", {EINVAL, "why"}), "err x 22 EINVAL: why");
}

TEST(ShellRefusal, ErrorsOfTheCoreAreThoseOfRdmaCm)
{
    EXPECT_EQ(RefusalFrom(ibcm::CmError::kInvalidHandle).code, ENOENT);
    EXPECT_EQ(RefusalFrom(ibcm::CmError::kInvalidState).code, EINVAL);
    EXPECT_EQ(RefusalFrom(ibcm::CmError::kInvalidArgument).code, EINVAL);
    EXPECT_EQ(RefusalFrom(ibcm::CmError::kPrivateDataLength).code, EINVAL);
    EXPECT_EQ(RefusalFrom(ibcm::CmError::kAddressInUse).code, EADDRINUSE);
    EXPECT_EQ(RefusalFrom(ibcm::CmError::kNoPort).code, ENODEV);
    EXPECT_EQ(RefusalFrom(ibcm::CmError::kNoPkey).code, ENOENT);
    EXPECT_EQ(RefusalFrom(ibcm::CmError::kNoResources).code, ENOMEM);
    EXPECT_EQ(RefusalFrom(ibcm::CmError::kSendFailed).code, EIO);
    EXPECT_EQ(RefusalFrom(ibcm::CmError::kAlreadyConnected).code, EISCONN);
    EXPECT_EQ(RefusalFrom(ibcm::CmError::kWouldDeadlock).code, EDEADLK);
}

} // namespace
} // namespace cmverbs::test
