// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/scenario-world.h"

#include <utility>

namespace lab
{

void ScenarioWorld::BeginOutages()
{
    for (const OutageSpec& outage : m_scenario.outages)
    {
        m_engine->Spawn(outage.host + "/outage",
                        [this, &outage]
                        {
                            m_engine->Sleep(outage.atNs, "scenario");
                            Befall(outage.host, outage.action == "restart", outage.forNs);
                        });
    }
}

void ScenarioWorld::Befall(std::string_view host, bool restart, std::int64_t forNs)
{
    const std::size_t index = IndexOf(host);
    // A MAD may be for nobody; and whoever is being taken down is left alone.
    if (index < m_hosts.size() && m_hosts[index] && m_hosts[index]->Up() && !m_stage->over)
    {
        restart ? Restart(index, forNs) : PortDown(index, forNs);
    }
}

void ScenarioWorld::PortDown(std::size_t index, std::int64_t forNs)
{
    const std::string& name = m_scenario.hosts[index].name;
    m_recorder->Note(name, "", "port down for " + FormatTime(forNs));
    ++m_outages[index];
    m_attachments[index]->SetLink(false);
    m_engine->Spawn(name + "/port",
                    [this, index, forNs]
                    {
                        m_engine->Sleep(forNs, "port down");
                        // Another outage may have begun meanwhile.
                        if (--m_outages[index] == 0)
                        {
                            m_attachments[index]->SetLink(true);
                            m_recorder->Note(m_scenario.hosts[index].name, "", "port up");
                        }
                    });
}

void ScenarioWorld::Restart(std::size_t index, std::int64_t awayNs)
{
    const std::string& name = m_scenario.hosts[index].name;
    m_recorder->Note(name, "", "restarts, away for " + FormatTime(awayNs));
    m_hosts[index]->Crash();
    m_applications[index]->Abandon();
    // What the host was in the middle of may not stop here, and ends by and by where nobody sees
    // it.
    std::vector<Consumer*> orphans;
    for (const auto& consumer : m_consumers)
    {
        if (&consumer->GetHost() == m_hosts[index].get())
        {
            orphans.push_back(consumer.get());
        }
    }
    m_engine->Spawn(name + "/wreck",
                    [orphan = m_applications[index].get(), orphans]
                    {
                        orphan->Stop();
                        for (Consumer* consumer : orphans)
                        {
                            consumer->Stop();
                        }
                    });
    m_engine->Spawn(name + "/restart",
                    [this, index, awayNs]
                    {
                        m_engine->Sleep(awayNs, "restart");
                        if (m_stage->over)
                        {
                            return;
                        }
                        {
                            const interleave::EngineScope scope;
                            m_wrecks.push_back(std::move(m_hosts[index]));
                            m_orphans.push_back(std::move(m_applications[index]));
                            BuryConsumers(*m_wrecks.back());
                        }
                        ++m_restarts;
                        m_attachments[index]->Restart();
                        AddHost(index);
                        const std::string& host = m_scenario.hosts[index].name;
                        m_recorder->Note(host, "", "is back");
                        BeginAgain(host);
                    });
}

void ScenarioWorld::BeginAgain(const std::string& host)
{
    for (const ListenSpec& listen : m_scenario.listens)
    {
        if (listen.host == host)
        {
            Begin(listen);
        }
    }
    for (const ConnectSpec& connect : m_scenario.connects)
    {
        if (connect.from == host)
        {
            Begin(connect);
        }
    }
    for (const TaskSpec& task : m_scenario.tasks)
    {
        if (task.host == host)
        {
            Begin(task);
        }
    }
}

void ScenarioWorld::BuryConsumers(const Host& wreck)
{
    for (auto& consumer : m_consumers)
    {
        if (&consumer->GetHost() == &wreck)
        {
            m_orphanConsumers.push_back(std::move(consumer));
        }
    }
    std::erase(m_consumers, nullptr);
}

} // namespace lab
