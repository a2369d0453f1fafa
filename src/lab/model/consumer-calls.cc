// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/consumer.h"
#include "lab/model/message-fields.h"

#include <algorithm>
#include <span>
#include <utility>

namespace lab
{

namespace
{

constexpr std::uint8_t kRdAtomicDepth = 1;
constexpr std::uint32_t kPsnMask = 0xffffff;
constexpr std::uint32_t kSidrQpn = 0x51d;
constexpr std::uint32_t kSidrQkey = 0x51d;

std::span<const std::uint8_t> BytesOf(const std::string& text)
{
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

ibcm::QpType QpTypeOf(const std::string& word)
{
    return word == "uc"    ? ibcm::QpType::kUc
           : word == "xrc" ? ibcm::QpType::kXrcInitiator
                           : ibcm::QpType::kRc;
}

ibcm::QpTarget TargetOf(const std::string& word)
{
    return word == "init"  ? ibcm::QpTarget::kInit
           : word == "rtr" ? ibcm::QpTarget::kRtr
                           : ibcm::QpTarget::kRts;
}

/** The way by the ports' other LIDs; there are some only where ports have several. */
ibcm::Path Detour(ibcm::Path path)
{
    path.slid ^= 1U;
    path.dlid ^= 1U;
    return path;
}

template <class T>
ibcm::Status StatusOf(const ibcm::Result<T>& result)
{
    return result ? ibcm::Status() : tl::unexpected(result.error());
}

} // namespace

ibcm::Status Consumer::Call(const StepSpec& step, Scope& scope)
{
    switch (step.verb)
    {
    case Verb::kCreate:
        return StatusOf(IdOrNew(step, scope));
    case Verb::kListen:
    case Verb::kListenShared:
        return Listen(step, scope);
    case Verb::kReq:
        return Req(step, scope);
    case Verb::kSidrReq:
        return SidrReq(step, scope);
    case Verb::kRemovePort:
        return m_host.RemovePort();
    case Verb::kAddPort:
        return m_host.AddPort();
    case Verb::kDestroy:
        return Destroy(IdFor(step, scope));
    default:
        return CallOn(step, IdFor(step, scope));
    }
}

ibcm::Status Consumer::CallOn(const StepSpec& step, ibcm::Handle id)
{
    ibcm::ConnectionManager& manager = m_host.Manager();
    const auto data = BytesOf(step.privateData);
    switch (step.verb)
    {
    case Verb::kRep:
        return Rep(step, id);
    case Verb::kRtu:
        return manager.SendRtu(id, data);
    case Verb::kMra:
        return manager.SendMra(id, {static_cast<std::uint8_t>(step.code), step.onDuplicate, data});
    case Verb::kRej:
        return manager.SendRej(
            id, static_cast<ibwire::RejReason>(step.code), BytesOf(step.info), data);
    case Verb::kDreq:
        return manager.SendDreq(id, data);
    case Verb::kDrep:
        return manager.SendDrep(id, data);
    case Verb::kLap:
        return Lap(step, id);
    case Verb::kApr:
        return manager.SendApr(
            id, {static_cast<ibwire::AprStatus>(step.code), BytesOf(step.info), data});
    case Verb::kSidrRep:
        return manager.SendSidrRep(id,
                                   {static_cast<ibwire::SidrStatus>(step.code),
                                    kSidrQpn,
                                    kSidrQkey,
                                    {},
                                    BytesOf(step.info),
                                    data});
    case Verb::kNotify:
        return step.word == "path-mig" ? manager.NotifyMigrated(id) : manager.NotifyEstablished(id);
    case Verb::kQpAttributes:
        return StatusOf(manager.InitQpAttributes(id, TargetOf(step.word)));
    default:
        return {};
    }
}

ibcm::Status Consumer::Req(const StepSpec& step, Scope& scope)
{
    const auto path = m_host.ResolvePath(m_find(step.to));
    const auto id = IdOrNew(step, scope);
    if (!id || !path)
    {
        return tl::unexpected(id ? ibcm::CmError::kNoPort : id.error());
    }
    auto pair = m_host.GetAttachment().MakeDataPath();
    ibcm::ReqParameters parameters;
    parameters.serviceId = step.serviceId;
    parameters.primaryPath = *path;
    if (step.alternate)
    {
        parameters.alternatePath = Detour(*path);
    }
    parameters.qpType = QpTypeOf(step.qpType);
    parameters.localQpn = pair->Qpn();
    parameters.startingPsn = static_cast<std::uint32_t>(m_host.Runtime().Random()) & kPsnMask;
    parameters.responderResources = kRdAtomicDepth;
    parameters.initiatorDepth = kRdAtomicDepth;
    parameters.remoteCmResponseTimeout = static_cast<std::uint8_t>(step.remoteCmResponseTimeout);
    parameters.localCmResponseTimeout = static_cast<std::uint8_t>(step.cmResponseTimeout);
    parameters.maxCmRetries = static_cast<std::uint8_t>(step.maxCmRetries);
    parameters.peerToPeer = step.peerToPeer;
    parameters.privateData = BytesOf(step.privateData);
    if (Owned* owned = Find(*id))
    {
        owned->pair = std::move(pair);
        owned->path = std::make_unique<ibcm::Path>(*path);
    }
    return m_host.Manager().SendReq(*id, parameters);
}

ibcm::Status Consumer::Rep(const StepSpec& step, ibcm::Handle id)
{
    Owned* owned = Find(id);
    if (owned == nullptr)
    {
        return tl::unexpected(ibcm::CmError::kInvalidHandle);
    }
    auto pair = m_host.GetAttachment().MakeDataPath();
    const ibcm::ReqReceived& request = owned->request;
    ibcm::RepParameters parameters;
    parameters.localQpn = pair->Qpn();
    parameters.startingPsn = static_cast<std::uint32_t>(m_host.Runtime().Random()) & kPsnMask;
    parameters.responderResources = std::min(request.responderResources, kRdAtomicDepth);
    parameters.initiatorDepth = std::min(request.initiatorDepth, kRdAtomicDepth);
    parameters.targetAckDelay = m_host.GetAttachment().AckDelay();
    parameters.srq = request.qpType == ibcm::QpType::kXrcTarget;
    parameters.privateData = BytesOf(step.privateData);
    owned->pair = std::move(pair);
    return m_host.Manager().SendRep(id, parameters);
}

ibcm::Status Consumer::Lap(const StepSpec& step, ibcm::Handle id)
{
    Owned* owned = Find(id);
    if (owned == nullptr)
    {
        return tl::unexpected(ibcm::CmError::kInvalidHandle);
    }
    ibcm::LapParameters parameters;
    parameters.alternatePath =
        Detour(owned->path != nullptr ? *owned->path : owned->request.primaryPath);
    parameters.privateData = BytesOf(step.privateData);
    return m_host.Manager().SendLap(id, parameters);
}

ibcm::Status Consumer::SidrReq(const StepSpec& step, Scope& scope)
{
    const auto path = m_host.ResolvePath(m_find(step.to));
    const auto id = IdOrNew(step, scope);
    if (!id || !path)
    {
        return tl::unexpected(id ? ibcm::CmError::kNoPort : id.error());
    }
    ibcm::SidrReqParameters parameters;
    parameters.serviceId = step.serviceId;
    parameters.path = *path;
    parameters.timeout = ibcm::Duration(step.forNs);
    parameters.maxCmRetries = static_cast<std::uint8_t>(step.maxCmRetries);
    parameters.privateData = BytesOf(step.privateData);
    return m_host.Manager().SendSidrReq(*id, parameters);
}

ibcm::Status Consumer::Listen(const StepSpec& step, Scope& scope)
{
    if (step.verb == Verb::kListenShared)
    {
        const auto id = m_host.Manager().ListenShared(m_host.Watched(*this), step.serviceId);
        if (id)
        {
            Owns(*id, step, scope);
            ++Known(*id).users;
        }
        return StatusOf(id);
    }
    const auto id = IdOrNew(step, scope);
    if (!id)
    {
        return tl::unexpected(id.error());
    }
    ibcm::ListenParameters parameters;
    parameters.serviceId = step.serviceId;
    parameters.serviceMask = step.serviceMask;
    parameters.backlog = step.backlog;
    return StatusOf(m_host.Manager().Listen(*id, parameters));
}

ibcm::Status Consumer::Destroy(ibcm::Handle id)
{
    Owned* owned = Find(id);
    // The last user of a shared listener takes it away; before that it stays. Who comes to share it
    // during the call counts anew.
    const unsigned users = owned == nullptr ? 0 : owned->users;
    if (users != 0)
    {
        --owned->users;
    }
    if (users > 1)
    {
        return m_host.Manager().Destroy(id);
    }
    // Nobody else is to use it while it goes.
    std::unique_ptr<DataPath> pair;
    if (owned != nullptr)
    {
        pair = std::move(owned->pair);
    }
    const ibcm::Status status = m_host.Destroy(id);
    owned = Find(id); // others may have forgotten it
    const bool gone = !status && status.error() == ibcm::CmError::kInvalidHandle;
    const bool shared = owned != nullptr && owned->users != 0;
    if (gone || (status && !shared))
    {
        Forget(id);
    }
    else if (!status && users != 0 && owned != nullptr)
    {
        ++owned->users; // it was refused
    }
    return status;
}

void Consumer::Send(const StepSpec& step)
{
    ibwire::MadBytes mad = EmptyMessage(*step.message);
    if (step.copy)
    {
        const ibwire::MadBytes* seen = m_tap->Latest(*step.message, {});
        if (seen == nullptr)
        {
            return Unsent(step, "there was none to copy");
        }
        mad = *seen;
    }
    for (const FieldSpec& field : step.fields)
    {
        std::uint64_t value = field.number;
        if (field.message)
        {
            const ibwire::MadBytes* seen = m_tap->Latest(*field.message, field.from);
            const auto copied = seen == nullptr ? std::nullopt : ReadField(*seen, field.source);
            if (!copied)
            {
                return Unsent(step, "there was none to take " + field.field + " from");
            }
            value = *copied;
        }
        if (!WriteField(mad, field.field, value))
        {
            return Unsent(step, field.field + " has no room for that");
        }
    }
    ibcm::MadAddress address;
    address.dlid = m_find(step.to).Wire().Lid();
    m_stage.engine.Point({interleave::OpKind::kSend, {}, true, "transmit crafted"});
    if (m_host.Up())
    {
        (void)m_host.GetAttachment().Wire().Transmit(mad, address);
    }
}

void Consumer::Unsent(const StepSpec& step, const std::string& why)
{
    m_stage.recorder.Note(
        m_host.Name(), "", "send " + std::string(ibwire::ToString(*step.message)) + ": " + why);
}

} // namespace lab
