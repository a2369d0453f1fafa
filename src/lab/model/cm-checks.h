// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_CM_CHECKS_H
#define LAB_CM_CHECKS_H

#include "ibcm/model/connection-manager.h"
#include "ibcm/model/event.h"
#include "ibcm/model/trace.h"
#include "lab/model/check-callbacks.h"
#include "lab/model/check-ends.h"
#include "lab/model/check-messages.h"
#include "lab/model/check-transitions.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace lab
{

class CmChecks;

/** One host's side of CmChecks: hears what its core does, and passes it on. */
class HostChecks final : public ibcm::Trace
{
  public:
    /** Who else is to see each change of state; null for nobody. */
    void PassTraceTo(ibcm::Trace* next)
    {
        m_nextTrace = next;
    }

    /** The host hands a MAD to the wire. */
    void Sent(const ibwire::MadBytes& mad);
    /** The host begins to handle a MAD. */
    void Received(const ibwire::MadBytes& mad);
    /** The handler of an id is about to be called, and has returned. */
    void EventBegins(ibcm::Handle id, ibcm::EventType type);
    void EventEnds(ibcm::Handle id, ibcm::Disposition disposition);
    /** ConnectionManager::Destroy() has returned. */
    void Destroyed(ibcm::Handle id);
    /** The host's port is about to be taken away from its ids; and another one has been given. */
    void PortRemoved();
    void PortAdded();
    /** The host has lost its memory, and its ids with it. */
    void Restarted();

    /** See EndsCheck::Began(). */
    std::size_t Began(const char* what, std::int64_t boundNs);
    void Ended(std::size_t operation);

    // ibcm::Trace
    void OnTransition(const ibcm::TransitionTrace& step) override;
    void OnStay(const ibcm::TransitionTrace& step) override;
    void OnLapTransition(const ibcm::LapTransitionTrace& step) override;

  private:
    friend class CmChecks;

    HostChecks(CmChecks& checks, std::uint32_t number)
        : m_checks(checks),
          m_number(number)
    {
    }

    static constexpr unsigned kNumberBits = 16; ///< of an owner: the host's number
    static constexpr std::uint32_t kNumberMask = (1U << kNumberBits) - 1;

    const std::string& Name() const;

    /** Of the host and its present life: its ids are no longer those of the life before. */
    std::uint32_t Owner() const
    {
        return m_number + (m_life << kNumberBits);
    }

    CmChecks& m_checks;
    const std::uint32_t m_number;
    std::uint32_t m_life{0}; ///< how often it has been restarted in this run
    bool m_portless{false};
    ibcm::Trace* m_nextTrace{nullptr};
};

/**
 * When a run of Connection Managers is wrong, beyond what every concurrent program must not do:
 * illegal changes of state, events that overlap or come too late, messages that do not follow from
 * what was heard, ends that do not agree. What is found goes to Engine::Report().
 */
class CmChecks
{
  public:
    explicit CmChecks(interleave::Engine& engine)
        : m_transitions(engine),
          m_callbacks(engine),
          m_messages(engine, m_conversations),
          m_ends(engine, m_conversations, m_names)
    {
    }

    /** A host of the world; the same name again gives the same host. Lives as long as this. */
    HostChecks& Host(const std::string& name);

    /** Nothing is under way any more, and nothing has been taken down yet. @return whether
     * something was found. */
    bool CheckEnds();

    /** Ready for the next run; hosts stay. */
    void Clear();

  private:
    friend class HostChecks;

    std::vector<std::string> m_names;
    std::vector<std::unique_ptr<HostChecks>> m_hosts;
    Conversations m_conversations;
    TransitionCheck m_transitions;
    CallbackCheck m_callbacks;
    MessageCheck m_messages;
    EndsCheck m_ends;
};

} // namespace lab

#endif /* LAB_CM_CHECKS_H */
