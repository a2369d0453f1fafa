// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/ib-port.h"

#include "ib-fabric/model/ib-link.h"
#include "ib-fabric/model/ib-node.h"
#include "ib-wire/model/path-codes.h"

#include <ns3/abort.h>
#include <ns3/event-impl.h>
#include <ns3/log.h>
#include <ns3/simulator-impl.h>
#include <ns3/simulator.h>
#include <ns3/trace-source-accessor.h>
#include <ns3/uinteger.h>

#include <algorithm>
#include <utility>

namespace ns3
{

NS_LOG_COMPONENT_DEFINE("IbPort");

NS_OBJECT_ENSURE_REGISTERED(IbPort);

namespace
{

constexpr std::int64_t kPsPerNs = 1000;
// A switch decides on its way out when it has seen the LRH.
constexpr std::uint32_t kCutThroughBytes = IbPacket::kLrhBytes;

/** A packet that arrives at the far end of a cable: the one event of a packet's hop. */
class Arrival : public EventImpl
{
  public:
    Arrival(IbPort* port, Ptr<IbPacket> packet)
        : m_port(port),
          m_packet(std::move(packet))
    {
    }

  private:
    void Notify() override
    {
        m_port->Receive(std::move(m_packet));
    }

    IbPort* m_port;
    Ptr<IbPacket> m_packet;
};

std::int64_t NowPs()
{
    return Simulator::Now().GetPicoSeconds();
}

/** \returns from now until then; rounded up: a nanosecond is the usual resolution of time. */
Time DelayUntil(std::int64_t thenPs, std::int64_t nowPs)
{
    return NanoSeconds((std::max<std::int64_t>(thenPs - nowPs, 0) + kPsPerNs - 1) / kPsPerNs);
}

} // namespace

TypeId IbPort::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::IbPort")
            .SetParent<IbNetDevice>()
            .SetGroupName("InfiniBand")
            .AddConstructor<IbPort>()
            .AddAttribute("Vl15Buffer",
                          "Most subnet management packets that wait to be sent; more are dropped.",
                          UintegerValue(1024),
                          MakeUintegerAccessor(&IbPort::m_vl15Buffer),
                          MakeUintegerChecker<std::uint32_t>(1))
            .AddTraceSource("Transmit",
                            "The first byte of a packet leaves.",
                            MakeTraceSourceAccessor(&IbPort::m_transmitTrace),
                            "ns3::IbPort::PacketTracedCallback")
            .AddTraceSource("Receive",
                            "A packet has arrived undamaged.",
                            MakeTraceSourceAccessor(&IbPort::m_receiveTrace),
                            "ns3::IbPort::PacketTracedCallback")
            .AddTraceSource("Drop",
                            "A packet was discarded.",
                            MakeTraceSourceAccessor(&IbPort::m_dropTrace),
                            "ns3::IbPort::DropTracedCallback")
            .AddTraceSource("State",
                            "The logical state has changed.",
                            MakeTraceSourceAccessor(&IbPort::m_stateTrace),
                            "ns3::IbPort::StateTracedCallback");
    return tid;
}

IbPort::IbPort()
    : m_guids(1)
{
}

void IbPort::SetOwner(IbNode* owner, std::uint8_t number)
{
    m_owner = owner;
    m_number = number;
}

std::string IbPort::GetName() const
{
    return m_owner->GetName() + "[" + std::to_string(m_number) + "]";
}

void IbPort::DoDispose()
{
    m_peer = nullptr;
    m_queue = VlQueue();
    m_faults = nullptr;
    IbNetDevice::DoDispose();
}

std::int64_t IbPort::SerialisationPs(std::uint32_t bytes) const
{
    constexpr std::uint64_t kBitPsPerKbps = 1'000'000'000;
    return static_cast<std::int64_t>(bytes * 8 * kBitPsPerKbps / m_kbps);
}

void IbPort::Transmit(Ptr<IbPacket> packet)
{
    const std::int64_t nowPs = NowPs();
    if (!IsLinkUp() || m_peer == nullptr)
    {
        ++m_counters.xmitDiscards;
        Drop(std::move(packet), IbDropReason::kLinkDown);
        return;
    }
    if (m_info.portState != ibwire::PortState::kActive && !packet->IsSmp())
    {
        ++m_counters.xmitDiscards;
        Drop(std::move(packet), IbDropReason::kPortNotActive);
        return;
    }
    if (m_freePs <= nowPs && m_queue.IsEmpty())
    {
        StartTransmission(std::move(packet), nowPs, nowPs);
        return;
    }
    Enqueue(std::move(packet), nowPs);
}

void IbPort::Enqueue(Ptr<IbPacket> packet, std::int64_t nowPs)
{
    if (packet->IsSmp() && m_queue.GetCount(VlQueue::kManagementVl) >= m_vl15Buffer)
    {
        ++m_counters.vl15Dropped;
        Drop(std::move(packet), IbDropReason::kVl15Overflow);
        return;
    }
    if (m_queue.IsEmpty())
    {
        m_waitingSincePs = nowPs;
    }
    m_queue.Push(std::move(packet));
    if (!m_waiting)
    {
        m_waiting = true;
        Simulator::Schedule(DelayUntil(m_freePs, nowPs), &IbPort::TransmitNext, this);
    }
}

void IbPort::TransmitNext()
{
    m_waiting = false;
    const std::int64_t nowPs = NowPs();
    while (!m_queue.IsEmpty())
    {
        Ptr<IbPacket> packet = m_queue.Pop();
        if (m_queue.IsEmpty())
        {
            m_counters.xmitWaitPs += static_cast<std::uint64_t>(nowPs - m_waitingSincePs);
        }
        if (m_info.portState != ibwire::PortState::kActive && !packet->IsSmp())
        {
            ++m_counters.xmitDiscards;
            Drop(std::move(packet), IbDropReason::kPortNotActive);
            continue;
        }
        // The port was free a fraction of a nanosecond before this event: a busy link must not
        // lose that much with each packet.
        const bool backToBack = nowPs - m_freePs < kPsPerNs;
        StartTransmission(std::move(packet), nowPs, backToBack ? m_freePs : nowPs);
        break;
    }
    if (!m_queue.IsEmpty())
    {
        m_waiting = true;
        Simulator::Schedule(DelayUntil(m_freePs, nowPs), &IbPort::TransmitNext, this);
    }
}

void IbPort::StartTransmission(Ptr<IbPacket> packet, std::int64_t nowPs, std::int64_t startPs)
{
    const std::uint32_t bytes = packet->GetSize();
    // Cut through a slower cable into a faster one: the end cannot leave before it is here.
    const std::int64_t endPs = std::max(startPs + SerialisationPs(bytes), packet->tailPs);
    m_freePs = endPs;
    ++m_counters.xmitPackets;
    m_counters.xmitBytes += bytes - IbPacket::kVcrcBytes;
    if (!m_transmitTrace.IsEmpty())
    {
        m_transmitTrace(packet);
    }
    if (packet->onSent)
    {
        auto onSent = std::exchange(packet->onSent, nullptr);
        Simulator::Schedule(DelayUntil(endPs, nowPs),
                            [onSent = std::move(onSent)]() { onSent(true); });
    }
    if (m_faults)
    {
        const IbFate fate = m_faults->OnTransmit(*this, *packet);
        ApplyFate(fate, std::move(packet), nowPs, startPs);
        return;
    }
    ScheduleArrival(std::move(packet), nowPs, startPs, 0);
}

void IbPort::ApplyFate(const IbFate& fate,
                       Ptr<IbPacket> packet,
                       std::int64_t nowPs,
                       std::int64_t startPs)
{
    NS_ABORT_MSG_IF(fate.delay.IsStrictlyNegative(), "a fault model asks for a negative delay");
    const std::int64_t delayPs = fate.delay.GetPicoSeconds();
    switch (fate.kind)
    {
    case IbFate::Kind::kDeliver:
        ScheduleArrival(std::move(packet), nowPs, startPs, 0);
        break;
    case IbFate::Kind::kDrop:
        Drop(std::move(packet), IbDropReason::kFault);
        break;
    case IbFate::Kind::kDuplicate:
    {
        Ptr<IbPacket> copy = packet->Copy();
        ScheduleArrival(std::move(packet), nowPs, startPs, 0);
        ScheduleArrival(std::move(copy), nowPs, startPs, delayPs);
        break;
    }
    case IbFate::Kind::kDelay:
        ScheduleArrival(std::move(packet), nowPs, startPs, delayPs);
        break;
    case IbFate::Kind::kCorrupt:
    {
        // Whoever traces or captures the packet keeps what was sent.
        Ptr<IbPacket> damaged = packet->Copy();
        damaged->FlipBit(fate.bit);
        ScheduleArrival(std::move(damaged), nowPs, startPs, 0);
        break;
    }
    }
}

void IbPort::ScheduleArrival(Ptr<IbPacket> packet,
                             std::int64_t nowPs,
                             std::int64_t startPs,
                             std::int64_t extraPs)
{
    const IbNode& far = m_peer->GetOwner();
    const std::int64_t wayPs = m_delayPs + far.GetIngressLatencyPs() + extraPs;
    packet->tailPs = m_freePs + wayPs;
    ++packet->hops;
    const std::int64_t thenPs =
        far.IsCutThrough() ? startPs + SerialisationPs(kCutThroughBytes) + wayPs : packet->tailPs;
    Simulator::GetImplementation()->ScheduleWithContext(
        far.GetContext(), DelayUntil(thenPs, nowPs), new Arrival(m_peer, std::move(packet)));
}

void IbPort::Receive(Ptr<IbPacket> packet)
{
    if (!IsLinkUp())
    {
        Drop(std::move(packet), IbDropReason::kLinkDown);
        return;
    }
    ++m_counters.rcvPackets;
    m_counters.rcvBytes += packet->GetSize() - IbPacket::kVcrcBytes;
    if (packet->IsDamaged() && !packet->CheckCrcs())
    {
        ++m_counters.rcvErrors;
        Drop(std::move(packet), IbDropReason::kBadCrc);
        return;
    }
    if (!packet->IsSmp() && m_info.portState != ibwire::PortState::kActive &&
        m_info.portState != ibwire::PortState::kArmed)
    {
        ++m_counters.rcvConstraintErrors;
        Drop(std::move(packet), IbDropReason::kPortNotActive);
        return;
    }
    if (!m_receiveTrace.IsEmpty())
    {
        m_receiveTrace(packet);
    }
    m_owner->ReceiveFromPort(*this, std::move(packet));
}

void IbPort::Drop(Ptr<const IbPacket> packet, IbDropReason reason)
{
    NS_LOG_DEBUG(GetName() << " drops " << packet->GetSize() << " bytes: " << ToString(reason));
    m_dropTrace(packet, reason);
    if (packet->onSent) // it never left its first port
    {
        auto onSent = packet->onSent;
        Simulator::ScheduleNow([onSent = std::move(onSent)]() { onSent(false); });
    }
}

void IbPort::SetFaultModel(Ptr<IbFaultModel> model)
{
    m_faults = model;
}

std::uint32_t IbPort::GetQueueLength() const
{
    return m_queue.GetCount();
}

void IbPort::FlushQueues()
{
    while (!m_queue.IsEmpty())
    {
        ++m_counters.xmitDiscards;
        Drop(m_queue.Pop(), IbDropReason::kLinkDown);
    }
}

bool IbPort::SetMtu(const uint16_t mtu)
{
    const ibwire::Mtu code = ibwire::MtuFromBytes(mtu);
    if (ibwire::MtuBytes(code) != mtu || code > m_info.mtuCap)
    {
        return false;
    }
    m_info.neighborMtu = code;
    return true;
}

uint16_t IbPort::GetMtu() const
{
    return static_cast<uint16_t>(ibwire::MtuBytes(m_info.neighborMtu));
}

ibwire::Gid IbPort::GetGid(std::size_t index) const
{
    NS_ABORT_MSG_IF(index >= m_guids.size(), GetName() << " has no GID " << index);
    return ibwire::Gid::From(m_info.gidPrefix, m_guids[index]);
}

int IbPort::FindPkey(std::uint16_t pkey) const
{
    constexpr std::uint16_t kFullMember = 0x8000;
    if ((pkey & ~kFullMember) == 0)
    {
        return -1;
    }
    for (std::size_t i = 0; i < m_pkeys.size(); ++i)
    {
        // Two limited members of a partition do not talk to each other.
        if (((m_pkeys[i] ^ pkey) & ~kFullMember) == 0 && ((m_pkeys[i] | pkey) & kFullMember) != 0)
        {
            return static_cast<int>(i);
        }
    }
    return -1;
}

} // namespace ns3
