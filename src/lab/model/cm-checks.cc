// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/cm-checks.h"

#include "interleave/model/sanitizer.h"

namespace lab
{

// The checks outlive the run whose code calls them, and so must what they remember: EngineScope.

const std::string& HostChecks::Name() const
{
    return m_checks.m_names[m_number];
}

void HostChecks::Sent(const ibwire::MadBytes& mad)
{
    const interleave::EngineScope scope;
    m_checks.m_messages.Sent(m_number, Name(), mad);
}

void HostChecks::Received(const ibwire::MadBytes& mad)
{
    const interleave::EngineScope scope;
    m_checks.m_messages.Received(m_number, mad);
}

void HostChecks::EventBegins(ibcm::Handle id, ibcm::EventType type)
{
    const interleave::EngineScope scope;
    m_checks.m_callbacks.Enters(Owner(), Name(), id, type);
}

void HostChecks::EventEnds(ibcm::Handle id, ibcm::Disposition disposition)
{
    const interleave::EngineScope scope;
    m_checks.m_callbacks.Leaves(Owner(), id, disposition);
}

void HostChecks::Destroyed(ibcm::Handle id)
{
    const interleave::EngineScope scope;
    if (m_checks.m_transitions.Listens(Owner(), id))
    {
        return; // others share it, and it goes with the last of them
    }
    m_checks.m_callbacks.Destroyed(Owner(), id);
    m_checks.m_transitions.Forget(Owner(), id);
}

void HostChecks::PortRemoved()
{
    const interleave::EngineScope scope;
    m_portless = true;
    m_checks.m_conversations.Silenced(m_number);
}

void HostChecks::PortAdded()
{
    m_portless = false;
}

void HostChecks::Restarted()
{
    const interleave::EngineScope scope;
    m_checks.m_callbacks.Restarted(Owner());
    ++m_life;
    m_portless = false;
    m_checks.m_ends.Restarted(m_number);
    m_checks.m_conversations.Restarted(m_number);
}

std::size_t HostChecks::Began(const char* what, std::int64_t boundNs)
{
    const interleave::EngineScope scope;
    return m_checks.m_ends.Began(m_number, what, boundNs);
}

void HostChecks::Ended(std::size_t operation)
{
    const interleave::EngineScope scope;
    m_checks.m_ends.Ended(operation);
}

void HostChecks::OnTransition(const ibcm::TransitionTrace& step)
{
    const interleave::EngineScope scope;
    m_checks.m_transitions.OnTransition(Owner(), Name(), step);
    m_checks.m_conversations.OnTransition(m_number, step);
    if (m_portless)
    {
        m_checks.m_conversations.End(m_number, step.localCommId).silenced = true;
    }
    m_checks.m_callbacks.Changed(Owner(), step.id, step.input);
    if (m_nextTrace != nullptr)
    {
        m_nextTrace->OnTransition(step);
    }
}

void HostChecks::OnStay(const ibcm::TransitionTrace& step)
{
    if (m_nextTrace != nullptr)
    {
        m_nextTrace->OnStay(step);
    }
}

void HostChecks::OnLapTransition(const ibcm::LapTransitionTrace& step)
{
    const interleave::EngineScope scope;
    if (step.from != step.to)
    {
        m_checks.m_callbacks.Changed(Owner(), step.id, step.input);
    }
    if (m_nextTrace != nullptr)
    {
        m_nextTrace->OnLapTransition(step);
    }
}

HostChecks& CmChecks::Host(const std::string& name)
{
    const interleave::EngineScope scope;
    for (const auto& host : m_hosts)
    {
        if (m_names[host->m_number] == name)
        {
            return *host;
        }
    }
    const auto number = static_cast<std::uint32_t>(m_names.size());
    m_names.push_back(name);
    m_hosts.emplace_back(new HostChecks(*this, number));
    return *m_hosts.back();
}

bool CmChecks::CheckEnds()
{
    const bool untold = m_callbacks.CheckTold([this](std::uint32_t owner) -> const std::string&
                                              { return m_names[owner & HostChecks::kNumberMask]; });
    return m_ends.Check() || untold;
}

void CmChecks::Clear()
{
    for (const auto& host : m_hosts)
    {
        host->m_life = 0;
        host->m_portless = false;
    }
    m_conversations.Clear();
    m_transitions.Clear();
    m_callbacks.Clear();
    m_ends.Clear();
}

} // namespace lab
