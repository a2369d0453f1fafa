// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/sa-path-query.h"

#include "ib-fabric/model/link-rate.h"

#include <chrono>
#include <optional>

namespace ns3
{

using ibwire::PathRecord;
using ibwire::SaStatus;
using ibwire::Selector;

namespace
{

constexpr std::uint16_t kDefaultPkey = 0xffff;
constexpr std::uint16_t kPkeyBase = 0x7fff;

/** Finds the port that a GID, a LID or both of them name. */
tl::expected<SubnetEndPort, SaStatus> FindEnd(const SubnetDatabase& database,
                                              bool hasGid,
                                              const ibwire::Gid& gid,
                                              bool hasLid,
                                              std::uint16_t lid)
{
    if (!hasGid && !hasLid)
    {
        return tl::unexpected(SaStatus::kInsufficientComponents);
    }
    std::optional<SubnetEndPort> byGid;
    if (hasGid)
    {
        if (gid.IsMulticast() || gid.Prefix() != ibwire::kDefaultGidPrefix)
        {
            return tl::unexpected(SaStatus::kInvalidGid);
        }
        byGid = database.FindPortGuid(gid.Guid());
        if (!byGid)
        {
            return tl::unexpected(SaStatus::kNoRecords);
        }
    }
    if (!hasLid)
    {
        return *byGid;
    }
    const auto byLid = database.FindLid(lid);
    const bool differ =
        byLid && byGid && (byLid->node != byGid->node || byLid->port != byGid->port);
    if (!byLid || differ)
    {
        return tl::unexpected(SaStatus::kNoRecords);
    }
    return *byLid;
}

/**
 * What a selector leaves of a value that the path can provide up to a maximum.
 * \param most what the path provides, \param wanted the value of the query, in the same unit
 * \returns the value to answer with, nothing if the path does not fit
 */
std::optional<std::uint64_t> SelectUpTo(std::uint64_t most,
                                        bool constrained,
                                        Selector selector,
                                        std::uint64_t wanted)
{
    if (!constrained || selector == Selector::kBestAvailable)
    {
        return most;
    }
    switch (selector)
    {
    case Selector::kGreaterThan:
        return most > wanted ? std::optional(most) : std::nullopt;
    case Selector::kExactly:
        return most >= wanted ? std::optional(wanted) : std::nullopt;
    default: // less than: the caller picks the next smaller code
        return most < wanted ? std::optional(most) : std::optional(wanted - 1);
    }
}

bool ApplyMtu(const PathRecord& query, std::uint64_t mask, ibwire::Mtu most, PathRecord& answer)
{
    const bool constrained = (mask & ibwire::kPathMtu) != 0;
    const Selector selector =
        (mask & ibwire::kPathMtuSelector) != 0 ? query.mtuSelector : Selector::kExactly;
    const auto code = SelectUpTo(static_cast<std::uint64_t>(most),
                                 constrained,
                                 selector,
                                 static_cast<std::uint64_t>(query.mtu));
    answer.mtuSelector = Selector::kExactly;
    answer.mtu = static_cast<ibwire::Mtu>(code.value_or(0));
    return ibwire::MtuBytes(answer.mtu) != 0;
}

/** The fastest code that is not faster than this; 0 if there is none. */
std::uint8_t RateCodeUpTo(std::uint64_t kbps)
{
    std::uint8_t best = 0;
    for (std::uint8_t code = 1; code < 64; ++code)
    {
        const std::uint64_t rate = SaRateKbps(code);
        if (rate != 0 && rate <= kbps && rate > SaRateKbps(best))
        {
            best = code;
        }
    }
    return best;
}

bool ApplyRate(const PathRecord& query, std::uint64_t mask, std::uint8_t most, PathRecord& answer)
{
    const bool constrained = (mask & ibwire::kPathRate) != 0;
    const std::uint64_t wanted = SaRateKbps(static_cast<std::uint8_t>(query.rate));
    if (constrained && wanted == 0)
    {
        return false;
    }
    const Selector selector =
        (mask & ibwire::kPathRateSelector) != 0 ? query.rateSelector : Selector::kExactly;
    const auto kbps = SelectUpTo(SaRateKbps(most), constrained, selector, wanted);
    answer.rateSelector = Selector::kExactly;
    answer.rate = static_cast<ibwire::Rate>(kbps ? RateCodeUpTo(*kbps) : 0);
    return static_cast<std::uint8_t>(answer.rate) != 0;
}

bool ApplyLifeTime(const PathRecord& query,
                   std::uint64_t mask,
                   std::uint8_t least,
                   PathRecord& answer)
{
    answer.packetLifeTimeSelector = Selector::kExactly;
    answer.packetLifeTime = least;
    if ((mask & ibwire::kPathPacketLifeTime) == 0)
    {
        return true;
    }
    const Selector selector = (mask & ibwire::kPathPacketLifeTimeSelector) != 0
                                  ? query.packetLifeTimeSelector
                                  : Selector::kExactly;
    switch (selector)
    {
    case Selector::kLessThan:
        return least < query.packetLifeTime;
    case Selector::kExactly:
        answer.packetLifeTime = query.packetLifeTime;
        return least <= query.packetLifeTime;
    case Selector::kGreaterThan:
        answer.packetLifeTime =
            std::max<std::uint8_t>(least, static_cast<std::uint8_t>(query.packetLifeTime + 1));
        return answer.packetLifeTime < 32;
    default:
        return true;
    }
}

} // namespace

tl::expected<PathRecord, SaStatus> QueryPath(const SubnetDatabase& database,
                                             const PathRecord& query,
                                             std::uint64_t mask,
                                             Time linkLifeTime)
{
    const auto has = [mask](std::uint64_t component) { return (mask & component) != 0; };
    const auto source =
        FindEnd(database, has(ibwire::kPathSgid), query.sgid, has(ibwire::kPathSlid), query.slid);
    if (!source)
    {
        return tl::unexpected(source.error());
    }
    const auto destination =
        FindEnd(database, has(ibwire::kPathDgid), query.dgid, has(ibwire::kPathDlid), query.dlid);
    if (!destination)
    {
        return tl::unexpected(destination.error());
    }
    // There is one partition, and no way for raw packets.
    if ((has(ibwire::kPathPkey) && (query.pkey & kPkeyBase) != kPkeyBase) ||
        (has(ibwire::kPathRawTraffic) && query.rawTraffic))
    {
        return tl::unexpected(SaStatus::kNoRecords);
    }
    const auto quality = database.TracePath(*source, *destination);
    if (!quality || !database.TracePath(*destination, *source))
    {
        return tl::unexpected(SaStatus::kNoRecords);
    }
    const SubnetPort& from = database.GetPort(*source);
    const SubnetPort& to = database.GetPort(*destination);
    PathRecord answer;
    answer.sgid = ibwire::Gid::From(from.info.gidPrefix, from.guid);
    answer.dgid = ibwire::Gid::From(to.info.gidPrefix, to.guid);
    answer.slid = has(ibwire::kPathSlid) ? query.slid : from.lid;
    answer.dlid = has(ibwire::kPathDlid) ? query.dlid : to.lid;
    answer.pkey = kDefaultPkey;
    answer.sl = has(ibwire::kPathSl) ? query.sl : std::uint8_t{0};
    answer.flowLabel = has(ibwire::kPathFlowLabel) ? query.flowLabel : 0;
    answer.trafficClass = has(ibwire::kPathTrafficClass) ? query.trafficClass : std::uint8_t{0};
    answer.serviceId = has(ibwire::kPathServiceId) ? query.serviceId : 0;
    answer.reversible = true;
    const auto lifeTime = std::chrono::nanoseconds(
        (linkLifeTime * static_cast<int64_t>(quality->links)).GetNanoSeconds());
    if (!ApplyMtu(query, mask, quality->mtu, answer) ||
        !ApplyRate(query, mask, quality->rateCode, answer) ||
        !ApplyLifeTime(query, mask, ibwire::TimeoutToCode(lifeTime), answer))
    {
        return tl::unexpected(SaStatus::kNoRecords);
    }
    return answer;
}

} // namespace ns3
