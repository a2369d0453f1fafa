// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/expectations.h"
#include "lab/model/run-heap.h"
#include "lab/model/scenario-world.h"

#include <utility>

namespace lab
{

using interleave::Outcome;
using interleave::Violation;
using interleave::ViolationKind;

void ScenarioWorld::Run(interleave::Chooser& chooser)
{
    Reset();
    RunHeap::Begin(&ScenarioWorld::FreedWrongly, this);
    AddHosts();
    if (m_mix)
    {
        m_engine->AddObserver(m_digest);
    }
    m_engine->SetChooser(chooser);
    Perform();
    m_record.simulatedNs = m_engine->NowNs();
    if (!m_broken)
    {
        TakeDown();
    }
    m_engine->RemoveObserver(m_digest);
    m_record.digest = m_mix ? m_digest.Get().Value() : 0;
    if (m_options.expectations)
    {
        CheckExpectations(m_scenario, m_record);
    }
    Conclude();
}

void ScenarioWorld::Violated(std::string_view kind, std::string_view text)
{
    const interleave::EngineScope scope; // the record outlives the run's memory
    m_record.violations.push_back({std::string(kind), std::string(text)});
}

void ScenarioWorld::FreedWrongly(void* self, const char* what)
{
    const interleave::EngineScope scope;
    static_cast<ScenarioWorld*>(self)->m_engine->Report(ViolationKind::kLifetime, what, what);
}

bool ScenarioWorld::RunUntil(std::int64_t untilNs)
{
    m_result = m_engine->Run(untilNs);
    if (m_result.violation)
    {
        m_broken = true;
        Violated(interleave::ViolationKindText(m_result.violation->kind),
                 m_result.violation->Format());
    }
    return !m_broken;
}

bool ScenarioWorld::RunTask(const char* name, std::function<void()> body)
{
    bool done = false;
    m_engine->Spawn(name,
                    [&]
                    {
                        body();
                        done = true;
                    });
    if (RunUntil(interleave::kForever) && !done)
    {
        m_broken = true;
        Violated("liveness", std::string(name) + " did not end");
    }
    return !m_broken;
}

void ScenarioWorld::Begin(const ListenSpec& listen)
{
    const Host& host = *m_hosts[IndexOf(listen.host)];
    const std::string error = ApplicationAt(listen.host).Listen(listen);
    if (!error.empty() && host.Up())
    {
        Violated("scenario", listen.host + ": listen: " + error);
    }
}

void ScenarioWorld::Begin(const ConnectSpec& connect)
{
    Application& from = ApplicationAt(connect.from);
    const Attachment& to = *m_attachments[IndexOf(connect.to)];
    const auto index = static_cast<std::size_t>(&connect - m_scenario.connects.data());
    unsigned& finished = m_stage->finished[index];
    m_engine->Spawn(connect.from + "/connect",
                    [&from, &to, &connect, &finished] { from.Connect(connect, to, finished); });
}

void ScenarioWorld::Begin(const TaskSpec& task)
{
    Consumer* consumer = ConsumerAt(task.host, task.consumer);
    for (unsigned i = 0; i < task.count; ++i)
    {
        m_engine->Spawn(task.host + "/" + task.name,
                        [consumer, &task] { consumer->Perform(task); });
    }
}

void ScenarioWorld::Perform()
{
    const std::int64_t startNs = m_engine->NowNs();
    m_engine->Spawn("scenario",
                    [this]
                    {
                        for (const ListenSpec& listen : m_scenario.listens)
                        {
                            Begin(listen);
                        }
                        for (const ConnectSpec& connect : m_scenario.connects)
                        {
                            Begin(connect);
                        }
                        for (const TaskSpec& task : m_scenario.tasks)
                        {
                            Begin(task);
                        }
                        BeginOutages();
                    });
    // Time in which tasks were kept from going on is not theirs to answer for.
    std::int64_t stalledNs = 0;
    bool fine = RunUntil(startNs + m_scenario.limitNs);
    while (fine && m_result.outcome == Outcome::kTimeLimit && m_engine->StalledNs() > stalledNs)
    {
        stalledNs = m_engine->StalledNs();
        fine = RunUntil(startNs + m_scenario.limitNs + stalledNs);
    }
    if (fine)
    {
        CheckUndecided();
        CheckEnds();
    }
}

void ScenarioWorld::CheckEnds()
{
    // At the time limit much may be under way.
    if (m_cmChecks && m_result.outcome == Outcome::kFinished && m_cmChecks->CheckEnds())
    {
        RunUntil(interleave::kForever); // which only tells what was found
    }
}

void ScenarioWorld::CheckUndecided()
{
    for (const ConnectRecord& connect : m_record.connects)
    {
        if (connect.outcome.empty())
        {
            Violated("liveness",
                     "connect " + connect.name + " was not decided within " +
                         FormatTime(m_scenario.limitNs));
        }
    }
}

void ScenarioWorld::TakeDown()
{
    const bool stopped = RunTask("take-down",
                                 [this]
                                 {
                                     m_stage->over = true;
                                     for (const auto& application : m_applications)
                                     {
                                         application->Stop();
                                     }
                                     for (const auto& application : m_orphans)
                                     {
                                         application->Stop();
                                     }
                                     for (const auto& consumer : m_consumers)
                                     {
                                         consumer->Stop();
                                     }
                                     for (const auto& consumer : m_orphanConsumers)
                                     {
                                         consumer->Stop();
                                     }
                                     // Whoever still waits at the time limit has been told of.
                                     for (const auto& session : m_stage->sessions)
                                     {
                                         session->GiveUp();
                                     }
                                 });
    if (!stopped)
    {
        return;
    }
    CheckLeaks();
    m_applications.clear();
    m_orphans.clear();
    m_consumers.clear();
    m_orphanConsumers.clear();
    const bool freed = RunTask("take-down-hosts",
                               [this]
                               {
                                   m_hosts.clear();
                                   m_wrecks.clear();
                               });
    if (freed)
    {
        m_stage.reset();
        CheckMemory();
    }
}

void ScenarioWorld::CheckMemory()
{
    if (RunHeap::LiveBlocks() != 0)
    {
        Violated("leak",
                 std::to_string(RunHeap::LiveBlocks()) + " pieces of memory left, " +
                     std::to_string(RunHeap::LiveBytes()) + " bytes");
    }
}

void ScenarioWorld::CheckLeaks()
{
    for (const auto& host : m_hosts)
    {
        CheckLeaksOf(*host);
    }
    for (const auto& host : m_wrecks)
    {
        CheckLeaksOf(*host);
    }
    if (m_checks)
    {
        for (std::string& left : m_checks->Left())
        {
            Violated("leak", std::move(left));
        }
    }
}

void ScenarioWorld::CheckLeaksOf(Host& host)
{
    const std::pair<const char*, std::size_t> counts[] = {
        {"communication ids", host.Manager().LiveIds()},
        {"peer records", host.Manager().PeerRecords()},
        {"reliable sends", host.Port().Outstanding()},
        {"shared objects", m_checks ? 0 : host.Runtime().LiveObjects()},
    };
    for (const auto& [what, count] : counts)
    {
        if (count != 0)
        {
            Violated("leak", host.Name() + ": " + std::to_string(count) + " " + what + " left");
        }
    }
}

void ScenarioWorld::Conclude()
{
    if (m_result.violation || m_record.violations.empty())
    {
        return;
    }
    // Found by looking, not by the engine: the run had gone on to its end.
    const ViolationRecord& first = m_record.violations.front();
    Violation violation;
    violation.kind = first.kind == "leak" ? ViolationKind::kLeak : ViolationKind::kProtocol;
    violation.text = first.kind == "leak" ? first.text : first.kind + ": " + first.text;
    violation.step = m_result.steps;
    violation.timeNs = m_result.timeNs;
    m_result.outcome = Outcome::kViolation;
    m_result.violation = std::move(violation);
}

} // namespace lab
