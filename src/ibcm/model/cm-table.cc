// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Ids: their places, names and references. Peers and listeners stand in peer-table.cc and
// listen-table.cc.
#include "ibcm/model/cm-table.h"

#include <algorithm>

namespace ibcm
{

namespace
{

/** So many freed places wait before one is used again, so that its generations last. */
constexpr std::uint32_t kQuarantine = 8192;

constexpr std::uint32_t kNoSlot = ~std::uint32_t{0};

constexpr Handle MakeHandle(std::uint32_t slot, std::uint64_t serial)
{
    return static_cast<Handle>((serial << CommIdCodec::kSlotBits) | slot);
}

constexpr std::uint64_t SerialOf(Handle handle)
{
    return static_cast<std::uint64_t>(handle) >> CommIdCodec::kSlotBits;
}

Limits Clamped(Limits limits)
{
    limits.maxIds = std::clamp(limits.maxIds, 1U, CommIdCodec::kMaxSlots);
    return limits;
}

} // namespace

void IdRef::Put()
{
    CmId* id = std::exchange(m_id, nullptr);
    if (id->references.Put(id, "id reference"))
    {
        id->waiter.load(std::memory_order_acquire)->Signal();
    }
}

CmTable::CmTable(Runtime& runtime,
                 std::uint64_t key,
                 const Limits& limits,
                 WorkQueue& queue,
                 AgingSink& sink)
    : m_runtime(runtime),
      m_codec(key),
      m_limits(Clamped(limits)),
      m_lock(runtime, "cm-table"),
      m_shared(runtime),
      m_sink(sink),
      m_agingTimer(*this, runtime, queue)
{
}

CmTable::~CmTable() = default;

CmTable::Slot& CmTable::At(Shared& shared, std::uint32_t index)
{
    return (*shared.chunks[index / kChunk])[index % kChunk];
}

CmTable::Shortage CmTable::ShortageOf(const Shared& shared) const
{
    Shortage shortage;
    shortage.chunks = shared.chunks.size();
    shortage.slots = shared.free <= kQuarantine && shared.made == shortage.chunks * kChunk &&
                     shared.made < m_limits.maxIds;
    shortage.commIdBuckets =
        shared.peers.byCommId.Tight() ? shared.peers.byCommId.Buckets() * 2 : 0;
    shortage.qpnBuckets = shared.peers.byQpn.Tight() ? shared.peers.byQpn.Buckets() * 2 : 0;
    return shortage;
}

void CmTable::NoteRoom(const Shared& shared)
{
    const Shortage shortage = ShortageOf(shared);
    if (shortage.slots || shortage.commIdBuckets != 0 || shortage.qpnBuckets != 0)
    {
        m_tight.store(true, std::memory_order_relaxed);
    }
}

void CmTable::MakeRoom()
{
    if (m_tight.load(std::memory_order_relaxed)) [[unlikely]]
    {
        Enlarge();
    }
}

void CmTable::Enlarge()
{
    Shortage shortage;
    {
        MutexLock hold(m_lock);
        shortage = ShortageOf(m_shared.Read());
    }
    std::unique_ptr<Chunk> chunk;
    Directory directory;
    if (shortage.slots)
    {
        chunk = std::make_unique<Chunk>();
        directory.reserve(shortage.chunks + shortage.chunks / 2 + 4);
    }
    CommIdBuckets commIdBuckets(shortage.commIdBuckets);
    QpnBuckets qpnBuckets(shortage.qpnBuckets);

    MutexLock hold(m_lock);
    Shared& shared = m_shared.Write();
    // Another thread may have done the same meanwhile; then ours goes unused.
    const Shortage now = ShortageOf(shared);
    if (now.slots && chunk && now.chunks == shortage.chunks)
    {
        if (shared.chunks.size() == shared.chunks.capacity())
        {
            std::move(shared.chunks.begin(), shared.chunks.end(), std::back_inserter(directory));
            shared.chunks.swap(directory);
        }
        shared.chunks.push_back(std::move(chunk));
    }
    if (now.commIdBuckets == shortage.commIdBuckets && now.commIdBuckets != 0)
    {
        shared.peers.byCommId.Install(commIdBuckets);
    }
    if (now.qpnBuckets == shortage.qpnBuckets && now.qpnBuckets != 0)
    {
        shared.peers.byQpn.Install(qpnBuckets);
    }
    m_tight.store(false, std::memory_order_relaxed);
    NoteRoom(shared);
}

Result<Reservation> CmTable::Reserve()
{
    for (;;)
    {
        MakeRoom();
        MutexLock hold(m_lock);
        auto place = ReserveIn(m_shared.Write());
        if (!place)
        {
            return tl::unexpected(place.error());
        }
        if (*place)
        {
            return **place;
        }
    }
}

Result<std::optional<Reservation>> CmTable::ReserveIn(Shared& shared)
{
    if (shared.used >= m_limits.maxIds)
    {
        return tl::unexpected(CmError::kNoResources);
    }
    std::uint32_t index = kNoSlot;
    if (shared.free > kQuarantine || (shared.free > 0 && shared.made == m_limits.maxIds))
    {
        index = shared.firstFree;
        shared.firstFree = At(shared, index).nextFree;
        --shared.free;
    }
    else if (shared.made < shared.chunks.size() * kChunk)
    {
        index = shared.made++;
        NoteRoom(shared);
    }
    else
    {
        m_tight.store(true, std::memory_order_relaxed);
        return std::optional<Reservation>();
    }
    Slot& slot = At(shared, index);
    std::uint32_t commId = 0;
    do
    {
        ++slot.serial;
        commId = m_codec.Encode({index, static_cast<std::uint8_t>(slot.serial)});
    } while (commId == 0);
    slot.used = true;
    slot.claimed = false;
    ++shared.used;
    return std::optional(Reservation{MakeHandle(index, slot.serial), commId});
}

void CmTable::Release(Shared& shared, Handle handle)
{
    const std::uint32_t index = SlotOf(handle);
    Slot& slot = At(shared, index);
    slot.id = nullptr;
    slot.listening = nullptr;
    slot.used = false;
    if (shared.free == 0)
    {
        shared.firstFree = index;
    }
    else
    {
        At(shared, shared.lastFree).nextFree = index;
    }
    shared.lastFree = index;
    ++shared.free;
    --shared.used;
}

void CmTable::Publish(CmId& id)
{
    m_runtime.SyncPoint(SyncKind::kPublish, &id, "publish");
    MutexLock hold(m_lock);
    At(m_shared.Write(), SlotOf(id.handle)).id = &id;
}

EventPtr CmTable::PublishAccepted(CmId& id, PeerRecord& record)
{
    m_runtime.SyncPoint(SyncKind::kPublish, &id, "publish");
    MutexLock hold(m_lock);
    At(m_shared.Write(), SlotOf(id.handle)).id = &id;
    return std::move(record.pendingRej);
}

CmTable::Claim CmTable::ClaimDestroy(Handle handle)
{
    MutexLock hold(m_lock);
    Slot* slot = FindSlot(m_shared.Write(), handle);
    if (slot == nullptr || slot->claimed || slot->id == nullptr)
    {
        return {};
    }
    if (slot->listening != nullptr && slot->listening->sharers > 1)
    {
        --slot->listening->sharers;
        return {nullptr, true};
    }
    slot->claimed = true;
    return {slot->id, false};
}

bool CmTable::Erase(CmId& id, bool inHandler)
{
    m_runtime.SyncPoint(SyncKind::kUnpublish, &id, "erase");
    MutexLock hold(m_lock);
    Shared& shared = m_shared.Write();
    Release(shared, id.handle);
    // References are taken under this lock, so that from here on their number only falls.
    if (id.references.Value() == 1)
    {
        return false;
    }
    id.dyingSince = m_runtime.Now();
    id.dyingInHandler = inHandler;
    shared.dying.push_back(id);
    return true;
}

void CmTable::Forget(CmId& id)
{
    MutexLock hold(m_lock);
    auto& dying = m_shared.Write().dying;
    dying.erase(dying.iterator_to(id));
}

CmTable::Slot* CmTable::FindSlot(Shared& shared, Handle handle)
{
    const std::uint32_t index = SlotOf(handle);
    if (index >= shared.made)
    {
        return nullptr;
    }
    Slot& slot = At(shared, index);
    return slot.used && slot.serial == SerialOf(handle) ? &slot : nullptr;
}

IdRef CmTable::RefOf(CmId* id, const char* site)
{
    if (id == nullptr)
    {
        return {};
    }
    IBCM_CHECK(m_runtime, Invariant::kPublished, id, id->references.Value() >= 1);
    IBCM_CHECK(m_runtime, Invariant::kPublished, id, id->localCommId != 0);
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
    if (place.slot >= shared.made)
    {
        return {};
    }
    const Slot& slot = At(shared, place.slot);
    if (!slot.used || static_cast<std::uint8_t>(slot.serial) != place.generation)
    {
        return {};
    }
    return RefOf(slot.id, "find by communication id");
}

IdRef CmTable::OwnerOf(Shared& shared, Handle owner)
{
    Slot* slot = FindSlot(shared, owner);
    return slot == nullptr ? IdRef() : RefOf(slot->id, "find by peer");
}

std::size_t CmTable::LiveIds() const
{
    MutexLock hold(m_lock);
    return m_shared.Read().used;
}

std::vector<IdRef> CmTable::AllIds()
{
    for (;;)
    {
        std::vector<IdRef> ids;
        ids.reserve(LiveIds() + 16);
        MutexLock hold(m_lock);
        Shared& shared = m_shared.Write();
        if (shared.used > ids.capacity())
        {
            continue; // more were made meanwhile
        }
        for (std::uint32_t index = 0; index < shared.made; ++index)
        {
            const Slot& slot = At(shared, index);
            if (slot.used && slot.id != nullptr)
            {
                ids.push_back(RefOf(slot.id, "list"));
            }
        }
        return ids;
    }
}

void CmTable::Describe(Report& report)
{
    for (;;)
    {
        std::size_t peers = 0;
        std::size_t listeners = 0;
        std::size_t dying = 0;
        {
            MutexLock hold(m_lock);
            const Shared& shared = m_shared.Read();
            peers = shared.peers.byCommId.Size() + shared.unindexed + 16;
            listeners = shared.listeners.Size() + 16;
            dying = shared.dying.size() + 16;
        }
        report.peers.reserve(peers);
        report.listeners.reserve(listeners);
        report.ids.reserve(report.ids.size() + dying);
        MutexLock hold(m_lock);
        Shared& shared = m_shared.Write();
        if (shared.peers.byCommId.Size() + shared.unindexed > peers ||
            shared.listeners.Size() > listeners || shared.dying.size() > dying)
        {
            continue; // more were made meanwhile
        }
        shared.peers.ForEach(
            [&](const PeerRecord& record)
            {
                PeerReport peer;
                peer.caGuid = record.caGuid;
                peer.commId = record.commId;
                peer.qpn = record.qpn;
                peer.owner = record.owner;
                peer.aging = record.aging;
                peer.age = report.when - record.since;
                peer.remaining = record.aging ? record.until - report.when : Duration{0};
                report.peers.push_back(peer);
            });
        for (const ListenerRecord& record : shared.listeners)
        {
            report.listeners.push_back({record.id->handle,
                                        record.serviceId,
                                        record.serviceMask,
                                        record.sharers,
                                        record.backlog->Open()});
        }
        for (const CmId& id : shared.dying)
        {
            IdReport dead;
            dead.id = id.handle;
            dead.localCommId = id.localCommId;
            dead.inState = report.when - id.dyingSince;
            dead.references = id.references.Value();
            dead.inHandler = id.dyingInHandler && dead.references != 0;
            dead.destroying = true;
            report.ids.push_back(std::move(dead));
        }
        return;
    }
}

} // namespace ibcm
