// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_LAB_PROGRAM_H
#define LAB_LAB_PROGRAM_H

#include "interleave/model/search/program.h"
#include "lab/model/crash-guard.h"
#include "lab/model/scenario-world.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <memory>
#include <optional>

namespace lab
{

struct LabProgramOptions
{
    std::optional<std::uint64_t> seed; ///< instead of the scenario's
    /** See LabProgram::Detail(). */
    bool detail{false};
    bool checks{true}; ///< watch for races, misuse of memory and locks, and breaches of protocol
};

/**
 * A scenario as a program that is explored: the fabric is brought up once, each run has new hosts.
 * The scenario's fault rules do not act by themselves: every decision comes from the Chooser, so
 * that a log of the run has them all (RuledStrategy asks the rules first). [[expect]] tables are
 * for the run without faults and are not checked. A task that crashes ends its run, not the
 * process: see CrashGuard.
 */
class LabProgram final : public interleave::Program
{
  public:
    /** What a user got wrong (the scenario's fabric, a host's node) is the error. */
    static tl::expected<std::unique_ptr<LabProgram>, InputError> Make(
        const Scenario& scenario,
        const LabProgramOptions& options = {});

    interleave::Engine& GetEngine() override
    {
        return m_world->GetEngine();
    }

    /** @param chooser lives until the next Run() or the engine's Reset(). */
    interleave::RunResult Run(interleave::Chooser& chooser) override;

    /**
     * For the runs to come: whether the lists of RunRecord are filled and its digest is made. For a
     * replay that is shown or compared; it costs more than the run itself.
     */
    void Detail(bool detail)
    {
        m_world->Detail(detail, detail);
    }

    /** For the runs to come: counts what the hosts' state machines do; not owned. */
    void CountSteps(StepCoverage* coverage)
    {
        m_world->CountSteps(coverage);
    }

    /** What happened in the latest run; without detail its lists are empty and its digest is 0. */
    const RunRecord& Record() const
    {
        return m_world->Record();
    }

    const Scenario& GetScenario() const
    {
        return m_world->GetScenario();
    }

    std::uint64_t Seed() const
    {
        return m_world->Seed();
    }

  private:
    explicit LabProgram(std::unique_ptr<ScenarioWorld> world)
        : m_world(std::move(world)),
          m_guard(m_world->GetEngine())
    {
    }

    std::unique_ptr<ScenarioWorld> m_world;
    CrashGuard m_guard;
};

} // namespace lab

#endif /* LAB_LAB_PROGRAM_H */
