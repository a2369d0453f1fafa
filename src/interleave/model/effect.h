// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_EFFECT_H
#define INTERLEAVE_EFFECT_H

#include "interleave/model/operation.h"

#include <cstdint>

namespace interleave
{

class Engine;
class Task;

/**
 * What a primitive has done, as opposed to what was announced (Op): which happens before which, who
 * owns which lock, what is armed and queued. "release" below: what the context has done so far
 * happens before what whoever acquires the same address does later.
 */
enum class EffectKind : std::uint8_t
{
    kMade,        //!< a primitive begins its life at an address that may have been another's
    kGone,        //!< and ends it
    kRelease,     //!< release: a task was spawned, a work item has run
    kAcquire,     //!< acquire: a task starts, a wait for work is over
    kLocked,      //!< a mutex is owned; acquire
    kTryLocked,   //!< the same, without having been ready to wait
    kUnlocked,    //!< it is no longer; release
    kSignalled,   //!< a completion was raised; release
    kConsumed,    //!< a wait for it has succeeded; acquire
    kForgotten,   //!< a completion's signals were taken back
    kQueued,      //!< a work item is on a queue, which is the object; release
    kWithdrawn,   //!< it was taken back
    kTaken,       //!< a worker has it; acquire
    kArmed,       //!< a timer runs, which is the object; release
    kDisarmed,    //!< it was stopped
    kFired,       //!< it has expired; acquire
    kFinished,    //!< the task has returned
    kEventBegins, //!< the main context begins an event, which knows nothing of the one before
    kRunBegins,   //!< Engine::Run(): all of before happens before all of after
    kRunEnds,     //!< the same
    kReset,       //!< Engine::Reset(): the next run begins, nothing of this one counts
    kQuiet, //!< nothing is left to do: no event, and no task that could go on; for last checks
};

/** How many kinds of effect there are. */
inline constexpr std::uint32_t kEffectKindCount =
    static_cast<std::uint32_t>(EffectKind::kQuiet) + 1;

/** One effect; see Observer::OnEffect(). */
struct Effect
{
    const Engine& engine;
    /** Whose doing it is; Engine::MainTask() for event handlers and outside of Run(). */
    const Task& task;
    EffectKind kind;
    /** The primitive. An address is only compared for being the same, never ordered or shown. */
    const void* sync;
    ObjectId object;
};

} // namespace interleave

#endif // INTERLEAVE_EFFECT_H
