// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Destroying an id: in each state, from each place, exactly what the peer must hear, and silence
// afterwards.
#include "pair.h"

#include <ostream>

namespace ibcm::test
{
namespace
{

using ibwire::MessageRejected;
using ibwire::RejReason;

/** One state of one side, and what destroying sends in it. */
struct DestroyCase
{
    bool active;
    State state;
    const char* sends; ///< "" or a message
    RejReason reason{};
    MessageRejected rejected{};
    bool namesOwnId{true};
    const char* peerHears; ///< events on the other side
};

void PrintTo(const DestroyCase& one, std::ostream* out)
{
    *out << (one.active ? "active " : "passive ") << ToString(one.state);
}

// clang-format off
const DestroyCase kCases[] = {
    {true, State::kIdle, "", {}, {}, true, ""},
    {true, State::kListen, "", {}, {}, true, ""},
    {true, State::kReqSent, "A>REJ", RejReason::kTimeout, MessageRejected::kOther, true, "REJ_RECEIVED"},
    {true, State::kRepRcvd, "A>REJ", RejReason::kConsumer, MessageRejected::kRep, true, "REJ_RECEIVED"},
    {true, State::kEstablished, "A>DREQ", {}, {}, true, "DREQ_RECEIVED"},
    {true, State::kDreqSent, "", {}, {}, true, ""},
    {true, State::kDreqRcvd, "A>DREP", {}, {}, true, "DREP_RECEIVED"},
    {true, State::kTimewait, "", {}, {}, true, ""},
    {false, State::kIdle, "", {}, {}, true, ""},
    {false, State::kListen, "", {}, {}, true, ""},
    {false, State::kReqRcvd, "B>REJ", RejReason::kConsumer, MessageRejected::kReq, false, "REJ_RECEIVED"},
    {false, State::kRepSent, "B>REJ", RejReason::kConsumer, MessageRejected::kOther, true, "REJ_RECEIVED"},
    {false, State::kEstablished, "B>DREQ", {}, {}, true, "DREQ_RECEIVED"},
    {false, State::kDreqSent, "", {}, {}, true, ""},
    {false, State::kDreqRcvd, "B>DREP", {}, {}, true, "DREP_RECEIVED"},
    {false, State::kTimewait, "", {}, {}, true, ""},
};
// clang-format on

class DestroyingIn : public Pair, public ::testing::WithParamInterface<DestroyCase>
{
  protected:
    void Reach()
    {
        GetParam().active ? ReachA(GetParam().state) : ReachB(GetParam().state);
        ForgetRecords();
        own = GetParam().active ? hostA.get() : hostB.get();
        peer = GetParam().active ? hostB.get() : hostA.get();
        id = GetParam().active ? a : b;
    }

    /** What the other side does all by itself meanwhile: nothing that moves. */
    void CheckGone()
    {
        EXPECT_EQ(own->cm.StateOf(id), tl::unexpected(CmError::kInvalidHandle));
        EXPECT_EQ(own->cm.Destroy(id), tl::unexpected(CmError::kInvalidHandle));
        EXPECT_EQ(own->port.Outstanding(), 0U);
    }

    Host* own{nullptr};
    Host* peer{nullptr};
    Handle id{Handle::kNone};
};

TEST_P(DestroyingIn, SendsExactlyWhatThePeerMustHear)
{
    Reach();
    const std::uint32_t commId = own->cm.CommIdOf(id).value();
    const std::size_t ids = own->cm.LiveIds();
    ASSERT_TRUE(own->cm.Destroy(id));
    CheckGone();
    EXPECT_EQ(own->cm.LiveIds(), ids - 1);
    if (std::string_view(GetParam().sends).ends_with("REJ"))
    {
        const auto& rej = LastSent<ibwire::CmRej>();
        EXPECT_EQ(rej.reason, GetParam().reason);
        EXPECT_EQ(rej.messageRejected, GetParam().rejected);
        EXPECT_EQ(rej.localCommId, GetParam().namesOwnId ? commId : 0U);
        EXPECT_EQ(rej.rejectInfoLength, rej.reason == RejReason::kTimeout ? 8 : 0);
    }
    EXPECT_EQ(TakeSent(), GetParam().sends);
    Settle();
    EXPECT_EQ(peer->consumer.TakeNames(), GetParam().peerHears);
    // Whatever the other side still sends, and whatever time brings, is not told any more.
    runtime.Advance(std::chrono::minutes(1));
    Settle();
    EXPECT_EQ(own->consumer.TakeNames(), "");
}

TEST_P(DestroyingIn, WorksWhenNothingCanBeSent)
{
    Reach();
    own->end.SetDown(true);
    ASSERT_TRUE(own->cm.Destroy(id));
    CheckGone();
    EXPECT_EQ(TakeSent(), "");
}

TEST_P(DestroyingIn, LeavesNothingThatBlocksANewConnection)
{
    Reach();
    ASSERT_TRUE(own->cm.Destroy(id));
    Settle();
    for (Host* host : {hostA.get(), hostB.get()})
    {
        host->consumer.react = [](ConnectionManager&, Handle, const Event&)
        { return Disposition::kKeep; };
    }
    // Both sides drop what is left and wait for TIMEWAIT to pass.
    for (const auto& [host, one] : created)
    {
        (void)host->cm.Destroy(one);
    }
    runtime.Advance(std::chrono::minutes(1));
    Settle();
    EXPECT_EQ(hostA->cm.PeerRecords() + hostB->cm.PeerRecords(), 0U);
    listener = Handle::kNone;
    Establish();
    EXPECT_EQ(StateB(), State::kEstablished);
}

INSTANTIATE_TEST_SUITE_P(EachState,
                         DestroyingIn,
                         ::testing::ValuesIn(kCases),
                         [](const ::testing::TestParamInfo<DestroyCase>& info) {
                             return std::string(info.param.active ? "Active_" : "Passive_") +
                                    ToString(info.param.state);
                         });

class Destroying : public Pair
{
};

TEST_F(Destroying, FromItsOwnHandlerIsRefused)
{
    ListenB();
    Status refused;
    hostB->consumer.react = [&](ConnectionManager& manager, Handle id, const Event&)
    {
        refused = manager.Destroy(id);
        return Disposition::kKeep;
    };
    Connect();
    Settle();
    EXPECT_EQ(refused, tl::unexpected(CmError::kWouldDeadlock));
    EXPECT_EQ(hostB->cm.StateOf(Accepted()), State::kReqRcvd);
}

TEST_F(Destroying, ByTheAnswerOfAHandlerRejects)
{
    ListenB();
    hostB->consumer.react = [](ConnectionManager&, Handle, const Event&)
    { return Disposition::kDestroy; };
    a = Connect();
    Settle();
    EXPECT_EQ(TakeSent(), "A>REQ B>REJ");
    EXPECT_EQ(std::get<RejReceived>(hostA->consumer.Last().event.parameters).reason,
              RejReason::kConsumer);
    EXPECT_EQ(hostB->cm.LiveIds(), 1U) << "the listener";
    EXPECT_EQ(hostB->cm.PeerRecords(), 0U);
}

TEST_F(Destroying, ForWantOfMemoryKeepsQuietSoThatARetryMayWork)
{
    ListenB();
    unsigned calls = 0;
    hostB->consumer.react = [&](ConnectionManager&, Handle, const Event&)
    { return ++calls == 1 ? Disposition::kDestroyNoMemory : Disposition::kKeep; };
    a = Connect();
    Settle();
    EXPECT_EQ(TakeSent(), "A>REQ");
    EXPECT_EQ(hostB->cm.LiveIds(), 1U);
    runtime.Advance(runtime.NextTimer() - runtime.Now());
    Settle();
    EXPECT_EQ(calls, 2U);
    EXPECT_EQ(hostB->cm.StateOf(Accepted()), State::kReqRcvd);
}

TEST_F(Destroying, ForWantOfMemoryInAnotherStateIsAnOrdinaryEnd)
{
    ReachA(State::kReqSent);
    hostA->consumer.react = [](ConnectionManager&, Handle, const Event&)
    { return Disposition::kDestroyNoMemory; };
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    Settle();
    EXPECT_EQ(TakeSent(), "B>REP A>REJ");
    EXPECT_EQ(hostA->cm.StateOf(a), tl::unexpected(CmError::kInvalidHandle));
}

TEST_F(Destroying, ByTheAnswerToEachEventLeavesNothing)
{
    // Each event that A can be told ends the id; what is left is checked at the end of the test.
    for (unsigned nth = 0; nth < 4; ++nth)
    {
        SCOPED_TRACE(nth);
        if (listener == Handle::kNone)
        {
            listener = ListenB();
        }
        unsigned seen = 0;
        hostA->consumer.react = [&](ConnectionManager&, Handle, const Event&)
        { return seen++ == nth ? Disposition::kDestroy : Disposition::kKeep; };
        ReqParameters parameters = Req();
        parameters.localQpn = kQpnA + nth;
        a = Connect(parameters);
        Settle();
        b = Accepted();
        RepParameters rep = Rep();
        rep.localQpn = kQpnB + nth;
        ASSERT_TRUE(hostB->cm.SendRep(b, rep));
        Settle();
        if (hostA->cm.SendRtu(a))
        {
            Settle();
            ASSERT_TRUE(hostB->cm.SendDreq(b));
            Settle();
            if (hostA->cm.SendDrep(a))
            {
                Settle();
                runtime.Advance(std::chrono::minutes(1));
            }
        }
        EXPECT_EQ(hostA->cm.StateOf(a).has_value(), nth > 2) << "events of A: REP, DREQ, TIMEWAIT";
    }
}

TEST_F(Destroying, AnotherIdFromAHandlerIsAllowed)
{
    Establish();
    const Handle other = CreateA();
    ASSERT_TRUE(hostA->cm.Listen(other, kService));
    Status destroyed = tl::unexpected(CmError::kInvalidState);
    hostA->consumer.react = [&](ConnectionManager& manager, Handle, const Event&)
    {
        destroyed = manager.Destroy(other);
        return Disposition::kKeep;
    };
    ASSERT_TRUE(hostB->cm.SendDreq(b));
    Settle();
    EXPECT_TRUE(destroyed);
}

TEST_F(Destroying, AnIdWhoseEventIsQueuedFromAHandlerOfTheSameQueue)
{
    // USER_ESTABLISHED of b waits on the queue whose only thread is in the handler of another id:
    // to wait for it there would be to wait for ever.
    ReachB(State::kRepSent);
    ReqParameters parameters = Req();
    parameters.localQpn = kQpnA + 1;
    Connect(parameters);
    Settle();
    const Handle second = Accepted();
    RepParameters rep = Rep();
    rep.localQpn = kQpnB + 1;
    ASSERT_TRUE(hostB->cm.SendRep(second, rep));
    Status destroyed = tl::unexpected(CmError::kInvalidState);
    hostB->consumer.react = [&](ConnectionManager& manager, Handle id, const Event& event)
    {
        if (id == second && event.type == EventType::kUserEstablished)
        {
            destroyed = manager.Destroy(b);
        }
        return Disposition::kKeep;
    };
    ForgetRecords();
    ASSERT_TRUE(hostB->cm.NotifyEstablished(second));
    ASSERT_TRUE(hostB->cm.NotifyEstablished(b));
    runtime.RunReady();
    EXPECT_TRUE(destroyed);
    EXPECT_EQ(hostB->consumer.TakeNames(), "USER_ESTABLISHED");
}

TEST_F(Destroying, AListenerFromTheHandlerOfItsReqIsRefused)
{
    // The listener's end waits for the handlers of its REQs, so that a consumer may free what they
    // use; one of those cannot wait for itself.
    const Handle service = ListenB();
    Status refused;
    hostB->consumer.react = [&](ConnectionManager& manager, Handle, const Event&)
    {
        refused = manager.Destroy(service);
        return Disposition::kKeep;
    };
    Connect();
    Settle();
    EXPECT_EQ(refused, tl::unexpected(CmError::kWouldDeadlock));
    EXPECT_EQ(hostB->cm.StateOf(service), State::kListen);
    hostB->consumer.react = {};
    EXPECT_TRUE(hostB->cm.Destroy(service));
}

TEST_F(Destroying, WhatIsNotThereIsRefused)
{
    EXPECT_EQ(hostA->cm.Destroy(Handle::kNone), tl::unexpected(CmError::kInvalidHandle));
    EXPECT_EQ(hostA->cm.Destroy(static_cast<Handle>(~std::uint64_t{0})),
              tl::unexpected(CmError::kInvalidHandle));
    const Handle id = CreateA();
    DestroyA(id);
    EXPECT_EQ(hostA->cm.Destroy(id), tl::unexpected(CmError::kInvalidHandle));
    EXPECT_EQ(hostA->cm.SendReq(id, Req()), tl::unexpected(CmError::kInvalidHandle));
    EXPECT_EQ(hostA->cm.Listen(id, 1), tl::unexpected(CmError::kInvalidHandle));
}

} // namespace
} // namespace ibcm::test
