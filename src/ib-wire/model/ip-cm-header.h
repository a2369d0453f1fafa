// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * The private-data header of the RDMA IP CM service (IBA vol. 1, annex A11), which precedes the
 * consumer's own private data in REQ and SIDR_REQ.
 */
#ifndef IB_WIRE_IP_CM_HEADER_H
#define IB_WIRE_IP_CM_HEADER_H

#include "ib-wire/model/codec.h"

#include <cstdint>
#include <string_view>

namespace ibwire
{

/** The first 36 bytes of private data. */
struct IpCmHeader
{
    std::uint8_t majorVersion{}; ///< 4 bits, 0
    std::uint8_t minorVersion{}; ///< 4 bits, 0
    std::uint8_t ipVersion{};    ///< 4 bits: 4 or 6
    std::uint16_t sourcePort{};
    Gid sourceAddress{}; ///< an IPv4 address is the last 4 bytes, the others are zero
    Gid destinationAddress{};

    static constexpr std::string_view kName = "IP CM header";
    static constexpr std::size_t kBytes = 36;

    static constexpr auto Fields()
    {
        return std::make_tuple(
            Field<&IpCmHeader::majorVersion>{"Major version", 0, 0, 4},
            Field<&IpCmHeader::minorVersion>{"Minor version", 0, 4, 4},
            Field<&IpCmHeader::ipVersion>{"IP version", 1, 0, 4},
            Field<&IpCmHeader::sourcePort>{"Source port", 2, 0, 16},
            Field<&IpCmHeader::sourceAddress>{"Source IP address", 4, 0, 128},
            Field<&IpCmHeader::destinationAddress>{"Destination IP address", 20, 0, 128});
    }

    friend bool operator==(const IpCmHeader&, const IpCmHeader&) = default;
};

/** The second ARI byte of a REJ with reason 28 from an IP CM service (A11). */
enum class IpCmRejReason : std::uint8_t
{
    kUnspecified = 0,
    kMajorVersion = 1,
    kMinorVersion = 2,
    kIpVersion = 3,
    kSourceAddress = 4,
    kDestinationAddress = 5,
    kUnknownAddress = 6,
};

/** Port spaces of the IP CM service: bits 31..16 of a service id (5.3: 0x0106 TCP, …). */
enum class PortSpace : std::uint16_t
{
    kIpoib = 0x0002,
    kTcp = 0x0106,
    kUdp = 0x0111,
    kIb = 0x013f,
};

/** The service id of a port in a port space: 0x0000000001060000 + port for TCP. */
constexpr std::uint64_t IpCmServiceId(PortSpace space, std::uint16_t port)
{
    return std::uint64_t{static_cast<std::uint16_t>(space)} << 16 | port;
}

} // namespace ibwire

#endif // IB_WIRE_IP_CM_HEADER_H
