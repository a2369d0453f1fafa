// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm/helper/end-tables.h"

#include <algorithm>
#include <utility>

namespace ibcm
{

bool EndTables::HasLid(std::uint16_t other) const
{
    return other >= lid && other - lid < 1 << lmc;
}

std::optional<std::uint8_t> EndTables::FindGid(const ibwire::Gid& gid) const
{
    const auto found = std::find(gids.begin(), gids.end(), gid);
    if (found == gids.end())
    {
        return std::nullopt;
    }
    return static_cast<std::uint8_t>(found - gids.begin());
}

ibwire::Gid EndTables::GidAt(std::uint8_t index) const
{
    return index < gids.size() ? gids[index] : ibwire::Gid{};
}

std::optional<std::uint16_t> EndTables::FindPkey(std::uint16_t pkey) const
{
    constexpr std::uint16_t kWithoutMembership = 0x7fff;
    const auto found = std::find_if(pkeys.begin(),
                                    pkeys.end(),
                                    [pkey](std::uint16_t own)
                                    { return ((own ^ pkey) & kWithoutMembership) == 0; });
    if (found == pkeys.end())
    {
        return std::nullopt;
    }
    return static_cast<std::uint16_t>(found - pkeys.begin());
}

TabledEnd::TabledEnd(EndTables tables)
    : m_tables(std::move(tables))
{
}

std::uint16_t TabledEnd::Lid() const
{
    return m_tables.lid;
}

std::uint8_t TabledEnd::Lmc() const
{
    return m_tables.lmc;
}

std::uint8_t TabledEnd::ActiveMtu() const
{
    return static_cast<std::uint8_t>(m_tables.activeMtu);
}

std::uint8_t TabledEnd::ActiveRate() const
{
    return static_cast<std::uint8_t>(m_tables.activeRate);
}

std::optional<std::uint8_t> TabledEnd::FindGid(const ibwire::Gid& gid) const
{
    return m_tables.FindGid(gid);
}

ibwire::Gid TabledEnd::GidAt(std::uint8_t index) const
{
    return m_tables.GidAt(index);
}

std::optional<std::uint16_t> TabledEnd::FindPkey(std::uint16_t pkey) const
{
    return m_tables.FindPkey(pkey);
}

std::optional<ReceivedMad> ArrivalOf(const ibwire::MadBytes& mad,
                                     const MadAddress& address,
                                     const EndTables& from,
                                     const EndTables& to)
{
    if (address.pkeyIndex >= from.pkeys.size())
    {
        return std::nullopt;
    }
    const std::uint16_t pkey = from.pkeys[address.pkeyIndex];
    const auto pkeyIndex = to.FindPkey(pkey);
    if (!pkeyIndex)
    {
        return std::nullopt;
    }
    // Made where the caller has it: it is copied for each MAD of a benchmark otherwise.
    std::optional<ReceivedMad> arrival(std::in_place);
    ReceivedMad& received = *arrival;
    received.bytes = mad;
    received.pkey = pkey;
    received.destinationPathBits = static_cast<std::uint8_t>(address.dlid - to.lid);
    MadAddress& reply = received.replyAddress;
    // The path bits of a port are the low bits of its LIDs.
    reply.dlid =
        static_cast<std::uint16_t>(from.lid + (address.sourcePathBits & ((1U << from.lmc) - 1)));
    reply.sourcePathBits = received.destinationPathBits;
    reply.sl = address.sl;
    reply.pkeyIndex = *pkeyIndex;
    reply.hasGrh = address.hasGrh;
    if (reply.hasGrh)
    {
        reply.dgid = from.GidAt(address.sgidIndex);
        reply.sgidIndex = to.FindGid(address.dgid).value_or(0);
        reply.flowLabel = address.flowLabel;
        reply.hopLimit = address.hopLimit;
        reply.trafficClass = address.trafficClass;
    }
    return arrival;
}

} // namespace ibcm
