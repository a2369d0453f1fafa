// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_RANDOM_WALK_H
#define INTERLEAVE_RANDOM_WALK_H

#include "interleave/model/random.h"
#include "interleave/model/strategy/fault-draw.h"
#include "interleave/model/strategy/strategy.h"

namespace interleave
{

/**
 * "random": every task that could go on is equally likely, at every operation.
 *
 * The baseline of Thomson, Donaldson, Betts: "Concurrency Testing Using Controlled Schedulers: An
 * Empirical Study", TOPC 2016 (there "Rand"). Deviation: `events` is not one candidate among the
 * tasks but drawn beforehand, at a rate that differs from run to run, see FaultDraw.
 */
class RandomWalk final : public Strategy
{
  public:
    RandomWalk();

    std::string Name() const override
    {
        return "random";
    }

    void Seed(std::uint64_t seed) override;
    std::uint32_t Choose(ChoicePoint& point) override;

  private:
    Random m_random;
    FaultDraw m_faults;
};

} // namespace interleave

#endif // INTERLEAVE_RANDOM_WALK_H
