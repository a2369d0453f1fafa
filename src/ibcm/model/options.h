// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_OPTIONS_H
#define IBCM_OPTIONS_H

#include "ib-wire/model/class-port-info.h"
#include "ibcm/model/behaviour.h"

#include <cstdint>
#include <optional>
#include <string>

namespace ibcm
{

class Trace;

/** The channel adapter that a ConnectionManager speaks for. */
struct DeviceInfo
{
    std::uint64_t caGuid{0};    ///< node GUID; not 0, as peers tell connections apart by it
    std::uint8_t caAckDelay{0}; ///< exponent: 4.096 us * 2^n
};

/** Bounds of every table: what is over is refused, never allocated. */
struct Limits
{
    std::uint32_t maxIds{1U << 20};       ///< 1..2^24, ids at one time
    std::uint32_t maxPeers{1U << 21};     ///< peers remembered, those in TIMEWAIT with them
    std::uint32_t maxListeners{65536};    ///< services listened to
    std::uint32_t maxSidrRequests{65536}; ///< SIDR_REQs not answered yet
    std::uint32_t backlog{16384};         ///< of one listener: REQs and SIDR_REQs that are neither
                                          ///< answered to the end nor refused; see ListenParameters
};

/** What a REQ must offer at least, or ask for at most; by default everything that can be encoded.
 */
struct Requirements
{
    std::uint8_t maxInitiatorDepth{255}; ///< of a REQ: more is REJ 27
    std::uint8_t minRnrRetryCount{0};    ///< of a REQ or REP: fewer is REJ 29
    std::uint16_t serviceLevels{0xffff}; ///< bit n: SL n may be used; others are REJ 14 and 20
};

struct Options
{
    Behaviour behaviour{Behaviour::kStrict};
    Limits limits;
    Requirements requirements; ///< not heeded with Behaviour::kLinux61
    /** ClassPortInfo's RespTimeValue: how long this CM takes to answer; exponent, 31 if above. */
    std::uint8_t responseTime{18};
    /**
     * Named by the answer to ClassPortInfo, and by REJ 24 and SIDR status 4 to each request. Its
     * fields must fit: QPN 24 bits, SL 4 bits, flow label 20 bits, and so on.
     */
    std::optional<ibwire::ClassPortInfo> redirect;
    std::uint8_t timelineDepth{
        16};               ///< the latest steps of each id that are kept for Timeline; 0: none
    Trace* trace{nullptr}; ///< outlives the manager

    /** What is wrong with the options, for a person; empty if nothing is. */
    std::string Problem() const;
};

} // namespace ibcm

#endif /* IBCM_OPTIONS_H */
