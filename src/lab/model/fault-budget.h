// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_FAULT_BUDGET_H
#define LAB_FAULT_BUDGET_H

#include <cstdint>
#include <vector>

namespace lab
{

/**
 * Which faults a search may choose in one run: the table [explore] of a scenario. The defaults are
 * those of a scenario without it. Rules and replays are not bound by it, but count.
 */
struct FaultBudget
{
    unsigned total{2};     ///< of all kinds together
    unsigned drop{1};      ///< MADs lost
    unsigned duplicate{1}; ///< MADs that arrive twice
    unsigned reorder{0};   ///< MADs overtaken by the next one of their direction
    unsigned corrupt{0};   ///< MADs damaged on the wire
    /** How late MADs may be, nanoseconds, each above 0: as many delays in a run as there are. */
    std::vector<std::int64_t> delaysNs{5'000'000'000};
    /** How long hosts that restart are away, nanoseconds: as many restarts as there are. */
    std::vector<std::int64_t> restartsNs{};
    /** How long ports are down, nanoseconds: they go down as often as there are times. */
    std::vector<std::int64_t> portDownsNs{};
    unsigned line{0};
    /** How much simulated time may pass in a run while tasks that could go on do not. */
    std::int64_t stallNs{10'000'000'000};
};

} // namespace lab

#endif /* LAB_FAULT_BUDGET_H */
