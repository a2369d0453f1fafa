// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// REQ, REP, RTU: a connection comes up, and both sides know of each other what they should.
#include "pair.h"

namespace ibcm::test
{
namespace
{

class Connecting : public Pair
{
};

TEST_F(Connecting, TheReqSaysWhatTheConsumerAskedFor)
{
    const auto data = Bytes(92);
    ReqParameters parameters = Req();
    parameters.privateData = data;
    const Handle id = Connect(parameters);

    const auto& req = LastSent<ibwire::CmReq>();
    EXPECT_EQ(req.localCommId, hostA->cm.CommIdOf(id).value());
    EXPECT_NE(req.localCommId, 0U);
    EXPECT_EQ(req.serviceId, kService);
    EXPECT_EQ(req.localCaGuid, kGuidA);
    EXPECT_EQ(req.localQpn, kQpnA);
    EXPECT_EQ(req.startingPsn, kPsnA);
    EXPECT_EQ(req.responderResources, 3);
    EXPECT_EQ(req.initiatorDepth, 5);
    EXPECT_EQ(req.maxCmRetries, kRetries);
    EXPECT_EQ(req.primaryLocalGid, hostA->gid);
    EXPECT_EQ(req.primaryRemoteGid, hostB->gid);
    EXPECT_EQ(req.primaryLocalAckTimeout, 15) << "ack(10, 14)";
    EXPECT_EQ(req.alternateLocalLid, 0) << "no alternate path";
    EXPECT_TRUE(Holds(req.privateData, data));
    EXPECT_EQ(sent.back().address.dlid, kLidB);
    EXPECT_EQ(sent.back().address.qpn, 1U);
    EXPECT_FALSE(sent.back().address.hasGrh);
    EXPECT_EQ(hostA->cm.StateOf(id), State::kReqSent);
}

TEST_F(Connecting, TheListenerHearsOfAReqWithBothSidesExchanged)
{
    const Handle service = ListenB();
    const auto data = Bytes(40);
    ReqParameters parameters = Req();
    parameters.privateData = data;
    Connect(parameters);
    Settle();

    const Told& told = hostB->consumer.Last();
    ASSERT_EQ(told.event.type, EventType::kReqReceived);
    const auto& req = std::get<ReqReceived>(told.event.parameters);
    EXPECT_EQ(req.listener, service);
    EXPECT_NE(told.id, service);
    EXPECT_EQ(req.serviceId, kService);
    EXPECT_EQ(req.remoteCaGuid, kGuidA);
    EXPECT_EQ(req.remoteQpn, kQpnA);
    EXPECT_EQ(req.startingPsn, kPsnA);
    EXPECT_EQ(req.qpType, QpType::kRc);
    EXPECT_EQ(req.responderResources, 5);
    EXPECT_EQ(req.initiatorDepth, 3);
    EXPECT_EQ(req.localCmResponseTimeout, kResponseTimeout);
    EXPECT_EQ(req.remoteCmResponseTimeout, kResponseTimeout + 1);
    EXPECT_EQ(req.primaryPath.sgid, hostB->gid);
    EXPECT_EQ(req.primaryPath.dgid, hostA->gid);
    EXPECT_EQ(req.primaryPath.dlid, kLidA);
    EXPECT_EQ(req.primaryPath.packetLifeTime, 14);
    EXPECT_FALSE(req.hasAlternatePath);
    EXPECT_EQ(told.event.privateData.Bytes().size(), 92U);
    EXPECT_TRUE(Holds(told.event.privateData.Bytes(), data));
    EXPECT_EQ(hostB->cm.StateOf(told.id), State::kReqRcvd);
    EXPECT_EQ(hostB->cm.StateOf(service), State::kListen);
}

TEST_F(Connecting, RepAndRtuCompleteTheConnection)
{
    ReachA(State::kReqSent);
    InjectToA(ibwire::CmRtu{}); // for nobody; changes nothing
    const auto repData = Bytes(196);
    RepParameters rep = Rep();
    rep.privateData = repData;
    ASSERT_TRUE(hostB->cm.SendRep(b, rep));
    EXPECT_EQ(StateB(), State::kRepSent);
    EXPECT_EQ(LastSent<ibwire::CmRep>().localCommId, hostB->cm.CommIdOf(b).value());
    EXPECT_EQ(LastSent<ibwire::CmRep>().remoteCommId, hostA->cm.CommIdOf(a).value());
    EXPECT_EQ(hostB->port.Outstanding(), 1U);
    EXPECT_EQ(hostA->port.Outstanding(), 1U);
    Settle();

    EXPECT_EQ(StateA(), State::kRepRcvd);
    EXPECT_EQ(hostA->port.Outstanding(), 0U) << "the REQ goes on though it was answered";
    const auto& told = std::get<RepReceived>(hostA->consumer.Last().event.parameters);
    EXPECT_EQ(told.remoteCaGuid, kGuidB);
    EXPECT_EQ(told.remoteQpn, kQpnB);
    EXPECT_EQ(told.startingPsn, kPsnB);
    EXPECT_EQ(told.responderResources, 2);
    EXPECT_EQ(told.initiatorDepth, 4);
    EXPECT_EQ(told.targetAckDelay, 15);
    EXPECT_TRUE(Holds(hostA->consumer.Last().event.privateData.Bytes(), repData));

    const auto rtuData = Bytes(224);
    ASSERT_TRUE(hostA->cm.SendRtu(a, rtuData));
    EXPECT_EQ(StateA(), State::kEstablished);
    Settle();
    EXPECT_EQ(StateB(), State::kEstablished);
    EXPECT_EQ(hostB->port.Outstanding(), 0U) << "the REP goes on though it was answered";
    EXPECT_TRUE(Holds(hostB->consumer.Last().event.privateData.Bytes(), rtuData));
    EXPECT_EQ(hostB->consumer.TakeNames(), "RTU_RECEIVED");
    EXPECT_EQ(TakeSent(), "B>REP A>RTU");
}

TEST_F(Connecting, AllMessagesOfAHandshakeHaveTheReqsTransactionId)
{
    ListenB();
    a = Connect();
    Settle();
    ASSERT_TRUE(hostB->cm.SendRep(Accepted(), Rep()));
    Settle();
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    ASSERT_EQ(sent.size(), 3U);
    EXPECT_EQ(sent[1].header.transactionId, sent[0].header.transactionId);
    EXPECT_EQ(sent[2].header.transactionId, sent[0].header.transactionId);
    Connect();
    EXPECT_NE(sent.back().header.transactionId, sent[0].header.transactionId);
}

TEST_F(Connecting, UnreliableConnectionsSaySo)
{
    ListenB();
    ReqParameters parameters = Req();
    parameters.qpType = QpType::kUc;
    Connect(parameters);
    EXPECT_EQ(LastSent<ibwire::CmReq>().transportServiceType, ibwire::TransportService::kUc);
    Settle();
    EXPECT_EQ(std::get<ReqReceived>(hostB->consumer.Last().event.parameters).qpType, QpType::kUc);
    b = Accepted();
    EXPECT_EQ(hostB->cm.InitQpAttributes(b, QpTarget::kRtr)->mask & kQpMaxDestRdAtomic, 0U);
}

TEST_F(Connecting, AnXrcTargetAnswersWithItsQpnInTheEecn)
{
    ListenB();
    ReqParameters parameters = Req();
    parameters.qpType = QpType::kXrcInitiator;
    a = Connect(parameters);
    const auto& req = LastSent<ibwire::CmReq>();
    EXPECT_EQ(req.transportServiceType, ibwire::TransportService::kExtended);
    EXPECT_EQ(req.extendedTransportType, ibwire::ExtendedTransport::kXrc);
    EXPECT_EQ(req.responderResources, 0);
    EXPECT_EQ(req.retryCount, 0);
    Settle();
    b = Accepted();
    EXPECT_EQ(std::get<ReqReceived>(hostB->consumer.Last().event.parameters).qpType,
              QpType::kXrcTarget);
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    const auto rep = LastSent<ibwire::CmRep>();
    EXPECT_EQ(rep.localQpn, 0U);
    EXPECT_EQ(rep.localEecn, kQpnB);
    EXPECT_TRUE(rep.srq);
    EXPECT_EQ(rep.initiatorDepth, 0);
    Settle();
    EXPECT_EQ(std::get<RepReceived>(hostA->consumer.Last().event.parameters).remoteQpn, kQpnB);
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    Settle();
    ASSERT_TRUE(hostA->cm.SendDreq(a));
    EXPECT_EQ(LastSent<ibwire::CmDreq>().remoteQpn, kQpnB);
    Settle();
    EXPECT_EQ(StateB(), State::kDreqRcvd);
}

TEST_F(Connecting, ARoutedPathGoesWithAGrhAndPermissiveLids)
{
    ListenB();
    ReqParameters parameters = Req();
    parameters.primaryPath.hopLimit = 64;
    parameters.primaryPath.flowLabel = 0xabcde;
    parameters.primaryPath.trafficClass = 9;
    Connect(parameters);
    EXPECT_TRUE(sent.back().address.hasGrh);
    EXPECT_EQ(sent.back().address.dgid, hostB->gid);
    EXPECT_EQ(sent.back().address.flowLabel, 0xabcdeU);
    EXPECT_EQ(LastSent<ibwire::CmReq>().primaryLocalLid, 0xffff);
    EXPECT_FALSE(LastSent<ibwire::CmReq>().primarySubnetLocal);
    Settle();
    const auto& req = std::get<ReqReceived>(hostB->consumer.Last().event.parameters);
    EXPECT_EQ(req.primaryPath.dlid, kLidA) << "the permissive LID is no destination";
    ASSERT_TRUE(hostB->cm.SendRep(Accepted(), Rep()));
    EXPECT_EQ(sent.back().address.dlid, kLidA);
    EXPECT_TRUE(sent.back().address.hasGrh);
}

TEST_F(Connecting, CommEstMakesTheConnectionAndIsToldLater)
{
    ReachB(State::kRepSent);
    ASSERT_TRUE(hostB->cm.NotifyEstablished(b));
    EXPECT_EQ(StateB(), State::kEstablished);
    EXPECT_EQ(hostB->consumer.TakeNames(), "") << "told inside the call";
    EXPECT_EQ(hostB->port.Outstanding(), 0U);
    EXPECT_EQ(hostB->cm.NotifyEstablished(b), tl::unexpected(CmError::kAlreadyConnected));
    Settle();
    EXPECT_EQ(hostB->consumer.TakeNames(), "USER_ESTABLISHED");
}

TEST_F(Connecting, ADreqAfterCommEstIsToldAfterIt)
{
    // In a common implementation a DREQ that overtakes the queued USER_ESTABLISHED swallows it.
    ReachA(State::kRepRcvd);
    ASSERT_TRUE(hostB->cm.NotifyEstablished(b));
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    wire.DropAll();
    ASSERT_TRUE(hostA->cm.SendDreq(a));
    ASSERT_TRUE(wire.Deliver());
    EXPECT_EQ(StateB(), State::kDreqRcvd);
    runtime.RunReady();
    EXPECT_EQ(hostB->consumer.TakeNames(), "USER_ESTABLISHED DREQ_RECEIVED");
}

TEST_F(Connecting, ALateRtuAfterCommEstIsADuplicate)
{
    ReachA(State::kRepRcvd);
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    ASSERT_TRUE(hostB->cm.NotifyEstablished(b));
    Settle();
    EXPECT_EQ(hostB->consumer.TakeNames(), "USER_ESTABLISHED");
    EXPECT_EQ(hostB->cm.Counters().duplicates[4], 1U);
}

TEST_F(Connecting, OneListenerServesManyAndAnotherServiceNone)
{
    ListenB();
    ListenB(kService + 1);
    for (std::uint32_t i = 0; i < 50; ++i)
    {
        ReqParameters parameters = Req();
        parameters.localQpn = kQpnA + i;
        parameters.serviceId = kService + i % 2;
        Connect(parameters);
    }
    Settle();
    ASSERT_EQ(hostB->consumer.told.size(), 50U);
    for (std::uint32_t i = 0; i < 50; ++i)
    {
        const auto& req = std::get<ReqReceived>(hostB->consumer.told[i].event.parameters);
        EXPECT_EQ(req.remoteQpn, kQpnA + i);
        EXPECT_EQ(req.serviceId, kService + i % 2);
    }
    EXPECT_EQ(hostB->cm.LiveIds(), 52U);
    EXPECT_EQ(hostB->cm.PeerRecords(), 50U);
}

TEST_F(Connecting, AHostConnectsToItself)
{
    const Handle service = hostA->cm.Create(hostA->consumer).value();
    created.emplace_back(hostA.get(), service);
    ASSERT_TRUE(hostA->cm.Listen(service, kService));
    ReqParameters parameters = Req();
    parameters.primaryPath.dgid = hostA->gid;
    parameters.primaryPath.dlid = kLidA;
    a = Connect(parameters);
    Settle();
    const Handle passive = hostA->consumer.Last().id;
    created.emplace_back(hostA.get(), passive);
    ASSERT_TRUE(hostA->cm.SendRep(passive, Rep()));
    Settle();
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    Settle();
    EXPECT_EQ(StateA(), State::kEstablished);
    EXPECT_EQ(hostA->cm.StateOf(passive), State::kEstablished);
    ASSERT_TRUE(hostA->cm.SendDreq(a));
    Settle();
    EXPECT_EQ(hostA->cm.StateOf(passive), State::kDreqRcvd);
}

} // namespace
} // namespace ibcm::test
