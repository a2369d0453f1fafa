// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The public face; each function's work is in the file of its message.
#include "ibcm/model/connection-manager.h"

#include "ibcm/model/core.h"

namespace ibcm
{

ConnectionManager::ConnectionManager(Runtime& runtime,
                                     const DeviceInfo& device,
                                     const Options& options)
    : m_core(std::make_unique<Core>(*this, runtime, device, options))
{
}

ConnectionManager::~ConnectionManager() = default;

Status ConnectionManager::AddPort(std::uint8_t number, MadPort& port)
{
    return m_core->AddPort(number, port);
}

Status ConnectionManager::RemovePort(std::uint8_t number)
{
    return m_core->RemovePort(number);
}

Result<Handle> ConnectionManager::Create(EventHandler& handler)
{
    return m_core->Create(handler);
}

Status ConnectionManager::Destroy(Handle id)
{
    return m_core->Destroy(id);
}

Result<std::uint64_t> ConnectionManager::Listen(Handle id, const ListenParameters& parameters)
{
    return m_core->Listen(id, parameters);
}

Result<std::uint64_t> ConnectionManager::Listen(Handle id, std::uint64_t serviceId)
{
    ListenParameters parameters;
    parameters.serviceId = serviceId;
    return m_core->Listen(id, parameters);
}

Result<Handle> ConnectionManager::ListenShared(EventHandler& handler, std::uint64_t serviceId)
{
    return m_core->ListenShared(handler, serviceId);
}

Status ConnectionManager::SendReq(Handle id, const ReqParameters& parameters)
{
    return m_core->SendReq(id, parameters);
}

Status ConnectionManager::SendRep(Handle id, const RepParameters& parameters)
{
    return m_core->SendRep(id, parameters);
}

Status ConnectionManager::SendRtu(Handle id, std::span<const std::uint8_t> privateData)
{
    return m_core->SendRtu(id, privateData);
}

Status ConnectionManager::SendMra(Handle id, const MraParameters& parameters)
{
    return m_core->SendMra(id, parameters);
}

Status ConnectionManager::SendRej(Handle id,
                                  ibwire::RejReason reason,
                                  std::span<const std::uint8_t> info,
                                  std::span<const std::uint8_t> privateData)
{
    return m_core->SendRej(id, reason, info, privateData);
}

Status ConnectionManager::SendDreq(Handle id, std::span<const std::uint8_t> privateData)
{
    return m_core->SendDreq(id, privateData);
}

Status ConnectionManager::SendDrep(Handle id, std::span<const std::uint8_t> privateData)
{
    return m_core->SendDrep(id, privateData);
}

Status ConnectionManager::SendLap(Handle id, const LapParameters& parameters)
{
    return m_core->SendLap(id, parameters);
}

Status ConnectionManager::SendApr(Handle id, const AprParameters& parameters)
{
    return m_core->SendApr(id, parameters);
}

Status ConnectionManager::SendSidrReq(Handle id, const SidrReqParameters& parameters)
{
    return m_core->SendSidrReq(id, parameters);
}

Status ConnectionManager::SendSidrRep(Handle id, const SidrRepParameters& parameters)
{
    return m_core->SendSidrRep(id, parameters);
}

Status ConnectionManager::NotifyMigrated(Handle id)
{
    return m_core->NotifyMigrated(id);
}

Status ConnectionManager::NotifyEstablished(Handle id)
{
    return m_core->NotifyEstablished(id);
}

Result<QpAttributes> ConnectionManager::InitQpAttributes(Handle id, QpTarget target)
{
    return m_core->InitQpAttributes(id, target);
}

Result<State> ConnectionManager::StateOf(Handle id)
{
    return m_core->StateOf(id);
}

Result<LapState> ConnectionManager::LapStateOf(Handle id)
{
    return m_core->LapStateOf(id);
}

Result<MessageCounters> ConnectionManager::Counters(std::uint8_t portNumber) const
{
    return m_core->Counters(portNumber);
}

Result<std::vector<TimelineEntry>> ConnectionManager::TimelineOf(Handle id)
{
    return m_core->TimelineOf(id);
}

Report ConnectionManager::Inspect()
{
    return m_core->Inspect();
}

std::string ConnectionManager::Dump()
{
    return ToText(m_core->Inspect());
}

Status ConnectionManager::ExpirePeer(std::uint64_t caGuid, std::uint32_t qpn)
{
    return m_core->ExpirePeer(caGuid, qpn);
}

Result<std::uint32_t> ConnectionManager::CommIdOf(Handle id)
{
    return m_core->CommIdOf(id);
}

MessageCounters ConnectionManager::Counters() const
{
    return m_core->Counters();
}

std::size_t ConnectionManager::LiveIds() const
{
    return m_core->Table().LiveIds();
}

std::size_t ConnectionManager::PeerRecords() const
{
    return m_core->Table().PeerRecords();
}

} // namespace ibcm
