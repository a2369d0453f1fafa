// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The messages of the matrix, as the subject's peer would send them, and spoiled ones.
#include "matrix-world.h"

namespace ibcm::test::matrix
{

void MatrixWorld::Inject(const ibwire::CmMessage& message, std::uint64_t transactionId)
{
    m_injected = true;
    m_injectedTid = transactionId;
    m_end == 0 ? InjectToA(message, transactionId) : InjectToB(message, transactionId);
}

void MatrixWorld::InjectUnknownAttribute(std::uint16_t attribute)
{
    ReceivedMad mad;
    mad.bytes = ibwire::EncodeCm({}, ibwire::CmRtu{m_peerCommId, m_commId}).value();
    mad.bytes[17] = static_cast<std::uint8_t>(attribute);
    mad.replyAddress.dlid = m_end == 0 ? kLidB : kLidA;
    m_own->port.Received(mad);
}

/** The ids of a message that names both. */
template <class M>
M MatrixWorld::Addressed(Stimulus otherPeer, Stimulus unknownId, Stimulus stimulus) const
{
    M message;
    message.localCommId = stimulus == otherPeer ? m_peerCommId ^ 0x10101 : m_peerCommId;
    message.remoteCommId = stimulus == unknownId ? m_commId ^ 0x5a5a : m_commId;
    return message;
}

/** A redirection to the peer itself, so that nothing but the message's meaning is another. */
std::array<std::uint8_t, 72> MatrixWorld::InfoOfPeer() const
{
    ibwire::ClassPortInfo target;
    target.redirectGid = m_peer->gid;
    target.redirectLid = m_end == 0 ? kLidB : kLidA;
    target.redirectPkey = 0xffff;
    target.redirectQpn = 1;
    target.redirectQkey = 0x80010000;
    std::array<std::uint8_t, 72> bytes{};
    EXPECT_TRUE(ibwire::Encode(target, std::span<std::uint8_t>(bytes)));
    return bytes;
}

/** As the other side would send one, over the same path. */
ibwire::CmReq MatrixWorld::ReqOfPeer() const
{
    const Path path = m_end == 1 ? PathToB() : Reverse(PathToB());
    ibwire::CmReq req;
    req.localCommId = m_peerCommId;
    req.localCaGuid = m_end == 1 ? kGuidA : kGuidB;
    req.localQpn = m_end == 1 ? kQpnA : kQpnB;
    req.responderResources = 1;
    req.initiatorDepth = 1;
    req.remoteCmResponseTimeout = kResponseTimeout;
    req.localCmResponseTimeout = kResponseTimeout;
    req.pkey = path.pkey;
    req.pathMtu = static_cast<ibwire::Mtu>(path.mtu);
    req.rnrRetryCount = 7;
    req.maxCmRetries = kRetries;
    req.primaryLocalLid = path.slid;
    req.primaryRemoteLid = path.dlid;
    req.primaryLocalGid = path.sgid;
    req.primaryRemoteGid = path.dgid;
    req.primaryPacketRate = static_cast<ibwire::Rate>(path.rate);
    req.primarySubnetLocal = true;
    req.primaryLocalAckTimeout = kLifeTime + 1;
    return req;
}

void MatrixWorld::InjectReq(Stimulus stimulus)
{
    const SentMad* first = m_end == 1 ? Latest<ibwire::CmReq>(0) : nullptr;
    ibwire::CmReq req;
    if (first != nullptr)
    {
        req = std::get<ibwire::CmReq>(first->message);
    }
    else
    {
        req = ReqOfPeer();
    }
    std::uint64_t tid = first == nullptr ? 0x4001 : first->header.transactionId;
    switch (stimulus)
    {
    case Stimulus::kReqOtherTid:
        tid ^= 0x30000;
        break;
    case Stimulus::kReqOtherQpn:
        req.localQpn += 0x77;
        break;
    case Stimulus::kReqStaleQpn:
        req.localCommId ^= 0x10101;
        tid ^= 0x30000;
        break;
    case Stimulus::kReqNew:
    case Stimulus::kReqNoListener:
        req.localCommId ^= 0x10101;
        req.localQpn += 0x77;
        tid ^= 0x30000;
        break;
    default:
        break;
    }
    req.serviceId = stimulus == Stimulus::kReqNoListener ? kService + 99 : kService;
    m_injectedFrom = req.localCommId;
    Inject(req, tid);
}

void MatrixWorld::InjectMra(Stimulus stimulus)
{
    auto mra = Addressed<ibwire::CmMra>(Stimulus::kMraOtherPeer, Stimulus::kMraUnknownId, stimulus);
    const bool reserved = stimulus == Stimulus::kMraReserved;
    mra.messageMraed = stimulus == Stimulus::kMraRep   ? ibwire::MessageMraed::kRep
                       : stimulus == Stimulus::kMraLap ? ibwire::MessageMraed::kLap
                       : reserved                      ? ibwire::MessageMraed{3}
                                                       : ibwire::MessageMraed::kReq;
    mra.serviceTimeout = 24;
    // It carries the transaction of the request that it is for.
    const SentMad* request =
        stimulus == Stimulus::kMraLap ? Latest<ibwire::CmLap>(m_end) : Latest<ibwire::CmReq>(m_end);
    Inject(mra, request == nullptr ? 77 : request->header.transactionId);
}

void MatrixWorld::InjectRej(Stimulus stimulus)
{
    auto rej = Addressed<ibwire::CmRej>(Stimulus::kRejOtherPeer, Stimulus::kRejUnknownId, stimulus);
    const bool asking = m_place.state == State::kReqSent || m_place.state == State::kMraReqRcvd;
    rej.messageRejected = asking ? ibwire::MessageRejected::kReq : ibwire::MessageRejected::kOther;
    rej.reason = ibwire::RejReason::kConsumer;
    if (stimulus == Stimulus::kRejStale)
    {
        rej.reason = ibwire::RejReason::kStaleConnection;
    }
    if (stimulus == Stimulus::kRejRedirect)
    {
        rej.reason = ibwire::RejReason::kPortAndCmRedirect;
        rej.rejectInfoLength = 72;
        rej.ari = InfoOfPeer();
    }
    if (stimulus == Stimulus::kRejByGuid)
    {
        rej.reason = ibwire::RejReason::kTimeout;
        rej.messageRejected = ibwire::MessageRejected::kOther;
        rej.remoteCommId = 0;
        rej.rejectInfoLength = 8;
        const std::uint64_t guid = m_end == 0 ? kGuidB : kGuidA;
        for (unsigned i = 0; i < 8; ++i)
        {
            rej.ari[i] = static_cast<std::uint8_t>(guid >> (56 - 8 * i));
        }
    }
    const SentMad* request = Latest<ibwire::CmReq>(m_end);
    Inject(rej, request == nullptr ? 77 : request->header.transactionId);
}

void MatrixWorld::InjectRep(Stimulus stimulus)
{
    auto rep = Addressed<ibwire::CmRep>(Stimulus::kRepOtherPeer, Stimulus::kRepUnknownId, stimulus);
    rep.localQpn = stimulus == Stimulus::kRepWithoutQpn ? 0 : m_end == 0 ? kQpnB : kQpnA;
    rep.localCaGuid = m_end == 0 ? kGuidB : kGuidA;
    rep.rnrRetryCount = 7;
    rep.responderResources = 4;
    const std::uint64_t tid = TidOf<ibwire::CmReq>(m_end, 77);
    m_injectedFrom = rep.localCommId;
    Inject(rep, stimulus == Stimulus::kRepOtherTid ? tid ^ 0x30000 : tid);
}

void MatrixWorld::InjectRtu(Stimulus stimulus)
{
    Inject(Addressed<ibwire::CmRtu>(Stimulus::kRtuOtherPeer, Stimulus::kRtuUnknownId, stimulus),
           TidOf<ibwire::CmReq>(1 - m_end, 77));
}

void MatrixWorld::InjectDreq(Stimulus stimulus)
{
    auto dreq =
        Addressed<ibwire::CmDreq>(Stimulus::kDreqOtherPeer, Stimulus::kDreqUnknownId, stimulus);
    dreq.remoteQpn = (m_end == 0 ? kQpnA : kQpnB) + (stimulus == Stimulus::kDreqOtherQpn ? 1 : 0);
    m_injectedFrom = dreq.localCommId;
    Inject(dreq, 0x5500);
}

void MatrixWorld::InjectDrep(Stimulus stimulus)
{
    const std::uint64_t tid = TidOf<ibwire::CmDreq>(m_end, 77);
    Inject(Addressed<ibwire::CmDrep>(Stimulus::kDrepOtherPeer, Stimulus::kDrepUnknownId, stimulus),
           stimulus == Stimulus::kDrepOtherTid ? tid ^ 0x30000 : tid);
}

void MatrixWorld::InjectSidr(Stimulus stimulus)
{
    if (FactsOf(stimulus).attribute == 0x18)
    {
        ibwire::CmSidrRep rep;
        rep.requestId = stimulus == Stimulus::kSidrRepUnknownId ? m_commId ^ 0x5a5a : m_commId;
        rep.serviceId = kService;
        if (stimulus == Stimulus::kSidrRepRedirect)
        {
            rep.status = ibwire::SidrStatus::kRedirect;
            rep.additionalInfoLength = 72;
            rep.additionalInfo = InfoOfPeer();
        }
        const std::uint64_t tid = TidOf<ibwire::CmSidrReq>(m_end, 77);
        Inject(rep, stimulus == Stimulus::kSidrRepOtherTid ? tid ^ 0x30000 : tid);
        return;
    }
    ibwire::CmSidrReq req;
    const SentMad* first = Latest<ibwire::CmSidrReq>(1 - m_end);
    req.requestId =
        first == nullptr ? 0x0515d1 : std::get<ibwire::CmSidrReq>(first->message).requestId;
    req.requestId ^= stimulus == Stimulus::kSidrReqAgain ? 0 : 0x10101;
    req.pkey = 0xffff;
    req.serviceId = stimulus == Stimulus::kSidrReqNoListener ? kService + 99 : kService;
    m_injectedFrom = req.requestId;
    Inject(req, 0x6600);
}

void MatrixWorld::InjectLap(Stimulus stimulus)
{
    auto lap = Addressed<ibwire::CmLap>(Stimulus::kLapOtherPeer, Stimulus::kLapUnknownId, stimulus);
    const bool current = stimulus == Stimulus::kLapCurrentPath;
    const Path toB = current ? PathToB() : AlternatePathToB();
    const Path path = m_end == 1 ? toB : Reverse(toB); // from the peer
    lap.remoteQpn = (m_end == 0 ? kQpnA : kQpnB) + (stimulus == Stimulus::kLapOtherQpn ? 1 : 0);
    lap.alternateLocalLid = path.slid;
    lap.alternateRemoteLid = path.dlid;
    lap.alternateLocalGid = path.sgid;
    lap.alternateRemoteGid = path.dgid;
    lap.alternatePacketRate = static_cast<ibwire::Rate>(path.rate);
    lap.alternateSubnetLocal = true;
    m_injectedFrom = lap.localCommId;
    const std::uint64_t last = TidOf<ibwire::CmLap>(1 - m_end, 0x7701);
    Inject(lap, stimulus == Stimulus::kLapAgain ? last : 0x7702);
}

void MatrixWorld::InjectApr(Stimulus stimulus)
{
    const std::uint64_t tid = TidOf<ibwire::CmLap>(m_end, 77);
    Inject(Addressed<ibwire::CmApr>(Stimulus::kAprOtherPeer, Stimulus::kAprUnknownId, stimulus),
           stimulus == Stimulus::kAprOtherTid ? tid ^ 0x30000 : tid);
}

} // namespace ibcm::test::matrix
