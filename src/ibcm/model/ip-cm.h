// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_IP_CM_H
#define IBCM_IP_CM_H

#include "ib-wire/model/gid.h"
#include "ib-wire/model/ip-cm-header.h"

#include <tl/expected.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

/**
 * @file
 * The RDMA IP CM service: how connections between IP addresses and ports are asked for through
 * service ids and the private data of REQ and SIDR_REQ. Pure functions, for any thread. InfiniBand
 * Architecture vol. 1, annex A11.
 */

namespace ibcm
{

/** A port of a port space, which a service id stands for. */
struct IpCmService
{
    ibwire::PortSpace space{ibwire::PortSpace::kTcp};
    std::uint16_t port{0}; ///< host byte order

    friend bool operator==(const IpCmService&, const IpCmService&) = default;
};

/** The service id of a port: 0x0000000001060000 + port for TCP. */
constexpr std::uint64_t ServiceIdOf(const IpCmService& service)
{
    return ibwire::IpCmServiceId(service.space, service.port);
}

/**
 * The port that a service id stands for: of the range of the RDMA IP CM service (0x0000000001, the
 * IP protocol, the port), or of IPoIB's port space. Nothing for all other service ids.
 */
std::optional<IpCmService> IpCmServiceOf(std::uint64_t serviceId);

/** An IP address. */
class IpAddress
{
  public:
    /** 0.0.0.0 */
    IpAddress() = default;
    /** @param address host byte order: 10.0.0.1 is 0x0a000001. */
    static IpAddress V4(std::uint32_t address);
    static IpAddress V6(const ibwire::Gid& address);

    /** 4 or 6. */
    std::uint8_t Version() const
    {
        return m_version;
    }

    /** As the header has it: an IPv4 address is the last 4 bytes, the first 12 are zero. */
    const ibwire::Gid& Bytes() const
    {
        return m_bytes;
    }

    /** Names one host: neither unspecified nor multicast nor, of IPv4, broadcast. */
    bool IsUnicast() const;

    friend bool operator==(const IpAddress&, const IpAddress&) = default;

  private:
    std::uint8_t m_version{4};
    ibwire::Gid m_bytes;
};

/** Which message's private data an IP CM header precedes. */
enum class IpCmCarrier : std::uint8_t
{
    kReq,     ///< 92 bytes, 56 of them the consumer's
    kSidrReq, ///< 216 bytes, 180 of them the consumer's
};

/** The consumer's bytes beside the header. */
std::size_t IpCmConsumerBytes(IpCmCarrier carrier);

/** Who asks whom; the port that is asked for is in the service id. */
struct IpCmEndpoints
{
    IpAddress source;
    std::uint16_t sourcePort{0}; ///< host byte order; 0: none
    IpAddress destination;

    friend bool operator==(const IpCmEndpoints&, const IpCmEndpoints&) = default;
};

/** Why there is no header for a request. */
enum class IpCmError : std::uint8_t
{
    kMixedVersions,      ///< one address is IPv4, the other IPv6
    kSourceAddress,      ///< the source address is not that of one host
    kDestinationAddress, ///< the destination address is not that of one host
    kConsumerData,       ///< more consumer data than the message holds beside the header
};

/** The error in words, e.g. "IPv4 and IPv6 addresses in one request". */
const char* ToString(IpCmError error);

/** "unsupported major version", …; "unrecognized reason" for other numbers. */
const char* ToString(ibwire::IpCmRejReason reason);

/**
 * The private data of a REQ or SIDR_REQ: the header, and the consumer's data behind it.
 * @return 36 bytes and as many as @p consumerData has, for ReqParameters::privateData or
 *         SidrReqParameters::privateData.
 */
tl::expected<std::vector<std::uint8_t>, IpCmError> BuildIpCm(
    const IpCmEndpoints& endpoints,
    IpCmCarrier carrier,
    std::span<const std::uint8_t> consumerData = {});

/** What the private data of a REQ or SIDR_REQ says. */
struct IpCmRequest
{
    IpCmService service; ///< that is asked for
    IpCmEndpoints endpoints;
    /** All behind the header; refers to what was given to ParseIpCm. */
    std::span<const std::uint8_t> consumerData;
};

/**
 * Reads and checks the header, in the order of its fields.
 * @param privateData of ReqReceived or SidrReqReceived: Event::privateData.
 * @param serviceId of the same event.
 * @return why A11 rejects the request otherwise: kMajorVersion and kMinorVersion if they are not 0,
 *         kIpVersion if it is neither 4 nor 6, kSourceAddress and kDestinationAddress if it is not
 *         that of one host or an IPv4 address does not begin with 12 zero bytes; kUnspecified if
 *         the data is shorter than a header or the service id is none of the IP CM service.
 */
tl::expected<IpCmRequest, ibwire::IpCmRejReason> ParseIpCm(
    std::span<const std::uint8_t> privateData,
    std::uint64_t serviceId);

/** The layer that rejects: the first byte of the additional information of REJ 28 (A11). */
enum class IpCmRejLayer : std::uint8_t
{
    kIpCm = 0,     ///< the IP CM service; an IpCmRejReason follows
    kConsumer = 1, ///< who uses the service; its own bytes follow
};

/** The additional reject information that goes with RejReason::kConsumer: layer and reason. */
std::array<std::uint8_t, 2> RejectInfo(ibwire::IpCmRejReason reason);

/**
 * The reason in the additional information of a REJ 28, e.g. RejReceived::info up to infoLength;
 * nothing if it is shorter than two bytes or comes from the consumer above the service.
 */
std::optional<ibwire::IpCmRejReason> IpCmReasonOf(std::span<const std::uint8_t> info);

} // namespace ibcm

#endif /* IBCM_IP_CM_H */
