// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_HOST_THREADS_H
#define IBCM_HOST_THREADS_H

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

/**
 * @file
 * The operating system's threads, locks and clock, for those helpers that run on real ones:
 * HostRuntime and ThreadedWire. All that a simulated run must not use is named here and nowhere
 * else.
 */

namespace ibcm
{

// weft-lint: allow(determinism): real threads are what HostRuntime offers; no simulation makes one
using OsThread = std::thread;
// weft-lint: allow(determinism): as above
using OsMutex = std::mutex;
// weft-lint: allow(determinism): as above
using OsCondition = std::condition_variable;
// weft-lint: allow(determinism): time passes by itself there; no simulation makes a HostRuntime
using OsClock = std::chrono::steady_clock;

/** Tells the threads of this process apart: 1, 2, … in the order of their first call. */
std::uint32_t ThisOsThread();

/** Shown by debuggers and top; what is over 15 characters is cut off. */
void NameThisOsThread(const char* name);

} // namespace ibcm

#endif /* IBCM_HOST_THREADS_H */
