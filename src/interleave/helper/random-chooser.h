// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_RANDOM_CHOOSER_H
#define INTERLEAVE_RANDOM_CHOOSER_H

#include "interleave/model/chooser.h"
#include "interleave/model/random.h"

namespace interleave
{

/** A random walk: every option of every choice is equally likely. */
class RandomChooser final : public Chooser
{
  public:
    explicit RandomChooser(std::uint64_t seed)
        : m_random(seed, "schedule")
    {
    }

    /** Starts the stream of another seed. */
    void Seed(std::uint64_t seed)
    {
        m_random = Random(seed, "schedule");
    }

    std::uint32_t Choose(ChoicePoint& point) override
    {
        return point.Count() == 1 ? 0 : m_random.Below(point.Count());
    }

  private:
    Random m_random;
};

} // namespace interleave

#endif // INTERLEAVE_RANDOM_CHOOSER_H
