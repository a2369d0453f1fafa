// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_IPOIB_ROUTE_H
#define IBCM_VERBS_IPOIB_ROUTE_H

#include "ibcm-verbs/model/cm-device.h"
#include "ibcm-verbs/model/ip-route.h"
#include "ibcm-verbs/model/sa-path-client.h"

#include <cstdint>
#include <optional>
#include <span>

namespace cmverbs
{

/** The way to an IP address of IPoIB: neighbour, GID, and the path from the administrator. Blocks.
 */
VerbsResult<Route> ResolveIpoib(const PortSnapshot& port,
                                SaPathClient& paths,
                                const ibcm::IpAddress& destination,
                                const std::optional<ibcm::IpAddress>& source);

/**
 * True if the address is not one of IPoIB, but the GID of a port of this subnet: where the kernel's
 * IPoIB cannot be had, as it comes with the kernel's Connection Manager. Pure.
 */
bool IsGidOfSubnet(const PortSnapshot& port, const ibcm::IpAddress& address);

/** The path to a port by its GID; the source is the port's own one. Blocks. */
VerbsResult<Route> ResolveGid(const PortSnapshot& port,
                              SaPathClient& paths,
                              const ibwire::Gid& destination);

/** The GID in a hardware address of IPoIB: the last 16 of its 20 bytes; pure. */
std::optional<ibwire::Gid> GidOfHardwareAddress(std::span<const std::uint8_t> address);

/** The P_Key of an IPoIB interface, from its broadcast address, with full membership; pure. */
std::optional<std::uint16_t> PkeyOfBroadcast(std::span<const std::uint8_t> address);

} // namespace cmverbs

#endif /* IBCM_VERBS_IPOIB_ROUTE_H */
