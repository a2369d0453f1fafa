// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/ib-link.h"

#include "ib-fabric/model/ib-port.h"

#include <ns3/abort.h>
#include <ns3/log.h>

namespace ns3
{

NS_LOG_COMPONENT_DEFINE("IbLink");

NS_OBJECT_ENSURE_REGISTERED(IbLink);

TypeId IbLink::GetTypeId()
{
    // 25 ns are 5 m of copper or fibre.
    static TypeId tid = TypeId("ns3::IbLink")
                            .SetParent<Channel>()
                            .SetGroupName("InfiniBand")
                            .AddConstructor<IbLink>()
                            .AddAttribute("Delay",
                                          "Propagation delay of one direction.",
                                          TimeValue(NanoSeconds(25)),
                                          MakeTimeAccessor(&IbLink::m_delay),
                                          MakeTimeChecker(Seconds(0)));
    return tid;
}

IbLink::IbLink() = default;

void IbLink::DoDispose()
{
    m_ports = {};
    m_connected = false;
    Channel::DoDispose();
}

void IbLink::Connect(Ptr<IbPort> a, Ptr<IbPort> b, IbLinkRate rate)
{
    NS_ABORT_MSG_IF(!a || !b || a == b, "a cable needs two different ports");
    NS_ABORT_MSG_IF(m_connected, "this cable joins two ports already");
    NS_ABORT_MSG_IF(a->GetPeer() != nullptr, a->GetName() << " has a cable already");
    NS_ABORT_MSG_IF(b->GetPeer() != nullptr, b->GetName() << " has a cable already");
    NS_LOG_LOGIC(a->GetName() << " -- " << b->GetName() << " " << ToString(rate));
    m_ports = {a, b};
    m_rate = rate;
    m_connected = true;
    a->Attach(this, PeekPointer(b));
    b->Attach(this, PeekPointer(a));
}

void IbLink::Disconnect()
{
    if (!m_connected)
    {
        return;
    }
    m_connected = false;
    for (const Ptr<IbPort>& port : m_ports)
    {
        port->Detach();
    }
}

bool IbLink::IsConnected() const
{
    return m_connected;
}

IbLinkRate IbLink::GetRate() const
{
    return m_rate;
}

Time IbLink::GetDelay() const
{
    return m_delay;
}

Ptr<IbPort> IbLink::GetPort(std::size_t end) const
{
    NS_ABORT_MSG_IF(end > 1, "a cable has the ends 0 and 1, not " << end);
    return m_ports[end];
}

std::size_t IbLink::GetNDevices() const
{
    return m_connected ? 2 : 0;
}

Ptr<NetDevice> IbLink::GetDevice(std::size_t i) const
{
    return GetPort(i);
}

} // namespace ns3
