// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_CHECK_MESSAGES_H
#define LAB_CHECK_MESSAGES_H

#include "interleave/model/engine.h"
#include "lab/model/conversation.h"

#include <cstdint>
#include <string>

namespace lab
{

/**
 * Whether what a host sends follows from what it has heard and from the state of its ids
 * (InfiniBand Architecture vol. 1, 12.6 and 12.9.7): no answer without its question, one REP to a
 * REQ, no REJ of an established connection, no DREQ before there is one, a REJ that the peer can
 * tell the connection by. Looks at each transmission, repetitions with the rest.
 */
class MessageCheck
{
  public:
    MessageCheck(interleave::Engine& engine, Conversations& conversations)
        : m_engine(engine),
          m_conversations(conversations)
    {
    }

    /** A host hands a MAD to the wire. */
    void Sent(std::uint32_t host, const std::string& name, const ibwire::MadBytes& mad);
    /** A host begins to handle one. */
    void Received(std::uint32_t host, const ibwire::MadBytes& mad);

  private:
    /** What is wrong with a message, or null. */
    const char* Fault(std::uint32_t host, const MessageHead& head, const ibwire::MadBytes& mad);
    const char* FaultOfReq(ConversationEnd& own, const ibwire::MadBytes& mad);
    const char* FaultOfRep(std::uint32_t host,
                           ConversationEnd& own,
                           const MessageHead& head,
                           const ibwire::MadBytes& mad);
    const char* FaultOfRej(std::uint32_t host, const ConversationEnd* own, const MessageHead& head);
    const char* FaultOfMra(std::uint32_t host, const ConversationEnd& own, const MessageHead& head);

    interleave::Engine& m_engine;
    Conversations& m_conversations;
};

} // namespace lab

#endif /* LAB_CHECK_MESSAGES_H */
