// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "replay-parameters.h"

#include <algorithm>

namespace ibcm::test
{

namespace
{

constexpr std::uint16_t kPermissiveLid = 0xffff;

std::uint16_t LidOr(std::uint16_t fromReq, std::uint16_t fromPacket)
{
    return fromReq == kPermissiveLid ? fromPacket : fromReq;
}

Path PrimaryPath(const ReplayStep& step, const ibwire::CmReq& req, std::uint8_t lifeTime)
{
    Path path;
    path.sgid = req.primaryLocalGid;
    path.dgid = req.primaryRemoteGid;
    path.slid = LidOr(req.primaryLocalLid, step.mad.source.lid);
    path.dlid = LidOr(req.primaryRemoteLid, step.mad.destination.lid);
    path.pkey = req.pkey;
    path.flowLabel = req.primaryFlowLabel;
    path.hopLimit = req.primaryHopLimit;
    path.trafficClass = req.primaryTrafficClass;
    path.sl = req.primarySl;
    path.mtu = static_cast<std::uint8_t>(req.pathMtu);
    path.rate = static_cast<std::uint8_t>(req.primaryPacketRate);
    path.packetLifeTime = lifeTime;
    return path;
}

/** The block of an alternate path, which REQ and LAP call by the same names. */
template <class M>
Path AlternatePath(const M& message, const ibwire::CmReq& req, std::uint8_t caAckDelay)
{
    Path path;
    path.sgid = message.alternateLocalGid;
    path.dgid = message.alternateRemoteGid;
    path.slid = LidOr(message.alternateLocalLid, 0);
    path.dlid = LidOr(message.alternateRemoteLid, 0);
    path.pkey = req.pkey;
    path.flowLabel = message.alternateFlowLabel;
    path.hopLimit = message.alternateHopLimit;
    path.trafficClass = message.alternateTrafficClass;
    path.sl = message.alternateSl;
    path.mtu = static_cast<std::uint8_t>(req.pathMtu);
    path.rate = static_cast<std::uint8_t>(message.alternatePacketRate);
    path.packetLifeTime = LifeTimeOf(message.alternateLocalAckTimeout, caAckDelay);
    return path;
}

QpType TypeOf(const ibwire::CmReq& req)
{
    switch (req.transportServiceType)
    {
    case ibwire::TransportService::kUc:
        return QpType::kUc;
    case ibwire::TransportService::kExtended:
        return QpType::kXrcInitiator;
    default:
        return QpType::kRc;
    }
}

/** The bytes of an information field that its length calls valid. */
template <std::size_t N>
std::span<const std::uint8_t> Valid(const std::array<std::uint8_t, N>& info, std::size_t length)
{
    return std::span(info).first(std::min(length, N));
}

Ece EceOf(const ReplayStep& step, std::uint32_t vendorId)
{
    return {vendorId, ibwire::DecodeHeader(step.mad.bytes).attributeModifier};
}

/** How often a SIDR_REQ was repeated. */
std::uint8_t RepetitionsOf(const ReplayPlan& plan, std::size_t request)
{
    return static_cast<std::uint8_t>(std::count_if(
        plan.steps.begin(),
        plan.steps.end(),
        [&](const ReplayStep& other)
        { return other.what == ReplayStep::What::kExpectAgain && other.first == request; }));
}

/** Whether the host heard the answer to its SIDR_REQ before it would have repeated it. */
bool IsAnswered(const ReplayPlan& plan, std::size_t request)
{
    const ReplayStep& asked = plan.steps[request];
    const auto wait = WaitOf(plan.steps, request);
    const Instant deadline =
        wait ? asked.mad.time + *wait * (RepetitionsOf(plan, request) + 1) + *wait / 20
             : Instant::max();
    return std::any_of(plan.steps.begin(),
                       plan.steps.end(),
                       [&](const ReplayStep& step)
                       {
                           return step.what == ReplayStep::What::kFeed &&
                                  Is(step, ibwire::CmAttribute::kSidrRep) &&
                                  step.peer == asked.peer && step.mad.time <= deadline &&
                                  RemoteIdOf(*step.message) == LocalIdOf(*asked.message);
                       });
}

} // namespace

const ibwire::CmReq* BeginningOf(const ReplayPlan& plan, const ReplayStep& step)
{
    for (const ReplayStep& other : plan.steps)
    {
        const auto* req = other.message ? std::get_if<ibwire::CmReq>(&*other.message) : nullptr;
        if (req != nullptr && other.peer == step.peer &&
            req->localCommId ==
                (IsOurs(other) ? LocalIdOf(*step.message) : RemoteIdOf(*step.message)))
        {
            return req;
        }
    }
    return nullptr;
}

ReqParameters ReqParametersOf(const ReplayPlan& plan,
                              const ReplayStep& step,
                              const ibwire::CmReq& req)
{
    const auto life = plan.timing.packetLifeTime.find(req.localCommId);
    const std::uint8_t lifeTime =
        life != plan.timing.packetLifeTime.end() ? life->second : std::uint8_t{0};
    ReqParameters parameters;
    parameters.serviceId = req.serviceId;
    parameters.primaryPath = PrimaryPath(step, req, lifeTime);
    if (req.alternateLocalLid != 0)
    {
        parameters.alternatePath = AlternatePath(req, req, plan.timing.caAckDelay);
    }
    parameters.qpType = TypeOf(req);
    parameters.localQpn = req.localQpn;
    parameters.startingPsn = req.startingPsn;
    parameters.responderResources = req.responderResources;
    parameters.initiatorDepth = req.initiatorDepth;
    parameters.remoteCmResponseTimeout = req.remoteCmResponseTimeout;
    parameters.localCmResponseTimeout = req.localCmResponseTimeout;
    parameters.maxCmRetries = req.maxCmRetries;
    parameters.retryCount = req.retryCount;
    parameters.rnrRetryCount = req.rnrRetryCount;
    parameters.flowControl = req.endToEndFlowControl;
    parameters.srq = req.srq;
    parameters.ece = EceOf(step, req.vendorId);
    parameters.privateData = req.privateData;
    return parameters;
}

RepParameters RepParametersOf(const ReplayStep& step, const ibwire::CmRep& rep)
{
    RepParameters parameters;
    // An XRC target's QPN stands where others have their EECN.
    parameters.localQpn = rep.localQpn != 0 ? rep.localQpn : rep.localEecn;
    parameters.startingPsn = rep.startingPsn;
    parameters.responderResources = rep.responderResources;
    parameters.initiatorDepth = rep.initiatorDepth;
    parameters.targetAckDelay = rep.targetAckDelay;
    parameters.failoverAccepted = static_cast<std::uint8_t>(rep.failoverAccepted);
    parameters.rnrRetryCount = rep.rnrRetryCount;
    parameters.flowControl = rep.endToEndFlowControl;
    parameters.srq = rep.srq;
    parameters.ece = EceOf(step, rep.vendorId);
    parameters.privateData = rep.privateData;
    return parameters;
}

MraParameters MraParametersOf(const ibwire::CmMra& mra, bool onDuplicateOnly)
{
    return {mra.serviceTimeout, onDuplicateOnly, mra.privateData};
}

LapParameters LapParametersOf(const ReplayPlan& plan,
                              const ReplayStep& step,
                              const ibwire::CmLap& lap)
{
    LapParameters parameters;
    const ibwire::CmReq* req = BeginningOf(plan, step);
    parameters.alternatePath =
        AlternatePath(lap, req != nullptr ? *req : ibwire::CmReq{}, plan.timing.caAckDelay);
    parameters.remoteCmResponseTimeout = lap.remoteCmResponseTimeout;
    parameters.privateData = lap.privateData;
    return parameters;
}

AprParameters AprParametersOf(const ibwire::CmApr& apr)
{
    return {apr.status, Valid(apr.additionalInfo, apr.additionalInfoLength), apr.privateData};
}

SidrReqParameters SidrReqParametersOf(const ReplayPlan& plan,
                                      std::size_t step,
                                      const ibwire::CmSidrReq& req)
{
    const ReplayStep& asked = plan.steps[step];
    SidrReqParameters parameters;
    parameters.serviceId = req.serviceId;
    parameters.path.sgid = asked.mad.global ? asked.mad.source.gid : plan.gids.front();
    parameters.path.dgid =
        asked.mad.global ? asked.mad.destination.gid : PretendedGid(asked.mad.destination.lid);
    parameters.path.slid = asked.mad.source.lid;
    parameters.path.dlid = asked.mad.destination.lid;
    parameters.path.pkey = req.pkey;
    parameters.path.sl = asked.mad.sl;
    parameters.path.flowLabel = asked.mad.flowLabel;
    parameters.path.hopLimit = asked.mad.hopLimit;
    parameters.path.trafficClass = asked.mad.trafficClass;
    // Neither stands in the message. What was never repeated tells nothing, either.
    parameters.timeout = WaitOf(plan.steps, step).value_or(parameters.timeout);
    if (!IsAnswered(plan, step))
    {
        parameters.maxCmRetries = RepetitionsOf(plan, step);
    }
    parameters.privateData = req.privateData;
    return parameters;
}

SidrRepParameters SidrRepParametersOf(const ReplayStep& step, const ibwire::CmSidrRep& rep)
{
    SidrRepParameters parameters;
    parameters.status = rep.status;
    parameters.qpn = rep.qpn;
    parameters.qkey = rep.qkey;
    parameters.ece = EceOf(step, rep.vendorId);
    parameters.info = Valid(rep.additionalInfo, rep.additionalInfoLength);
    parameters.privateData = rep.privateData;
    return parameters;
}

} // namespace ibcm::test
