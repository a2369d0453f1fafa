// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/strategy/dependence.h"

namespace interleave
{

namespace
{

bool OfLock(AccessMode mode)
{
    return mode == AccessMode::kAcquire || mode == AccessMode::kRelease || mode == AccessMode::kTry;
}

/** For two operations on one object's lock. */
bool LockDependent(AccessMode left, AccessMode right)
{
    // A release is possible only while the lock is held: no second release, and no acquisition.
    return left == AccessMode::kTry || right == AccessMode::kTry ||
           (left == AccessMode::kAcquire && right == AccessMode::kAcquire);
}

} // namespace

AccessMode AccessModeOf(const Op& op)
{
    if (op.object.type == 0 && op.kind != OpKind::kSend && op.kind != OpKind::kReceive)
    {
        return AccessMode::kNone;
    }
    switch (op.kind)
    {
    case OpKind::kStart:
    case OpKind::kYield:
        return AccessMode::kNone;
    case OpKind::kLock:
        return AccessMode::kAcquire;
    case OpKind::kTryLock:
        return AccessMode::kTry;
    case OpKind::kUnlock:
        return AccessMode::kRelease;
    case OpKind::kAlloc:
    case OpKind::kFree:
        return AccessMode::kLifetime;
    case OpKind::kWait:
    case OpKind::kTake:
    case OpKind::kFlush:
        return AccessMode::kAwait;
    default:
        return op.write ? AccessMode::kWrite : AccessMode::kRead;
    }
}

bool TouchesTime(const Op& op)
{
    switch (op.kind)
    {
    case OpKind::kTimerArm:
    case OpKind::kTimerFire:
    case OpKind::kCancel:
    case OpKind::kSend:
    case OpKind::kReceive:
        return true;
    case OpKind::kWait:
        return op.object.type == 0; // a sleep
    default:
        return false;
    }
}

bool Dependent(AccessMode left, AccessMode right)
{
    if (left == AccessMode::kNone || right == AccessMode::kNone)
    {
        return false;
    }
    if (left == AccessMode::kLifetime || right == AccessMode::kLifetime)
    {
        return true;
    }
    if (OfLock(left) || OfLock(right))
    {
        return OfLock(left) && OfLock(right) && LockDependent(left, right);
    }
    return left != AccessMode::kRead || right != AccessMode::kRead;
}

bool Dependent(const Op& left, const Op& right)
{
    return left.object == right.object && Dependent(AccessModeOf(left), AccessModeOf(right));
}

} // namespace interleave
