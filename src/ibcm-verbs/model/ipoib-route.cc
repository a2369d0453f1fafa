// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/model/ipoib-route.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

namespace cmverbs
{

namespace
{

constexpr std::chrono::milliseconds kNeighbourTimeout{3500};
constexpr std::size_t kHardwareBytes = 20;
constexpr std::size_t kGidOffset = 4;
constexpr std::size_t kPkeyOffset = 8;

/** The question for the path between an interface and its neighbour. */
VerbsResult<PathQuestion> QuestionFor(const PortSnapshot& port,
                                      const Interface& link,
                                      const std::optional<ibwire::Gid>& dgid)
{
    const auto sgid = GidOfHardwareAddress(link.hardwareAddress);
    const auto pkey = PkeyOfBroadcast(link.broadcast);
    if (!link.infiniband || !sgid || !dgid || !pkey || FindGid(port, *sgid) == nullptr)
    {
        return tl::unexpected(VerbsError{
            ENODEV,
            fmt::format("packets would leave by interface {}, which is not IPoIB on port {} of the "
                        "device",
                        link.name,
                        port.number)});
    }
    PathQuestion question;
    question.sgid = *sgid;
    question.dgid = *dgid;
    question.pkey = *pkey;
    return question;
}

} // namespace

std::optional<ibwire::Gid> GidOfHardwareAddress(std::span<const std::uint8_t> address)
{
    if (address.size() != kHardwareBytes)
    {
        return std::nullopt;
    }
    ibwire::Gid gid;
    std::copy(address.begin() + kGidOffset, address.end(), gid.raw.begin());
    return gid;
}

std::optional<std::uint16_t> PkeyOfBroadcast(std::span<const std::uint8_t> address)
{
    if (address.size() != kHardwareBytes)
    {
        return std::nullopt;
    }
    return static_cast<std::uint16_t>(address[kPkeyOffset] << 8U | address[kPkeyOffset + 1] |
                                      0x8000U);
}

bool IsGidOfSubnet(const PortSnapshot& port, const ibcm::IpAddress& address)
{
    return address.Version() == 6 && !port.gids.empty() && !port.gids.front().gid.IsZero() &&
           address.Bytes().Prefix() == port.gids.front().gid.Prefix();
}

VerbsResult<Route> ResolveGid(const PortSnapshot& port,
                              SaPathClient& paths,
                              const ibwire::Gid& destination)
{
    PathQuestion question;
    question.sgid = port.gids.front().gid;
    question.dgid = destination;
    auto path = paths.Find(port, question);
    if (!path)
    {
        return tl::unexpected(path.error());
    }
    return Route{std::move(*path), ibcm::IpAddress::V6(question.sgid), port.number};
}

VerbsResult<Route> ResolveIpoib(const PortSnapshot& port,
                                SaPathClient& paths,
                                const ibcm::IpAddress& destination,
                                const std::optional<ibcm::IpAddress>& source)
{
    if (!destination.IsUnicast())
    {
        return tl::unexpected(
            VerbsError{EINVAL, ToString(destination) + " is not the address of one host"});
    }
    const auto way = FindRoute(destination, source, 0);
    if (!way)
    {
        return tl::unexpected(way.error());
    }
    if (way->local)
    {
        return tl::unexpected(VerbsError{
            ENODEV, ToString(destination) + " is an address of this machine: name the other one"});
    }
    const auto link = FindInterface(way->interface);
    if (!link)
    {
        return tl::unexpected(link.error());
    }
    const auto neighbour = FindNeighbour(way->nextHop, way->interface, kNeighbourTimeout);
    if (!neighbour)
    {
        return tl::unexpected(neighbour.error());
    }
    const auto question = QuestionFor(port, *link, GidOfHardwareAddress(*neighbour));
    if (!question)
    {
        return tl::unexpected(question.error());
    }
    auto path = paths.Find(port, *question);
    if (!path)
    {
        return tl::unexpected(path.error());
    }
    return Route{std::move(*path), way->source, port.number};
}

} // namespace cmverbs
