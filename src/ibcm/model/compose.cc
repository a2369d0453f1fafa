// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm/model/compose.h"

#include "ibcm/model/timeouts.h"

#include <algorithm>

namespace ibcm
{

namespace
{

/** Copies what fits; the callers have checked that all does. */
template <std::size_t N>
void Fill(std::array<std::uint8_t, N>& field, std::span<const std::uint8_t> bytes)
{
    std::copy_n(bytes.begin(), std::min(N, bytes.size()), field.begin());
}

constexpr std::uint16_t kPermissiveLid = 0xffff;

bool IsXrc(QpType type)
{
    return type == QpType::kXrcInitiator || type == QpType::kXrcTarget;
}

/** The fields of a path as REQ and LAP have them, with the LIDs that their sender puts in. */
struct WirePath
{
    std::uint16_t localLid;
    std::uint16_t remoteLid;
    bool subnetLocal;
    std::uint8_t ackTimeout;
};

WirePath OnWire(const Path& path, std::uint8_t ackDelay)
{
    const bool local = path.hopLimit <= 1;
    return {local ? path.slid : kPermissiveLid,
            local ? path.dlid : kPermissiveLid,
            local,
            AckTimeout(ackDelay, path.packetLifeTime)};
}

void FillPrimaryPath(ibwire::CmReq& req, const Path& path, std::uint8_t ackDelay)
{
    const WirePath wire = OnWire(path, ackDelay);
    req.primaryLocalLid = wire.localLid;
    req.primaryRemoteLid = wire.remoteLid;
    req.primaryLocalGid = path.sgid;
    req.primaryRemoteGid = path.dgid;
    req.primaryFlowLabel = path.flowLabel;
    req.primaryPacketRate = static_cast<ibwire::Rate>(path.rate);
    req.primaryTrafficClass = path.trafficClass;
    req.primaryHopLimit = path.hopLimit;
    req.primarySl = path.sl;
    req.primarySubnetLocal = wire.subnetLocal;
    req.primaryLocalAckTimeout = wire.ackTimeout;
}

/** The block of an alternate path, which REQ and LAP call by the same names. */
template <class Message>
void FillAlternatePath(Message& message, const Path& path, std::uint8_t ackDelay)
{
    const WirePath wire = OnWire(path, ackDelay);
    message.alternateLocalLid = wire.localLid;
    message.alternateRemoteLid = wire.remoteLid;
    message.alternateLocalGid = path.sgid;
    message.alternateRemoteGid = path.dgid;
    message.alternateFlowLabel = path.flowLabel;
    message.alternatePacketRate = static_cast<ibwire::Rate>(path.rate);
    message.alternateTrafficClass = path.trafficClass;
    message.alternateHopLimit = path.hopLimit;
    message.alternateSl = path.sl;
    message.alternateSubnetLocal = wire.subnetLocal;
    message.alternateLocalAckTimeout = wire.ackTimeout;
}

/** A packet's lifetime from an ACK timeout, which is about twice that. */
std::uint8_t LifeTimeOf(std::uint8_t ackTimeout)
{
    return ackTimeout == 0 ? 0 : static_cast<std::uint8_t>(ackTimeout - 1);
}

/** What the sender of a REQ or LAP calls local is remote here. */
template <class Message>
Path AlternatePath(const Message& message, std::uint16_t pkey, std::uint8_t mtu)
{
    Path path;
    path.sgid = message.alternateRemoteGid;
    path.dgid = message.alternateLocalGid;
    path.slid = message.alternateRemoteLid;
    path.dlid = message.alternateLocalLid;
    path.pkey = pkey;
    path.flowLabel = message.alternateFlowLabel;
    path.hopLimit = message.alternateHopLimit;
    path.trafficClass = message.alternateTrafficClass;
    path.sl = message.alternateSl;
    path.mtu = mtu;
    path.rate = static_cast<std::uint8_t>(message.alternatePacketRate);
    path.packetLifeTime = LifeTimeOf(message.alternateLocalAckTimeout);
    return path;
}

/** The claimed length of additional information is bounded by what the message can hold. */
template <class Received, std::size_t N>
void TakeInfo(Received& received, std::uint8_t length, const std::array<std::uint8_t, N>& info)
{
    received.infoLength = std::min(length, static_cast<std::uint8_t>(N));
    std::copy_n(info.begin(), received.infoLength, received.info.begin());
}

} // namespace

ibwire::CmReq ComposeReq(const ReqParameters& parameters,
                         std::uint32_t localCommId,
                         std::uint64_t caGuid,
                         std::uint8_t ackDelay)
{
    ibwire::CmReq req;
    req.localCommId = localCommId;
    req.vendorId = parameters.ece.vendorId;
    req.serviceId = parameters.serviceId;
    req.localCaGuid = caGuid;
    req.localQpn = parameters.localQpn;
    req.initiatorDepth = parameters.initiatorDepth;
    req.remoteCmResponseTimeout = parameters.remoteCmResponseTimeout;
    req.localCmResponseTimeout = parameters.localCmResponseTimeout;
    req.endToEndFlowControl = parameters.flowControl;
    req.startingPsn = parameters.startingPsn;
    req.pkey = parameters.primaryPath.pkey;
    req.pathMtu = static_cast<ibwire::Mtu>(parameters.primaryPath.mtu);
    req.maxCmRetries = parameters.maxCmRetries;
    switch (parameters.qpType)
    {
    case QpType::kRc:
        req.transportServiceType = ibwire::TransportService::kRc;
        break;
    case QpType::kUc:
        req.transportServiceType = ibwire::TransportService::kUc;
        break;
    case QpType::kXrcInitiator:
    case QpType::kXrcTarget:
        req.transportServiceType = ibwire::TransportService::kExtended;
        req.extendedTransportType = ibwire::ExtendedTransport::kXrc;
        break;
    case QpType::kUnknown:
        break;
    }
    if (!IsXrc(parameters.qpType))
    {
        // An XRC initiator has no receive side, and its target's is the peer's business.
        req.responderResources = parameters.responderResources;
        req.retryCount = parameters.retryCount;
        req.rnrRetryCount = parameters.rnrRetryCount;
        req.srq = parameters.srq;
    }
    FillPrimaryPath(req, parameters.primaryPath, ackDelay);
    if (parameters.alternatePath)
    {
        FillAlternatePath(req, *parameters.alternatePath, ackDelay);
    }
    Fill(req.privateData, parameters.privateData);
    return req;
}

ibwire::CmRep ComposeRep(const RepParameters& parameters,
                         Ids ids,
                         std::uint64_t caGuid,
                         QpType type)
{
    ibwire::CmRep rep;
    rep.localCommId = ids.local;
    rep.remoteCommId = ids.remote;
    rep.vendorId = parameters.ece.vendorId;
    rep.startingPsn = parameters.startingPsn;
    rep.responderResources = parameters.responderResources;
    rep.targetAckDelay = parameters.targetAckDelay;
    rep.failoverAccepted = static_cast<ibwire::Failover>(parameters.failoverAccepted);
    rep.rnrRetryCount = parameters.rnrRetryCount;
    rep.localCaGuid = caGuid;
    if (type == QpType::kXrcTarget)
    {
        rep.localEecn = parameters.localQpn;
        rep.srq = true;
    }
    else
    {
        rep.localQpn = parameters.localQpn;
        rep.initiatorDepth = parameters.initiatorDepth;
        rep.endToEndFlowControl = parameters.flowControl;
        rep.srq = parameters.srq;
    }
    Fill(rep.privateData, parameters.privateData);
    return rep;
}

ibwire::CmRtu ComposeRtu(Ids ids, std::span<const std::uint8_t> privateData)
{
    ibwire::CmRtu rtu;
    rtu.localCommId = ids.local;
    rtu.remoteCommId = ids.remote;
    Fill(rtu.privateData, privateData);
    return rtu;
}

ibwire::CmRej ComposeRej(Ids ids,
                         ibwire::MessageRejected rejected,
                         ibwire::RejReason reason,
                         std::span<const std::uint8_t> info,
                         std::span<const std::uint8_t> privateData)
{
    ibwire::CmRej rej;
    rej.localCommId = ids.local;
    rej.remoteCommId = ids.remote;
    rej.messageRejected = rejected;
    rej.reason = reason;
    rej.rejectInfoLength = static_cast<std::uint8_t>(std::min(info.size(), rej.ari.size()));
    Fill(rej.ari, info);
    Fill(rej.privateData, privateData);
    return rej;
}

ibwire::CmDreq ComposeDreq(Ids ids,
                           std::uint32_t remoteQpn,
                           std::span<const std::uint8_t> privateData)
{
    ibwire::CmDreq dreq;
    dreq.localCommId = ids.local;
    dreq.remoteCommId = ids.remote;
    dreq.remoteQpn = remoteQpn;
    Fill(dreq.privateData, privateData);
    return dreq;
}

ibwire::CmDrep ComposeDrep(Ids ids, std::span<const std::uint8_t> privateData)
{
    ibwire::CmDrep drep;
    drep.localCommId = ids.local;
    drep.remoteCommId = ids.remote;
    Fill(drep.privateData, privateData);
    return drep;
}

ibwire::CmMra ComposeMra(Ids ids,
                         ibwire::MessageMraed message,
                         std::uint8_t serviceTimeout,
                         std::span<const std::uint8_t> privateData)
{
    ibwire::CmMra mra;
    mra.localCommId = ids.local;
    mra.remoteCommId = ids.remote;
    mra.messageMraed = message;
    mra.serviceTimeout = serviceTimeout;
    Fill(mra.privateData, privateData);
    return mra;
}

ibwire::CmLap ComposeLap(const LapParameters& parameters,
                         Ids ids,
                         std::uint32_t remoteQpn,
                         std::uint8_t ackDelay)
{
    ibwire::CmLap lap;
    lap.localCommId = ids.local;
    lap.remoteCommId = ids.remote;
    lap.remoteQpn = remoteQpn;
    lap.remoteCmResponseTimeout = parameters.remoteCmResponseTimeout;
    FillAlternatePath(lap, parameters.alternatePath, ackDelay);
    Fill(lap.privateData, parameters.privateData);
    return lap;
}

ibwire::CmApr ComposeApr(Ids ids,
                         ibwire::AprStatus status,
                         std::span<const std::uint8_t> info,
                         std::span<const std::uint8_t> privateData)
{
    ibwire::CmApr apr;
    apr.localCommId = ids.local;
    apr.remoteCommId = ids.remote;
    apr.status = status;
    apr.additionalInfoLength =
        static_cast<std::uint8_t>(std::min(info.size(), apr.additionalInfo.size()));
    Fill(apr.additionalInfo, info);
    Fill(apr.privateData, privateData);
    return apr;
}

ibwire::CmSidrReq ComposeSidrReq(const SidrReqParameters& parameters, std::uint32_t requestId)
{
    ibwire::CmSidrReq req;
    req.requestId = requestId;
    req.pkey = parameters.path.pkey;
    req.serviceId = parameters.serviceId;
    Fill(req.privateData, parameters.privateData);
    return req;
}

ibwire::CmSidrRep ComposeSidrRep(const SidrRepParameters& parameters,
                                 std::uint32_t requestId,
                                 std::uint64_t serviceId)
{
    ibwire::CmSidrRep rep;
    rep.requestId = requestId;
    rep.status = parameters.status;
    rep.additionalInfoLength =
        static_cast<std::uint8_t>(std::min(parameters.info.size(), rep.additionalInfo.size()));
    rep.vendorId = parameters.ece.vendorId;
    rep.qpn = parameters.qpn;
    rep.serviceId = serviceId;
    rep.qkey = parameters.qkey;
    Fill(rep.additionalInfo, parameters.info);
    Fill(rep.privateData, parameters.privateData);
    return rep;
}

std::array<std::uint8_t, 72> RedirectInfo(const ibwire::ClassPortInfo& target)
{
    std::array<std::uint8_t, 72> bytes{};
    // Its fields were checked when it was configured.
    (void)ibwire::Encode(target, std::span<std::uint8_t>(bytes));
    return bytes;
}

std::optional<ibwire::ClassPortInfo> RedirectFrom(std::span<const std::uint8_t> info)
{
    if (info.size() < ibwire::ClassPortInfo::kBytes)
    {
        return std::nullopt;
    }
    const auto target = ibwire::Decode<ibwire::ClassPortInfo>(info);
    if (!target || target->redirectQpn == 0)
    {
        return std::nullopt;
    }
    return *target;
}

std::array<std::uint8_t, 8> GuidInfo(std::uint64_t caGuid)
{
    std::array<std::uint8_t, 8> bytes{};
    for (unsigned i = 0; i < 8; ++i)
    {
        bytes[i] = static_cast<std::uint8_t>(caGuid >> (56 - 8 * i));
    }
    return bytes;
}

std::optional<std::uint64_t> GuidFromInfo(const ibwire::CmRej& rej)
{
    if (rej.rejectInfoLength < 8)
    {
        return std::nullopt;
    }
    std::uint64_t guid = 0;
    for (unsigned i = 0; i < 8; ++i)
    {
        guid = guid << 8 | rej.ari[i];
    }
    return guid;
}

std::optional<QpType> QpTypeOfReq(const ibwire::CmReq& req)
{
    switch (req.transportServiceType)
    {
    case ibwire::TransportService::kRc:
        return QpType::kRc;
    case ibwire::TransportService::kUc:
        return QpType::kUc;
    case ibwire::TransportService::kExtended:
        if (req.extendedTransportType == ibwire::ExtendedTransport::kXrc)
        {
            return QpType::kXrcInitiator;
        }
        return std::nullopt;
    case ibwire::TransportService::kRd:
        break;
    }
    return std::nullopt;
}

QpType PassiveQpType(QpType active)
{
    return active == QpType::kXrcInitiator ? QpType::kXrcTarget : active;
}

std::uint32_t QpnOfRep(const ibwire::CmRep& rep, QpType activeType)
{
    return activeType == QpType::kXrcInitiator ? rep.localEecn : rep.localQpn;
}

Path PassivePath(const ibwire::CmReq& req, const Arrival& arrival)
{
    const MadAddress& back = arrival.mad.replyAddress;
    Path path;
    path.sgid = req.primaryRemoteGid;
    path.dgid = req.primaryLocalGid;
    // Through a router the LIDs of the other subnet say nothing here.
    path.slid = req.primarySubnetLocal || req.primaryRemoteLid != kPermissiveLid
                    ? req.primaryRemoteLid
                    : static_cast<std::uint16_t>(arrival.portLid | arrival.mad.destinationPathBits);
    path.dlid = back.dlid;
    path.pkey = req.pkey;
    path.flowLabel = req.primaryFlowLabel;
    path.hopLimit = req.primaryHopLimit;
    path.trafficClass = req.primaryTrafficClass;
    path.sl = req.primarySubnetLocal ? req.primarySl : back.sl;
    path.mtu = static_cast<std::uint8_t>(req.pathMtu);
    path.rate = static_cast<std::uint8_t>(req.primaryPacketRate);
    path.packetLifeTime = LifeTimeOf(req.primaryLocalAckTimeout);
    return path;
}

Path PathOfLap(const ibwire::CmLap& lap, const Path& primary)
{
    return AlternatePath(lap, primary.pkey, primary.mtu);
}

ReqReceived ReqReceivedFrom(const ibwire::CmReq& req, const Arrival& arrival, Handle listener)
{
    ReqReceived event;
    event.listener = listener;
    event.serviceId = req.serviceId;
    event.primaryPath = PassivePath(req, arrival);
    event.hasAlternatePath = req.alternateLocalLid != 0;
    if (event.hasAlternatePath)
    {
        event.alternatePath = AlternatePath(req, req.pkey, static_cast<std::uint8_t>(req.pathMtu));
    }
    event.remoteCaGuid = req.localCaGuid;
    event.remoteQkey = req.localQkey;
    event.remoteQpn = req.localQpn;
    event.qpType = PassiveQpType(QpTypeOfReq(req).value_or(QpType::kUnknown));
    event.startingPsn = req.startingPsn;
    // What one side asks for, the other side serves.
    event.responderResources = req.initiatorDepth;
    event.initiatorDepth = req.responderResources;
    event.localCmResponseTimeout = req.remoteCmResponseTimeout;
    event.remoteCmResponseTimeout = req.localCmResponseTimeout;
    event.flowControl = req.endToEndFlowControl;
    event.retryCount = req.retryCount;
    event.rnrRetryCount = req.rnrRetryCount;
    event.srq = req.srq;
    event.ece = {req.vendorId, arrival.attributeModifier};
    event.bthPkey = arrival.mad.pkey;
    event.port = arrival.portNumber;
    return event;
}

RepReceived RepReceivedFrom(const ibwire::CmRep& rep,
                            QpType activeType,
                            std::uint32_t attributeModifier)
{
    RepReceived event;
    event.remoteCaGuid = rep.localCaGuid;
    event.remoteQkey = rep.localQkey;
    event.remoteQpn = QpnOfRep(rep, activeType);
    event.startingPsn = rep.startingPsn;
    event.responderResources = rep.initiatorDepth;
    event.initiatorDepth = rep.responderResources;
    event.targetAckDelay = rep.targetAckDelay;
    event.failoverAccepted = static_cast<std::uint8_t>(rep.failoverAccepted);
    event.flowControl = rep.endToEndFlowControl;
    event.rnrRetryCount = rep.rnrRetryCount;
    event.srq = rep.srq;
    event.ece = {rep.vendorId, attributeModifier};
    return event;
}

RejReceived RejReceivedFrom(const ibwire::CmRej& rej)
{
    RejReceived event;
    event.reason = rej.reason;
    TakeInfo(event, rej.rejectInfoLength, rej.ari);
    return event;
}

AprReceived AprReceivedFrom(const ibwire::CmApr& apr)
{
    AprReceived event;
    event.status = apr.status;
    TakeInfo(event, apr.additionalInfoLength, apr.additionalInfo);
    return event;
}

SidrRepReceived SidrRepReceivedFrom(const ibwire::CmSidrRep& rep, std::uint32_t attributeModifier)
{
    SidrRepReceived event;
    event.status = rep.status;
    event.qpn = rep.qpn;
    event.qkey = rep.qkey;
    event.ece = {rep.vendorId, attributeModifier};
    TakeInfo(event, rep.additionalInfoLength, rep.additionalInfo);
    return event;
}

} // namespace ibcm
