// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_CONSUMER_H
#define LAB_CONSUMER_H

#include "ibcm/model/event.h"
#include "lab/model/application.h"
#include "lab/model/host.h"
#include "lab/model/script.h"
#include "lab/model/waiter-list.h"
#include "lab/model/wiretap.h"

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lab
{

/**
 * A consumer of connection management that does as the scenario's [[task]] and [[on]] tables say.
 * What is refused because somebody else was quicker is noted and passed over: a consumer with
 * several threads has to live with that.
 */
class Consumer final : public ibcm::EventHandler
{
  public:
    /** Finds the attachment of another host by its name. */
    using FindAttachment = std::function<Attachment&(const std::string& host)>;

    /** @param name as tasks and reactions write it. @param tap null if no step needs one. */
    Consumer(Stage& stage,
             Host& host,
             std::string name,
             const std::vector<ReactionSpec>& reactions,
             FindAttachment find,
             const Wiretap* tap);

    /** In a task of its own: what the table says, as thread @p thread of its count. */
    void Perform(const TaskSpec& task);
    /** In a task: destroys what is left. */
    void Stop();
    /** Its host has crashed, or the scenario ends: nobody waits any more. */
    void Abandon();
    const std::string& Name() const
    {
        return m_name;
    }
    const Host& GetHost() const
    {
        return m_host;
    }

    ibcm::Disposition OnCmEvent(ibcm::ConnectionManager& manager,
                                ibcm::Handle id,
                                const ibcm::Event& event) override;

  private:
    /** An id that this consumer has. */
    struct Owned
    {
        ibcm::Handle id;
        std::string name;
        std::uint32_t heard{0};           ///< events, a bit each
        unsigned users{0};                ///< of a shared listener
        std::unique_ptr<DataPath> pair;   ///< the queue pair that it has named to the peer
        std::unique_ptr<ibcm::Path> path; ///< to the peer, if this side has asked
        ibcm::ReqReceived request;        ///< if the peer has
    };

    /** Who does a step: a task, or the handler of an event. */
    struct Scope
    {
        const std::string& place;                 ///< "client/churn", "server/on-REQ"
        std::map<std::string, ibcm::Handle>* own; ///< ids that the task has made; null in handlers
        ibcm::Handle event{ibcm::Handle::kNone};  ///< the event's id
    };

    bool Going() const
    {
        return m_host.Up() && !m_stage.over;
    }
    bool Leaves(bool maybe, const std::string& place, std::string_view what);
    void Do(const StepSpec& step, Scope& scope);
    /** The id that a step acts on; kNone if there is none of that name. */
    ibcm::Handle IdFor(const StepSpec& step, const Scope& scope) const;
    /** The same, or a new one. */
    ibcm::Result<ibcm::Handle> IdOrNew(const StepSpec& step, Scope& scope);
    void Owns(ibcm::Handle id, const StepSpec& step, Scope& scope);
    Owned* Find(ibcm::Handle id);
    const Owned* Find(ibcm::Handle id) const;
    /** As it is known, or from now on. */
    Owned& Known(ibcm::Handle id);
    void Forget(ibcm::Handle id);
    void Outcome(const StepSpec& step, const Scope& scope, ibcm::Status status);

    // consumer-calls.cc: a step each.
    ibcm::Status Call(const StepSpec& step, Scope& scope);
    ibcm::Status CallOn(const StepSpec& step, ibcm::Handle id);
    ibcm::Status Req(const StepSpec& step, Scope& scope);
    ibcm::Status Rep(const StepSpec& step, ibcm::Handle id);
    ibcm::Status Lap(const StepSpec& step, ibcm::Handle id);
    ibcm::Status SidrReq(const StepSpec& step, Scope& scope);
    ibcm::Status Listen(const StepSpec& step, Scope& scope);
    ibcm::Status Destroy(ibcm::Handle id);
    void DestroyAll();
    /** As often as a shared listener has users. */
    void DestroyForAll(ibcm::Handle id);

    void Wait(const StepSpec& step, const Scope& scope);
    void WaitForMessage(const StepSpec& step);
    void Send(const StepSpec& step);
    void Unsent(const StepSpec& step, const std::string& why);

    std::string PlaceOf(const ibcm::Event& event) const;
    const ReactionSpec* ReactionTo(const ibcm::Event& event, const Owned& owned);
    ibcm::Disposition ReactAsUsual(ibcm::Handle id, const ibcm::Event& event);
    void Wake(ibcm::Handle id, const std::string& name, std::uint32_t events);

    Stage& m_stage;
    Host& m_host;
    const std::string m_name;
    const std::vector<ReactionSpec>& m_reactions;
    const FindAttachment m_find;
    const Wiretap* const m_tap;
    std::vector<unsigned> m_reacted; ///< events that each reaction fits, so far
    std::list<Owned> m_owned;        ///< oldest first
    WaiterList m_waiters;
    bool m_abandoned{false};
};

} // namespace lab

#endif /* LAB_CONSUMER_H */
