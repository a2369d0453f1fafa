// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Two sides that ask each other at the same time (InfiniBand Architecture vol. 1, 12.10.4): both
// come to the same verdict on whose REQ counts, and the other side turns passive.
#include "ibcm/model/core.h"

#include <tuple>

namespace ibcm
{

void Core::OnPeerToPeerReq(const Received& rx,
                           const ibwire::CmReq& req,
                           Admission admission,
                           const std::optional<Refusal>& refusal)
{
    if (!admission.owner)
    {
        Discarded(rx, Discard::kUnexpected);
        return;
    }
    EventPtr event = NewEvent();
    const Arrival arrival{rx.mad, rx.slot.number.load(), rx.port.Lid(), rx.attributeModifier};
    event->event.parameters = ReqReceivedFrom(req, arrival, Handle::kNone);
    event->event.privateData.Assign(req.privateData);
    const auto& parameters = std::get<ReqReceived>(event->event.parameters);
    auto alternate = AlternateFrom(parameters);

    CmId& id = *admission.owner;
    id.lock.Lock();
    const Transition* row = RowFor(id, Input::kReqYielded);
    // The greater CA GUID stays active; on one CA the greater QPN.
    const auto own = std::tuple(m_device.caGuid, id.connection.Read().localQpn);
    const auto theirs = std::tuple(req.localCaGuid, req.localQpn);
    if (row == nullptr || own >= theirs)
    {
        // The peer will answer this side's REQ, or has done so.
        NoteMessage(id, TimelineEntry::Kind::kDropped, ibwire::CmAttribute::kReq);
        id.lock.Unlock();
        return;
    }
    if (refusal)
    {
        // This side goes on asking; the peer may do better, or yield.
        NoteMessage(id, TimelineEntry::Kind::kDropped, ibwire::CmAttribute::kReq);
        id.lock.Unlock();
        RejectStateless(rx, req, refusal->reason, refusal->Info());
        return;
    }
    const Connection asked = id.connection.Read();
    Connection connection = ConnectionFrom(rx, req, parameters);
    CmTable::EnterOutcome outcome =
        m_table.EnterPeer(*id.peer.Read(),
                          {connection.remoteCaGuid,
                           connection.remoteCommId,
                           connection.remoteQpn,
                           static_cast<std::uint32_t>(rx.transactionId)});
    if (outcome.result != CmTable::EnterResult::kEntered)
    {
        id.lock.Unlock();
        RejectStateless(rx, req, ibwire::RejReason::kStaleConnection);
        DisconnectStale(std::move(outcome.owner));
        return;
    }
    NoteMessage(id, TimelineEntry::Kind::kReceived, ibwire::CmAttribute::kReq);
    CancelSend(id); // on the route that it took
    connection.localQpn = asked.localQpn;
    connection.localPsn = asked.localPsn;
    id.connection.Write() = connection;
    if (alternate)
    {
        SetAckTimeout(*alternate, connection);
    }
    id.alternate.Write().swap(alternate); // the own REQ's goes with that
    RouteAlternate(id);
    Apply(id, *row);
    event->event.type = row->event;
    Deliver(id, std::move(admission.owner), std::move(event));
}

} // namespace ibcm
