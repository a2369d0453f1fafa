// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// DREQ, DREP and TIMEWAIT: a connection ends, and what is left of it goes after its time.
#include "ibcm/model/timeouts.h"
#include "pair.h"

#include <algorithm>

namespace ibcm::test
{
namespace
{

// A's REQ asks for ack(10, 14) = 15; B's target ACK delay is 15.
constexpr Duration kTimewaitA = TimewaitActive(kLifeTime, 15);
constexpr Duration kTimewaitB = TimewaitPassive(15);

class Disconnecting : public Pair
{
};

TEST_F(Disconnecting, TheActiveSideCloses)
{
    Establish();
    const auto dreqData = Bytes(220);
    const auto drepData = Bytes(224, 9);
    ASSERT_TRUE(hostA->cm.SendDreq(a, dreqData));
    EXPECT_EQ(StateA(), State::kDreqSent);
    EXPECT_EQ(LastSent<ibwire::CmDreq>().remoteQpn, kQpnB);
    const std::uint64_t transaction = sent.back().header.transactionId;
    Settle();
    EXPECT_EQ(StateB(), State::kDreqRcvd);
    EXPECT_TRUE(Holds(hostB->consumer.Last().event.privateData.Bytes(), dreqData));
    ASSERT_TRUE(hostB->cm.SendDrep(b, drepData));
    EXPECT_EQ(sent.back().header.transactionId, transaction);
    EXPECT_EQ(StateB(), State::kTimewait);
    Settle();
    EXPECT_EQ(StateA(), State::kTimewait);
    EXPECT_TRUE(Holds(hostA->consumer.Last().event.privateData.Bytes(), drepData));
    EXPECT_EQ(hostA->port.Outstanding(), 0U);
    EXPECT_EQ(TakeSent(), "A>DREQ B>DREP");
    EXPECT_EQ(hostA->consumer.TakeNames(), "DREP_RECEIVED");
    EXPECT_EQ(hostB->consumer.TakeNames(), "DREQ_RECEIVED");
}

TEST_F(Disconnecting, ThePassiveSideCloses)
{
    Establish();
    ASSERT_TRUE(hostB->cm.SendDreq(b));
    EXPECT_EQ(LastSent<ibwire::CmDreq>().remoteQpn, kQpnA);
    Settle();
    ASSERT_TRUE(hostA->cm.SendDrep(a));
    Settle();
    EXPECT_EQ(StateA(), State::kTimewait);
    EXPECT_EQ(StateB(), State::kTimewait);
    EXPECT_EQ(hostA->consumer.TakeNames(), "DREQ_RECEIVED");
    EXPECT_EQ(hostB->consumer.TakeNames(), "DREP_RECEIVED");
}

TEST_F(Disconnecting, BothCloseAtOnce)
{
    Establish();
    ASSERT_TRUE(hostA->cm.SendDreq(a));
    ASSERT_TRUE(hostB->cm.SendDreq(b));
    Settle();
    EXPECT_EQ(StateA(), State::kDreqRcvd);
    EXPECT_EQ(StateB(), State::kDreqRcvd);
    EXPECT_EQ(hostA->port.Outstanding() + hostB->port.Outstanding(), 0U);
    ASSERT_TRUE(hostA->cm.SendDrep(a));
    ASSERT_TRUE(hostB->cm.SendDrep(b));
    // A's DREP finds B in TIMEWAIT already, and the other way round: nothing is told twice.
    Settle();
    EXPECT_EQ(StateA(), State::kTimewait);
    EXPECT_EQ(StateB(), State::kTimewait);
    EXPECT_EQ(hostA->consumer.TakeNames(), "DREQ_RECEIVED");
    EXPECT_EQ(hostB->consumer.TakeNames(), "DREQ_RECEIVED");
    EXPECT_EQ(TakeSent(), "A>DREQ B>DREQ A>DREP B>DREP");
}

TEST_F(Disconnecting, OfTwoCrossedDreqsOneDrepIsEnoughForBoth)
{
    Establish();
    ASSERT_TRUE(hostA->cm.SendDreq(a));
    ASSERT_TRUE(hostB->cm.SendDreq(b));
    Settle();
    ASSERT_TRUE(hostA->cm.SendDrep(a));
    Settle();
    EXPECT_EQ(StateB(), State::kTimewait);
    EXPECT_EQ(hostB->consumer.TakeNames(), "DREQ_RECEIVED DREP_RECEIVED");
    EXPECT_EQ(hostB->cm.SendDrep(b), tl::unexpected(CmError::kInvalidState));
}

TEST_F(Disconnecting, ADreqForAnotherQpIsIgnored)
{
    Establish();
    ibwire::CmDreq dreq;
    dreq.localCommId = hostA->cm.CommIdOf(a).value();
    dreq.remoteCommId = hostB->cm.CommIdOf(b).value();
    dreq.remoteQpn = kQpnB + 1;
    InjectToB(dreq);
    EXPECT_EQ(StateB(), State::kEstablished);
    EXPECT_EQ(TakeSent(), "");
    dreq.remoteQpn = kQpnB;
    InjectToB(dreq);
    EXPECT_EQ(StateB(), State::kDreqRcvd);
}

TEST_F(Disconnecting, ADreqForNobodyIsAnsweredAllTheSame)
{
    ibwire::CmDreq dreq;
    dreq.localCommId = 0x11112222;
    dreq.remoteCommId = 0x33334444;
    dreq.remoteQpn = 5;
    InjectToB(dreq, 0x123456789abcdef0);
    const auto& drep = LastSent<ibwire::CmDrep>();
    EXPECT_EQ(drep.localCommId, 0x33334444U);
    EXPECT_EQ(drep.remoteCommId, 0x11112222U);
    EXPECT_EQ(sent.back().header.transactionId, 0x123456789abcdef0U);
    EXPECT_EQ(sent.back().address.dlid, kLidA);
    EXPECT_EQ(hostB->cm.Counters().duplicates[5], 1U);
}

TEST_F(Disconnecting, AnIdWhoseConnectionIsOverAnswersLikeNoId)
{
    // The consumer has not destroyed the id yet: the peer need not know, nor retry to the end.
    ReachA(State::kDreqSent);
    Settle();
    runtime.Advance(ReqResponseTimeout(kLifeTime, kResponseTimeout)); // the DREQ goes again
    ASSERT_TRUE(wire.Deliver());
    ASSERT_TRUE(hostB->cm.SendDrep(b));
    wire.DropAll();
    runtime.Advance(kTimewaitB);
    ASSERT_EQ(StateB(), State::kIdle);
    runtime.Advance(ReqResponseTimeout(kLifeTime, kResponseTimeout));
    Settle();
    EXPECT_EQ(StateA(), State::kTimewait);
    EXPECT_EQ(hostA->consumer.TakeNames(), "DREP_RECEIVED");
}

TEST_F(Disconnecting, TimewaitLastsAsLongAsItShould)
{
    ReachA(State::kTimewait);
    const Instant begin = runtime.Now();
    runtime.Advance(kTimewaitB - Duration{1});
    EXPECT_EQ(StateB(), State::kTimewait);
    runtime.Advance(Duration{1});
    EXPECT_EQ(StateB(), State::kIdle);
    EXPECT_EQ(hostB->consumer.TakeNames(), "TIMEWAIT_EXIT");
    runtime.Advance(kTimewaitA - kTimewaitB - Duration{1});
    EXPECT_EQ(StateA(), State::kTimewait);
    runtime.Advance(Duration{1});
    EXPECT_EQ(StateA(), State::kIdle);
    EXPECT_EQ(hostA->consumer.Last().when - begin, kTimewaitA);
    EXPECT_EQ(hostA->cm.PeerRecords() + hostB->cm.PeerRecords(), 0U);
}

TEST_F(Disconnecting, AnIdCanConnectAgainAfterTimewait)
{
    ReachA(State::kTimewait);
    EXPECT_EQ(hostA->cm.SendReq(a, Req()), tl::unexpected(CmError::kInvalidState));
    runtime.Advance(kTimewaitA);
    ForgetRecords();
    ASSERT_TRUE(hostA->cm.SendReq(a, Req()));
    Settle();
    const Handle again = Accepted();
    ASSERT_TRUE(hostB->cm.SendRep(again, Rep()));
    Settle();
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    Settle();
    EXPECT_EQ(StateA(), State::kEstablished);
    EXPECT_EQ(hostB->cm.StateOf(again), State::kEstablished);
    EXPECT_NE(again, b);
}

TEST_F(Disconnecting, TimewaitAnswersALateDreqWithTheDrepAsItWas)
{
    Establish();
    ASSERT_TRUE(hostA->cm.SendDreq(a));
    ASSERT_TRUE(wire.Duplicate());
    ASSERT_TRUE(wire.Deliver());
    const auto data = Bytes(17, 60);
    ASSERT_TRUE(hostB->cm.SendDrep(b, data));
    const ibwire::MadBytes first = sent.back().bytes;
    ASSERT_TRUE(wire.Deliver()); // the copy of the DREQ
    EXPECT_EQ(TakeSent(), "A>DREQ B>DREP B>DREP");
    EXPECT_EQ(wire.At(wire.InFlight() - 1).bytes, first);
    EXPECT_EQ(hostB->cm.Counters().duplicates[5], 1U);
    EXPECT_EQ(StateB(), State::kTimewait);
}

TEST_F(Disconnecting, ADrepThatIsSentWithoutDataShowsNoneOfTheRtu)
{
    ReachA(State::kRepRcvd);
    const auto secret = Bytes(32, 100);
    ASSERT_TRUE(hostA->cm.SendRtu(a, secret));
    Settle();
    ASSERT_TRUE(hostA->cm.SendDreq(a));
    Settle();
    ASSERT_TRUE(hostB->cm.SendDrep(b));
    Settle();
    ASSERT_EQ(StateA(), State::kTimewait);
    ibwire::CmDreq late;
    late.localCommId = hostB->cm.CommIdOf(b).value();
    late.remoteCommId = hostA->cm.CommIdOf(a).value();
    late.remoteQpn = kQpnA;
    InjectToA(late);
    EXPECT_TRUE(Holds(LastSent<ibwire::CmDrep>().privateData, {}));
}

TEST_F(Disconnecting, TimewaitBlocksThePeersQpUntilItIsOver)
{
    ReachB(State::kTimewait);
    const Handle other = Connect(); // the same QPN from the same CA, another id
    Settle();
    EXPECT_EQ(TakeSent(), "A>REQ B>REJ") << "and no DREQ: there is nothing to disconnect";
    EXPECT_EQ(std::get<RejReceived>(hostA->consumer.Last().event.parameters).reason,
              ibwire::RejReason::kStaleConnection);
    EXPECT_EQ(hostA->cm.StateOf(other), State::kTimewait);

    runtime.Advance(kTimewaitB);
    ForgetRecords();
    Connect();
    Settle();
    EXPECT_EQ(hostB->consumer.Last().event.type, EventType::kReqReceived);
}

TEST_F(Disconnecting, TimewaitOutlivesItsId)
{
    ReachB(State::kTimewait);
    DestroyB(b);
    EXPECT_EQ(hostB->cm.PeerRecords(), 1U);
    Connect();
    Settle();
    EXPECT_EQ(std::get<RejReceived>(hostA->consumer.Last().event.parameters).reason,
              ibwire::RejReason::kStaleConnection);
    runtime.Advance(kTimewaitB);
    EXPECT_EQ(hostB->cm.PeerRecords(), 0U);
    EXPECT_EQ(hostB->consumer.TakeNames(), "") << "an event for a destroyed id";
}

TEST_F(Disconnecting, TimewaitRejectsTheOldReqSoThatItsSenderUnderstands)
{
    ListenB();
    a = Connect();
    const SentMad req = sent.back();
    Settle();
    b = Accepted();
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    Settle();
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    Settle();
    ASSERT_TRUE(hostA->cm.SendDreq(a));
    Settle();
    ASSERT_TRUE(hostB->cm.SendDrep(b));
    wire.DropAll();
    for (const bool alive : {true, false})
    {
        SCOPED_TRACE(alive ? "the id is in TIMEWAIT" : "the id is destroyed");
        if (!alive)
        {
            DestroyB(b);
        }
        InjectToB(req.message, req.header.transactionId);
        const auto rej = LastSent<ibwire::CmRej>();
        EXPECT_EQ(rej.reason, ibwire::RejReason::kStaleConnection);
        EXPECT_EQ(rej.messageRejected, ibwire::MessageRejected::kReq);
        EXPECT_EQ(rej.localCommId, 0U);
        EXPECT_EQ(rej.remoteCommId, std::get<ibwire::CmReq>(req.message).localCommId);
        EXPECT_EQ(sent.back().header.transactionId, req.header.transactionId);
    }
}

TEST_F(Disconnecting, AManagerGoesWithPeersInTimewait)
{
    ReachA(State::kTimewait);
    DestroyA(a);
    EXPECT_EQ(hostA->cm.PeerRecords(), 1U);
    const std::size_t armed = runtime.ArmedTimers();
    created.erase(std::remove_if(created.begin(),
                                 created.end(),
                                 [&](const auto& one) { return one.first == hostA.get(); }),
                  created.end());
    hostA = std::make_unique<Host>(runtime, wire, kGuidA, kLidA + 1);
    EXPECT_LT(runtime.ArmedTimers(), armed);
}

} // namespace
} // namespace ibcm::test
