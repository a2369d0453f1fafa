// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_IP_ROUTE_H
#define IBCM_VERBS_IP_ROUTE_H

#include "ibcm-verbs/model/netlink-message.h"
#include "ibcm-verbs/model/verbs-error.h"
#include "ibcm/model/ip-cm.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/**
 * @file
 * What the operating system knows of the way to an IP address: route, interface, neighbour.
 */

namespace cmverbs
{

/** The text of an address: "10.9.0.1", "fd09::1". */
std::string ToString(const ibcm::IpAddress& address);
/** Nothing if it is no IP address in figures. */
std::optional<ibcm::IpAddress> ParseAddress(const std::string& text);

struct IpRoute
{
    ibcm::IpAddress source;
    ibcm::IpAddress nextHop; ///< the destination itself, unless there is a router
    unsigned interface {
        0
    };
    bool local{false}; ///< the destination is an address of this machine
};

/** A network interface. */
struct Interface
{
    std::string name;
    std::uint32_t mtu{0};
    bool infiniband{false};                    ///< IPoIB
    std::vector<std::uint8_t> hardwareAddress; ///< of IPoIB: 4 bytes of flags and QPN, and a GID
    std::vector<std::uint8_t> broadcast;       ///< of IPoIB: bytes 8 and 9 are the P_Key
};

/**
 * @param source nothing: as the route says.
 * @param interface that a link-local destination is behind; 0: as the route says.
 * @return code ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL if the source is none of this machine.
 */
VerbsResult<IpRoute> FindRoute(const ibcm::IpAddress& destination,
                               const std::optional<ibcm::IpAddress>& source,
                               unsigned interface);

VerbsResult<Interface> FindInterface(unsigned index);

/**
 * The hardware address of a neighbour, which is asked for it if it is not known.
 * @return code EHOSTUNREACH if it does not answer within @p timeout.
 */
VerbsResult<std::vector<std::uint8_t>> FindNeighbour(const ibcm::IpAddress& address,
                                                     unsigned interface,
                                                     std::chrono::milliseconds timeout);

/** What an answer to a question for a route says; pure. */
VerbsResult<IpRoute> RouteOf(const NetlinkAnswer& answer, const ibcm::IpAddress& destination);

/** What is known of a neighbour. */
enum class NeighbourState : std::uint8_t
{
    kUnknown,  ///< it has not been asked
    kAsked,    ///< and has not answered yet
    kFailed,   ///< it did not answer
    kReachable ///< its hardware address is known
};

/** What an answer to a question for a neighbour says; pure. */
NeighbourState NeighbourStateOf(const NetlinkAnswer& answer);

} // namespace cmverbs

#endif /* IBCM_VERBS_IP_ROUTE_H */
