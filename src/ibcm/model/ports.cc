// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The ports of the channel adapter: coming, going, and what was counted at each.
#include "ibcm/model/later-event.h"

#include <algorithm>

namespace ibcm
{

namespace
{

/** Path bits: the bits of a LID that an LMC can give to one port. */
constexpr std::uint8_t kMaxPathBits = 0x7f;

MadAddress AddressOf(const Path& path,
                     std::uint8_t sgidIndex,
                     std::uint16_t pkeyIndex,
                     std::uint16_t baseLid)
{
    MadAddress address;
    address.dlid = path.dlid;
    address.sl = path.sl;
    address.sourcePathBits = static_cast<std::uint8_t>((path.slid ^ baseLid) & kMaxPathBits);
    address.pkeyIndex = pkeyIndex;
    // Through a router, and on Ethernet, which has no LIDs.
    address.hasGrh = path.hopLimit > 1 || path.dlid == 0;
    if (address.hasGrh)
    {
        address.dgid = path.dgid;
        address.sgidIndex = sgidIndex;
        address.flowLabel = path.flowLabel;
        address.hopLimit = path.hopLimit;
        address.trafficClass = path.trafficClass;
    }
    return address;
}

void AddTo(PerMessage& sum, const PortSlot::Atomics& counters)
{
    for (std::size_t i = 0; i < sum.size(); ++i)
    {
        sum[i] += counters[i].load(std::memory_order_relaxed);
    }
}

/** An alternate path over a port that goes leads nowhere, not even when the port comes back. */
void LeavePort(Alternate& alternate, const PortSlot& slot)
{
    for (Route* route : {&alternate.route, &alternate.proposedRoute})
    {
        if (route->slot == &slot)
        {
            route->slot = nullptr;
        }
    }
}

} // namespace

Status Core::AddPort(std::uint8_t number, MadPort& port)
{
    if (number == 0)
    {
        return tl::unexpected(CmError::kInvalidArgument);
    }
    MutexLock hold(m_portsLock);
    PortSlot* place = nullptr;
    for (PortSlot& slot : m_ports)
    {
        const std::uint8_t taken = slot.number.load();
        if (taken == number)
        {
            place = &slot;
            break;
        }
        if (taken == 0 && place == nullptr)
        {
            place = &slot;
        }
    }
    if (place == nullptr)
    {
        return tl::unexpected(CmError::kNoResources);
    }
    if (place->port.load() != nullptr)
    {
        return tl::unexpected(CmError::kInvalidArgument);
    }
    {
        MutexLock ask(m_askPortLock);
        place->port.store(&port);
        // What it has sent again so far was for somebody else, or is in retriedBefore already; what
        // it has not sent, likewise.
        const SendCounts counts = port.Counts();
        for (std::size_t kind = 0; kind < MessageCounters::kKinds; ++kind)
        {
            place->retriedBefore[kind].fetch_sub(counts.retransmitted[kind]);
            place->unsentBefore[kind].fetch_sub(counts.untransmitted[kind]);
        }
    }
    place->number.store(number);
    place->users.store(1);
    port.SetSink(this);
    return {};
}

Status Core::RemovePort(std::uint8_t number)
{
    MutexLock hold(m_portsLock);
    PortSlot* slot = SlotAt(number);
    MadPort* port = slot == nullptr ? nullptr : slot->port.load();
    if (port == nullptr)
    {
        return tl::unexpected(CmError::kInvalidArgument);
    }
    // From here on no id chooses this port, and no message from it makes one.
    slot->removing.store(true);
    port->SetSink(nullptr);
    for (IdRef& ref : m_table.AllIds())
    {
        CmId& id = *ref;
        LeavePort(id, std::move(ref), *slot);
    }
    // Nor does anybody ask it anything from here on.
    Completion unused(m_runtime, "port unused");
    slot->waiter.store(&unused, std::memory_order_release);
    if (slot->users.fetch_sub(1, std::memory_order_acq_rel) != 1)
    {
        unused.Wait();
    }
    {
        MutexLock ask(m_askPortLock);
        const SendCounts counts = port->Counts();
        for (std::size_t kind = 0; kind < MessageCounters::kKinds; ++kind)
        {
            slot->retriedBefore[kind].fetch_add(counts.retransmitted[kind]);
            slot->unsentBefore[kind].fetch_add(counts.untransmitted[kind]);
        }
        slot->port.store(nullptr);
    }
    slot->removing.store(false);
    return {};
}

void Core::LeavePort(CmId& id, IdRef ref, PortSlot& slot)
{
    auto work = std::make_unique<LaterEvent>(*this, m_runtime, id.handle);
    work->event->event.parameters = SendFailed{SendFailed::Cause::kPort};
    id.lock.Lock();
    if (id.alternate.Read() != nullptr)
    {
        ibcm::LeavePort(*id.alternate.Write(), slot);
    }
    if (id.connection.Read().route.slot != &slot)
    {
        id.lock.Unlock();
        return;
    }
    const Outstanding outstanding = id.outstanding.Read();
    const bool waits = outstanding.token != SendToken::kNone;
    CancelSend(id);
    id.connection.Write().route.slot = nullptr;
    const Transition* row = waits ? RowFor(id, outstanding.timeout) : nullptr;
    const LapTransition* lapRow = waits ? LapRowFor(id, outstanding.timeout) : nullptr;
    EventType told = EventType::kNone;
    if (row != nullptr)
    {
        // Nothing can be sent any more, not even that this side gives up.
        Apply(id, *row);
        told = row->event;
    }
    else if (lapRow != nullptr)
    {
        Apply(id, *lapRow);
        told = lapRow->event;
    }
    if (told == EventType::kNone)
    {
        id.lock.Unlock();
        return;
    }
    work->event->event.type = told;
    DeliverLater(id, std::move(work));
    ref.Drop();
}

PortSlot* Core::SlotAt(std::uint8_t number)
{
    for (PortSlot& slot : m_ports)
    {
        if (number != 0 && slot.number.load() == number)
        {
            return &slot;
        }
    }
    return nullptr;
}

Result<Route> Core::RouteFor(const Path& path)
{
    bool pkeyMissing = false;
    for (PortSlot& slot : m_ports)
    {
        const PortRef port = PortRef::To(slot);
        if (!port)
        {
            continue;
        }
        const auto gid = port->FindGid(path.sgid);
        if (!gid)
        {
            continue;
        }
        const auto pkey = port->FindPkey(path.pkey);
        if (!pkey)
        {
            pkeyMissing = true;
            continue;
        }
        return Route{&slot, AddressOf(path, *gid, *pkey, port->Lid())};
    }
    return tl::unexpected(pkeyMissing ? CmError::kNoPkey : CmError::kNoPort);
}

PortRef Core::PortOf(const ibwire::Gid& gid)
{
    for (PortSlot& slot : m_ports)
    {
        PortRef port = PortRef::To(slot);
        if (port && port->FindGid(gid))
        {
            return port;
        }
    }
    return {};
}

MessageCounters Core::CountersOf(const PortSlot& slot) const
{
    MessageCounters counters;
    PerMessage unsent{}; // modulo 2^64 until the port's own are added
    AddTo(unsent, slot.unsentBefore);
    AddTo(counters.retried, slot.resent);
    AddTo(counters.retried, slot.retriedBefore);
    AddTo(counters.received, slot.received);
    AddTo(counters.duplicates, slot.duplicates);
    if (const MadPort* port = slot.port.load(); port != nullptr)
    {
        const SendCounts counts = port->Counts();
        for (std::size_t kind = 0; kind < MessageCounters::kKinds; ++kind)
        {
            counters.retried[kind] += counts.retransmitted[kind];
            unsent[kind] += counts.untransmitted[kind];
        }
    }
    AddTo(counters.sent, slot.sent);
    for (std::size_t kind = 0; kind < MessageCounters::kKinds; ++kind)
    {
        // A port counts what waits before its sender counts it as given to the port.
        counters.sent[kind] -= std::min(counters.sent[kind], unsent[kind]);
    }
    for (std::size_t cause = 0; cause < kDiscardCount; ++cause)
    {
        counters.discarded[cause] = slot.discarded[cause].load(std::memory_order_relaxed);
    }
    return counters;
}

MessageCounters Core::Counters() const
{
    MutexLock ask(m_askPortLock);
    MessageCounters sum;
    for (const PortSlot& slot : m_ports)
    {
        sum += CountersOf(slot);
    }
    return sum;
}

Result<MessageCounters> Core::Counters(std::uint8_t portNumber) const
{
    MutexLock ask(m_askPortLock);
    for (const PortSlot& slot : m_ports)
    {
        if (portNumber != 0 && slot.number.load() == portNumber)
        {
            return CountersOf(slot);
        }
    }
    return tl::unexpected(CmError::kInvalidArgument);
}

} // namespace ibcm
