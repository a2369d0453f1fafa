// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/ib-hca.h"

#include "ib-fabric/model/smi.h"

#include <ns3/abort.h>
#include <ns3/log.h>
#include <ns3/uinteger.h>

#include <utility>

namespace ns3
{

NS_LOG_COMPONENT_DEFINE("IbHca");

NS_OBJECT_ENSURE_REGISTERED(IbHca);

TypeId IbHca::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::IbHca")
            .SetParent<IbNode>()
            .SetGroupName("InfiniBand")
            .AddConstructor<IbHca>()
            .AddAttribute("ReceiveLatency",
                          "From the last byte of a packet on the cable to its effect.",
                          TimeValue(NanoSeconds(300)),
                          MakeTimeAccessor(&IbHca::SetReceiveLatency, &IbHca::GetReceiveLatency),
                          MakeTimeChecker(Seconds(0)))
            .AddAttribute("MaxQueuePairs",
                          "Most queue pairs at a time, QP0 and QP1 not counted.",
                          UintegerValue(65536),
                          MakeUintegerAccessor(&IbHca::m_maxQueuePairs),
                          MakeUintegerChecker<std::uint32_t>(1, kLastQpn - kFirstQpn));
    return tid;
}

IbHca::IbHca() = default;
IbHca::~IbHca() = default;

void IbHca::SetReceiveLatency(Time latency)
{
    SetIngress(latency, false);
}

Time IbHca::GetReceiveLatency() const
{
    return PicoSeconds(GetIngressLatencyPs());
}

void IbHca::DoDispose()
{
    for (const auto& [qpn, queuePair] : m_queuePairs)
    {
        queuePair->Dispose();
    }
    m_queuePairs.clear();
    IbNode::DoDispose();
}

Ptr<IbQueuePair> IbHca::CreateQueuePair(const IbQueuePairInit& init)
{
    NS_ABORT_MSG_IF(!init.sendCq || !init.receiveCq, "a queue pair needs completion queues");
    if (m_queuePairs.size() >= m_maxQueuePairs)
    {
        return nullptr;
    }
    while (m_queuePairs.contains(m_nextQpn))
    {
        m_nextQpn = m_nextQpn == kLastQpn ? kFirstQpn : m_nextQpn + 1;
    }
    const std::uint32_t qpn = m_nextQpn;
    m_nextQpn = m_nextQpn == kLastQpn ? kFirstQpn : m_nextQpn + 1;
    Ptr<IbQueuePair> queuePair = CreateObject<IbQueuePair>();
    queuePair->Setup(this, qpn, init);
    m_queuePairs[qpn] = queuePair;
    return queuePair;
}

void IbHca::DestroyQueuePair(std::uint32_t qpn)
{
    const auto it = m_queuePairs.find(qpn);
    if (it == m_queuePairs.end())
    {
        return;
    }
    const Ptr<IbQueuePair> queuePair = it->second;
    m_queuePairs.erase(it);
    queuePair->Fail();
    queuePair->Dispose();
}

Ptr<IbQueuePair> IbHca::GetQueuePair(std::uint32_t qpn) const
{
    const auto it = m_queuePairs.find(qpn);
    return it == m_queuePairs.end() ? nullptr : it->second;
}

std::size_t IbHca::GetNQueuePairs() const
{
    return m_queuePairs.size();
}

void IbHca::ReceiveFromPort(IbPort& port, Ptr<IbPacket> packet)
{
    const std::uint16_t dlid = packet->GetDlid();
    if (dlid == ibwire::kPermissiveLid)
    {
        GetSmi().ReceiveDirected(port, std::move(packet));
    }
    else if (port.OwnsLid(dlid))
    {
        DeliverLocal(port, port, std::move(packet));
    }
    else
    {
        port.Drop(std::move(packet), IbDropReason::kBadLid);
    }
}

void IbHca::SendRouted(IbPort& endPort, Ptr<IbPacket> packet)
{
    if (endPort.OwnsLid(packet->GetDlid()))
    {
        ScheduleLoopback(endPort, std::move(packet));
        return;
    }
    endPort.Transmit(std::move(packet));
}

void IbHca::DeliverToQueuePair(IbPort& endPort, Ptr<IbPacket> packet)
{
    const Ptr<IbQueuePair> queuePair = GetQueuePair(packet->GetDestQp());
    if (!queuePair)
    {
        endPort.Drop(std::move(packet), IbDropReason::kNoQueuePair);
        return;
    }
    queuePair->Receive(std::move(packet));
}

} // namespace ns3
