// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The table's part that knows peers: who may come in, who blocks whom, and for how long.
#include "ibcm/model/cm-table.h"

#include <algorithm>

namespace ibcm
{

bool CmTable::AdmitKnown(Shared& shared,
                         const PeerRecord& record,
                         const ReqClaim& claim,
                         Admission& admission)
{
    if (const PeerRecord* same = shared.peers.byCommId.Find(record.caGuid, record.commId))
    {
        // Of a pair whose peer has yielded its own REQ may still come, whatever it says: the REP
        // has told who the peer is, and not what its REQ was.
        const bool yielded = same->pair && same->transactionId == 0;
        const bool repeats =
            !claim.checkRepetition || yielded ||
            (same->qpn == record.qpn && same->transactionId == record.transactionId);
        // What has ended is forgotten soon: the peer may try again after its own TIMEWAIT.
        const bool stale = same->qpn == record.qpn || same->aging;
        admission.kind = repeats ? Admission::Kind::kDuplicate
                         : stale ? Admission::Kind::kStale
                                 : Admission::Kind::kReusedCommId;
        admission.aging = same->aging;
        admission.owner = OwnerOf(shared, same->owner);
        return true;
    }
    PeerToPeerRecord wanted;
    wanted.serviceId = claim.serviceId;
    wanted.localGid = claim.localGid;
    wanted.remoteGid = claim.remoteGid;
    const auto [first, last] = shared.peerToPeer.equal_range(wanted);
    for (auto it = first; it != last; ++it)
    {
        if (it->commId == claim.ownCommId)
        {
            continue; // a CA that connects to itself: nobody meets his own REQ
        }
        admission.kind = Admission::Kind::kPeerToPeer;
        admission.owner = OwnerOf(shared, it->owner);
        return true;
    }
    if (const PeerRecord* old = shared.peers.byQpn.Find(record.caGuid, record.qpn))
    {
        admission.kind = Admission::Kind::kStale;
        admission.aging = old->aging;
        admission.owner = OwnerOf(shared, old->owner);
        return true;
    }
    return false;
}

bool CmTable::AdmitListener(Shared& shared, std::uint64_t serviceId, Admission& admission)
{
    ListenerRecord* listener = shared.listeners.Find(serviceId);
    if (listener == nullptr)
    {
        return false;
    }
    if (listener->redirect)
    {
        admission.kind = Admission::Kind::kRedirected;
        admission.redirect = listener->redirect;
        return false;
    }
    if (!listener->backlog->Enter())
    {
        admission.kind = Admission::Kind::kBacklog;
        return false;
    }
    admission.backlog = BacklogPlace(listener->backlog);
    admission.listener = RefOf(listener->id, "accept");
    return true;
}

bool CmTable::AdmitPlace(Shared& shared, Admission& admission)
{
    const auto place = ReserveIn(shared);
    if (!place)
    {
        admission.kind = Admission::Kind::kNoResources;
        return true;
    }
    if (!*place)
    {
        return false;
    }
    admission.kind = Admission::Kind::kAdmitted;
    admission.place = **place;
    return true;
}

bool CmTable::TryAdmit(PeerRecord& record, const ReqClaim& claim, Admission& admission)
{
    MutexLock hold(m_lock);
    Shared& shared = m_shared.Write();
    if (AdmitKnown(shared, record, claim, admission) ||
        !AdmitListener(shared, claim.serviceId, admission))
    {
        return true;
    }
    if (!claim.valid)
    {
        admission.kind = Admission::Kind::kRefused;
        return true;
    }
    if (!HasRoomForPeer(shared))
    {
        admission.kind = Admission::Kind::kNoResources;
        return true;
    }
    if (!AdmitPlace(shared, admission))
    {
        return false;
    }
    if (admission.kind == Admission::Kind::kAdmitted)
    {
        record.owner = admission.place.handle;
        record.since = m_runtime.Now();
        shared.peers.byCommId.Insert(record);
        shared.peers.byQpn.Insert(record);
        NoteRoom(shared);
    }
    return true;
}

Admission CmTable::Admit(PeerRecord& record, const ReqClaim& claim)
{
    for (;;)
    {
        MakeRoom();
        Admission admission;
        if (TryAdmit(record, claim, admission))
        {
            return admission;
        }
    }
}

bool CmTable::TryAdmitSidr(SidrRecord& record, std::uint64_t serviceId, Admission& admission)
{
    MutexLock hold(m_lock);
    Shared& shared = m_shared.Write();
    if (shared.sidr.find(record) != shared.sidr.end())
    {
        admission.kind = Admission::Kind::kDuplicate;
        return true;
    }
    if (!AdmitListener(shared, serviceId, admission))
    {
        return true;
    }
    if (shared.sidr.size() >= m_limits.maxSidrRequests)
    {
        admission.kind = Admission::Kind::kNoResources;
        return true;
    }
    if (!AdmitPlace(shared, admission))
    {
        return false;
    }
    if (admission.kind == Admission::Kind::kAdmitted)
    {
        shared.sidr.insert(record);
    }
    return true;
}

Admission CmTable::AdmitSidr(SidrRecord& record, std::uint64_t serviceId)
{
    for (;;)
    {
        MakeRoom();
        Admission admission;
        if (TryAdmitSidr(record, serviceId, admission))
        {
            return admission;
        }
    }
}

void CmTable::RemoveSidr(SidrRecord& record)
{
    MutexLock hold(m_lock);
    auto& sidr = m_shared.Write().sidr;
    sidr.erase(sidr.iterator_to(record));
}

bool CmTable::HasRoomForPeer(const Shared& shared) const
{
    return shared.peers.byCommId.Size() + shared.unindexed + shared.promised < m_limits.maxPeers;
}

Status CmTable::PromisePeer()
{
    MutexLock hold(m_lock);
    Shared& shared = m_shared.Write();
    if (!HasRoomForPeer(shared))
    {
        return tl::unexpected(CmError::kNoResources);
    }
    ++shared.promised;
    return {};
}

void CmTable::WithdrawPromise()
{
    MutexLock hold(m_lock);
    --m_shared.Write().promised;
}

CmTable::EnterOutcome CmTable::EnterPeer(PeerRecord& record, const PeerName& name)
{
    MutexLock hold(m_lock);
    Shared& shared = m_shared.Write();
    if (const PeerRecord* same = shared.peers.byCommId.Find(name.caGuid, name.commId))
    {
        return {EnterResult::kDuplicateCommId, OwnerOf(shared, same->owner)};
    }
    if (const PeerRecord* old = shared.peers.byQpn.Find(name.caGuid, name.qpn))
    {
        return {EnterResult::kStaleQpn, OwnerOf(shared, old->owner)};
    }
    IBCM_CHECK(m_runtime, Invariant::kPeerIndexed, &record, record.owner != Handle::kNone);
    record.caGuid = name.caGuid;
    record.commId = name.commId;
    record.qpn = name.qpn;
    record.transactionId = name.transactionId;
    record.since = m_runtime.Now();
    --shared.promised;
    shared.peers.byCommId.Insert(record);
    shared.peers.byQpn.Insert(record);
    NoteRoom(shared);
    return {EnterResult::kEntered, IdRef()};
}

void CmTable::RemovePeer(PeerRecord& record)
{
    MutexLock hold(m_lock);
    Shared& shared = m_shared.Write();
    IBCM_CHECK(m_runtime, Invariant::kPeerIndexed, &record, !record.aging);
    shared.promised -= record.byCommId.is_linked() ? 0 : 1;
    shared.peers.byCommId.Remove(record);
    shared.peers.byQpn.Remove(record);
}

void CmTable::Unindex(Shared& shared, PeerRecord& record)
{
    if (!record.byCommId.is_linked())
    {
        --shared.unindexed;
    }
    shared.peers.byCommId.Remove(record);
    shared.peers.byQpn.Remove(record);
    shared.peers.aging.erase(shared.peers.aging.iterator_to(record));
}

void CmTable::AgePeer(PeerRecord& record, Duration timewait, bool blocks)
{
    MutexLock hold(m_lock);
    Shared& shared = m_shared.Write();
    IBCM_CHECK(m_runtime, Invariant::kPeerIndexed, &record, !record.aging);
    shared.promised -= record.byCommId.is_linked() ? 0 : 1;
    record.aging = true;
    record.until = m_runtime.Now() + timewait;
    if (!blocks)
    {
        shared.peers.byCommId.Remove(record);
        shared.peers.byQpn.Remove(record);
    }
    if (!record.byCommId.is_linked())
    {
        ++shared.unindexed;
    }
    // Most wait equally long, so that the latest to come is the last to go.
    shared.peers.aging.insert(shared.peers.aging.end(), record);
    SetAgingTimer(shared);
}

void CmTable::SetAgingTimer(Shared& shared)
{
    const Instant first =
        shared.peers.aging.empty() ? kNotArmed : shared.peers.aging.begin()->until;
    // It may go off too early, when what it was set for has gone, but never too late.
    if (first >= shared.agingTimer)
    {
        return;
    }
    shared.agingTimer = first;
    m_agingTimer.Arm(std::max(first - m_runtime.Now(), Duration{0}));
}

CmTable::AgedPeers CmTable::TakeAged()
{
    AgedPeers aged;
    MutexLock hold(m_lock);
    Shared& shared = m_shared.Write();
    const Instant now = m_runtime.Now();
    while (!shared.peers.aging.empty() && shared.peers.aging.begin()->until <= now &&
           aged.size() < aged.capacity())
    {
        PeerRecord& record = *shared.peers.aging.begin();
        Unindex(shared, record);
        aged.emplace_back(&record);
    }
    if (aged.empty())
    {
        shared.agingTimer = kNotArmed;
        SetAgingTimer(shared);
    }
    return aged;
}

void CmTable::Age()
{
    for (AgedPeers aged = TakeAged(); !aged.empty(); aged = TakeAged())
    {
        for (std::unique_ptr<PeerRecord>& record : aged)
        {
            m_sink.OnAged(std::move(record));
        }
    }
}

bool CmTable::ExpireNow(std::uint64_t caGuid, std::uint32_t qpn)
{
    MutexLock hold(m_lock);
    Shared& shared = m_shared.Write();
    PeerRecord* record = shared.peers.byQpn.Find(caGuid, qpn);
    if (record == nullptr || !record->aging)
    {
        return false;
    }
    shared.peers.aging.erase(shared.peers.aging.iterator_to(*record));
    record->until = m_runtime.Now();
    shared.peers.aging.insert(*record);
    SetAgingTimer(shared);
    return true;
}

void CmTable::CancelAging()
{
    AgingPeers forgotten;
    {
        MutexLock hold(m_lock);
        Shared& shared = m_shared.Write();
        while (!shared.peers.aging.empty())
        {
            PeerRecord& record = *shared.peers.aging.begin();
            Unindex(shared, record);
            forgotten.insert(forgotten.end(), record);
        }
        (void)m_agingTimer.Cancel();
        shared.agingTimer = kNotArmed;
    }
    forgotten.clear_and_dispose([](PeerRecord* record) { delete record; });
}

IdRef CmTable::FindByPeer(std::uint64_t caGuid, std::uint32_t commId, EventPtr& rej)
{
    MutexLock hold(m_lock);
    Shared& shared = m_shared.Write();
    PeerRecord* record = shared.peers.byCommId.Find(caGuid, commId);
    if (record == nullptr)
    {
        return {};
    }
    Slot* slot = FindSlot(shared, record->owner);
    if (slot != nullptr && slot->id == nullptr && record->pendingRej == nullptr)
    {
        // Its id is being made and cannot be asked yet; whoever makes it will.
        record->pendingRej = std::move(rej);
        return {};
    }
    return slot == nullptr ? IdRef() : RefOf(slot->id, "find by peer");
}

void CmTable::EnterPeerToPeer(PeerToPeerRecord& record)
{
    MutexLock hold(m_lock);
    m_shared.Write().peerToPeer.insert(record);
}

void CmTable::LeavePeerToPeer(PeerToPeerRecord& record)
{
    MutexLock hold(m_lock);
    auto& records = m_shared.Write().peerToPeer;
    records.erase(records.iterator_to(record));
}

std::size_t CmTable::PeerRecords() const
{
    MutexLock hold(m_lock);
    const Shared& shared = m_shared.Read();
    return shared.peers.byCommId.Size() + shared.unindexed;
}

} // namespace ibcm
