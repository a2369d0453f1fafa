// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The CM's MADs of a capture file, whatever they travelled in.
#ifndef WEFT_TEST_IBCM_CAPTURE_FILE_H
#define WEFT_TEST_IBCM_CAPTURE_FILE_H

#include "ib-wire/model/gid.h"
#include "ib-wire/model/mad.h"
#include "ibcm/model/runtime.h"

#include <tl/expected.hpp>

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace ibcm::test
{

/** One end of a packet's way. */
struct NetAddress
{
    ibwire::Gid gid;      ///< RoCE: the IP address, IPv4 as ::ffff:a.b.c.d; zero without a GRH
    std::uint16_t lid{0}; ///< 0 on Ethernet

    friend auto operator<=>(const NetAddress&, const NetAddress&) = default;
};

/** "10.9.0.1", "fd09::1", "LID 5". */
std::string ToString(const NetAddress& address);

/** A MAD of the communication management class as it was captured. */
struct CapturedMad
{
    unsigned frame{0}; ///< in the file, from 1, as tshark counts
    Instant time{0};   ///< since the file's first frame
    NetAddress source;
    NetAddress destination;
    bool global{false}; ///< it has a GRH; always on Ethernet, where IP may stand for it
    std::uint8_t sl{0}; ///< 0 on Ethernet
    std::uint16_t pkey{0};
    std::uint32_t sourceQpn{0};
    std::uint32_t destinationQpn{0};
    std::uint32_t qkey{0};
    std::uint32_t flowLabel{0};
    std::uint8_t hopLimit{0};
    std::uint8_t trafficClass{0};
    ibwire::MadBytes bytes{};
};

/** How a file wraps its packets: the link types that are understood. */
enum class LinkType : std::uint16_t
{
    kEthernet = 1,
    kLinuxCooked = 113,
    kErf = 197,
    kInfiniband = 247, ///< from the LRH on
    kLinuxCooked2 = 276,
};

/**
 * The CM MAD in a captured packet, without its frame number and time: RoCE v1, RoCE v2 over IPv4 or
 * IPv6, with or without VLAN tags, or InfiniBand.
 * @return nothing if the packet is something else; a reason if it is one and is cut off or damaged
 */
tl::expected<std::optional<CapturedMad>, std::string> FindCmMad(
    LinkType link,
    std::span<const std::uint8_t> packet);

/**
 * All CM MADs of a file in the formats pcap (either byte order, micro- or nanoseconds) and pcapng.
 * @return or what is wrong with it, with the path and the frame
 */
tl::expected<std::vector<CapturedMad>, std::string> ReadCapture(const std::string& path);

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_CAPTURE_FILE_H
