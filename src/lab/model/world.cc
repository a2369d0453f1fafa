// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/world.h"

#include "interleave/helper/default-chooser.h"
#include "interleave/helper/fallback-chooser.h"
#include "interleave/helper/recording-chooser.h"
#include "interleave/helper/replay-chooser.h"
#include "interleave/model/virtual-time.h"
#include "lab/model/application.h"
#include "lab/model/direct-fabric.h"
#include "lab/model/expectations.h"
#include "lab/model/simulated-fabric.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <utility>
#include <vector>

namespace lab
{

namespace
{

constexpr const char* kDirect = "direct";

std::vector<std::int64_t> DelaysOf(const Scenario& scenario)
{
    std::vector<std::int64_t> delays;
    for (const FaultSpec& fault : scenario.faults)
    {
        if (fault.delayNs > 0)
        {
            delays.push_back(fault.delayNs);
        }
    }
    return delays;
}

/** Who decides in a run: a replay or else the scenario's rules, before the default. */
class Choosers
{
  public:
    Choosers(const Scenario& scenario, const RunOptions& options)
        : m_rules(options.replay == nullptr ? scenario.faults : std::vector<FaultSpec>{}),
          m_replay(options.replay == nullptr ? interleave::DecisionLog{} : *options.replay),
          m_chain(options.replay == nullptr ? static_cast<interleave::PartialChooser&>(m_rules)
                                            : m_replay,
                  options.strategy == nullptr ? static_cast<interleave::Chooser&>(m_default)
                                              : *options.strategy),
          m_recording(m_chain)
    {
    }

    interleave::RecordingChooser& Top()
    {
        return m_recording;
    }

    std::vector<std::string> Unused() const
    {
        std::vector<std::string> texts;
        for (const interleave::ReplayProblem& problem : m_replay.Problems())
        {
            texts.push_back("line " + std::to_string(problem.decision.line) + ": " +
                            problem.decision.Text() + ": " + problem.text);
        }
        return texts;
    }

  private:
    RuleChooser m_rules;
    interleave::ReplayChooser m_replay;
    interleave::DefaultChooser m_default;
    interleave::FallbackChooser m_chain;
    interleave::RecordingChooser m_recording;
};

/** All that one run consists of, in the order in which it can be taken down again. */
class World
{
  public:
    World(const Scenario& scenario, const RunOptions& options);
    ~World();

    /** Fabric up, hosts attached. */
    tl::expected<void, InputError> Prepare();
    void Run();
    tl::expected<void, InputError> WriteTrace();

    RunRecord& Record()
    {
        return m_record;
    }

  private:
    tl::expected<void, InputError> PrepareDirect();
    tl::expected<void, InputError> PrepareSimulated();
    void AddHost(const HostSpec& spec, Attachment& attachment);
    std::string HostAt(std::uint16_t lid) const;
    Host& HostNamed(const std::string& name);
    Application& ApplicationAt(const std::string& host);

    void Perform();
    void TakeDown();
    void CheckLeaks();
    /** Runs @p body in a task and the simulation until nothing is left to do. */
    bool RunTask(const std::string& name, std::function<void()> body);
    bool RunUntil(std::int64_t untilNs);

    const Scenario& m_scenario;
    const RunOptions& m_options;
    const std::uint64_t m_seed;
    RunRecord m_record;
    std::unique_ptr<interleave::VirtualTime> m_virtualTime; ///< of a direct fabric
    std::unique_ptr<SimulatedFabric> m_simulated;
    std::unique_ptr<interleave::Engine> m_engine;
    Choosers m_choosers;
    interleave::DigestObserver m_digest;
    std::unique_ptr<Recorder> m_recorder;
    std::unique_ptr<Adversary> m_adversary;
    std::unique_ptr<DirectFabric> m_direct;
    std::unique_ptr<Stage> m_stage;
    std::vector<std::unique_ptr<Host>> m_hosts;
    std::vector<std::unique_ptr<Application>> m_applications;
    bool m_broken{false}; ///< a violation has ended the run in the middle of things
};

World::World(const Scenario& scenario, const RunOptions& options)
    : m_scenario(scenario),
      m_options(options),
      m_seed(options.seed.value_or(scenario.seed)),
      m_choosers(scenario, options)
{
    m_record.scenarioFile = scenario.file;
    m_record.scenarioName = scenario.name;
    m_record.seed = m_seed;
}

World::~World()
{
    if (!m_broken)
    {
        return;
    }
    // Tasks stand in the middle of the hosts' code and will never go on: what they use cannot be
    // taken apart in order. The process is about to report and end.
    for (auto& application : m_applications)
    {
        (void)application.release();
    }
    for (auto& host : m_hosts)
    {
        (void)host.release();
    }
    (void)m_stage.release();
}

tl::expected<void, InputError> World::Prepare()
{
    const auto prepared =
        m_scenario.fabric.source == kDirect ? PrepareDirect() : PrepareSimulated();
    if (!prepared)
    {
        return prepared;
    }
    m_stage = std::make_unique<Stage>(Stage{*m_engine, *m_recorder, m_record, {}, {}});
    for (const auto& host : m_hosts)
    {
        m_applications.push_back(std::make_unique<Application>(*m_stage, *host));
    }
    return {};
}

tl::expected<void, InputError> World::PrepareDirect()
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
    m_engine = std::make_unique<interleave::Engine>(*m_virtualTime);
    m_recorder =
        std::make_unique<Recorder>(*m_engine, m_record, m_digest.Get(), m_options.keepMessages);
    m_adversary = std::make_unique<Adversary>(*m_engine, DelaysOf(m_scenario));
    m_direct = std::make_unique<DirectFabric>(
        *m_engine, *m_adversary, *m_recorder, m_scenario.fabric.directLatencyNs);
    m_record.channelAdapters = m_scenario.hosts.size();
    for (const HostSpec& spec : m_scenario.hosts)
    {
        AddHost(spec, m_direct->Attach(spec.name));
    }
    return {};
}

tl::expected<void, InputError> World::PrepareSimulated()
{
    auto fabric = SimulatedFabric::Build(m_scenario, m_options.pcapFile);
    if (!fabric)
    {
        return tl::unexpected(fabric.error());
    }
    m_simulated = std::move(*fabric);
    m_engine = std::make_unique<interleave::Engine>(m_simulated->Events());
    m_recorder =
        std::make_unique<Recorder>(*m_engine, m_record, m_digest.Get(), m_options.keepMessages);
    m_adversary = std::make_unique<Adversary>(*m_engine, DelaysOf(m_scenario));
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
        AddHost(spec, **attachment);
    }
    return {};
}

void World::AddHost(const HostSpec& spec, Attachment& attachment)
{
    m_hosts.push_back(std::make_unique<Host>(
        Host::Parts{*m_engine, *m_recorder, [this](std::uint16_t lid) { return HostAt(lid); }},
        attachment,
        spec.name,
        spec.workers,
        m_seed,
        true));
}

std::string World::HostAt(std::uint16_t lid) const
{
    for (const auto& host : m_hosts)
    {
        if (host->GetAttachment().Wire().Lid() == lid)
        {
            return host->Name();
        }
    }
    return {};
}

Host& World::HostNamed(const std::string& name)
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

Application& World::ApplicationAt(const std::string& host)
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

bool World::RunUntil(std::int64_t untilNs)
{
    const interleave::RunResult result = m_engine->Run(untilNs);
    if (result.violation)
    {
        m_broken = true;
        m_record.violations.push_back(
            {interleave::ViolationKindText(result.violation->kind), result.violation->Format()});
    }
    return !m_broken;
}

bool World::RunTask(const std::string& name, std::function<void()> body)
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
        m_record.violations.push_back({"liveness", name + " did not end"});
    }
    return !m_broken;
}

void World::Run()
{
    m_engine->AddObserver(m_digest);
    m_engine->SetChooser(m_choosers.Top());
    if (m_simulated)
    {
        m_simulated->Engage(*m_engine);
    }
    Perform();
    m_record.simulatedNs = m_engine->NowNs();
    if (!m_broken)
    {
        TakeDown();
    }
    m_record.decisions = m_choosers.Top().Log().decisions.size();
    m_record.unusedDecisions = m_choosers.Unused();
    m_record.digest = m_digest.Get().Value();
    CheckExpectations(m_scenario, m_record);
}

void World::Perform()
{
    const std::int64_t startNs = m_engine->NowNs();
    m_engine->Spawn(
        "scenario",
        [this]
        {
            for (const ListenSpec& listen : m_scenario.listens)
            {
                if (const std::string error = ApplicationAt(listen.host).Listen(listen);
                    !error.empty())
                {
                    m_record.violations.push_back({"scenario", listen.host + ": listen: " + error});
                }
            }
            for (const ConnectSpec& connect : m_scenario.connects)
            {
                Application& from = ApplicationAt(connect.from);
                Host& to = HostNamed(connect.to);
                m_engine->Spawn(connect.from + "/connect",
                                [&from, &to, &connect] { from.Connect(connect, to); });
            }
        });
    if (!RunUntil(startNs + m_scenario.limitNs))
    {
        return;
    }
    for (const ConnectRecord& connect : m_record.connects)
    {
        if (connect.outcome.empty())
        {
            m_record.violations.push_back({"liveness",
                                           "connect " + connect.name + " was not decided within " +
                                               FormatTime(m_scenario.limitNs)});
        }
    }
}

void World::TakeDown()
{
    const bool stopped = RunTask("take-down",
                                 [this]
                                 {
                                     for (const auto& application : m_applications)
                                     {
                                         application->Stop();
                                     }
                                 });
    if (!stopped)
    {
        return;
    }
    CheckLeaks();
    m_applications.clear();
    const bool freed = RunTask("take-down-hosts", [this] { m_hosts.clear(); });
    if (freed)
    {
        m_stage.reset();
    }
}

void World::CheckLeaks()
{
    for (const auto& host : m_hosts)
    {
        const std::pair<const char*, std::size_t> counts[] = {
            {"communication ids", host->Manager().LiveIds()},
            {"peer records", host->Manager().PeerRecords()},
            {"reliable sends", host->Port().Outstanding()},
            {"shared objects", host->Runtime().LiveObjects()},
        };
        for (const auto& [what, count] : counts)
        {
            if (count != 0)
            {
                m_record.violations.push_back(
                    {"leak", host->Name() + ": " + std::to_string(count) + " " + what + " left"});
            }
        }
    }
}

tl::expected<void, InputError> World::WriteTrace()
{
    namespace fs = std::filesystem;
    interleave::DecisionLog log = m_choosers.Top().Log();
    const fs::path target = fs::absolute(m_options.traceFile);
    log.SetHeader("scenario",
                  fs::proximate(fs::absolute(m_scenario.file), target.parent_path()).string());
    log.SetHeader("seed", std::to_string(m_seed));
    log.SetHeader("digest", m_digest.Get().Text());
    for (const ViolationRecord& violation : m_record.violations)
    {
        log.SetHeader("violation", violation.kind);
    }
    std::ofstream out(target);
    out << log.Format();
    out.close();
    if (!out)
    {
        return tl::unexpected(
            InputError{m_options.traceFile, 0, "a file that cannot be written", "a writable path"});
    }
    return {};
}

} // namespace

tl::expected<RunRecord, InputError> RunScenario(const Scenario& scenario, const RunOptions& options)
{
    // weft-lint: allow(determinism): how long the run took is reported, and decides nothing
    using WallClock = std::chrono::steady_clock;
    const auto begun = WallClock::now();
    World world(scenario, options);
    if (const auto prepared = world.Prepare(); !prepared)
    {
        return tl::unexpected(prepared.error());
    }
    world.Run();
    world.Record().wallSeconds = std::chrono::duration<double>(WallClock::now() - begun).count();
    if (!options.traceFile.empty())
    {
        if (const auto written = world.WriteTrace(); !written)
        {
            return tl::unexpected(written.error());
        }
    }
    return std::move(world.Record());
}

} // namespace lab
