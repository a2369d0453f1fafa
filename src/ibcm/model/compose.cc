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

void FillPrimaryPath(ibwire::CmReq& req, const Path& path, std::uint8_t ackDelay)
{
    const bool local = path.hopLimit <= 1;
    req.primaryLocalLid = local ? path.slid : kPermissiveLid;
    req.primaryRemoteLid = local ? path.dlid : kPermissiveLid;
    req.primaryLocalGid = path.sgid;
    req.primaryRemoteGid = path.dgid;
    req.primaryFlowLabel = path.flowLabel;
    req.primaryPacketRate = static_cast<ibwire::Rate>(path.rate);
    req.primaryTrafficClass = path.trafficClass;
    req.primaryHopLimit = path.hopLimit;
    req.primarySl = path.sl;
    req.primarySubnetLocal = local;
    req.primaryLocalAckTimeout = AckTimeout(ackDelay, path.packetLifeTime);
}

void FillAlternatePath(ibwire::CmReq& req, const Path& path, std::uint8_t ackDelay)
{
    const bool local = path.hopLimit <= 1;
    req.alternateLocalLid = local ? path.slid : kPermissiveLid;
    req.alternateRemoteLid = local ? path.dlid : kPermissiveLid;
    req.alternateLocalGid = path.sgid;
    req.alternateRemoteGid = path.dgid;
    req.alternateFlowLabel = path.flowLabel;
    req.alternatePacketRate = static_cast<ibwire::Rate>(path.rate);
    req.alternateTrafficClass = path.trafficClass;
    req.alternateHopLimit = path.hopLimit;
    req.alternateSl = path.sl;
    req.alternateSubnetLocal = local;
    req.alternateLocalAckTimeout = AckTimeout(ackDelay, path.packetLifeTime);
}

/** A packet's lifetime from an ACK timeout, which is about twice that. */
std::uint8_t LifeTimeOf(std::uint8_t ackTimeout)
{
    return ackTimeout == 0 ? 0 : static_cast<std::uint8_t>(ackTimeout - 1);
}

Path AlternatePath(const ibwire::CmReq& req)
{
    Path path;
    path.sgid = req.alternateRemoteGid;
    path.dgid = req.alternateLocalGid;
    path.slid = req.alternateRemoteLid;
    path.dlid = req.alternateLocalLid;
    path.pkey = req.pkey;
    path.flowLabel = req.alternateFlowLabel;
    path.hopLimit = req.alternateHopLimit;
    path.trafficClass = req.alternateTrafficClass;
    path.sl = req.alternateSl;
    path.mtu = static_cast<std::uint8_t>(req.pathMtu);
    path.rate = static_cast<std::uint8_t>(req.alternatePacketRate);
    path.packetLifeTime = LifeTimeOf(req.alternateLocalAckTimeout);
    return path;
}

} // namespace

Result<ibwire::MadBytes> ComposeMad(const ibwire::CmMessage& message, std::uint64_t transactionId)
{
    ibwire::MadHeader header;
    header.transactionId = transactionId;
    auto mad = ibwire::EncodeCm(header, message);
    if (!mad)
    {
        return tl::unexpected(CmError::kInvalidArgument);
    }
    return *mad;
}

ibwire::CmReq ComposeReq(const ReqParameters& parameters,
                         std::uint32_t localCommId,
                         std::uint64_t caGuid,
                         std::uint8_t ackDelay)
{
    ibwire::CmReq req;
    req.localCommId = localCommId;
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

Path PassivePath(const ibwire::CmReq& req, const ReceivedMad& mad)
{
    Path path;
    path.sgid = req.primaryRemoteGid;
    path.dgid = req.primaryLocalGid;
    path.slid = req.primaryRemoteLid;
    path.dlid = mad.replyAddress.dlid;
    path.pkey = req.pkey;
    path.flowLabel = req.primaryFlowLabel;
    path.hopLimit = req.primaryHopLimit;
    path.trafficClass = req.primaryTrafficClass;
    path.sl = req.primarySubnetLocal ? req.primarySl : mad.replyAddress.sl;
    path.mtu = static_cast<std::uint8_t>(req.pathMtu);
    path.rate = static_cast<std::uint8_t>(req.primaryPacketRate);
    path.packetLifeTime = LifeTimeOf(req.primaryLocalAckTimeout);
    return path;
}

ReqReceived ReqReceivedFrom(const ibwire::CmReq& req, const ReceivedMad& mad, Handle listener)
{
    ReqReceived event;
    event.listener = listener;
    event.serviceId = req.serviceId;
    event.primaryPath = PassivePath(req, mad);
    event.hasAlternatePath = req.alternateLocalLid != 0;
    if (event.hasAlternatePath)
    {
        event.alternatePath = AlternatePath(req);
    }
    event.remoteCaGuid = req.localCaGuid;
    event.remoteQkey = req.localQkey;
    event.remoteQpn = req.localQpn;
    event.qpType = PassiveQpType(QpTypeOfReq(req).value_or(QpType::kRc));
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
    return event;
}

RepReceived RepReceivedFrom(const ibwire::CmRep& rep, QpType activeType)
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
    return event;
}

RejReceived RejReceivedFrom(const ibwire::CmRej& rej)
{
    RejReceived event;
    event.reason = rej.reason;
    event.infoLength = std::min(rej.rejectInfoLength, static_cast<std::uint8_t>(event.info.size()));
    std::copy_n(rej.ari.begin(), event.infoLength, event.info.begin());
    return event;
}

} // namespace ibcm
