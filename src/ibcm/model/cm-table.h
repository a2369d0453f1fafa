// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_CM_TABLE_H
#define IBCM_CM_TABLE_H

#include "ibcm/model/cm-id.h"
#include "ibcm/model/comm-id.h"
#include "ibcm/model/listener.h"
#include "ibcm/model/options.h"
#include "ibcm/model/peer-index.h"
#include "ibcm/model/report.h"
#include "ibcm/model/status.h"

#include <boost/container/static_vector.hpp>
#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

/**
 * @file
 * Private to the core: all that is shared between ids, behind the table lock. A thread may hold one
 * id's lock when it comes here, and takes none while it is here.
 */

namespace ibcm
{

/** A counted reference to an id. The id lives at least as long. */
class IdRef
{
  public:
    IdRef() = default;

    /** Takes over a reference that was counted already. */
    explicit IdRef(CmId* id)
        : m_id(id)
    {
    }

    IdRef(IdRef&& other) noexcept
        : m_id(std::exchange(other.m_id, nullptr))
    {
    }

    IdRef& operator=(IdRef&& other) noexcept
    {
        Drop();
        m_id = std::exchange(other.m_id, nullptr);
        return *this;
    }

    ~IdRef()
    {
        Drop();
    }

    explicit operator bool() const
    {
        return m_id != nullptr;
    }

    CmId& operator*() const
    {
        return *m_id;
    }

    CmId* operator->() const
    {
        return m_id;
    }

    void Drop()
    {
        // Most references have been handed on by the time their holder ends.
        if (m_id != nullptr)
        {
            Put();
        }
    }

  private:
    void Put();

    CmId* m_id{nullptr};
};

/** A place in the table and the names that go with it. */
struct Reservation
{
    Handle handle;
    std::uint32_t commId;
};

/** What became of a request that wants to be let in. */
struct Admission
{
    enum class Kind : std::uint8_t
    {
        kAdmitted,     ///< place reserved, record entered; listener and place are set
        kDuplicate,    ///< the peer's communication id is known; owner may be set
        kReusedCommId, ///< it is known with another QP; owner may be set
        kStale,        ///< the peer's QP is in a connection here; owner may be set
        kPeerToPeer,   ///< owner's own REQ is out, to this peer and service
        kNoListener,
        kRedirected, ///< redirect is set
        kRefused,    ///< there is a listener, but the request is not valid
        kBacklog,    ///< the listener has too many open
        kNoResources,
    };

    Kind kind{Kind::kNoListener};
    IdRef listener;
    IdRef owner;       ///< of the record that was hit, unless it is being made or has gone
    bool aging{false}; ///< the record that was hit is in TIMEWAIT
    Reservation place{Handle::kNone, 0};
    BacklogPlace backlog;
    std::optional<ibwire::ClassPortInfo> redirect;
};

/** What of a REQ decides whether it is let in. */
struct ReqClaim
{
    std::uint64_t serviceId{0};
    ibwire::Gid localGid;       ///< of this side
    ibwire::Gid remoteGid;      ///< of the peer
    std::uint32_t ownCommId{0}; ///< of the REQ if it comes from this CA itself, else 0
    bool valid{true};           ///< false: kRefused if there is a listener
    bool checkRepetition{true}; ///< the same communication id with another transaction is no
                                ///< repetition
};

/** Who is told that a peer has aged. */
class AgingSink
{
  public:
    virtual ~AgingSink() = default;
    /** Called without a lock, on the table's queue; the record is in no index any more. */
    virtual void OnAged(std::unique_ptr<PeerRecord> record) = 0;
};

class CmTable
{
  public:
    /**
     * @param key of the communication ids on the wire; random. @param queue where aging is told.
     * @param sink told of it; outlives the queue.
     */
    CmTable(Runtime& runtime,
            std::uint64_t key,
            const Limits& limits,
            WorkQueue& queue,
            AgingSink& sink);
    ~CmTable();

    /**
     * Makes room for what comes next, if it has become short; allocates, and is therefore called
     * before any lock is taken. One branch if there is enough.
     */
    void MakeRoom();

    /** First stage of making an id: a place and a name, where nobody finds anything yet. */
    Result<Reservation> Reserve();
    /** Second stage: from here on the id is found. The id is complete, or its lock is held. */
    void Publish(CmId& id);
    /**
     * The same for an id that a REQ has made.
     * @return a REJ that came for it meanwhile, or null.
     */
    EventPtr PublishAccepted(CmId& id, PeerRecord& record);
    struct Claim
    {
        CmId* id{nullptr};
        bool shareDropped{false}; ///< a listener with other sharers: it stays
    };

    /**
     * The first caller gets the id, with its creator's reference, and destroys it; for all others,
     * who get null, it no longer exists. Of a shared listener only the last caller gets it.
     */
    Claim ClaimDestroy(Handle handle);
    /**
     * Last step of destroying: no lookup finds the id after this.
     * @param inHandler a thread is in its handler, and not the one that destroys it.
     * @return true if others hold references: the id is kept in reports until Forget.
     */
    bool Erase(CmId& id, bool inHandler);
    void Forget(CmId& id);

    IdRef FindByHandle(Handle handle);
    IdRef FindByCommId(std::uint32_t commId);

    /** Decides on a REQ in one step, so that of two copies only one is let in (12.9.8.3). */
    Admission Admit(PeerRecord& record, const ReqClaim& claim);
    /** The same for a SIDR_REQ. */
    Admission AdmitSidr(SidrRecord& record, std::uint64_t serviceId);
    void RemoveSidr(SidrRecord& record);

    /** What a peer is known by. */
    struct PeerName
    {
        std::uint64_t caGuid;
        std::uint32_t commId;
        std::uint32_t qpn;
        std::uint32_t transactionId; ///< lower half of its REQ's; 0: it has not been seen
    };

    enum class EnterResult : std::uint8_t
    {
        kEntered,
        kDuplicateCommId,
        kStaleQpn,
    };

    struct EnterOutcome
    {
        EnterResult result;
        IdRef owner; ///< of the record that was hit
    };

    /**
     * Keeps a place for the peer of a REQ that is to be sent: EnterPeer, RemovePeer or AgePeer of
     * its record takes the place or gives it back. kNoResources if none is left.
     */
    Status PromisePeer();
    /** Gives the place back: the REQ could not be sent. */
    void WithdrawPromise();
    /** The active side learns its peer from the REP, or from the REQ that it yields to. Refused,
     * the record stays as it was. */
    EnterOutcome EnterPeer(PeerRecord& record, const PeerName& name);
    /** Takes the record out of all indices; the caller owns it again. */
    void RemovePeer(PeerRecord& record);
    /**
     * The table owns the record from now on, for as long as @p timewait.
     * @param blocks whether it goes on keeping its QPN and communication id from being taken.
     */
    void AgePeer(PeerRecord& record, Duration timewait, bool blocks);
    /** Ends the TIMEWAIT of a peer's QP now. False if it is not in TIMEWAIT. */
    bool ExpireNow(std::uint64_t caGuid, std::uint32_t qpn);
    /** Forgets all that age; what is being told already is told. */
    void CancelAging();
    /**
     * The owner of the connection that a REJ(timeout) names by CA GUID and communication id. If it
     * is still being made, @p rej is kept for it.
     */
    IdRef FindByPeer(std::uint64_t caGuid, std::uint32_t commId, EventPtr& rej);

    void EnterPeerToPeer(PeerToPeerRecord& record);
    void LeavePeerToPeer(PeerToPeerRecord& record);

    /** Errors: kAddressInUse, kNoResources. @return the service id, assigned if that was asked. */
    Result<std::uint64_t> Listen(ListenerRecord& record);
    /** Another user of a listener that @p handler has made to be shared. */
    Result<Handle> Share(EventHandler& handler, std::uint64_t serviceId);
    void Unlisten(ListenerRecord& record);

    std::size_t LiveIds() const;
    std::size_t PeerRecords() const;

    /** References to all ids that exist and are published. */
    std::vector<IdRef> AllIds();
    /** What the table knows; the ids that are being destroyed among report.ids. */
    void Describe(Report& report);

  private:
    static constexpr std::size_t kChunk = 256;
    static constexpr Instant kNotArmed = Instant::max();

    struct Slot
    {
        CmId* id{nullptr};
        std::uint64_t serial{0}; ///< of the present user; its low byte is the generation
        ListenerRecord* listening{nullptr};
        std::uint32_t nextFree{0};
        bool used{false};
        bool claimed{false}; ///< being destroyed
    };

    using Chunk = std::array<Slot, kChunk>;
    using Directory = std::vector<std::unique_ptr<Chunk>>;
    using CommIdBuckets = std::vector<decltype(PeerIndex::byCommId)::Bucket>;
    using QpnBuckets = std::vector<decltype(PeerIndex::byQpn)::Bucket>;

    struct Shared
    {
        Directory chunks;
        std::uint32_t made{0}; ///< slots that have been given out at least once
        std::uint32_t firstFree{0};
        std::uint32_t lastFree{0};
        std::uint32_t free{0}; ///< in the list of free ones, oldest first
        std::uint32_t used{0};
        PeerIndex peers;
        std::size_t unindexed{0};      ///< aging peers that block nothing
        std::size_t promised{0};       ///< places kept for peers of REQs that are out
        Instant agingTimer{kNotArmed}; ///< when it will go off
        ListenerIndex listeners;
        boost::intrusive::set<SidrRecord> sidr;
        boost::intrusive::multiset<PeerToPeerRecord> peerToPeer;
        boost::intrusive::list<CmId,
                               boost::intrusive::member_hook<CmId,
                                                             boost::intrusive::list_member_hook<>,
                                                             &CmId::dyingHook>>
            dying;
        std::uint64_t lastAssigned{kAssignServiceId};
    };

    /** What is short, as found under the lock. */
    struct Shortage
    {
        bool slots{false};
        std::size_t chunks{0};
        std::size_t commIdBuckets{0}; ///< to have; 0: enough
        std::size_t qpnBuckets{0};
    };

    bool HasRoomForPeer(const Shared& shared) const;

    static constexpr std::uint32_t SlotOf(Handle handle)
    {
        return static_cast<std::uint32_t>(handle) & (CommIdCodec::kMaxSlots - 1);
    }

    /** The only timer of all TIMEWAITs, set to the one that ends first. */
    class AgingTimer final : public Timer
    {
      public:
        AgingTimer(CmTable& table, Runtime& runtime, WorkQueue& queue)
            : Timer(runtime, queue, "timewait"),
              m_table(table)
        {
        }

        void Expired() override
        {
            m_table.Age();
        }

      private:
        CmTable& m_table;
    };

    /** Few at a time, so that the lock is not held for long. */
    using AgedPeers = boost::container::static_vector<std::unique_ptr<PeerRecord>, 64>;

    void Age();
    /** Takes out some of those whose time is over, and sets the timer to the next. */
    AgedPeers TakeAged();
    void SetAgingTimer(Shared& shared) IBCM_REQUIRES(m_lock);
    /** Takes an aging record out of all indices. */
    static void Unindex(Shared& shared, PeerRecord& record);
    Slot& At(Shared& shared, std::uint32_t index) IBCM_REQUIRES(m_lock);
    Shortage ShortageOf(const Shared& shared) const IBCM_REQUIRES(m_lock);
    void NoteRoom(const Shared& shared) IBCM_REQUIRES(m_lock);
    void Enlarge();
    /** kNoResources at the limit; nothing if there is no room until Enlarge. */
    Result<std::optional<Reservation>> ReserveIn(Shared& shared) IBCM_REQUIRES(m_lock);
    void Release(Shared& shared, Handle handle) IBCM_REQUIRES(m_lock);
    Slot* FindSlot(Shared& shared, Handle handle) IBCM_REQUIRES(m_lock);
    IdRef RefOf(CmId* id, const char* site) IBCM_REQUIRES(m_lock);
    IdRef OwnerOf(Shared& shared, Handle owner) IBCM_REQUIRES(m_lock);
    bool AdmitKnown(Shared& shared,
                    const PeerRecord& record,
                    const ReqClaim& claim,
                    Admission& admission) IBCM_REQUIRES(m_lock);
    bool AdmitListener(Shared& shared, std::uint64_t serviceId, Admission& admission)
        IBCM_REQUIRES(m_lock);
    /** False if there is no room until Enlarge. */
    bool AdmitPlace(Shared& shared, Admission& admission) IBCM_REQUIRES(m_lock);
    bool TryAdmit(PeerRecord& record, const ReqClaim& claim, Admission& admission);
    bool TryAdmitSidr(SidrRecord& record, std::uint64_t serviceId, Admission& admission);

    Runtime& m_runtime;
    const CommIdCodec m_codec;
    const Limits m_limits;
    /** Something is short; looked at before a lock is taken, and set with it. */
    std::atomic<bool> m_tight{true};
    mutable Mutex m_lock;
    Guarded<Shared, "table"> m_shared IBCM_GUARDED_BY(m_lock);
    AgingSink& m_sink;
    AgingTimer m_agingTimer;
};

} // namespace ibcm

#endif /* IBCM_CM_TABLE_H */
