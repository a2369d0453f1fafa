// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The state table against a second one, written from the protocol's description and not from the
// code: each of the (state, input) pairs must agree, and where the core is deliberately stricter
// than what hosts commonly do, the difference stands here with its name and its reason.
#include "ibcm/model/protocol.h"

#include "pair.h"

#include <array>
#include <set>
#include <string>

namespace ibcm::test
{
namespace
{

/** What becomes of the record that blocks the peer's QP and communication id. */
enum class Peer : std::uint8_t
{
    kStays,
    kAges,   ///< TIMEWAIT begins
    kGoes,   ///< the connection is forgotten at once
    kIsLeft, ///< goes on aging without the id
};

/** What happens in a state on an input. */
struct Row
{
    State from;
    Input input;
    State to;
    Reply reply;
    EventType event;
    bool cancels;
    Peer peer;
};

using S = State;
using I = Input;
using R = Reply;
using E = EventType;

// What hosts do, by state; the comments name the side that can be in it.
// clang-format off
constexpr Row kCommon[] = {
    {S::kIdle, I::kCallListen, S::kListen, R::kNone, E::kNone, false, Peer::kStays},
    {S::kIdle, I::kCallSendReq, S::kReqSent, R::kReq, E::kNone, false, Peer::kStays},
    {S::kIdle, I::kReqAccepted, S::kReqRcvd, R::kNone, E::kReqReceived, false, Peer::kStays},
    {S::kListen, I::kCallDestroy, S::kIdle, R::kNone, E::kNone, false, Peer::kStays},
    // active
    {S::kReqSent, I::kRep, S::kRepRcvd, R::kNone, E::kRepReceived, true, Peer::kStays},
    {S::kReqSent, I::kRej, S::kIdle, R::kNone, E::kRejReceived, true, Peer::kGoes},
    {S::kReqSent, I::kRejStale, S::kTimewait, R::kNone, E::kRejReceived, true, Peer::kAges},
    {S::kReqSent, I::kReqTimeout, S::kIdle, R::kNone, E::kReqError, false, Peer::kGoes},
    {S::kReqSent, I::kCallSendRej, S::kIdle, R::kRejCaller, E::kNone, false, Peer::kGoes},
    {S::kReqSent, I::kCallDestroy, S::kIdle, R::kRejTimeout, E::kNone, true, Peer::kGoes},
    {S::kRepRcvd, I::kCallSendRtu, S::kEstablished, R::kRtu, E::kNone, false, Peer::kStays},
    {S::kRepRcvd, I::kCallSendRej, S::kIdle, R::kRejCaller, E::kNone, false, Peer::kGoes},
    {S::kRepRcvd, I::kRej, S::kTimewait, R::kNone, E::kRejReceived, false, Peer::kAges},
    {S::kRepRcvd, I::kRejStale, S::kTimewait, R::kNone, E::kRejReceived, false, Peer::kAges},
    {S::kRepRcvd, I::kCallDestroy, S::kIdle, R::kRejConsumer, E::kNone, false, Peer::kGoes},
    // passive
    {S::kReqRcvd, I::kCallSendRep, S::kRepSent, R::kRep, E::kNone, false, Peer::kStays},
    {S::kReqRcvd, I::kCallSendRej, S::kIdle, R::kRejCaller, E::kNone, false, Peer::kGoes},
    {S::kReqRcvd, I::kCallDestroy, S::kIdle, R::kRejConsumer, E::kNone, false, Peer::kGoes},
    {S::kReqRcvd, I::kCallDestroyNoMemory, S::kIdle, R::kNone, E::kNone, false, Peer::kGoes},
    {S::kReqRcvd, I::kRej, S::kIdle, R::kNone, E::kRejReceived, false, Peer::kGoes},
    {S::kReqRcvd, I::kRejStale, S::kTimewait, R::kNone, E::kRejReceived, false, Peer::kAges},
    {S::kRepSent, I::kRtu, S::kEstablished, R::kNone, E::kRtuReceived, true, Peer::kStays},
    {S::kRepSent, I::kCallNotifyEstablished, S::kEstablished, R::kNone, E::kUserEstablished, true, Peer::kStays},
    {S::kRepSent, I::kRej, S::kIdle, R::kNone, E::kRejReceived, true, Peer::kGoes},
    {S::kRepSent, I::kRejStale, S::kTimewait, R::kNone, E::kRejReceived, true, Peer::kAges},
    {S::kRepSent, I::kRepTimeout, S::kIdle, R::kNone, E::kRepError, false, Peer::kGoes},
    {S::kRepSent, I::kCallSendRej, S::kTimewait, R::kRejCaller, E::kNone, false, Peer::kAges},
    {S::kRepSent, I::kCallDestroy, S::kTimewait, R::kRejConsumer, E::kNone, true, Peer::kAges},
    {S::kRepSent, I::kDreq, S::kDreqRcvd, R::kNone, E::kDreqReceived, true, Peer::kStays},
    // both
    {S::kEstablished, I::kRep, S::kEstablished, R::kRtu, E::kNone, false, Peer::kStays},
    {S::kEstablished, I::kRej, S::kTimewait, R::kNone, E::kRejReceived, false, Peer::kAges},
    {S::kEstablished, I::kRejStale, S::kTimewait, R::kNone, E::kRejReceived, false, Peer::kAges},
    {S::kEstablished, I::kDreq, S::kDreqRcvd, R::kNone, E::kDreqReceived, false, Peer::kStays},
    {S::kEstablished, I::kCallSendDreq, S::kDreqSent, R::kDreq, E::kNone, false, Peer::kStays},
    {S::kEstablished, I::kCallDestroy, S::kDreqSent, R::kDreq, E::kNone, false, Peer::kStays},
    {S::kDreqSent, I::kDreq, S::kDreqRcvd, R::kNone, E::kDreqReceived, true, Peer::kStays},
    {S::kDreqSent, I::kDrep, S::kTimewait, R::kNone, E::kDrepReceived, true, Peer::kAges},
    {S::kDreqSent, I::kRej, S::kTimewait, R::kNone, E::kRejReceived, true, Peer::kAges},
    {S::kDreqSent, I::kRejStale, S::kTimewait, R::kNone, E::kRejReceived, true, Peer::kAges},
    {S::kDreqSent, I::kDreqTimeout, S::kTimewait, R::kNone, E::kDreqError, false, Peer::kAges},
    {S::kDreqSent, I::kCallDestroy, S::kTimewait, R::kNone, E::kNone, true, Peer::kAges},
    {S::kDreqRcvd, I::kCallSendDrep, S::kTimewait, R::kDrep, E::kNone, false, Peer::kAges},
    {S::kDreqRcvd, I::kDrep, S::kTimewait, R::kNone, E::kDrepReceived, false, Peer::kAges},
    {S::kDreqRcvd, I::kCallDestroy, S::kTimewait, R::kDrep, E::kNone, false, Peer::kAges},
    {S::kTimewait, I::kReqDuplicate, S::kTimewait, R::kRejStale, E::kNone, false, Peer::kStays},
    {S::kTimewait, I::kDreq, S::kTimewait, R::kDrep, E::kNone, false, Peer::kStays},
    {S::kTimewait, I::kTimewaitExit, S::kIdle, R::kNone, E::kTimewaitExit, false, Peer::kGoes},
    {S::kTimewait, I::kCallDestroy, S::kIdle, R::kNone, E::kNone, false, Peer::kIsLeft},
};

/** Where the core does otherwise, on purpose. */
struct StrictChoice
{
    const char* name;
    const char* reason;
    Row row;
};

constexpr StrictChoice kStrict[] = {
    {"REJ(timeout) when the REQ's retries run out",
     "the peer may hold a half-made connection and is told that nobody waits for it",
     {S::kReqSent, I::kReqTimeout, S::kIdle, R::kRejTimeout, E::kReqError, false, Peer::kGoes}},
    {"REJ(timeout) when the REP's retries run out",
     "the peer may think that it is connected",
     {S::kRepSent, I::kRepTimeout, S::kIdle, R::kRejTimeout, E::kRepError, false, Peer::kGoes}},
    {"a consumer's REJ stops its REQ",
     "otherwise the REQ goes on being sent after the REJ that takes it back",
     {S::kReqSent, I::kCallSendRej, S::kIdle, R::kRejCaller, E::kNone, true, Peer::kGoes}},
    {"a consumer's REJ stops its REP",
     "otherwise the REP goes on being sent after the REJ that takes it back",
     {S::kRepSent, I::kCallSendRej, S::kTimewait, R::kRejCaller, E::kNone, true, Peer::kAges}},
};
// clang-format on

/** States of parts of the protocol that this table does not have: MRA and SIDR. */
constexpr State kWithoutRows[] = {S::kMraReqSent,
                                  S::kMraReqRcvd,
                                  S::kMraRepSent,
                                  S::kMraRepRcvd,
                                  S::kSidrReqSent,
                                  S::kSidrReqRcvd};

const Row* Expected(State state, Input input)
{
    for (const StrictChoice& choice : kStrict)
    {
        if (choice.row.from == state && choice.row.input == input)
        {
            return &choice.row;
        }
    }
    for (const Row& row : kCommon)
    {
        if (row.from == state && row.input == input)
        {
            return &row;
        }
    }
    return nullptr;
}

std::uint8_t ActionsOf(const Row& row)
{
    unsigned actions = row.cancels ? unsigned{kCancelSend} : 0U;
    switch (row.peer)
    {
    case Peer::kStays:
        break;
    case Peer::kAges:
        actions |= kEnterTimewait;
        break;
    case Peer::kGoes:
        actions |= kForgetPeer;
        break;
    case Peer::kIsLeft:
        actions |= kLeavePeer;
        break;
    }
    if (row.from == S::kListen && row.to == S::kIdle)
    {
        actions |= kUnlisten;
    }
    return static_cast<std::uint8_t>(actions);
}

TEST(Protocol, EveryPairOfStateAndInputAgreesWithTheDescription)
{
    unsigned cells = 0;
    for (std::size_t s = 0; s < kStateCount; ++s)
    {
        for (std::size_t i = 0; i < kInputCount; ++i)
        {
            const auto state = static_cast<State>(s);
            const auto input = static_cast<Input>(i);
            SCOPED_TRACE(std::string(ToString(state)) + " + " + ToString(input));
            const Row* expected = Expected(state, input);
            const Transition* actual = FindTransition(state, input, Behaviour::kStrict);
            ++cells;
            ASSERT_EQ(actual != nullptr, expected != nullptr);
            if (actual == nullptr)
            {
                continue;
            }
            EXPECT_EQ(actual->from, state);
            EXPECT_EQ(actual->input, input);
            EXPECT_EQ(actual->to, expected->to);
            EXPECT_EQ(actual->reply, expected->reply);
            EXPECT_EQ(actual->event, expected->event);
            EXPECT_EQ(actual->actions, ActionsOf(*expected));
        }
    }
    EXPECT_EQ(cells, 16U * 22U);
    RecordProperty("cells", static_cast<int>(cells));
}

TEST(Protocol, EachStrictChoiceDiffersFromTheCommonRow)
{
    for (const StrictChoice& choice : kStrict)
    {
        SCOPED_TRACE(choice.name);
        EXPECT_STRNE(choice.reason, "");
        bool differs = true;
        for (const Row& row : kCommon)
        {
            if (row.from == choice.row.from && row.input == choice.row.input)
            {
                differs = row.to != choice.row.to || row.reply != choice.row.reply ||
                          row.event != choice.row.event || row.cancels != choice.row.cancels ||
                          row.peer != choice.row.peer;
            }
        }
        EXPECT_TRUE(differs);
    }
}

TEST(Protocol, StatesOfMraAndSidrHaveNoRows)
{
    for (const State state : kWithoutRows)
    {
        for (const Transition& row : Transitions())
        {
            EXPECT_NE(row.from, state) << ToString(row.input);
            EXPECT_NE(row.to, state) << ToString(row.from) << " + " << ToString(row.input);
        }
    }
}

TEST(Protocol, RowsAreOrderedByState)
{
    // A reader, and doc/states.md, find all rows of a state in one place.
    std::set<State> closed;
    State present = State::kIdle;
    for (const Transition& row : Transitions())
    {
        if (row.from != present)
        {
            EXPECT_TRUE(closed.insert(present).second) << ToString(present) << " comes twice";
            present = row.from;
        }
    }
    EXPECT_EQ(closed.count(present), 0U) << ToString(present) << " comes twice";
}

TEST(Protocol, DestroyLeadsFromEveryStateToIdle)
{
    for (const Transition& first : Transitions())
    {
        State state = first.from;
        unsigned steps = 0;
        for (; state != State::kIdle && steps < 4; ++steps)
        {
            const Transition* row = FindTransition(state, Input::kCallDestroy, Behaviour::kStrict);
            ASSERT_NE(row, nullptr) << ToString(state) << " cannot be destroyed";
            state = row->to;
        }
        EXPECT_EQ(state, State::kIdle) << "from " << ToString(first.from);
    }
}

TEST(Protocol, TimewaitIsEnteredWithItsActionOnly)
{
    for (const Transition& row : Transitions())
    {
        const bool enters = row.to == State::kTimewait && row.from != State::kTimewait;
        EXPECT_EQ((row.actions & kEnterTimewait) != 0, enters)
            << ToString(row.from) << " + " << ToString(row.input);
        const bool ends = row.to == State::kIdle && row.from != State::kListen;
        EXPECT_EQ((row.actions & (kForgetPeer | kLeavePeer)) != 0, ends)
            << ToString(row.from) << " + " << ToString(row.input);
    }
}

TEST(Protocol, ARejNamesWhatTheStateBeforeItSays)
{
    struct Expectation
    {
        State state;
        unsigned rejected;
        bool hasLocalId;
    };

    constexpr Expectation kTable[] = {
        {S::kReqRcvd, 0, false},
        {S::kMraReqSent, 0, true},
        {S::kRepRcvd, 1, true},
        {S::kMraRepSent, 1, true},
        {S::kReqSent, 2, true},
        {S::kMraReqRcvd, 2, true},
        {S::kRepSent, 2, true},
        {S::kMraRepRcvd, 2, true},
        {S::kTimewait, 2, true},
    };
    for (const Expectation& expected : kTable)
    {
        const RejForm form = RejFormFor(expected.state);
        EXPECT_EQ(form.messageRejected, expected.rejected) << ToString(expected.state);
        EXPECT_EQ(form.hasLocalId, expected.hasLocalId) << ToString(expected.state);
    }
}

TEST(Protocol, NamesAreCompleteAndDistinct)
{
    std::set<std::string> states;
    for (std::size_t i = 0; i < kStateCount; ++i)
    {
        states.insert(ToString(static_cast<State>(i)));
    }
    EXPECT_EQ(states.size(), kStateCount);
    std::set<std::string> inputs;
    for (std::size_t i = 0; i < kInputCount; ++i)
    {
        inputs.insert(ToString(static_cast<Input>(i)));
    }
    EXPECT_EQ(inputs.size(), kInputCount);
    std::set<std::string> events;
    for (unsigned i = 0; i < 18; ++i)
    {
        events.insert(ToString(static_cast<EventType>(i)));
    }
    EXPECT_EQ(events.size(), 18U);
    EXPECT_STREQ(ToString(EventType::kNone), "NONE");
}

} // namespace
} // namespace ibcm::test
