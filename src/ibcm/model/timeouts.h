// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_TIMEOUTS_H
#define IBCM_TIMEOUTS_H

#include "ibcm/model/behaviour.h"
#include "ibcm/model/runtime.h"

#include <cstdint>

/**
 * @file
 * How long to wait: the specification's formulas over its 5-bit exponents of time, without a clock.
 * InfiniBand Architecture vol. 1, 12.7.34, 12.9.8.5 and 12.9.8.6; 9.9.2.1 for the ACK timeout.
 */

namespace ibcm
{

/**
 * 4.096 us * 2^exponent; Linux has it in milliseconds, rounded to a power of two and up to one.
 * @param exponent 0..31; the upper bits are ignored.
 */
constexpr Duration TimeoutFromExponent(std::uint8_t exponent,
                                       Behaviour behaviour = Behaviour::kStrict)
{
    const unsigned n = exponent & 31U;
    if (behaviour == Behaviour::kLinux61)
    {
        return std::chrono::milliseconds{std::int64_t{1} << (n > 8 ? n - 8 : 0)};
    }
    return Duration{std::int64_t{4096} << n};
}

/** The wait for an answer to a REQ, and for one to a DREQ of the side that sent it: there, think,
 * back. */
constexpr Duration ReqResponseTimeout(std::uint8_t packetLifeTime,
                                      std::uint8_t remoteCmResponseTimeout,
                                      Behaviour behaviour = Behaviour::kStrict)
{
    return 2 * TimeoutFromExponent(packetLifeTime, behaviour) +
           TimeoutFromExponent(remoteCmResponseTimeout, behaviour);
}

/** The wait for an RTU after a REP: the time that the REQ asked for. */
constexpr Duration RepResponseTimeout(std::uint8_t reqLocalCmResponseTimeout,
                                      Behaviour behaviour = Behaviour::kStrict)
{
    return TimeoutFromExponent(reqLocalCmResponseTimeout, behaviour);
}

/** The wait for an answer after an MRA: what it asks for, and the way. */
constexpr Duration MraTimeout(std::uint8_t serviceTimeout,
                              std::uint8_t ackTimeout,
                              Behaviour behaviour = Behaviour::kStrict)
{
    return TimeoutFromExponent(serviceTimeout, behaviour) +
           TimeoutFromExponent(ackTimeout, behaviour);
}

/** Twice a packet's lifetime, as an exponent. */
constexpr std::uint8_t RoundTrip(std::uint8_t packetLifeTime)
{
    return static_cast<std::uint8_t>(packetLifeTime < 31 ? packetLifeTime + 1 : 31);
}

/** The REQ's local ACK timeout, an exponent: a round trip and the CA's delay, rounded up. */
constexpr std::uint8_t AckTimeout(std::uint8_t caAckDelay, std::uint8_t packetLifeTime)
{
    // In exponents 2^a + 2^b is max(a, b), and one more if they are neighbours.
    unsigned timeout = packetLifeTime + 1U;
    const unsigned delay = caAckDelay;
    timeout = timeout >= delay ? timeout + (delay + 1 >= timeout ? 1 : 0)
                               : delay + (timeout + 1 >= delay ? 1 : 0);
    return static_cast<std::uint8_t>(timeout < 31 ? timeout : 31);
}

/**
 * How long stray packets of a connection may live: twice the packet lifetime and the peer's ACK
 * delay; Linux waits for the ACK timeout that follows from both.
 */
constexpr Duration TimewaitActive(std::uint8_t packetLifeTime,
                                  std::uint8_t targetAckDelay,
                                  Behaviour behaviour = Behaviour::kStrict)
{
    if (behaviour == Behaviour::kLinux61)
    {
        return TimeoutFromExponent(AckTimeout(targetAckDelay, packetLifeTime), behaviour);
    }
    return 2 * TimeoutFromExponent(packetLifeTime) + TimeoutFromExponent(targetAckDelay);
}

/**
 * The same while there is no REP to say the peer's delay, as after a REJ 10 of the REQ: the own
 * CA's stands for it; Linux counts none until it is said.
 */
constexpr Duration TimewaitUnanswered(std::uint8_t packetLifeTime,
                                      std::uint8_t caAckDelay,
                                      Behaviour behaviour = Behaviour::kStrict)
{
    if (behaviour == Behaviour::kLinux61)
    {
        return TimeoutFromExponent(RoundTrip(packetLifeTime), behaviour);
    }
    return TimewaitActive(packetLifeTime, caAckDelay);
}

/** The same for the passive side, to which the REQ gave both in one: its local ACK timeout. */
constexpr Duration TimewaitPassive(std::uint8_t reqLocalAckTimeout,
                                   Behaviour behaviour = Behaviour::kStrict)
{
    return TimeoutFromExponent(reqLocalAckTimeout, behaviour);
}

} // namespace ibcm

#endif /* IBCM_TIMEOUTS_H */
