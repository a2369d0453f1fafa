// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-wire/model/crc.h"
#include "ib-wire/model/erf.h"
#include "ib-wire/model/packet-headers.h"
#include "ibcm-verbs/model/mad-capture.h"
#include "ibcm-verbs/model/mad-packet.h"

#include <gtest/gtest.h>
#include <pcap/pcap.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>

namespace cmverbs::test
{
namespace
{

constexpr std::size_t kLocalBytes = 8 + 12 + 8 + 256 + 4 + 2;
constexpr std::size_t kGlobalBytes = kLocalBytes + 40;

const ibwire::Gid kOwn = GidOfAddress(ibcm::IpAddress::V4(0x0a000001));
const ibwire::Gid kPeer = GidOfAddress(ibcm::IpAddress::V4(0x0a000002));

PortSnapshot Port()
{
    PortSnapshot port;
    port.lid = 0x10;
    port.gids = {{kOwn, 3, GidType::kRoceV2, 2}};
    port.pkeys = {0x7fff, 0x8001};
    return port;
}

ibcm::MadAddress Address(bool global)
{
    ibcm::MadAddress address;
    address.dlid = 0x20;
    address.sl = 4;
    address.pkeyIndex = 1;
    address.qpn = 0x55;
    address.hasGrh = global;
    if (global)
    {
        address.dgid = kPeer;
        address.sgidIndex = 3;
        address.flowLabel = 0x12345;
        address.hopLimit = 64;
    }
    return address;
}

ibwire::MadBytes SomeMad()
{
    ibwire::MadBytes mad;
    mad.fill(0xa5);
    return mad;
}

TEST(MadPacket, IsSealedAndSaysWhoSendsToWhom)
{
    const auto sent = PacketOf(Port(), SomeMad(), Address(false), true);
    ASSERT_EQ(sent.size(), kLocalBytes);
    EXPECT_TRUE(ibwire::IcrcIsGood(sent));
    EXPECT_TRUE(ibwire::VcrcIsGood(sent));
    const auto lrh = ibwire::Unpack<ibwire::Lrh>(std::span(sent).first<8>());
    EXPECT_EQ(lrh.slid, 0x10);
    EXPECT_EQ(lrh.dlid, 0x20);
    EXPECT_EQ(lrh.sl, 4);
    EXPECT_EQ(lrh.lnh, ibwire::LinkNextHeader::kIbaLocal);
    EXPECT_EQ(lrh.pktLen, (kLocalBytes - 2) / 4);
    const auto bth = ibwire::Unpack<ibwire::Bth>(std::span(sent).subspan<8, 12>());
    EXPECT_EQ(bth.pkey, 0x8001);
    EXPECT_EQ(bth.destQp, 0x55U);
    const auto deth = ibwire::Unpack<ibwire::Deth>(std::span(sent).subspan<20, 8>());
    EXPECT_EQ(deth.qkey, ibwire::kGsiQkey);
    EXPECT_EQ(deth.srcQp, 1U);
    EXPECT_EQ(sent[28], 0xa5);

    const auto received = PacketOf(Port(), SomeMad(), Address(false), false);
    const auto back = ibwire::Unpack<ibwire::Lrh>(std::span(received).first<8>());
    EXPECT_EQ(back.slid, 0x20);
    EXPECT_EQ(back.dlid, 0x10);
    EXPECT_EQ(ibwire::Unpack<ibwire::Bth>(std::span(received).subspan<8, 12>()).destQp, 1U);
    EXPECT_EQ(ibwire::Unpack<ibwire::Deth>(std::span(received).subspan<20, 8>()).srcQp, 0x55U);
}

TEST(MadPacket, HasAGrhOnRoce)
{
    const auto sent = PacketOf(Port(), SomeMad(), Address(true), true);
    ASSERT_EQ(sent.size(), kGlobalBytes);
    EXPECT_TRUE(ibwire::IcrcIsGood(sent));
    const auto grh = ibwire::Unpack<ibwire::Grh>(std::span(sent).subspan<8, 40>());
    EXPECT_EQ(grh.sgid, kOwn);
    EXPECT_EQ(grh.dgid, kPeer);
    EXPECT_EQ(grh.flowLabel, 0x12345U);
    EXPECT_EQ(grh.hopLimit, 64);
    EXPECT_EQ(grh.payLen, kGlobalBytes - 8 - 40 - 2);
    const auto received = PacketOf(Port(), SomeMad(), Address(true), false);
    const auto back = ibwire::Unpack<ibwire::Grh>(std::span(received).subspan<8, 40>());
    EXPECT_EQ(back.sgid, kPeer);
    EXPECT_EQ(back.dgid, kOwn);
}

TEST(MadCapture, IsReadableWhileItIsWritten)
{
    std::string folder = (std::filesystem::temp_directory_path() / "capture-XXXXXX").string();
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    const std::string file = folder + "/mads.pcap";
    {
        auto capture = MadCapture::Create(file);
        ASSERT_TRUE(capture) << capture.error().text;
        (*capture)->OnSent(Port(), SomeMad(), Address(true));
        ibcm::ReceivedMad mad;
        mad.bytes = SomeMad();
        mad.replyAddress = Address(false);
        (*capture)->OnReceived(Port(), mad);
        // Not closed yet: as if the process had been killed.
        std::array<char, PCAP_ERRBUF_SIZE> error{};
        pcap_t* reader = pcap_open_offline(file.c_str(), error.data());
        ASSERT_NE(reader, nullptr) << error.data();
        EXPECT_EQ(pcap_datalink(reader), 197);
        pcap_pkthdr* header = nullptr;
        const u_char* bytes = nullptr;
        ASSERT_EQ(pcap_next_ex(reader, &header, &bytes), 1);
        EXPECT_EQ(header->caplen, kGlobalBytes + ibwire::kErfHeaderBytes);
        EXPECT_EQ(header->len, header->caplen);
        EXPECT_EQ(bytes[8] & 0x7f, 21); // ERF type: InfiniBand
        ASSERT_EQ(pcap_next_ex(reader, &header, &bytes), 1);
        EXPECT_EQ(header->caplen, kLocalBytes + ibwire::kErfHeaderBytes);
        EXPECT_EQ(pcap_next_ex(reader, &header, &bytes), PCAP_ERROR_BREAK);
        pcap_close(reader);
    }
    std::filesystem::remove_all(folder);
}

TEST(MadCapture, SaysOnceThatItCannotGoOn)
{
    const auto before = std::signal(SIGPIPE, SIG_IGN);
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    int told = 0;
    const std::string path = "/proc/self/fd/" + std::to_string(ends[1]);
    {
        const auto capture = MadCapture::Create(path,
                                                [&](const std::string& what)
                                                {
                                                    ++told;
                                                    EXPECT_NE(what.find(path), std::string::npos);
                                                });
        ASSERT_TRUE(capture) << capture.error().text;
        (*capture)->OnSent(Port(), SomeMad(), Address(true));
        EXPECT_EQ(told, 0);
        close(ends[0]); // nobody reads any more
        (*capture)->OnSent(Port(), SomeMad(), Address(true));
        (*capture)->OnSent(Port(), SomeMad(), Address(true));
        EXPECT_EQ(told, 1);
    }
    close(ends[1]);
    std::signal(SIGPIPE, before);
}

TEST(MadCapture, SaysAtOnceThatTheDiskIsFull)
{
    const auto capture = MadCapture::Create("/dev/full");
    ASSERT_FALSE(capture);
    EXPECT_EQ(capture.error().code, ENOSPC);
}

TEST(MadCapture, SaysThatTheFileCannotBeWritten)
{
    const auto capture = MadCapture::Create("/nonexistent/mads.pcap");
    ASSERT_FALSE(capture);
    EXPECT_EQ(capture.error().code, ENOENT);
    EXPECT_NE(capture.error().text.find("/nonexistent/mads.pcap"), std::string::npos);
}

} // namespace
} // namespace cmverbs::test
