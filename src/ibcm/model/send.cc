// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Sending: once, until answered, or for no id at all. All under the id's lock, so that the order on
// the wire is that of the transitions.
#include "ibcm/model/core.h"
#include "ibcm/model/timeouts.h"

namespace ibcm
{

std::unique_ptr<LastReply> Core::NewLastReply(std::uint8_t serviceTimeout,
                                              std::span<const std::uint8_t> privateData)
{
    if (serviceTimeout == 0 && privateData.empty())
    {
        return nullptr;
    }
    auto reply = std::make_unique<LastReply>();
    reply->serviceTimeout = serviceTimeout;
    reply->privateData.assign(privateData.begin(), privateData.end());
    return reply;
}

Status Core::SendReply(CmId& id, State before, Reply reply, bool again)
{
    const Connection& connection = id.connection.Read();
    const Ids ids{id.localCommId, connection.remoteCommId};
    const std::uint64_t tid = connection.transactionId;
    static const LastReply kNothing;
    const LastReply* kept = id.lastReply.Read().get();
    const LastReply& last = kept == nullptr ? kNothing : *kept;
    using ibwire::MessageMraed;
    switch (reply)
    {
    case Reply::kRtu:
        return SendOnce(id, ComposeMad(ComposeRtu(ids, last.privateData), tid), again);
    case Reply::kDrep:
        return SendOnce(id, ComposeMad(ComposeDrep(ids, last.privateData), tid), again);
    case Reply::kMraReq:
        return SendOnce(
            id,
            ComposeMad(ComposeMra(ids, MessageMraed::kReq, last.serviceTimeout, last.privateData),
                       tid),
            again);
    case Reply::kMraRep:
        return SendOnce(
            id,
            ComposeMad(ComposeMra(ids, MessageMraed::kRep, last.serviceTimeout, last.privateData),
                       tid),
            again);
    case Reply::kMraLap:
    {
        const Alternate& alternate = *id.alternate.Read();
        const LastReply& mra = alternate.mra == nullptr ? kNothing : *alternate.mra;
        return SendOnce(
            id,
            ComposeMad(ComposeMra(ids, MessageMraed::kLap, mra.serviceTimeout, mra.privateData),
                       alternate.lapId),
            again);
    }
    case Reply::kApr:
    {
        const Alternate& alternate = *id.alternate.Read();
        return SendOnce(
            id,
            ComposeMad(ComposeApr(ids, alternate.status, alternate.info, alternate.privateData),
                       alternate.lapId),
            again);
    }
    case Reply::kRep:
    {
        // The port has it still, as it waits for the RTU.
        MadPort* port =
            connection.route.slot == nullptr ? nullptr : connection.route.slot->port.load();
        if (port != nullptr && port->Resend(id.outstanding.Read().token))
        {
            NoteMessage(id, TimelineEntry::Kind::kResent, ibwire::CmAttribute::kRep);
        }
        return {};
    }
    case Reply::kDreqOnce:
        return StartDreq(id, {}, false);
    case Reply::kRejConsumer:
        return SendRejWith(id, before, ibwire::RejReason::kConsumer, {}, {});
    case Reply::kRejTimeout:
    {
        const auto guid = GuidInfo(m_device.caGuid);
        return SendRejWith(id, before, ibwire::RejReason::kTimeout, guid, {});
    }
    case Reply::kSidrRejected:
    {
        SidrRepParameters refusal;
        refusal.status = ibwire::SidrStatus::kRejected;
        return SendOnce(
            id,
            ComposeMad(ComposeSidrRep(refusal, connection.remoteCommId, connection.serviceId),
                       tid));
    }
    case Reply::kReq:
    case Reply::kDreq:
    case Reply::kLap:
    case Reply::kSidrReq:
    case Reply::kSidrRep:
    case Reply::kRejCaller:
    case Reply::kRejStale:
    case Reply::kNone:
        // Sent by those who have their contents, or nothing to send.
        return {};
    }
    return {};
}

Status Core::SendOnce(CmId& id, const Composed& mad, bool again)
{
    if (!mad)
    {
        return tl::unexpected(CmError::kInvalidArgument);
    }
    const Route& route = id.connection.Read().route;
    MadPort* port = route.slot == nullptr ? nullptr : route.slot->port.load();
    if (port == nullptr || !port->Send(*mad, route.address, Duration{0}, 0, 0))
    {
        return tl::unexpected(CmError::kSendFailed);
    }
    const ibwire::CmAttribute attribute = AttributeOf(*mad);
    Count((again ? route.slot->resent : route.slot->sent)[KindOf(attribute)]);
    NoteMessage(id, again ? TimelineEntry::Kind::kResent : TimelineEntry::Kind::kSent, attribute);
    return {};
}

Status Core::SendReliable(CmId& id, const Composed& mad, Input timeout)
{
    return SendReliable(id, mad, timeout, id.connection.Read().responseTimeout);
}

Status Core::SendReliable(CmId& id, const Composed& mad, Input timeout, Duration wait)
{
    if (!mad)
    {
        return tl::unexpected(CmError::kInvalidArgument);
    }
    const Connection& connection = id.connection.Read();
    const Route& route = connection.route;
    MadPort* port = route.slot == nullptr ? nullptr : route.slot->port.load();
    if (port == nullptr)
    {
        return tl::unexpected(CmError::kSendFailed);
    }
    const auto sent = port->Send(
        *mad, route.address, wait, connection.maxCmRetries, static_cast<std::uint64_t>(id.handle));
    if (!sent)
    {
        return tl::unexpected(CmError::kSendFailed);
    }
    // Its completion cannot be handled before this: that takes the id's lock.
    id.outstanding.Write() = {*sent, timeout};
    if (id.request.Read() != nullptr)
    {
        *id.request.Write() = *mad;
    }
    const ibwire::CmAttribute attribute = AttributeOf(*mad);
    Count(route.slot->sent[KindOf(attribute)]);
    NoteMessage(id, TimelineEntry::Kind::kSent, attribute);
    return {};
}

void Core::SendStatelessMad(const Received& rx, const Composed& mad)
{
    if (mad && rx.port.Send(*mad, rx.mad.replyAddress, Duration{0}, 0, 0))
    {
        Count(rx.slot.sent[KindOf(AttributeOf(*mad))]);
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
    const Route& route = id.connection.Read().route;
    if (MadPort* port = route.slot == nullptr ? nullptr : route.slot->port.load(); port != nullptr)
    {
        (void)port->Cancel(token);
    }
}

void Core::ExtendWait(CmId& id, std::uint8_t serviceTimeout)
{
    const Connection& connection = id.connection.Read();
    MadPort* port = connection.route.slot == nullptr ? nullptr : connection.route.slot->port.load();
    if (port != nullptr)
    {
        // False if it has just ended: then its report is on the way and finds the state changed.
        (void)port->Modify(id.outstanding.Read().token,
                           MraTimeout(serviceTimeout, connection.ackTimeout, m_options.behaviour));
    }
}

} // namespace ibcm
