// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_MUTATE_H
#define INTERLEAVE_MUTATE_H

#include "interleave/helper/replay-chooser.h"
#include "interleave/model/decision-log.h"
#include "interleave/model/random.h"
#include "interleave/model/strategy/strategy.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace interleave
{

/**
 * "mutate": runs that are nearly like one that is known.
 *
 * Each run takes one decision log, leaves some decisions out, moves some to an earlier or later
 * coming up of their place, cuts the end off at times, takes another option at some places and adds
 * a few decisions of its own. After Zalewski's afl and, for schedules, Wolff, Shi, Duck, Mathur,
 * Roychoudhury: "Greybox Fuzzing for Concurrency Testing", ASPLOS 2024 (RFF). Deviation: what is
 * worth keeping is said by whoever calls Keep() (a log that showed something new), not measured
 * here. Without any log it starts from the dull run, and so tries few decisions at a time.
 */
class MutateStrategy final : public Strategy
{
  public:
    /** Logs that are kept at most; a new one then takes the place of the oldest but the first. */
    static constexpr std::size_t kMostKept = 256;

    explicit MutateStrategy(DecisionLog base = {});

    std::string Name() const override
    {
        return "mutate";
    }

    void Seed(std::uint64_t seed) override;

    bool Learns() const override
    {
        return m_corpus.size() > 1;
    }

    void BeginRun(const Engine& engine) override;
    std::uint32_t Choose(ChoicePoint& point) override;

    /** One more log to start from. */
    void Keep(DecisionLog log);

    /** Logs to start from, the given one first. */
    const std::vector<DecisionLog>& Corpus() const
    {
        return m_corpus;
    }

  private:
    /** Decisions are left out, moved and changed once in 2^n times, n from 1 to this. */
    static constexpr std::uint32_t kRareShift = 5;
    /** Decisions are added once in 2^n choices, n from 2 to this. */
    static constexpr std::uint32_t kAddShift = 9;

    bool OneIn(std::uint32_t shift)
    {
        return (m_random.Next() & ((std::uint64_t{1} << shift) - 1)) == 0;
    }

    DecisionLog Mutated(const DecisionLog& base);
    static std::uint32_t Dull(ChoicePoint& point);

    Random m_random;
    std::vector<DecisionLog> m_corpus;
    std::size_t m_nextKept = 1;
    std::optional<ReplayChooser> m_replay; // none while there is nothing to replay
    std::uint32_t m_changeShift = 0;
    std::uint32_t m_addShift = 0;
};

} // namespace interleave

#endif // INTERLEAVE_MUTATE_H
