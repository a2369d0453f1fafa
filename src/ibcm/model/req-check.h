// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_REQ_CHECK_H
#define IBCM_REQ_CHECK_H

#include "ib-wire/model/cm-messages.h"
#include "ibcm/model/mad-port.h"
#include "ibcm/model/options.h"
#include "ibcm/model/port-slot.h"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

namespace ibcm
{

/** Why a REQ is rejected, and the additional information that goes with the reason (12.6.7.2). */
struct Refusal
{
    ibwire::RejReason reason{};
    std::uint8_t infoLength{0};
    std::array<std::uint8_t, 72> info{};

    std::span<const std::uint8_t> Info() const
    {
        return {info.data(), infoLength};
    }
};

/**
 * Whether a path with this rate can end at a port: it is a rate, and no faster than the port's link
 * (REJ 17 and 23 name the most that is acceptable, 12.6.7.2). 0 stands for the rate that the port
 * has at present; a port that does not know its own takes every rate.
 */
bool RateFits(const MadPort& port, ibwire::Rate rate);

/** What a REQ is checked against. */
struct ReqChecks
{
    const MadPort& arrival; ///< the port that it came in at
    /** The port that has a GID, or null. */
    std::function<PortRef(const ibwire::Gid&)> portOf;
    const Requirements& requirements;
    Behaviour behaviour;
};

/** The first thing that is wrong with a REQ; nothing if it is valid. Pure but for the ports. */
std::optional<Refusal> CheckReceivedReq(const ibwire::CmReq& req, const ReqChecks& checks);

} // namespace ibcm

#endif /* IBCM_REQ_CHECK_H */
