// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Which copy of a peer's request the host of a replay answered with what.
#ifndef WEFT_TEST_IBCM_REPLAY_REQUESTS_H
#define WEFT_TEST_IBCM_REPLAY_REQUESTS_H

#include "replay-step.h"

#include <cstddef>
#include <map>
#include <vector>

namespace ibcm::test
{

/**
 * Pairs what the peer asked with what the host answered. Where a host answers each copy of a
 * request, copies without an answer never reached it; an answer without a copy before it shows that
 * a copy was captured earlier than it arrived: that one moves to just before the answer.
 */
void MatchRequests(std::vector<ReplayStep>& steps);

/**
 * MRAs that the host sent only because the request came again: by the step of that copy, the step
 * of the MRA. All other MRAs were sent at once or are repetitions of one.
 */
std::map<std::size_t, std::size_t> FindDelayedMras(const std::vector<ReplayStep>& steps);

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_REPLAY_REQUESTS_H
