// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Taking a step of the state table, and sending what it asks for.
#include "ibcm/model/core.h"

namespace ibcm
{

void Core::Apply(CmId& id, const Transition& row)
{
    if ((row.actions & kCancelSend) != 0)
    {
        CancelSend(id);
    }
    if ((row.actions & kForgetPeer) != 0)
    {
        ForgetPeer(id);
    }
    if ((row.actions & kEnterTimewait) != 0)
    {
        EnterTimewait(id);
    }
    if ((row.actions & kLeavePeer) != 0)
    {
        id.peer.Write() = nullptr;
    }
    if ((row.actions & kUnlisten) != 0)
    {
        m_table.Unlisten(id.connection.Read().serviceId);
    }
    id.state.Write() = row.to;
    if (m_trace != nullptr)
    {
        m_trace->OnTransition({id.handle,
                               id.localCommId,
                               id.connection.Read().remoteCommId,
                               row.from,
                               row.to,
                               row.input});
    }
}

Status Core::SendReply(CmId& id, State before, Reply reply)
{
    switch (reply)
    {
    case Reply::kRtu:
        return SendOnce(
            id,
            ComposeRtu({id.localCommId, id.connection.Read().remoteCommId}, id.resendData.Read()));
    case Reply::kDrep:
        return SendOnce(
            id,
            ComposeDrep({id.localCommId, id.connection.Read().remoteCommId}, id.resendData.Read()));
    case Reply::kDreq:
        return StartDreq(id, {});
    case Reply::kRejConsumer:
        return SendRejWith(id, before, ibwire::RejReason::kConsumer, {}, {});
    case Reply::kRejTimeout:
    {
        const auto guid = GuidInfo(m_device.caGuid);
        return SendRejWith(id, before, ibwire::RejReason::kTimeout, guid, {});
    }
    case Reply::kReq:
    case Reply::kRep:
    case Reply::kRejCaller:
    case Reply::kRejStale:
    case Reply::kNone:
        // Sent by those who have their contents, or nothing to send.
        return {};
    }
    return {};
}

Status Core::SendOnce(CmId& id, const ibwire::CmMessage& message)
{
    const Connection& connection = id.connection.Read();
    const auto mad = ComposeMad(message, connection.transactionId);
    if (!mad)
    {
        return tl::unexpected(mad.error());
    }
    const auto sent =
        connection.route.port->Send(*mad, connection.route.address, Duration{0}, 0, 0);
    if (!sent)
    {
        return tl::unexpected(CmError::kSendFailed);
    }
    CountSent(message);
    return {};
}

Status Core::SendReliable(CmId& id, const ibwire::CmMessage& message, Input timeout)
{
    const Connection& connection = id.connection.Read();
    const auto mad = ComposeMad(message, connection.transactionId);
    if (!mad)
    {
        return tl::unexpected(mad.error());
    }
    const auto sent = connection.route.port->Send(*mad,
                                                  connection.route.address,
                                                  connection.responseTimeout,
                                                  connection.maxCmRetries,
                                                  static_cast<std::uint64_t>(id.handle));
    if (!sent)
    {
        return tl::unexpected(CmError::kSendFailed);
    }
    // Its completion cannot be handled before this: that takes the id's lock.
    id.outstanding.Write() = {*sent, timeout};
    CountSent(message);
    return {};
}

void Core::SendStateless(const Received& rx, const ibwire::CmMessage& message)
{
    const auto mad = ComposeMad(message, rx.transactionId);
    if (mad && rx.port->Send(*mad, rx.mad.replyAddress, Duration{0}, 0, 0))
    {
        CountSent(message);
    }
}

void Core::CancelSend(CmId& id)
{
    const SendToken token = id.outstanding.Read().token;
    if (token == SendToken::kNone)
    {
        return;
    }
    // A report that is on its way already finds another token and is dropped.
    id.outstanding.Write().token = SendToken::kNone;
    id.connection.Read().route.port->Cancel(token);
}

} // namespace ibcm
