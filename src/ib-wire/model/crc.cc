// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-wire/model/crc.h"

#include "ib-wire/model/packet-headers.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace ibwire
{

namespace
{

constexpr std::size_t kSlices = 8;

/** Table k advances a byte by k further zero bytes; T is the width of the CRC. */
template <class T>
using Tables = std::array<std::array<T, 256>, kSlices>;

template <class T>
constexpr Tables<T> MakeTables(T reversedPolynomial)
{
    Tables<T> tables{};
    for (unsigned i = 0; i < 256; ++i)
    {
        T crc = static_cast<T>(i);
        for (int bit = 0; bit < 8; ++bit)
        {
            crc = static_cast<T>((crc & 1) != 0 ? crc >> 1 ^ reversedPolynomial : crc >> 1);
        }
        tables[0][i] = crc;
    }
    for (std::size_t k = 1; k < kSlices; ++k)
    {
        for (unsigned i = 0; i < 256; ++i)
        {
            const T before = tables[k - 1][i];
            tables[k][i] = static_cast<T>(before >> 8 ^ tables[0][before & 0xff]);
        }
    }
    return tables;
}

constexpr Tables<std::uint32_t> kCrc32 = MakeTables<std::uint32_t>(0xedb88320);
constexpr Tables<std::uint16_t> kCrc16 = MakeTables<std::uint16_t>(0xd008);

/** Eight bytes a step: each looks up its share in the table of its distance from the end. */
template <class T>
T Advance(const Tables<T>& tables, T crc, std::span<const std::uint8_t> bytes)
{
    const std::uint8_t* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= kSlices; left -= kSlices, at += kSlices)
    {
        std::uint64_t word = detail::LoadBytes<8>(at);
        word = __builtin_bswap64(word) ^ crc;
        crc = static_cast<T>(tables[7][word & 0xff] ^ tables[6][word >> 8 & 0xff] ^
                             tables[5][word >> 16 & 0xff] ^ tables[4][word >> 24 & 0xff] ^
                             tables[3][word >> 32 & 0xff] ^ tables[2][word >> 40 & 0xff] ^
                             tables[1][word >> 48 & 0xff] ^ tables[0][word >> 56]);
    }
    for (; left > 0; --left, ++at)
    {
        crc = static_cast<T>(crc >> 8 ^ tables[0][(crc ^ *at) & 0xff]);
    }
    return crc;
}

/** The longest run of headers that holds masked bytes: LRH, GRH, BTH, or IPv6, UDP, BTH. */
constexpr std::size_t kMaxMasked = 60;

/** The ICRC: a copy of the headers in which variant bits are ones, then the rest as it is. */
class MaskedHeaders
{
  public:
    /** Takes the first bytes of a packet; there are at least so many. */
    MaskedHeaders(std::span<const std::uint8_t> packet, std::size_t length)
        : m_rest(packet.subspan(length)),
          m_length(length)
    {
        std::copy_n(packet.begin(), length, m_copy.begin());
    }

    void Mask(std::size_t byte, std::uint8_t bits = 0xff)
    {
        m_copy[byte] = static_cast<std::uint8_t>(m_copy[byte] | bits);
    }

    void MaskRun(std::size_t first, std::size_t count)
    {
        std::fill_n(m_copy.begin() + first, count, std::uint8_t{0xff});
    }

    /** The result in the order of the wire: least significant byte first. */
    std::array<std::uint8_t, 4> Finish(std::uint32_t crc) const
    {
        crc = Crc32(crc, std::span(m_copy).first(m_length));
        crc = ~Crc32(crc, m_rest);
        return {static_cast<std::uint8_t>(crc),
                static_cast<std::uint8_t>(crc >> 8),
                static_cast<std::uint8_t>(crc >> 16),
                static_cast<std::uint8_t>(crc >> 24)};
    }

  private:
    std::array<std::uint8_t, kMaxMasked> m_copy{};
    std::span<const std::uint8_t> m_rest;
    std::size_t m_length;
};

constexpr std::uint32_t kStart32 = 0xffffffff;
constexpr std::uint16_t kStart16 = 0xffff;
/** FECN, BECN and the six reserved bits beside them. */
constexpr std::size_t kBthVariantByte = 4;
constexpr std::size_t kIpv4Bytes = 20;
constexpr std::size_t kIpv6Bytes = 40;
constexpr std::size_t kUdpBytes = 8;
constexpr std::uint8_t kProtocolUdp = 17;

/** Variant fields of a GRH or an IPv6 header: traffic class, flow label, hop limit. */
void MaskIpv6(MaskedHeaders& headers, std::size_t at)
{
    headers.Mask(at, 0x0f);
    headers.MaskRun(at + 1, 3);
    headers.Mask(at + 7);
}

} // namespace

std::uint32_t Crc32(std::uint32_t crc, std::span<const std::uint8_t> bytes)
{
    return Advance(kCrc32, crc, bytes);
}

std::uint16_t Crc16(std::uint16_t crc, std::span<const std::uint8_t> bytes)
{
    return Advance(kCrc16, crc, bytes);
}

Result<std::array<std::uint8_t, 4>> Icrc(std::span<const std::uint8_t> packet)
{
    if (packet.size() < Lrh::kBytes)
    {
        return tl::unexpected(WireError::kTruncated);
    }
    const LinkNextHeader lnh = Get<&Lrh::lnh>(packet.first<Lrh::kBytes>());
    if (lnh != LinkNextHeader::kIbaLocal && lnh != LinkNextHeader::kIbaGlobal)
    {
        return tl::unexpected(WireError::kUnsupported);
    }
    const bool global = lnh == LinkNextHeader::kIbaGlobal;
    const std::size_t bth = Lrh::kBytes + (global ? Grh::kBytes : 0);
    if (packet.size() < bth + Bth::kBytes)
    {
        return tl::unexpected(WireError::kTruncated);
    }
    MaskedHeaders headers(packet, bth + Bth::kBytes);
    if (global)
    {
        // A router replaces the whole LRH.
        headers.MaskRun(0, Lrh::kBytes);
        MaskIpv6(headers, Lrh::kBytes);
    }
    else
    {
        headers.Mask(0, 0xf0); // VL
    }
    headers.Mask(bth + kBthVariantByte);
    return headers.Finish(kStart32);
}

Result<std::array<std::uint8_t, 4>> RoceIcrc(std::span<const std::uint8_t> packet)
{
    if (packet.empty())
    {
        return tl::unexpected(WireError::kTruncated);
    }
    const unsigned version = packet[0] >> 4;
    if (version != 6 && packet[0] != 0x45)
    {
        return tl::unexpected(WireError::kUnsupported);
    }
    const std::size_t udp = version == 6 ? kIpv6Bytes : kIpv4Bytes;
    const std::size_t bth = udp + kUdpBytes;
    if (packet.size() < bth + Bth::kBytes)
    {
        return tl::unexpected(WireError::kTruncated);
    }
    if (packet[version == 6 ? 6 : 9] != kProtocolUdp)
    {
        return tl::unexpected(WireError::kUnsupported);
    }
    MaskedHeaders headers(packet, bth + Bth::kBytes);
    if (version == 6)
    {
        MaskIpv6(headers, 0);
    }
    else
    {
        headers.Mask(1);        // type of service
        headers.Mask(8);        // time to live
        headers.MaskRun(10, 2); // header checksum
    }
    headers.MaskRun(udp + 6, 2); // UDP checksum
    headers.Mask(bth + kBthVariantByte);
    // Eight bytes of ones stand where the LRH would be.
    constexpr std::array<std::uint8_t, Lrh::kBytes> kNoLrh{
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    return headers.Finish(Crc32(kStart32, kNoLrh));
}

std::array<std::uint8_t, 2> Vcrc(std::span<const std::uint8_t> packet)
{
    const auto crc = static_cast<std::uint16_t>(~Crc16(kStart16, packet));
    return {static_cast<std::uint8_t>(crc), static_cast<std::uint8_t>(crc >> 8)};
}

Result<void> SealPacket(std::span<std::uint8_t> packet)
{
    if (packet.size() < kIcrcBytes + kVcrcBytes)
    {
        return tl::unexpected(WireError::kTruncated);
    }
    const std::size_t icrcAt = packet.size() - kIcrcBytes - kVcrcBytes;
    const auto icrc = Icrc(packet.first(icrcAt));
    if (!icrc)
    {
        return tl::unexpected(icrc.error());
    }
    std::copy(icrc->begin(), icrc->end(), packet.begin() + static_cast<std::ptrdiff_t>(icrcAt));
    const auto vcrc = Vcrc(packet.first(icrcAt + kIcrcBytes));
    std::copy(vcrc.begin(), vcrc.end(), packet.end() - kVcrcBytes);
    return {};
}

bool VcrcIsGood(std::span<const std::uint8_t> packet)
{
    if (packet.size() < Lrh::kBytes + kVcrcBytes)
    {
        return false;
    }
    const auto vcrc = Vcrc(packet.first(packet.size() - kVcrcBytes));
    return std::equal(vcrc.begin(), vcrc.end(), packet.end() - kVcrcBytes);
}

bool IcrcIsGood(std::span<const std::uint8_t> packet)
{
    if (packet.size() < kIcrcBytes + kVcrcBytes)
    {
        return false;
    }
    const std::size_t icrcAt = packet.size() - kIcrcBytes - kVcrcBytes;
    const auto icrc = Icrc(packet.first(icrcAt));
    return icrc && std::equal(icrc->begin(),
                              icrc->end(),
                              packet.begin() + static_cast<std::ptrdiff_t>(icrcAt));
}

} // namespace ibwire
