// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// One host of the soak: a manager, its port, its ids, and a consumer that does anything at any
// time. soak-calls.cc and soak-path-calls.cc have its calls, soak-shared.cc the listeners that it
// shares, soak-port.cc the coming and going of its port.
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
#include <optional>
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
    std::atomic<std::uint64_t> migrated{0};
    std::atomic<std::uint64_t> joined{0}; ///< a shared listener
    std::atomic<std::uint64_t> portsReplaced{0};
    std::atomic<std::uint64_t> calls{0};
    std::atomic<std::uint64_t> refused{0};
};

/** A service that users of a host share, and the handler that they have to have in common. */
class SoakShared final : public EventHandler
{
  public:
    explicit SoakShared(SoakHost& owner)
        : m_host(owner)
    {
    }

    Disposition OnCmEvent(ConnectionManager& manager, Handle id, const Event& event) override;

    std::mutex lock;
    std::vector<Handle> users; ///< one for each that has joined and not left

  private:
    SoakHost& m_host;
};

class SoakHost
{
  public:
    /** Ids that a host keeps; when there are more, some are destroyed. */
    static constexpr std::size_t kKept = 192;
    static constexpr std::uint64_t kServices = 6;       ///< with listeners of their own
    static constexpr std::uint64_t kSharedServices = 2; ///< the services after those
    static constexpr std::uint64_t kFirstService = 0x1000000000005000;
    /** Its LIDs are lid and lid + 1, so that there are two ways to it. */
    static constexpr std::uint8_t kLmc = 1;

    SoakHost(Runtime& runtime, ThreadedWire& wire, std::uint16_t lid, std::uint64_t seed);

    SoakHost(const SoakHost&) = delete;
    SoakHost& operator=(const SoakHost&) = delete;

    /** Those that this one connects to; itself may be among them. */
    void SetPeers(std::vector<const SoakHost*> peers);

    /** @param own the id that the handler is of; null: a shared listener's. */
    Disposition OnEvent(SoakId* own, Handle id, const Event& event);

    // What threads do; each may be called on many at once.
    /** An id in IDLE, kept; null while the test is ending or the manager refuses. */
    SoakId* Create(Draws& draws);
    /** Any id that is kept; null if chance points to an empty place. */
    SoakId* Any(Draws& draws);
    void Connect(SoakId& id, Draws& draws);
    void Listen(SoakId& id, Draws& draws);
    void AskService(SoakId& id, Draws& draws);
    /** The call that the id's state asks for. */
    void NextStep(SoakId& id, Draws& draws);
    /** One call, whatever the state. */
    void AnyCall(SoakId& id, Draws& draws);
    void Query(SoakId& id, Draws& draws);
    /** One more user of a shared listener. */
    void JoinShared(Draws& draws);
    /** One user fewer, if there is one. */
    void LeaveShared(Draws& draws);
    /** Takes the port out and frees it, and puts in another, unless another thread does. */
    void ReplacePort(Draws& draws);
    /** Sends of the port; nothing while it is being replaced. */
    std::optional<std::size_t> Outstanding() const;
    /** All counters, of ports that have gone, too. */
    void Read();
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

  private:
    static constexpr std::uint8_t kPort = 1;

    Runtime& m_runtime;
    ThreadedWire::End& m_end;
    mutable std::mutex m_portLock;
    std::unique_ptr<ReliablePort> m_port; ///< goes after the manager, which detaches it

  public:
    ConnectionManager cm;
    SoakCounts counts;

  private:
    /** One function of the manager that a consumer calls on a connection. */
    struct Call
    {
        const char* name;
        State state;                 ///< in which it is the next step
        std::optional<LapState> lap; ///< and in which; nothing: any
        unsigned weight;
        void (SoakHost::*make)(SoakId& id, Draws& draws);
    };

    static const std::vector<Call>& Calls();
    static std::vector<const Call*> CallsIn(State state, LapState lap);
    /** A path to the peer, between any of both ends' LIDs. */
    Path PathTo(const SoakHost& peer, Draws& draws) const;

    void SendRep(SoakId& id, Draws& draws);
    void SendRtu(SoakId& id, Draws& draws);
    void SendRej(SoakId& id, Draws& draws);
    void SendDreq(SoakId& id, Draws& draws);
    void SendDrep(SoakId& id, Draws& draws);
    void Notify(SoakId& id, Draws& draws);
    void Wait(SoakId& id, Draws& draws);
    void SendMra(SoakId& id, Draws& draws);
    void SendLap(SoakId& id, Draws& draws);
    void SendApr(SoakId& id, Draws& draws);
    void Migrate(SoakId& id, Draws& draws);

    void Answer(SoakId& id, Draws& draws);

    /** A call was refused for a reason that it may be refused for. */
    void Judge(const char* call,
               SoakId& id,
               const Status& status,
               std::vector<CmError> allowed = {});
    Disposition React(SoakId& id, EventType event);
    void DestroyAnother(const SoakId& self);
    SoakId& NewId();
    /** The id of an event that came through the handler of @p own. */
    SoakId* FindId(SoakId* own, Handle id, EventType event);
    void Keep(SoakId& id, Draws& draws);
    void Forget(SoakId& id);

    Draws m_draws; ///< of handlers
    std::array<SoakShared, kSharedServices> m_shared;
    std::vector<const SoakHost*> m_peers;
    std::array<std::atomic<SoakId*>, kKept> m_kept{};
    std::mutex m_lock; ///< of the rest
    std::deque<SoakId> m_ids;
    std::map<Handle, SoakId*> m_accepted; ///< those that live
    std::deque<SoakId*> m_spare;          ///< that had to make room
};

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_SOAK_HOST_H
