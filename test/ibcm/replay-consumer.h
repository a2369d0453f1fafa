// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The consumer on the host that is replayed: it makes the calls that the capture gives away.
#ifndef WEFT_TEST_IBCM_REPLAY_CONSUMER_H
#define WEFT_TEST_IBCM_REPLAY_CONSUMER_H

#include "ibcm/model/connection-manager.h"
#include "replay-plan.h"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ibcm::test
{

/** Calls the core for the host's programs. Single-threaded, as StepRuntime is. */
class ReplayConsumer final : public EventHandler
{
  public:
    ReplayConsumer(ConnectionManager& manager, const ReplayPlan& plan);

    /** Keeps the id that a REQ or SIDR_REQ has made, for the call that answers it. */
    Disposition OnCmEvent(ConnectionManager& manager, Handle id, const Event& event) override;

    /** A step of the peer's is about to be fed: listens, or stops to, as the host did then. */
    void BeforeFeed(std::size_t step);

    /**
     * Makes the call whose message is at a step of the host's.
     * @return the reason why not: there is no id for it, or the core refused, "" if all went well
     */
    std::string Act(std::size_t step);

    /** The core has repeated what is at a step: destroys the id, if the host's stopped there. */
    void AfterRepetition(std::size_t step);

    /** Destroys what is left. */
    void DestroyAll();

  private:
    using PeerId = std::pair<std::size_t, std::uint32_t>;

    Handle Create();
    Status Destroy(Handle id);
    /** The id that the message of a step is about; kNone if there is none. */
    Handle IdOf(const ReplayStep& step) const;
    /** Whether the host neither repeated its DREQ after a step nor was answered before it had to.
     */
    bool IsLast(std::size_t step) const;

    /** Whether a DREQ was answered as only a host does that has destroyed the id meanwhile. */
    bool IsForgotten(std::size_t step) const;

    /** Makes the call for any message but one that begins something. */
    Status Answer(std::size_t step, Handle id);
    Status SendReq(const ReplayStep& step, const ibwire::CmReq& req);
    Status SendRep(const ReplayStep& step, const ibwire::CmRep& rep);
    Status SendSidrReq(std::size_t step, const ibwire::CmSidrReq& req);
    Status SendRej(Handle id, const ibwire::CmRej& rej);
    Status SendDreq(std::size_t step, Handle id, const ibwire::CmDreq& dreq);

    ConnectionManager& m_manager;
    const ReplayPlan& m_plan;
    std::map<std::uint64_t, Handle> m_listeners; ///< by service id
    std::map<std::uint32_t, Handle> m_ours;      ///< by the host's id in the capture
    std::map<PeerId, Handle> m_accepted;         ///< by the peer's id
    std::optional<PeerId> m_feeding;
    std::vector<Handle> m_all;
};

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_REPLAY_CONSUMER_H
