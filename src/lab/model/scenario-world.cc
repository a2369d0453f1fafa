// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/scenario-world.h"

#include "lab/model/run-heap.h"

#include <utility>

namespace lab
{

// This file: what stays from run to run, and how a run gets a fresh beginning.
// scenario-world-run.cc: a run.

namespace
{

constexpr const char* kDirect = "direct";

interleave::EngineOptions OptionsFor(const Scenario& scenario)
{
    interleave::EngineOptions options;
    options.stallLimitNs = scenario.explore.stallNs;
    return options;
}

} // namespace

ScenarioWorld::ScenarioWorld(const Scenario& scenario, const WorldOptions& options)
    : m_scenario(scenario),
      m_options(options),
      m_seed(options.seed.value_or(scenario.seed))
{
    m_record.scenarioFile = scenario.file;
    m_record.scenarioName = scenario.name;
    m_record.seed = m_seed;
}

ScenarioWorld::~ScenarioWorld()
{
    Drop();
    if (m_simulated)
    {
        m_simulated->Rewind();
    }
    // Not its Reset(): whoever decided in the latest run may be gone.
    m_engine.reset();
    RunHeap::End();
}

tl::expected<std::unique_ptr<ScenarioWorld>, InputError> ScenarioWorld::Build(
    const Scenario& scenario,
    const WorldOptions& options)
{
    std::unique_ptr<ScenarioWorld> world(new ScenarioWorld(scenario, options));
    const auto built =
        scenario.fabric.source == kDirect ? world->BuildDirect() : world->BuildSimulated();
    if (!built)
    {
        return tl::unexpected(built.error());
    }
    world->MakeChecks();
    world->m_fabricRecord = world->m_record;
    world->m_fabricDigest = world->m_digest.Get();
    world->Detail(options.keepMessages, options.digest);
    return world;
}

void ScenarioWorld::MakeChecks()
{
    if (!m_options.checks)
    {
        return;
    }
    interleave::ChecksOptions options;
    options.leaksWhenQuiet = false; // hosts stay while a run has nothing to do
    m_checks = std::make_unique<interleave::Checks>(*m_engine, options);
    m_cmChecks = std::make_unique<CmChecks>(*m_engine);
}

tl::expected<void, InputError> ScenarioWorld::BuildDirect()
{
    for (const ConnectSpec& connect : m_scenario.connects)
    {
        if (!connect.message.empty())
        {
            return tl::unexpected(InputError{m_scenario.file,
                                             connect.line,
                                             "a message over the direct fabric",
                                             "no message, or a fabric with queue pairs"});
        }
    }
    m_virtualTime = std::make_unique<interleave::VirtualTime>();
    m_engine = std::make_unique<interleave::Engine>(*m_virtualTime, OptionsFor(m_scenario));
    m_recorder =
        std::make_unique<Recorder>(*m_engine, m_record, m_digest.Get(), m_options.keepMessages);
    m_adversary = std::make_unique<Adversary>(*m_engine, m_scenario.explore);
    m_direct = std::make_unique<DirectFabric>(
        *m_engine, *m_adversary, *m_recorder, m_scenario.fabric.directLatencyNs);
    m_record.channelAdapters = m_scenario.hosts.size();
    for (const HostSpec& spec : m_scenario.hosts)
    {
        m_attachments.push_back(&m_direct->Attach(spec.name));
    }
    return {};
}

tl::expected<void, InputError> ScenarioWorld::BuildSimulated()
{
    auto fabric = SimulatedFabric::Build(m_scenario, m_options.pcapFile);
    if (!fabric)
    {
        return tl::unexpected(fabric.error());
    }
    m_simulated = std::move(*fabric);
    m_engine = std::make_unique<interleave::Engine>(m_simulated->Events(), OptionsFor(m_scenario));
    m_recorder =
        std::make_unique<Recorder>(*m_engine, m_record, m_digest.Get(), m_options.keepMessages);
    m_adversary = std::make_unique<Adversary>(*m_engine, m_scenario.explore);
    if (const auto up = m_simulated->BringUp(m_digest.Get(), m_record); !up)
    {
        return up;
    }
    for (const HostSpec& spec : m_scenario.hosts)
    {
        auto attachment = m_simulated->Attach(*m_engine, spec, *m_adversary, *m_recorder);
        if (!attachment)
        {
            return tl::unexpected(attachment.error());
        }
        m_attachments.push_back(*attachment);
    }
    m_simulated->Engage(*m_engine);
    return {};
}

void ScenarioWorld::Detail(bool lists, bool digest)
{
    m_recorder->Keep(lists, digest);
    m_mix = digest;
}

void ScenarioWorld::Reset()
{
    if (!m_used)
    {
        m_used = true;
        return;
    }
    Drop();
    m_engine->Reset();
    if (m_cmChecks)
    {
        m_cmChecks->Clear();
    }
    if (m_simulated)
    {
        m_simulated->Rewind();
    }
    else
    {
        m_virtualTime->Clear();
        m_direct->Rewind();
    }
    RunHeap::End();
    m_record = m_fabricRecord;
    m_digest.Get() = m_fabricDigest;
    m_recorder->Rewind();
    m_adversary->Rewind();
    m_result = {};
}

void ScenarioWorld::AddHosts()
{
    m_hosts.reserve(m_attachments.size());
    m_applications.reserve(m_attachments.size());
    for (std::size_t i = 0; i < m_attachments.size(); ++i)
    {
        const HostSpec& spec = m_scenario.hosts[i];
        const interleave::MemoryScope ofTheRun(true);
        m_hosts.push_back(std::make_unique<Host>(
            Host::Parts{*m_engine,
                        *m_recorder,
                        [this](std::uint16_t lid) -> const std::string& { return HostAt(lid); },
                        m_cmChecks ? &m_cmChecks->Host(spec.name) : nullptr},
            *m_attachments[i],
            spec.name,
            spec.workers,
            m_seed,
            true));
    }
    const interleave::MemoryScope ofTheRun(true);
    m_stage = std::make_unique<Stage>(Stage{*m_engine, *m_recorder, m_record, {}, {}});
    for (const auto& host : m_hosts)
    {
        m_applications.push_back(std::make_unique<Application>(*m_stage, *host));
    }
}

void ScenarioWorld::Drop()
{
    if (m_broken)
    {
        // Tasks stand in the middle of the hosts' code and will never go on: what they use cannot
        // be taken apart in order.
        for (auto& application : m_applications)
        {
            (void)application.release();
        }
        for (auto& host : m_hosts)
        {
            (void)host.release();
        }
        (void)m_stage.release();
        for (Attachment* attachment : m_attachments)
        {
            attachment->SetReceiveHandler({});
        }
    }
    m_broken = false;
    m_applications.clear();
    m_hosts.clear();
    m_stage.reset();
}

const std::string& ScenarioWorld::HostAt(std::uint16_t lid) const
{
    static const std::string kNobody;
    for (const auto& host : m_hosts)
    {
        if (host->GetAttachment().Wire().Lid() == lid)
        {
            return host->Name();
        }
    }
    return kNobody;
}

Host& ScenarioWorld::HostNamed(const std::string& name)
{
    for (const auto& host : m_hosts)
    {
        if (host->Name() == name)
        {
            return *host;
        }
    }
    return *m_hosts.front(); // names were checked when the scenario was read
}

Application& ScenarioWorld::ApplicationAt(const std::string& host)
{
    for (std::size_t i = 0; i < m_hosts.size(); ++i)
    {
        if (m_hosts[i]->Name() == host)
        {
            return *m_applications[i];
        }
    }
    return *m_applications.front();
}

} // namespace lab
