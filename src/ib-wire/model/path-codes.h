// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * Codes that several messages share: MTU, rate, and the 5-bit times.
 */
#ifndef IB_WIRE_PATH_CODES_H
#define IB_WIRE_PATH_CODES_H

#include <chrono>
#include <cstdint>

namespace ibwire
{

/** Path, neighbour and port MTU: the payload of a packet. */
enum class Mtu : std::uint8_t
{
    k256 = 1,
    k512 = 2,
    k1024 = 3,
    k2048 = 4,
    k4096 = 5,
};

/** "256" … "4096", "reserved" for other codes. */
const char* ToString(Mtu mtu);

/** The MTU in bytes, 0 for a reserved code. */
std::uint32_t MtuBytes(Mtu mtu);

/** The largest MTU code that is at most so many bytes; Mtu{0} below 256. */
Mtu MtuFromBytes(std::uint32_t bytes);

/** Static rate of a path: 6 bits in PathRecord and CM messages. */
enum class Rate : std::uint8_t
{
    k2_5Gbps = 2,
    k10Gbps = 3,
    k30Gbps = 4,
    k5Gbps = 5,
    k20Gbps = 6,
    k40Gbps = 7,
    k60Gbps = 8,
    k80Gbps = 9,
    k120Gbps = 10,
    k14Gbps = 11,
    k56Gbps = 12,
    k112Gbps = 13,
    k168Gbps = 14,
    k25Gbps = 15,
    k100Gbps = 16,
    k200Gbps = 17,
    k300Gbps = 18,
    k28Gbps = 19,
    k50Gbps = 20,
    k400Gbps = 21,
    k600Gbps = 22,
    k800Gbps = 23,
    k1200Gbps = 24,
};

/** "2.5 Gb/s" … "1200 Gb/s", "reserved" for other codes. */
const char* ToString(Rate rate);

/** The nominal rate in units of 100 Mb/s (25 … 12000), 0 for a reserved code. */
std::uint32_t RateHundredMbps(Rate rate);

/** The slowest rate that is at least so many units of 100 Mb/s; Rate{0} above 12000. */
Rate RateFromHundredMbps(std::uint32_t units);

/**
 * The time behind a 5-bit time field: 4.096 µs × 2^code, 4.096 µs … 2.44 h.
 * Only the low five bits of the code count. (Code 0 as *local ACK timeout* of a QP means for ever:
 * that is the QP's affair.)
 */
constexpr std::chrono::nanoseconds TimeoutFromCode(std::uint8_t code)
{
    return std::chrono::nanoseconds{std::int64_t{4096} << (code & 0x1f)};
}

/** The smallest 5-bit code whose time is at least this long; 31 if there is none. */
constexpr std::uint8_t TimeoutToCode(std::chrono::nanoseconds time)
{
    std::uint8_t code = 0;
    while (code < 31 && TimeoutFromCode(code) < time)
    {
        ++code;
    }
    return code;
}

} // namespace ibwire

#endif // IB_WIRE_PATH_CODES_H
