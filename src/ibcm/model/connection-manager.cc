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

Result<Handle> ConnectionManager::Create(EventHandler& handler)
{
    return m_core->Create(handler);
}

Status ConnectionManager::Destroy(Handle id)
{
    return m_core->Destroy(id);
}

Status ConnectionManager::Listen(Handle id, std::uint64_t serviceId)
{
    return m_core->Listen(id, serviceId);
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
