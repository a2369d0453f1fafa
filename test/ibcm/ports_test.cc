// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Ports that come and go: what ids on them are told, what stays, and what was counted.
#include "extra-host.h"

namespace ibcm::test
{
namespace
{

constexpr std::uint16_t kLidA2 = 64;

class Ports : public Pair
{
  protected:
    Ports()
        : end2(wire.AddEnd({kLidA2, {Gid2()}, {0xffff}})),
          port2(std::make_unique<ReliablePort>(runtime, end2, 2))
    {
        end2.Attach(port2.get());
        EXPECT_TRUE(hostA->cm.AddPort(2, *port2));
    }

    void TearDown() override
    {
        (void)hostA->cm.RemovePort(2);
        end2.Attach(nullptr);
        if (port2)
        {
            EXPECT_EQ(port2->Outstanding(), 0U);
            port2.reset();
        }
        Pair::TearDown();
    }

    static ibwire::Gid Gid2()
    {
        return ibwire::Gid::From(ibwire::kDefaultGidPrefix, kGuidA + 2);
    }

    /** A's REQ by its second port. */
    ReqParameters Req2() const
    {
        ReqParameters parameters = Req();
        parameters.primaryPath.sgid = Gid2();
        parameters.primaryPath.slid = kLidA2;
        parameters.localQpn = kQpnA + 0x10;
        return parameters;
    }

    Status RemoveA()
    {
        return hostA->cm.RemovePort(1);
    }

    LoopbackWire::End& end2;
    std::unique_ptr<ReliablePort> port2;
};

TEST_F(Ports, NumbersAreTheirOwn)
{
    EXPECT_EQ(hostA->cm.AddPort(1, *port2), tl::unexpected(CmError::kInvalidArgument)) << "taken";
    EXPECT_EQ(hostA->cm.AddPort(0, *port2), tl::unexpected(CmError::kInvalidArgument));
    EXPECT_EQ(hostA->cm.RemovePort(3), tl::unexpected(CmError::kInvalidArgument));
    EXPECT_EQ(hostA->cm.RemovePort(0), tl::unexpected(CmError::kInvalidArgument));
    EXPECT_TRUE(hostA->cm.RemovePort(2));
    EXPECT_EQ(hostA->cm.RemovePort(2), tl::unexpected(CmError::kInvalidArgument)) << "gone";
    EXPECT_FALSE(hostA->cm.Counters(3));
    EXPECT_FALSE(hostA->cm.Counters(0));
    EXPECT_TRUE(hostA->cm.Counters(2)) << "its counters stay";
}

TEST_F(Ports, ThereAreEight)
{
    std::vector<std::unique_ptr<ReliablePort>> more;
    for (std::uint8_t number = 3; number <= 8; ++number)
    {
        more.push_back(std::make_unique<ReliablePort>(runtime, end2, number));
        EXPECT_TRUE(hostA->cm.AddPort(number, *more.back()));
    }
    more.push_back(std::make_unique<ReliablePort>(runtime, end2, 200));
    EXPECT_EQ(hostA->cm.AddPort(200, *more.back()), tl::unexpected(CmError::kNoResources));
    for (std::uint8_t number = 3; number <= 8; ++number)
    {
        EXPECT_TRUE(hostA->cm.RemovePort(number));
    }
}

TEST_F(Ports, ARequestTakesThePortOfItsPath)
{
    ListenB();
    Connect(Req2());
    EXPECT_EQ(sent.back().from, 2U) << "the third end of the wire";
    Connect();
    EXPECT_EQ(sent.back().from, 0U);
    Settle();
    ASSERT_EQ(hostB->consumer.accepted.size(), 2U);
    EXPECT_EQ(hostA->cm.Counters(1)->sent[KindOf(ibwire::CmAttribute::kReq)], 1U);
    EXPECT_EQ(hostA->cm.Counters(2)->sent[KindOf(ibwire::CmAttribute::kReq)], 1U);
    EXPECT_EQ(hostA->cm.Counters().sent[KindOf(ibwire::CmAttribute::kReq)], 2U);

    // Without the port there is no way; what asks for another goes on.
    ASSERT_TRUE(hostA->cm.RemovePort(2));
    const Handle id = CreateA();
    EXPECT_EQ(hostA->cm.SendReq(id, Req2()), tl::unexpected(CmError::kNoPort));
    EXPECT_EQ(hostA->cm.StateOf(id), State::kIdle);
    EXPECT_EQ(hostA->cm.StateOf(created[2].second), State::kReqSent);
}

TEST_F(Ports, ThePassiveSideSaysWhereItWasAsked)
{
    const Handle service = CreateA();
    ASSERT_TRUE(hostA->cm.Listen(service, kService));
    ReqParameters parameters = Req();
    std::swap(parameters.primaryPath.sgid, parameters.primaryPath.dgid);
    std::swap(parameters.primaryPath.slid, parameters.primaryPath.dlid);
    parameters.primaryPath.dgid = Gid2();
    parameters.primaryPath.dlid = kLidA2;
    const Handle id = CreateB();
    ASSERT_TRUE(hostB->cm.SendReq(id, parameters));
    Settle();
    EXPECT_EQ(std::get<ReqReceived>(hostA->consumer.Last().event.parameters).port, 2);
    ASSERT_TRUE(hostA->cm.SendRep(hostA->consumer.Last().id, Rep()));
    EXPECT_EQ(sent.back().from, 2U);
}

struct Removal
{
    State before;
    State after;
    const char* events; ///< once the work queue has run
};

TEST_F(Ports, RemovalEndsWhatWaitsForAnAnswer)
{
    const Removal cases[] = {
        {State::kIdle, State::kIdle, ""},
        {State::kListen, State::kListen, ""},
        {State::kReqSent, State::kIdle, "REQ_ERROR"},
        {State::kRepRcvd, State::kRepRcvd, ""},
        {State::kEstablished, State::kEstablished, ""},
        {State::kDreqSent, State::kTimewait, "DREQ_ERROR"},
        {State::kDreqRcvd, State::kDreqRcvd, ""},
        {State::kTimewait, State::kTimewait, ""},
    };
    for (const Removal& one : cases)
    {
        SCOPED_TRACE(ToString(one.before));
        ReachA(one.before);
        ForgetRecords();
        ASSERT_TRUE(RemoveA());
        EXPECT_EQ(hostA->port.Outstanding(), 0U);
        EXPECT_EQ(hostA->consumer.TakeNames(), "") << "told by another thread, not inside the call";
        EXPECT_EQ(StateA(), one.after);
        runtime.RunReady();
        if (*one.events != '\0')
        {
            EXPECT_EQ(std::get<SendFailed>(hostA->consumer.Last().event.parameters).cause,
                      SendFailed::Cause::kPort);
        }
        EXPECT_EQ(hostA->consumer.TakeNames(), one.events);
        EXPECT_EQ(wire.InFlight(), 0U) << "nothing can be sent any more";
        DestroyA(a);
        EXPECT_EQ(wire.InFlight(), 0U);
        runtime.RunUntilIdle();
        EXPECT_EQ(hostA->cm.PeerRecords(), 0U);
        ASSERT_TRUE(hostA->cm.AddPort(1, hostA->port));
        if (b != Handle::kNone)
        {
            (void)hostB->cm.Destroy(b);
            b = Handle::kNone;
        }
        wire.DropAll();
        runtime.RunUntilIdle();
    }
}

TEST_F(Ports, RemovalOnThePassiveSide)
{
    const Removal cases[] = {
        {State::kReqRcvd, State::kReqRcvd, ""},
        {State::kRepSent, State::kIdle, "REP_ERROR"},
        {State::kDreqSent, State::kTimewait, "DREQ_ERROR"},
    };
    for (const Removal& one : cases)
    {
        SCOPED_TRACE(ToString(one.before));
        ReachB(one.before);
        ForgetRecords();
        ASSERT_TRUE(hostB->cm.RemovePort(1));
        runtime.RunReady();
        EXPECT_EQ(hostB->consumer.TakeNames(), one.events);
        EXPECT_EQ(StateB(), one.after);
        EXPECT_EQ(hostB->port.Outstanding(), 0U);
        if (one.before == State::kReqRcvd)
        {
            EXPECT_EQ(hostB->cm.SendRep(b, Rep()), tl::unexpected(CmError::kSendFailed));
            EXPECT_EQ(StateB(), State::kReqRcvd);
        }
        DestroyB(b);
        ASSERT_TRUE(hostB->cm.AddPort(1, hostB->port));
        DestroyA(a);
        wire.DropAll();
        runtime.RunUntilIdle();
    }
}

TEST_F(Ports, RemovalEndsASidrRequestAndALap)
{
    SidrReqParameters sidr;
    sidr.serviceId = kService;
    sidr.path = PathToB();
    const Handle asking = CreateA();
    ASSERT_TRUE(hostA->cm.SendSidrReq(asking, sidr));
    wire.DropAll();
    Establish();
    LapParameters lap;
    lap.alternatePath = Req2().primaryPath;
    ASSERT_TRUE(hostA->cm.SendLap(a, lap));
    wire.DropAll();
    ForgetRecords();
    ASSERT_TRUE(RemoveA());
    runtime.RunReady();
    ASSERT_EQ(hostA->consumer.told.size(), 2U);
    EXPECT_EQ(hostA->consumer.told[0].id, asking);
    EXPECT_EQ(hostA->consumer.TakeNames(), "SIDR_REQ_ERROR LAP_ERROR");
    EXPECT_EQ(hostA->cm.StateOf(asking), State::kIdle);
    EXPECT_EQ(StateA(), State::kEstablished);
    EXPECT_EQ(hostA->cm.LapStateOf(a), LapState::kIdle);
    // The id of the SIDR_REQ is as good as new, by another port.
    EXPECT_TRUE(hostA->cm.SendReq(asking, Req2()));
}

TEST_F(Ports, AConnectionWithoutItsPortCanOnlyEnd)
{
    Establish();
    ASSERT_TRUE(RemoveA());
    EXPECT_EQ(hostA->cm.SendDreq(a), tl::unexpected(CmError::kSendFailed));
    EXPECT_EQ(StateA(), State::kTimewait) << "documented: in TIMEWAIT all the same";
    runtime.RunUntilIdle();
    EXPECT_EQ(StateA(), State::kIdle);
    EXPECT_EQ(hostA->consumer.TakeNames(), "TIMEWAIT_EXIT") << "TIMEWAIT goes on without a port";
    EXPECT_TRUE(hostA->cm.SendReq(a, Req2())) << "the id is free for another port";
}

TEST_F(Ports, OtherPortsAreNotTouched)
{
    listener = ListenB();
    a = Connect(Req2());
    Settle();
    b = Accepted();
    ASSERT_TRUE(RemoveA());
    runtime.RunReady();
    EXPECT_EQ(StateA(), State::kReqSent);
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    Settle();
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    Settle();
    EXPECT_EQ(StateB(), State::kEstablished);
    EXPECT_EQ(hostA->consumer.TakeNames(), "REP_RECEIVED");
}

TEST_F(Ports, WhatArrivesAfterwardsIsLost)
{
    Establish();
    ASSERT_TRUE(hostB->cm.SendDreq(b));
    ASSERT_TRUE(RemoveA());
    Settle();
    EXPECT_EQ(StateA(), State::kEstablished);
    EXPECT_EQ(hostA->consumer.TakeNames(), "");
}

TEST_F(Ports, AHandlerThatIsToldMayDestroyItsId)
{
    ReachA(State::kReqSent);
    hostA->consumer.react = [](ConnectionManager&, Handle, const Event&)
    { return Disposition::kDestroy; };
    ASSERT_TRUE(RemoveA());
    runtime.RunReady();
    EXPECT_EQ(hostA->consumer.TakeNames(), "REQ_ERROR");
    EXPECT_EQ(hostA->cm.LiveIds(), 0U);
}

TEST_F(Ports, AnIdThatIsDestroyedBeforeItIsToldHearsNothing)
{
    ReachA(State::kReqSent);
    ASSERT_TRUE(RemoveA());
    DestroyA(a);
    runtime.RunReady();
    EXPECT_EQ(hostA->consumer.TakeNames(), "");
}

TEST_F(Ports, APortThatComesBackServesNewIdsAndKeepsItsCounters)
{
    ListenB();
    Connect();
    for (int i = 0; i < 2; ++i)
    {
        wire.DropAll();
        runtime.Advance(std::chrono::milliseconds(1250));
    }
    wire.DropAll();
    const std::size_t req = KindOf(ibwire::CmAttribute::kReq);
    ASSERT_EQ(hostA->cm.Counters(1)->sent[req], 1U);
    ASSERT_EQ(hostA->cm.Counters(1)->retried[req], 2U);
    ASSERT_TRUE(RemoveA());
    runtime.RunReady();
    EXPECT_EQ(hostA->cm.Counters(1)->sent[req], 1U);
    EXPECT_EQ(hostA->cm.Counters(1)->retried[req], 2U);

    // The same port again: what it has sent before must not count twice.
    ASSERT_TRUE(hostA->cm.AddPort(1, hostA->port));
    EXPECT_EQ(hostA->cm.Counters(1)->retried[req], 2U);
    ReqParameters again = Req();
    again.localQpn = 0x777;
    const Handle fresh = Connect(again);
    wire.DropAll();
    runtime.Advance(std::chrono::milliseconds(1250));
    EXPECT_EQ(hostA->cm.Counters(1)->sent[req], 2U);
    EXPECT_EQ(hostA->cm.Counters(1)->retried[req], 3U);
    Settle();
    EXPECT_EQ(hostB->consumer.accepted.size(), 1U);
    EXPECT_EQ(hostA->cm.StateOf(fresh), State::kReqSent);

    // Another one at the same number, which has a past of its own.
    ASSERT_TRUE(RemoveA());
    ASSERT_TRUE(hostA->cm.RemovePort(2));
    hostA->end.Attach(port2.get());
    ASSERT_TRUE(hostA->cm.AddPort(1, *port2));
    EXPECT_EQ(hostA->cm.Counters(1)->retried[req], 3U);
    EXPECT_EQ(hostA->cm.Counters().retried[req], 3U);
    ASSERT_TRUE(RemoveA());
    runtime.RunReady();
}

} // namespace
} // namespace ibcm::test
