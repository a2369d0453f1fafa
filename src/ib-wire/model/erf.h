// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * The layout of capture files of InfiniBand packets: pcap with link type 197 (ERF), each packet an
 * ERF record of type 21. Wireshark and tshark dissect it fully (they refuse the link type 247,
 * which is InfiniBand without ERF). Bytes only: who writes them has the file.
 */
#ifndef IB_WIRE_ERF_H
#define IB_WIRE_ERF_H

#include <array>
#include <cstddef>
#include <cstdint>

namespace ibwire
{

inline constexpr std::size_t kErfHeaderBytes = 16;
/** What stands before each packet: pcap's header and ERF's. */
inline constexpr std::size_t kErfRecordBytes = 16 + kErfHeaderBytes;

/**
 * The beginning of the file.
 * \param snapLength most bytes that are kept of a packet
 */
std::array<std::uint8_t, 24> ErfFileHeader(std::uint32_t snapLength);

/**
 * What precedes a packet, which goes from LRH to VCRC.
 * \param nanoseconds since the epoch, 0 or more
 * \param kept bytes of the packet that follow
 * \param wire bytes that it had, at least kept
 */
std::array<std::uint8_t, kErfRecordBytes> ErfRecordHeader(std::int64_t nanoseconds,
                                                          std::uint32_t kept,
                                                          std::uint32_t wire);

} // namespace ibwire

#endif // IB_WIRE_ERF_H
