// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm/model/cm-table.h"

#include <algorithm>
#include <vector>

namespace ibcm
{

namespace
{

/** So many freed places wait before one is used again, so that its generations last. */
constexpr std::size_t kQuarantine = 1024;

constexpr Handle MakeHandle(std::uint32_t slot, std::uint64_t serial)
{
    return static_cast<Handle>((serial << CommIdCodec::kSlotBits) | slot);
}

constexpr std::uint32_t SlotOf(Handle handle)
{
    return static_cast<std::uint32_t>(handle) & (CommIdCodec::kMaxSlots - 1);
}

constexpr std::uint64_t SerialOf(Handle handle)
{
    return static_cast<std::uint64_t>(handle) >> CommIdCodec::kSlotBits;
}

} // namespace

void IdRef::Drop()
{
    if (m_id == nullptr)
    {
        return;
    }
    CmId* id = std::exchange(m_id, nullptr);
    if (id->references.Put(id, "id reference"))
    {
        id->released.Signal();
    }
}

CmTable::CmTable(Runtime& runtime, std::uint64_t key, TableLimits limits)
    : m_runtime(runtime),
      m_codec(key),
      m_limits{std::clamp(limits.maxIds, 1U, CommIdCodec::kMaxSlots)},
      m_lock(runtime, "cm-table"),
      m_shared(runtime, "table")
{
}

CmTable::~CmTable() = default;

Result<CmTable::Reservation> CmTable::Reserve()
{
    MutexLock hold(m_lock);
    return ReserveIn(m_shared.Write());
}

Result<CmTable::Reservation> CmTable::ReserveIn(Shared& shared)
{
    std::uint32_t index = 0;
    if (shared.used >= m_limits.maxIds)
    {
        return tl::unexpected(CmError::kNoResources);
    }
    const bool mayGrow = shared.slots.size() < m_limits.maxIds;
    if (!shared.freeSlots.empty() && (shared.freeSlots.size() > kQuarantine || !mayGrow))
    {
        index = shared.freeSlots.front();
        shared.freeSlots.pop_front();
    }
    else
    {
        index = static_cast<std::uint32_t>(shared.slots.size());
        shared.slots.emplace_back();
    }
    Slot& slot = shared.slots[index];
    std::uint32_t commId = 0;
    do
    {
        ++slot.serial;
        commId = m_codec.Encode({index, static_cast<std::uint8_t>(slot.serial)});
    } while (commId == 0);
    slot.used = true;
    slot.claimed = false;
    ++shared.used;
    return Reservation{MakeHandle(index, slot.serial), commId};
}

void CmTable::Release(Handle handle)
{
    MutexLock hold(m_lock);
    Shared& shared = m_shared.Write();
    Slot& slot = shared.slots[SlotOf(handle)];
    slot.id = nullptr;
    slot.used = false;
    shared.freeSlots.push_back(SlotOf(handle));
    --shared.used;
}

void CmTable::Publish(CmId& id)
{
    m_runtime.SyncPoint(SyncKind::kPublish, &id, "publish");
    MutexLock hold(m_lock);
    m_shared.Write().slots[SlotOf(id.handle)].id = &id;
}

CmId* CmTable::ClaimDestroy(Handle handle)
{
    MutexLock hold(m_lock);
    Slot* slot = FindSlot(m_shared.Write(), handle);
    if (slot == nullptr || slot->claimed || slot->id == nullptr)
    {
        return nullptr;
    }
    slot->claimed = true;
    return slot->id;
}

void CmTable::Erase(CmId& id)
{
    m_runtime.SyncPoint(SyncKind::kUnpublish, &id, "erase");
    Release(id.handle);
}

CmTable::Slot* CmTable::FindSlot(Shared& shared, Handle handle)
{
    const std::uint32_t index = SlotOf(handle);
    if (index >= shared.slots.size())
    {
        return nullptr;
    }
    Slot& slot = shared.slots[index];
    return slot.used && slot.serial == SerialOf(handle) ? &slot : nullptr;
}

IdRef CmTable::RefOf(CmId* id, const char* site)
{
    if (id == nullptr)
    {
        return {};
    }
    id->references.Get(id, site);
    return IdRef(id);
}

IdRef CmTable::FindByHandle(Handle handle)
{
    MutexLock hold(m_lock);
    // Read-only in effect; the reference that is taken belongs to the id.
    Slot* slot = FindSlot(m_shared.Write(), handle);
    return slot == nullptr || slot->claimed ? IdRef() : RefOf(slot->id, "find by handle");
}

IdRef CmTable::FindByCommId(std::uint32_t commId)
{
    const CommIdCodec::Place place = m_codec.Decode(commId);
    MutexLock hold(m_lock);
    Shared& shared = m_shared.Write();
    if (place.slot >= shared.slots.size())
    {
        return {};
    }
    const Slot& slot = shared.slots[place.slot];
    if (!slot.used || static_cast<std::uint8_t>(slot.serial) != place.generation)
    {
        return {};
    }
    return RefOf(slot.id, "find by communication id");
}

IdRef CmTable::OwnerOf(Shared& shared, const PeerRecord& record)
{
    Slot* slot = FindSlot(shared, record.owner);
    return slot == nullptr ? IdRef() : RefOf(slot->id, "find by peer");
}

Admission CmTable::Admit(PeerRecord& record, std::uint64_t serviceId)
{
    MutexLock hold(m_lock);
    Shared& shared = m_shared.Write();
    Admission admission;
    if (const PeerRecord* same = shared.peers.byCommId.Find(record.caGuid, record.commId))
    {
        admission.kind = Admission::Kind::kDuplicate;
        admission.aging = same->aging;
        admission.owner = OwnerOf(shared, *same);
        return admission;
    }
    if (const PeerRecord* old = shared.peers.byQpn.Find(record.caGuid, record.qpn))
    {
        admission.kind = Admission::Kind::kStale;
        admission.aging = old->aging;
        admission.owner = OwnerOf(shared, *old);
        return admission;
    }
    const auto listener = shared.listeners.find(serviceId);
    if (listener == shared.listeners.end())
    {
        return admission;
    }
    const auto reservation = ReserveIn(shared);
    if (!reservation)
    {
        admission.kind = Admission::Kind::kNoResources;
        return admission;
    }
    admission.kind = Admission::Kind::kAdmitted;
    admission.listener = RefOf(listener->second, "accept");
    admission.handle = reservation->handle;
    admission.commId = reservation->commId;
    record.owner = reservation->handle;
    shared.peers.byCommId.Insert(record);
    shared.peers.byQpn.Insert(record);
    return admission;
}

CmTable::EnterOutcome CmTable::EnterPeer(PeerRecord& record,
                                         std::uint64_t caGuid,
                                         std::uint32_t commId,
                                         std::uint32_t qpn)
{
    MutexLock hold(m_lock);
    Shared& shared = m_shared.Write();
    if (const PeerRecord* same = shared.peers.byCommId.Find(caGuid, commId))
    {
        return {EnterResult::kDuplicateCommId, OwnerOf(shared, *same)};
    }
    if (const PeerRecord* old = shared.peers.byQpn.Find(caGuid, qpn))
    {
        return {EnterResult::kStaleQpn, OwnerOf(shared, *old)};
    }
    record.caGuid = caGuid;
    record.commId = commId;
    record.qpn = qpn;
    shared.peers.byCommId.Insert(record);
    shared.peers.byQpn.Insert(record);
    return {EnterResult::kEntered, IdRef()};
}

void CmTable::RemovePeer(PeerRecord& record)
{
    MutexLock hold(m_lock);
    PeerIndex& peers = m_shared.Write().peers;
    peers.byCommId.Remove(record);
    peers.byQpn.Remove(record);
}

void CmTable::AgePeer(PeerRecord& record, Duration timewait)
{
    MutexLock hold(m_lock);
    record.aging = true;
    m_shared.Write().peers.aging.push_back(record);
    record.Arm(timewait);
}

std::unique_ptr<PeerRecord> CmTable::TakeAged(PeerRecord& record)
{
    MutexLock hold(m_lock);
    PeerIndex& peers = m_shared.Write().peers;
    peers.byCommId.Remove(record);
    peers.byQpn.Remove(record);
    peers.aging.erase(peers.aging.iterator_to(record));
    return std::unique_ptr<PeerRecord>(&record);
}

void CmTable::CancelAging()
{
    std::vector<std::unique_ptr<PeerRecord>> cancelled;
    MutexLock hold(m_lock);
    PeerIndex& peers = m_shared.Write().peers;
    for (auto it = peers.aging.begin(); it != peers.aging.end();)
    {
        PeerRecord& record = *it;
        if (!record.Cancel())
        {
            ++it;
            continue;
        }
        peers.byCommId.Remove(record);
        peers.byQpn.Remove(record);
        it = peers.aging.erase(it);
        cancelled.emplace_back(&record);
    }
}

IdRef CmTable::FindByPeer(std::uint64_t caGuid, std::uint32_t commId)
{
    MutexLock hold(m_lock);
    Shared& shared = m_shared.Write();
    const PeerRecord* record = shared.peers.byCommId.Find(caGuid, commId);
    return record == nullptr ? IdRef() : OwnerOf(shared, *record);
}

Status CmTable::Listen(CmId& id, std::uint64_t serviceId)
{
    MutexLock hold(m_lock);
    if (!m_shared.Write().listeners.emplace(serviceId, &id).second)
    {
        return tl::unexpected(CmError::kAddressInUse);
    }
    return {};
}

void CmTable::Unlisten(std::uint64_t serviceId)
{
    MutexLock hold(m_lock);
    m_shared.Write().listeners.erase(serviceId);
}

std::size_t CmTable::LiveIds() const
{
    MutexLock hold(m_lock);
    return m_shared.Read().used;
}

std::size_t CmTable::PeerRecords() const
{
    MutexLock hold(m_lock);
    return m_shared.Read().peers.byCommId.Size();
}

} // namespace ibcm
