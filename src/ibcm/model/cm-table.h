// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_CM_TABLE_H
#define IBCM_CM_TABLE_H

#include "ibcm/model/cm-id.h"
#include "ibcm/model/comm-id.h"
#include "ibcm/model/peer-index.h"
#include "ibcm/model/status.h"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>

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

    void Drop();

  private:
    CmId* m_id{nullptr};
};

/** Bounds of a table. */
struct TableLimits
{
    std::uint32_t maxIds{1U << 20}; ///< 1..2^24, all ids with those in creation
};

/** What became of a REQ that wants to be let in. */
struct Admission
{
    enum class Kind : std::uint8_t
    {
        kAdmitted,  ///< place reserved, peer record entered; listener is set
        kDuplicate, ///< the peer's communication id is known; owner may be set
        kStale,     ///< the peer's QP is in a connection here; owner may be set
        kNoListener,
        kNoResources,
    };

    Kind kind{Kind::kNoListener};
    IdRef listener;
    IdRef owner;       ///< of the record that was hit, unless it is being made or has gone
    bool aging{false}; ///< the record that was hit is in TIMEWAIT
    Handle handle{Handle::kNone};
    std::uint32_t commId{0};
};

class CmTable
{
  public:
    CmTable(Runtime& runtime, std::uint64_t key, TableLimits limits);
    ~CmTable();

    struct Reservation
    {
        Handle handle;
        std::uint32_t commId;
    };

    /** First stage of making an id: a place and a name, where nobody finds anything yet. */
    Result<Reservation> Reserve();
    /** Gives a reserved place back. */
    void Release(Handle handle);
    /** Second stage: from here on the id is found. The id is complete, or its lock is held. */
    void Publish(CmId& id);
    /**
     * The first caller gets the id, with its creator's reference, and destroys it; for all others,
     * who get null, it no longer exists.
     */
    CmId* ClaimDestroy(Handle handle);
    /** Last step of destroying: no lookup finds the id after this. */
    void Erase(CmId& id);

    IdRef FindByHandle(Handle handle);
    IdRef FindByCommId(std::uint32_t commId);

    /** Decides on a REQ in one step, so that of two copies only one is let in (12.9.8.3). */
    Admission Admit(PeerRecord& record, std::uint64_t serviceId);

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

    /** The active side learns its peer from the REP. Refused, the record stays as it was. */
    EnterOutcome EnterPeer(PeerRecord& record,
                           std::uint64_t caGuid,
                           std::uint32_t commId,
                           std::uint32_t qpn);
    /** Takes the record out of all indices; the caller owns it again. */
    void RemovePeer(PeerRecord& record);
    /** The table owns the record from now on and its timer runs. */
    void AgePeer(PeerRecord& record, Duration timewait);
    /** A timer has expired: takes the record out and hands it to the caller. */
    std::unique_ptr<PeerRecord> TakeAged(PeerRecord& record);
    /** Cancels all aging; records whose timer is about to run are left to it. */
    void CancelAging();
    /** The owner of the connection that a REJ(timeout) names by CA GUID and communication id. */
    IdRef FindByPeer(std::uint64_t caGuid, std::uint32_t commId);

    Status Listen(CmId& id, std::uint64_t serviceId);
    void Unlisten(std::uint64_t serviceId);

    std::size_t LiveIds() const;
    std::size_t PeerRecords() const;

  private:
    struct Slot
    {
        CmId* id{nullptr};
        std::uint64_t serial{0}; ///< of the present user; its low byte is the generation
        bool used{false};
        bool claimed{false}; ///< being destroyed
    };

    struct Shared
    {
        std::deque<Slot> slots;
        std::deque<std::uint32_t> freeSlots; ///< oldest first
        std::uint32_t used{0};
        PeerIndex peers;
        std::map<std::uint64_t, CmId*> listeners;
    };

    Result<Reservation> ReserveIn(Shared& shared) IBCM_REQUIRES(m_lock);
    Slot* FindSlot(Shared& shared, Handle handle) IBCM_REQUIRES(m_lock);
    IdRef RefOf(CmId* id, const char* site) IBCM_REQUIRES(m_lock);
    IdRef OwnerOf(Shared& shared, const PeerRecord& record) IBCM_REQUIRES(m_lock);

    Runtime& m_runtime;
    const CommIdCodec m_codec;
    const TableLimits m_limits;
    mutable Mutex m_lock;
    Guarded<Shared> m_shared IBCM_GUARDED_BY(m_lock);
};

} // namespace ibcm

#endif /* IBCM_CM_TABLE_H */
