// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm/model/core.h"

namespace ibcm
{

namespace
{

constexpr auto kFirstKind = static_cast<std::uint16_t>(ibwire::CmAttribute::kReq);

/** Relaxed: counters say how often, and order nothing. */
void Copy(const std::array<std::atomic<std::uint64_t>, MessageCounters::kKinds>& from,
          std::uint64_t* to)
{
    for (std::size_t i = 0; i < from.size(); ++i)
    {
        to[i] = from[i].load(std::memory_order_relaxed);
    }
}

} // namespace

Core::Core(ConnectionManager& facade,
           Runtime& runtime,
           const DeviceInfo& device,
           const Options& options)
    : m_facade(facade),
      m_runtime(runtime),
      m_device(device),
      m_trace(options.trace),
      m_queue(runtime.MakeWorkQueue("cm", 1)),
      m_table(runtime, runtime.Random(), TableLimits{options.maxIds}),
      m_portsLock(runtime, "cm-ports"),
      m_ports(runtime, "ports"),
      m_lastTransactionId(runtime.Random() & 0xffffffff00000000ULL)
{
}

Core::~Core()
{
    std::array<PortSlot, kMaxPorts> ports;
    {
        MutexLock hold(m_portsLock);
        ports = m_ports.Read();
    }
    // Waits for deliveries under way, which may take the ports' lock.
    for (const PortSlot& slot : ports)
    {
        if (slot.port != nullptr)
        {
            slot.port->SetSink(nullptr);
        }
    }
    m_table.CancelAging();
    m_queue.reset(); // waits for timers that could not be cancelled any more
}

Status Core::AddPort(std::uint8_t number, MadPort& port)
{
    MutexLock hold(m_portsLock);
    auto& slots = m_ports.Write();
    PortSlot* place = nullptr;
    for (PortSlot& slot : slots)
    {
        if (slot.port != nullptr && slot.number == number)
        {
            return tl::unexpected(CmError::kInvalidArgument);
        }
        if (slot.port == nullptr && place == nullptr)
        {
            place = &slot;
        }
    }
    if (number == 0)
    {
        return tl::unexpected(CmError::kInvalidArgument);
    }
    if (place == nullptr)
    {
        return tl::unexpected(CmError::kNoResources);
    }
    *place = {number, &port};
    port.SetSink(this);
    return {};
}

Result<Handle> Core::Create(EventHandler& handler)
{
    const auto reservation = m_table.Reserve();
    if (!reservation)
    {
        return tl::unexpected(reservation.error());
    }
    CmId& id = NewId(handler, reservation->handle, reservation->commId);
    m_table.Publish(id);
    return reservation->handle;
}

CmId& Core::NewId(EventHandler& handler, Handle handle, std::uint32_t commId)
{
    auto* id = new CmId(m_runtime, handler, handle, commId);
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

MadPort* Core::PortAt(std::uint8_t number)
{
    MutexLock hold(m_portsLock);
    for (const PortSlot& slot : m_ports.Read())
    {
        if (slot.number == number)
        {
            return slot.port;
        }
    }
    return nullptr;
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

Result<std::uint32_t> Core::CommIdOf(Handle handle)
{
    const IdRef ref = m_table.FindByHandle(handle);
    if (!ref)
    {
        return tl::unexpected(CmError::kInvalidHandle);
    }
    return ref->localCommId;
}

void Core::CountSent(const ibwire::CmMessage& message)
{
    const auto kind = static_cast<std::uint16_t>(ibwire::AttributeOf(message)) - kFirstKind;
    m_counters.sent.at(kind).fetch_add(1, std::memory_order_relaxed);
}

void Core::CountDuplicate(ibwire::CmAttribute attribute)
{
    const auto kind = static_cast<std::uint16_t>(attribute) - kFirstKind;
    m_counters.duplicates.at(kind).fetch_add(1, std::memory_order_relaxed);
}

MessageCounters Core::Counters() const
{
    MessageCounters counters;
    Copy(m_counters.sent, counters.sent);
    Copy(m_counters.received, counters.received);
    Copy(m_counters.duplicates, counters.duplicates);
    counters.malformed = m_counters.malformed.load(std::memory_order_relaxed);
    counters.unmatched = m_counters.unmatched.load(std::memory_order_relaxed);
    return counters;
}

} // namespace ibcm
