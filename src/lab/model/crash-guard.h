// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_CRASH_GUARD_H
#define LAB_CRASH_GUARD_H

#include "interleave/model/engine.h"

namespace lab
{

/**
 * While one exists, a task that is stopped by SIGSEGV, SIGBUS, SIGFPE, SIGILL or SIGABRT (a stack
 * that overflows, too) ends its run with ViolationKind::kCrash instead of ending the process; the
 * log of the run is there as after any violation.
 *
 * Limits: code on the main context (event handlers, the simulator itself) is not covered. What the
 * task had half done stays half done: a crash in malloc() itself may leave that unusable. After a
 * crash a search should confirm what it found in a fresh process. Does nothing under
 * AddressSanitizer and ThreadSanitizer, which report better themselves. One at a time.
 */
class CrashGuard
{
  public:
    explicit CrashGuard(interleave::Engine& engine);
    ~CrashGuard();
    CrashGuard(const CrashGuard&) = delete;
    CrashGuard& operator=(const CrashGuard&) = delete;
};

} // namespace lab

#endif /* LAB_CRASH_GUARD_H */
