// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// No memory is taken while a lock of the core is held: an allocation may sleep, and may fail where
// nothing can be undone any more. What is needed is made before.
#include "allocation-hook.h"
#include "pair.h"

#include <vector>

namespace ibcm::test
{
namespace
{

class NoAllocation : public Pair
{
  protected:
    /** Only what happens between two of these is looked at. */
    void Watch()
    {
        // The test's own lists grow whenever they like, and with no lock held; but the wire's list
        // is written to under an id's lock, and belongs to the test.
        wire.Reserve(64);
        sent.reserve(sent.size() + 64);
        history.reserve(history.size() + 100000);
        hook = std::make_unique<AllocationHook>(runtime);
    }

    void ExpectNone(const char* what)
    {
        const AllocationHook* const seen = hook.get();
        EXPECT_EQ(seen->Allocations(), 0U)
            << what << ": the first of them has " << seen->FirstBytes() << " bytes";
        EXPECT_GT(seen->Others(), 0U) << what << ": the hook sees nothing at all";
        hook.reset();
        wire.DropAll();
    }

    std::unique_ptr<AllocationHook> hook;
};

TEST_F(NoAllocation, InALifeOfAConnection)
{
    listener = ListenB();
    const std::vector<std::uint8_t> data = Bytes(56);
    Watch();
    ReqParameters req = Req();
    req.privateData = data;
    req.alternatePath = PathToB();
    a = Connect(req);
    Settle();
    b = Accepted();
    MraParameters mra;
    mra.privateData = data;
    EXPECT_TRUE(hostB->cm.SendMra(b, mra));
    Settle();
    RepParameters rep = Rep();
    rep.privateData = data;
    EXPECT_TRUE(hostB->cm.SendRep(b, rep));
    Settle();
    EXPECT_TRUE(hostA->cm.SendMra(a, mra));
    Settle();
    EXPECT_TRUE(hostA->cm.SendRtu(a, data));
    Settle();
    EXPECT_TRUE(hostA->cm.SendDreq(a, data));
    Settle();
    EXPECT_TRUE(hostB->cm.SendDrep(b, data));
    Settle();
    EXPECT_EQ(StateA(), State::kTimewait);
    runtime.Advance(std::chrono::minutes(1));
    EXPECT_EQ(StateA(), State::kIdle);
    DestroyA(a);
    DestroyB(b);
    ExpectNone("connect, MRA, disconnect");
}

TEST_F(NoAllocation, InRefusalsFromBothSides)
{
    listener = ListenB();
    const std::vector<std::uint8_t> data = Bytes(148);
    Watch();
    a = Connect();
    Settle();
    EXPECT_TRUE(hostB->cm.SendRej(Accepted(), ibwire::RejReason::kConsumer, Bytes(72), data));
    Settle();
    DestroyA(a);
    ReachA(State::kRepRcvd);
    EXPECT_TRUE(hostA->cm.SendRej(a, ibwire::RejReason::kConsumer, {}, data));
    Settle();
    ReqParameters nobody = Req();
    nobody.serviceId = kService + 1;
    Connect(nobody);
    Settle();
    ExpectNone("refusals");
}

TEST_F(NoAllocation, WhenAnswersComeFromNobody)
{
    listener = ListenB();
    Watch();
    a = Connect();
    wire.DropAll();
    runtime.RunUntilIdle();
    wire.DropAll();
    DestroyA(a);
    Establish();
    EXPECT_TRUE(hostA->cm.SendDreq(a));
    for (unsigned i = 0; i < 10; ++i)
    {
        wire.DropAll();
        runtime.Advance(std::chrono::seconds(2));
    }
    ExpectNone("time-outs");
}

TEST_F(NoAllocation, WhenAPeerRepeatsItself)
{
    ReachB(State::kRepSent);
    const SentMad req = [this]
    {
        // One more try of A's.
        runtime.Advance(runtime.NextTimer() - runtime.Now());
        return sent.empty() ? SentMad{} : sent.front();
    }();
    Watch();
    for (unsigned i = 0; i < 3; ++i)
    {
        ReceivedMad mad;
        mad.bytes = req.bytes;
        mad.replyAddress.dlid = kLidA;
        hostB->port.Received(mad);
    }
    Settle();
    wire.DropAll();
    EXPECT_TRUE(hostB->cm.NotifyEstablished(b));
    runtime.RunReady();
    ExpectNone("repetitions, COMM_EST");
}

TEST_F(NoAllocation, InChangesOfTheAlternatePath)
{
    Establish();
    LapParameters lap;
    lap.alternatePath = PathToB();
    lap.alternatePath.slid = kLidA + 1;
    const std::vector<std::uint8_t> data = Bytes(100);
    lap.privateData = data;
    AprParameters apr;
    apr.info = data;
    apr.info = apr.info.first(72);
    apr.privateData = data;
    Watch();
    for (unsigned i = 0; i < 2; ++i)
    {
        EXPECT_TRUE(hostA->cm.SendLap(a, lap));
        Settle();
        EXPECT_TRUE(hostB->cm.SendMra(b, {}));
        Settle();
        EXPECT_TRUE(hostB->cm.SendApr(b, apr));
        Settle();
        EXPECT_EQ(hostA->cm.LapStateOf(a), LapState::kIdle);
    }
    EXPECT_TRUE(hostA->cm.NotifyMigrated(a));
    EXPECT_TRUE(hostB->cm.NotifyMigrated(b));
    ExpectNone("LAP and APR");
}

TEST_F(NoAllocation, InServiceIdResolution)
{
    listener = ListenB();
    SidrReqParameters request;
    request.serviceId = kService;
    request.path = PathToB();
    SidrRepParameters answer;
    answer.qpn = kQpnB;
    const std::vector<std::uint8_t> data = Bytes(136);
    request.privateData = data;
    answer.privateData = data;
    a = CreateA();
    created.emplace_back(hostB.get(), Handle::kNone); // its room
    Watch();
    EXPECT_TRUE(hostA->cm.SendSidrReq(a, request));
    Settle();
    b = hostB->consumer.Last().id;
    created.emplace_back(hostB.get(), b);
    EXPECT_TRUE(hostB->cm.SendSidrRep(b, answer));
    Settle();
    request.serviceId = kService + 1;
    EXPECT_TRUE(hostA->cm.SendSidrReq(a, request));
    Settle();
    ExpectNone("SIDR");
    created.erase(created.end() - 2);
}

TEST_F(NoAllocation, InListeners)
{
    Watch();
    for (unsigned i = 0; i < 100; ++i)
    {
        ListenB(kService + i);
    }
    for (unsigned i = 0; i < 3; ++i)
    {
        const auto shared = hostB->cm.ListenShared(hostB->consumer, kService + 200);
        created.emplace_back(hostB.get(), shared.value());
    }
    ListenParameters range;
    range.serviceId = 0x1060000;
    range.serviceMask = 0xffffffffffff0000;
    EXPECT_TRUE(hostB->cm.Listen(CreateB(), range));
    ListenB(kAssignServiceId);
    for (const auto& [host, id] : created)
    {
        EXPECT_TRUE(host->cm.Destroy(id));
    }
    created.clear();
    ExpectNone("listeners");
}

TEST_F(NoAllocation, InPairsThatAskEachOther)
{
    ReqParameters fromA = Req();
    fromA.peerToPeer = true;
    ReqParameters fromB = fromA;
    std::swap(fromB.primaryPath.sgid, fromB.primaryPath.dgid);
    std::swap(fromB.primaryPath.slid, fromB.primaryPath.dlid);
    fromB.localQpn = kQpnB;
    a = CreateA();
    b = CreateB();
    Watch();
    EXPECT_TRUE(hostA->cm.SendReq(a, fromA));
    EXPECT_TRUE(hostB->cm.SendReq(b, fromB));
    Settle();
    EXPECT_EQ(StateA(), State::kReqRcvd) << "the greater GUID stays active";
    ExpectNone("peer-to-peer");
}

TEST_F(NoAllocation, InReports)
{
    Establish();
    Watch();
    const Report report = hostA->cm.Inspect();
    EXPECT_FALSE(report.ids.empty());
    EXPECT_TRUE(hostA->cm.TimelineOf(a));
    EXPECT_TRUE(hostA->cm.InitQpAttributes(a, QpTarget::kRtr));
    ExpectNone("reports");
}

TEST_F(NoAllocation, InThousandsOfIdsAndPeers)
{
    // The tables grow many times. No request stays unanswered, so that the port has no cause to
    // grow: what a port needs for a send it takes without a lock of its own, but under its
    // caller's.
    constexpr unsigned kConnections = 3000;
    listener = ListenB();
    created.reserve(kConnections + 8);
    hostB->consumer.accepted.reserve(kConnections + 8);
    for (Host* host : {hostA.get(), hostB.get()})
    {
        host->consumer.told.reserve(2 * kConnections + 8);
    }
    sent.reserve(4 * kConnections);
    unsigned number = 0;
    hostB->consumer.react = [&](ConnectionManager& manager, Handle id, const Event& event)
    {
        RepParameters rep = Rep();
        rep.localQpn = 0x1000 + number;
        EXPECT_TRUE(event.type != EventType::kReqReceived || manager.SendRep(id, rep));
        return Disposition::kKeep;
    };
    hostA->consumer.react = [](ConnectionManager& manager, Handle id, const Event& event)
    {
        EXPECT_TRUE(event.type != EventType::kRepReceived || manager.SendRtu(id));
        return Disposition::kKeep;
    };
    Watch();
    for (; number < kConnections; ++number)
    {
        ReqParameters req = Req();
        req.localQpn = 0x1000 + number;
        Connect(req);
        Settle();
    }
    EXPECT_EQ(hostA->cm.PeerRecords(), kConnections);
    EXPECT_EQ(hostB->cm.PeerRecords(), kConnections);
    EXPECT_EQ(hostB->cm.LiveIds(), kConnections + 1);
    for (unsigned i = 1; i < created.size(); ++i)
    {
        DestroyA(created[i].second);
        wire.DropAll();
    }
    created.resize(1);
    ExpectNone("growth");
}

} // namespace
} // namespace ibcm::test
