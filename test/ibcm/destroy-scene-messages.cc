// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Messages for the scenes' ids as their peers would send them, and names for what is sent back.
#include "destroy-scene.h"
#include "ibcm/model/compose.h"

#include <stdexcept>

namespace ibcm::test
{

namespace
{

using A = ibwire::CmAttribute;
using S = State;

constexpr std::uint64_t kFreshTransaction = 0x7700000077;
constexpr std::uint8_t kAckDelay = 10;

} // namespace

const SentMad& SceneStage::Latest(std::size_t from, A attribute) const
{
    for (auto it = m_history.rbegin(); it != m_history.rend(); ++it)
    {
        if (it->from == from && ibwire::AttributeOf(it->message) == attribute)
        {
            return *it;
        }
    }
    throw std::logic_error("the scene has no such message");
}

std::uint64_t SceneStage::TransactionOf(bool fromOwn, A attribute) const
{
    const std::size_t from = scene.active == fromOwn ? 0 : 1;
    for (auto it = m_history.rbegin(); it != m_history.rend(); ++it)
    {
        if (it->from == from && ibwire::AttributeOf(it->message) == attribute)
        {
            return it->header.transactionId;
        }
    }
    return kFreshTransaction;
}

std::uint64_t SceneStage::TransactionFor(Message message) const
{
    switch (message)
    {
    case Message::kRep:
    case Message::kMraReq:
    case Message::kRtu:
    case Message::kRej:
    case Message::kRejStale:
    case Message::kRejTimeout:
        return scene.active ? TransactionOf(true, A::kReq) : TransactionOf(false, A::kReq);
    case Message::kMraRep:
        return TransactionOf(true, A::kRep);
    case Message::kDrep:
        return TransactionOf(true, A::kDreq);
    case Message::kDreq:
        return TransactionOf(false, A::kDreq);
    case Message::kSidrRep:
        return TransactionOf(true, A::kSidrReq);
    case Message::kMraLap:
    case Message::kApr:
        return TransactionOf(true, A::kLap);
    case Message::kLap:
        // With one that is answered already: a new one.
        return scene.lap == LapState::kIdle ? kFreshTransaction : TransactionOf(false, A::kLap);
    case Message::kReq:
    case Message::kSidrReq:
        break;
    }
    return kFreshTransaction;
}

ibwire::CmMessage SceneStage::Compose(Message message) const
{
    const std::uint32_t from = peerCommId != 0 ? peerCommId : kOtherCommId;
    const Ids ids{from, ownCommId};
    const std::uint64_t guid = scene.active ? kGuidB : kGuidA;
    const std::uint32_t ownQpn = scene.active ? kQpnA : kQpnB;
    ReqParameters request = Req();
    LapParameters lap = Lap();
    if (scene.active)
    {
        for (Path* path : {&request.primaryPath, &lap.alternatePath})
        {
            std::swap(path->sgid, path->dgid);
            std::swap(path->slid, path->dlid);
        }
        request.localQpn = kQpnB;
    }
    if (const auto plain = ComposePlain(message, {ids, guid, ownQpn}))
    {
        return *plain;
    }
    switch (message)
    {
    case Message::kReq:
        return ComposeReq(request, kOtherCommId, guid, kAckDelay);
    case Message::kRep:
        return ComposeRep(SceneRep(), ids, guid, PassiveQpType(SceneReq().qpType));
    case Message::kSidrReq:
    {
        SidrReqParameters parameters;
        parameters.serviceId = scene.state == S::kListen ? kService : kService + 1;
        return ComposeSidrReq(parameters, kOtherCommId);
    }
    case Message::kSidrRep:
        return ComposeSidrRep({}, ownCommId, kService);
    case Message::kLap:
        return ComposeLap(lap, ids, ownQpn, kAckDelay);
    default:
        break;
    }
    throw std::logic_error("no such message");
}

ReceivedMad SceneStage::Forge(Message message) const
{
    ReceivedMad mad;
    mad.replyAddress.dlid = scene.active ? kLidB : kLidA;
    const bool repeats =
        !scene.active && ((message == Message::kReq && scene.state != S::kSidrReqRcvd) ||
                          (message == Message::kSidrReq && scene.state == S::kSidrReqRcvd));
    if (repeats)
    {
        mad.bytes = Latest(0, message == Message::kReq ? A::kReq : A::kSidrReq).bytes;
        return mad;
    }
    mad.bytes = ComposeMad(Compose(message), TransactionFor(message)).value();
    return mad;
}

std::string SceneStage::NameOfCommId(std::uint32_t commId) const
{
    return commId == 0              ? "0"
           : commId == ownCommId    ? "own"
           : commId == peerCommId   ? "peer"
           : commId == kOtherCommId ? "other"
                                    : "?";
}

std::string SceneStage::Describe(const SentMad& mad) const
{
    const std::string name(ibwire::ToString(ibwire::AttributeOf(mad.message)));
    if (const auto* rej = std::get_if<ibwire::CmRej>(&mad.message))
    {
        std::string text = name + " " + std::to_string(static_cast<unsigned>(rej->reason)) + " " +
                           ibwire::ToString(rej->messageRejected) + " " +
                           NameOfCommId(rej->localCommId) + "/" + NameOfCommId(rej->remoteCommId);
        const bool named =
            rej->rejectInfoLength == 8 && GuidFromInfo(*rej) == (scene.active ? kGuidA : kGuidB);
        return text + (rej->rejectInfoLength == 0 ? "" : named ? " guid" : " info?");
    }
    if (const auto* rep = std::get_if<ibwire::CmSidrRep>(&mad.message))
    {
        const bool echoed =
            rep->requestId ==
            (scene.state == S::kSidrReqRcvd
                 ? std::get<ibwire::CmSidrReq>(Latest(0, A::kSidrReq).message).requestId
                 : kOtherCommId);
        return name + " " + std::to_string(static_cast<unsigned>(rep->status)) +
               (echoed ? "" : " another request's");
    }
    if (const auto* apr = std::get_if<ibwire::CmApr>(&mad.message))
    {
        return name + " " + std::to_string(static_cast<unsigned>(apr->status)) + " " +
               NameOfCommId(apr->localCommId) + "/" + NameOfCommId(apr->remoteCommId);
    }
    std::string ids;
    std::visit(
        [&](const auto& message)
        {
            if constexpr (requires {
                              message.localCommId;
                              message.remoteCommId;
                          })
            {
                ids = " " + NameOfCommId(message.localCommId) + "/" +
                      NameOfCommId(message.remoteCommId);
            }
        },
        mad.message);
    return name + ids;
}

std::string SceneStage::TakeOwnSent()
{
    std::string text;
    for (const SentMad& mad : sent)
    {
        if (mad.from == (scene.active ? 0U : 1U))
        {
            text += (text.empty() ? "" : ", ") + Describe(mad);
        }
    }
    sent.clear();
    return text;
}

} // namespace ibcm::test
