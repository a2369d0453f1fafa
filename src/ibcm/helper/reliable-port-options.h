// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_RELIABLE_PORT_OPTIONS_H
#define IBCM_RELIABLE_PORT_OPTIONS_H

#include "ibcm/model/runtime.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

/**
 * @file
 * How a ReliablePort treats a peer that does not answer, and how much it takes on.
 */

namespace ibcm
{

/**
 * Waits that grow with each retry. The wait t that Send was given (or Modify: an MRA's) passes
 * exactly as given; after the k-th retry it is min(t * f^k, maxTimeout), f = numerator /
 * denominator, give or take a random part of up to jitterPercent of it, either way. A t above
 * maxTimeout stays as it is. Rounding is down, at each step.
 *
 * Without a limit and jitter, r retries take t * (f^(r+1) - 1) / (f - 1) in all, instead of
 * t * (r + 1): with f = 2 and 15 retries 65535 t, so that maxTimeout is what counts: at most
 * t + r * maxTimeout * (100 + jitterPercent) / 100 for t up to maxTimeout. The peer does not know:
 * it judges by its own waits.
 */
struct Backoff
{
    std::uint32_t numerator{2};                    ///< denominator..kMaxFactorTerm
    std::uint32_t denominator{1};                  ///< 1..kMaxFactorTerm
    Duration maxTimeout{std::chrono::seconds{60}}; ///< above 0, up to kMaxTimeout; without jitter
    std::uint32_t jitterPercent{10};               ///< 0..99

    static constexpr std::uint32_t kMaxFactorTerm = 1000;
    static constexpr Duration kMaxTimeout = std::chrono::hours{24};
};

/** The wait after a retry, without jitter. @param timeout the one before, 0 or more. */
Duration NextTimeout(const Backoff& backoff, Duration timeout);

/** @p timeout with the jitter that 64 random bits make of it: deterministic, never negative. */
Duration WithJitter(const Backoff& backoff, Duration timeout, std::uint64_t random);

/** What a ReliablePort may be told. */
struct ReliablePortOptions
{
    /**
     * Requests (REQ, SIDR_REQ, LAP, DREQ; each kind by itself) that may be unanswered at one
     * destination: a DLID, a DGID if there is a GRH, and a QP. What is over waits for its turn,
     * first come, first served. 0: no limit.
     */
    std::size_t requestWindow{128};
    /** Requests that may wait in all; Send of one more is kNoResources. */
    std::size_t maxWaiting{65536};
    /** Of one kind at one destination, so that a dead one leaves room for the others. */
    std::size_t maxWaitingAtOneDestination{32768};
    /** Reliable sends in all, 1..kMaxPending; Send of one more is kNoResources. */
    std::size_t maxPending{std::size_t{1} << 20};
    /** Nothing: all waits are the same, as the specification has it. */
    std::optional<Backoff> backoff;

    static constexpr std::size_t kMaxPending = std::size_t{1} << 23;

    /** What is out of its range, for a person; empty if all is well. */
    std::string Problem() const;
};

} // namespace ibcm

#endif /* IBCM_RELIABLE_PORT_OPTIONS_H */
