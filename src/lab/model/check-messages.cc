// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/check-messages.h"

#include "ib-wire/model/cm-messages.h"
#include "interleave/model/digest.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <span>
#include <utility>

namespace lab
{

namespace
{

using ibwire::CmAttribute;
using S = ibcm::State;

constexpr std::uint8_t kAboutReq = 0;
constexpr std::uint8_t kAboutRep = 1;

std::uint64_t DigestOf(const ibwire::MadBytes& mad)
{
    // Only compared within one process: whatever order its bytes give a word.
    std::array<std::uint64_t, ibwire::kMadBytes / sizeof(std::uint64_t)> words;
    static_assert(sizeof(words) == sizeof(mad));
    std::memcpy(words.data(), mad.data(), sizeof(words));
    interleave::Digest digest;
    for (const std::uint64_t word : words)
    {
        digest.Mix(word);
    }
    return digest.Value() | 1; // never 0
}

/** A SIDR message's request id and service, as one number. */
std::uint64_t SidrRequest(const MessageHead& head, std::uint64_t serviceId)
{
    return (interleave::MixBits(serviceId) << 1) + head.local;
}

std::span<const std::uint8_t, 232> DataOf(const ibwire::MadBytes& mad)
{
    return std::span(mad).subspan<ibwire::kMadHeaderBytes, 232>();
}

/** A REQ's local id as a request; apart from all SIDR requests as far as 64 bits can be. */
std::uint64_t ConnectRequest(std::uint32_t commId)
{
    return ~static_cast<std::uint64_t>(commId);
}

/** The same id, if its REQ may be accepted. */
std::uint64_t AcceptableRequest(std::uint32_t commId)
{
    return ~(static_cast<std::uint64_t>(commId) | (std::uint64_t{1} << 32U));
}

/** Whether the REQ asks for a transport that there is: others are rejected (12.6.7, reason 9). */
bool HasKnownTransport(const ibwire::MadBytes& mad)
{
    const auto data = DataOf(mad);
    switch (ibwire::Get<&ibwire::CmReq::transportServiceType>(data))
    {
    case ibwire::TransportService::kRc:
    case ibwire::TransportService::kUc:
        return true;
    case ibwire::TransportService::kExtended:
        return ibwire::Get<&ibwire::CmReq::extendedTransportType>(data) ==
               ibwire::ExtendedTransport::kXrc;
    default:
        return false;
    }
}

bool Heard(const ConversationEnd& end, CmAttribute kind)
{
    return (end.heard & KindBit(kind)) != 0;
}

bool HasSent(const ConversationEnd& end, CmAttribute kind)
{
    return (end.sent & KindBit(kind)) != 0;
}

/** Whether a message that ends a connection must do so in a state. */
bool MustEnd(CmAttribute kind, S state)
{
    switch (state)
    {
    case S::kRepSent:
    case S::kMraRepRcvd:
    case S::kEstablished:
        return true;
    case S::kRepRcvd:
    case S::kMraRepSent:
        return kind == CmAttribute::kRej; // a DREQ is for later: the sender will ask again
    default:
        return false;
    }
}

} // namespace

void MessageCheck::Received(std::uint32_t host, const ibwire::MadBytes& mad)
{
    MessageHead head;
    if (!ReadHead(mad, head))
    {
        return;
    }
    if (head.kind == CmAttribute::kReq)
    {
        m_conversations.HeardRequest(host, ConnectRequest(head.local));
        if (HasKnownTransport(mad))
        {
            m_conversations.HeardRequest(host, AcceptableRequest(head.local));
        }
        return;
    }
    if (head.kind == CmAttribute::kSidrReq)
    {
        m_conversations.HeardRequest(
            host, SidrRequest(head, ibwire::Get<&ibwire::CmSidrReq::serviceId>(DataOf(mad))));
        return;
    }
    if (head.remote == 0 || head.kind == CmAttribute::kSidrRep)
    {
        return;
    }
    ConversationEnd& own = m_conversations.End(host, head.remote);
    own.heard |= KindBit(head.kind);
    const bool lastWord = head.kind == CmAttribute::kRej || head.kind == CmAttribute::kDreq;
    if (lastWord && own.remote == head.local && MustEnd(head.kind, own.state))
    {
        ++own.lastWordsHeard;
    }
}

void MessageCheck::Sent(std::uint32_t host, const std::string& name, const ibwire::MadBytes& mad)
{
    MessageHead head;
    if (!ReadHead(mad, head))
    {
        return;
    }
    if (const char* fault = Fault(host, head, mad); fault != nullptr)
    {
        const std::string kind(ibwire::ToString(head.kind));
        const ConversationEnd* own =
            head.local == 0 ? nullptr : m_conversations.Find(host, head.local);
        std::string text =
            fmt::format("{} sends {} from {:08x} to {:08x} in {}: {}",
                        name,
                        kind,
                        head.local,
                        head.remote,
                        own != nullptr && own->used ? ToString(own->state) : "no state",
                        fault);
        m_engine.Report(interleave::ViolationKind::kIllegalMessage,
                        std::move(text),
                        fmt::format("{}: {}", kind, fault));
    }
    if (head.local == 0 || head.kind == CmAttribute::kSidrReq || head.kind == CmAttribute::kSidrRep)
    {
        return;
    }
    ConversationEnd& own = m_conversations.End(host, head.local);
    own.sent |= KindBit(head.kind);
    own.lastWordsSent += head.kind == CmAttribute::kRej || head.kind == CmAttribute::kDreq ? 1 : 0;
}

const char* MessageCheck::Fault(std::uint32_t host,
                                const MessageHead& head,
                                const ibwire::MadBytes& mad)
{
    if (head.kind == CmAttribute::kSidrReq)
    {
        return nullptr; // anybody may ask
    }
    if (head.kind == CmAttribute::kSidrRep)
    {
        return m_conversations.WasRequested(
                   host, SidrRequest(head, ibwire::Get<&ibwire::CmSidrRep::serviceId>(DataOf(mad))))
                   ? nullptr
                   : "nobody has asked for that service under that request id";
    }
    if (head.kind == CmAttribute::kRej)
    {
        return FaultOfRej(
            host, head.local == 0 ? nullptr : &m_conversations.End(host, head.local), head);
    }
    if (head.local == 0)
    {
        return "it names no communication id of its sender";
    }
    ConversationEnd& own = m_conversations.End(host, head.local);
    switch (head.kind)
    {
    case CmAttribute::kReq:
        return FaultOfReq(own, mad);
    case CmAttribute::kRep:
        return FaultOfRep(host, own, head, mad);
    case CmAttribute::kMra:
        return FaultOfMra(host, own, head);
    case CmAttribute::kRtu:
        return Heard(own, CmAttribute::kRep) ? nullptr : "no REP has come";
    case CmAttribute::kDreq:
    case CmAttribute::kLap:
        return own.everEstablished ? nullptr : "the connection was never established";
    case CmAttribute::kDrep:
        return Heard(own, CmAttribute::kDreq) ? nullptr : "no DREQ has come";
    case CmAttribute::kApr:
        return Heard(own, CmAttribute::kLap) ? nullptr : "no LAP has come";
    default:
        return nullptr;
    }
}

const char* MessageCheck::FaultOfReq(ConversationEnd& own, const ibwire::MadBytes& mad)
{
    const std::uint64_t digest = DigestOf(mad);
    if (digest == own.reqDigest)
    {
        return nullptr; // again, perhaps late
    }
    const bool again = own.reqDigest != 0;
    own.reqDigest = digest;
    if (own.state == S::kIdle)
    {
        return nullptr; // whatever the id was used for is over
    }
    if (HasSent(own, CmAttribute::kRtu) || HasSent(own, CmAttribute::kRep))
    {
        return "its sender is connected under that id";
    }
    // Only whoever was sent elsewhere by a REJ asks anew.
    return again && !Heard(own, CmAttribute::kRej) ? "another REQ under that id was not refused"
                                                   : nullptr;
}

const char* MessageCheck::FaultOfRep(std::uint32_t host,
                                     ConversationEnd& own,
                                     const MessageHead& head,
                                     const ibwire::MadBytes& mad)
{
    if (!m_conversations.WasRequested(host, ConnectRequest(head.remote)))
    {
        return "no REQ has come from that id";
    }
    if (!m_conversations.WasRequested(host, AcceptableRequest(head.remote)))
    {
        return "the REQ asks for a transport that there is not";
    }
    const std::uint64_t digest = DigestOf(mad);
    const bool second = own.repDigest != 0 && own.repDigest != digest;
    own.repDigest = digest;
    return second ? "another REP to the same REQ went before" : nullptr;
}

const char* MessageCheck::FaultOfMra(std::uint32_t host,
                                     const ConversationEnd& own,
                                     const MessageHead& head)
{
    if (head.about == kAboutReq)
    {
        return m_conversations.WasRequested(host, ConnectRequest(head.remote))
                   ? nullptr
                   : "no REQ has come from that id";
    }
    const CmAttribute kind = head.about == kAboutRep ? CmAttribute::kRep : CmAttribute::kLap;
    return Heard(own, kind) ? nullptr : "what it acknowledges has not come";
}

const char* MessageCheck::FaultOfRej(std::uint32_t host,
                                     const ConversationEnd* own,
                                     const MessageHead& head)
{
    if (head.about == kAboutReq && !m_conversations.WasRequested(host, ConnectRequest(head.remote)))
    {
        return "no REQ has come from that id";
    }
    if (own == nullptr)
    {
        return head.about == kAboutReq ? nullptr : "it rejects no REQ and has no id of its sender";
    }
    if (head.about == kAboutRep && !Heard(*own, CmAttribute::kRep))
    {
        return "no REP has come";
    }
    if (!own->used || own->remote != head.remote)
    {
        return nullptr; // an answer to something else than this connection
    }
    if (own->state == S::kEstablished || own->state == S::kDreqSent || own->state == S::kDreqRcvd)
    {
        return "the connection is established";
    }
    // The peer has not heard of the sender's id yet, and can only tell the REQ by its own.
    const bool asked = HasSent(*own, CmAttribute::kReq) || HasSent(*own, CmAttribute::kRep);
    const bool acknowledged = HasSent(*own, CmAttribute::kMra);
    // A REP names it, also one that comes when the id that asked is gone.
    const bool known = asked || acknowledged || Heard(*own, CmAttribute::kRep);
    return head.about != kAboutReq && !known
               ? "it must name the REQ, which is all that the peer knows of"
               : nullptr;
}

} // namespace lab
