// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_STATE_H
#define IBCM_STATE_H

#include <cstddef>
#include <cstdint>

namespace ibcm
{

/** Where a connection stands (InfiniBand Architecture vol. 1, 12.9.7); numbered as Linux traces do.
 */
enum class State : std::uint8_t
{
    kIdle = 0,
    kListen = 1,
    kReqSent = 2,
    kReqRcvd = 3,
    kMraReqSent = 4,
    kMraReqRcvd = 5,
    kRepSent = 6,
    kRepRcvd = 7,
    kMraRepSent = 8,
    kMraRepRcvd = 9,
    kEstablished = 10,
    kDreqSent = 11,
    kDreqRcvd = 12,
    kTimewait = 13,
    kSidrReqSent = 14,
    kSidrReqRcvd = 15,
};

inline constexpr std::size_t kStateCount = 16;

/** The specification's spelling, e.g. "REQ_SENT". */
const char* ToString(State state);

/**
 * Where the loading of an alternate path stands, within ESTABLISHED (12.9.8.2); numbered as Linux
 * does.
 */
enum class LapState : std::uint8_t
{
    kUninit = 0,
    kIdle = 1,
    kLapSent = 2,
    kLapRcvd = 3,
    kMraLapSent = 4,
    kMraLapRcvd = 5,
};

inline constexpr std::size_t kLapStateCount = 6;

/** The specification's spelling, e.g. "MRA_LAP_SENT"; "UNINIT" and "IDLE" for those without one. */
const char* ToString(LapState state);

} // namespace ibcm

#endif /* IBCM_STATE_H */
