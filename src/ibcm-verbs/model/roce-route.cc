// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/model/roce-route.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

namespace cmverbs
{

namespace
{

/** As long as the kernel's ARP and neighbour discovery go on by default, and a little more. */
constexpr std::chrono::milliseconds kNeighbourTimeout{3500};
/** What Linux assumes of an Ethernet, which nobody can be asked for: 4.096 us * 2^18, a second. */
constexpr std::uint8_t kPacketLifeTime = 18;
constexpr std::uint8_t kHopLimit = 64;
constexpr std::uint16_t kDefaultPkey = 0xffff;

/** Spreads flows over parallel links: the UDP source port comes from it. */
std::uint32_t FlowLabelOf(const ibwire::Gid& source, const ibwire::Gid& destination)
{
    std::uint32_t sum = 0x811c9dc5;
    for (const ibwire::Gid* gid : {&source, &destination})
    {
        for (const std::uint8_t byte : gid->raw)
        {
            sum = (sum ^ byte) * 0x01000193;
        }
    }
    return (sum ^ sum >> 20U) & 0xfffff;
}

bool HasAddress(const PortSnapshot& port, const ibcm::IpAddress& address)
{
    return FindGid(port, GidOfAddress(address)) != nullptr;
}

} // namespace

ibwire::Mtu RoceMtu(std::uint32_t bytes)
{
    // IPv6 or GRH, UDP, BTH, the longest extended header (AtomicETH) and the ICRC.
    constexpr std::uint32_t kHeaders = 40 + 8 + 12 + 28 + 4;
    return ibwire::MtuFromBytes(bytes > kHeaders ? bytes - kHeaders : 0);
}

ibcm::Path RocePath(const PortSnapshot& port,
                    const GidEntry& source,
                    const ibcm::IpAddress& destination,
                    std::uint32_t interfaceMtu)
{
    ibcm::Path path;
    path.sgid = source.gid;
    path.dgid = GidOfAddress(destination);
    path.pkey = kDefaultPkey;
    path.flowLabel = FlowLabelOf(path.sgid, path.dgid);
    path.hopLimit = kHopLimit;
    const ibwire::Mtu largest = interfaceMtu == 0 ? port.mtu : RoceMtu(interfaceMtu);
    path.mtu = static_cast<std::uint8_t>(std::min(port.mtu, largest));
    if (port.rate != ibwire::Rate{0})
    {
        path.rate = static_cast<std::uint8_t>(port.rate);
    }
    path.packetLifeTime = kPacketLifeTime;
    return path;
}

VerbsResult<GidEntry> RoceSource(const PortSnapshot& port, const IpRoute& route, bool asked)
{
    // To an address of this machine packets go by the loopback interface, which has no GIDs.
    const GidEntry* entry =
        FindGid(port, GidOfAddress(route.source), route.local ? 0 : route.interface);
    const bool elsewhere = entry != nullptr && !route.local && entry->interface != 0 &&
                           entry->interface != route.interface;
    if (entry != nullptr && !elsewhere)
    {
        return *entry;
    }
    if (asked && entry == nullptr)
    {
        return tl::unexpected(
            VerbsError{EADDRNOTAVAIL,
                       fmt::format("the source {} is no RoCE v2 address of port {}",
                                   ToString(route.source),
                                   port.number)});
    }
    return tl::unexpected(VerbsError{
        ENODEV,
        fmt::format("packets would leave from {} by interface {}, which is no RoCE v2 address of "
                    "port {} of the device",
                    ToString(route.source),
                    route.interface,
                    port.number)});
}

VerbsResult<Route> ResolveRoce(const PortSnapshot& port,
                               const ibcm::IpAddress& destination,
                               const std::optional<ibcm::IpAddress>& source)
{
    if (!destination.IsUnicast())
    {
        return tl::unexpected(
            VerbsError{EINVAL, ToString(destination) + " is not the address of one host"});
    }
    if (source && !HasAddress(port, *source))
    {
        return tl::unexpected(VerbsError{
            EADDRNOTAVAIL,
            fmt::format(
                "the source {} is no RoCE v2 address of port {}", ToString(*source), port.number)});
    }
    const unsigned interface = port.gids.empty() ? 0 : port.gids.front().interface;
    const auto way = FindRoute(destination, source, interface);
    if (!way)
    {
        return tl::unexpected(way.error());
    }
    const auto entry = RoceSource(port, *way, source.has_value());
    if (!entry)
    {
        return tl::unexpected(entry.error());
    }
    std::uint32_t mtu = 0;
    if (!way->local)
    {
        const auto neighbour = FindNeighbour(way->nextHop, way->interface, kNeighbourTimeout);
        const auto link = FindInterface(way->interface);
        if (!neighbour || !link)
        {
            return tl::unexpected(!neighbour ? neighbour.error() : link.error());
        }
        mtu = link->mtu;
    }
    return Route{RocePath(port, *entry, destination, mtu), way->source, port.number};
}

} // namespace cmverbs
