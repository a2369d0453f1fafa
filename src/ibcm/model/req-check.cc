// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Whether a REQ can be served, in the order of its reject reasons' importance; each reason with the
// additional information of InfiniBand Architecture vol. 1, 12.6.7.2.
#include "ibcm/model/req-check.h"

#include "ibcm/model/compose.h"

#include <algorithm>

namespace ibcm
{

namespace
{

constexpr std::uint16_t kPermissiveLid = 0xffff;

Refusal Refuse(ibwire::RejReason reason, std::span<const std::uint8_t> info = {})
{
    Refusal refusal;
    refusal.reason = reason;
    refusal.infoLength = static_cast<std::uint8_t>(info.size());
    std::copy(info.begin(), info.end(), refusal.info.begin());
    return refusal;
}

Refusal RefuseByte(ibwire::RejReason reason, std::uint8_t acceptable)
{
    return Refuse(reason, std::span<const std::uint8_t>(&acceptable, 1));
}

/** The two paths of a REQ have the same rules and different reasons. */
struct PathReasons
{
    ibwire::RejReason gid;
    ibwire::RejReason lid;
    ibwire::RejReason sl;
    ibwire::RejReason hopLimit;
    ibwire::RejReason rate;
};

constexpr PathReasons kPrimary{ibwire::RejReason::kPrimaryRemoteGid,
                               ibwire::RejReason::kPrimaryRemoteLid,
                               ibwire::RejReason::kPrimarySl,
                               ibwire::RejReason::kPrimaryHopLimit,
                               ibwire::RejReason::kPrimaryPacketRate};
constexpr PathReasons kAlternate{ibwire::RejReason::kAlternateRemoteGid,
                                 ibwire::RejReason::kAlternateRemoteLid,
                                 ibwire::RejReason::kAlternateSl,
                                 ibwire::RejReason::kAlternateHopLimit,
                                 ibwire::RejReason::kAlternatePacketRate};

/** One path of a REQ, by whatever names the message calls its fields. */
struct WirePath
{
    const ibwire::Gid& remoteGid;
    std::uint16_t remoteLid;
    std::uint8_t sl;
    std::uint8_t hopLimit;
    ibwire::Rate rate;
    bool subnetLocal;
};

bool IsLidOf(const MadPort& port, std::uint16_t lid)
{
    // On Ethernet, and through a router, a LID says nothing.
    return port.Lid() == 0 || lid == kPermissiveLid ||
           static_cast<std::uint16_t>(lid - port.Lid()) < (1U << port.Lmc());
}

std::optional<Refusal> CheckPath(const WirePath& path,
                                 const PathReasons& reasons,
                                 const ibwire::Gid& acceptable,
                                 const ReqChecks& checks)
{
    const PortRef port = checks.portOf(path.remoteGid);
    if (!port)
    {
        // A port without a GID has none to offer.
        return acceptable.IsZero() ? Refuse(reasons.gid) : Refuse(reasons.gid, acceptable.raw);
    }
    if (checks.behaviour == Behaviour::kLinux61)
    {
        return std::nullopt;
    }
    if (!IsLidOf(*port, path.remoteLid))
    {
        const std::array<std::uint8_t, 2> lid{static_cast<std::uint8_t>(port->Lid() >> 8),
                                              static_cast<std::uint8_t>(port->Lid())};
        return Refuse(reasons.lid, lid);
    }
    if ((checks.requirements.serviceLevels >> path.sl & 1U) == 0)
    {
        // The lowest that may be used, in the upper half of the byte as in the REQ.
        unsigned sl = 0;
        while (sl < 15 && (checks.requirements.serviceLevels >> sl & 1U) == 0)
        {
            ++sl;
        }
        return RefuseByte(reasons.sl, static_cast<std::uint8_t>(sl << 4));
    }
    if (!path.subnetLocal && path.hopLimit < 2)
    {
        return RefuseByte(reasons.hopLimit, 2);
    }
    if (!RateFits(*port, path.rate))
    {
        return RefuseByte(reasons.rate, port->ActiveRate());
    }
    return std::nullopt;
}

} // namespace

bool RateFits(const MadPort& port, ibwire::Rate rate)
{
    if (rate == ibwire::Rate{0})
    {
        return true;
    }
    const std::uint32_t asked = ibwire::RateHundredMbps(rate);
    const std::uint32_t most =
        ibwire::RateHundredMbps(static_cast<ibwire::Rate>(port.ActiveRate()));
    return asked != 0 && (most == 0 || asked <= most);
}

std::optional<Refusal> CheckReceivedReq(const ibwire::CmReq& req, const ReqChecks& checks)
{
    using ibwire::RejReason;
    const bool strict = checks.behaviour == Behaviour::kStrict;
    if (strict && (!QpTypeOfReq(req) || req.localQpn == 0))
    {
        return Refuse(RejReason::kInvalidTransportType);
    }
    const WirePath primary{req.primaryRemoteGid,
                           req.primaryRemoteLid,
                           req.primarySl,
                           req.primaryHopLimit,
                           req.primaryPacketRate,
                           req.primarySubnetLocal};
    if (auto refusal = CheckPath(primary, kPrimary, checks.arrival.GidAt(0), checks))
    {
        return refusal;
    }
    if (req.alternateLocalLid != 0)
    {
        const WirePath alternate{req.alternateRemoteGid,
                                 req.alternateRemoteLid,
                                 req.alternateSl,
                                 req.alternateHopLimit,
                                 req.alternatePacketRate,
                                 req.alternateSubnetLocal};
        // Linux names the primary path's GID, which is acceptable at least.
        const ibwire::Gid acceptable = strict ? checks.arrival.GidAt(0) : req.primaryRemoteGid;
        if (auto refusal = CheckPath(alternate, kAlternate, acceptable, checks))
        {
            return refusal;
        }
    }
    if (!strict)
    {
        return std::nullopt;
    }
    const auto mtu = static_cast<std::uint8_t>(req.pathMtu);
    const std::uint8_t largest = checks.arrival.ActiveMtu();
    if (mtu < 1 || mtu > largest)
    {
        return RefuseByte(RejReason::kInvalidMtu, static_cast<std::uint8_t>(largest << 4));
    }
    if (req.initiatorDepth > checks.requirements.maxInitiatorDepth)
    {
        return Refuse(RejReason::kInsufficientResponderResources);
    }
    const bool reliable = req.transportServiceType == ibwire::TransportService::kRc;
    if (reliable && req.rnrRetryCount < checks.requirements.minRnrRetryCount)
    {
        return Refuse(RejReason::kRnrRetryCount);
    }
    return std::nullopt;
}

} // namespace ibcm
