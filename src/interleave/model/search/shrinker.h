// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_SHRINKER_H
#define INTERLEAVE_SHRINKER_H

#include "interleave/model/decision-log.h"
#include "interleave/model/search/certify.h"
#include "interleave/model/search/program.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace interleave
{

struct ShrinkOptions
{
    /** Runs that deleting and simplifying may take, at most. */
    std::uint64_t runs = 20'000;
    /** What the search for fewer preemptions may cost; no runs: none is made. */
    SearchBudget certify;
};

/** How a log became smaller, and how small it can be. */
struct ShrinkResult
{
    /** The smallest log found, with the headers of the one given and a trail of its own. */
    DecisionLog log;
    /** What its run ends with. */
    Violation violation;
    /** Runs made to delete and to simplify. */
    std::uint64_t runs = 0;
    /** Decisions and preemptions (see PreemptionsOf()) of the log given and of the log found. */
    std::size_t decisionsBefore = 0;
    std::size_t decisionsAfter = 0;
    std::size_t preemptionsBefore = 0;
    std::size_t preemptionsAfter = 0;
    /** Whether removing any one decision makes the run pass (or fail otherwise): was tried. */
    bool minimal = false;
    /** Whether no run with fewer preemptions fails the same way: see Certify(). */
    bool certified = false;
    /** Runs made to certify. */
    std::uint64_t certifyRuns = 0;
    /** "no run with fewer than 2 preemptions fails like this (431 runs)" or "not certified within
     * 20000 runs: …". */
    std::string certificate;
};

/**
 * How many decisions of @p log leave a task that could go on, for another task or for events.
 * Choices made when no task runs (`next …`), ties and faults are not among them.
 */
std::size_t PreemptionsOf(const DecisionLog& log);

/**
 * Makes @p log smaller as long as the run still ends in a violation with @p signature: first whole
 * ranges of decisions are removed (delta debugging: Zeller, Hildebrandt, "Simplifying and isolating
 * failure-inducing input", TSE 2002), then single ones until removing any one makes the run pass,
 * then switches are pointed at simpler targets. If more than a few decisions are left, runs near
 * the dull one are tried (see near-runs.h). If more than one preemption is left, turns of tasks are
 * moved together (see merge.h), and a quick look for a run with fewer follows. At last a search
 * bounded by 0, 1, 2, … preemptions either finds a run with fewer of them, which is then taken and
 * shrunk, or certifies that there is none (see certify.h).
 * @param signature see Violation::Signature(); empty: that of the log's own run.
 * @return an error when the run along @p log does not end like that.
 */
tl::expected<ShrinkResult, std::string> Shrink(Program& program,
                                               const DecisionLog& log,
                                               std::string signature = {},
                                               const ShrinkOptions& options = {});

} // namespace interleave

#endif // INTERLEAVE_SHRINKER_H
