// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * The two checksums of a packet (IBA vol. 1, 7.8): ICRC over what no switch changes, VCRC over
 * everything on one link.
 */
#ifndef IB_WIRE_CRC_H
#define IB_WIRE_CRC_H

#include "ib-wire/model/result.h"

#include <array>
#include <cstdint>
#include <span>

namespace ibwire
{

/**
 * CRC-32 as Ethernet and ICRC use it (polynomial 0x04c11db7, bits reversed), without masking.
 * \param crc the state so far; start with 0xffffffff, the result is the complement of the last
 */
std::uint32_t Crc32(std::uint32_t crc, std::span<const std::uint8_t> bytes);

/**
 * CRC-16 of VCRC (polynomial 0x100b, bits reversed).
 * \param crc the state so far; start with 0xffff, the result is the complement of the last
 */
std::uint16_t Crc16(std::uint16_t crc, std::span<const std::uint8_t> bytes);

/**
 * The ICRC of an InfiniBand packet.
 * \param packet from LRH to the last byte before the ICRC
 * \return the four bytes in the order of the wire; kTruncated if the headers are incomplete,
 *         kUnsupported if LRH says that it is a raw packet, which has none
 */
Result<std::array<std::uint8_t, 4>> Icrc(std::span<const std::uint8_t> packet);

/**
 * The ICRC of a RoCEv2 packet.
 * \param packet from the IPv4 or IPv6 header (without options) to the last byte before the ICRC
 * \return the four bytes in the order of the wire; kTruncated if the headers are incomplete,
 *         kUnsupported if it is not UDP over plain IPv4 or IPv6
 */
Result<std::array<std::uint8_t, 4>> RoceIcrc(std::span<const std::uint8_t> packet);

/**
 * The VCRC of a packet.
 * \param packet from LRH to the last byte before the VCRC
 * \return the two bytes in the order of the wire
 */
std::array<std::uint8_t, 2> Vcrc(std::span<const std::uint8_t> packet);

/**
 * Writes ICRC and VCRC over the last six bytes of a packet.
 * \param packet from LRH to VCRC, complete
 * \return kTruncated or kUnsupported as Icrc() does, with nothing written
 */
Result<void> SealPacket(std::span<std::uint8_t> packet);

/** True if the last two bytes of a packet, from LRH to VCRC, are its VCRC. */
bool VcrcIsGood(std::span<const std::uint8_t> packet);

/** True if the last four bytes before the VCRC of a packet, from LRH to VCRC, are its ICRC. */
bool IcrcIsGood(std::span<const std::uint8_t> packet);

} // namespace ibwire

#endif // IB_WIRE_CRC_H
