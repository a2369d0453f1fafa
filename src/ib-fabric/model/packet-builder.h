// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_PACKET_BUILDER_H
#define IB_PACKET_BUILDER_H

#include "ib-fabric/model/ib-mad-service.h"
#include "ib-fabric/model/ib-packet.h"
#include "ib-wire/model/packet-headers.h"

#include <cstdint>
#include <optional>
#include <span>

namespace ns3
{

class IbPort;

/** \ingroup infiniband The headers of a packet that a queue pair of this node sends. */
struct IbPacketHeaders
{
    std::uint16_t slid{0};
    std::uint16_t dlid{0};
    std::uint8_t sl{0};
    std::uint8_t vl{0};
    std::optional<ibwire::Grh> grh; //!< payLen is filled in
    ibwire::Bth bth{};              //!< padCount is filled in
    std::optional<ibwire::Deth> deth;
    std::optional<ibwire::Aeth> aeth;
    std::optional<ibwire::ImmDt> immediate;
};

/**
 * \param headers what stands in front of the payload
 * \param payload the payload; padded to a multiple of four octets
 * \returns the packet
 */
Ptr<IbPacket> BuildPacket(const IbPacketHeaders& headers, std::span<const std::uint8_t> payload);

/**
 * \param grh what a user of a queue pair says about the GRH
 * \param port which sends: gives the source GID unless the user did
 * \returns the header
 */
ibwire::Grh MakeGrh(const IbMadGrh& grh, const IbPort& port);

/** \param packet with or without a GRH \returns what its GRH says, nothing if it has none */
std::optional<IbMadGrh> ReadGrh(const IbPacket& packet);

/**
 * \param sl service level
 * \param operationalVls PortInfo.OperationalVLs of the sending port
 * \returns the data VL that carries this SL: SL modulo the number of data VLs in operation
 */
std::uint8_t DataVl(std::uint8_t sl, std::uint8_t operationalVls);

} // namespace ns3

#endif // IB_PACKET_BUILDER_H
