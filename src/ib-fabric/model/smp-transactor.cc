// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/smp-transactor.h"

#include "ib-fabric/model/ib-node.h"

#include <ns3/abort.h>
#include <ns3/log.h>
#include <ns3/simulator.h>

#include <algorithm>
#include <utility>

namespace ns3
{

NS_LOG_COMPONENT_DEFINE("IbSmpTransactor");

using ibwire::DirectedSmp;
using ibwire::MadStatus;

SmpTransactor::SmpTransactor(IbNode& node, std::uint8_t port, const Policy& policy)
    : m_node(node),
      m_port(port),
      m_policy(policy),
      m_slots(policy.window)
{
    NS_ABORT_MSG_IF(policy.window == 0, "a window of no requests");
    NS_ABORT_MSG_IF(!policy.timeout.IsStrictlyPositive(), "a time-out that is not positive");
    for (Outstanding& outstanding : m_slots)
    {
        outstanding.generation = policy.firstGeneration;
    }
    for (std::uint32_t slot = policy.window; slot > 0; --slot)
    {
        m_freeSlots.push_back(slot - 1);
    }
}

SmpTransactor::~SmpTransactor()
{
    m_timer.Cancel();
}

void SmpTransactor::SetIdleHandler(std::function<void()> handler)
{
    m_idle = std::move(handler);
}

const SmpStatistics& SmpTransactor::GetStatistics() const
{
    return m_statistics;
}

void SmpTransactor::Submit(Request request)
{
    NS_ABORT_MSG_IF(request.path.size() >= ibwire::kSmpPathEntries,
                    "a directed route of " << request.path.size() << " hops");
    m_waiting.push_back(std::move(request));
    if (!m_completing)
    {
        SendMore();
    }
}

void SmpTransactor::SendMore()
{
    while (!m_waiting.empty() && !m_freeSlots.empty())
    {
        const std::uint32_t slot = m_freeSlots.back();
        m_freeSlots.pop_back();
        Outstanding& outstanding = m_slots[slot];
        outstanding.busy = true;
        outstanding.triesLeft = m_policy.retries + 1;
        outstanding.request = std::move(m_waiting.front());
        m_waiting.pop_front();
        Send(slot);
    }
}

void SmpTransactor::Send(std::uint32_t slot)
{
    Outstanding& outstanding = m_slots[slot];
    const Request& request = outstanding.request;
    --outstanding.triesLeft;
    ++m_statistics.sent;

    ibwire::MadBytes mad{};
    ibwire::MadHeader header;
    header.mgmtClass = ibwire::MgmtClass::kSubnDirected;
    header.classVersion = ibwire::kSmpClassVersion;
    header.method = request.method;
    header.classSpecific = static_cast<std::uint16_t>(request.path.size()); // hop count
    header.transactionId = std::uint64_t{outstanding.generation} << 32 | slot;
    header.attributeId = static_cast<std::uint16_t>(request.attribute);
    header.attributeModifier = request.modifier;
    ibwire::EncodeHeader(header, mad);
    ibwire::Set<&DirectedSmp::mKey>(mad, m_policy.mKey);
    ibwire::Set<&DirectedSmp::drSlid>(mad, ibwire::kPermissiveLid);
    ibwire::Set<&DirectedSmp::drDlid>(mad, ibwire::kPermissiveLid);
    ibwire::Set<&DirectedSmp::data>(mad, request.data);
    constexpr std::size_t kInitialPath = 128;
    std::copy(request.path.begin(), request.path.end(), mad.begin() + kInitialPath + 1);

    m_deadlines.push_back({Simulator::Now() + m_policy.timeout, slot, outstanding.generation});
    ArmTimer();
    m_node.GetSmi().SendDirected(m_port, mad);
}

bool SmpTransactor::Receive(const SmpReceived& received)
{
    const auto tid = ibwire::Get<&DirectedSmp::transactionId>(received.mad);
    const auto slot = static_cast<std::uint32_t>(tid);
    const auto generation = static_cast<std::uint32_t>(tid >> 32);
    if (slot >= m_slots.size() || !m_slots[slot].busy || m_slots[slot].generation != generation)
    {
        ++m_statistics.unexpected;
        return false;
    }
    ++m_statistics.received;
    const MadStatus status{ibwire::Get<&DirectedSmp::status>(received.mad)};
    m_statistics.errors += status == MadStatus::kSuccess ? 0 : 1;
    Complete(slot, status, received.mad.subspan<64, 64>());
    return true;
}

void SmpTransactor::Complete(std::uint32_t slot, MadStatus status, Data data)
{
    Outstanding& outstanding = m_slots[slot];
    const Handler handler = std::move(outstanding.request.handler);
    outstanding.busy = false;
    ++outstanding.generation;
    m_freeSlots.push_back(slot);
    // What the handler submits goes behind what waits already.
    m_completing = true;
    handler(status, data);
    m_completing = false;
    SendMore();
    if (!IsIdle())
    {
        return;
    }
    // Nothing is awaited: a simulation that has nothing else to do shall end now.
    m_deadlines.clear();
    m_timer.Cancel();
    if (m_idle)
    {
        const auto idle = m_idle; // it may install another, or end it all
        idle();
    }
}

bool SmpTransactor::IsIdle() const
{
    return m_waiting.empty() && m_freeSlots.size() == m_slots.size();
}

void SmpTransactor::ArmTimer()
{
    if (!m_timer.IsRunning() && !m_deadlines.empty())
    {
        m_timer = Simulator::Schedule(
            m_deadlines.front().time - Simulator::Now(), &SmpTransactor::TimerExpired, this);
    }
}

void SmpTransactor::TimerExpired()
{
    const Time now = Simulator::Now();
    while (!m_deadlines.empty())
    {
        const Deadline deadline = m_deadlines.front();
        const Outstanding& outstanding = m_slots[deadline.slot];
        const bool waiting = outstanding.busy && outstanding.generation == deadline.generation;
        if (waiting && deadline.time > now)
        {
            break;
        }
        m_deadlines.pop_front();
        if (!waiting)
        {
            continue;
        }
        ++m_statistics.timeouts;
        if (outstanding.triesLeft > 0)
        {
            Send(deadline.slot);
            continue;
        }
        ++m_statistics.failed;
        NS_LOG_INFO("no answer to attribute "
                    << static_cast<unsigned>(outstanding.request.attribute) << " after "
                    << outstanding.request.path.size() << " hops");
        Complete(deadline.slot, MadStatus::kBusy, {});
    }
    ArmTimer();
}

} // namespace ns3
