// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_EXPLAIN_H
#define INTERLEAVE_EXPLAIN_H

#include "interleave/model/decision-log.h"
#include "interleave/model/search/program.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace interleave
{

/** An operation of a run, in words. */
struct ExplainedOp
{
    std::string task;
    /** How many operations of that kind on that object the task had done, with this one. */
    std::uint64_t n = 1;
    OpKind kind = OpKind::kSync;
    /** "cell:1", or "" for none. */
    std::string object;
    bool write = true;
    /** Where in the source; "" when the program does not say. */
    std::string site;
    /** In the run that fails; 0 when that ended before it. */
    std::uint64_t step = 0;

    /** "B #1 read cell:1 (withdraw) at step 7". */
    std::string Text() const;
};

/** Two operations that do not commute. */
struct CriticalPair
{
    /** In the run that fails this one comes first; in the run that passes, second. */
    ExplainedOp first;
    ExplainedOp second;
};

/** Why a run fails: what has to be otherwise for it to pass. */
struct Explanation
{
    /** The decision without which the run passes. */
    Decision decision;
    /** Its index in the log. */
    std::size_t index = 0;
    /** Whether the run without it passes altogether; if not, it fails in another way. */
    bool passes = true;
    /** What it turns round; empty when what is decided is not an order (a lost message). */
    std::optional<CriticalPair> pair;

    /** A few lines for people. */
    std::string Format() const;
};

/**
 * The critical pair of @p log, best a shrunk one: of the decisions whose removal makes the run
 * pass, the last one that turns round two operations on one object; with the first two that it
 * turns round.
 * @return an error when the run along @p log passes, or no single decision makes it pass.
 */
tl::expected<Explanation, std::string> Explain(Program& program, const DecisionLog& log);

} // namespace interleave

#endif // INTERLEAVE_EXPLAIN_H
