// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-wire/model/crc.h"

#include "messages.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace
{

using namespace ibwiretest;

std::span<const std::uint8_t> AsBytes(std::string_view text)
{
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/** The example packet of IBA vol. 1, 7.8 (local, opcode RC SEND Only), up to its ICRC. */
constexpr std::array<std::uint8_t, 52> kLocal{
    0x70, 0x12, 0x37, 0x5c, 0x00, 0x0e, 0x17, 0xd2, 0x0a, 0x20, 0x24, 0x87, 0x00,
    0x87, 0xb1, 0xb3, 0x00, 0x0d, 0xec, 0x2a, 0x01, 0x71, 0x0a, 0x1c, 0x01, 0x5d,
    0x40, 0x02, 0x38, 0xf2, 0x7a, 0x05, 0x00, 0x00, 0x00, 0x0e, 0xbb, 0x88, 0x4d,
    0x85, 0xfd, 0x5c, 0xfb, 0xa4, 0x72, 0x8b, 0xc0, 0x69, 0x0e, 0xd4, 0x00, 0x00};
/** The ICRC that the same table gives, in the order of the wire. */
constexpr std::array<std::uint8_t, 4> kLocalIcrc{0x96, 0x25, 0xb7, 0x5a};

/** A CRC a bit at a time, lowest bit first. */
template <class T>
T SlowCrc(T crc, T reversedPolynomial, std::span<const std::uint8_t> bytes)
{
    for (const std::uint8_t byte : bytes)
    {
        for (int bit = 0; bit < 8; ++bit)
        {
            const bool one = ((crc ^ byte >> bit) & 1) != 0;
            crc = static_cast<T>(one ? crc >> 1 ^ reversedPolynomial : crc >> 1);
        }
    }
    return crc;
}

/** A local packet with its CRCs. */
std::vector<std::uint8_t> SealedLocal()
{
    std::vector<std::uint8_t> packet(kLocal.begin(), kLocal.end());
    packet.resize(packet.size() + kIcrcBytes + kVcrcBytes);
    EXPECT_TRUE(SealPacket(packet).has_value());
    return packet;
}

/** The same packet with a GRH, without CRCs. */
std::array<std::uint8_t, kLocal.size() + Grh::kBytes> GlobalPacket()
{
    std::array<std::uint8_t, kLocal.size() + Grh::kBytes> packet{};
    std::copy_n(kLocal.begin(), Lrh::kBytes, packet.begin());
    packet[1] = 0x13;
    const Grh grh{.payLen = 48,
                  .hopLimit = 3,
                  .sgid = Gid::From(kDefaultGidPrefix, 0x26),
                  .dgid = Gid::From(kDefaultGidPrefix, 0x96)};
    EXPECT_TRUE(Encode(grh, std::span(packet).subspan(Lrh::kBytes, Grh::kBytes)).has_value());
    std::copy(
        kLocal.begin() + Lrh::kBytes, kLocal.end(), packet.begin() + Lrh::kBytes + Grh::kBytes);
    return packet;
}

TEST(Crc, CheckValueOfCrc32)
{
    EXPECT_EQ(~Crc32(0xffffffff, AsBytes("123456789")), 0xcbf43926u);
}

TEST(Crc, AgreesWithBitByBitForEveryLength)
{
    Sequence source(1);
    std::vector<std::uint8_t> bytes(67);
    for (std::uint8_t& byte : bytes)
    {
        byte = static_cast<std::uint8_t>(source());
    }
    for (std::size_t from = 0; from < 8; ++from)
    {
        for (std::size_t size = 0; from + size <= bytes.size(); ++size)
        {
            const std::span part = std::span(bytes).subspan(from, size);
            EXPECT_EQ(Crc32(0xffffffff, part),
                      SlowCrc<std::uint32_t>(0xffffffff, 0xedb88320, part));
            EXPECT_EQ(Crc16(0xffff, part), SlowCrc<std::uint16_t>(0xffff, 0xd008, part));
        }
    }
}

TEST(Crc, CanBeContinued)
{
    const std::span<const std::uint8_t> all(kLocal);
    EXPECT_EQ(Crc32(Crc32(0xffffffff, all.first(13)), all.subspan(13)), Crc32(0xffffffff, all));
    EXPECT_EQ(Crc16(Crc16(0xffff, all.first(13)), all.subspan(13)), Crc16(0xffff, all));
}

TEST(Crc, IcrcOfTheExampleInTheSpecification)
{
    EXPECT_EQ(Icrc(kLocal).value(), kLocalIcrc);
}

TEST(Crc, VcrcLeavesAConstantRemainder)
{
    // What makes the order of the two bytes right: the CRC over packet and VCRC is the same number
    // for all packets (the complement of zero run through the register).
    const std::uint16_t expected = SlowCrc<std::uint16_t>(0xffff, 0xd008, SealedLocal());
    Sequence source(2);
    for (int i = 0; i < 100; ++i)
    {
        std::vector<std::uint8_t> packet(10 + source() % 200);
        for (std::uint8_t& byte : packet)
        {
            byte = static_cast<std::uint8_t>(source());
        }
        const auto vcrc = Vcrc(std::span(packet).first(packet.size() - kVcrcBytes));
        std::copy(vcrc.begin(), vcrc.end(), packet.end() - kVcrcBytes);
        EXPECT_EQ(Crc16(0xffff, packet), expected);
        EXPECT_TRUE(VcrcIsGood(packet));
    }
}

TEST(Crc, SealedPacketIsGoodAndAnyFlippedBitIsSeen)
{
    const auto packet = SealedLocal();
    EXPECT_TRUE(VcrcIsGood(packet));
    EXPECT_TRUE(IcrcIsGood(packet));
    for (std::size_t bit = 0; bit < packet.size() * 8; ++bit)
    {
        auto damaged = packet;
        damaged[bit / 8] = static_cast<std::uint8_t>(damaged[bit / 8] ^ 1U << bit % 8);
        EXPECT_FALSE(VcrcIsGood(damaged)) << bit;
    }
}

TEST(Crc, IcrcOfLocalPacketIgnoresExactlyVlAndBthVariantBits)
{
    for (std::size_t bit = 0; bit < kLocal.size() * 8; ++bit)
    {
        if (bit / 8 == 1 && bit % 8 >= 6)
        {
            continue; // LNH decides what kind of packet it is
        }
        auto changed = kLocal;
        changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ 0x80U >> bit % 8);
        const bool variant = bit < 4 || bit / 8 == 12;
        EXPECT_EQ(Icrc(changed).value() == kLocalIcrc, variant) << "bit " << bit;
    }
}

TEST(Crc, IcrcOfGlobalPacketIgnoresExactlyLrhAndGrhVariantFields)
{
    const auto packet = GlobalPacket();
    const auto icrc = Icrc(packet).value();
    for (std::size_t bit = 0; bit < packet.size() * 8; ++bit)
    {
        if (bit / 8 == 1 && bit % 8 >= 6)
        {
            continue; // LNH decides what kind of packet it is
        }
        auto changed = packet;
        changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ 0x80U >> bit % 8);
        const bool lrh = bit < 64;
        const bool grh = (bit >= 68 && bit < 96) || bit / 8 == 15; // TClass, FlowLabel; HopLmt
        const bool bth = bit / 8 == 52;
        EXPECT_EQ(Icrc(changed).value() == icrc, lrh || grh || bth) << "bit " << bit;
    }
}

TEST(Crc, IncompleteOrRawPacketsAreErrors)
{
    const std::span<const std::uint8_t> local(kLocal);
    for (std::size_t size = 0; size < 20; ++size)
    {
        EXPECT_EQ(Icrc(local.first(size)).error(), WireError::kTruncated) << size;
    }
    const auto global = GlobalPacket();
    for (std::size_t size = 0; size < 60; ++size)
    {
        EXPECT_EQ(Icrc(std::span(global).first(size)).error(), WireError::kTruncated) << size;
    }
    auto raw = kLocal;
    raw[1] = 0x10;
    EXPECT_EQ(Icrc(raw).error(), WireError::kUnsupported);
    std::array<std::uint8_t, 5> tiny{};
    EXPECT_EQ(SealPacket(tiny).error(), WireError::kTruncated);
    EXPECT_FALSE(VcrcIsGood(tiny));
    EXPECT_FALSE(IcrcIsGood(tiny));
}

TEST(Crc, RoceRefusesWhatIsNotUdpOverPlainIp)
{
    std::array<std::uint8_t, 60> packet{};
    EXPECT_EQ(RoceIcrc({}).error(), WireError::kTruncated);
    packet[0] = 0x46; // options
    EXPECT_EQ(RoceIcrc(packet).error(), WireError::kUnsupported);
    packet[0] = 0x45;
    packet[9] = 6; // TCP
    EXPECT_EQ(RoceIcrc(packet).error(), WireError::kUnsupported);
    packet[9] = 17;
    EXPECT_TRUE(RoceIcrc(packet).has_value());
    EXPECT_EQ(RoceIcrc(std::span(packet).first(39)).error(), WireError::kTruncated);
    EXPECT_TRUE(RoceIcrc(std::span(packet).first(40)).has_value());
    packet[0] = 0x60;
    EXPECT_EQ(RoceIcrc(packet).error(), WireError::kUnsupported);
    packet[6] = 17;
    EXPECT_TRUE(RoceIcrc(packet).has_value());
    EXPECT_EQ(RoceIcrc(std::span(packet).first(59)).error(), WireError::kTruncated);
}

} // namespace
