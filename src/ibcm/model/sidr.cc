// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// SIDR: from a service id to the QP of a datagram service (InfiniBand Architecture vol. 1, 12.11).
#include "ibcm/model/core.h"

namespace ibcm
{

namespace
{

constexpr std::uint32_t kMax24Bits = 0xffffff;
constexpr std::uint8_t kMaxRetries = 15;

} // namespace

Status Core::SendSidrReq(Handle handle, const SidrReqParameters& parameters)
{
    if (parameters.privateData.size() > ibwire::kPrivateDataBytes<ibwire::CmSidrReq>)
    {
        return tl::unexpected(CmError::kPrivateDataLength);
    }
    if (parameters.path.dgid.IsZero() || parameters.timeout <= Duration{0} ||
        parameters.maxCmRetries > kMaxRetries)
    {
        return tl::unexpected(CmError::kInvalidArgument);
    }
    std::unique_ptr<ibwire::MadBytes> copy;
    if (parameters.followRedirect && Strict())
    {
        copy = std::make_unique<ibwire::MadBytes>();
    }
    IdRef ref = m_table.FindByHandle(handle);
    if (!ref)
    {
        return tl::unexpected(CmError::kInvalidHandle);
    }
    CmId& id = *ref;
    MutexLock hold(id.lock);
    // Destroyed since it was found: it is in IDLE, but nothing may begin there any more.
    if (id.delivery.Read().stopped)
    {
        return tl::unexpected(CmError::kInvalidHandle);
    }
    const Transition* row = RowFor(id, Input::kCallSendSidrReq);
    if (row == nullptr)
    {
        return tl::unexpected(CmError::kInvalidState);
    }
    const auto route = RouteFor(parameters.path);
    if (!route)
    {
        return tl::unexpected(route.error());
    }
    Connection connection;
    connection.active = true;
    connection.serviceId = parameters.serviceId;
    connection.requestId = NextTransactionId();
    connection.transactionId = connection.requestId;
    connection.responseTimeout = parameters.timeout;
    connection.maxCmRetries = parameters.maxCmRetries;
    connection.redirectsLeft = copy ? kMaxRedirects : 0;
    connection.route = *route;
    connection.primaryPath = parameters.path;
    id.connection.Write() = connection;
    id.request.Write() = std::move(copy);
    const Status sent =
        SendReliable(id,
                     ComposeMad(ComposeSidrReq(parameters, id.localCommId), connection.requestId),
                     Input::kSidrReqTimeout);
    if (!sent)
    {
        id.connection.Write() = Connection{};
        id.request.Write().reset();
        return sent;
    }
    Apply(id, *row);
    return {};
}

void Core::OnSidrReq(const Received& rx, const ibwire::CmSidrReq& req)
{
    if (req.requestId == 0 && Strict())
    {
        Discarded(rx, Discard::kZeroCommId);
        return;
    }
    SidrRepParameters answer;
    if (m_options.redirect && Strict())
    {
        const auto info = RedirectInfo(*m_options.redirect);
        answer.status = ibwire::SidrStatus::kRedirect;
        answer.info = info;
        SendStateless(rx, ComposeSidrRep(answer, req.requestId, req.serviceId));
        return;
    }
    auto record = std::make_unique<SidrRecord>();
    record->requestId = req.requestId;
    record->lid = rx.mad.replyAddress.dlid;
    if (Strict() && rx.mad.replyAddress.hasGrh)
    {
        // On Ethernet all clients have the same LID, none.
        record->gid = rx.mad.replyAddress.dgid;
    }
    Admission admission = m_table.AdmitSidr(*record, req.serviceId);
    using Kind = Admission::Kind;
    std::array<std::uint8_t, 72> info{};
    switch (admission.kind)
    {
    case Kind::kAdmitted:
        AcceptSidrReq(rx, req, std::move(admission), std::move(record));
        return;
    case Kind::kDuplicate:
        Duplicate(rx, ibwire::CmAttribute::kSidrReq);
        return;
    case Kind::kBacklog:
        Discarded(rx, Discard::kBacklog);
        return;
    case Kind::kRedirected:
        answer.status = ibwire::SidrStatus::kRedirect;
        info = RedirectInfo(*admission.redirect);
        answer.info = info;
        break;
    case Kind::kNoResources:
        answer.status = ibwire::SidrStatus::kNoQp;
        break;
    default:
        answer.status = ibwire::SidrStatus::kServiceNotSupported;
        break;
    }
    SendStateless(rx, ComposeSidrRep(answer, req.requestId, req.serviceId));
}

void Core::AcceptSidrReq(const Received& rx,
                         const ibwire::CmSidrReq& req,
                         Admission admission,
                         std::unique_ptr<SidrRecord> record)
{
    CmId& id = NewId(admission.listener->handler, admission.place);
    EventPtr event = NewEvent();
    SidrReqReceived given;
    given.listener = admission.listener->handle;
    given.serviceId = req.serviceId;
    given.requestId = req.requestId;
    given.pkey = req.pkey;
    given.bthPkey = rx.mad.pkey;
    given.port = rx.slot.number.load();
    given.address = rx.mad.replyAddress;
    event->event.parameters = given;
    event->event.privateData.Assign(req.privateData);

    id.lock.Lock();
    Connection connection;
    connection.serviceId = req.serviceId;
    connection.remoteCommId = req.requestId;
    connection.transactionId = rx.transactionId;
    connection.route = {&rx.slot, rx.mad.replyAddress};
    id.connection.Write() = connection;
    id.sidr.Write() = std::move(record);
    id.backlog.Write() = std::move(admission.backlog);
    NoteMessage(id, TimelineEntry::Kind::kReceived, ibwire::CmAttribute::kSidrReq);
    const Transition* row = RowFor(id, Input::kSidrReqAccepted);
    Apply(id, *row);
    event->event.type = row->event;
    id.delivery.Write().busy = true;
    id.references.Get(&id, "accept");
    IdRef ref(&id);
    m_table.Publish(id);
    id.lock.Unlock();
    RunHandler(std::move(ref), std::move(event), std::move(admission.listener));
}

Status Core::SendSidrRep(Handle handle, const SidrRepParameters& parameters)
{
    if (parameters.privateData.size() > ibwire::kPrivateDataBytes<ibwire::CmSidrRep> ||
        parameters.info.size() > ibwire::CmSidrRep{}.additionalInfo.size())
    {
        return tl::unexpected(CmError::kPrivateDataLength);
    }
    if (parameters.qpn > kMax24Bits || parameters.ece.vendorId > kMax24Bits)
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
    const Transition* row = RowFor(id, Input::kCallSendSidrRep);
    if (row == nullptr)
    {
        return tl::unexpected(CmError::kInvalidState);
    }
    const Connection& connection = id.connection.Read();
    const Status sent = SendOnce(
        id,
        ComposeMad(ComposeSidrRep(parameters, connection.remoteCommId, connection.serviceId),
                   connection.transactionId,
                   parameters.ece.options));
    if (!sent)
    {
        return sent;
    }
    Apply(id, *row);
    return {};
}

void Core::OnSidrRep(const Received& rx, const ibwire::CmSidrRep& rep)
{
    IdRef ref = m_table.FindByCommId(rep.requestId);
    if (!ref)
    {
        Discarded(rx, Discard::kUnknownId);
        return;
    }
    EventPtr event = NewEvent();
    event->event.parameters = SidrRepReceivedFrom(rep, rx.attributeModifier);
    event->event.privateData.Assign(rep.privateData);
    CmId& id = *ref;
    id.lock.Lock();
    const Transition* row = RowFor(id, Input::kSidrRep);
    const bool answers = !Strict() || static_cast<std::uint32_t>(id.connection.Read().requestId) ==
                                          static_cast<std::uint32_t>(rx.transactionId);
    if (row == nullptr || !answers)
    {
        NoteMessage(id, TimelineEntry::Kind::kDropped, ibwire::CmAttribute::kSidrRep);
        id.lock.Unlock();
        Discarded(rx, row == nullptr ? Discard::kUnexpected : Discard::kTransactionId);
        return;
    }
    NoteMessage(id, TimelineEntry::Kind::kReceived, ibwire::CmAttribute::kSidrRep);
    if (rep.status == ibwire::SidrStatus::kRedirect)
    {
        const auto& given = std::get<SidrRepReceived>(event->event.parameters);
        const auto target = RedirectFrom({given.info.data(), given.infoLength});
        if (target && FollowRedirect(id, *target))
        {
            id.lock.Unlock();
            return;
        }
    }
    Apply(id, *row);
    event->event.type = row->event;
    Deliver(id, std::move(ref), std::move(event));
}

} // namespace ibcm
