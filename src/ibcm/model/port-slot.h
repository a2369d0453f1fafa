// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_PORT_SLOT_H
#define IBCM_PORT_SLOT_H

#include "ibcm/model/counters.h"
#include "ibcm/model/mad-port.h"

#include <array>
#include <atomic>
#include <cstdint>

namespace ibcm
{

/**
 * Private to the core: a port and what has been counted there. It stays when the port is removed,
 * as counters do; `port` is set while it is served and not changed meanwhile.
 */
struct PortSlot
{
    std::atomic<std::uint8_t> number{0}; ///< 0: never used
    std::atomic<MadPort*> port{nullptr};
    std::atomic<bool> removing{false};

    using Atomics = std::array<std::atomic<std::uint64_t>, MessageCounters::kKinds>;

    Atomics sent{};   ///< given to the port: those too that it has not transmitted
    Atomics resent{}; ///< by the core, as answers to repetitions; retries are the port's to count
    Atomics received{};
    Atomics duplicates{};
    std::array<std::atomic<std::uint64_t>, kDiscardCount> discarded{};
    /** Retransmissions of ports that were at this number before. */
    Atomics retriedBefore{};
    /** What such ports have taken and never transmitted; it is among `sent`. */
    Atomics unsentBefore{};
};

/** Relaxed: counters say how often, and order nothing. */
inline void Count(std::atomic<std::uint64_t>& counter)
{
    counter.fetch_add(1, std::memory_order_relaxed);
}

} // namespace ibcm

#endif /* IBCM_PORT_SLOT_H */
