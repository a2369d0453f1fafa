// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/world.h"

#include "interleave/helper/default-chooser.h"
#include "interleave/helper/fallback-chooser.h"
#include "interleave/helper/recording-chooser.h"
#include "interleave/helper/replay-chooser.h"
#include "interleave/model/search/trail.h"
#include "lab/model/scenario-world.h"

#include <fmt/format.h>

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

/** Compares with the trail of the log that is replayed, if it has one that can be read. */
interleave::TrailObserver ExpectedTrail(const RunOptions& options)
{
    using interleave::Trail;
    const std::string* const text =
        options.replay == nullptr ? nullptr : options.replay->Header(Trail::kHeader);
    const auto trail = Trail::Parse(text == nullptr ? "" : *text);
    return trail ? interleave::TrailObserver(*trail) : interleave::TrailObserver();
}

tl::expected<void, InputError> WriteTrace(const std::string& file,
                                          interleave::DecisionLog log,
                                          const RunRecord& record)
{
    namespace fs = std::filesystem;
    const fs::path target = fs::absolute(file);
    log.SetHeader("scenario",
                  fs::proximate(fs::absolute(record.scenarioFile), target.parent_path()).string());
    log.SetHeader("seed", std::to_string(record.seed));
    log.SetHeader("digest", fmt::format("{:016x}", record.digest));
    for (const ViolationRecord& violation : record.violations)
    {
        log.SetHeader("violation", violation.kind);
    }
    std::ofstream out(target);
    out << log.Format();
    out.close();
    if (!out)
    {
        return tl::unexpected(
            InputError{file, 0, "a file that cannot be written", "a writable path"});
    }
    return {};
}

} // namespace

tl::expected<RunRecord, InputError> RunScenario(const Scenario& scenario, const RunOptions& options)
{
    // weft-lint: allow(determinism): how long the run took is reported, and decides nothing
    using WallClock = std::chrono::steady_clock;
    const auto begun = WallClock::now();
    auto world = ScenarioWorld::Build(
        scenario, {options.seed, options.pcapFile, options.keepMessages, true, true});
    if (!world)
    {
        return tl::unexpected(world.error());
    }
    Choosers choosers(scenario, options);
    interleave::TrailObserver trail = ExpectedTrail(options);
    (*world)->GetEngine().AddObserver(trail);
    (*world)->Run(choosers.Top());
    (*world)->GetEngine().RemoveObserver(trail);
    RunRecord& record = (*world)->Record();
    record.difference = trail.Difference();
    if (const auto& violation = (*world)->Result().violation)
    {
        record.signature = violation->Signature();
    }
    const interleave::DecisionLog log = choosers.Top().Log();
    record.decisions = log.decisions.size();
    record.unusedDecisions = choosers.Unused();
    record.wallSeconds = std::chrono::duration<double>(WallClock::now() - begun).count();
    if (!options.traceFile.empty())
    {
        if (const auto written = WriteTrace(options.traceFile, log, record); !written)
        {
            return tl::unexpected(written.error());
        }
    }
    return std::move(record);
}

} // namespace lab
