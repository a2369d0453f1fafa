// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Puts this core into the place of one host of a capture and compares what it sends with what that
// host sent.
#ifndef WEFT_TEST_IBCM_CAPTURE_REPLAY_H
#define WEFT_TEST_IBCM_CAPTURE_REPLAY_H

#include "replay-plan.h"

#include <cstddef>
#include <string>
#include <vector>

namespace ibcm::test
{

/** What came out. */
struct ReplayReport
{
    std::size_t compared{0}; ///< MADs of the host, each compared with one of the core's
    std::size_t fed{0};      ///< MADs that came in
    std::size_t lost{0};     ///< MADs for the host that evidently did not reach it
    std::size_t unknown{0};  ///< MADs of the host about what began before the capture
    std::size_t forgiven{0}; ///< repetitions that the host was about to make when the answer came
    std::vector<std::string> problems; ///< one a difference; empty: the core did what the host did
};

/** "5 MADs compared, 2 fed in". */
std::string Summary(const ReplayReport& report);
/** The summary and the problems, a line each. */
std::string ToString(const ReplayReport& report);

/**
 * Replays a host. Its consumer's calls are made at the times at which the capture shows their
 * messages, with the parameters that stand in these; everything else the core must do by itself.
 *
 * Nothing is free to differ but
 *  - the host's own communication ids and SIDR request ids: any, but one for one;
 *  - the transaction ids of its requests: any, but answers repeat that of what they answer, and a
 *    repetition repeats all;
 *  - times: a repetition may come a tenth and 250 ms before or after the captured one;
 *  - the order of messages of different connections.
 */
ReplayReport Replay(const ReplayPlan& plan);

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_CAPTURE_REPLAY_H
