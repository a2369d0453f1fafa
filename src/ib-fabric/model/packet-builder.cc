// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/packet-builder.h"

#include "ib-fabric/model/ib-port.h"

#include <ns3/abort.h>

#include <array>
#include <cstring>

namespace ns3
{

namespace
{

/** Writes headers one behind the other. */
class Writer
{
  public:
    explicit Writer(std::span<std::uint8_t> bytes)
        : m_bytes(bytes)
    {
    }

    template <ibwire::Message M>
    void Put(const M& header)
    {
        const auto written = ibwire::Encode(header, m_bytes.first(M::kBytes));
        NS_ABORT_MSG_IF(!written, "a field of the " << M::kName << " is out of range");
        m_bytes = m_bytes.subspan(M::kBytes);
    }

    template <ibwire::Message M>
    void Put(const std::optional<M>& header)
    {
        if (header)
        {
            Put(*header);
        }
    }

    void Put(std::span<const std::uint8_t> payload)
    {
        if (!payload.empty())
        {
            std::memcpy(m_bytes.data(), payload.data(), payload.size());
        }
    }

  private:
    std::span<std::uint8_t> m_bytes;
};

template <ibwire::Message M>
std::uint32_t BytesOf(const std::optional<M>& header)
{
    return header ? static_cast<std::uint32_t>(M::kBytes) : 0;
}

} // namespace

Ptr<IbPacket> BuildPacket(const IbPacketHeaders& headers, std::span<const std::uint8_t> payload)
{
    const auto payloadBytes = static_cast<std::uint32_t>(payload.size());
    const std::uint32_t pad = -payloadBytes & 3;
    const std::uint32_t afterGrh = IbPacket::kBthBytes + BytesOf(headers.deth) +
                                   BytesOf(headers.aeth) + BytesOf(headers.immediate) +
                                   payloadBytes + pad + IbPacket::kIcrcBytes;
    const std::uint32_t total =
        IbPacket::kLrhBytes + BytesOf(headers.grh) + afterGrh + IbPacket::kVcrcBytes;

    Ptr<IbPacket> packet = IbPacket::Create(total);
    Writer writer(std::span<std::uint8_t>(packet->Modify(), total));
    ibwire::Lrh lrh;
    lrh.vl = headers.vl;
    lrh.sl = headers.sl;
    lrh.lnh = headers.grh ? ibwire::LinkNextHeader::kIbaGlobal : ibwire::LinkNextHeader::kIbaLocal;
    lrh.dlid = headers.dlid;
    lrh.slid = headers.slid;
    lrh.pktLen = static_cast<std::uint16_t>((total - IbPacket::kVcrcBytes) / 4);
    writer.Put(lrh);
    if (headers.grh)
    {
        ibwire::Grh grh = *headers.grh;
        grh.payLen = static_cast<std::uint16_t>(afterGrh);
        writer.Put(grh);
    }
    ibwire::Bth bth = headers.bth;
    bth.padCount = static_cast<std::uint8_t>(pad);
    writer.Put(bth);
    writer.Put(headers.deth);
    writer.Put(headers.aeth);
    writer.Put(headers.immediate);
    writer.Put(payload);
    return packet;
}

ibwire::Grh MakeGrh(const IbMadGrh& grh, const IbPort& port)
{
    ibwire::Grh header;
    header.trafficClass = grh.trafficClass;
    header.flowLabel = grh.flowLabel & 0xfffff;
    header.hopLimit = grh.hopLimit;
    header.sgid = grh.sgid.IsZero() ? port.GetGid() : grh.sgid;
    header.dgid = grh.dgid;
    return header;
}

std::optional<IbMadGrh> ReadGrh(const IbPacket& packet)
{
    if (!packet.HasGrh())
    {
        return std::nullopt;
    }
    const std::span<const std::uint8_t, IbPacket::kGrhBytes> bytes(
        packet.Peek() + IbPacket::kLrhBytes, IbPacket::kGrhBytes);
    const auto header = ibwire::Unpack<ibwire::Grh>(bytes);
    IbMadGrh grh;
    grh.sgid = header.sgid;
    grh.dgid = header.dgid;
    grh.trafficClass = header.trafficClass;
    grh.hopLimit = header.hopLimit;
    grh.flowLabel = header.flowLabel;
    return grh;
}

std::uint8_t DataVl(std::uint8_t sl, std::uint8_t operationalVls)
{
    // The code counts VL0, VL0-1, VL0-3, VL0-7, VL0-14.
    constexpr std::array<std::uint8_t, 6> kDataVls{1, 1, 2, 4, 8, 15};
    return sl % kDataVls[operationalVls < kDataVls.size() ? operationalVls : 1];
}

} // namespace ns3
