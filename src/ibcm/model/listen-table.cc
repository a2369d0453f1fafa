// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The table's part that knows listeners.
#include "ibcm/model/cm-table.h"

namespace ibcm
{

namespace
{

/** The range of ids that are assigned: the first byte of kAssignServiceId. */
constexpr std::uint64_t kAssignedMask = 0xff00000000000000;

} // namespace

Result<std::uint64_t> CmTable::Listen(ListenerRecord& record)
{
    MutexLock hold(m_lock);
    Shared& shared = m_shared.Write();
    if (shared.listeners.Size() >= m_limits.maxListeners)
    {
        return tl::unexpected(CmError::kNoResources);
    }
    if (record.serviceId == kAssignServiceId && record.serviceMask == kExactService)
    {
        // The range is larger than any number of listeners, so that one is free.
        do
        {
            shared.lastAssigned = kAssignServiceId | ((shared.lastAssigned + 1) & ~kAssignedMask);
            record.serviceId = shared.lastAssigned;
        } while (record.serviceId == kAssignServiceId ||
                 shared.listeners.FindOverlap(record) != nullptr);
    }
    else if (shared.listeners.FindOverlap(record) != nullptr)
    {
        return tl::unexpected(CmError::kAddressInUse);
    }
    shared.listeners.Insert(record);
    At(shared, SlotOf(record.id->handle)).listening = &record;
    IBCM_CHECK(m_runtime, Invariant::kListening, &record, record.sharers >= 1);
    return record.serviceId;
}

Result<Handle> CmTable::Share(EventHandler& handler, std::uint64_t serviceId)
{
    MutexLock hold(m_lock);
    Shared& shared = m_shared.Write();
    ListenerRecord* record = shared.listeners.Find(serviceId);
    if (record == nullptr)
    {
        return Handle::kNone;
    }
    if (At(shared, SlotOf(record->id->handle)).claimed)
    {
        return tl::unexpected(CmError::kAddressInUse); // its last sharer is leaving
    }
    // Requests go to the handler that listens first: to share it, it must be the same.
    // And it must listen to this service and no other: under a mask it does not, whatever is left
    // of its service id.
    if (record->sharedBy != &handler || record->serviceMask != kExactService)
    {
        return tl::unexpected(CmError::kInvalidArgument);
    }
    ++record->sharers;
    return record->id->handle;
}

void CmTable::Unlisten(ListenerRecord& record)
{
    MutexLock hold(m_lock);
    Shared& shared = m_shared.Write();
    IBCM_CHECK(m_runtime, Invariant::kListening, &record, record.sharers == 1);
    shared.listeners.Remove(record);
    At(shared, SlotOf(record.id->handle)).listening = nullptr;
}

} // namespace ibcm
