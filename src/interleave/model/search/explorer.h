// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_EXPLORER_H
#define INTERLEAVE_EXPLORER_H

#include "interleave/helper/recording-chooser.h"
#include "interleave/model/search/program.h"
#include "interleave/model/search/schedule-coverage.h"
#include "interleave/model/search/trail.h"
#include "interleave/model/strategy/strategy.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace interleave
{

/** The seed of run @p index of a campaign with base seed @p base: the same whoever runs it. */
std::uint64_t SeedOfRun(std::uint64_t base, std::uint64_t index);

/** A violation that a campaign has found for the first time. */
struct Finding
{
    /** Violation::Signature(): what two findings are told apart by. */
    std::string signature;
    Violation violation;
    /** The decisions of the run, with headers `seed`, `strategy`, `violation` and Trail::kHeader.
     */
    DecisionLog log;
    /** Index of the run in the campaign, from 0. */
    std::uint64_t run = 0;
    /** SeedOfRun() of that run. */
    std::uint64_t seed = 0;
    /** Which strategy decided, see Strategy::Current(). */
    std::string strategy;
    /**
     * Whether the log, run once more at once, showed the same. If not, something in the program
     * depends on more than the decisions, and the log has no trail.
     */
    bool reproduced = false;
};

/** What one strategy has done in a campaign. */
struct StrategyTally
{
    std::uint64_t runs = 0;
    /** Runs that ended in a violation, whichever. */
    std::uint64_t violations = 0;
    /** Violations that it was the first to find: its credit. */
    std::uint64_t findings = 0;
    /** Runs with a schedule that no run before had. */
    std::uint64_t newSchedules = 0;
    /** Operations of all runs. */
    std::uint64_t steps = 0;
    /** Operations of the longest run. */
    std::uint64_t longest = 0;
    /** Most tasks in a run. */
    std::uint64_t tasks = 0;

    /** Adds what the same strategy has done elsewhere. */
    void Merge(const StrategyTally& other);
};

struct ExploreOptions
{
    /** Base seed: run i gets SeedOfRun(seed, i). */
    std::uint64_t seed = 1;
    /** Index of the first run, so that a campaign can be dealt out in pieces. */
    std::uint64_t firstRun = 0;
    /** How many runs, at most. */
    std::uint64_t runs = 10'000;
    /** End at the first violation. */
    bool stopAtFirst = false;
    /** Tell schedules apart; costs a hash an operation. */
    bool coverage = true;
};

/**
 * A campaign: run after run of a program under a strategy, keeping the first log of each distinct
 * violation. What it finds depends on the program, the strategy's history and the options, on
 * nothing else; in particular not on the time that it takes.
 */
class Explorer
{
  public:
    /** @param program, @param strategy outlive the explorer; while it lives nobody else runs them.
     */
    Explorer(Program& program, Strategy& strategy, ExploreOptions options = {});
    ~Explorer();
    Explorer(const Explorer&) = delete;
    Explorer& operator=(const Explorer&) = delete;

    /**
     * One run. @return false, without a run, when there is none left: all are made, the strategy
     * has nothing left to try, or something was found and that was to be the end.
     */
    bool Step();

    /** Steps until there is no run left or @p enough (asked after each run) says so. */
    void Run(const std::function<bool()>& enough = {});

    /** In order of discovery. */
    const std::vector<Finding>& Findings() const
    {
        return m_findings;
    }

    /** By name of strategy (a portfolio's members, not the portfolio). */
    const std::map<std::string, StrategyTally>& Tallies() const
    {
        return m_tallies;
    }

    const ScheduleCoverage& Coverage() const
    {
        return m_coverage;
    }

    /** Runs made. */
    std::uint64_t Runs() const
    {
        return m_runs;
    }

    /** How the last run ended. */
    const RunResult& LastResult() const
    {
        return m_last;
    }

    /** Whether the strategy has nothing left to try: the search was exhaustive. */
    bool Exhausted() const
    {
        return m_strategy.Done();
    }

  private:
    void Keep(std::uint64_t run, std::uint64_t seed, const std::string& strategy);

    Program& m_program;
    Strategy& m_strategy;
    ExploreOptions m_options;
    RecordingChooser m_recorder;
    TraceHashObserver m_traceHash;
    std::uint64_t m_runs = 0;
    RunResult m_last;
    std::vector<Finding> m_findings;
    std::map<std::string, StrategyTally> m_tallies;
    ScheduleCoverage m_coverage;
};

/** One run along a log, everything else dull. */
struct ReplayOutcome
{
    RunResult result;
    /** What could not be followed, with the decision. */
    std::vector<std::string> problems;
    /** Where the run first differed from the one that the log tells of; empty if nowhere, or if
     * the log does not say (see Trail). */
    std::string difference;
    /** The decisions that were followed, as a recorder saw them, with a trail of this run. */
    DecisionLog recorded;
};

/** Runs @p program along @p log, and resets its engine. */
ReplayOutcome Replay(Program& program, const DecisionLog& log);

} // namespace interleave

#endif // INTERLEAVE_EXPLORER_H
