// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// REJ: who refuses what, in which form, and what it does to the other side.
#include "pair.h"

#include <algorithm>
#include <iterator>

namespace ibcm::test
{
namespace
{

using ibwire::MessageRejected;
using ibwire::RejReason;

class Rejecting : public Pair
{
  protected:
    RejReceived ToldToA() const
    {
        return std::get<RejReceived>(hostA->consumer.Last().event.parameters);
    }

    RejReceived ToldToB() const
    {
        return std::get<RejReceived>(hostB->consumer.Last().event.parameters);
    }
};

TEST_F(Rejecting, ThePassiveConsumerRefusesTheReq)
{
    ReachB(State::kReqRcvd);
    const auto info = Bytes(72, 5);
    const auto data = Bytes(148, 80);
    ASSERT_TRUE(hostB->cm.SendRej(b, RejReason::kConsumer, info, data));
    const auto& rej = LastSent<ibwire::CmRej>();
    EXPECT_EQ(rej.localCommId, 0U) << "the active side has never heard of B's id";
    EXPECT_EQ(rej.remoteCommId, hostA->cm.CommIdOf(a).value());
    EXPECT_EQ(rej.messageRejected, MessageRejected::kReq);
    EXPECT_EQ(rej.rejectInfoLength, 72);
    EXPECT_EQ(StateB(), State::kIdle);
    EXPECT_EQ(hostB->cm.PeerRecords(), 0U);
    Settle();
    EXPECT_EQ(StateA(), State::kIdle);
    EXPECT_EQ(hostA->port.Outstanding(), 0U);
    EXPECT_EQ(ToldToA().reason, RejReason::kConsumer);
    EXPECT_EQ(ToldToA().infoLength, 72);
    EXPECT_TRUE(Holds(ToldToA().info, info));
    EXPECT_TRUE(Holds(hostA->consumer.Last().event.privateData.Bytes(), data));
    EXPECT_EQ(hostA->consumer.TakeNames(), "REJ_RECEIVED");
}

TEST_F(Rejecting, ThePassiveConsumerTakesItsRepBack)
{
    ReachB(State::kRepSent);
    ASSERT_TRUE(hostB->cm.SendRej(b, RejReason::kNoResources));
    const auto& rej = LastSent<ibwire::CmRej>();
    EXPECT_EQ(rej.localCommId, hostB->cm.CommIdOf(b).value());
    EXPECT_EQ(rej.messageRejected, MessageRejected::kOther);
    EXPECT_EQ(StateB(), State::kTimewait);
    EXPECT_EQ(hostB->port.Outstanding(), 0U) << "the REP goes on after its REJ";
    Settle();
    EXPECT_EQ(StateA(), State::kIdle) << "A never saw the REP";
}

TEST_F(Rejecting, ARepThatArrivedIsTakenBack)
{
    ReachA(State::kRepRcvd);
    ASSERT_TRUE(hostB->cm.SendRej(b, RejReason::kNoResources));
    Settle();
    EXPECT_EQ(StateA(), State::kTimewait);
    EXPECT_EQ(ToldToA().reason, RejReason::kNoResources);
}

TEST_F(Rejecting, TheActiveConsumerRefusesTheRep)
{
    ReachA(State::kRepRcvd);
    ASSERT_TRUE(hostA->cm.SendRej(a, RejReason::kConsumer));
    const auto& rej = LastSent<ibwire::CmRej>();
    EXPECT_EQ(rej.localCommId, hostA->cm.CommIdOf(a).value());
    EXPECT_EQ(rej.remoteCommId, hostB->cm.CommIdOf(b).value());
    EXPECT_EQ(rej.messageRejected, MessageRejected::kRep);
    EXPECT_EQ(StateA(), State::kIdle);
    Settle();
    EXPECT_EQ(StateB(), State::kIdle);
    EXPECT_EQ(hostB->port.Outstanding(), 0U);
    EXPECT_EQ(ToldToB().reason, RejReason::kConsumer);
}

TEST_F(Rejecting, TheActiveConsumerTakesItsReqBack)
{
    ReachA(State::kReqSent);
    ASSERT_TRUE(hostA->cm.SendRej(a, RejReason::kConsumer));
    const auto& rej = LastSent<ibwire::CmRej>();
    EXPECT_EQ(rej.localCommId, hostA->cm.CommIdOf(a).value());
    EXPECT_EQ(rej.remoteCommId, 0U);
    EXPECT_EQ(rej.messageRejected, MessageRejected::kOther);
    EXPECT_EQ(StateA(), State::kIdle);
    EXPECT_EQ(hostA->port.Outstanding(), 0U) << "the REQ goes on after its REJ";
    runtime.Advance(std::chrono::seconds(60));
    EXPECT_EQ(TakeSent(), "A>REJ");
}

TEST_F(Rejecting, AReqTakenBackForWantOfTimeFindsTheConnectionByItsGuid)
{
    ReachB(State::kReqRcvd);
    DestroyA(a);
    const auto& rej = LastSent<ibwire::CmRej>();
    EXPECT_EQ(rej.reason, RejReason::kTimeout);
    EXPECT_EQ(rej.remoteCommId, 0U);
    EXPECT_EQ(rej.rejectInfoLength, 8);
    EXPECT_TRUE(Holds(rej.ari, std::vector<std::uint8_t>{0, 2, 0xc9, 3, 0, 0xa, 0, 1}));
    Settle();
    EXPECT_EQ(StateB(), State::kIdle);
    EXPECT_EQ(ToldToB().reason, RejReason::kTimeout);
    EXPECT_EQ(hostB->cm.PeerRecords(), 0U);
}

TEST_F(Rejecting, NobodyListens)
{
    a = Connect();
    const std::uint64_t transaction = sent.back().header.transactionId;
    Settle();
    const auto& rej = LastSent<ibwire::CmRej>();
    EXPECT_EQ(rej.reason, RejReason::kInvalidServiceId);
    EXPECT_EQ(rej.localCommId, 0U);
    EXPECT_EQ(rej.messageRejected, MessageRejected::kReq);
    EXPECT_EQ(sent.back().header.transactionId, transaction);
    EXPECT_EQ(StateA(), State::kIdle);
    EXPECT_EQ(ToldToA().reason, RejReason::kInvalidServiceId);
    EXPECT_EQ(hostB->cm.LiveIds(), 0U);
    EXPECT_EQ(hostB->cm.PeerRecords(), 0U);
}

TEST_F(Rejecting, AListenerThatIsGoneNoLongerAnswers)
{
    const Handle service = ListenB();
    DestroyB(service);
    Connect();
    Settle();
    EXPECT_EQ(ToldToA().reason, RejReason::kInvalidServiceId);
    ListenB();
    Connect();
    Settle();
    EXPECT_EQ(hostB->consumer.Last().event.type, EventType::kReqReceived);
}

TEST_F(Rejecting, AReqFromAQpThatIsConnectedEndsTheOldConnection)
{
    Establish();
    const Handle fresh = Connect(); // the same QPN: the peer has forgotten the old connection
    Settle();
    EXPECT_EQ(TakeSent(), "A>REQ B>REJ B>DREQ");
    EXPECT_EQ(hostA->cm.StateOf(fresh), State::kTimewait);
    EXPECT_EQ(StateA(), State::kDreqRcvd);
    EXPECT_EQ(StateB(), State::kDreqSent);
    EXPECT_EQ(hostA->consumer.TakeNames(), "REJ_RECEIVED DREQ_RECEIVED");
    ASSERT_TRUE(hostA->cm.SendDrep(a));
    Settle();
    EXPECT_EQ(hostB->consumer.TakeNames(), "DREP_RECEIVED");
}

TEST_F(Rejecting, AStaleConnectionWhoseDreqCannotBeSentEndsAllTheSame)
{
    Establish();
    Connect();
    hostB->end.SetDown(true);
    Settle();
    EXPECT_EQ(StateB(), State::kTimewait) << "nothing will ever answer a DREQ that was not sent";
    EXPECT_EQ(hostB->consumer.TakeNames(), "DREQ_ERROR");
}

TEST_F(Rejecting, ARepFromAQpThatIsConnectedIsRefusedAndTheReqGoesOn)
{
    Establish();
    ReqParameters parameters = Req();
    parameters.localQpn = kQpnA + 1;
    const Handle second = Connect(parameters);
    Settle();
    const Handle passive = Accepted();
    ForgetRecords();
    ASSERT_TRUE(hostB->cm.SendRep(passive, Rep())); // with the QPN of the first connection
    ASSERT_TRUE(wire.Deliver());
    EXPECT_EQ(TakeSent(), "B>REP A>REJ A>DREQ");
    EXPECT_EQ(hostA->cm.StateOf(second), State::kReqSent);
    EXPECT_EQ(hostA->port.Outstanding(), 2U) << "the REQ, and the DREQ of the old connection";
    const auto rej = std::get<ibwire::CmRej>(ibwire::DecodeCm(wire.At(0).bytes).value());
    EXPECT_EQ(rej.reason, RejReason::kStaleConnection);
    EXPECT_EQ(rej.messageRejected, MessageRejected::kRep);
    EXPECT_EQ(rej.remoteCommId, hostB->cm.CommIdOf(passive).value());
    EXPECT_EQ(rej.localCommId, hostA->cm.CommIdOf(second).value());
    Settle();
    EXPECT_EQ(hostB->cm.StateOf(passive), State::kTimewait);
    // What was refused leaves no trace: the id still ends TIMEWAIT after a stale REJ.
    InjectToA(ibwire::CmRej{.localCommId = 0,
                            .remoteCommId = hostA->cm.CommIdOf(second).value(),
                            .reason = RejReason::kStaleConnection});
    EXPECT_EQ(hostA->cm.StateOf(second), State::kTimewait);
    hostA->consumer.told.clear();
    runtime.Advance(std::chrono::seconds(10));
    EXPECT_EQ(hostA->cm.StateOf(second), State::kIdle);
}

TEST_F(Rejecting, AStaleRejStartsTimewait)
{
    ReachA(State::kReqSent);
    ASSERT_TRUE(hostB->cm.SendRej(b, RejReason::kStaleConnection));
    Settle();
    EXPECT_EQ(StateA(), State::kTimewait);
    runtime.Advance(std::chrono::seconds(1));
    EXPECT_EQ(StateA(), State::kIdle);
    EXPECT_EQ(hostA->consumer.TakeNames(), "REJ_RECEIVED TIMEWAIT_EXIT");
}

TEST_F(Rejecting, AnEstablishedConnectionIsEndedByARej)
{
    Establish();
    InjectToB(ibwire::CmRej{.localCommId = hostA->cm.CommIdOf(a).value(),
                            .remoteCommId = hostB->cm.CommIdOf(b).value(),
                            .messageRejected = MessageRejected::kRep,
                            .reason = RejReason::kConsumer});
    EXPECT_EQ(StateB(), State::kTimewait);
    EXPECT_EQ(hostB->consumer.TakeNames(), "REJ_RECEIVED");
}

TEST_F(Rejecting, ARejFromAnotherIdDoesNothing)
{
    Establish();
    InjectToB(ibwire::CmRej{.localCommId = hostA->cm.CommIdOf(a).value() + 1,
                            .remoteCommId = hostB->cm.CommIdOf(b).value(),
                            .reason = RejReason::kConsumer});
    EXPECT_EQ(StateB(), State::kEstablished);
    EXPECT_EQ(hostB->cm.Counters().Unmatched(), 1U);
}

TEST_F(Rejecting, ALyingInfoLengthIsCutToWhatTheMessageHolds)
{
    ReachA(State::kReqSent);
    ibwire::CmRej rej;
    rej.remoteCommId = hostA->cm.CommIdOf(a).value();
    rej.reason = RejReason::kConsumer;
    rej.rejectInfoLength = 127;
    rej.ari.fill(0xee);
    InjectToA(rej);
    EXPECT_EQ(ToldToA().infoLength, 72);
}

TEST_F(Rejecting, ARejForWantOfTimeWithoutAGuidFindsNobody)
{
    ReachB(State::kReqRcvd);
    for (std::uint8_t length = 0; length < 8; ++length)
    {
        ibwire::CmRej rej;
        rej.localCommId = hostA->cm.CommIdOf(a).value();
        rej.reason = RejReason::kTimeout;
        rej.rejectInfoLength = length;
        constexpr std::uint8_t kGuid[] = {0, 2, 0xc9, 3, 0, 0xa, 0, 1};
        std::copy(std::begin(kGuid), std::end(kGuid), rej.ari.begin());
        InjectToB(rej);
        EXPECT_EQ(StateB(), State::kReqRcvd) << +length;
    }
}

TEST_F(Rejecting, TransportsThatDoNotExistAreRefused)
{
    ListenB();
    a = Connect();
    auto req = LastSent<ibwire::CmReq>();
    wire.DropAll();

    struct Case
    {
        ibwire::TransportService service;
        ibwire::ExtendedTransport extension;
        std::uint32_t qpn;
    };

    const Case cases[] = {
        {ibwire::TransportService::kRd, ibwire::ExtendedTransport::kNone, kQpnA},
        {ibwire::TransportService::kExtended, ibwire::ExtendedTransport{2}, kQpnA},
        {ibwire::TransportService::kExtended, ibwire::ExtendedTransport::kNone, kQpnA},
        {ibwire::TransportService::kRc, ibwire::ExtendedTransport::kNone, 0},
    };
    for (const Case& one : cases)
    {
        req.transportServiceType = one.service;
        req.extendedTransportType = one.extension;
        req.localQpn = one.qpn;
        InjectToB(req);
        EXPECT_EQ(LastSent<ibwire::CmRej>().reason, RejReason::kInvalidTransportType);
    }
    EXPECT_EQ(hostB->consumer.TakeNames(), "");
    EXPECT_EQ(hostB->cm.LiveIds(), 1U);
}

TEST_F(Rejecting, AFullTableRefusesForWantOfResources)
{
    hostB->end.Attach(nullptr);
    Options few;
    few.limits.maxIds = 2;
    Host small(runtime, wire, kGuidB + 0x100, kLidB + 1, few);
    const Handle service = small.cm.Create(small.consumer).value();
    ASSERT_TRUE(small.cm.Listen(service, kService));
    for (std::uint32_t i = 0; i < 2; ++i)
    {
        ReqParameters parameters = Req();
        parameters.primaryPath.dlid = kLidB + 1;
        parameters.primaryPath.dgid = small.gid;
        parameters.localQpn = kQpnA + i;
        Connect(parameters);
    }
    Settle();
    EXPECT_EQ(ToldToA().reason, RejReason::kNoResources);
    ASSERT_EQ(small.consumer.told.size(), 1U);
    EXPECT_EQ(small.cm.Create(small.consumer), tl::unexpected(CmError::kNoResources));
    ASSERT_TRUE(small.cm.Destroy(small.consumer.told[0].id));
    ASSERT_TRUE(small.cm.Destroy(service));
    wire.DropAll();
}

TEST_F(Rejecting, ARejOfTheLastReqDoesNotEndThePresentOne)
{
    // No listener: the REJ comes twice, the second copy when the id has asked again.
    a = Connect();
    ASSERT_TRUE(wire.Deliver());
    const ibwire::CmRej rej = LastSent<ibwire::CmRej>();
    const std::uint64_t first = sent.back().header.transactionId;
    Settle();
    ASSERT_EQ(StateA(), State::kIdle);
    ASSERT_TRUE(hostA->cm.SendReq(a, Req()));
    wire.DropAll();
    InjectToA(rej, first);
    EXPECT_EQ(StateA(), State::kReqSent);
    const auto& discarded = hostA->cm.Counters().discarded;
    EXPECT_EQ(discarded[static_cast<std::size_t>(Discard::kTransactionId)], 1U);
    InjectToA(rej);
    EXPECT_EQ(StateA(), State::kIdle);
}

} // namespace
} // namespace ibcm::test
