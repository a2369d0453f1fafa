// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "capture-file.h"

#include "ib-wire/model/codec.h"
#include "ib-wire/model/packet-headers.h"

#include <pcap/pcap.h>

#include <algorithm>
#include <memory>

namespace ibcm::test
{

namespace
{

using Bytes = std::span<const std::uint8_t>;
using Found = tl::expected<std::optional<CapturedMad>, std::string>;

constexpr std::uint32_t kGsiQkey = 0x80010000;
constexpr std::size_t kUdpBytes = 8;

enum EtherType : std::uint16_t
{
    kIpv4 = 0x0800,
    kVlan = 0x8100,
    kIpv6 = 0x86dd,
    kServiceVlan = 0x88a8,
    kRoceV1 = 0x8915,
};

const Found kSomethingElse{std::optional<CapturedMad>{}};

std::uint16_t Load16(Bytes bytes, std::size_t at)
{
    return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

ibwire::Gid GidFrom(Bytes bytes)
{
    ibwire::Gid gid;
    std::copy_n(bytes.begin(), gid.raw.size(), gid.raw.begin());
    return gid;
}

ibwire::Gid MappedGid(Bytes ipv4)
{
    ibwire::Gid gid;
    gid.raw[10] = gid.raw[11] = 0xff;
    std::copy_n(ipv4.begin(), 4, gid.raw.begin() + 12);
    return gid;
}

/** From the BTH on. @param mad carries what the headers before have told. */
Found FromTransport(CapturedMad mad, Bytes bytes)
{
    constexpr std::size_t kHeaders = ibwire::Bth::kBytes + ibwire::Deth::kBytes;
    // The first four bytes of the MAD tell whose class it is.
    if (bytes.size() < kHeaders + 4)
    {
        return kSomethingElse;
    }
    const auto bth = ibwire::Unpack<ibwire::Bth>(bytes.first<ibwire::Bth::kBytes>());
    const auto deth =
        ibwire::Unpack<ibwire::Deth>(bytes.subspan<ibwire::Bth::kBytes, ibwire::Deth::kBytes>());
    const Bytes payload = bytes.subspan(kHeaders);
    if (bth.opCode != ibwire::OpCode::kUdSendOnly || deth.qkey != kGsiQkey ||
        payload[1] != static_cast<std::uint8_t>(ibwire::MgmtClass::kCm))
    {
        return kSomethingElse;
    }
    if (payload.size() < ibwire::kMadBytes)
    {
        return tl::unexpected("a CM MAD is cut off: " + std::to_string(payload.size()) + " of " +
                              std::to_string(ibwire::kMadBytes) + " bytes are there");
    }
    mad.pkey = bth.pkey;
    mad.destinationQpn = bth.destQp;
    mad.sourceQpn = deth.srcQp;
    mad.qkey = deth.qkey;
    std::copy_n(payload.begin(), mad.bytes.size(), mad.bytes.begin());
    return mad;
}

/** From the GRH on, on InfiniBand or as RoCE v1. */
Found FromGrh(CapturedMad mad, Bytes bytes)
{
    if (bytes.size() < ibwire::Grh::kBytes)
    {
        return kSomethingElse;
    }
    const auto grh = ibwire::Unpack<ibwire::Grh>(bytes.first<ibwire::Grh::kBytes>());
    if (grh.nxtHdr != ibwire::kGrhNextHeaderIba)
    {
        return kSomethingElse;
    }
    mad.global = true;
    mad.source.gid = grh.sgid;
    mad.destination.gid = grh.dgid;
    mad.flowLabel = grh.flowLabel;
    mad.hopLimit = grh.hopLimit;
    mad.trafficClass = grh.trafficClass;
    return FromTransport(mad, bytes.subspan(ibwire::Grh::kBytes));
}

Found FromUdp(const CapturedMad& mad, Bytes bytes)
{
    constexpr std::uint16_t kRocePort = 4791;
    if (bytes.size() < kUdpBytes || Load16(bytes, 2) != kRocePort)
    {
        return kSomethingElse;
    }
    return FromTransport(mad, bytes.subspan(kUdpBytes));
}

Found FromIpv4(Bytes bytes)
{
    constexpr std::size_t kPlain = 20;
    constexpr std::uint16_t kFragment = 0x3fff; // more fragments, or not the first
    constexpr std::uint8_t kUdp = 17;
    if (bytes.size() < kPlain || bytes[9] != kUdp || (Load16(bytes, 6) & kFragment) != 0)
    {
        return kSomethingElse;
    }
    const std::size_t header = (bytes[0] & 0xfU) * 4;
    if (header < kPlain || bytes.size() < header)
    {
        return kSomethingElse;
    }
    CapturedMad mad;
    mad.global = true;
    mad.source.gid = MappedGid(bytes.subspan(12));
    mad.destination.gid = MappedGid(bytes.subspan(16));
    mad.trafficClass = bytes[1];
    mad.hopLimit = bytes[8];
    return FromUdp(mad, bytes.subspan(header));
}

Found FromIpv6(Bytes bytes)
{
    constexpr std::size_t kHeader = 40;
    constexpr std::uint8_t kUdp = 17;
    if (bytes.size() < kHeader || bytes[6] != kUdp)
    {
        return kSomethingElse;
    }
    CapturedMad mad;
    mad.global = true;
    mad.source.gid = GidFrom(bytes.subspan(8));
    mad.destination.gid = GidFrom(bytes.subspan(24));
    mad.trafficClass = static_cast<std::uint8_t>(Load16(bytes, 0) >> 4);
    mad.flowLabel = (bytes[1] & 0xfU) << 16 | Load16(bytes, 2);
    mad.hopLimit = bytes[7];
    return FromUdp(mad, bytes.subspan(kHeader));
}

/** @param bytes from behind the ethertype. */
Found FromEtherType(std::uint16_t type, Bytes bytes)
{
    while ((type == kVlan || type == kServiceVlan) && bytes.size() >= 4)
    {
        type = Load16(bytes, 2);
        bytes = bytes.subspan(4);
    }
    switch (type)
    {
    case kIpv4:
        return FromIpv4(bytes);
    case kIpv6:
        return FromIpv6(bytes);
    case kRoceV1:
        return FromGrh({}, bytes);
    default:
        return kSomethingElse;
    }
}

/** From the LRH on. */
Found FromInfiniband(Bytes bytes)
{
    if (bytes.size() < ibwire::Lrh::kBytes)
    {
        return kSomethingElse;
    }
    const auto lrh = ibwire::Unpack<ibwire::Lrh>(bytes.first<ibwire::Lrh::kBytes>());
    CapturedMad mad;
    mad.source.lid = lrh.slid;
    mad.destination.lid = lrh.dlid;
    mad.sl = lrh.sl;
    const Bytes rest = bytes.subspan(ibwire::Lrh::kBytes);
    switch (lrh.lnh)
    {
    case ibwire::LinkNextHeader::kIbaLocal:
        return FromTransport(mad, rest);
    case ibwire::LinkNextHeader::kIbaGlobal:
        return FromGrh(mad, rest);
    default:
        return kSomethingElse;
    }
}

/** An Extensible Record Format record: a header, perhaps extensions of it, and an IB packet. */
Found FromErf(Bytes bytes)
{
    constexpr std::size_t kHeader = 16;
    constexpr std::size_t kExtension = 8;
    constexpr std::uint8_t kMore = 0x80;
    constexpr std::uint8_t kTypeInfiniband = 21;
    if (bytes.size() < kHeader || (bytes[8] & 0x7f) != kTypeInfiniband)
    {
        return kSomethingElse;
    }
    bool more = (bytes[8] & kMore) != 0;
    bytes = bytes.subspan(kHeader);
    while (more && bytes.size() >= kExtension)
    {
        more = (bytes[0] & kMore) != 0;
        bytes = bytes.subspan(kExtension);
    }
    return more ? kSomethingElse : FromInfiniband(bytes);
}

struct ClosePcap
{
    void operator()(pcap_t* pcap) const
    {
        pcap_close(pcap);
    }
};

bool IsKnown(int link)
{
    constexpr LinkType kKnown[] = {LinkType::kEthernet,
                                   LinkType::kLinuxCooked,
                                   LinkType::kErf,
                                   LinkType::kInfiniband,
                                   LinkType::kLinuxCooked2};
    return std::any_of(std::begin(kKnown),
                       std::end(kKnown),
                       [link](LinkType known) { return static_cast<int>(known) == link; });
}

} // namespace

std::string ToString(const NetAddress& address)
{
    if (address.gid.IsZero())
    {
        return "LID " + std::to_string(address.lid);
    }
    const std::string text = ibwire::ToString(address.gid);
    constexpr std::string_view kMapped = "::ffff:";
    return text.starts_with(kMapped) ? text.substr(kMapped.size()) : text;
}

tl::expected<std::optional<CapturedMad>, std::string> FindCmMad(
    LinkType link,
    std::span<const std::uint8_t> packet)
{
    struct Header
    {
        std::size_t bytes;
        std::size_t typeAt;
    };

    const auto behind = [packet](const Header& header) -> Found
    {
        if (packet.size() < header.bytes)
        {
            return kSomethingElse;
        }
        return FromEtherType(Load16(packet, header.typeAt), packet.subspan(header.bytes));
    };
    switch (link)
    {
    case LinkType::kEthernet:
        return behind({14, 12});
    case LinkType::kLinuxCooked:
        return behind({16, 14});
    case LinkType::kLinuxCooked2:
        return behind({20, 0});
    case LinkType::kErf:
        return FromErf(packet);
    case LinkType::kInfiniband:
        return FromInfiniband(packet);
    }
    return kSomethingElse;
}

tl::expected<std::vector<CapturedMad>, std::string> ReadCapture(const std::string& path)
{
    char error[PCAP_ERRBUF_SIZE]{};
    const std::unique_ptr<pcap_t, ClosePcap> pcap(
        pcap_open_offline_with_tstamp_precision(path.c_str(), PCAP_TSTAMP_PRECISION_NANO, error));
    if (pcap == nullptr)
    {
        // libpcap names the path only when it cannot open it.
        const std::string what = error;
        return tl::unexpected(what.starts_with(path) ? what : path + ": " + what);
    }
    const int link = pcap_datalink(pcap.get());
    if (!IsKnown(link))
    {
        return tl::unexpected(path + ": link type " + std::to_string(link) +
                              " is neither Ethernet nor InfiniBand");
    }
    std::vector<CapturedMad> mads;
    std::optional<Instant> first;
    pcap_pkthdr* header = nullptr;
    const unsigned char* bytes = nullptr;
    int status = 0;
    for (unsigned frame = 1; (status = pcap_next_ex(pcap.get(), &header, &bytes)) == 1; ++frame)
    {
        // With this precision libpcap puts nanoseconds where the name says microseconds.
        const Instant time =
            std::chrono::seconds(header->ts.tv_sec) + std::chrono::nanoseconds(header->ts.tv_usec);
        first = first.value_or(time);
        auto found = FindCmMad(static_cast<LinkType>(link), {bytes, header->caplen});
        if (!found)
        {
            return tl::unexpected(path + ": frame " + std::to_string(frame) + ": " + found.error());
        }
        if (*found)
        {
            (*found)->frame = frame;
            (*found)->time = time - *first;
            mads.push_back(**found);
        }
    }
    if (status != PCAP_ERROR_BREAK)
    {
        return tl::unexpected(path + ": " + pcap_geterr(pcap.get()));
    }
    return mads;
}

} // namespace ibcm::test
