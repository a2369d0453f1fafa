// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "matrix-table.h"

namespace ibcm::test::matrix
{

namespace
{

using S = State;
using L = LapState;
using I = Input;
using R = Reply;
using E = EventType;

// Sides of the handshake whose states always behave alike.
constexpr StateSet kAsking = In(S::kReqSent, S::kMraReqRcvd);
constexpr StateSet kAsked = In(S::kReqRcvd, S::kMraReqSent);
constexpr StateSet kReplied = In(S::kRepSent, S::kMraRepRcvd);
constexpr StateSet kCompleting = In(S::kRepRcvd, S::kMraRepSent);

constexpr unsigned kAge = kEnterTimewait;
constexpr unsigned kStopAndAge = kCancelSend | kEnterTimewait;
constexpr unsigned kStopAndForget = kCancelSend | kForgetPeer;

// clang-format off
constexpr Row<State> kRows[] = {
    // Calls of the active side. A REJ takes back what is still being sent: it stops that.
    {In(S::kIdle),          I::kCallSendReq,           S::kReqSent,     R::kReq,          E::kNone,            0},
    {kCompleting,           I::kCallSendRtu,           S::kEstablished, R::kRtu,          E::kNone,            0},
    {In(S::kRepRcvd),       I::kCallSendMra,           S::kMraRepSent,  R::kMraRep,       E::kNone,            0},
    {kAsking,               I::kCallSendRej,           S::kIdle,        R::kRejCaller,    E::kNone,            kStopAndForget},
    {kCompleting,           I::kCallSendRej,           S::kIdle,        R::kRejCaller,    E::kNone,            kForgetPeer},

    // What the active side hears.
    {kAsking,               I::kRep,                   S::kRepRcvd,     R::kNone,         E::kRepReceived,     kCancelSend},
    {kAsking,               I::kRepRefused,            S::kIdle,        R::kRejCaller,    E::kReqError,        kStopAndForget},
    {In(S::kReqSent),       I::kMraReq,                S::kMraReqRcvd,  R::kNone,         E::kMraReceived,     kExtendWait},
    {kAsking,               I::kRej,                   S::kIdle,        R::kNone,         E::kRejReceived,     kStopAndForget},
    {kAsking,               I::kRejStale,              S::kTimewait,    R::kNone,         E::kRejReceived,     kStopAndAge},
    // A redirection sends the request elsewhere (13.5.2). It is a new one there, whatever the CM
    // that points there had promised with an MRA.
    {kAsking,               I::kRedirected,            S::kReqSent,     R::kReq,          E::kNone,            kCancelSend},
    {kAsking,               I::kReqTimeout,            S::kIdle,        R::kRejTimeout,   E::kReqError,        kForgetPeer},
    {kCompleting,           I::kRej,                   S::kTimewait,    R::kNone,         E::kRejReceived,     kAge},
    {kCompleting,           I::kRejStale,              S::kTimewait,    R::kNone,         E::kRejReceived,     kAge},
    {In(S::kMraRepSent),    I::kRep,                   kSame,           R::kMraRep,       E::kNone,            0},
    {In(S::kEstablished),   I::kRep,                   kSame,           R::kRtu,          E::kNone,            0},
    // Both sides have asked, and this one loses. Once the peer serves its REQ it does not.
    {In(S::kReqSent),       I::kReqYielded,            S::kReqRcvd,     R::kNone,         E::kReqReceived,     kCancelSend},

    // Calls of the passive side. After the REP a REJ leaves a QP that may have been used.
    {In(S::kIdle),          I::kCallListen,            S::kListen,      R::kNone,         E::kNone,            0},
    {kAsked,                I::kCallSendRep,           S::kRepSent,     R::kRep,          E::kNone,            0},
    {In(S::kReqRcvd),       I::kCallSendMra,           S::kMraReqSent,  R::kMraReq,       E::kNone,            0},
    {kAsked,                I::kCallSendRej,           S::kIdle,        R::kRejCaller,    E::kNone,            kForgetPeer},
    {kReplied,              I::kCallSendRej,           S::kTimewait,    R::kRejCaller,    E::kNone,            kStopAndAge},
    {kReplied,              I::kCallNotifyEstablished, S::kEstablished, R::kNone,         E::kUserEstablished, kCancelSend},

    // What the passive side hears.
    {In(S::kIdle),          I::kReqAccepted,           S::kReqRcvd,     R::kNone,         E::kReqReceived,     0},
    {In(S::kMraReqSent),    I::kReqDuplicate,          kSame,           R::kMraReq,       E::kNone,            0},
    {kReplied,              I::kReqDuplicate,          kSame,           R::kRep,          E::kNone,            0},
    {In(S::kTimewait),      I::kReqDuplicate,          kSame,           R::kRejStale,     E::kNone,            0},
    {kAsked,                I::kRej,                   S::kIdle,        R::kNone,         E::kRejReceived,     kForgetPeer},
    {kAsked,                I::kRejStale,              S::kTimewait,    R::kNone,         E::kRejReceived,     kAge},
    {kReplied,              I::kRtu,                   S::kEstablished, R::kNone,         E::kRtuReceived,     kCancelSend},
    {In(S::kRepSent),       I::kMraRep,                S::kMraRepRcvd,  R::kNone,         E::kMraReceived,     kExtendWait},
    {kReplied,              I::kRej,                   S::kIdle,        R::kNone,         E::kRejReceived,     kStopAndForget},
    {kReplied,              I::kRejStale,              S::kTimewait,    R::kNone,         E::kRejReceived,     kStopAndAge},
    {kReplied,              I::kRepTimeout,            S::kIdle,        R::kRejTimeout,   E::kRepError,        kForgetPeer},

    // Disconnecting, either side. The RTU may be lost and the peer closing already; a LAP may be out.
    {In(S::kEstablished),   I::kCallSendDreq,          S::kDreqSent,    R::kDreq,         E::kNone,            kCancelSend},
    {In(S::kDreqRcvd),      I::kCallSendDrep,          S::kTimewait,    R::kDrep,         E::kNone,            kAge},
    {kReplied | In(S::kEstablished, S::kDreqSent),
                            I::kDreq,                  S::kDreqRcvd,    R::kNone,         E::kDreqReceived,    kCancelSend},
    {In(S::kTimewait),      I::kDreq,                  kSame,           R::kDrep,         E::kNone,            0},
    {In(S::kDreqSent),      I::kDrep,                  S::kTimewait,    R::kNone,         E::kDrepReceived,    kStopAndAge},
    {In(S::kDreqRcvd),      I::kDrep,                  S::kTimewait,    R::kNone,         E::kDrepReceived,    kAge},
    {In(S::kDreqSent),      I::kDreqTimeout,           S::kTimewait,    R::kNone,         E::kDreqError,       kAge},
    {In(S::kEstablished, S::kDreqSent),
                            I::kRej,                   S::kTimewait,    R::kNone,         E::kRejReceived,     kStopAndAge},
    {In(S::kEstablished, S::kDreqSent),
                            I::kRejStale,              S::kTimewait,    R::kNone,         E::kRejReceived,     kStopAndAge},
    {In(S::kTimewait),      I::kTimewaitExit,          S::kIdle,        R::kNone,         E::kTimewaitExit,    kForgetPeer},

    // Destroying, one step at a time, until IDLE.
    {In(S::kListen),        I::kCallDestroy,           S::kIdle,        R::kNone,         E::kNone,            kUnlisten},
    {kAsking,               I::kCallDestroy,           S::kIdle,        R::kRejTimeout,   E::kNone,            kStopAndForget},
    {kAsked | kCompleting,  I::kCallDestroy,           S::kIdle,        R::kRejConsumer,  E::kNone,            kForgetPeer},
    {In(S::kReqRcvd),       I::kCallDestroyNoMemory,   S::kIdle,        R::kNone,         E::kNone,            kForgetPeer},
    {kReplied,              I::kCallDestroy,           S::kTimewait,    R::kRejConsumer,  E::kNone,            kStopAndAge},
    {In(S::kEstablished),   I::kCallDestroy,           S::kDreqSent,    R::kDreqOnce,     E::kNone,            kCancelSend},
    {In(S::kEstablished),   I::kCallDestroyXrcTarget,  S::kIdle,        R::kNone,         E::kNone,            kStopAndForget},
    {In(S::kDreqSent),      I::kCallDestroy,           S::kTimewait,    R::kNone,         E::kNone,            kStopAndAge},
    {In(S::kDreqRcvd),      I::kCallDestroy,           S::kTimewait,    R::kDrep,         E::kNone,            kAge},
    {In(S::kTimewait),      I::kCallDestroy,           S::kIdle,        R::kNone,         E::kNone,            kLeavePeer},
    {In(S::kSidrReqSent),   I::kCallDestroy,           S::kIdle,        R::kNone,         E::kNone,            kCancelSend},
    {In(S::kSidrReqRcvd),   I::kCallDestroy,           S::kIdle,        R::kSidrRejected, E::kNone,            kForgetSidr},

    // Service id resolution.
    {In(S::kIdle),          I::kCallSendSidrReq,       S::kSidrReqSent, R::kSidrReq,      E::kNone,            0},
    {In(S::kIdle),          I::kSidrReqAccepted,       S::kSidrReqRcvd, R::kNone,         E::kSidrReqReceived, 0},
    {In(S::kSidrReqSent),   I::kSidrRep,               S::kIdle,        R::kNone,         E::kSidrRepReceived, kCancelSend},
    {In(S::kSidrReqSent),   I::kRedirected,            kSame,           R::kSidrReq,      E::kNone,            kCancelSend},
    {In(S::kSidrReqSent),   I::kSidrReqTimeout,        S::kIdle,        R::kNone,         E::kSidrReqError,    0},
    {In(S::kSidrReqRcvd),   I::kCallSendSidrRep,       S::kIdle,        R::kSidrRep,      E::kNone,            kForgetSidr},
};

constexpr LapStateSet kQuiet = In(L::kUninit, L::kIdle);
constexpr LapStateSet kProposing = In(L::kLapSent, L::kMraLapRcvd);
constexpr LapStateSet kProposed = In(L::kLapRcvd, L::kMraLapSent);

constexpr Row<LapState> kLapRows[] = {
    {kQuiet,             I::kCallSendLap,        L::kLapSent,    R::kLap,    E::kNone,        0},
    {In(L::kLapSent),    I::kMraLap,             L::kMraLapRcvd, R::kNone,   E::kMraReceived, kExtendWait},
    {kProposing,         I::kApr,                L::kIdle,       R::kNone,   E::kAprReceived, kCancelSend},
    {kProposing,         I::kLapTimeout,         L::kIdle,       R::kNone,   E::kLapError,    0},
    {kQuiet,             I::kLap,                L::kLapRcvd,    R::kNone,   E::kLapReceived, 0},
    {In(L::kLapRcvd),    I::kCallSendMra,        L::kMraLapSent, R::kMraLap, E::kNone,        0},
    {In(L::kMraLapSent), I::kLap,                kSameLap,       R::kMraLap, E::kNone,        0},
    {kProposed,          I::kCallSendApr,        L::kIdle,       R::kApr,    E::kNone,        0},
    {kQuiet,             I::kCallNotifyMigrated, L::kIdle,       R::kNone,   E::kNone,        kUsePath},
};

constexpr Difference<State> kDifferences[] = {
    {{kAsking, I::kReqTimeout, S::kIdle, R::kNone, E::kReqError, kForgetPeer}, false,
     "without a REJ(timeout) the peer keeps a half-made connection until its REP runs out"},
    {{kReplied, I::kRepTimeout, S::kIdle, R::kNone, E::kRepError, kForgetPeer}, false,
     "without a REJ(timeout) a peer whose RTUs were lost thinks that it is connected"},
    {{kReplied, I::kReqDuplicate, kSame, R::kNone, E::kNone, 0}, true,
     "the REP has its own timer; the strict side answers at once, as the peer has not seen it"},
};

constexpr Difference<LapState> kLapDifferences[] = {
    {{kProposing, I::kLapTimeout, kSameLap, R::kNone, E::kNone, 0}, false,
     "no Linux has ever reported LAP_ERROR: the lap state stays as it is for good"},
    {{In(L::kIdle, L::kMraLapRcvd) | kProposed, I::kRej, kSameLap, R::kNone, E::kNone, 0}, true,
     "a REJ is heard before any LAP and while one is out, and dropped after that"},
};

constexpr ExpectedRejForm kRejForms[] = {
    {In(S::kReqRcvd),    0, false},
    {In(S::kMraReqSent), 0, true},
    {kCompleting,        1, true},
};
// clang-format on

constexpr ExpectedRejForm kOtherRejForm = {~StateSet{0}, 2, true};

template <class State, std::size_t N>
const Row<State>* RowOf(const Row<State> (&rows)[N], State state, Input input)
{
    for (const Row<State>& row : rows)
    {
        if (row.input == input && Contains(row.from, state))
        {
            return &row;
        }
    }
    return nullptr;
}

template <class State, std::size_t N, std::size_t M>
std::optional<Step<State>> StepOf(const Row<State> (&rows)[N],
                                  const Difference<State> (&differences)[M],
                                  State state,
                                  Input input,
                                  Behaviour behaviour)
{
    const Row<State>* row = RowOf(rows, state, input);
    for (const Difference<State>& one : differences)
    {
        if (behaviour == Behaviour::kLinux61 && one.linux61.input == input &&
            Contains(one.linux61.from, state))
        {
            row = one.dropped ? nullptr : &one.linux61;
        }
    }
    if (row == nullptr)
    {
        return std::nullopt;
    }
    const State to = static_cast<unsigned>(row->to) == 0xff ? state : row->to;
    return Step<State>{to, row->reply, row->event, static_cast<std::uint8_t>(row->actions)};
}

} // namespace

std::span<const Row<State>> ExpectedRows()
{
    return kRows;
}

std::span<const Row<LapState>> ExpectedLapRows()
{
    return kLapRows;
}

std::span<const Difference<State>> ExpectedDifferences()
{
    return kDifferences;
}

std::span<const Difference<LapState>> ExpectedLapDifferences()
{
    return kLapDifferences;
}

std::optional<Step<State>> ExpectedStep(State state, Input input, Behaviour behaviour)
{
    return StepOf(kRows, kDifferences, state, input, behaviour);
}

std::optional<Step<LapState>> ExpectedStep(LapState state, Input input, Behaviour behaviour)
{
    return StepOf(kLapRows, kLapDifferences, state, input, behaviour);
}

bool ExpectRejIgnored(LapState state, Behaviour behaviour)
{
    return behaviour == Behaviour::kLinux61 &&
           Contains(In(L::kIdle, L::kMraLapRcvd) | kProposed, state);
}

const ExpectedRejForm& ExpectRejForm(State state)
{
    for (const ExpectedRejForm& form : kRejForms)
    {
        if (Contains(form.states, state))
        {
            return form;
        }
    }
    return kOtherRejForm;
}

} // namespace ibcm::test::matrix
