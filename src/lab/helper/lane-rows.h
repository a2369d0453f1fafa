// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_LANE_ROWS_H
#define LAB_LANE_ROWS_H

#include "lab/helper/lane-record.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lab
{

/** A row of a lane diagram: an operation, or how many are left out. */
struct LaneRow
{
    std::size_t index{0};   ///< into the steps
    std::size_t skipped{0}; ///< operations left out before it
    bool marked{false};     ///< one of those that decide
};

/**
 * What of a run is worth showing: decisions and what they come between, messages, the operations in
 * @p marks (by step), and the end; at most @p most rows, from the end backwards.
 */
std::vector<LaneRow> LaneRows(const std::vector<LaneStep>& steps,
                              const std::vector<std::uint64_t>& marks,
                              std::size_t most);

} // namespace lab

#endif /* LAB_LANE_ROWS_H */
