// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Moves steps of a replay from where they were captured to where they arrived.
#ifndef WEFT_TEST_IBCM_REPLAY_ORDER_H
#define WEFT_TEST_IBCM_REPLAY_ORDER_H

#include "replay-step.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace ibcm::test
{

/** Where every step is to go; at first all stay where they are. */
class ReplayOrder
{
  public:
    explicit ReplayOrder(std::size_t steps)
        : m_keys(steps)
    {
        for (std::size_t i = 0; i < steps; ++i)
        {
            m_keys[i] = {3 * i + 1, i};
        }
    }

    /** @param other by its place before all moves, as in MoveBehind. */
    void MoveBefore(std::size_t step, std::size_t other)
    {
        m_keys[step].place = 3 * other;
    }

    void MoveBehind(std::size_t step, std::size_t other)
    {
        m_keys[step].place = 3 * other + 2;
    }

    /** Makes all moves; those to one place keep their order. */
    void Apply(std::vector<ReplayStep>& steps)
    {
        std::stable_sort(m_keys.begin(),
                         m_keys.end(),
                         [](const Key& left, const Key& right)
                         { return left.place < right.place; });
        std::vector<ReplayStep> sorted;
        std::vector<std::size_t> placeOf(steps.size());
        for (const Key& key : m_keys)
        {
            placeOf[key.step] = sorted.size();
            sorted.push_back(std::move(steps[key.step]));
        }
        for (ReplayStep& step : sorted)
        {
            step.first = placeOf[step.first];
        }
        steps = std::move(sorted);
    }

  private:
    struct Key
    {
        std::size_t place; ///< three to a step: before it, its own, behind it
        std::size_t step;
    };

    std::vector<Key> m_keys;
};

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_REPLAY_ORDER_H
