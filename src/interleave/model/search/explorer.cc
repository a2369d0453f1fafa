// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/search/explorer.h"

#include "interleave/helper/replay-chooser.h"
#include "interleave/model/digest.h"

#include <fmt/format.h>

#include <algorithm>

namespace interleave
{

namespace
{

/** Watches an engine for a scope. */
class Watch
{
  public:
    Watch(Engine& engine, Observer& observer)
        : m_engine(engine),
          m_observer(observer)
    {
        m_engine.AddObserver(observer);
    }

    ~Watch()
    {
        m_engine.RemoveObserver(m_observer);
    }

    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

  private:
    Engine& m_engine;
    Observer& m_observer;
};

/** The trail that @p log carries, if it does and it can be read. */
std::optional<Trail> TrailOf(const DecisionLog& log)
{
    const std::string* text = log.Header(Trail::kHeader);
    if (text == nullptr)
    {
        return std::nullopt;
    }
    const auto trail = Trail::Parse(*text);
    return trail ? std::optional(*trail) : std::nullopt;
}

} // namespace

std::uint64_t SeedOfRun(std::uint64_t base, std::uint64_t index)
{
    return MixBits(MixBits(base ^ HashText("campaign")) + (index + 1) * 0x9e37'79b9'7f4a'7c15ULL);
}

void StrategyTally::Merge(const StrategyTally& other)
{
    runs += other.runs;
    violations += other.violations;
    findings += other.findings;
    newSchedules += other.newSchedules;
    steps += other.steps;
    longest = std::max(longest, other.longest);
    tasks = std::max(tasks, other.tasks);
}

Explorer::Explorer(Program& program, Strategy& strategy, ExploreOptions options)
    : m_program(program),
      m_strategy(strategy),
      m_options(options),
      m_recorder(strategy)
{
    if (m_options.coverage)
    {
        m_program.GetEngine().AddObserver(m_traceHash);
    }
}

Explorer::~Explorer()
{
    m_program.GetEngine().RemoveObserver(m_traceHash);
}

bool Explorer::Step()
{
    if (m_runs >= m_options.runs || m_strategy.Done() ||
        (m_options.stopAtFirst && !m_findings.empty()))
    {
        return false;
    }
    const std::uint64_t run = m_options.firstRun + m_runs++;
    const std::uint64_t seed = SeedOfRun(m_options.seed, run);
    m_strategy.Seed(seed);
    m_traceHash.Clear();
    Engine& engine = m_program.GetEngine();
    m_last = m_program.Run(m_recorder);
    const std::string strategy = m_strategy.Current().Name();

    StrategyTally& tally = m_tallies[strategy];
    ++tally.runs;
    tally.steps += m_last.steps;
    tally.longest = std::max(tally.longest, m_last.steps);
    tally.tasks = std::max<std::uint64_t>(tally.tasks, engine.Tasks().size());
    if (m_options.coverage && m_coverage.Add(m_traceHash.Value()))
    {
        ++tally.newSchedules;
    }
    if (m_last.Passed())
    {
        engine.Reset();
        return true;
    }
    ++tally.violations;
    const std::string signature = m_last.violation->Signature();
    const bool known = std::ranges::any_of(
        m_findings, [&](const Finding& finding) { return finding.signature == signature; });
    if (known)
    {
        engine.Reset();
        return true;
    }
    ++tally.findings;
    Keep(run, seed, strategy);
    return true;
}

void Explorer::Keep(std::uint64_t run, std::uint64_t seed, const std::string& strategy)
{
    Finding& finding = m_findings.emplace_back();
    finding.signature = m_last.violation->Signature();
    finding.violation = *m_last.violation;
    finding.log = m_recorder.Log();
    finding.run = run;
    finding.seed = seed;
    finding.strategy = strategy;
    m_program.GetEngine().Reset();
    finding.log.SetHeader("seed", fmt::format("{}", seed));
    finding.log.SetHeader("strategy", strategy);
    finding.log.SetHeader("violation", finding.signature);
    // Most runs are not kept: the trail is left by running this one once more, which also shows
    // whether the log says all there is to say.
    const ReplayOutcome again = Replay(m_program, finding.log);
    finding.reproduced =
        !again.result.Passed() && again.result.violation->Signature() == finding.signature;
    if (finding.reproduced)
    {
        finding.log.SetHeader(Trail::kHeader, *again.recorded.Header(Trail::kHeader));
    }
}

void Explorer::Run(const std::function<bool()>& enough)
{
    while (Step())
    {
        if (enough && enough())
        {
            return;
        }
    }
}

ReplayOutcome Replay(Program& program, const DecisionLog& log)
{
    std::optional<Trail> expected = TrailOf(log);
    TrailObserver trail = expected ? TrailObserver(std::move(*expected)) : TrailObserver();
    ReplayChooser replay(log);
    RecordingChooser recorder(replay);
    ReplayOutcome outcome;
    {
        const Watch watch(program.GetEngine(), trail);
        outcome.result = program.Run(recorder);
    }
    outcome.recorded = recorder.Log();
    program.GetEngine().Reset();
    for (const ReplayProblem& problem : replay.Problems())
    {
        outcome.problems.push_back(fmt::format("{}: {}", problem.decision.Text(), problem.text));
    }
    outcome.difference = trail.Difference();
    outcome.recorded.headers = log.headers;
    outcome.recorded.SetHeader(Trail::kHeader, trail.Get().Format());
    return outcome;
}

} // namespace interleave
