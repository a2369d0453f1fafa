// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_PROTOCOL_H
#define IBCM_PROTOCOL_H

#include "ibcm/model/behaviour.h"
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
    kCallSendMra,
    kCallSendRej,
    kCallSendDreq,
    kCallSendDrep,
    kCallSendLap,
    kCallSendApr,
    kCallSendSidrReq,
    kCallSendSidrRep,
    kCallNotifyEstablished,
    kCallNotifyMigrated,
    kCallDestroy,
    kCallDestroyNoMemory,  ///< destroyed for want of resources: a REQ is forgotten, not rejected
    kCallDestroyXrcTarget, ///< an XRC target QP may serve others when its creator has gone
    kReqAccepted,          ///< a REQ that matched a listener, on the new id
    kReqYielded,           ///< a peer's REQ for a peer-to-peer connection, to whom this side yields
    kReqDuplicate,         ///< a REQ whose sender and communication id are this connection's
    kMraReq,               ///< an MRA for the REQ
    kMraRep,
    kMraLap,
    kRep,
    kRepRefused, ///< a REP that this side cannot take
    kRtu,
    kRej,      ///< for any reason but 10
    kRejStale, ///< reason 10: the peer holds a connection with this QP
    kDreq,     ///< with the QPN of this side
    kDrep,
    kLap,
    kApr,
    kSidrReqAccepted, ///< a SIDR_REQ that matched a listener, on the new id
    kSidrRep,
    kReqTimeout, ///< the retries of the REQ have run out
    kRepTimeout,
    kDreqTimeout,
    kLapTimeout,
    kSidrReqTimeout,
    kTimewaitExit,
    kRedirected, ///< a REJ 24 or SIDR status 4 that is followed (13.5.2); where the request goes
                 ///< now, nobody knows of it yet
};

inline constexpr std::size_t kInputCount = static_cast<std::size_t>(Input::kRedirected) + 1;

const char* ToString(Input input);

/** The message that a row sends. */
enum class Reply : std::uint8_t
{
    kNone,
    kReq,
    kRep, ///< also again, for a REQ that comes again
    kRtu, ///< also again, for a REP that comes again
    kMraReq,
    kMraRep,
    kMraLap,
    kRejCaller,   ///< the reason is the caller's
    kRejConsumer, ///< reason 28
    kRejTimeout,  ///< reason 4, with the sender's CA GUID
    kRejStale,    ///< reason 10
    kDreq,
    kDreqOnce, ///< sent once: nobody waits for the answer
    kDrep,     ///< also again, for a DREQ that comes again
    kLap,
    kApr,
    kSidrReq,
    kSidrRep,
    kSidrRejected, ///< a SIDR_REP with status 2
};

/** What a row does besides sending and reporting; bits. */
enum Action : std::uint8_t
{
    kNoAction = 0,
    kCancelSend = 1,    ///< stop the reliable send that is under way
    kEnterTimewait = 2, ///< the peer record begins to age; while it does its QPN is blocked
    kForgetPeer = 4,    ///< drop the peer record: nothing of this connection can come any more
    kLeavePeer = 8,     ///< the aging peer record goes on without the id
    kUnlisten = 16,
    kExtendWait = 32, ///< the answer takes longer: wait by what the MRA says
    kForgetSidr = 64, ///< drop the record of the SIDR_REQ
    kUsePath = 128,   ///< the alternate path is the one in use from now on
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

/** One row of the table of alternate paths, which holds within ESTABLISHED (12.9.8.2). */
struct LapTransition
{
    LapState from;
    Input input;
    LapState to;
    std::uint8_t actions;
    Reply reply;
    EventType event;
};

/** All rows of Behaviour::kStrict, ordered by state. A pair that is not among them: a call is
 * refused, a message dropped. */
std::span<const Transition> Transitions();
std::span<const LapTransition> LapTransitions();

/** A row that another behaviour has instead of the strict one, and why. */
template <class Row>
struct Exception
{
    Row row;
    bool dropped; ///< there is no row at all: the message is dropped
    const char* what;
};

/** Where Behaviour::kLinux61 has other rows. */
std::span<const Exception<Transition>> LinuxTransitions();
std::span<const Exception<LapTransition>> LinuxLapTransitions();

/** The row for a pair, or null. */
const Transition* FindTransition(State state, Input input, Behaviour behaviour);
const LapTransition* FindTransition(LapState state, Input input, Behaviour behaviour);

/** Whether a state of the alternate path keeps an ESTABLISHED id from taking an input that the
 * state table has a row for. */
bool LapStateDrops(LapState state, Input input, Behaviour behaviour);

/** How a REJ names what it rejects; decided by the state before the rejection (12.6.7). */
struct RejForm
{
    std::uint8_t messageRejected; ///< 0 REQ, 1 REP, 2 no message
    bool hasLocalId;              ///< whether the REJ carries this side's communication id
};

RejForm RejFormFor(State state);

} // namespace ibcm

#endif /* IBCM_PROTOCOL_H */
