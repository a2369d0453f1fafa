// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/model/port-snapshot.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <mutex>
#include <utility>

namespace cmverbs
{

namespace
{

constexpr std::uint16_t kMembership = 0x8000;
constexpr std::uint16_t kDefaultPkey = 0xffff;

bool Usable(const PortSnapshot& port, const GidEntry& entry)
{
    return !port.ethernet || entry.type == GidType::kRoceV2;
}

/** The first 12 bytes of an IPv4 address as a GID. */
constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct SpeedRow
{
    unsigned code;
    std::uint32_t hundredMbps; ///< of one lane
};

constexpr std::array<SpeedRow, 9> kSpeeds{{
    {1, 25},
    {2, 50},
    {4, 100},
    {8, 100},
    {16, 140},
    {32, 250},
    {64, 500},
    {128, 1000},
    {256, 2000},
}};

struct WidthRow
{
    unsigned code;
    std::uint32_t lanes;
};

constexpr std::array<WidthRow, 5> kWidths{{{1, 1}, {2, 4}, {4, 8}, {8, 12}, {16, 2}}};

} // namespace

const GidEntry* FindGid(const PortSnapshot& port, const ibwire::Gid& gid)
{
    return FindGid(port, gid, 0);
}

const GidEntry* FindGid(const PortSnapshot& port, const ibwire::Gid& gid, unsigned interface)
{
    const GidEntry* found = nullptr;
    for (const GidEntry& entry : port.gids)
    {
        if (entry.gid != gid || !Usable(port, entry))
        {
            continue;
        }
        if (interface != 0 && entry.interface == interface)
        {
            return &entry;
        }
        found = found == nullptr ? &entry : found;
    }
    return found;
}

const GidEntry* GidAt(const PortSnapshot& port, std::uint8_t index)
{
    const auto found =
        std::find_if(port.gids.begin(),
                     port.gids.end(),
                     [index](const GidEntry& entry) { return entry.index == index; });
    return found == port.gids.end() ? nullptr : &*found;
}

bool HasUsableGid(const PortSnapshot& port)
{
    return std::any_of(port.gids.begin(),
                       port.gids.end(),
                       [&port](const GidEntry& entry) { return Usable(port, entry); });
}

std::optional<std::uint16_t> FindPkey(const PortSnapshot& port, std::uint16_t pkey)
{
    std::optional<std::uint16_t> partial;
    for (std::size_t i = 0; i < port.pkeys.size(); ++i)
    {
        const std::uint16_t entry = port.pkeys[i];
        if ((entry | kMembership) != (pkey | kMembership) || (entry & ~kMembership) == 0)
        {
            continue;
        }
        if (entry == pkey)
        {
            return static_cast<std::uint16_t>(i);
        }
        if (!partial)
        {
            partial = static_cast<std::uint16_t>(i);
        }
    }
    return partial;
}

std::uint16_t PkeyAt(const PortSnapshot& port, std::uint16_t index)
{
    return index < port.pkeys.size() ? port.pkeys[index] : kDefaultPkey;
}

ibwire::Gid GidOfAddress(const ibcm::IpAddress& address)
{
    ibwire::Gid gid = address.Bytes();
    if (address.Version() == 4)
    {
        std::copy(kMapped.begin(), kMapped.end(), gid.raw.begin());
    }
    return gid;
}

ibcm::IpAddress AddressOfGid(const ibwire::Gid& gid)
{
    if (!std::equal(kMapped.begin(), kMapped.end(), gid.raw.begin()))
    {
        return ibcm::IpAddress::V6(gid);
    }
    std::uint32_t address = 0;
    for (auto byte = std::next(gid.raw.begin(), kMapped.size()); byte != gid.raw.end(); ++byte)
    {
        address = address << 8U | *byte;
    }
    return ibcm::IpAddress::V4(address);
}

ibwire::Rate LinkRate(unsigned speed, unsigned width)
{
    const auto lane = std::find_if(
        kSpeeds.begin(), kSpeeds.end(), [speed](const SpeedRow& row) { return row.code == speed; });
    const auto lanes = std::find_if(
        kWidths.begin(), kWidths.end(), [width](const WidthRow& row) { return row.code == width; });
    if (lane == kSpeeds.end() || lanes == kWidths.end())
    {
        return ibwire::Rate{0};
    }
    return ibwire::RateFromHundredMbps(lane->hundredMbps * lanes->lanes);
}

PortState::PortState(PortSnapshot first)
    : m_latest(std::make_shared<const PortSnapshot>(std::move(first)))
{
}

std::shared_ptr<const PortSnapshot> PortState::Get() const
{
    const std::lock_guard hold(m_lock);
    return m_latest;
}

void PortState::Set(PortSnapshot next)
{
    auto latest = std::make_shared<const PortSnapshot>(std::move(next));
    const std::lock_guard hold(m_lock);
    m_latest.swap(latest);
}

} // namespace cmverbs
