// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_ROCE_ROUTE_H
#define IBCM_VERBS_ROCE_ROUTE_H

#include "ibcm-verbs/model/cm-device.h"
#include "ibcm-verbs/model/ip-route.h"
#include "ibcm-verbs/model/port-snapshot.h"

#include <cstdint>
#include <optional>

namespace cmverbs
{

/**
 * The way to an IP address on Ethernet, RoCE v2: blocks until the next hop has answered, so that
 * one that is dead is found out here, as EHOSTUNREACH, and not when the kernel looks for it on
 * behalf of a MAD.
 */
VerbsResult<Route> ResolveRoce(const PortSnapshot& port,
                               const ibcm::IpAddress& destination,
                               const std::optional<ibcm::IpAddress>& source);

/** The path's fields, from what has been found out; pure. */
ibcm::Path RocePath(const PortSnapshot& port,
                    const GidEntry& source,
                    const ibcm::IpAddress& destination,
                    std::uint32_t interfaceMtu);

/**
 * The entry of the port's GID table that packets of a route leave by; pure. EADDRNOTAVAIL if the
 * address has been asked for (@p asked) and the port does not have it, ENODEV if the way goes by
 * another device.
 */
VerbsResult<GidEntry> RoceSource(const PortSnapshot& port, const IpRoute& route, bool asked);

/** The largest MTU of packets that fit into frames of an interface with @p bytes; 0: none. */
ibwire::Mtu RoceMtu(std::uint32_t bytes);

} // namespace cmverbs

#endif /* IBCM_VERBS_ROCE_ROUTE_H */
