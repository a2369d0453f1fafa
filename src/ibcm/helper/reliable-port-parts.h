// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_RELIABLE_PORT_PARTS_H
#define IBCM_RELIABLE_PORT_PARTS_H

#include "ibcm/helper/reliable-port.h"
#include "ibcm/helper/send-table.h"
#include "ibcm/model/mad-port.h"

#include <array>
#include <cstddef>
#include <cstdint>

/**
 * @file
 * Private to ReliablePort.
 */

namespace ibcm
{

/** What Send was given. */
struct ReliablePort::Request
{
    ibwire::CmAttribute attribute;
    bool windowed; ///< goes through a window
    const ibwire::MadBytes& mad;
    const MadAddress& address;
    Duration timeout;
    unsigned retries;
    std::uint64_t context;
};

/** What is done under one hold of the lock when deadlines have passed. */
struct ReliablePort::Batch
{
    /** What the sink is told of a send that has ended. */
    struct Ended
    {
        std::uint64_t context;
        SendToken token;
        SendStatus status;
    };

    std::array<Ended, 64> ended;
    std::size_t count{0};
    SendLeftovers leftovers;
};

/** Those that go through windows: the others answer something. */
constexpr bool IsRequest(ibwire::CmAttribute attribute)
{
    return attribute == ibwire::CmAttribute::kReq || attribute == ibwire::CmAttribute::kSidrReq ||
           attribute == ibwire::CmAttribute::kLap || attribute == ibwire::CmAttribute::kDreq;
}

} // namespace ibcm

#endif /* IBCM_RELIABLE_PORT_PARTS_H */
