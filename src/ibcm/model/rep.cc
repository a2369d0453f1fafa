// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// REP and RTU: accepting, and completing (InfiniBand Architecture vol. 1, 12.6.8, 12.6.9).
#include "ibcm/model/core.h"
#include "ibcm/model/timeouts.h"

namespace ibcm
{

namespace
{

constexpr std::uint32_t kMax24Bits = 0xffffff;

} // namespace

Status Core::SendRep(Handle handle, const RepParameters& parameters)
{
    if (parameters.privateData.size() > ibwire::kPrivateDataBytes<ibwire::CmRep>)
    {
        return tl::unexpected(CmError::kPrivateDataLength);
    }
    if (parameters.localQpn == 0 || parameters.localQpn > kMax24Bits)
    {
        return tl::unexpected(CmError::kInvalidArgument);
    }
    IdRef ref = m_table.FindByHandle(handle);
    if (!ref)
    {
        return tl::unexpected(CmError::kInvalidHandle);
    }
    CmId& id = *ref;
    MutexLock hold(id.lock);
    const Transition* row = FindTransition(id.state.Read(), Input::kCallSendRep);
    if (row == nullptr)
    {
        return tl::unexpected(CmError::kInvalidState);
    }
    const Ids ids{id.localCommId, id.connection.Read().remoteCommId};
    const QpType type = id.connection.Read().qpType;
    const Status sent =
        SendReliable(id, ComposeRep(parameters, ids, m_device.caGuid, type), Input::kRepTimeout);
    if (!sent)
    {
        return sent;
    }
    Connection& connection = id.connection.Write();
    connection.localQpn = parameters.localQpn;
    connection.localPsn = parameters.startingPsn;
    connection.responderResources = parameters.responderResources;
    connection.initiatorDepth = parameters.initiatorDepth;
    Apply(id, *row);
    return {};
}

Status Core::SendRtu(Handle handle, std::span<const std::uint8_t> privateData)
{
    if (privateData.size() > ibwire::kPrivateDataBytes<ibwire::CmRtu>)
    {
        return tl::unexpected(CmError::kPrivateDataLength);
    }
    IdRef ref = m_table.FindByHandle(handle);
    if (!ref)
    {
        return tl::unexpected(CmError::kInvalidHandle);
    }
    CmId& id = *ref;
    MutexLock hold(id.lock);
    const Transition* row = FindTransition(id.state.Read(), Input::kCallSendRtu);
    if (row == nullptr)
    {
        return tl::unexpected(CmError::kInvalidState);
    }
    const Ids ids{id.localCommId, id.connection.Read().remoteCommId};
    if (const Status sent = SendOnce(id, ComposeRtu(ids, privateData)); !sent)
    {
        return sent;
    }
    // Kept for a REP that comes again: then this RTU was lost.
    id.resendData.Write().assign(privateData.begin(), privateData.end());
    Apply(id, *row);
    return {};
}

Status Core::NotifyEstablished(Handle handle)
{
    IdRef ref = m_table.FindByHandle(handle);
    if (!ref)
    {
        return tl::unexpected(CmError::kInvalidHandle);
    }
    CmId& id = *ref;
    id.lock.Lock();
    const State before = id.state.Read();
    const Transition* row = FindTransition(before, Input::kCallNotifyEstablished);
    if (row == nullptr)
    {
        id.lock.Unlock();
        return tl::unexpected(before == State::kEstablished ? CmError::kAlreadyConnected
                                                            : CmError::kInvalidState);
    }
    Apply(id, *row);
    auto event = std::make_unique<Event>();
    event->type = row->event;
    DeliverLater(id, std::move(event));
    return {};
}

void Core::OnRep(const Received& rx, const ibwire::CmRep& rep)
{
    IdRef ref = m_table.FindByCommId(rep.remoteCommId);
    if (!ref)
    {
        m_counters.unmatched.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    CmId& id = *ref;
    id.lock.Lock();
    const State before = id.state.Read();
    const Transition* row = FindTransition(before, Input::kRep);
    if (row != nullptr && row->event == EventType::kRepReceived)
    {
        OnFirstRep(id, std::move(ref), rx, rep, *row);
        return;
    }
    if (id.connection.Read().active && id.connection.Read().remoteCommId == rep.localCommId)
    {
        CountDuplicate(ibwire::CmAttribute::kRep);
        if (row != nullptr)
        {
            Apply(id, *row);
            (void)SendReply(id, before, row->reply);
        }
    }
    else
    {
        m_counters.unmatched.fetch_add(1, std::memory_order_relaxed);
    }
    id.lock.Unlock();
}

void Core::OnFirstRep(CmId& id,
                      IdRef ref,
                      const Received& rx,
                      const ibwire::CmRep& rep,
                      const Transition& row)
{
    const QpType type = id.connection.Read().qpType;
    const std::uint32_t remoteQpn = QpnOfRep(rep, type);
    CmTable::EnterOutcome outcome =
        m_table.EnterPeer(*id.peer.Read(), rep.localCaGuid, rep.localCommId, remoteQpn);
    if (outcome.result != CmTable::EnterResult::kEntered)
    {
        // Refused, and the REQ goes on being retried: the peer that is meant may still answer.
        if (outcome.result == CmTable::EnterResult::kStaleQpn)
        {
            SendStateless(rx,
                          ComposeRej({rep.remoteCommId, rep.localCommId},
                                     ibwire::MessageRejected::kRep,
                                     ibwire::RejReason::kStaleConnection,
                                     {},
                                     {}));
        }
        id.lock.Unlock();
        if (outcome.result == CmTable::EnterResult::kStaleQpn)
        {
            DisconnectStale(std::move(outcome.owner));
        }
        return;
    }
    Connection& connection = id.connection.Write();
    connection.remoteCommId = rep.localCommId;
    connection.remoteCaGuid = rep.localCaGuid;
    connection.remoteQpn = remoteQpn;
    connection.remotePsn = rep.startingPsn;
    connection.initiatorDepth = rep.responderResources;
    connection.responderResources = rep.initiatorDepth;
    connection.rnrRetryCount = rep.rnrRetryCount;
    connection.ackTimeout = AckTimeout(rep.targetAckDelay, connection.primaryPath.packetLifeTime);
    connection.timewait = TimewaitActive(connection.primaryPath.packetLifeTime, rep.targetAckDelay);
    Apply(id, row);
    auto event = std::make_unique<Event>();
    event->type = row.event;
    event->parameters = RepReceivedFrom(rep, type);
    event->privateData = PrivateData(rep.privateData);
    Deliver(id, std::move(ref), std::move(event));
}

void Core::OnRtu(const ibwire::CmRtu& rtu)
{
    OnPlain(
        rtu.remoteCommId, rtu.localCommId, Input::kRtu, ibwire::CmAttribute::kRtu, rtu.privateData);
}

} // namespace ibcm
