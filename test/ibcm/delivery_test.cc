// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Telling consumers: one event of an id at a time, in the order of its transitions, whatever
// happens while a handler is at work. Another thread is played by what the handler does in its
// place.
#include "pair.h"

#include <algorithm>

namespace ibcm::test
{
namespace
{

class Delivering : public Pair
{
};

TEST_F(Delivering, AnEventThatComesWhileTheHandlerWorksIsToldAfterIt)
{
    ReachB(State::kReqRcvd);
    unsigned depth = 0;
    unsigned deepest = 0;
    hostA->consumer.react = [&](ConnectionManager& manager, Handle id, const Event& event)
    {
        deepest = std::max(deepest, ++depth);
        if (event.type == EventType::kRepReceived)
        {
            EXPECT_TRUE(manager.SendRtu(id));
            EXPECT_TRUE(wire.Deliver()); // the RTU: B is connected, and closes at once
            EXPECT_TRUE(hostB->cm.SendDreq(b));
            EXPECT_TRUE(wire.Deliver());
            EXPECT_EQ(manager.StateOf(id), State::kDreqRcvd) << "the state goes on";
        }
        --depth;
        return Disposition::kKeep;
    };
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    Settle();
    EXPECT_EQ(deepest, 1U);
    EXPECT_EQ(hostA->consumer.TakeNames(), "REP_RECEIVED DREQ_RECEIVED");
}

TEST_F(Delivering, SeveralThatComeMeanwhileKeepTheirOrder)
{
    ReachB(State::kReqRcvd);
    hostA->consumer.react = [&](ConnectionManager& manager, Handle id, const Event& event)
    {
        if (event.type == EventType::kRepReceived)
        {
            EXPECT_TRUE(manager.SendRtu(id));
            EXPECT_TRUE(hostB->cm.NotifyEstablished(b));
            EXPECT_TRUE(manager.SendDreq(id));
            EXPECT_TRUE(hostB->cm.SendDreq(b));
            wire.DeliverAll(); // crossed DREQs
            EXPECT_TRUE(hostB->cm.SendDrep(b));
            wire.DeliverAll(); // DREP in DREQ_RCVD
            EXPECT_EQ(manager.StateOf(id), State::kTimewait);
        }
        return Disposition::kKeep;
    };
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    ASSERT_TRUE(wire.Deliver());
    EXPECT_EQ(hostA->consumer.TakeNames(), "REP_RECEIVED DREQ_RECEIVED DREP_RECEIVED");
    runtime.RunUntilIdle();
    EXPECT_EQ(hostA->consumer.TakeNames(), "TIMEWAIT_EXIT");
}

TEST_F(Delivering, WhatWaitsIsNotToldAfterTheIdIsDestroyed)
{
    ReachB(State::kReqRcvd);
    hostA->consumer.react = [&](ConnectionManager& manager, Handle id, const Event& event)
    {
        EXPECT_EQ(event.type, EventType::kRepReceived);
        EXPECT_TRUE(manager.SendRtu(id));
        EXPECT_TRUE(wire.Deliver());
        EXPECT_TRUE(hostB->cm.SendDreq(b));
        EXPECT_TRUE(wire.Deliver());
        return Disposition::kDestroy;
    };
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    Settle();
    EXPECT_EQ(hostA->consumer.TakeNames(), "REP_RECEIVED");
    EXPECT_EQ(TakeSent(), "B>REP A>RTU B>DREQ A>DREP");
    EXPECT_EQ(StateB(), State::kTimewait);
}

TEST_F(Delivering, AHandlerMaySendEverythingOnItsOwnId)
{
    ListenB();
    hostB->consumer.react = [&](ConnectionManager& manager, Handle id, const Event& event)
    {
        switch (event.type)
        {
        case EventType::kReqReceived:
            EXPECT_TRUE(manager.InitQpAttributes(id, QpTarget::kRtr));
            EXPECT_TRUE(manager.SendRep(id, Rep()));
            break;
        case EventType::kDreqReceived:
            EXPECT_TRUE(manager.SendDrep(id));
            break;
        default:
            break;
        }
        return Disposition::kKeep;
    };
    hostA->consumer.react = [&](ConnectionManager& manager, Handle id, const Event& event)
    {
        if (event.type == EventType::kRepReceived)
        {
            EXPECT_TRUE(manager.SendRtu(id));
            EXPECT_TRUE(manager.SendDreq(id));
        }
        return Disposition::kKeep;
    };
    a = Connect();
    Settle();
    EXPECT_EQ(TakeSent(), "A>REQ B>REP A>RTU A>DREQ B>DREP");
    EXPECT_EQ(hostA->consumer.TakeNames(), "REP_RECEIVED DREP_RECEIVED");
    EXPECT_EQ(hostB->consumer.told.size(), 3U);
}

TEST_F(Delivering, ARejThatComesWhileTheReqIsBeingToldFollowsIt)
{
    ListenB();
    hostB->consumer.react = [&](ConnectionManager& manager, Handle id, const Event& event)
    {
        if (event.type == EventType::kReqReceived)
        {
            DestroyA(a);
            wire.DeliverAll();
            EXPECT_EQ(manager.StateOf(id), State::kIdle);
            EXPECT_EQ(manager.SendRep(id, Rep()), tl::unexpected(CmError::kInvalidState));
        }
        return Disposition::kKeep;
    };
    a = Connect();
    Settle();
    EXPECT_EQ(hostB->consumer.TakeNames(), "REQ_RECEIVED REJ_RECEIVED");
}

TEST_F(Delivering, ARetryThatRunsOutWhileTheHandlerWorksFollowsIt)
{
    ListenB();
    hostB->consumer.react = [&](ConnectionManager& manager, Handle id, const Event& event)
    {
        if (event.type == EventType::kReqReceived)
        {
            EXPECT_TRUE(manager.SendRep(id, Rep()));
            runtime.Advance(std::chrono::minutes(5));
            wire.DropAll();
            EXPECT_EQ(manager.StateOf(id), State::kIdle);
        }
        return Disposition::kKeep;
    };
    a = Connect();
    Settle();
    EXPECT_EQ(hostB->consumer.TakeNames(), "REQ_RECEIVED REP_ERROR");
}

TEST_F(Delivering, EventsOfOneIdDoNotWaitForAnother)
{
    ListenB();
    std::string order;
    hostB->consumer.react = [&](ConnectionManager&, Handle, const Event& event)
    {
        const auto& req = std::get<ReqReceived>(event.parameters);
        order += req.remoteQpn == kQpnA ? "(" : "[";
        if (req.remoteQpn == kQpnA)
        {
            wire.DeliverAll(); // the other REQ, in another thread
        }
        order += req.remoteQpn == kQpnA ? ")" : "]";
        return Disposition::kKeep;
    };
    Connect();
    ReqParameters parameters = Req();
    parameters.localQpn = kQpnA + 1;
    Connect(parameters);
    ASSERT_TRUE(wire.Deliver());
    EXPECT_EQ(order, "([])");
}

} // namespace
} // namespace ibcm::test
