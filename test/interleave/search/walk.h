// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef TEST_INTERLEAVE_SEARCH_WALK_H
#define TEST_INTERLEAVE_SEARCH_WALK_H

#include "interleave/model/random.h"
#include "interleave/model/strategy/strategy.h"

namespace interleave::test
{

/** The simplest strategy there is, so that tests of the search depend on no real one. */
class Walk final : public Strategy
{
  public:
    /** @param runs after which it says that nothing is left to try. */
    explicit Walk(std::uint64_t runs = 1'000'000'000)
        : m_left(runs)
    {
    }

    std::string Name() const override
    {
        return "walk";
    }

    void Seed(std::uint64_t seed) override
    {
        m_random = Random(seed, "walk");
    }

    bool Done() const override
    {
        return m_left == 0;
    }

    void BeginRun(const Engine& /*engine*/) override
    {
        --m_left;
    }

    std::uint32_t Choose(ChoicePoint& point) override
    {
        return point.Count() == 1 ? 0 : m_random.Below(point.Count());
    }

  private:
    std::uint64_t m_left;
    Random m_random{1};
};

} // namespace interleave::test

#endif // TEST_INTERLEAVE_SEARCH_WALK_H
