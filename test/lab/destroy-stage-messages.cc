// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Messages for the stage's id, as its peer would send them.
#include "destroy-stage.h"
#include "ibcm/model/compose.h"

#include <stdexcept>
#include <utility>

namespace labtest
{

namespace
{

using A = ibwire::CmAttribute;

constexpr std::uint64_t kPeerGuid = 0x0002c903000b0001;
constexpr std::uint32_t kPeerQpn = 0x101;
constexpr std::uint32_t kPeerCommId = 0x77;
constexpr std::uint32_t kOtherCommId = 0x78; ///< of what the peer asks besides
constexpr std::uint64_t kPeerTransaction = 78;

} // namespace

void DestroyStage::Deliver(Message message)
{
    ibcm::ReceivedMad mad;
    mad.bytes = ibcm::ComposeMad(Compose(message), TransactionOf(message)).value();
    mad.replyAddress.dlid = kPeerLid;
    m_port.sink->OnReceive(1, mad);
}

ibcm::Path DestroyStage::PathToPeer() const
{
    ibcm::Path path;
    path.sgid = GidOf(kGuid);
    path.dgid = GidOf(kPeerGuid);
    path.slid = kLid;
    path.dlid = kPeerLid;
    return path;
}

std::uint64_t DestroyStage::LatestOf(A attribute) const
{
    const auto it = m_port.transactions.find(attribute);
    return it == m_port.transactions.end() ? kPeerTransaction : it->second;
}

std::uint64_t DestroyStage::TransactionOf(Message message) const
{
    switch (message)
    {
    case Message::kDrep:
        return LatestOf(A::kDreq);
    case Message::kSidrRep:
        return LatestOf(A::kSidrReq);
    case Message::kApr:
    case Message::kMraLap:
        return LatestOf(A::kLap);
    case Message::kReq:
    case Message::kSidrReq:
    case Message::kDreq:
    case Message::kLap:
        return kPeerTransaction;
    default:
        return m_scene.active ? LatestOf(A::kReq) : kPeerTransaction;
    }
}

ibwire::CmMessage DestroyStage::ComposeReq() const
{
    ibcm::ReqParameters parameters;
    parameters.serviceId = kService;
    parameters.primaryPath = PathToPeer();
    std::swap(parameters.primaryPath.sgid, parameters.primaryPath.dgid);
    std::swap(parameters.primaryPath.slid, parameters.primaryPath.dlid);
    parameters.localQpn = kPeerQpn;
    parameters.qpType = m_scene.xrc ? ibcm::QpType::kXrcInitiator : ibcm::QpType::kRc;
    const std::uint32_t commId = m_scene.active ? kOtherCommId : kPeerCommId;
    return ibcm::ComposeReq(parameters, commId, kPeerGuid, kAckDelay);
}

ibwire::CmMessage DestroyStage::ComposeLap() const
{
    ibcm::LapParameters lap;
    lap.alternatePath = PathToPeer();
    std::swap(lap.alternatePath.sgid, lap.alternatePath.dgid);
    lap.alternatePath.slid = kPeerLid + 1;
    lap.alternatePath.dlid = kLid;
    return ibcm::ComposeLap(lap, {kPeerCommId, m_commId}, kQpn, kAckDelay);
}

ibwire::CmMessage DestroyStage::Compose(Message message) const
{
    const ibcm::Ids ids{kPeerCommId, m_commId};
    if (const auto plain = ibcm::test::ComposePlain(message, {ids, kPeerGuid, kQpn}))
    {
        return *plain;
    }
    switch (message)
    {
    case Message::kReq:
        return ComposeReq();
    case Message::kRep:
    {
        ibcm::RepParameters rep;
        rep.localQpn = kPeerQpn;
        return ibcm::ComposeRep(rep, ids, kPeerGuid, ibcm::QpType::kRc);
    }
    case Message::kSidrReq:
    {
        ibcm::SidrReqParameters parameters;
        parameters.serviceId = kService;
        return ibcm::ComposeSidrReq(parameters, kOtherCommId);
    }
    case Message::kSidrRep:
        return ibcm::ComposeSidrRep({}, m_commId, kService);
    case Message::kLap:
        return ComposeLap();
    default:
        break;
    }
    throw std::logic_error("no such message");
}

} // namespace labtest
