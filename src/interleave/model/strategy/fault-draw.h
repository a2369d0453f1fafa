// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_FAULT_DRAW_H
#define INTERLEAVE_FAULT_DRAW_H

#include "interleave/model/chooser.h"
#include "interleave/model/random.h"

#include <cstdint>

namespace interleave
{

/**
 * Answers, for strategies that draw, what is not about tasks: faults, ties, values.
 *
 * After Groce, Zhang, Eide, Chen, Regehr: "Swarm testing", ISSTA 2012: each run draws its own mood
 * first. A fault is as rare as the run's rate says (never, or one place in 2, 4, … 64), and a run
 * leaves out about half of the kinds of faults. Runs without any fault are a quarter of all.
 * Deviation from the paper: the features left out are numbers of options, since nothing else is
 * known of them here.
 */
class FaultDraw
{
  public:
    FaultDraw();

    /** A run begins. */
    void Seed(std::uint64_t seed);

    /** The answer to a point of any kind but ChoiceKind::kSchedule. */
    std::uint32_t Choose(const ChoicePoint& point);

    /** Whether simulated time goes on although tasks are ready; also as often as the run likes. */
    bool LetTimeGoOn()
    {
        return OneIn(m_timeShift);
    }

  private:
    /** Highest power of two in a rate. */
    static constexpr std::uint32_t kMaxShift = 6;
    /** Stands for a rate of 0. */
    static constexpr std::uint32_t kNever = 64;

    /** True once in 2^shift times. */
    bool OneIn(std::uint32_t shift)
    {
        return shift < kNever && (m_random.Next() & ((std::uint64_t{1} << shift) - 1)) == 0;
    }

    std::uint32_t DrawShift();

    Random m_random;
    std::uint32_t m_faultShift = 0;
    std::uint32_t m_tieShift = 0;
    std::uint32_t m_valueShift = 0;
    std::uint32_t m_timeShift = 0;
    std::uint64_t m_allowed = 0; // options of faults that this run knows, a bit each, modulo 64
};

} // namespace interleave

#endif // INTERLEAVE_FAULT_DRAW_H
