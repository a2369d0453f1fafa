// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_WORKER_LOOP_H
#define LAB_WORKER_LOOP_H

#include "lab/helper/campaign-target.h"
#include "lab/helper/crash-place.h"
#include "lab/helper/worker-channel.h"

#include <atomic>
#include <cstdint>

namespace lab
{

/** What a worker and its campaign both see, in memory that they share. */
struct WorkerCell
{
    std::atomic<std::uint64_t> run{0};   ///< index of the run that goes on
    std::atomic<std::uint64_t> moves{0}; ///< grows with each run: the worker is alive
    std::atomic<bool> stop{false};       ///< end the batch after the run that goes on
    CrashPlace place;                    ///< in the run that is known to crash
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

/**
 * A worker's life: takes jobs until the other side has gone.
 *
 *  - {"job": "batch", "strategy", "seed", "batch", "first", "runs"}: makes the runs. Answers a
 *    {"finding"} for each violation that is new in the batch, at once, and at last
 *    {"done": tally, "complete": whether it was not stopped}.
 *  - the same with "part": runs of a part of a search (see interleave::SearchTree); if complete,
 * the answer has what is left of it as "rest".
 *  - one of these with "crash": index: the run that is known to take a worker down. Answers
 *    {"part": tally} for the runs before it, then {"begun": strategy} and a {"decision"} for each
 *    that the run takes, and, should it survive that, {"survived": true}.
 *  - {"job": "shrink", "log", "signature"}: answers {"shrunk": …} or {"unshrunk": why}. With
 *    "crash": true the run takes its process down; "text" is what is said of it.
 *
 * What is wrong with the input is answered by {"wrong": …}, what throws by {"broken": text}.
 */
void WorkerLoop(WorkerChannel& channel, WorkerCell& cell, const MakeTarget& makeTarget);

} // namespace lab

#endif /* LAB_WORKER_LOOP_H */
