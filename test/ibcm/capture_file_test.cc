// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Reading captures: every wrapping that is understood, and files that are damaged.
#include "capture-file.h"
#include "ib-wire/model/cm-messages.h"
#include "ib-wire/model/packet-headers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

namespace ibcm::test
{

namespace
{

using Packet = std::vector<std::uint8_t>;

ibwire::MadBytes SomeMad()
{
    ibwire::CmRtu rtu;
    rtu.localCommId = 0x11223344;
    rtu.remoteCommId = 0x55667788;
    return ibwire::EncodeCm({}, rtu).value();
}

template <class H>
void Append(Packet& packet, const H& header)
{
    std::array<std::uint8_t, H::kBytes> bytes{};
    ASSERT_TRUE(ibwire::Encode(header, bytes));
    packet.insert(packet.end(), bytes.begin(), bytes.end());
}

void Append(Packet& packet, std::initializer_list<unsigned> bytes)
{
    for (const unsigned byte : bytes)
    {
        packet.push_back(static_cast<std::uint8_t>(byte));
    }
}

void Append(Packet& packet, const Packet& bytes)
{
    packet.insert(packet.end(), bytes.begin(), bytes.end());
}

/** BTH, DETH, the MAD and an ICRC that nobody checks. */
Packet Transport(std::uint32_t qkey = 0x80010000)
{
    Packet packet;
    ibwire::Bth bth;
    bth.opCode = ibwire::OpCode::kUdSendOnly;
    bth.pkey = 0x8001;
    bth.destQp = 1;
    Append(packet, bth);
    Append(packet, ibwire::Deth{qkey, 0x1234});
    const ibwire::MadBytes mad = SomeMad();
    packet.insert(packet.end(), mad.begin(), mad.end());
    Append(packet, {1, 2, 3, 4});
    return packet;
}

ibwire::Gid GidNumber(std::uint8_t number)
{
    return ibwire::Gid::From(ibwire::kDefaultGidPrefix, number);
}

Packet WithGrh(const Packet& transport)
{
    ibwire::Grh grh;
    grh.trafficClass = 0x21;
    grh.flowLabel = 0x54321;
    grh.hopLimit = 9;
    grh.sgid = GidNumber(1);
    grh.dgid = GidNumber(2);
    Packet packet;
    Append(packet, grh);
    Append(packet, transport);
    return packet;
}

Packet Udp(const Packet& transport, std::uint16_t port = 4791)
{
    Packet packet;
    Append(packet, {0xc0, 0, port / 256U, port % 256U, 0, 0, 0, 0});
    Append(packet, transport);
    return packet;
}

/** @param words of the header: 5, and more for options. */
Packet Ipv4(const Packet& payload, unsigned words = 5, unsigned fragment = 0x40)
{
    Packet packet;
    Append(packet, {0x40 + words, 0x20, 0, 0, 0, 0, fragment, 0, 64, 17, 0, 0});
    Append(packet, {10, 9, 0, 1, 10, 9, 0, 3});
    packet.resize(words * 4);
    Append(packet, payload);
    return packet;
}

Packet Ipv6(const Packet& payload)
{
    Packet packet;
    Append(packet, {0x62, 0x15, 0x43, 0x21, 0, 0, 17, 7});
    for (const unsigned last : {1U, 3U})
    {
        Append(packet, {0xfd, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last});
    }
    Append(packet, payload);
    return packet;
}

Packet Ethernet(unsigned type, const Packet& payload)
{
    Packet packet(12);
    Append(packet, {type / 256, type % 256});
    Append(packet, payload);
    return packet;
}

Packet Lrh(ibwire::LinkNextHeader next, const Packet& rest)
{
    Packet packet;
    ibwire::Lrh lrh;
    lrh.sl = 3;
    lrh.lnh = next;
    lrh.slid = 5;
    lrh.dlid = 6;
    Append(packet, lrh);
    Append(packet, rest);
    return packet;
}

Packet Erf(unsigned type, const Packet& extensions, const Packet& rest)
{
    Packet packet(8);
    Append(packet, {type, 4, 0, 0, 0, 0, 0, 0});
    Append(packet, extensions);
    Append(packet, rest);
    return packet;
}

CapturedMad Find(LinkType link, const Packet& packet)
{
    const auto found = FindCmMad(link, packet);
    EXPECT_TRUE(found) << found.error();
    EXPECT_TRUE(found && *found) << "not recognised";
    const CapturedMad mad = found && *found ? **found : CapturedMad{};
    EXPECT_EQ(mad.bytes, SomeMad());
    EXPECT_EQ(mad.pkey, 0x8001);
    EXPECT_EQ(mad.sourceQpn, 0x1234U);
    EXPECT_EQ(mad.destinationQpn, 1U);
    EXPECT_EQ(mad.qkey, 0x80010000U);
    return mad;
}

bool IsSomethingElse(LinkType link, const Packet& packet)
{
    const auto found = FindCmMad(link, packet);
    EXPECT_TRUE(found) << found.error();
    return found && !*found;
}

TEST(CaptureFile, FindsRoceV2OverIpv4)
{
    const CapturedMad mad = Find(LinkType::kEthernet, Ethernet(0x0800, Ipv4(Udp(Transport()))));
    EXPECT_TRUE(mad.global);
    EXPECT_EQ(ToString(mad.source), "10.9.0.1");
    EXPECT_EQ(ToString(mad.destination), "10.9.0.3");
    EXPECT_EQ(mad.hopLimit, 64);
    EXPECT_EQ(mad.trafficClass, 0x20);
    Find(LinkType::kEthernet, Ethernet(0x0800, Ipv4(Udp(Transport()), 7)));
}

TEST(CaptureFile, FindsRoceV2OverIpv6)
{
    const CapturedMad mad = Find(LinkType::kEthernet, Ethernet(0x86dd, Ipv6(Udp(Transport()))));
    EXPECT_EQ(ToString(mad.source), "fd09::1");
    EXPECT_EQ(ToString(mad.destination), "fd09::3");
    EXPECT_EQ(mad.hopLimit, 7);
    EXPECT_EQ(mad.trafficClass, 0x21);
    EXPECT_EQ(mad.flowLabel, 0x54321U);
}

TEST(CaptureFile, FindsRoceV1AndLooksThroughVlanTags)
{
    const Packet roce = WithGrh(Transport());
    const CapturedMad mad = Find(LinkType::kEthernet, Ethernet(0x8915, roce));
    EXPECT_EQ(mad.source.gid, GidNumber(1));
    EXPECT_EQ(mad.destination.gid, GidNumber(2));
    EXPECT_EQ(mad.hopLimit, 9);
    EXPECT_EQ(mad.flowLabel, 0x54321U);
    Packet inner{0, 7, 0x89, 0x15};
    Append(inner, roce);
    Find(LinkType::kEthernet, Ethernet(0x8100, inner));
    Packet outer{0, 8, 0x81, 0};
    Append(outer, inner);
    Find(LinkType::kEthernet, Ethernet(0x88a8, outer));
}

TEST(CaptureFile, FindsInfiniband)
{
    const Packet local = Lrh(ibwire::LinkNextHeader::kIbaLocal, Transport());
    const CapturedMad mad = Find(LinkType::kInfiniband, local);
    EXPECT_FALSE(mad.global);
    EXPECT_EQ(ToString(mad.source), "LID 5");
    EXPECT_EQ(ToString(mad.destination), "LID 6");
    EXPECT_EQ(mad.sl, 3);
    const Packet global = Lrh(ibwire::LinkNextHeader::kIbaGlobal, WithGrh(Transport()));
    const CapturedMad routed = Find(LinkType::kErf, Erf(21, {}, global));
    EXPECT_TRUE(routed.global);
    EXPECT_EQ(routed.source, (NetAddress{GidNumber(1), 5}));
    const Packet extensions{0x83, 0, 0, 0, 0, 0, 0, 0, 0x03, 0, 0, 0, 0, 0, 0, 0};
    EXPECT_EQ(Find(LinkType::kErf, Erf(0x80 | 21, extensions, local)).source.lid, 5);
}

TEST(CaptureFile, FindsWhatWasCapturedOnAnyInterface)
{
    Packet cooked(14);
    Append(cooked, {0x08, 0x00});
    Append(cooked, Ipv4(Udp(Transport())));
    Find(LinkType::kLinuxCooked, cooked);
    Packet cooked2{0x08, 0x00};
    cooked2.resize(20);
    Append(cooked2, Ipv4(Udp(Transport())));
    Find(LinkType::kLinuxCooked2, cooked2);
}

TEST(CaptureFile, LeavesOtherPacketsAlone)
{
    const auto ethernet = [](unsigned type, const Packet& payload)
    { return IsSomethingElse(LinkType::kEthernet, Ethernet(type, payload)); };
    EXPECT_TRUE(ethernet(0x0806, Packet(28)));
    EXPECT_TRUE(ethernet(0x0800, Ipv4(Udp(Transport(), 53))));
    EXPECT_TRUE(ethernet(0x0800, Ipv4(Udp(Transport()), 5, 0x20)));  // more fragments
    EXPECT_TRUE(ethernet(0x0800, Ipv4(Udp(Transport()), 4)));        // no header is that short
    EXPECT_TRUE(ethernet(0x0800, Ipv4(Udp(Transport(0x11111111))))); // no Q_Key of QP 1
    Packet data = Transport();
    data[0] = static_cast<std::uint8_t>(ibwire::OpCode::kUdSendOnlyImmediate);
    EXPECT_TRUE(ethernet(0x0800, Ipv4(Udp(data))));
    Packet otherClass = Transport();
    otherClass[ibwire::Bth::kBytes + ibwire::Deth::kBytes + 1] = 3;
    EXPECT_TRUE(ethernet(0x0800, Ipv4(Udp(otherClass))));
    EXPECT_TRUE(IsSomethingElse(LinkType::kErf,
                                Erf(2, {}, Lrh(ibwire::LinkNextHeader::kIbaLocal, Transport()))));
    EXPECT_TRUE(
        IsSomethingElse(LinkType::kInfiniband, Lrh(ibwire::LinkNextHeader::kRaw, Transport())));
}

TEST(CaptureFile, NoLengthOfAPacketIsTooShort)
{
    const Packet whole = Ethernet(0x0800, Ipv4(Udp(Transport())));
    const std::size_t icrc = 4;
    for (std::size_t size = 0; size <= whole.size() - icrc; ++size)
    {
        const auto found = FindCmMad(LinkType::kEthernet, std::span(whole).first(size));
        EXPECT_EQ(found && *found, size == whole.size() - icrc) << size;
    }
}

/** A pcap file; numbers are written in either byte order. */
class PcapWriter
{
  public:
    PcapWriter(std::uint32_t magic, bool big, std::uint32_t link)
        : m_big(big)
    {
        Number(magic, 4);
        Number(2, 2);
        Number(4, 2);
        Number(0, 4);
        Number(0, 4);
        Number(65535, 4);
        Number(link, 4);
    }

    void Add(std::uint32_t seconds, std::uint32_t fraction, const Packet& packet)
    {
        Number(seconds, 4);
        Number(fraction, 4);
        Number(static_cast<std::uint32_t>(packet.size()), 4);
        Number(static_cast<std::uint32_t>(packet.size()), 4);
        Append(bytes, packet);
    }

    std::string Save(std::size_t cutOff = 0) const
    {
        const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
        const std::string path = ::testing::TempDir() + "weft-" + test->name() + ".pcap";
        std::ofstream file(path, std::ios::binary);
        file.write(reinterpret_cast<const char*>(bytes.data()),
                   static_cast<std::streamsize>(bytes.size() - cutOff));
        return path;
    }

    Packet bytes;

  private:
    void Number(std::uint32_t value, unsigned size)
    {
        for (unsigned i = 0; i < size; ++i)
        {
            const unsigned shift = 8 * (m_big ? size - 1 - i : i);
            bytes.push_back(static_cast<std::uint8_t>(value >> shift));
        }
    }

    bool m_big;
};

constexpr std::uint32_t kMicroseconds = 0xa1b2c3d4;
constexpr std::uint32_t kNanoseconds = 0xa1b23c4d;

TEST(CaptureFile, ReadsBothByteOrdersAndPrecisions)
{
    const Packet frame = Ethernet(0x0800, Ipv4(Udp(Transport())));
    for (const bool big : {false, true})
    {
        for (const std::uint32_t magic : {kMicroseconds, kNanoseconds})
        {
            PcapWriter writer(magic, big, 1);
            writer.Add(100, 999'999, Packet(60));
            writer.Add(101, 5, frame);
            const std::string path = writer.Save();
            const auto mads = ReadCapture(path);
            ASSERT_TRUE(mads) << mads.error();
            ASSERT_EQ(mads->size(), 1U);
            EXPECT_EQ((*mads)[0].frame, 2U);
            const std::int64_t unit = magic == kMicroseconds ? 1000 : 1;
            EXPECT_EQ((*mads)[0].time.count(), 1'000'000'000 - 999'994 * unit);
            std::remove(path.c_str());
        }
    }
}

void ExpectError(const std::string& path, const std::string& part)
{
    const auto mads = ReadCapture(path);
    ASSERT_FALSE(mads) << "it should not be readable";
    EXPECT_TRUE(mads.error().starts_with(path + ": ")) << mads.error();
    EXPECT_NE(mads.error().find(part), std::string::npos) << mads.error();
    std::remove(path.c_str());
}

TEST(CaptureFile, SaysWhatIsWrongWithAFile)
{
    ExpectError(::testing::TempDir() + "no-such-capture.pcap", "No such file");
    PcapWriter writer(kMicroseconds, false, 1);
    ExpectError(writer.Save(10), "truncated");
    writer.Add(1, 0, Ethernet(0x0800, Ipv4(Udp(Transport()))));
    ExpectError(writer.Save(1), "truncated");
    ExpectError(PcapWriter(0x12345678, false, 1).Save(), "unknown file format");
    ExpectError(PcapWriter(kMicroseconds, false, 105).Save(), "link type 105 is neither");
    PcapWriter cut(kMicroseconds, false, 1);
    Packet frame = Ethernet(0x0800, Ipv4(Udp(Transport())));
    frame.resize(96);
    cut.Add(1, 0, Packet(60));
    cut.Add(1, 0, frame);
    ExpectError(cut.Save(), "frame 2: a CM MAD is cut off: 34 of 256 bytes are there");
}

} // namespace

} // namespace ibcm::test
