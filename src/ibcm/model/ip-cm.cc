// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm/model/ip-cm.h"

#include "ib-wire/model/cm-messages.h"

#include <algorithm>

namespace ibcm
{

namespace
{

using ibwire::IpCmHeader;
using ibwire::IpCmRejReason;

/** The port spaces of the service: an IP protocol behind this byte. */
constexpr std::uint64_t kServiceByte = 0x01;
constexpr std::size_t kV4Offset = 12; ///< of an IPv4 address in the 16 bytes
constexpr std::uint8_t kV4 = 4;
constexpr std::uint8_t kV6 = 6;

bool IsBroadcast(std::span<const std::uint8_t> address)
{
    return std::all_of(
        address.begin(), address.end(), [](std::uint8_t byte) { return byte == 0xff; });
}

/** The address in a header; nothing if it cannot be one. */
std::optional<IpAddress> AddressFrom(std::uint8_t version, const ibwire::Gid& bytes)
{
    if (version == kV6)
    {
        return IpAddress::V6(bytes);
    }
    const auto first = bytes.raw.begin();
    if (std::any_of(first, first + kV4Offset, [](std::uint8_t byte) { return byte != 0; }))
    {
        return std::nullopt;
    }
    return IpAddress::V4(static_cast<std::uint32_t>(bytes.Guid()));
}

std::optional<IpAddress> UnicastFrom(std::uint8_t version, const ibwire::Gid& bytes)
{
    const auto address = AddressFrom(version, bytes);
    return address && address->IsUnicast() ? address : std::nullopt;
}

} // namespace

std::optional<IpCmService> IpCmServiceOf(std::uint64_t serviceId)
{
    const std::uint64_t space = serviceId >> 16;
    const bool known = space >> 8 == kServiceByte ||
                       space == static_cast<std::uint64_t>(ibwire::PortSpace::kIpoib);
    if (!known)
    {
        return std::nullopt;
    }
    return IpCmService{static_cast<ibwire::PortSpace>(space),
                       static_cast<std::uint16_t>(serviceId)};
}

IpAddress IpAddress::V4(std::uint32_t address)
{
    IpAddress made;
    made.m_bytes = ibwire::Gid::From(0, address);
    return made;
}

IpAddress IpAddress::V6(const ibwire::Gid& address)
{
    IpAddress made;
    made.m_version = kV6;
    made.m_bytes = address;
    return made;
}

bool IpAddress::IsUnicast() const
{
    if (m_bytes.IsZero())
    {
        return false;
    }
    if (m_version == kV6)
    {
        return !m_bytes.IsMulticast();
    }
    const auto address = std::span(m_bytes.raw).subspan(kV4Offset);
    constexpr std::uint8_t kMulticast = 0xe0; // 224.0.0.0/4
    return (address[0] & 0xf0) != kMulticast && !IsBroadcast(address);
}

std::size_t IpCmConsumerBytes(IpCmCarrier carrier)
{
    const std::size_t all = carrier == IpCmCarrier::kReq
                                ? ibwire::kPrivateDataBytes<ibwire::CmReq>
                                : ibwire::kPrivateDataBytes<ibwire::CmSidrReq>;
    return all - IpCmHeader::kBytes;
}

tl::expected<std::vector<std::uint8_t>, IpCmError> BuildIpCm(
    const IpCmEndpoints& endpoints,
    IpCmCarrier carrier,
    std::span<const std::uint8_t> consumerData)
{
    if (endpoints.source.Version() != endpoints.destination.Version())
    {
        return tl::unexpected(IpCmError::kMixedVersions);
    }
    if (!endpoints.source.IsUnicast())
    {
        return tl::unexpected(IpCmError::kSourceAddress);
    }
    if (!endpoints.destination.IsUnicast())
    {
        return tl::unexpected(IpCmError::kDestinationAddress);
    }
    if (consumerData.size() > IpCmConsumerBytes(carrier))
    {
        return tl::unexpected(IpCmError::kConsumerData);
    }
    IpCmHeader header;
    header.ipVersion = endpoints.source.Version();
    header.sourcePort = endpoints.sourcePort;
    header.sourceAddress = endpoints.source.Bytes();
    header.destinationAddress = endpoints.destination.Bytes();
    std::vector<std::uint8_t> data(IpCmHeader::kBytes + consumerData.size());
    // Cannot fail: versions of 0, 4 and 6 fit their fields.
    (void)ibwire::Encode(header, std::span(data).first(IpCmHeader::kBytes));
    std::copy(consumerData.begin(), consumerData.end(), data.begin() + IpCmHeader::kBytes);
    return data;
}

tl::expected<IpCmRequest, IpCmRejReason> ParseIpCm(std::span<const std::uint8_t> privateData,
                                                   std::uint64_t serviceId)
{
    const auto service = IpCmServiceOf(serviceId);
    const auto header = ibwire::DecodePrefix<IpCmHeader>(privateData);
    if (!service || !header)
    {
        return tl::unexpected(IpCmRejReason::kUnspecified);
    }
    if (header->majorVersion != 0)
    {
        return tl::unexpected(IpCmRejReason::kMajorVersion);
    }
    if (header->minorVersion != 0)
    {
        return tl::unexpected(IpCmRejReason::kMinorVersion);
    }
    if (header->ipVersion != kV4 && header->ipVersion != kV6)
    {
        return tl::unexpected(IpCmRejReason::kIpVersion);
    }
    const auto source = UnicastFrom(header->ipVersion, header->sourceAddress);
    if (!source)
    {
        return tl::unexpected(IpCmRejReason::kSourceAddress);
    }
    const auto destination = UnicastFrom(header->ipVersion, header->destinationAddress);
    if (!destination)
    {
        return tl::unexpected(IpCmRejReason::kDestinationAddress);
    }
    return IpCmRequest{*service,
                       {*source, header->sourcePort, *destination},
                       privateData.subspan(IpCmHeader::kBytes)};
}

std::array<std::uint8_t, 2> RejectInfo(IpCmRejReason reason)
{
    return {static_cast<std::uint8_t>(IpCmRejLayer::kIpCm), static_cast<std::uint8_t>(reason)};
}

std::optional<IpCmRejReason> IpCmReasonOf(std::span<const std::uint8_t> info)
{
    if (info.size() < 2 || info[0] != static_cast<std::uint8_t>(IpCmRejLayer::kIpCm))
    {
        return std::nullopt;
    }
    return static_cast<IpCmRejReason>(info[1]);
}

const char* ToString(IpCmError error)
{
    switch (error)
    {
    case IpCmError::kMixedVersions:
        return "IPv4 and IPv6 addresses in one request";
    case IpCmError::kSourceAddress:
        return "source address is not that of one host";
    case IpCmError::kDestinationAddress:
        return "destination address is not that of one host";
    case IpCmError::kConsumerData:
        return "more consumer data than fits behind the IP CM header";
    }
    return "unrecognized error";
}

const char* ToString(IpCmRejReason reason)
{
    switch (reason)
    {
    case IpCmRejReason::kUnspecified:
        return "unspecified";
    case IpCmRejReason::kMajorVersion:
        return "unsupported major version";
    case IpCmRejReason::kMinorVersion:
        return "unsupported minor version";
    case IpCmRejReason::kIpVersion:
        return "invalid IP version";
    case IpCmRejReason::kSourceAddress:
        return "invalid source address";
    case IpCmRejReason::kDestinationAddress:
        return "invalid destination address";
    case IpCmRejReason::kUnknownAddress:
        return "unknown IP address";
    }
    return "unrecognized reason";
}

} // namespace ibcm
