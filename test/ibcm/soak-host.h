// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// One host of the soak: a manager, its port, its ids, and a consumer that does anything at any
// time.
#ifndef WEFT_TEST_IBCM_SOAK_HOST_H
#define WEFT_TEST_IBCM_SOAK_HOST_H

#include "ibcm/helper/reliable-port.h"
#include "ibcm/helper/threaded-wire.h"
#include "ibcm/model/connection-manager.h"
#include "soak-id.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace ibcm::test
{

/** Numbers by chance. Threads that share it are not ordered by it, so that TSan sees their races.
 */
class Draws
{
  public:
    explicit Draws(std::uint64_t seed);

    std::uint64_t Below(std::uint64_t limit);

    bool OneIn(std::uint64_t n)
    {
        return Below(n) == 0;
    }

  private:
    std::atomic<std::uint64_t> m_state;
};

/** What happened, how often. */
struct SoakCounts
{
    static constexpr std::size_t kEvents = 18;

    std::array<std::atomic<std::uint64_t>, kEvents> events{};
    std::atomic<std::uint64_t> answeredDestroy{0};
    std::atomic<std::uint64_t> answeredNoMemory{0};
    std::atomic<std::uint64_t> wouldDeadlock{0};
    std::atomic<std::uint64_t> created{0};
    std::atomic<std::uint64_t> destroyedByCall{0};
    std::atomic<std::uint64_t> destroyedInHandler{0}; ///< another id
    std::atomic<std::uint64_t> calls{0};
    std::atomic<std::uint64_t> refused{0};
};

class SoakHost
{
  public:
    /** Ids that a host keeps; when there are more, some are destroyed. */
    static constexpr std::size_t kKept = 192;
    static constexpr std::uint64_t kServices = 6;

    SoakHost(Runtime& runtime, ThreadedWire& wire, std::uint16_t lid, std::uint64_t seed);

    SoakHost(const SoakHost&) = delete;
    SoakHost& operator=(const SoakHost&) = delete;

    /** Those that this one connects to; itself may be among them. */
    void SetPeers(std::vector<const SoakHost*> peers);

    Disposition OnEvent(SoakId& handler, Handle id, const Event& event);

    // What threads do; each may be called on many at once.
    /** An id in IDLE, kept; null while the test is ending or the manager refuses. */
    SoakId* Create(Draws& draws);
    /** Any id that is kept; null if chance points to an empty place. */
    SoakId* Any(Draws& draws);
    void Connect(SoakId& id, Draws& draws);
    void Listen(SoakId& id, Draws& draws);
    /** The call that the id's state asks for. */
    void NextStep(SoakId& id, Draws& draws);
    /** One call, whatever the state. */
    void AnyCall(SoakId& id, Draws& draws);
    void Query(SoakId& id, Draws& draws);
    /** Destroys it, unless another thread does. */
    void Destroy(SoakId& id);
    /** Destroys a few ids that had to make room, the oldest first. */
    void DestroySpare();
    /** Many ids that had to make room wait for their end. */
    bool Crowded();
    /** Destroys all; ends when none is left. */
    void DestroyAll();

    const std::uint16_t lid;
    const ibwire::Gid gid;
    ThreadedWire::End& end;
    ReliablePort port;
    ConnectionManager cm;
    SoakCounts counts;

  private:
    /** One function of the manager that a consumer calls on a connection. */
    struct Call
    {
        const char* name;
        State state; ///< in which it is the next step
        unsigned weight;
        void (SoakHost::*make)(SoakId& id, Draws& draws);
    };

    static const std::vector<Call>& Calls();

    void SendRep(SoakId& id, Draws& draws);
    void SendRtu(SoakId& id, Draws& draws);
    void SendRej(SoakId& id, Draws& draws);
    void SendDreq(SoakId& id, Draws& draws);
    void SendDrep(SoakId& id, Draws& draws);
    void Notify(SoakId& id, Draws& draws);
    void Wait(SoakId& id, Draws& draws);

    /** A call was refused for a reason that it may be refused for. */
    void Judge(const char* call,
               SoakId& id,
               const Status& status,
               std::vector<CmError> allowed = {});
    Disposition React(SoakId& id, EventType event);
    void DestroyAnother(const SoakId& self);
    SoakId& NewId();
    /** The id of an event that came through @p handler. */
    SoakId* FindId(SoakId& handler, Handle id, EventType event);
    void Keep(SoakId& id, Draws& draws);
    void Forget(SoakId& id);

    Draws m_draws; ///< of handlers
    std::vector<const SoakHost*> m_peers;
    std::array<std::atomic<SoakId*>, kKept> m_kept{};
    std::mutex m_lock; ///< of the rest
    std::deque<SoakId> m_ids;
    std::map<Handle, SoakId*> m_accepted; ///< those that live
    std::deque<SoakId*> m_spare;          ///< that had to make room
};

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_SOAK_HOST_H
