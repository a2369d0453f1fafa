// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/conversation.h"

#include "ib-wire/model/cm-messages.h"
#include "interleave/model/digest.h"

#include <span>

namespace lab
{

namespace
{

std::uint64_t KeyOf(std::uint32_t host, std::uint32_t commId)
{
    return (static_cast<std::uint64_t>(host) << 32) | commId;
}

} // namespace

bool ReadHead(const ibwire::MadBytes& mad, MessageHead& head)
{
    using ibwire::CmAttribute;
    const std::span<const std::uint8_t, 232> data =
        std::span(mad).subspan<ibwire::kMadHeaderBytes, 232>();
    if (ibwire::Get<&ibwire::MadHeader::mgmtClass>(mad) != ibwire::MgmtClass::kCm ||
        ibwire::Get<&ibwire::MadHeader::method>(mad) != ibwire::MadMethod::kSend)
    {
        return false;
    }
    head.kind = static_cast<CmAttribute>(ibwire::Get<&ibwire::MadHeader::attributeId>(mad));
    // All but the SIDR messages and REQ begin with the two communication ids.
    head.local = ibwire::Get<&ibwire::CmRtu::localCommId>(data);
    head.remote = ibwire::Get<&ibwire::CmRtu::remoteCommId>(data);
    head.about = 0;
    switch (head.kind)
    {
    case CmAttribute::kReq:
    case CmAttribute::kSidrReq:
    case CmAttribute::kSidrRep:
        head.remote = 0;
        return true;
    case CmAttribute::kMra:
        head.about = static_cast<std::uint8_t>(ibwire::Get<&ibwire::CmMra::messageMraed>(data));
        return true;
    case CmAttribute::kRej:
        head.about = static_cast<std::uint8_t>(ibwire::Get<&ibwire::CmRej::messageRejected>(data));
        return true;
    case CmAttribute::kRep:
    case CmAttribute::kRtu:
    case CmAttribute::kDreq:
    case CmAttribute::kDrep:
    case CmAttribute::kLap:
    case CmAttribute::kApr:
        return true;
    default:
        return false;
    }
}

ConversationEnd& Conversations::End(std::uint32_t host, std::uint32_t commId)
{
    Place& place = m_places.At(KeyOf(host, commId));
    if (place.index == 0)
    {
        m_ends.emplace_back();
        m_ends.back().host = host;
        m_ends.back().commId = commId;
        place.index = static_cast<std::uint32_t>(m_ends.size());
    }
    return m_ends[place.index - 1];
}

ConversationEnd* Conversations::Find(std::uint32_t host, std::uint32_t commId)
{
    const Place* place = m_places.Find(KeyOf(host, commId));
    return place == nullptr || place->index == 0 ? nullptr : &m_ends[place->index - 1];
}

void Conversations::HeardRequest(std::uint32_t host, std::uint64_t request)
{
    m_requests.At(interleave::MixBits(request) + host).seen = true;
}

bool Conversations::WasRequested(std::uint32_t host, std::uint64_t request)
{
    return m_requests.Find(interleave::MixBits(request) + host) != nullptr;
}

void Conversations::OnTransition(std::uint32_t host, const ibcm::TransitionTrace& step)
{
    ConversationEnd& end = End(host, step.localCommId);
    if (step.from == ibcm::State::kIdle)
    {
        // A new connection under this id; what is still on its way belongs to the old one.
        ConversationEnd fresh{.host = host, .commId = step.localCommId, .heard = end.heard};
        if (step.input == ibcm::Input::kCallSendReq)
        {
            // The REQ has left before the state changes, and is the first word of the new one.
            fresh.sent = end.sent & KindBit(ibwire::CmAttribute::kReq);
            fresh.reqDigest = end.reqDigest;
        }
        end = fresh;
    }
    end.used = true;
    end.state = step.to;
    end.everEstablished = end.everEstablished || step.to == ibcm::State::kEstablished;
    if (step.remoteCommId != 0)
    {
        end.remote = step.remoteCommId;
    }
}

void Conversations::Silenced(std::uint32_t host)
{
    for (ConversationEnd& end : m_ends)
    {
        if (end.host == host && end.state != ibcm::State::kIdle)
        {
            end.silenced = true;
        }
    }
}

void Conversations::Restarted(std::uint32_t host)
{
    for (ConversationEnd& end : m_ends)
    {
        if (end.host == host)
        {
            end.state = ibcm::State::kIdle;
        }
    }
}

void Conversations::Clear()
{
    m_ends.clear();
    m_places.Clear();
    m_requests.Clear();
}

} // namespace lab
