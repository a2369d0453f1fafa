// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm/model/core.h"

#include <cstdio>
#include <cstdlib>

namespace ibcm
{

Core::Core(ConnectionManager& facade,
           Runtime& runtime,
           const DeviceInfo& device,
           const Options& options)
    : m_facade(facade),
      m_runtime(runtime),
      m_device(device),
      m_options(options),
      m_queue(runtime.MakeWorkQueue("cm", 1)),
      m_table(runtime, runtime.Random(), options.limits, *m_queue, *this),
      m_portsLock(runtime, "cm-ports"),
      m_askPortLock(runtime, "cm-ask-port"),
      m_lastTransactionId(runtime.Random() & 0xffffffff00000000ULL)
{
    if (const std::string problem = options.Problem(); !problem.empty())
    {
        std::fprintf(stderr, "ConnectionManager: %s\n", problem.c_str());
        std::abort();
    }
}

Core::~Core()
{
    // Waits for deliveries under way.
    for (PortSlot& slot : m_ports)
    {
        if (MadPort* port = slot.port.load(); port != nullptr)
        {
            port->SetSink(nullptr);
        }
    }
    m_table.CancelAging();
    m_queue->Flush(); // what could not be cancelled any more
}

Result<Handle> Core::Create(EventHandler& handler)
{
    const auto place = m_table.Reserve();
    if (!place)
    {
        return tl::unexpected(place.error());
    }
    CmId& id = NewId(handler, *place);
    m_table.Publish(id);
    return place->handle;
}

CmId& Core::NewId(EventHandler& handler, Reservation place)
{
    const CmId::TimelineRoom room{m_options.timelineDepth};
    auto* id = new (room) CmId(m_runtime, handler, place.handle, place.commId, room);
    if (Observer* observer = m_runtime.GetObserver(); observer != nullptr) [[unlikely]]
    {
        const auto ordinal = m_idsMade.fetch_add(1, std::memory_order_relaxed) + 1;
        observer->OnMade("cm_id", ordinal, id, sizeof(CmId));
    }
    return *id;
}

std::uint64_t Core::NextTransactionId()
{
    // The lower half changes with each request; umad replaces the upper half by its own.
    return m_lastTransactionId.fetch_add(1, std::memory_order_relaxed) + 1;
}

Result<State> Core::StateOf(Handle handle)
{
    IdRef ref = m_table.FindByHandle(handle);
    if (!ref)
    {
        return tl::unexpected(CmError::kInvalidHandle);
    }
    CmId& id = *ref;
    MutexLock hold(id.lock);
    return id.state.Read();
}

Result<LapState> Core::LapStateOf(Handle handle)
{
    IdRef ref = m_table.FindByHandle(handle);
    if (!ref)
    {
        return tl::unexpected(CmError::kInvalidHandle);
    }
    CmId& id = *ref;
    MutexLock hold(id.lock);
    return id.lapState.Read();
}

Result<std::uint32_t> Core::CommIdOf(Handle handle)
{
    const IdRef ref = m_table.FindByHandle(handle);
    if (!ref)
    {
        return tl::unexpected(CmError::kInvalidHandle);
    }
    return ref->localCommId;
}

Status Core::ExpirePeer(std::uint64_t caGuid, std::uint32_t qpn)
{
    if (!m_table.ExpireNow(caGuid, qpn))
    {
        return tl::unexpected(CmError::kInvalidState);
    }
    return {};
}

} // namespace ibcm
