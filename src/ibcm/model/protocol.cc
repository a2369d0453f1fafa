// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm/model/protocol.h"

#include <algorithm>
#include <array>

namespace ibcm
{

namespace
{

/** Joins actions; rows write them with |. */
constexpr std::uint8_t operator|(Action a, Action b)
{
    return static_cast<std::uint8_t>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}

using S = State;
using L = LapState;
using I = Input;
using R = Reply;
using E = EventType;

// clang-format off
constexpr Transition kTransitions[] = {
    // from           input                      to               actions                       reply             event
    {S::kIdle,        I::kCallListen,            S::kListen,      kNoAction,                    R::kNone,         E::kNone},
    {S::kIdle,        I::kCallSendReq,           S::kReqSent,     kNoAction,                    R::kReq,          E::kNone},
    {S::kIdle,        I::kCallSendSidrReq,       S::kSidrReqSent, kNoAction,                    R::kSidrReq,      E::kNone},
    {S::kIdle,        I::kReqAccepted,           S::kReqRcvd,     kNoAction,                    R::kNone,         E::kReqReceived},
    {S::kIdle,        I::kSidrReqAccepted,       S::kSidrReqRcvd, kNoAction,                    R::kNone,         E::kSidrReqReceived},

    {S::kListen,      I::kCallDestroy,           S::kIdle,        kUnlisten,                    R::kNone,         E::kNone},

    // Active side: the REQ is out.
    {S::kReqSent,     I::kRep,                   S::kRepRcvd,     kCancelSend,                  R::kNone,         E::kRepReceived},
    {S::kReqSent,     I::kRepRefused,            S::kIdle,        kCancelSend | kForgetPeer,    R::kRejCaller,    E::kReqError},
    {S::kReqSent,     I::kMraReq,                S::kMraReqRcvd,  kExtendWait,                  R::kNone,         E::kMraReceived},
    {S::kReqSent,     I::kReqYielded,            S::kReqRcvd,     kCancelSend,                  R::kNone,         E::kReqReceived},
    {S::kReqSent,     I::kRej,                   S::kIdle,        kCancelSend | kForgetPeer,    R::kNone,         E::kRejReceived},
    {S::kReqSent,     I::kRejStale,              S::kTimewait,    kCancelSend | kEnterTimewait, R::kNone,         E::kRejReceived},
    {S::kReqSent,     I::kRedirected,            S::kReqSent,     kCancelSend,                  R::kReq,          E::kNone},
    {S::kReqSent,     I::kReqTimeout,            S::kIdle,        kForgetPeer,                  R::kRejTimeout,   E::kReqError},
    {S::kReqSent,     I::kCallSendRej,           S::kIdle,        kCancelSend | kForgetPeer,    R::kRejCaller,    E::kNone},
    {S::kReqSent,     I::kCallDestroy,           S::kIdle,        kCancelSend | kForgetPeer,    R::kRejTimeout,   E::kNone},

    {S::kMraReqRcvd,  I::kRep,                   S::kRepRcvd,     kCancelSend,                  R::kNone,         E::kRepReceived},
    {S::kMraReqRcvd,  I::kRepRefused,            S::kIdle,        kCancelSend | kForgetPeer,    R::kRejCaller,    E::kReqError},
    {S::kMraReqRcvd,  I::kRej,                   S::kIdle,        kCancelSend | kForgetPeer,    R::kNone,         E::kRejReceived},
    {S::kMraReqRcvd,  I::kRejStale,              S::kTimewait,    kCancelSend | kEnterTimewait, R::kNone,         E::kRejReceived},
    // The CM that sent the MRA is not the one that is asked now.
    {S::kMraReqRcvd,  I::kRedirected,            S::kReqSent,     kCancelSend,                  R::kReq,          E::kNone},
    {S::kMraReqRcvd,  I::kReqTimeout,            S::kIdle,        kForgetPeer,                  R::kRejTimeout,   E::kReqError},
    {S::kMraReqRcvd,  I::kCallSendRej,           S::kIdle,        kCancelSend | kForgetPeer,    R::kRejCaller,    E::kNone},
    {S::kMraReqRcvd,  I::kCallDestroy,           S::kIdle,        kCancelSend | kForgetPeer,    R::kRejTimeout,   E::kNone},

    // The REP has come; the consumer prepares its QP.
    {S::kRepRcvd,     I::kCallSendRtu,           S::kEstablished, kNoAction,                    R::kRtu,          E::kNone},
    {S::kRepRcvd,     I::kCallSendMra,           S::kMraRepSent,  kNoAction,                    R::kMraRep,       E::kNone},
    {S::kRepRcvd,     I::kRej,                   S::kTimewait,    kEnterTimewait,               R::kNone,         E::kRejReceived},
    {S::kRepRcvd,     I::kRejStale,              S::kTimewait,    kEnterTimewait,               R::kNone,         E::kRejReceived},
    {S::kRepRcvd,     I::kCallSendRej,           S::kIdle,        kForgetPeer,                  R::kRejCaller,    E::kNone},
    {S::kRepRcvd,     I::kCallDestroy,           S::kIdle,        kForgetPeer,                  R::kRejConsumer,  E::kNone},

    {S::kMraRepSent,  I::kCallSendRtu,           S::kEstablished, kNoAction,                    R::kRtu,          E::kNone},
    {S::kMraRepSent,  I::kRep,                   S::kMraRepSent,  kNoAction,                    R::kMraRep,       E::kNone},
    {S::kMraRepSent,  I::kRej,                   S::kTimewait,    kEnterTimewait,               R::kNone,         E::kRejReceived},
    {S::kMraRepSent,  I::kRejStale,              S::kTimewait,    kEnterTimewait,               R::kNone,         E::kRejReceived},
    {S::kMraRepSent,  I::kCallSendRej,           S::kIdle,        kForgetPeer,                  R::kRejCaller,    E::kNone},
    {S::kMraRepSent,  I::kCallDestroy,           S::kIdle,        kForgetPeer,                  R::kRejConsumer,  E::kNone},

    // Passive side: a REQ has come.
    {S::kReqRcvd,     I::kCallSendRep,           S::kRepSent,     kNoAction,                    R::kRep,          E::kNone},
    {S::kReqRcvd,     I::kCallSendMra,           S::kMraReqSent,  kNoAction,                    R::kMraReq,       E::kNone},
    {S::kReqRcvd,     I::kCallSendRej,           S::kIdle,        kForgetPeer,                  R::kRejCaller,    E::kNone},
    {S::kReqRcvd,     I::kRej,                   S::kIdle,        kForgetPeer,                  R::kNone,         E::kRejReceived},
    {S::kReqRcvd,     I::kRejStale,              S::kTimewait,    kEnterTimewait,               R::kNone,         E::kRejReceived},
    {S::kReqRcvd,     I::kCallDestroy,           S::kIdle,        kForgetPeer,                  R::kRejConsumer,  E::kNone},
    {S::kReqRcvd,     I::kCallDestroyNoMemory,   S::kIdle,        kForgetPeer,                  R::kNone,         E::kNone},

    {S::kMraReqSent,  I::kCallSendRep,           S::kRepSent,     kNoAction,                    R::kRep,          E::kNone},
    {S::kMraReqSent,  I::kReqDuplicate,          S::kMraReqSent,  kNoAction,                    R::kMraReq,       E::kNone},
    {S::kMraReqSent,  I::kCallSendRej,           S::kIdle,        kForgetPeer,                  R::kRejCaller,    E::kNone},
    {S::kMraReqSent,  I::kRej,                   S::kIdle,        kForgetPeer,                  R::kNone,         E::kRejReceived},
    {S::kMraReqSent,  I::kRejStale,              S::kTimewait,    kEnterTimewait,               R::kNone,         E::kRejReceived},
    {S::kMraReqSent,  I::kCallDestroy,           S::kIdle,        kForgetPeer,                  R::kRejConsumer,  E::kNone},

    // The REP is out.
    {S::kRepSent,     I::kRtu,                   S::kEstablished, kCancelSend,                  R::kNone,         E::kRtuReceived},
    {S::kRepSent,     I::kCallNotifyEstablished, S::kEstablished, kCancelSend,                  R::kNone,         E::kUserEstablished},
    {S::kRepSent,     I::kMraRep,                S::kMraRepRcvd,  kExtendWait,                  R::kNone,         E::kMraReceived},
    // The peer has not seen the REP: it asks again.
    {S::kRepSent,     I::kReqDuplicate,          S::kRepSent,     kNoAction,                    R::kRep,          E::kNone},
    {S::kRepSent,     I::kRej,                   S::kIdle,        kCancelSend | kForgetPeer,    R::kNone,         E::kRejReceived},
    {S::kRepSent,     I::kRejStale,              S::kTimewait,    kCancelSend | kEnterTimewait, R::kNone,         E::kRejReceived},
    {S::kRepSent,     I::kRepTimeout,            S::kIdle,        kForgetPeer,                  R::kRejTimeout,   E::kRepError},
    // The RTU was lost and the peer is closing already.
    {S::kRepSent,     I::kDreq,                  S::kDreqRcvd,    kCancelSend,                  R::kNone,         E::kDreqReceived},
    // The peer may have taken the REP: its QP may have traffic in flight.
    {S::kRepSent,     I::kCallSendRej,           S::kTimewait,    kCancelSend | kEnterTimewait, R::kRejCaller,    E::kNone},
    {S::kRepSent,     I::kCallDestroy,           S::kTimewait,    kCancelSend | kEnterTimewait, R::kRejConsumer,  E::kNone},

    {S::kMraRepRcvd,  I::kRtu,                   S::kEstablished, kCancelSend,                  R::kNone,         E::kRtuReceived},
    {S::kMraRepRcvd,  I::kCallNotifyEstablished, S::kEstablished, kCancelSend,                  R::kNone,         E::kUserEstablished},
    {S::kMraRepRcvd,  I::kReqDuplicate,          S::kMraRepRcvd,  kNoAction,                    R::kRep,          E::kNone},
    {S::kMraRepRcvd,  I::kRej,                   S::kIdle,        kCancelSend | kForgetPeer,    R::kNone,         E::kRejReceived},
    {S::kMraRepRcvd,  I::kRejStale,              S::kTimewait,    kCancelSend | kEnterTimewait, R::kNone,         E::kRejReceived},
    {S::kMraRepRcvd,  I::kRepTimeout,            S::kIdle,        kForgetPeer,                  R::kRejTimeout,   E::kRepError},
    {S::kMraRepRcvd,  I::kDreq,                  S::kDreqRcvd,    kCancelSend,                  R::kNone,         E::kDreqReceived},
    {S::kMraRepRcvd,  I::kCallSendRej,           S::kTimewait,    kCancelSend | kEnterTimewait, R::kRejCaller,    E::kNone},
    {S::kMraRepRcvd,  I::kCallDestroy,           S::kTimewait,    kCancelSend | kEnterTimewait, R::kRejConsumer,  E::kNone},

    // Connected. A LAP that is out is of no use to a connection that ends.
    {S::kEstablished, I::kRep,                   S::kEstablished, kNoAction,                    R::kRtu,          E::kNone},
    {S::kEstablished, I::kDreq,                  S::kDreqRcvd,    kCancelSend,                  R::kNone,         E::kDreqReceived},
    {S::kEstablished, I::kRej,                   S::kTimewait,    kCancelSend | kEnterTimewait, R::kNone,         E::kRejReceived},
    {S::kEstablished, I::kRejStale,              S::kTimewait,    kCancelSend | kEnterTimewait, R::kNone,         E::kRejReceived},
    {S::kEstablished, I::kCallSendDreq,          S::kDreqSent,    kCancelSend,                  R::kDreq,         E::kNone},
    {S::kEstablished, I::kCallDestroy,           S::kDreqSent,    kCancelSend,                  R::kDreqOnce,     E::kNone},
    {S::kEstablished, I::kCallDestroyXrcTarget,  S::kIdle,        kCancelSend | kForgetPeer,    R::kNone,         E::kNone},

    // Disconnecting.
    {S::kDreqSent,    I::kDrep,                  S::kTimewait,    kCancelSend | kEnterTimewait, R::kNone,         E::kDrepReceived},
    {S::kDreqSent,    I::kDreq,                  S::kDreqRcvd,    kCancelSend,                  R::kNone,         E::kDreqReceived},
    {S::kDreqSent,    I::kRej,                   S::kTimewait,    kCancelSend | kEnterTimewait, R::kNone,         E::kRejReceived},
    {S::kDreqSent,    I::kRejStale,              S::kTimewait,    kCancelSend | kEnterTimewait, R::kNone,         E::kRejReceived},
    {S::kDreqSent,    I::kDreqTimeout,           S::kTimewait,    kEnterTimewait,               R::kNone,         E::kDreqError},
    {S::kDreqSent,    I::kCallDestroy,           S::kTimewait,    kCancelSend | kEnterTimewait, R::kNone,         E::kNone},

    {S::kDreqRcvd,    I::kCallSendDrep,          S::kTimewait,    kEnterTimewait,               R::kDrep,         E::kNone},
    {S::kDreqRcvd,    I::kDrep,                  S::kTimewait,    kEnterTimewait,               R::kNone,         E::kDrepReceived},
    {S::kDreqRcvd,    I::kCallDestroy,           S::kTimewait,    kEnterTimewait,               R::kDrep,         E::kNone},

    {S::kTimewait,    I::kReqDuplicate,          S::kTimewait,    kNoAction,                    R::kRejStale,     E::kNone},
    {S::kTimewait,    I::kDreq,                  S::kTimewait,    kNoAction,                    R::kDrep,         E::kNone},
    {S::kTimewait,    I::kTimewaitExit,          S::kIdle,        kForgetPeer,                  R::kNone,         E::kTimewaitExit},
    {S::kTimewait,    I::kCallDestroy,           S::kIdle,        kLeavePeer,                   R::kNone,         E::kNone},

    // Service id resolution (12.11).
    {S::kSidrReqSent, I::kSidrRep,               S::kIdle,        kCancelSend,                  R::kNone,         E::kSidrRepReceived},
    {S::kSidrReqSent, I::kRedirected,            S::kSidrReqSent, kCancelSend,                  R::kSidrReq,      E::kNone},
    {S::kSidrReqSent, I::kSidrReqTimeout,        S::kIdle,        kNoAction,                    R::kNone,         E::kSidrReqError},
    {S::kSidrReqSent, I::kCallDestroy,           S::kIdle,        kCancelSend,                  R::kNone,         E::kNone},
    {S::kSidrReqRcvd, I::kCallSendSidrRep,       S::kIdle,        kForgetSidr,                  R::kSidrRep,      E::kNone},
    {S::kSidrReqRcvd, I::kCallDestroy,           S::kIdle,        kForgetSidr,                  R::kSidrRejected, E::kNone},
};

constexpr LapTransition kLapTransitions[] = {
    {L::kUninit,     I::kCallSendLap,        L::kLapSent,    kNoAction,   R::kLap,    E::kNone},
    {L::kUninit,     I::kLap,                L::kLapRcvd,    kNoAction,   R::kNone,   E::kLapReceived},
    {L::kUninit,     I::kCallNotifyMigrated, L::kIdle,       kUsePath,    R::kNone,   E::kNone},

    {L::kIdle,       I::kCallSendLap,        L::kLapSent,    kNoAction,   R::kLap,    E::kNone},
    {L::kIdle,       I::kLap,                L::kLapRcvd,    kNoAction,   R::kNone,   E::kLapReceived},
    {L::kIdle,       I::kCallNotifyMigrated, L::kIdle,       kUsePath,    R::kNone,   E::kNone},

    // This side has asked.
    {L::kLapSent,    I::kMraLap,             L::kMraLapRcvd, kExtendWait, R::kNone,   E::kMraReceived},
    {L::kLapSent,    I::kApr,                L::kIdle,       kCancelSend, R::kNone,   E::kAprReceived},
    {L::kLapSent,    I::kLapTimeout,         L::kIdle,       kNoAction,   R::kNone,   E::kLapError},
    {L::kMraLapRcvd, I::kApr,                L::kIdle,       kCancelSend, R::kNone,   E::kAprReceived},
    {L::kMraLapRcvd, I::kLapTimeout,         L::kIdle,       kNoAction,   R::kNone,   E::kLapError},

    // The peer has asked.
    {L::kLapRcvd,    I::kCallSendMra,        L::kMraLapSent, kNoAction,   R::kMraLap, E::kNone},
    {L::kMraLapSent, I::kLap,                L::kMraLapSent, kNoAction,   R::kMraLap, E::kNone},
    {L::kLapRcvd,    I::kCallSendApr,        L::kIdle,       kNoAction,   R::kApr,    E::kNone},
    {L::kMraLapSent, I::kCallSendApr,        L::kIdle,       kNoAction,   R::kApr,    E::kNone},
};

constexpr Exception<Transition> kLinuxTransitions[] = {
    {{S::kReqSent,    I::kReqTimeout,   S::kIdle,       kForgetPeer, R::kNone, E::kReqError}, false,
     "no REJ(timeout) when the retries of the REQ have run out"},
    {{S::kMraReqRcvd, I::kReqTimeout,   S::kIdle,       kForgetPeer, R::kNone, E::kReqError}, false,
     "no REJ(timeout) when the retries of the REQ have run out"},
    {{S::kRepSent,    I::kRepTimeout,   S::kIdle,       kForgetPeer, R::kNone, E::kRepError}, false,
     "no REJ(timeout) when the retries of the REP have run out"},
    {{S::kMraRepRcvd, I::kRepTimeout,   S::kIdle,       kForgetPeer, R::kNone, E::kRepError}, false,
     "no REJ(timeout) when the retries of the REP have run out"},
    {{S::kRepSent,    I::kReqDuplicate, S::kRepSent,    kNoAction,   R::kNone, E::kNone},     true,
     "a REQ that comes again is dropped: the REP has its own timer"},
    {{S::kMraRepRcvd, I::kReqDuplicate, S::kMraRepRcvd, kNoAction,   R::kNone, E::kNone},     true,
     "a REQ that comes again is dropped: the REP has its own timer"},
};

constexpr Exception<LapTransition> kLinuxLapTransitions[] = {
    {{L::kLapSent,    I::kLapTimeout, L::kLapSent,    kNoAction, R::kNone, E::kNone}, false,
     "nothing is reported when the retries of the LAP have run out"},
    {{L::kMraLapRcvd, I::kLapTimeout, L::kMraLapRcvd, kNoAction, R::kNone, E::kNone}, false,
     "nothing is reported when the retries of the LAP have run out"},
    {{L::kIdle,       I::kRej,        L::kIdle,       kNoAction, R::kNone, E::kNone}, true,
     "once an alternate path was loaded a REJ is dropped"},
    {{L::kLapRcvd,    I::kRej,        L::kLapRcvd,    kNoAction, R::kNone, E::kNone}, true,
     "once an alternate path was loaded a REJ is dropped"},
    {{L::kMraLapSent, I::kRej,        L::kMraLapSent, kNoAction, R::kNone, E::kNone}, true,
     "once an alternate path was loaded a REJ is dropped"},
    {{L::kMraLapRcvd, I::kRej,        L::kMraLapRcvd, kNoAction, R::kNone, E::kNone}, true,
     "once an alternate path was loaded a REJ is dropped"},
};
// clang-format on

constexpr std::uint8_t kNoRow = 0xff;

template <std::size_t States>
using Index = std::array<std::array<std::uint8_t, kInputCount>, States>;

template <std::size_t States, class Row, std::size_t N>
constexpr Index<States> MakeIndex(const Row (&rows)[N])
{
    static_assert(N < kNoRow);
    Index<States> index{};
    for (auto& row : index)
    {
        row.fill(kNoRow);
    }
    for (std::size_t i = 0; i < N; ++i)
    {
        auto& cell =
            index[static_cast<std::size_t>(rows[i].from)][static_cast<std::size_t>(rows[i].input)];
        if (cell != kNoRow)
        {
            throw "two rows for one state and input";
        }
        cell = static_cast<std::uint8_t>(i);
    }
    return index;
}

constexpr Index<kStateCount> kIndex = MakeIndex<kStateCount>(kTransitions);
constexpr Index<kLapStateCount> kLapIndex = MakeIndex<kLapStateCount>(kLapTransitions);

template <class Row, class StateType, std::size_t N, std::size_t E, std::size_t States>
const Row* Find(const Row (&rows)[N],
                const Exception<Row> (&exceptions)[E],
                const Index<States>& index,
                StateType state,
                Input input,
                Behaviour behaviour)
{
    if (behaviour == Behaviour::kLinux61)
    {
        for (const auto& exception : exceptions)
        {
            if (exception.row.from == state && exception.row.input == input)
            {
                return exception.dropped ? nullptr : &exception.row;
            }
        }
    }
    const std::uint8_t row =
        index[static_cast<std::size_t>(state)][static_cast<std::size_t>(input)];
    return row == kNoRow ? nullptr : &rows[row];
}

constexpr const char* kInputNames[] = {
    "listen",
    "send REQ",
    "send REP",
    "send RTU",
    "send MRA",
    "send REJ",
    "send DREQ",
    "send DREP",
    "send LAP",
    "send APR",
    "send SIDR_REQ",
    "send SIDR_REP",
    "notify established",
    "notify migrated",
    "destroy",
    "destroy (no memory)",
    "destroy (XRC target)",
    "REQ",
    "peer's REQ wins",
    "duplicate REQ",
    "MRA of REQ",
    "MRA of REP",
    "MRA of LAP",
    "REP",
    "REP refused",
    "RTU",
    "REJ",
    "REJ stale",
    "DREQ",
    "DREP",
    "LAP",
    "APR",
    "SIDR_REQ",
    "SIDR_REP",
    "REQ timeout",
    "REP timeout",
    "DREQ timeout",
    "LAP timeout",
    "SIDR_REQ timeout",
    "timewait exit",
    "redirected",
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

constexpr const char* kLapStateNames[] = {
    "UNINIT",
    "IDLE",
    "LAP_SENT",
    "LAP_RCVD",
    "MRA_LAP_SENT",
    "MRA_LAP_RCVD",
};
static_assert(std::size(kLapStateNames) == kLapStateCount);

} // namespace

std::span<const Transition> Transitions()
{
    return kTransitions;
}

std::span<const LapTransition> LapTransitions()
{
    return kLapTransitions;
}

std::span<const Exception<Transition>> LinuxTransitions()
{
    return kLinuxTransitions;
}

std::span<const Exception<LapTransition>> LinuxLapTransitions()
{
    return kLinuxLapTransitions;
}

const Transition* FindTransition(State state, Input input, Behaviour behaviour)
{
    return Find(kTransitions, kLinuxTransitions, kIndex, state, input, behaviour);
}

const LapTransition* FindTransition(LapState state, Input input, Behaviour behaviour)
{
    return Find(kLapTransitions, kLinuxLapTransitions, kLapIndex, state, input, behaviour);
}

bool LapStateDrops(LapState state, Input input, Behaviour behaviour)
{
    const Input any = input == Input::kRejStale ? Input::kRej : input;
    return behaviour == Behaviour::kLinux61 && std::any_of(std::begin(kLinuxLapTransitions),
                                                           std::end(kLinuxLapTransitions),
                                                           [&](const auto& exception) {
                                                               return exception.dropped &&
                                                                      exception.row.from == state &&
                                                                      exception.row.input == any;
                                                           });
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

const char* ToString(LapState state)
{
    return kLapStateNames[static_cast<std::size_t>(state)];
}

const char* ToString(State state)
{
    return kStateNames[static_cast<std::size_t>(state)];
}

} // namespace ibcm
