// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Peer-to-peer connections: both sides ask at once, one wins, and no order of messages, loss or
// repetition makes them disagree on who.
#include "pair.h"

#include <algorithm>

namespace ibcm::test
{
namespace
{

using ibwire::RejReason;

constexpr auto kRetryPeriod = std::chrono::milliseconds(1300);

/** kGuidB > kGuidA: B's REQ wins, A yields. */
class PeerToPeer : public Pair
{
  protected:
    explicit PeerToPeer(const Options& options = {})
        : Pair(options)
    {
    }

    ReqParameters FromA() const
    {
        ReqParameters parameters = Req();
        parameters.peerToPeer = true;
        return parameters;
    }

    ReqParameters FromB() const
    {
        ReqParameters parameters = FromA();
        std::swap(parameters.primaryPath.sgid, parameters.primaryPath.dgid);
        std::swap(parameters.primaryPath.slid, parameters.primaryPath.dlid);
        parameters.localQpn = kQpnB;
        parameters.startingPsn = kPsnB;
        return parameters;
    }

    void AskA()
    {
        a = CreateA();
        ASSERT_TRUE(hostA->cm.SendReq(a, FromA()));
    }

    void AskB()
    {
        b = CreateB();
        ASSERT_TRUE(hostB->cm.SendReq(b, FromB()));
    }

    void AskBoth()
    {
        AskA();
        AskB();
    }

    RepParameters RepOfA() const
    {
        RepParameters parameters = Rep();
        parameters.localQpn = kQpnA;
        parameters.startingPsn = kPsnA;
        return parameters;
    }

    /** From REQ_RCVD at A and REQ_SENT at B to the connection. */
    void Complete()
    {
        ASSERT_EQ(StateA(), State::kReqRcvd);
        ASSERT_EQ(StateB(), State::kReqSent);
        ASSERT_TRUE(hostA->cm.SendRep(a, RepOfA()));
        Settle();
        ASSERT_EQ(StateB(), State::kRepRcvd);
        ASSERT_TRUE(hostB->cm.SendRtu(b));
        Settle();
        ExpectConnected();
    }

    void ExpectConnected()
    {
        EXPECT_EQ(StateA(), State::kEstablished);
        EXPECT_EQ(StateB(), State::kEstablished);
        EXPECT_EQ(hostA->port.Outstanding(), 0U);
        EXPECT_EQ(hostB->port.Outstanding(), 0U);
        EXPECT_EQ(hostA->cm.PeerRecords(), 1U);
        EXPECT_EQ(hostB->cm.PeerRecords(), 1U);
    }

    std::size_t FlightOf(std::size_t from) const
    {
        std::size_t index = 0;
        while (wire.At(index).from != from)
        {
            ++index;
        }
        return index;
    }
};

TEST_F(PeerToPeer, CrossingReqsMakeOneConnectionWhicheverArrivesFirst)
{
    for (const std::size_t first : {0U, 1U})
    {
        SCOPED_TRACE(first);
        AskBoth();
        ForgetRecords();
        ASSERT_TRUE(wire.Deliver(FlightOf(first)));
        ASSERT_TRUE(wire.Deliver());
        EXPECT_EQ(TakeSent(), "") << "neither REQ is answered by the core itself";
        EXPECT_EQ(hostA->consumer.TakeNames(), "REQ_RECEIVED");
        EXPECT_EQ(hostB->consumer.TakeNames(), "");
        Complete();
        EXPECT_EQ(TakeSent(), "A>REP B>RTU");
        EXPECT_EQ(hostA->consumer.TakeNames(), "RTU_RECEIVED");
        EXPECT_EQ(hostB->consumer.TakeNames(), "REP_RECEIVED");
        ASSERT_TRUE(hostA->cm.SendDreq(a));
        Settle();
        ASSERT_TRUE(hostB->cm.SendDrep(b));
        Settle();
        runtime.RunUntilIdle();
        EXPECT_EQ(StateA(), State::kIdle);
        EXPECT_EQ(StateB(), State::kIdle);
    }
}

TEST_F(PeerToPeer, TheLoserIsToldWhatTheWinnerAsked)
{
    AskBoth();
    Settle();
    const Told& told = hostA->consumer.Last();
    EXPECT_EQ(told.id, a) << "on the id that asked";
    const auto& req = std::get<ReqReceived>(told.event.parameters);
    EXPECT_EQ(req.listener, Handle::kNone);
    EXPECT_EQ(req.serviceId, kService);
    EXPECT_EQ(req.remoteCaGuid, kGuidB);
    EXPECT_EQ(req.remoteQpn, kQpnB);
    EXPECT_EQ(req.startingPsn, kPsnB);
    EXPECT_EQ(req.primaryPath.dgid, hostB->gid);
    EXPECT_EQ(hostA->port.Outstanding(), 0U) << "its own REQ is withdrawn";
    ASSERT_TRUE(hostA->cm.SendRep(a, RepOfA()));
    const auto& rep = LastSent<ibwire::CmRep>();
    EXPECT_EQ(rep.localCommId, hostA->cm.CommIdOf(a).value());
    EXPECT_EQ(rep.remoteCommId, hostB->cm.CommIdOf(b).value());
    Settle();
    ASSERT_TRUE(hostB->cm.SendRtu(b));
    Settle();
    ExpectConnected();
    const auto attributes = hostA->cm.InitQpAttributes(a, QpTarget::kRtr);
    ASSERT_TRUE(attributes);
    EXPECT_EQ(attributes->destQpn, kQpnB);
}

TEST_F(PeerToPeer, TheLoserCanRefuse)
{
    AskBoth();
    Settle();
    ASSERT_TRUE(hostA->cm.SendRej(a, RejReason::kConsumer));
    EXPECT_EQ(LastSent<ibwire::CmRej>().messageRejected, ibwire::MessageRejected::kReq);
    Settle();
    EXPECT_EQ(StateA(), State::kIdle);
    EXPECT_EQ(StateB(), State::kIdle);
    EXPECT_EQ(hostB->consumer.TakeNames(), "REJ_RECEIVED");
}

TEST_F(PeerToPeer, Rej8IsNoAnswerWhileThePeerMayStillAsk)
{
    AskA();
    Settle();
    EXPECT_EQ(TakeSent(), "A>REQ B>REJ");
    EXPECT_EQ(StateA(), State::kReqSent);
    EXPECT_EQ(hostA->consumer.TakeNames(), "");
    EXPECT_EQ(hostA->port.Outstanding(), 1U) << "the REQ goes on being tried";
    EXPECT_EQ(hostA->cm.Counters().discarded[static_cast<std::size_t>(Discard::kUnexpected)], 1U);
    AskB();
    Settle();
    EXPECT_EQ(TakeSent(), "B>REQ");
    Complete();
}

TEST_F(PeerToPeer, TheWinnersRetryMeetsThePeerThatAsksLate)
{
    AskB();
    Settle();
    EXPECT_EQ(TakeSent(), "B>REQ A>REJ");
    a = CreateA();
    ReqParameters late = FromA();
    ASSERT_TRUE(hostA->cm.SendReq(a, late));
    Settle(); // B wins and drops it; its own retry is what A answers
    EXPECT_EQ(StateA(), State::kReqSent);
    EXPECT_EQ(StateB(), State::kReqSent);
    runtime.Advance(kRetryPeriod);
    Settle();
    Complete();
}

TEST_F(PeerToPeer, AnyOtherRejEndsIt)
{
    AskA();
    wire.DropAll();
    InjectToA(ibwire::CmRej{.remoteCommId = hostA->cm.CommIdOf(a).value(),
                            .reason = RejReason::kInvalidTransportType});
    EXPECT_EQ(StateA(), State::kIdle);
    EXPECT_EQ(hostA->consumer.TakeNames(), "REJ_RECEIVED");
}

TEST_F(PeerToPeer, WithoutAPeerTheRetriesRunOut)
{
    AskA();
    wire.DropAll();
    runtime.Advance(4 * kRetryPeriod);
    EXPECT_EQ(StateA(), State::kIdle);
    EXPECT_EQ(hostA->consumer.TakeNames(), "REQ_ERROR");
    wire.DropAll();
    // Nothing of it is left that a REQ of the peer could meet.
    AskB();
    Settle();
    EXPECT_EQ(StateA(), State::kIdle);
    EXPECT_EQ(hostA->consumer.TakeNames(), "");
}

TEST_F(PeerToPeer, AReqForAnotherServiceOrFromAnotherPortIsNotMet)
{
    AskA();
    wire.DropAll();
    b = CreateB();
    ReqParameters parameters = FromB();
    parameters.serviceId = kService + 1;
    ASSERT_TRUE(hostB->cm.SendReq(b, parameters));
    Settle();
    EXPECT_EQ(StateA(), State::kReqSent);
    EXPECT_EQ(StateB(), State::kReqSent) << "REJ 8 is ignored here, too";
    auto req = std::get<ibwire::CmReq>(
        std::find_if(sent.rbegin(),
                     sent.rend(),
                     [](const SentMad& mad)
                     { return std::holds_alternative<ibwire::CmReq>(mad.message); })
            ->message);
    req.serviceId = kService;
    req.localCommId += 1;
    req.primaryLocalGid.raw[15] ^= 1;
    InjectToA(req);
    EXPECT_EQ(LastSent<ibwire::CmRej>().reason, RejReason::kInvalidServiceId);
    EXPECT_EQ(StateA(), State::kReqSent);
}

TEST_F(PeerToPeer, AListenerOnTheSameServiceDoesNotGetThePeersReq)
{
    ListenB();
    AskB();
    AskA();
    Settle();
    EXPECT_TRUE(hostB->consumer.accepted.empty());
    Complete();
}

TEST_F(PeerToPeer, AnOrdinaryReqMeetsAPairThatWaits)
{
    // Only one side says that it is a pair; the other one is asked all the same.
    AskA();
    wire.DropAll();
    b = CreateB();
    ReqParameters plain = FromB();
    plain.peerToPeer = false;
    ASSERT_TRUE(hostB->cm.SendReq(b, plain));
    Settle();
    Complete();
}

TEST_F(PeerToPeer, LostMessagesAreRepairedOnEachLeg)
{
    // Which of the messages, in the order of transmission, is lost.
    for (int lost = 0; lost < 4; ++lost)
    {
        SCOPED_TRACE(lost);
        hostA->consumer.react = [&](ConnectionManager& cm, Handle id, const Event& event)
        {
            if (event.type == EventType::kReqReceived)
            {
                EXPECT_TRUE(cm.SendRep(id, RepOfA()));
            }
            return Disposition::kKeep;
        };
        hostB->consumer.react = [&](ConnectionManager& cm, Handle id, const Event& event)
        {
            if (event.type == EventType::kRepReceived)
            {
                EXPECT_TRUE(cm.SendRtu(id));
            }
            return Disposition::kKeep;
        };
        AskBoth();
        int number = 0;
        for (int round = 0; round < 40; ++round)
        {
            while (wire.InFlight() != 0)
            {
                if (number++ == lost)
                {
                    wire.Drop();
                }
                else
                {
                    wire.Deliver();
                }
                runtime.RunReady();
            }
            runtime.Advance(std::chrono::milliseconds(500));
        }
        ExpectConnected();
        EXPECT_EQ(hostA->consumer.TakeNames(), "REQ_RECEIVED RTU_RECEIVED");
        EXPECT_EQ(hostB->consumer.TakeNames(), "REP_RECEIVED");
        DestroyA(a);
        Settle();
        DestroyB(b);
        wire.DropAll();
        runtime.RunUntilIdle();
        ForgetRecords();
    }
}

TEST_F(PeerToPeer, ARepeatedReqOfTheWinnerIsNoStaleConnection)
{
    AskBoth();
    wire.Duplicate(FlightOf(1));
    wire.Duplicate(FlightOf(1));
    ASSERT_TRUE(wire.Deliver(FlightOf(0)));
    ASSERT_TRUE(wire.Deliver());
    ASSERT_EQ(StateA(), State::kReqRcvd);
    ForgetRecords();
    ASSERT_TRUE(wire.Deliver());
    EXPECT_EQ(TakeSent(), "") << "as any REQ that comes again in REQ_RCVD";
    EXPECT_EQ(hostA->cm.Counters().duplicates[KindOf(ibwire::CmAttribute::kReq)], 1U);
    ASSERT_TRUE(hostA->cm.SendRep(a, RepOfA()));
    ASSERT_TRUE(wire.Deliver()); // the last copy
    EXPECT_EQ(TakeSent(), "A>REP A>REP") << "the REP is sent again";
    Settle();
    ASSERT_TRUE(hostB->cm.SendRtu(b));
    Settle();
    ExpectConnected();
}

TEST_F(PeerToPeer, ALateReqOfTheLoserDoesNotHurtTheConnection)
{
    // A's REQ is slow: it arrives when A has long yielded, once before and once after the RTU.
    AskBoth();
    const ibwire::CmReq late =
        std::get<ibwire::CmReq>(ibwire::DecodeCm(wire.At(FlightOf(0)).bytes).value());
    const std::uint64_t transaction =
        ibwire::DecodeHeader(wire.At(FlightOf(0)).bytes).transactionId;
    wire.Drop(FlightOf(0));
    Settle();
    RepParameters other = RepOfA();
    other.localQpn = kQpnA + 7; // another QP than the REQ named: the REP counts
    ASSERT_TRUE(hostA->cm.SendRep(a, other));
    Settle();
    ASSERT_EQ(StateB(), State::kRepRcvd);
    ForgetRecords();
    InjectToB(late, transaction);
    EXPECT_EQ(TakeSent(), "");
    EXPECT_EQ(StateB(), State::kRepRcvd);
    ASSERT_TRUE(hostB->cm.SendRtu(b));
    Settle();
    ForgetRecords();
    InjectToB(late, transaction);
    Settle();
    EXPECT_EQ(TakeSent(), "") << "no REJ 10, and no DREQ to the connection that it led to";
    ExpectConnected();
    EXPECT_EQ(hostB->cm.Counters().duplicates[KindOf(ibwire::CmAttribute::kReq)], 2U);
}

TEST_F(PeerToPeer, AnMraOfOneSideSettlesIt)
{
    // B wins; A has yielded and asks for time. B's REQ waits by the MRA, and A's late copy is
    // dropped in MRA_REQ_RCVD, too.
    AskBoth();
    wire.Duplicate(FlightOf(0));
    ASSERT_TRUE(wire.Deliver(FlightOf(1)));
    ASSERT_EQ(StateA(), State::kReqRcvd);
    MraParameters mra;
    mra.serviceTimeout = 22;
    ASSERT_TRUE(hostA->cm.SendMra(a, mra));
    ASSERT_TRUE(wire.Deliver(wire.InFlight() - 1));
    EXPECT_EQ(StateB(), State::kMraReqRcvd);
    ForgetRecords();
    Settle();
    EXPECT_EQ(TakeSent(), "");
    EXPECT_EQ(StateB(), State::kMraReqRcvd);
    runtime.Advance(std::chrono::seconds(10));
    EXPECT_EQ(TakeSent(), "") << "the MRA has made the wait longer";
    ASSERT_TRUE(hostA->cm.SendRep(a, RepOfA()));
    Settle();
    ASSERT_TRUE(hostB->cm.SendRtu(b));
    Settle();
    ExpectConnected();
}

TEST_F(PeerToPeer, ASideThatHasHadAnMraHasWonAndYieldsNoMore)
{
    AskA();
    wire.DropAll();
    InjectToA(ibwire::CmMra{.localCommId = 5,
                            .remoteCommId = hostA->cm.CommIdOf(a).value(),
                            .messageMraed = ibwire::MessageMraed::kReq,
                            .serviceTimeout = 20},
              sent.back().header.transactionId);
    ASSERT_EQ(StateA(), State::kMraReqRcvd);
    AskB();
    Settle();
    EXPECT_EQ(StateA(), State::kMraReqRcvd);
    EXPECT_EQ(StateB(), State::kReqSent);
}

TEST_F(PeerToPeer, DestroyOfEitherSideReleasesTheOther)
{
    for (const bool winner : {true, false})
    {
        SCOPED_TRACE(winner);
        AskBoth();
        Settle(); // A in REQ_RCVD, B in REQ_SENT
        if (winner)
        {
            DestroyB(b);
            EXPECT_EQ(LastSent<ibwire::CmRej>().reason, RejReason::kTimeout);
            Settle();
            EXPECT_EQ(StateA(), State::kIdle);
            EXPECT_EQ(hostA->consumer.TakeNames(), "REQ_RECEIVED REJ_RECEIVED");
            DestroyA(a);
        }
        else
        {
            DestroyA(a);
            EXPECT_EQ(LastSent<ibwire::CmRej>().reason, RejReason::kConsumer);
            Settle();
            EXPECT_EQ(StateB(), State::kIdle);
            EXPECT_EQ(hostB->consumer.TakeNames(), "REJ_RECEIVED");
            DestroyB(b);
        }
        ForgetRecords();
    }
}

TEST_F(PeerToPeer, DestroyBeforeTheReqsMeetLeavesThePeerAsking)
{
    AskBoth();
    DestroyA(a);
    Settle();
    EXPECT_EQ(StateB(), State::kReqSent) << "A may ask again";
    AskA();
    Settle();
    runtime.Advance(kRetryPeriod);
    Settle();
    Complete();
}

TEST_F(PeerToPeer, APeersReqWithAQpThatIsConnectedIsStale)
{
    Establish(); // QPN kQpnB at B
    const Handle old = a;
    AskA();
    wire.DropAll();
    ReqParameters again = FromB();
    const Handle fresh = CreateB();
    ASSERT_TRUE(hostB->cm.SendReq(fresh, again));
    ForgetRecords();
    ASSERT_TRUE(wire.Deliver());
    EXPECT_EQ(TakeSent(), "A>REJ A>DREQ");
    EXPECT_EQ(StateA(), State::kReqSent) << "the pair's own REQ goes on";
    EXPECT_EQ(hostA->cm.StateOf(old), State::kDreqSent);
    Settle();
    EXPECT_EQ(hostB->cm.StateOf(fresh), State::kTimewait);
}

TEST_F(PeerToPeer, AnInvalidReqOfTheWinnerIsRefusedAndOursGoesOn)
{
    AskB();
    auto req = LastSent<ibwire::CmReq>();
    wire.DropAll();
    AskA();
    wire.DropAll();
    req.transportServiceType = ibwire::TransportService::kRd;
    InjectToA(req);
    EXPECT_EQ(LastSent<ibwire::CmRej>().reason, RejReason::kInvalidTransportType);
    EXPECT_EQ(StateA(), State::kReqSent);
    EXPECT_EQ(hostA->consumer.TakeNames(), "");
}

TEST_F(PeerToPeer, TheAlternatePathIsTheWinners)
{
    a = CreateA();
    ReqParameters mine = FromA();
    mine.alternatePath = mine.primaryPath;
    mine.alternatePath->sl = 3;
    ASSERT_TRUE(hostA->cm.SendReq(a, mine));
    AskB(); // without one
    Settle();
    RepParameters rep = RepOfA();
    rep.failoverAccepted = 0;
    ASSERT_TRUE(hostA->cm.SendRep(a, rep));
    Settle();
    ASSERT_TRUE(hostB->cm.SendRtu(b));
    Settle();
    ExpectConnected();
    EXPECT_EQ(hostA->cm.NotifyMigrated(a), tl::unexpected(CmError::kInvalidState))
        << "the REQ that counted named no alternate path";
}

TEST_F(PeerToPeer, XrcHasNoPairs)
{
    a = CreateA();
    ReqParameters parameters = FromA();
    parameters.qpType = QpType::kXrcInitiator;
    EXPECT_EQ(hostA->cm.SendReq(a, parameters), tl::unexpected(CmError::kInvalidArgument));
    parameters.qpType = QpType::kUc;
    EXPECT_TRUE(hostA->cm.SendReq(a, parameters));
}

/** A CA that connects to itself: the GUIDs are equal, and the QPN decides. */
TEST_F(PeerToPeer, OnOneCaTheGreaterQpnWins)
{
    for (const std::uint32_t second : {kQpnA + 1, kQpnA - 1})
    {
        for (const std::size_t first : {0U, 1U})
        {
            SCOPED_TRACE(testing::Message() << second << " " << first);
            ReqParameters one = FromA();
            one.primaryPath.dgid = hostA->gid;
            one.primaryPath.dlid = kLidA;
            ReqParameters other = one;
            other.localQpn = second;
            a = CreateA();
            b = CreateA();
            ASSERT_TRUE(hostA->cm.SendReq(a, one));
            ASSERT_TRUE(hostA->cm.SendReq(b, other));
            ASSERT_TRUE(wire.Deliver(first));
            ASSERT_TRUE(wire.Deliver());
            const Handle winner = second > kQpnA ? b : a;
            const Handle loser = second > kQpnA ? a : b;
            ASSERT_EQ(hostA->cm.StateOf(winner), State::kReqSent);
            ASSERT_EQ(hostA->cm.StateOf(loser), State::kReqRcvd);
            RepParameters rep = RepOfA();
            rep.localQpn = std::min(kQpnA, second);
            ASSERT_TRUE(hostA->cm.SendRep(loser, rep));
            Settle();
            ASSERT_TRUE(hostA->cm.SendRtu(winner));
            Settle();
            EXPECT_EQ(hostA->cm.StateOf(winner), State::kEstablished);
            EXPECT_EQ(hostA->cm.StateOf(loser), State::kEstablished);
            DestroyA(a);
            Settle();
            DestroyA(b);
            wire.DropAll();
            runtime.RunUntilIdle();
        }
    }
}

} // namespace
} // namespace ibcm::test
