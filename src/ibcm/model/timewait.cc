// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// TIMEWAIT: a connection that has ended keeps its peer's QP and id from being taken for new ones
// until no packet of it can be under way (InfiniBand Architecture vol. 1, 12.9.8.4).
#include "ibcm/model/core.h"

namespace ibcm
{

std::unique_ptr<PeerRecord> Core::NewPeerRecord()
{
    auto record = std::make_unique<PeerRecord>(m_runtime);
    if (Observer* observer = m_runtime.GetObserver(); observer != nullptr) [[unlikely]]
    {
        const auto ordinal = m_peersMade.fetch_add(1, std::memory_order_relaxed) + 1;
        observer->OnMade("peer", ordinal, record.get(), sizeof(PeerRecord));
    }
    return record;
}

void Core::EnterTimewait(CmId& id)
{
    // What was kept to be sent again belongs to a message that is no longer due.
    id.lastReply.Write().reset();
    PeerRecord* record = id.peer.Read();
    if (record == nullptr)
    {
        return;
    }
    // The table owns the record from here on; the id only knows which one it is.
    m_table.AgePeer(*record, id.connection.Read().timewait, Strict());
}

void Core::ForgetPeer(CmId& id)
{
    PeerRecord* record = id.peer.Read();
    id.peer.Write() = nullptr;
    if (record == nullptr || id.state.Read() == State::kTimewait)
    {
        // In TIMEWAIT the record is in the hands of its timer.
        return;
    }
    m_table.RemovePeer(*record);
    delete record;
}

void Core::OnAged(std::unique_ptr<PeerRecord> record)
{
    // It is out of the indices already: when the consumer hears that the time is over, it is.
    IdRef ref = m_table.FindByHandle(record->owner);
    if (!ref)
    {
        return;
    }
    EventPtr event = NewEvent();
    CmId& id = *ref;
    id.lock.Lock();
    const Transition* row = RowFor(id, Input::kTimewaitExit);
    if (row == nullptr || id.peer.Read() != record.get())
    {
        id.lock.Unlock();
        return;
    }
    Apply(id, *row);
    event->event.type = row->event;
    Deliver(id, std::move(ref), std::move(event));
}

} // namespace ibcm
