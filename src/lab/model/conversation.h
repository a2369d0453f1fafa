// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_CONVERSATION_H
#define LAB_CONVERSATION_H

#include "ib-wire/model/mad.h"
#include "ibcm/model/trace.h"
#include "interleave/model/check/key-table.h"

#include <cstdint>
#include <vector>

namespace lab
{

/** The parts of a CM message that say to what it belongs. */
struct MessageHead
{
    ibwire::CmAttribute kind{};
    std::uint32_t local{0};  ///< the sender's communication id; a SIDR message's request id
    std::uint32_t remote{0}; ///< the receiver's
    std::uint8_t about{0};   ///< MRA and REJ: 0 REQ, 1 REP, 2 anything else
};

/** @return false for what is no CM message with a head. */
bool ReadHead(const ibwire::MadBytes& mad, MessageHead& head);

/** A bit for a kind of message. */
constexpr std::uint32_t KindBit(ibwire::CmAttribute kind)
{
    return 1U << (static_cast<std::uint32_t>(kind) & 31U);
}

/**
 * What one end of a connection has said and heard: seen on the wire, under a communication id of
 * one host. What is remembered outlives the id, because messages do.
 */
struct ConversationEnd
{
    std::uint32_t host{0};
    std::uint32_t commId{0};
    std::uint32_t remote{0}; ///< the peer's, as the id knows it
    ibcm::State state{ibcm::State::kIdle};
    bool everEstablished{false};
    bool used{false};                ///< by an id; not only named by a message
    bool silenced{false};            ///< its port was taken away, and it could not say a word
    std::uint32_t sent{0};           ///< kinds of messages, bits
    std::uint32_t heard{0};          ///< that were delivered to this id
    std::uint64_t reqDigest{0};      ///< of the REQ that it has sent
    std::uint64_t repDigest{0};      ///< of the REP that it has sent
    std::uint32_t lastWordsSent{0};  ///< REJs and DREQs to the peer
    std::uint32_t lastWordsHeard{0}; ///< delivered when they must have ended the connection
};

/** All ends of a run. */
class Conversations
{
  public:
    /** The end of @p host with @p commId (not 0), made if need be; valid until the next call. */
    ConversationEnd& End(std::uint32_t host, std::uint32_t commId);
    ConversationEnd* Find(std::uint32_t host, std::uint32_t commId);

    /** Notes that a request was delivered to @p host: a REQ by its local id, a SIDR_REQ by its
     * request id and service. */
    void HeardRequest(std::uint32_t host, std::uint64_t request);
    bool WasRequested(std::uint32_t host, std::uint64_t request);

    void OnTransition(std::uint32_t host, const ibcm::TransitionTrace& step);

    /** The port under the ids of a host is taken away: those that are in use stay without. */
    void Silenced(std::uint32_t host);

    /** The ids of a host are gone without having been destroyed. */
    void Restarted(std::uint32_t host);

    /** In order of appearance. */
    const std::vector<ConversationEnd>& Ends() const
    {
        return m_ends;
    }

    void Clear();

  private:
    struct Place
    {
        std::uint32_t index{0}; ///< in m_ends, counted from 1
    };

    struct Seen
    {
        bool seen{false};
    };

    std::vector<ConversationEnd> m_ends;
    interleave::KeyTable<Place> m_places;
    interleave::KeyTable<Seen> m_requests;
};

} // namespace lab

#endif /* LAB_CONVERSATION_H */
