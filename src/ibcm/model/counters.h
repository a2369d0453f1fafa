// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_COUNTERS_H
#define IBCM_COUNTERS_H

#include "ib-wire/model/cm-messages.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace ibcm
{

/** Why a received MAD changed nothing, though it may have been answered. */
enum class Discard : std::uint8_t
{
    kBaseVersion,     ///< not 1
    kManagementClass, ///< not 7
    kClassVersion,    ///< not 2
    kMethod,          ///< neither Send nor a Get that is answered
    kAttribute,       ///< not one of the CM's messages
    kZeroCommId,      ///< the sender names no communication id where it must
    kReservedCode,    ///< MRA or REJ of a message that there is not
    kUnknownId,       ///< for no id here
    kUnexpected,      ///< the id's state does not take it, and it is no repetition
    kTransactionId,   ///< an answer to another request
    kQpnMismatch,     ///< a DREQ or LAP for another QP
    kBacklog,         ///< the listener has too many requests open: the sender's retry may succeed
    kPort,            ///< the port is being removed
};

inline constexpr std::size_t kDiscardCount = static_cast<std::size_t>(Discard::kPort) + 1;

const char* ToString(Discard cause);

/** How many messages of each kind; CM attributes 0x10 to 0x1a in order. */
using PerMessage = std::array<std::uint64_t, 11>;

/** The place of a CM message in PerMessage. */
constexpr std::size_t KindOf(ibwire::CmAttribute attribute)
{
    return static_cast<std::size_t>(attribute) -
           static_cast<std::size_t>(ibwire::CmAttribute::kReq);
}

/** What a port has made of the CM messages that were given to it. */
struct SendCounts
{
    /** Transmitted again, by time-out or MadPort::Resend. */
    PerMessage retransmitted{};
    /**
     * Taken and never transmitted: those that wait for their turn, and those that were cancelled
     * before it or could not be sent then.
     */
    PerMessage untransmitted{};
};

/**
 * What a port, or a whole manager, has seen. A MAD on the wire is counted once in sent or retried,
 * so that what ports send balances what they receive and the fabric lost or doubled.
 */
struct MessageCounters
{
    static constexpr std::size_t kKinds = 11;

    PerMessage sent{};       ///< first transmissions; not a request that waits for its turn
    PerMessage retried{};    ///< transmitted again: by time-out, or as the answer to a repetition
    PerMessage received{};   ///< well-formed
    PerMessage duplicates{}; ///< received before, and answered or dropped as such
    std::array<std::uint64_t, kDiscardCount> discarded{};

    MessageCounters& operator+=(const MessageCounters& other);

    /** MADs that are no CM message of this version. */
    std::uint64_t Malformed() const;
    /** Messages for no id here, or not expected in its state. */
    std::uint64_t Unmatched() const;
};

} // namespace ibcm

#endif /* IBCM_COUNTERS_H */
