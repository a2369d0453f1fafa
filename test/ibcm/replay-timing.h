// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// How long the host of a replay waits, as far as its messages tell.
#ifndef WEFT_TEST_IBCM_REPLAY_TIMING_H
#define WEFT_TEST_IBCM_REPLAY_TIMING_H

#include "ibcm/model/behaviour.h"
#include "replay-step.h"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace ibcm::test
{

/** How the host's CA and one of its paths must be for its REQs to be as they are. */
struct TimingGuess
{
    std::uint8_t caAckDelay{0};
    std::map<std::uint32_t, std::uint8_t> packetLifeTime; ///< by the REQ's communication id
};

/**
 * Takes a REQ's ACK timeout apart into the CA's delay and the path's lifetime, which nobody tells:
 * those of all pairs that give it whose waits are nearest to those in the capture.
 */
TimingGuess GuessTiming(const std::vector<ReplayStep>& steps, Behaviour behaviour);

/** The first lifetime with which a CA writes an ACK timeout; 0 if there is none. */
std::uint8_t LifeTimeOf(std::uint8_t ackTimeout, std::uint8_t caAckDelay);

/** The shortest time that passed between two copies of a message; nothing if it came once. */
std::optional<Duration> WaitOf(const std::vector<ReplayStep>& steps, std::size_t first);

/** By the host's communication id: how long at least it waits for an answer to its DREQ. */
std::map<std::uint32_t, Duration> PatienceOf(const std::vector<ReplayStep>& steps,
                                             Behaviour behaviour);

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_REPLAY_TIMING_H
