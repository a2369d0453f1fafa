// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What reached the host of a replay, and when: neither the wire nor the peer shows it.
#ifndef WEFT_TEST_IBCM_REPLAY_ARRIVALS_H
#define WEFT_TEST_IBCM_REPLAY_ARRIVALS_H

#include "replay-step.h"

#include <vector>

namespace ibcm::test
{

/**
 * Finds out, from the order of what a host sent and was sent, what it had seen when: marks
 * repetitions, messages about older connections and messages that never arrived, and moves those
 * that arrived later than they were captured.
 */
void InferArrivals(std::vector<ReplayStep>& steps);

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_REPLAY_ARRIVALS_H
