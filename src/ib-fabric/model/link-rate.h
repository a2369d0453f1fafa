// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_LINK_RATE_H
#define IB_LINK_RATE_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ns3
{

/**
 * \ingroup infiniband
 * Number of lanes of a link. The values are the bits of PortInfo.LinkWidthActive
 * (IBA vol. 1, table 155).
 */
enum class IbLinkWidth : std::uint8_t
{
    k1x = 1,
    k4x = 2,
    k8x = 4,
    k12x = 8,
    k2x = 16,
};

/** \ingroup infiniband Signalling speed of one lane, slowest first. */
enum class IbLinkSpeed : std::uint8_t
{
    kSdr,
    kDdr,
    kQdr,
    kFdr10,
    kFdr,
    kEdr,
    kHdr,
    kNdr,
    kXdr,
};

/** \ingroup infiniband What a link carries: lanes times speed. */
struct IbLinkRate
{
    IbLinkWidth width{IbLinkWidth::k4x};  //!< number of lanes
    IbLinkSpeed speed{IbLinkSpeed::kEdr}; //!< speed of each lane

    friend bool operator==(const IbLinkRate&, const IbLinkRate&) = default;
};

/**
 * \param width a link width
 * \returns the number of lanes, 1 to 12
 */
std::uint32_t LaneCount(IbLinkWidth width);

/**
 * What remains of the signalling rate after 8b/10b, 64b/66b or the FEC of the newer speeds.
 * \param speed a lane speed
 * \returns data rate of one lane in kilobit per second
 */
std::uint64_t LaneDataRateKbps(IbLinkSpeed speed);

/**
 * \param rate width and speed
 * \returns data rate of the whole link in kilobit per second
 */
std::uint64_t DataRateKbps(IbLinkRate rate);

/**
 * \param rate width and speed
 * \returns the rate as SA records encode it (PathRecord.Rate, 6 bits: 2 = 2.5 Gb/s, 3 = 10 Gb/s,
 *          ...); the nearest encodable rate that is not faster
 */
std::uint8_t SaRateCode(IbLinkRate rate);

/**
 * \param code an SA rate code
 * \returns the data rate that it stands for in kilobit per second, 0 for a reserved code
 */
std::uint64_t SaRateKbps(std::uint8_t code);

/** \param width a link width \returns "1x", "4x", ... */
const char* ToString(IbLinkWidth width);

/** \param speed a lane speed \returns "SDR", "FDR10", ... */
const char* ToString(IbLinkSpeed speed);

/** \param rate width and speed \returns for example "4xFDR10", as ibnetdiscover writes it */
std::string ToString(IbLinkRate rate);

/** \param text for example "4x" \returns the width, nothing if it is none */
std::optional<IbLinkWidth> ParseLinkWidth(std::string_view text);

/** \param text for example "EDR" \returns the speed, nothing if it is none */
std::optional<IbLinkSpeed> ParseLinkSpeed(std::string_view text);

/** \param text for example "4xEDR" \returns the rate, nothing if it is none */
std::optional<IbLinkRate> ParseLinkRate(std::string_view text);

} // namespace ns3

#endif // IB_LINK_RATE_H
