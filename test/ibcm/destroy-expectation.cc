// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "destroy-expectation.h"

#include <algorithm>
#include <optional>

namespace ibcm::test
{

namespace
{

using S = State;
using L = LapState;
using M = Message;

enum class Side
{
    kAny,
    kActive,
    kPassive,
};

/** What is not here changes nothing and is not answered. "peer" is whoever sent the message. */
struct ReactionRow
{
    Side side;
    S from;
    std::optional<L> lap;
    M message;
    S to;
    L toLap;
    const char* sends;
};

constexpr std::optional<L> kAnyLap;
constexpr auto kBoth = Side::kAny;
constexpr auto kActive = Side::kActive;
constexpr auto kPassive = Side::kPassive;

// clang-format off
const ReactionRow kReactions[] = {
    // A REQ that comes again.
    {kPassive, S::kMraReqSent,  kAnyLap,        M::kReq,     S::kMraReqSent,  L::kUninit,      "MRA own/peer"},
    {kPassive, S::kRepSent,     kAnyLap,        M::kReq,     S::kRepSent,     L::kUninit,      "REP own/peer"},
    {kPassive, S::kMraRepRcvd,  kAnyLap,        M::kReq,     S::kMraRepRcvd,  L::kUninit,      "REP own/peer"},
    {kPassive, S::kTimewait,    kAnyLap,        M::kReq,     S::kTimewait,    L::kUninit,      "REJ 10 REQ 0/peer"},
    // A REQ of the peer's QP: nobody listens, or the QP is connected here.
    {kActive,  S::kIdle,        kAnyLap,        M::kReq,     S::kIdle,        L::kUninit,      "REJ 8 REQ 0/other"},
    {kActive,  S::kReqSent,     kAnyLap,        M::kReq,     S::kReqSent,     L::kUninit,      "REJ 8 REQ 0/other"},
    {kActive,  S::kMraReqRcvd,  kAnyLap,        M::kReq,     S::kMraReqRcvd,  L::kUninit,      "REJ 8 REQ 0/other"},
    {kActive,  S::kSidrReqSent, kAnyLap,        M::kReq,     S::kSidrReqSent, L::kUninit,      "REJ 8 REQ 0/other"},
    {kActive,  S::kRepRcvd,     kAnyLap,        M::kReq,     S::kRepRcvd,     L::kUninit,      "REJ 10 REQ 0/other"},
    {kActive,  S::kMraRepSent,  kAnyLap,        M::kReq,     S::kMraRepSent,  L::kUninit,      "REJ 10 REQ 0/other"},
    {kActive,  S::kEstablished, kAnyLap,        M::kReq,     S::kDreqSent,    L::kUninit,      "REJ 10 REQ 0/other, DREQ own/peer"},
    {kActive,  S::kDreqSent,    kAnyLap,        M::kReq,     S::kDreqSent,    L::kUninit,      "REJ 10 REQ 0/other"},
    {kActive,  S::kDreqRcvd,    kAnyLap,        M::kReq,     S::kDreqRcvd,    L::kUninit,      "REJ 10 REQ 0/other"},
    {kActive,  S::kTimewait,    kAnyLap,        M::kReq,     S::kTimewait,    L::kUninit,      "REJ 10 REQ 0/other"},

    {kBoth,    S::kReqSent,     kAnyLap,        M::kMraReq,  S::kMraReqRcvd,  L::kUninit,      ""},
    {kBoth,    S::kRepSent,     kAnyLap,        M::kMraRep,  S::kMraRepRcvd,  L::kUninit,      ""},
    {kBoth,    S::kEstablished, L::kLapSent,    M::kMraLap,  S::kEstablished, L::kMraLapRcvd,  ""},

    {kBoth,    S::kReqSent,     kAnyLap,        M::kRep,     S::kRepRcvd,     L::kUninit,      ""},
    {kBoth,    S::kMraReqRcvd,  kAnyLap,        M::kRep,     S::kRepRcvd,     L::kUninit,      ""},
    {kBoth,    S::kMraRepSent,  kAnyLap,        M::kRep,     S::kMraRepSent,  L::kUninit,      "MRA own/peer"},
    {kActive,  S::kEstablished, L::kUninit,     M::kRep,     S::kEstablished, L::kUninit,      "RTU own/peer"},
    {kActive,  S::kEstablished, L::kIdle,       M::kRep,     S::kEstablished, L::kIdle,        "RTU own/peer"},
    {kActive,  S::kEstablished, L::kLapSent,    M::kRep,     S::kEstablished, L::kLapSent,     "RTU own/peer"},
    {kActive,  S::kEstablished, L::kMraLapRcvd, M::kRep,     S::kEstablished, L::kMraLapRcvd,  "RTU own/peer"},

    {kBoth,    S::kRepSent,     kAnyLap,        M::kRtu,     S::kEstablished, L::kUninit,      ""},
    {kBoth,    S::kMraRepRcvd,  kAnyLap,        M::kRtu,     S::kEstablished, L::kUninit,      ""},

    {kBoth,    S::kRepSent,     kAnyLap,        M::kDreq,    S::kDreqRcvd,    L::kUninit,      ""},
    {kBoth,    S::kMraRepRcvd,  kAnyLap,        M::kDreq,    S::kDreqRcvd,    L::kUninit,      ""},
    {kBoth,    S::kEstablished, kAnyLap,        M::kDreq,    S::kDreqRcvd,    L::kUninit,      ""},
    {kBoth,    S::kDreqSent,    kAnyLap,        M::kDreq,    S::kDreqRcvd,    L::kUninit,      ""},
    {kBoth,    S::kTimewait,    kAnyLap,        M::kDreq,    S::kTimewait,    L::kUninit,      "DREP own/peer"},
    // Not connected, or not with the sender: it is let go.
    {kBoth,    S::kIdle,        kAnyLap,        M::kDreq,    S::kIdle,        L::kUninit,      "DREP own/peer"},
    {kBoth,    S::kListen,      kAnyLap,        M::kDreq,    S::kListen,      L::kUninit,      "DREP own/peer"},
    {kBoth,    S::kReqSent,     kAnyLap,        M::kDreq,    S::kReqSent,     L::kUninit,      "DREP own/peer"},
    {kBoth,    S::kMraReqRcvd,  kAnyLap,        M::kDreq,    S::kMraReqRcvd,  L::kUninit,      "DREP own/peer"},
    {kBoth,    S::kSidrReqSent, kAnyLap,        M::kDreq,    S::kSidrReqSent, L::kUninit,      "DREP own/peer"},
    {kBoth,    S::kSidrReqRcvd, kAnyLap,        M::kDreq,    S::kSidrReqRcvd, L::kUninit,      "DREP own/peer"},

    {kBoth,    S::kDreqSent,    kAnyLap,        M::kDrep,    S::kTimewait,    L::kUninit,      ""},

    {kBoth,    S::kSidrReqSent, kAnyLap,        M::kSidrRep, S::kIdle,        L::kUninit,      ""},

    {kPassive, S::kEstablished, L::kUninit,     M::kLap,     S::kEstablished, L::kLapRcvd,     ""},
    {kPassive, S::kEstablished, L::kIdle,       M::kLap,     S::kEstablished, L::kLapRcvd,     ""},
    {kPassive, S::kEstablished, L::kMraLapSent, M::kLap,     S::kEstablished, L::kMraLapSent,  "MRA own/peer"},
    // Only the active side proposes paths.
    {kActive,  S::kEstablished, L::kUninit,     M::kLap,     S::kEstablished, L::kUninit,      "APR 2 own/peer"},
    {kActive,  S::kEstablished, L::kIdle,       M::kLap,     S::kEstablished, L::kIdle,        "APR 2 own/peer"},
    {kActive,  S::kIdle,        kAnyLap,        M::kLap,     S::kIdle,        L::kUninit,      "APR 1 own/peer"},
    {kBoth,    S::kListen,      kAnyLap,        M::kLap,     S::kListen,      L::kUninit,      "APR 1 own/peer"},
    {kBoth,    S::kReqSent,     kAnyLap,        M::kLap,     S::kReqSent,     L::kUninit,      "APR 1 own/peer"},
    {kBoth,    S::kMraReqRcvd,  kAnyLap,        M::kLap,     S::kMraReqRcvd,  L::kUninit,      "APR 1 own/peer"},
    {kBoth,    S::kSidrReqSent, kAnyLap,        M::kLap,     S::kSidrReqSent, L::kUninit,      "APR 1 own/peer"},
    {kBoth,    S::kSidrReqRcvd, kAnyLap,        M::kLap,     S::kSidrReqRcvd, L::kUninit,      "APR 1 own/peer"},

    {kBoth,    S::kEstablished, L::kLapSent,    M::kApr,     S::kEstablished, L::kIdle,        ""},
    {kBoth,    S::kEstablished, L::kMraLapRcvd, M::kApr,     S::kEstablished, L::kIdle,        ""},
};

/** Where a REJ leads; from everywhere else it leads nowhere. */
struct RejRow
{
    S from;
    S to;             ///< for reason 10 always TIMEWAIT
    bool peerIsKnown; ///< so that a REJ can name it by its CA GUID
};

constexpr RejRow kRejects[] = {
    {S::kReqSent,     S::kIdle,     false},
    {S::kMraReqRcvd,  S::kIdle,     false},
    {S::kRepRcvd,     S::kTimewait, true},
    {S::kMraRepSent,  S::kTimewait, true},
    {S::kReqRcvd,     S::kIdle,     true},
    {S::kMraReqSent,  S::kIdle,     true},
    {S::kRepSent,     S::kIdle,     true},
    {S::kMraRepRcvd,  S::kIdle,     true},
    {S::kEstablished, S::kTimewait, true},
    {S::kDreqSent,    S::kTimewait, true},
};

/** What the peer hears of an id's end, by the state in which it comes. */
struct DestroyRow
{
    S state;
    const char* sends; ///< "peer" is 0 as long as its id is unknown
    bool leavesTimewait; ///< the peer's QP is blocked for some time
};

constexpr DestroyRow kDestroys[] = {
    {S::kIdle,        "",                         false},
    {S::kListen,      "",                         false},
    {S::kReqSent,     "REJ 4 other own/0 guid",   false},
    {S::kReqRcvd,     "REJ 28 REQ 0/peer",        false},
    {S::kMraReqSent,  "REJ 28 REQ own/peer",      false},
    {S::kMraReqRcvd,  "REJ 4 other own/0 guid",   false},
    {S::kRepSent,     "REJ 28 other own/peer",    true},
    {S::kRepRcvd,     "REJ 28 REP own/peer",      false},
    {S::kMraRepSent,  "REJ 28 REP own/peer",      false},
    {S::kMraRepRcvd,  "REJ 28 other own/peer",    true},
    {S::kEstablished, "DREQ own/peer",            true},
    {S::kDreqSent,    "",                         true},
    {S::kDreqRcvd,    "DREP own/peer",            true},
    {S::kTimewait,    "",                         true},
    {S::kSidrReqSent, "",                         false},
    {S::kSidrReqRcvd, "SIDR_REP 2",               false},
};
static_assert(std::size(kDestroys) == kStateCount);
// clang-format on

bool IsXrcTarget(const Scene& scene)
{
    return !scene.active && scene.flavour == Flavour::kXrc;
}

/** Whether the peer's messages carry the id of the connection's other end. */
bool HasPeer(const Scene& scene)
{
    return scene.state != S::kListen && scene.state != S::kSidrReqSent &&
           scene.state != S::kSidrReqRcvd && (scene.state != S::kIdle || !scene.active);
}

std::string WithSender(const Scene& scene, std::string text)
{
    const std::string peer = "own/peer";
    const auto at = text.find(peer);
    if (!HasPeer(scene) && at != std::string::npos)
    {
        text.replace(at, peer.size(), "own/other");
    }
    return text;
}

const DestroyRow& DestroyRowFor(State state)
{
    return *std::find_if(std::begin(kDestroys),
                         std::end(kDestroys),
                         [state](const DestroyRow& row) { return row.state == state; });
}

/** In these the sender is a stranger to the id. */
bool IsStranger(const Scene& scene)
{
    return !HasPeer(scene) || scene.state == S::kReqSent || scene.state == S::kMraReqRcvd;
}

/** SIDR_REQs of the scenes are for a service without a listener, but for these. */
std::string AnswerToSidrReq(const Scene& scene, bool listening)
{
    const bool served = scene.state == S::kSidrReqRcvd || (scene.state == S::kListen && listening);
    return served ? "" : "SIDR_REP 1";
}

} // namespace

Reaction ReactionTo(const Scene& scene, Message message)
{
    if (message == M::kRej || message == M::kRejStale || message == M::kRejTimeout)
    {
        for (const RejRow& row : kRejects)
        {
            if (row.from == scene.state && (row.peerIsKnown || message != M::kRejTimeout))
            {
                return {message == M::kRejStale ? S::kTimewait : row.to, L::kUninit, ""};
            }
        }
    }
    if (message == M::kSidrReq)
    {
        return {scene.state, scene.lap, AnswerToSidrReq(scene, true)};
    }
    if (message == M::kDrep && scene.flavour == Flavour::kCrossed)
    {
        return {S::kTimewait, L::kUninit, ""}; // the answer to the DREQ of its own
    }
    for (const ReactionRow& row : kReactions)
    {
        const bool side = row.side == Side::kAny || (row.side == Side::kActive) == scene.active;
        if (side && row.from == scene.state && row.message == message &&
            row.lap.value_or(scene.lap) == scene.lap)
        {
            return {row.to, row.toLap, WithSender(scene, row.sends)};
        }
    }
    return {scene.state, scene.lap, ""};
}

std::string SentByDestroying(const Scene& scene, State state)
{
    // An XRC target QP serves others, too: its creator leaves without a word.
    const bool silent = IsXrcTarget(scene) && state == S::kEstablished;
    return silent ? "" : DestroyRowFor(state).sends;
}

std::string AnswerOfDying(const Scene& scene, Message message)
{
    switch (message)
    {
    case M::kReq:
        // The refusal of another REQ of the QP comes before anyone asks for the lock.
        return scene.active && scene.state != S::kListen ? "REJ 10 REQ 0/other" : "";
    case M::kDreq:
        return WithSender(scene, "DREP own/peer");
    case M::kLap:
        return IsStranger(scene) ? WithSender(scene, "APR 1 own/peer") : "";
    default:
        return "";
    }
}

std::string AnswerOfGone(const Scene& scene, State from, Message message)
{
    switch (message)
    {
    case M::kReq:
    {
        const bool blocked =
            DestroyRowFor(from).leavesTimewait && !(IsXrcTarget(scene) && from == S::kEstablished);
        if (scene.active)
        {
            return blocked ? "REJ 10 REQ 0/other" : "REJ 8 REQ 0/other";
        }
        return blocked ? "REJ 10 REQ 0/peer" : ""; // a new id
    }
    case M::kRep:
        return WithSender(scene, "REJ 6 REP own/peer");
    case M::kDreq:
        return WithSender(scene, "DREP own/peer");
    case M::kLap:
        return WithSender(scene, "APR 1 own/peer");
    case M::kSidrReq:
        return AnswerToSidrReq(scene, false);
    default:
        return "";
    }
}

} // namespace ibcm::test
