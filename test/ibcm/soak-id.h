// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The soak's books on one communication id: what its consumer may be told, and what it was told.
#ifndef WEFT_TEST_IBCM_SOAK_ID_H
#define WEFT_TEST_IBCM_SOAK_ID_H

#include "ibcm/model/connection-manager.h"

#include <atomic>
#include <cstdint>
#include <string>

namespace ibcm::test
{

class SoakHost;

/**
 * One id from its creation to its end, and the handler of its events; a listener's also hears those
 * of the ids that it has accepted. Not freed before the end of the soak, so that an event that
 * comes too late is seen as such.
 */
class SoakId final : public EventHandler
{
  public:
    /** @param number 1, 2, … in the order of creation. */
    SoakId(SoakHost& host, std::uint64_t number);

    Disposition OnCmEvent(ConnectionManager& manager, Handle id, const Event& event) override;

    /** The handler has been entered with this event. Empty: all is well. */
    std::string Enter(EventType event);
    /** The handler is about to return. */
    void Leave(Disposition answer);

    SoakHost& host;
    const std::uint64_t number;
    std::atomic<Handle> handle{Handle::kNone};
    std::atomic<bool> listener{false};

    // Set before the call that they speak of, so that what the call brings about finds them set.
    std::atomic<unsigned> requests{0};          ///< SendReq
    std::atomic<unsigned> replies{0};           ///< SendRep
    std::atomic<unsigned> notices{0};           ///< NotifyEstablished
    std::atomic<unsigned> closings{0};          ///< SendDreq
    std::atomic<unsigned> proposals{0};         ///< SendLap
    std::atomic<unsigned> questions{0};         ///< SendSidrReq
    std::atomic<const SoakHost*> peer{nullptr}; ///< of the latest SendReq
    std::atomic<bool> dying{false};             ///< somebody has set out to destroy it
    std::atomic<bool> gone{false}; ///< Destroy has returned, or a handler has asked for the end
    std::atomic<bool> destroyed{false}; ///< a call of Destroy has succeeded
    std::atomic<bool> inside{false};    ///< a thread is in the handler

  private:
    /** Whether the event may come now: by what was told last, and what was called. */
    bool MayCome(EventType event) const;
    std::string CheckCalls(EventType event);

    // Plain on purpose: the core alone keeps the threads that come here apart, and TSan watches.
    EventType m_last{EventType::kNone};
    unsigned m_requestsEnded{0};
    unsigned m_repliesEnded{0};
    unsigned m_proposalsEnded{0};
    unsigned m_questionsEnded{0};
    unsigned m_noticesTold{0};
};

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_SOAK_ID_H
