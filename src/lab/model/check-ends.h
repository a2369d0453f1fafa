// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_CHECK_ENDS_H
#define LAB_CHECK_ENDS_H

#include "interleave/model/engine.h"
#include "lab/model/conversation.h"

#include <cstdint>
#include <string>
#include <vector>

namespace lab
{

/**
 * What must be true when nothing is under way any more: no id is in a state that a time must end,
 * no operation is unfinished, and both ends of a connection agree that there is one. An end whose
 * peer is gone is excused if all that the peer said to end it was lost, if the peer had no port to
 * say it by, or if it was restarted: then the protocol itself leaves it in the dark.
 */
class EndsCheck
{
  public:
    EndsCheck(interleave::Engine& engine,
              Conversations& conversations,
              const std::vector<std::string>& hosts)
        : m_engine(engine),
          m_conversations(conversations),
          m_hosts(hosts)
    {
    }

    /**
     * Something begins that must end by itself: a connect, a disconnect, a destroy.
     * @param what in words that are the same in every run, "connect". @param boundNs at most so
     * long. @return its name for Ended().
     */
    std::size_t Began(std::uint32_t host, const char* what, std::int64_t boundNs);
    void Ended(std::size_t operation);

    /** The host has lost its memory, and what it had begun is no more. */
    void Restarted(std::uint32_t host);

    /** Nothing is under way any more. @return whether something was found. */
    bool Check();

    void Clear();

  private:
    struct Operation
    {
        std::uint32_t host{0};
        const char* what{nullptr};
        std::int64_t beganNs{0}; ///< PassedNs() then
        std::int64_t boundNs{0};
        bool ended{false};
    };

    /** Simulated time but for what passed while tasks were kept from going on. */
    std::int64_t PassedNs() const;
    void CheckResting(const ConversationEnd& end);
    void CheckPeer(const ConversationEnd& end);
    void Violated(std::string text, std::string subject);

    interleave::Engine& m_engine;
    Conversations& m_conversations;
    const std::vector<std::string>& m_hosts;
    std::vector<Operation> m_operations;
    std::vector<bool> m_restarted;
    bool m_found{false};
};

} // namespace lab

#endif /* LAB_CHECK_ENDS_H */
