// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_PROTOCOL_H
#define IBCM_PROTOCOL_H

#include "ibcm/model/event.h"
#include "ibcm/model/state.h"

#include <cstdint>
#include <span>

/**
 * @file
 * The connection protocol without locks, time or I/O: which state follows from a state and an
 * input, what is sent and what is reported. The shell (ConnectionManager) holds the locks and does
 * what a row says; tests enumerate the rows. InfiniBand Architecture vol. 1, 12.9.7 and 12.9.8.
 */

namespace ibcm
{

/** All that can happen to an id: calls of its consumer, messages, and times that run out. */
enum class Input : std::uint8_t
{
    kCallListen,
    kCallSendReq,
    kCallSendRep,
    kCallSendRtu,
    kCallSendRej,
    kCallSendDreq,
    kCallSendDrep,
    kCallNotifyEstablished,
    kCallDestroy,
    kCallDestroyNoMemory, ///< destroyed for want of resources: a REQ is forgotten, not rejected
    kReqAccepted,         ///< a REQ that matched a listener, on the new id
    kReqDuplicate,        ///< a REQ whose sender and communication id are this connection's
    kRep,
    kRtu,
    kRej,      ///< for any reason but 10
    kRejStale, ///< reason 10: the peer holds a connection with this QP
    kDreq,     ///< with the QPN of this side
    kDrep,
    kReqTimeout, ///< the retries of the REQ have run out
    kRepTimeout,
    kDreqTimeout,
    kTimewaitExit,
};

inline constexpr std::size_t kInputCount = static_cast<std::size_t>(Input::kTimewaitExit) + 1;

const char* ToString(Input input);

/** The message that a row sends. */
enum class Reply : std::uint8_t
{
    kNone,
    kReq,
    kRep,
    kRtu,         ///< also again, for a REP that comes again
    kRejCaller,   ///< the reason is the caller's
    kRejConsumer, ///< reason 28
    kRejTimeout,  ///< reason 4, with the sender's CA GUID
    kRejStale,    ///< reason 10
    kDreq,
    kDrep, ///< also again, for a DREQ that comes again
};

/** What a row does besides sending and reporting; bits. */
enum Action : std::uint8_t
{
    kNoAction = 0,
    kCancelSend = 1, ///< stop the reliable send that is under way
    kEnterTimewait =
        2, ///< the peer record begins to age, and goes on blocking its QPN until it is old
    kForgetPeer = 4, ///< drop the peer record: nothing of this connection can come any more
    kLeavePeer = 8,  ///< the aging peer record goes on without the id
    kUnlisten = 16,
};

/** One row of the state table. */
struct Transition
{
    State from;
    Input input;
    State to;
    std::uint8_t actions;
    Reply reply;
    EventType event;
};

/** All rows, ordered by state. A pair that is not among them: a call is refused, a message dropped.
 */
std::span<const Transition> Transitions();

/** The row for a pair, or null. */
const Transition* FindTransition(State state, Input input);

/** How a REJ names what it rejects; decided by the state before the rejection (12.6.7). */
struct RejForm
{
    std::uint8_t messageRejected; ///< 0 REQ, 1 REP, 2 no message
    bool hasLocalId;              ///< whether the REJ carries this side's communication id
};

RejForm RejFormFor(State state);

} // namespace ibcm

#endif /* IBCM_PROTOCOL_H */
