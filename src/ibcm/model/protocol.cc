// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm/model/protocol.h"

#include <array>

namespace ibcm
{

namespace
{

constexpr std::uint8_t operator|(Action a, Action b)
{
    return static_cast<std::uint8_t>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}

using S = State;
using I = Input;
using R = Reply;
using E = EventType;

// clang-format off
constexpr Transition kTransitions[] = {
    // from            input                       to                actions                       reply             event
    {S::kIdle,         I::kCallListen,             S::kListen,       kNoAction,                    R::kNone,         E::kNone},
    {S::kIdle,         I::kCallSendReq,            S::kReqSent,      kNoAction,                    R::kReq,          E::kNone},
    {S::kIdle,         I::kReqAccepted,            S::kReqRcvd,      kNoAction,                    R::kNone,         E::kReqReceived},

    {S::kListen,       I::kCallDestroy,            S::kIdle,         kUnlisten,                    R::kNone,         E::kNone},

    // Active side: the REQ is out.
    {S::kReqSent,      I::kRep,                    S::kRepRcvd,      kCancelSend,                  R::kNone,         E::kRepReceived},
    {S::kReqSent,      I::kRej,                    S::kIdle,         kCancelSend | kForgetPeer,    R::kNone,         E::kRejReceived},
    {S::kReqSent,      I::kRejStale,               S::kTimewait,     kCancelSend | kEnterTimewait, R::kNone,         E::kRejReceived},
    {S::kReqSent,      I::kReqTimeout,             S::kIdle,         kForgetPeer,                  R::kRejTimeout,   E::kReqError},
    {S::kReqSent,      I::kCallSendRej,            S::kIdle,         kCancelSend | kForgetPeer,    R::kRejCaller,    E::kNone},
    {S::kReqSent,      I::kCallDestroy,            S::kIdle,         kCancelSend | kForgetPeer,    R::kRejTimeout,   E::kNone},

    {S::kRepRcvd,      I::kCallSendRtu,            S::kEstablished,  kNoAction,                    R::kRtu,          E::kNone},
    {S::kRepRcvd,      I::kRej,                    S::kTimewait,     kEnterTimewait,               R::kNone,         E::kRejReceived},
    {S::kRepRcvd,      I::kRejStale,               S::kTimewait,     kEnterTimewait,               R::kNone,         E::kRejReceived},
    {S::kRepRcvd,      I::kCallSendRej,            S::kIdle,         kForgetPeer,                  R::kRejCaller,    E::kNone},
    {S::kRepRcvd,      I::kCallDestroy,            S::kIdle,         kForgetPeer,                  R::kRejConsumer,  E::kNone},

    // Passive side: a REQ has come.
    {S::kReqRcvd,      I::kCallSendRep,            S::kRepSent,      kNoAction,                    R::kRep,          E::kNone},
    {S::kReqRcvd,      I::kCallSendRej,            S::kIdle,         kForgetPeer,                  R::kRejCaller,    E::kNone},
    {S::kReqRcvd,      I::kRej,                    S::kIdle,         kForgetPeer,                  R::kNone,         E::kRejReceived},
    {S::kReqRcvd,      I::kRejStale,               S::kTimewait,     kEnterTimewait,               R::kNone,         E::kRejReceived},
    {S::kReqRcvd,      I::kCallDestroy,            S::kIdle,         kForgetPeer,                  R::kRejConsumer,  E::kNone},
    {S::kReqRcvd,      I::kCallDestroyNoMemory,    S::kIdle,         kForgetPeer,                  R::kNone,         E::kNone},

    {S::kRepSent,      I::kRtu,                    S::kEstablished,  kCancelSend,                  R::kNone,         E::kRtuReceived},
    {S::kRepSent,      I::kCallNotifyEstablished,  S::kEstablished,  kCancelSend,                  R::kNone,         E::kUserEstablished},
    {S::kRepSent,      I::kRej,                    S::kIdle,         kCancelSend | kForgetPeer,    R::kNone,         E::kRejReceived},
    {S::kRepSent,      I::kRejStale,               S::kTimewait,     kCancelSend | kEnterTimewait, R::kNone,         E::kRejReceived},
    {S::kRepSent,      I::kRepTimeout,             S::kIdle,         kForgetPeer,                  R::kRejTimeout,   E::kRepError},
    // The RTU was lost and the peer is closing already.
    {S::kRepSent,      I::kDreq,                   S::kDreqRcvd,     kCancelSend,                  R::kNone,         E::kDreqReceived},
    // The peer may have taken the REP: its QP may have traffic in flight.
    {S::kRepSent,      I::kCallSendRej,            S::kTimewait,     kCancelSend | kEnterTimewait, R::kRejCaller,    E::kNone},
    {S::kRepSent,      I::kCallDestroy,            S::kTimewait,     kCancelSend | kEnterTimewait, R::kRejConsumer,  E::kNone},

    // Connected.
    {S::kEstablished,  I::kRep,                    S::kEstablished,  kNoAction,                    R::kRtu,          E::kNone},
    {S::kEstablished,  I::kDreq,                   S::kDreqRcvd,     kNoAction,                    R::kNone,         E::kDreqReceived},
    {S::kEstablished,  I::kRej,                    S::kTimewait,     kEnterTimewait,               R::kNone,         E::kRejReceived},
    {S::kEstablished,  I::kRejStale,               S::kTimewait,     kEnterTimewait,               R::kNone,         E::kRejReceived},
    {S::kEstablished,  I::kCallSendDreq,           S::kDreqSent,     kNoAction,                    R::kDreq,         E::kNone},
    {S::kEstablished,  I::kCallDestroy,            S::kDreqSent,     kNoAction,                    R::kDreq,         E::kNone},

    // Disconnecting.
    {S::kDreqSent,     I::kDrep,                   S::kTimewait,     kCancelSend | kEnterTimewait, R::kNone,         E::kDrepReceived},
    {S::kDreqSent,     I::kDreq,                   S::kDreqRcvd,     kCancelSend,                  R::kNone,         E::kDreqReceived},
    {S::kDreqSent,     I::kRej,                    S::kTimewait,     kCancelSend | kEnterTimewait, R::kNone,         E::kRejReceived},
    {S::kDreqSent,     I::kRejStale,               S::kTimewait,     kCancelSend | kEnterTimewait, R::kNone,         E::kRejReceived},
    {S::kDreqSent,     I::kDreqTimeout,            S::kTimewait,     kEnterTimewait,               R::kNone,         E::kDreqError},
    {S::kDreqSent,     I::kCallDestroy,            S::kTimewait,     kCancelSend | kEnterTimewait, R::kNone,         E::kNone},

    {S::kDreqRcvd,     I::kCallSendDrep,           S::kTimewait,     kEnterTimewait,               R::kDrep,         E::kNone},
    {S::kDreqRcvd,     I::kDrep,                   S::kTimewait,     kEnterTimewait,               R::kNone,         E::kDrepReceived},
    {S::kDreqRcvd,     I::kCallDestroy,            S::kTimewait,     kEnterTimewait,               R::kDrep,         E::kNone},

    {S::kTimewait,     I::kReqDuplicate,           S::kTimewait,     kNoAction,                    R::kRejStale,     E::kNone},
    {S::kTimewait,     I::kDreq,                   S::kTimewait,     kNoAction,                    R::kDrep,         E::kNone},
    {S::kTimewait,     I::kTimewaitExit,           S::kIdle,         kForgetPeer,                  R::kNone,         E::kTimewaitExit},
    {S::kTimewait,     I::kCallDestroy,            S::kIdle,         kLeavePeer,                   R::kNone,         E::kNone},
};
// clang-format on

using Index = std::array<std::array<std::uint8_t, kInputCount>, kStateCount>;

constexpr std::uint8_t kNoRow = 0xff;
static_assert(std::size(kTransitions) < kNoRow);

constexpr Index MakeIndex()
{
    Index index{};
    for (auto& row : index)
    {
        row.fill(kNoRow);
    }
    for (std::size_t i = 0; i < std::size(kTransitions); ++i)
    {
        auto& cell = index[static_cast<std::size_t>(kTransitions[i].from)]
                          [static_cast<std::size_t>(kTransitions[i].input)];
        if (cell != kNoRow)
        {
            throw "two rows for one state and input";
        }
        cell = static_cast<std::uint8_t>(i);
    }
    return index;
}

constexpr Index kIndex = MakeIndex();

constexpr const char* kInputNames[] = {
    "listen",       "send REQ",
    "send REP",     "send RTU",
    "send REJ",     "send DREQ",
    "send DREP",    "notify established",
    "destroy",      "destroy (no memory)",
    "REQ",          "duplicate REQ",
    "REP",          "RTU",
    "REJ",          "REJ stale",
    "DREQ",         "DREP",
    "REQ timeout",  "REP timeout",
    "DREQ timeout", "timewait exit",
};
static_assert(std::size(kInputNames) == kInputCount);

constexpr const char* kStateNames[] = {
    "IDLE",
    "LISTEN",
    "REQ_SENT",
    "REQ_RCVD",
    "MRA_REQ_SENT",
    "MRA_REQ_RCVD",
    "REP_SENT",
    "REP_RCVD",
    "MRA_REP_SENT",
    "MRA_REP_RCVD",
    "ESTABLISHED",
    "DREQ_SENT",
    "DREQ_RCVD",
    "TIMEWAIT",
    "SIDR_REQ_SENT",
    "SIDR_REQ_RCVD",
};
static_assert(std::size(kStateNames) == kStateCount);

} // namespace

std::span<const Transition> Transitions()
{
    return kTransitions;
}

const Transition* FindTransition(State state, Input input)
{
    const std::uint8_t row =
        kIndex[static_cast<std::size_t>(state)][static_cast<std::size_t>(input)];
    return row == kNoRow ? nullptr : &kTransitions[row];
}

RejForm RejFormFor(State state)
{
    switch (state)
    {
    case State::kReqRcvd:
        return {0, false};
    case State::kMraReqSent:
        return {0, true};
    case State::kRepRcvd:
    case State::kMraRepSent:
        return {1, true};
    default:
        return {2, true};
    }
}

const char* ToString(Input input)
{
    return kInputNames[static_cast<std::size_t>(input)];
}

const char* ToString(State state)
{
    return kStateNames[static_cast<std::size_t>(state)];
}

} // namespace ibcm
