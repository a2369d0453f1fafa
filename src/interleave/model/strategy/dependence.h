// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_DEPENDENCE_H
#define INTERLEAVE_DEPENDENCE_H

#include "interleave/model/operation.h"

#include <cstdint>

namespace interleave
{

/** What an operation does to its object, as far as the order of two operations matters. */
enum class AccessMode : std::uint8_t
{
    kNone,     //!< commutes with everything
    kRead,     //!< commutes with other reads of the object
    kWrite,    //!< commutes with nothing on the object
    kAwait,    //!< as kWrite, and possible only at times
    kAcquire,  //!< takes the object's lock
    kRelease,  //!< gives it back: only a try-lock could tell
    kTry,      //!< takes the lock if it is free
    kLifetime, //!< begins or ends the object's life: with its lock and with its data
};

/** Whether two operations of these modes on one object fail to commute; see below. */
bool Dependent(AccessMode left, AccessMode right);

/** How @p op touches its object. */
AccessMode AccessModeOf(const Op& op);

/**
 * True for operations whose effect depends on the instant at which they happen, or which change
 * what happens at a later one: they do not commute with the going on of simulated time.
 */
bool TouchesTime(const Op& op);

/**
 * False only if two operations of different tasks commute: done in either order they lead to the
 * same state, and neither makes the other impossible.
 *
 * Operations on different objects commute. An object's lock and its data are two things, so that a
 * lock of an object and a read of it commute. Giving a lock back commutes with waiting for it (the
 * one enables the other, they are never both possible) but not with a try-lock. Operations on no
 * object commute with everything, except that sends and receipts without an object stay in order.
 */
bool Dependent(const Op& left, const Op& right);

} // namespace interleave

#endif // INTERLEAVE_DEPENDENCE_H
