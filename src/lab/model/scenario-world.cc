// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/scenario-world.h"

#include "lab/model/run-heap.h"

#include <algorithm>
#include <utility>

namespace lab
{

// This file: what stays from run to run, and how a run gets a fresh beginning.
// scenario-world-run.cc: a run; scenario-world-outages.cc: what befalls hosts in it.

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
    const auto taps = [](const StepSpec& step) { return step.message.has_value(); };
    for (const TaskSpec& task : m_scenario.tasks)
    {
        m_tapped = m_tapped || std::ranges::any_of(task.steps, taps);
    }
    for (const ReactionSpec& reaction : m_scenario.reactions)
    {
        m_tapped = m_tapped || std::ranges::any_of(reaction.steps, taps);
    }
}

ScenarioWorld::~ScenarioWorld()
{
    Drop();
    if (m_simulated)
    {
        m_simulated->Rewind();
    }
    m_cmChecks.reset(); // what watches the engine ends before it
    m_checks.reset();
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

void ScenarioWorld::MakeAdversary()
{
    m_adversary = std::make_unique<Adversary>(*m_engine, m_scenario.explore);
    m_adversary->OnHostFault([this](std::string_view host, bool restart, std::int64_t forNs)
                             { Befall(host, restart, forNs); });
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
    MakeAdversary();
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
    MakeAdversary();
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
    m_hosts.resize(m_attachments.size());
    m_applications.resize(m_attachments.size());
    m_outages.assign(m_attachments.size(), 0);
    m_restarts = 0;
    {
        const interleave::MemoryScope ofTheRun(true);
        m_stage = std::make_unique<Stage>(Stage{*m_engine,
                                                *m_recorder,
                                                m_record,
                                                {},
                                                {},
                                                std::vector<unsigned>(m_scenario.connects.size()),
                                                m_engine->NowNs()});
    }
    if (m_tapped)
    {
        m_recorder->TapWire(&m_tap);
        m_tap.OnSent(
            [this]
            {
                m_stage->wire.Wake(
                    [this](const Waiter& waiter)
                    { return m_tap.Count(waiter.message, waiter.from) >= waiter.nth; });
            });
    }
    for (std::size_t i = 0; i < m_attachments.size(); ++i)
    {
        AddHost(i);
    }
}

void ScenarioWorld::AddHost(std::size_t index)
{
    const HostSpec& spec = m_scenario.hosts[index];
    const interleave::MemoryScope ofTheRun(true);
    m_hosts[index] = std::make_unique<Host>(
        Host::Parts{*m_engine,
                    *m_recorder,
                    [this](std::uint16_t lid) -> const std::string& { return HostAt(lid); },
                    m_cmChecks ? &m_cmChecks->Host(spec.name) : nullptr,
                    HandlerNs(spec.name)},
        *m_attachments[index],
        spec.name,
        spec.workers,
        m_seed + m_restarts,
        true);
    m_applications[index] = std::make_unique<Application>(*m_stage, *m_hosts[index]);
    AddConsumers(*m_hosts[index]);
}

std::int64_t ScenarioWorld::HandlerNs(const std::string& host) const
{
    std::int64_t sumNs = 0;
    for (const ReactionSpec& reaction : m_scenario.reactions)
    {
        for (const StepSpec& step : reaction.steps)
        {
            sumNs += reaction.host == host && step.verb == Verb::kSleep ? step.forNs : 0;
        }
    }
    return sumNs;
}

void ScenarioWorld::AddConsumers(Host& host)
{
    for (const TaskSpec& task : m_scenario.tasks)
    {
        if (task.host == host.Name())
        {
            AddConsumer(host, task.consumer);
        }
    }
    for (const ReactionSpec& reaction : m_scenario.reactions)
    {
        if (reaction.host == host.Name())
        {
            AddConsumer(host, reaction.consumer);
        }
    }
}

void ScenarioWorld::AddConsumer(Host& host, const std::string& name)
{
    if (ConsumerAt(host.Name(), name) != nullptr)
    {
        return;
    }
    auto consumer = std::make_unique<Consumer>(
        *m_stage,
        host,
        name,
        m_scenario.reactions,
        [this](const std::string& other) -> Attachment& { return *m_attachments[IndexOf(other)]; },
        m_tapped ? &m_tap : nullptr);
    const interleave::EngineScope scope; // the list outlives the run
    m_consumers.push_back(std::move(consumer));
}

Consumer* ScenarioWorld::ConsumerAt(const std::string& host, const std::string& name) const
{
    for (const auto& consumer : m_consumers)
    {
        if (consumer->GetHost().Name() == host && consumer->Name() == name)
        {
            return consumer.get();
        }
    }
    return nullptr;
}

void ScenarioWorld::Drop()
{
    if (m_broken)
    {
        // Tasks stand in the middle of the hosts' code and will never go on: what they use cannot
        // be taken apart in order.
        for (auto* applications : {&m_applications, &m_orphans})
        {
            for (auto& application : *applications)
            {
                (void)application.release();
            }
        }
        for (auto* consumers : {&m_consumers, &m_orphanConsumers})
        {
            for (auto& consumer : *consumers)
            {
                (void)consumer.release();
            }
        }
        for (auto* hosts : {&m_hosts, &m_wrecks})
        {
            for (auto& host : *hosts)
            {
                (void)host.release();
            }
        }
        (void)m_stage.release();
        for (Attachment* attachment : m_attachments)
        {
            attachment->SetReceiveHandler({});
        }
    }
    m_broken = false;
    m_tap.Clear();
    m_consumers.clear();
    m_orphanConsumers.clear();
    m_applications.clear();
    m_orphans.clear();
    m_hosts.clear();
    m_wrecks.clear();
    m_stage.reset();
}

const std::string& ScenarioWorld::HostAt(std::uint16_t lid) const
{
    static const std::string kNobody;
    for (std::size_t i = 0; i < m_attachments.size(); ++i)
    {
        const ibcm::MadWire& wire = m_attachments[i]->Wire();
        if (lid >> wire.Lmc() == wire.Lid() >> wire.Lmc())
        {
            return m_scenario.hosts[i].name;
        }
    }
    return kNobody;
}

std::size_t ScenarioWorld::IndexOf(std::string_view host) const
{
    const auto& hosts = m_scenario.hosts;
    const auto it =
        std::ranges::find_if(hosts, [&](const HostSpec& spec) { return spec.name == host; });
    return static_cast<std::size_t>(it - hosts.begin()); // names were checked when they were read
}

Application& ScenarioWorld::ApplicationAt(const std::string& host)
{
    return *m_applications[IndexOf(host)];
}

} // namespace lab
