// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_SCENARIO_WORLD_H
#define LAB_SCENARIO_WORLD_H

#include "interleave/helper/digest-observer.h"
#include "interleave/model/check/checks.h"
#include "interleave/model/engine.h"
#include "interleave/model/virtual-time.h"
#include "lab/model/adversary.h"
#include "lab/model/application.h"
#include "lab/model/cm-checks.h"
#include "lab/model/consumer.h"
#include "lab/model/direct-fabric.h"
#include "lab/model/recorder.h"
#include "lab/model/run-record.h"
#include "lab/model/scenario.h"
#include "lab/model/simulated-fabric.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lab
{

struct WorldOptions
{
    std::optional<std::uint64_t> seed; ///< instead of the scenario's
    std::string pcapFile;              ///< every packet of the fabric, once; empty: none
    bool keepMessages{true};           ///< fill the lists of RunRecord
    bool digest{true};                 ///< of each run; otherwise RunRecord::digest is 0
    bool expectations{true};           ///< check the scenario's [[expect]] tables
    bool checks{true};                 ///< races, lifetimes, lock order, the protocol
};

/**
 * All that a run of a scenario consists of, for one run or for very many: the fabric is brought up
 * once, what a run changes is made anew for each. A run depends on the scenario, the seed and what
 * the Chooser answers, and on nothing that runs before it have done.
 *
 * One at a time in a process; its calls belong to the thread that built it.
 */
class ScenarioWorld
{
  public:
    /** Fabric up, no hosts yet. What a user got wrong is the error. */
    static tl::expected<std::unique_ptr<ScenarioWorld>, InputError> Build(
        const Scenario& scenario,
        const WorldOptions& options);
    ~ScenarioWorld();
    ScenarioWorld(const ScenarioWorld&) = delete;
    ScenarioWorld& operator=(const ScenarioWorld&) = delete;

    /** The same one for all runs. */
    interleave::Engine& GetEngine()
    {
        return *m_engine;
    }

    /**
     * One run: hosts come up, do what they are to do, are taken down; everything is checked.
     * @param chooser lives until the next Run(), or the engine's Reset(), has ended the run.
     */
    void Run(interleave::Chooser& chooser);

    const Scenario& GetScenario() const
    {
        return m_scenario;
    }

    std::uint64_t Seed() const
    {
        return m_seed;
    }

    /** Of the latest run. */
    RunRecord& Record()
    {
        return m_record;
    }

    const RunRecord& Record() const
    {
        return m_record;
    }

    /** How the latest run ended, what was found after its last operation included. */
    const interleave::RunResult& Result() const
    {
        return m_result;
    }

    /** For the runs to come: whether the lists of RunRecord and its digest are made. */
    void Detail(bool lists, bool digest);

    /** For the runs to come: counts what the hosts' state machines do; not owned. */
    void CountSteps(StepCoverage* coverage)
    {
        m_recorder->CountSteps(coverage);
    }

  private:
    ScenarioWorld(const Scenario& scenario, const WorldOptions& options);

    void MakeChecks();
    void MakeAdversary();
    tl::expected<void, InputError> BuildDirect();
    tl::expected<void, InputError> BuildSimulated();

    void Reset();
    void AddHosts();
    void Drop();
    const std::string& HostAt(std::uint16_t lid) const;
    std::size_t IndexOf(std::string_view host) const;
    Application& ApplicationAt(const std::string& host);
    void AddHost(std::size_t index);
    void AddConsumers(Host& host);
    void AddConsumer(Host& host, const std::string& name);
    Consumer* ConsumerAt(const std::string& host, const std::string& name) const;
    std::int64_t HandlerNs(const std::string& host) const;

    void Begin(const ListenSpec& listen);
    void Begin(const ConnectSpec& connect);
    void Begin(const TaskSpec& task);
    void BeginOutages();
    void BuryConsumers(const Host& wreck);
    /** What the consumers of a host that is back do again. */
    void BeginAgain(const std::string& host);
    /** What befalls a host; on any context. */
    void Befall(std::string_view host, bool restart, std::int64_t forNs);
    void PortDown(std::size_t index, std::int64_t forNs);
    void Restart(std::size_t index, std::int64_t awayNs);

    void Perform();
    void TakeDown();
    void CheckUndecided();
    void CheckEnds();
    void CheckLeaks();
    void CheckLeaksOf(Host& host);
    void CheckMemory();
    /** Runs @p body in a task and the simulation until nothing is left to do. */
    bool RunTask(const char* name, std::function<void()> body);
    bool RunUntil(std::int64_t untilNs);
    void Violated(std::string_view kind, std::string_view text);
    static void FreedWrongly(void* self, const char* what);
    void Conclude();

    const Scenario m_scenario;
    const WorldOptions m_options;
    const std::uint64_t m_seed;
    RunRecord m_record;
    RunRecord m_fabricRecord; ///< what a run begins with: the fabric, as it came up
    interleave::RunResult m_result;
    std::unique_ptr<interleave::VirtualTime> m_virtualTime; ///< of a direct fabric
    std::unique_ptr<SimulatedFabric> m_simulated;
    std::unique_ptr<interleave::Engine> m_engine;
    std::unique_ptr<interleave::Checks> m_checks; ///< null: not wanted
    std::unique_ptr<CmChecks> m_cmChecks;
    interleave::DigestObserver m_digest;
    interleave::Digest m_fabricDigest;
    std::unique_ptr<Recorder> m_recorder;
    std::unique_ptr<Adversary> m_adversary;
    std::unique_ptr<DirectFabric> m_direct;
    std::vector<Attachment*> m_attachments; ///< in the order of the scenario's hosts
    std::unique_ptr<Stage> m_stage;
    std::vector<std::unique_ptr<Host>> m_hosts;
    std::vector<std::unique_ptr<Application>> m_applications;
    std::vector<std::unique_ptr<Consumer>> m_consumers;
    Wiretap m_tap;
    bool m_tapped{false};                        ///< the scenario has steps that listen on the wire
    std::vector<std::unique_ptr<Host>> m_wrecks; ///< hosts that have crashed
    std::vector<std::unique_ptr<Application>> m_orphans; ///< and their applications
    std::vector<std::unique_ptr<Consumer>> m_orphanConsumers;
    std::vector<unsigned> m_outages; ///< that keep each host's link down
    unsigned m_restarts{0};
    bool m_mix{true};     ///< digests are made
    bool m_used{false};   ///< there was a run
    bool m_broken{false}; ///< a violation has ended the run in the middle of things
};

} // namespace lab

#endif /* LAB_SCENARIO_WORLD_H */
