// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/model/ip-route.h"

#include "ibcm/helper/host-threads.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <thread>

namespace cmverbs
{

namespace
{

/** A file descriptor that is closed. */
class Descriptor
{
  public:
    explicit Descriptor(int descriptor)
        : m_descriptor(descriptor)
    {
    }

    ~Descriptor()
    {
        if (m_descriptor >= 0)
        {
            close(m_descriptor);
        }
    }

    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    int Get() const
    {
        return m_descriptor;
    }

  private:
    int m_descriptor;
};

std::uint8_t FamilyOf(const ibcm::IpAddress& address)
{
    return address.Version() == 4 ? AF_INET : AF_INET6;
}

/** The address as sockets and netlink have it: 4 bytes or 16. */
std::span<const std::uint8_t> RawOf(const ibcm::IpAddress& address)
{
    const std::span<const std::uint8_t> all(address.Bytes().raw);
    return address.Version() == 4 ? all.last(4) : all;
}

std::optional<ibcm::IpAddress> FromRaw(std::span<const std::uint8_t> raw)
{
    if (raw.size() == 4)
    {
        std::uint32_t address = 0;
        std::memcpy(&address, raw.data(), sizeof address);
        return ibcm::IpAddress::V4(ntohl(address));
    }
    if (raw.size() == 16)
    {
        ibwire::Gid address;
        std::copy(raw.begin(), raw.end(), address.raw.begin());
        return ibcm::IpAddress::V6(address);
    }
    return std::nullopt;
}

bool IsLinkLocal(const ibcm::IpAddress& address)
{
    return address.Version() == 6 && address.Bytes().raw[0] == 0xfe &&
           (address.Bytes().raw[1] & 0xc0U) == 0x80;
}

/** One question, one answer. The kernel answers before send returns. */
VerbsResult<NetlinkAnswer> Ask(const NetlinkRequest& request, std::size_t fixedBytes)
{
    const Descriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    const auto bytes = request.Bytes();
    std::array<std::uint8_t, 16384> answer{};
    ssize_t length = -1;
    if (socket.Get() >= 0 && send(socket.Get(), bytes.data(), bytes.size(), 0) >= 0)
    {
        length = recv(socket.Get(), answer.data(), answer.size(), 0);
    }
    if (length < 0)
    {
        return tl::unexpected(VerbsError{errno, "cannot ask the kernel for its routes"});
    }
    return NetlinkAnswer(std::span(answer).first(static_cast<std::size_t>(length)), fixedBytes);
}

/** Makes the kernel look for the neighbour: an empty datagram to the port that discards them. */
void Provoke(const ibcm::IpAddress& address, unsigned interface)
{
    constexpr std::uint16_t kDiscard = 9;
    const Descriptor socket(::socket(FamilyOf(address), SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in v4{};
    sockaddr_in6 v6{};
    const auto raw = RawOf(address);
    const sockaddr* to = reinterpret_cast<const sockaddr*>(&v4);
    socklen_t length = sizeof v4;
    if (address.Version() == 4)
    {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(kDiscard);
        std::memcpy(&v4.sin_addr, raw.data(), raw.size());
    }
    else
    {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(kDiscard);
        v6.sin6_scope_id = interface;
        std::memcpy(&v6.sin6_addr, raw.data(), raw.size());
        to = reinterpret_cast<const sockaddr*>(&v6);
        length = sizeof v6;
    }
    // Whether it can be sent is seen from the neighbour's state.
    (void)sendto(socket.Get(), nullptr, 0, MSG_DONTWAIT, to, length);
}

VerbsError NoWay(int code, const ibcm::IpAddress& destination)
{
    return {code, "there is no route to " + ToString(destination)};
}

} // namespace

std::string ToString(const ibcm::IpAddress& address)
{
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(FamilyOf(address), RawOf(address).data(), text.data(), text.size());
    return text.data();
}

std::optional<ibcm::IpAddress> ParseAddress(const std::string& text)
{
    std::array<std::uint8_t, 16> raw{};
    if (inet_pton(AF_INET, text.c_str(), raw.data()) == 1)
    {
        return FromRaw(std::span(raw).first(4));
    }
    if (inet_pton(AF_INET6, text.c_str(), raw.data()) == 1)
    {
        return FromRaw(raw);
    }
    return std::nullopt;
}

VerbsResult<IpRoute> RouteOf(const NetlinkAnswer& answer, const ibcm::IpAddress& destination)
{
    if (const auto error = answer.Error())
    {
        // EINVAL: the source that was asked for is none.
        return tl::unexpected(NoWay(*error == -EINVAL ? EADDRNOTAVAIL
                                    : *error == 0     ? EIO
                                                      : -*error,
                                    destination));
    }
    const auto fixed = answer.Fixed<rtmsg>();
    const auto source = FromRaw(answer.Attribute(RTA_PREFSRC));
    const auto interface = answer.Number(RTA_OIF);
    if (fixed.rtm_type == RTN_UNREACHABLE || fixed.rtm_type == RTN_PROHIBIT ||
        fixed.rtm_type == RTN_BLACKHOLE)
    {
        return tl::unexpected(NoWay(EHOSTUNREACH, destination));
    }
    if ((fixed.rtm_type != RTN_UNICAST && fixed.rtm_type != RTN_LOCAL) || !source || !interface)
    {
        return tl::unexpected(NoWay(ENETUNREACH, destination));
    }
    IpRoute route;
    route.source = *source;
    route.interface = *interface;
    route.local = fixed.rtm_type == RTN_LOCAL;
    route.nextHop = FromRaw(answer.Attribute(RTA_GATEWAY)).value_or(destination);
    return route;
}

VerbsResult<IpRoute> FindRoute(const ibcm::IpAddress& destination,
                               const std::optional<ibcm::IpAddress>& source,
                               unsigned interface)
{
    const auto raw = RawOf(destination);
    rtmsg fixed{};
    fixed.rtm_family = FamilyOf(destination);
    fixed.rtm_dst_len = static_cast<std::uint8_t>(raw.size() * 8);
    if (source)
    {
        if (source->Version() != destination.Version())
        {
            return tl::unexpected(VerbsError{
                EADDRNOTAVAIL, "the source is not of the same IP version as the destination"});
        }
        fixed.rtm_src_len = fixed.rtm_dst_len;
    }
    NetlinkRequest request(RTM_GETROUTE, fixed);
    request.Append(RTA_DST, raw);
    if (source)
    {
        request.Append(RTA_SRC, RawOf(*source));
    }
    if (IsLinkLocal(destination) && interface != 0)
    {
        request.Append(RTA_OIF, static_cast<std::uint32_t>(interface));
    }
    const auto answer = Ask(request, sizeof fixed);
    if (!answer)
    {
        return tl::unexpected(answer.error());
    }
    auto route = RouteOf(*answer, destination);
    if (route && source)
    {
        route->source = *source;
    }
    return route;
}

VerbsResult<Interface> FindInterface(unsigned index)
{
    ifinfomsg fixed{};
    fixed.ifi_index = static_cast<int>(index);
    const auto answer = Ask(NetlinkRequest(RTM_GETLINK, fixed), sizeof fixed);
    if (!answer)
    {
        return tl::unexpected(answer.error());
    }
    if (answer->Error())
    {
        return tl::unexpected(
            VerbsError{ENODEV, fmt::format("there is no network interface {}", index)});
    }
    const auto bytes = [&answer](std::uint16_t attribute)
    {
        const auto value = answer->Attribute(attribute);
        return std::vector<std::uint8_t>(value.begin(), value.end());
    };
    Interface found;
    const auto name = answer->Attribute(IFLA_IFNAME);
    std::copy_if(name.begin(),
                 name.end(),
                 std::back_inserter(found.name),
                 [](std::uint8_t letter) { return letter != 0; });
    found.mtu = answer->Number(IFLA_MTU).value_or(0);
    found.infiniband = answer->Fixed<ifinfomsg>().ifi_type == ARPHRD_INFINIBAND;
    found.hardwareAddress = bytes(IFLA_ADDRESS);
    found.broadcast = bytes(IFLA_BROADCAST);
    return found;
}

NeighbourState NeighbourStateOf(const NetlinkAnswer& answer)
{
    constexpr unsigned kKnown =
        NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_NOARP | NUD_PERMANENT;
    if (answer.Error())
    {
        return NeighbourState::kUnknown;
    }
    const unsigned state = answer.Fixed<ndmsg>().ndm_state;
    if ((state & kKnown) != 0)
    {
        return NeighbourState::kReachable;
    }
    if ((state & NUD_FAILED) != 0)
    {
        return NeighbourState::kFailed;
    }
    return (state & NUD_INCOMPLETE) != 0 ? NeighbourState::kAsked : NeighbourState::kUnknown;
}

VerbsResult<std::vector<std::uint8_t>> FindNeighbour(const ibcm::IpAddress& address,
                                                     unsigned interface,
                                                     std::chrono::milliseconds timeout)
{
    constexpr std::chrono::milliseconds kPause{10};
    ndmsg fixed{};
    fixed.ndm_family = FamilyOf(address);
    fixed.ndm_ifindex = static_cast<int>(interface);
    NetlinkRequest request(RTM_GETNEIGH, fixed);
    request.Append(NDA_DST, RawOf(address));
    const auto deadline = ibcm::OsClock::now() + timeout;
    bool provoked = false;
    for (;;)
    {
        const auto answer = Ask(request, sizeof fixed);
        if (!answer)
        {
            return tl::unexpected(answer.error());
        }
        const NeighbourState state = NeighbourStateOf(*answer);
        if (state == NeighbourState::kReachable)
        {
            const auto known = answer->Attribute(NDA_LLADDR);
            return std::vector<std::uint8_t>(known.begin(), known.end());
        }
        const bool failed = provoked && state == NeighbourState::kFailed;
        if (failed || ibcm::OsClock::now() >= deadline)
        {
            return tl::unexpected(
                VerbsError{EHOSTUNREACH, ToString(address) + " does not answer at all"});
        }
        if (!provoked)
        {
            Provoke(address, interface);
            provoked = true;
        }
        std::this_thread::sleep_for(kPause);
    }
}

} // namespace cmverbs
