// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/model/mad-packet.h"

#include "ib-wire/model/crc.h"
#include "ib-wire/model/packet-headers.h"

#include <span>
#include <utility>

namespace cmverbs
{

namespace
{

constexpr std::size_t kTrailerBytes = ibwire::kIcrcBytes + ibwire::kVcrcBytes;
constexpr std::uint32_t kCmQpn = 1;

/** Appends a header; its values fit their fields, as they come from addresses. */
template <class T>
void Append(std::vector<std::uint8_t>& packet, const T& header)
{
    const std::size_t start = packet.size();
    packet.resize(start + T::kBytes);
    (void)ibwire::Encode(header, std::span(packet).subspan(start).template first<T::kBytes>());
}

ibwire::Lrh LrhOf(const PortSnapshot& port,
                  const ibcm::MadAddress& peer,
                  bool sent,
                  std::size_t bytes)
{
    ibwire::Lrh lrh;
    lrh.sl = peer.sl;
    lrh.lnh = peer.hasGrh ? ibwire::LinkNextHeader::kIbaGlobal : ibwire::LinkNextHeader::kIbaLocal;
    const auto own = static_cast<std::uint16_t>(port.lid | peer.sourcePathBits);
    lrh.slid = sent ? own : peer.dlid;
    lrh.dlid = sent ? peer.dlid : own;
    lrh.pktLen = static_cast<std::uint16_t>((bytes - ibwire::kVcrcBytes) / 4);
    return lrh;
}

ibwire::Grh GrhOf(const PortSnapshot& port, const ibcm::MadAddress& peer, bool sent)
{
    const GidEntry* entry = GidAt(port, peer.sgidIndex);
    const ibwire::Gid own = entry == nullptr ? ibwire::Gid{} : entry->gid;
    ibwire::Grh grh;
    grh.trafficClass = peer.trafficClass;
    grh.flowLabel = peer.flowLabel;
    grh.hopLimit = peer.hopLimit;
    grh.payLen = static_cast<std::uint16_t>(ibwire::Bth::kBytes + ibwire::Deth::kBytes +
                                            ibwire::kMadBytes + ibwire::kIcrcBytes);
    grh.sgid = sent ? own : peer.dgid;
    grh.dgid = sent ? peer.dgid : own;
    return grh;
}

} // namespace

std::vector<std::uint8_t> PacketOf(const PortSnapshot& port,
                                   const ibwire::MadBytes& mad,
                                   const ibcm::MadAddress& peer,
                                   bool sent)
{
    const std::size_t bytes = ibwire::Lrh::kBytes + (peer.hasGrh ? ibwire::Grh::kBytes : 0) +
                              ibwire::Bth::kBytes + ibwire::Deth::kBytes + ibwire::kMadBytes +
                              kTrailerBytes;
    std::vector<std::uint8_t> packet;
    packet.reserve(bytes);
    Append(packet, LrhOf(port, peer, sent, bytes));
    if (peer.hasGrh)
    {
        Append(packet, GrhOf(port, peer, sent));
    }
    ibwire::Bth bth;
    bth.opCode = ibwire::OpCode::kUdSendOnly;
    bth.pkey = PkeyAt(port, peer.pkeyIndex);
    bth.destQp = sent ? peer.qpn : kCmQpn;
    Append(packet, bth);
    ibwire::Deth deth;
    deth.qkey = peer.qkey;
    deth.srcQp = sent ? kCmQpn : peer.qpn;
    Append(packet, deth);
    packet.insert(packet.end(), mad.begin(), mad.end());
    packet.resize(bytes);
    (void)ibwire::SealPacket(packet);
    return packet;
}

} // namespace cmverbs
