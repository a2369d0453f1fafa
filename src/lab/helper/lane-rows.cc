// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/lane-rows.h"

#include <algorithm>

namespace lab
{

namespace
{

constexpr std::size_t kEndRows = 10;

/** How much a row is wanted; 0: not at all. */
enum Weight : unsigned
{
    kNot,
    kMessage,
    kContext, ///< next to a decision, or the end
    kDecision,
    kMark,
};

void Raise(std::vector<unsigned>& weights, std::size_t index, unsigned weight)
{
    if (index < weights.size())
    {
        weights[index] = std::max(weights[index], weight);
    }
}

std::vector<unsigned> WeightsOf(const std::vector<LaneStep>& steps,
                                const std::vector<std::uint64_t>& marks)
{
    std::vector<unsigned> weights(steps.size(), kNot);
    for (std::size_t i = 0; i < steps.size(); ++i)
    {
        if (!steps[i].peer.empty())
        {
            Raise(weights, i, kMessage);
        }
        if (!steps[i].decision.empty())
        {
            Raise(weights, i, kDecision);
            Raise(weights, i - 1, kContext); // wraps round to no index in front of the first
            Raise(weights, i + 1, kContext);
        }
        if (std::ranges::find(marks, steps[i].step) != marks.end())
        {
            Raise(weights, i, kMark);
            Raise(weights, i - 1, kContext);
            Raise(weights, i + 1, kContext);
        }
        if (i + kEndRows >= steps.size())
        {
            Raise(weights, i, kContext);
        }
    }
    return weights;
}

} // namespace

std::vector<LaneRow> LaneRows(const std::vector<LaneStep>& steps,
                              const std::vector<std::uint64_t>& marks,
                              std::size_t most)
{
    std::vector<unsigned> weights = WeightsOf(steps, marks);
    const auto wanted = [&]
    {
        return static_cast<std::size_t>(
            std::ranges::count_if(weights, [](unsigned weight) { return weight != kNot; }));
    };
    std::size_t count = wanted();
    // The least wanted first, and of these the earliest: the end of a run tells most.
    for (unsigned weight = kMessage; weight <= kMark && count > most; ++weight)
    {
        for (std::size_t i = 0; i < weights.size() && count > most; ++i)
        {
            if (weights[i] == weight)
            {
                weights[i] = kNot;
                --count;
            }
        }
    }
    std::vector<LaneRow> rows;
    std::size_t next = 0;
    for (std::size_t i = 0; i < steps.size(); ++i)
    {
        if (weights[i] != kNot)
        {
            rows.push_back({i, i - next, weights[i] == kMark});
            next = i + 1;
        }
    }
    return rows;
}

} // namespace lab
