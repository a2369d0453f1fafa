// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The alternate path of a REQ or LAP: told, accepted or not, and taken when the QP migrates.
#include "two_ports.h"

namespace ibcm::test
{
namespace
{

using ibwire::Failover;

constexpr auto kAccepted = static_cast<std::uint8_t>(Failover::kAccepted);
constexpr auto kNotSupported = static_cast<std::uint8_t>(Failover::kNotSupported);
constexpr auto kRejected = static_cast<std::uint8_t>(Failover::kRejected);

class AlternatePaths : public TwoPorts
{
  protected:
    RepParameters RepWith(std::uint8_t failover) const
    {
        RepParameters parameters = Rep();
        parameters.failoverAccepted = failover;
        return parameters;
    }

    /** Ends the connection from A; what it and B sent, by port. */
    std::string Disconnect()
    {
        EXPECT_TRUE(hostA->cm.SendDreq(a));
        Settle();
        EXPECT_TRUE(hostB->cm.SendDrep(b));
        Settle();
        return TakeSentByPort();
    }
};

TEST_F(AlternatePaths, ThePassiveSideHearsOfBothPaths)
{
    ListenB();
    ReqParameters req = ReqWithAlternate();
    req.alternatePath->flowLabel = 0xabcde;
    req.alternatePath->trafficClass = 0x5a;
    req.alternatePath->rate = 7;
    a = Connect(req);
    Settle();
    const auto& received = std::get<ReqReceived>(hostB->consumer.Last().event.parameters);
    ASSERT_TRUE(received.hasAlternatePath);
    const Path& path = received.alternatePath;
    EXPECT_EQ(path.sgid, gidB2);
    EXPECT_EQ(path.dgid, gidA2);
    EXPECT_EQ(path.slid, kLidB2);
    EXPECT_EQ(path.dlid, kLidA2);
    EXPECT_EQ(path.pkey, 0xffff);
    EXPECT_EQ(path.mtu, 4);
    EXPECT_EQ(path.flowLabel, 0xabcdeU);
    EXPECT_EQ(path.trafficClass, 0x5a);
    EXPECT_EQ(path.rate, 7);
    EXPECT_EQ(path.sl, kAlternateSl);
    EXPECT_EQ(path.packetLifeTime, kAlternateLifeTime);
    EXPECT_EQ(received.primaryPath.sgid, hostB->gid);
}

TEST_F(AlternatePaths, WithoutOneThereIsNone)
{
    ReachB(State::kReqRcvd);
    ASSERT_TRUE(hostB->cm.SendRep(b, RepWith(kAccepted)));
    Settle();
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    Settle();
    EXPECT_EQ(hostA->cm.NotifyMigrated(a), tl::unexpected(CmError::kInvalidState));
    EXPECT_EQ(hostB->cm.NotifyMigrated(b), tl::unexpected(CmError::kInvalidState));
}

TEST_F(AlternatePaths, OnlyAnAcceptedOneIsTaken)
{
    for (const std::uint8_t failover : {kNotSupported, kRejected, kAccepted})
    {
        SCOPED_TRACE(+failover);
        ReqParameters req = ReqWithAlternate();
        req.localQpn = kQpnA + failover;
        RepParameters rep = RepWith(failover);
        rep.localQpn = kQpnB + failover;
        listener = listener == Handle::kNone ? ListenB() : listener;
        a = Connect(req);
        Settle();
        b = Accepted();
        ASSERT_TRUE(hostB->cm.SendRep(b, rep));
        Settle();
        const auto& told = std::get<RepReceived>(hostA->consumer.Last().event.parameters);
        EXPECT_EQ(told.failoverAccepted, failover);
        EXPECT_EQ(hostA->cm.NotifyMigrated(a), tl::unexpected(CmError::kInvalidState))
            << "not before the connection";
        ASSERT_TRUE(hostA->cm.SendRtu(a));
        Settle();
        EXPECT_EQ(hostA->cm.NotifyMigrated(a).has_value(), failover == kAccepted);
        EXPECT_EQ(hostB->cm.NotifyMigrated(b).has_value(), failover == kAccepted);
        ForgetRecords();
        EXPECT_EQ(Disconnect(), failover == kAccepted ? "A2>DREQ B2>DREP" : "A1>DREQ B1>DREP");
        runtime.RunUntilIdle();
    }
}

TEST_F(AlternatePaths, AValueThatIsNoAnswerIsRefused)
{
    ReachB(State::kReqRcvd);
    for (const std::uint8_t failover : {3, 4, 255}) // 3 is reserved, though it has room
    {
        EXPECT_EQ(hostB->cm.SendRep(b, RepWith(failover)),
                  tl::unexpected(CmError::kInvalidArgument))
            << +failover;
    }
    EXPECT_EQ(TakeSent(), "");
    EXPECT_EQ(StateB(), State::kReqRcvd);
}

TEST_F(AlternatePaths, MessagesTakeTheNewPathOfTheSideThatHasMigrated)
{
    EstablishWith(ReqWithAlternate(), Rep());
    ASSERT_TRUE(hostA->cm.NotifyMigrated(a));
    EXPECT_EQ(LapA(), LapState::kIdle);
    EXPECT_EQ(LapB(), LapState::kUninit);
    ASSERT_TRUE(hostA->cm.SendDreq(a));
    EXPECT_EQ(sent.back().address.dlid, kLidB2);
    EXPECT_EQ(sent.back().address.sl, kAlternateSl);
    Settle();
    ASSERT_TRUE(hostB->cm.SendDrep(b));
    EXPECT_EQ(sent.back().address.dlid, kLidA);
    Settle();
    EXPECT_EQ(TakeSentByPort(), "A2>DREQ B1>DREP");
    EXPECT_EQ(StateA(), State::kTimewait);
}

TEST_F(AlternatePaths, RetriesAndRepeatedAnswersTakeIt)
{
    EstablishWith(ReqWithAlternate(), Rep());
    ASSERT_TRUE(hostA->cm.NotifyMigrated(a));
    ASSERT_TRUE(hostB->cm.NotifyMigrated(b));
    ASSERT_TRUE(hostA->cm.SendDreq(a));
    wire.DropAll();
    runtime.Advance(2 * Exponent(kLifeTime) + Exponent(kResponseTimeout));
    Settle();
    ASSERT_TRUE(hostB->cm.SendDrep(b));
    wire.DropAll();
    runtime.Advance(2 * Exponent(kLifeTime) + Exponent(kResponseTimeout));
    Settle();
    EXPECT_EQ(TakeSentByPort(), "A2>DREQ A2>DREQ B2>DREP A2>DREQ B2>DREP");
    EXPECT_EQ(CountOf(hostA->cm.Counters(2)->retried, ibwire::CmAttribute::kDreq), 2U);
    EXPECT_EQ(CountOf(hostA->cm.Counters(1)->retried, ibwire::CmAttribute::kDreq), 0U);
}

TEST_F(AlternatePaths, IsTakenOnce)
{
    EstablishWith(ReqWithAlternate(), Rep());
    ASSERT_TRUE(hostA->cm.NotifyMigrated(a));
    EXPECT_EQ(hostA->cm.NotifyMigrated(a), tl::unexpected(CmError::kInvalidState));
    EXPECT_EQ(hostA->cm.NotifyMigrated(Handle::kNone), tl::unexpected(CmError::kInvalidHandle));
}

TEST_F(AlternatePaths, OfALapIsTakenOnceItWasAnswered)
{
    EstablishWith(Req(), Rep());
    ASSERT_TRUE(hostA->cm.SendLap(a, Lap()));
    EXPECT_EQ(hostA->cm.NotifyMigrated(a), tl::unexpected(CmError::kInvalidState));
    Settle();
    EXPECT_EQ(hostB->cm.NotifyMigrated(b), tl::unexpected(CmError::kInvalidState));
    ASSERT_TRUE(hostB->cm.SendApr(b, {}));
    Settle();
    ASSERT_TRUE(hostA->cm.NotifyMigrated(a));
    ASSERT_TRUE(hostB->cm.NotifyMigrated(b));
    ForgetRecords();
    EXPECT_EQ(Disconnect(), "A2>DREQ B2>DREP");
}

TEST_F(AlternatePaths, ThatIsRefusedLeavesTheOneBeforeLoaded)
{
    EstablishWith(ReqWithAlternate(), Rep());
    LapParameters lap = Lap();
    lap.alternatePath.dgid = hostB->gid;
    lap.alternatePath.dlid = kLidB;
    ASSERT_TRUE(hostA->cm.SendLap(a, lap));
    Settle();
    ASSERT_TRUE(hostB->cm.SendApr(b, {ibwire::AprStatus::kRejected, {}, {}}));
    Settle();
    ASSERT_TRUE(hostA->cm.NotifyMigrated(a));
    ASSERT_TRUE(hostA->cm.SendDreq(a));
    EXPECT_EQ(sent.back().address.dlid, kLidB2);
}

TEST_F(AlternatePaths, ThatIsRefusedIsNotTaken)
{
    EstablishWith(Req(), Rep());
    ASSERT_TRUE(hostA->cm.SendLap(a, Lap()));
    Settle();
    ASSERT_TRUE(hostB->cm.SendApr(b, {ibwire::AprStatus::kRejected, {}, {}}));
    Settle();
    EXPECT_EQ(hostA->cm.NotifyMigrated(a), tl::unexpected(CmError::kInvalidState));
    EXPECT_EQ(hostB->cm.NotifyMigrated(b), tl::unexpected(CmError::kInvalidState));
}

TEST_F(AlternatePaths, BackAndForth)
{
    EstablishWith(ReqWithAlternate(), Rep());
    for (unsigned turn = 0; turn < 4; ++turn)
    {
        ASSERT_TRUE(hostA->cm.NotifyMigrated(a));
        ASSERT_TRUE(hostB->cm.NotifyMigrated(b));
        LapParameters lap = Lap();
        if (turn % 2 == 0)
        {
            lap.alternatePath = PathToB();
        }
        ASSERT_TRUE(hostA->cm.SendLap(a, lap));
        Settle();
        EXPECT_EQ(TakeSentByPort(), turn % 2 == 0 ? "A2>LAP" : "A1>LAP");
        ASSERT_TRUE(hostB->cm.SendApr(b, {}));
        Settle();
        EXPECT_EQ(TakeSentByPort(), turn % 2 == 0 ? "B2>APR" : "B1>APR");
    }
    EXPECT_EQ(Disconnect(), "A1>DREQ B1>DREP");
}

TEST_F(AlternatePaths, TheQpIsGivenItsAckTimeoutByThePeersDelay)
{
    RepParameters rep = Rep();
    rep.targetAckDelay = 20;
    EstablishWith(ReqWithAlternate(), rep);
    // ack(20, 12) = 20, as the lifetime is far below; B has the REQ's field, ack(10, 12) = 13.
    EXPECT_EQ(hostA->cm.InitQpAttributes(a, QpTarget::kRtr)->altTimeout, 20);
    EXPECT_EQ(hostB->cm.InitQpAttributes(b, QpTarget::kRtr)->altTimeout, 13);
    ASSERT_TRUE(hostA->cm.NotifyMigrated(a));
    ASSERT_TRUE(hostB->cm.NotifyMigrated(b));
    EXPECT_EQ(hostA->cm.InitQpAttributes(a, QpTarget::kRtr)->timeout, 20);
    EXPECT_EQ(hostB->cm.InitQpAttributes(b, QpTarget::kRtr)->timeout, 13);
}

TEST_F(AlternatePaths, SoItIsForAPathThatCameWithALap)
{
    RepParameters rep = Rep();
    rep.targetAckDelay = 20;
    EstablishWith(Req(), rep);
    ASSERT_TRUE(hostA->cm.SendLap(a, Lap()));
    Settle();
    ASSERT_TRUE(hostB->cm.SendApr(b, {}));
    Settle();
    ASSERT_TRUE(hostA->cm.NotifyMigrated(a));
    ASSERT_TRUE(hostB->cm.NotifyMigrated(b));
    EXPECT_EQ(hostA->cm.InitQpAttributes(a, QpTarget::kRtr)->timeout, 20);
    EXPECT_EQ(hostB->cm.InitQpAttributes(b, QpTarget::kRtr)->timeout, 13) << "the LAP's field";
}

TEST_F(AlternatePaths, TimewaitWaitsForStrayPacketsOfEachPath)
{
    ReqParameters req = ReqWithAlternate();
    req.alternatePath->packetLifeTime = 18;
    EstablishWith(req, Rep());
    ASSERT_TRUE(hostA->cm.NotifyMigrated(a));
    ASSERT_TRUE(hostB->cm.NotifyMigrated(b));
    Disconnect();
    ForgetRecords();
    const Instant begin = runtime.Now();
    runtime.RunUntilIdle();
    EXPECT_EQ(hostA->consumer.Last().when - begin, 2 * Exponent(18) + Exponent(15));
    EXPECT_EQ(hostB->consumer.Last().when - begin, Exponent(19));
}

TEST_F(AlternatePaths, AShorterOneDoesNotShortenTimewait)
{
    EstablishWith(ReqWithAlternate(), Rep());
    ASSERT_TRUE(hostA->cm.NotifyMigrated(a));
    ASSERT_TRUE(hostB->cm.NotifyMigrated(b));
    Disconnect();
    ForgetRecords();
    const Instant begin = runtime.Now();
    runtime.RunUntilIdle();
    EXPECT_EQ(hostA->consumer.Last().when - begin, 2 * Exponent(kLifeTime) + Exponent(15));
    EXPECT_EQ(hostB->consumer.Last().when - begin, Exponent(kLifeTime + 1));
}

TEST_F(AlternatePaths, TheWaitForAnAnswerIsThatOfTheNewPath)
{
    std::uint32_t number = 0;
    for (const std::uint8_t lifeTime : {18, 12})
    {
        SCOPED_TRACE(+lifeTime);
        ReqParameters req = ReqWithAlternate();
        req.alternatePath->packetLifeTime = lifeTime;
        req.localQpn += ++number;
        RepParameters rep = Rep();
        rep.localQpn += number;
        EstablishWith(req, rep);
        ASSERT_TRUE(hostA->cm.NotifyMigrated(a));
        ASSERT_TRUE(hostB->cm.NotifyMigrated(b));
        ASSERT_TRUE(hostA->cm.SendDreq(a));
        ASSERT_TRUE(hostB->cm.SendDreq(b));
        wire.DropAll();
        sent.clear();
        const Duration wait = 2 * Exponent(lifeTime) + Exponent(kResponseTimeout);
        runtime.Advance(wait - std::chrono::microseconds(1));
        EXPECT_EQ(TakeSentByPort().find("A2>"), std::string::npos) << "too early";
        runtime.Advance(std::chrono::microseconds(1));
        EXPECT_NE(TakeSentByPort().find("A2>DREQ"), std::string::npos) << "too late";
        Settle();
        runtime.RunUntilIdle();
    }
}

TEST_F(AlternatePaths, APortThatHasGoneCannotBeSentFrom)
{
    EstablishWith(ReqWithAlternate(), Rep());
    ASSERT_TRUE(hostA->cm.RemovePort(2));
    ASSERT_TRUE(hostA->cm.NotifyMigrated(a)) << "the QP has done so already";
    EXPECT_EQ(hostA->cm.SendDreq(a), tl::unexpected(CmError::kSendFailed));
    EXPECT_EQ(StateA(), State::kTimewait);
}

/** Whether attributes for a QP's step up to the connection have an alternate path. */
bool Offered(Host& host, Handle id)
{
    const auto rtr = host.cm.InitQpAttributes(id, QpTarget::kRtr);
    const auto rts = host.cm.InitQpAttributes(id, QpTarget::kRts);
    EXPECT_EQ((rtr->mask & kQpAltPath) != 0, (rts->mask & kQpPathMigState) != 0);
    EXPECT_EQ((rtr->mask & kQpAltPath) != 0, rtr->altPort != 0);
    return (rtr->mask & kQpAltPath) != 0;
}

TEST_F(AlternatePaths, OverAPortThatHasGoneIsNotOffered)
{
    ListenB();
    a = Connect(ReqWithAlternate());
    Settle();
    b = Accepted();
    ASSERT_TRUE(Offered(*hostB, b));
    ASSERT_TRUE(hostB->cm.RemovePort(2));
    EXPECT_FALSE(Offered(*hostB, b));
    ASSERT_TRUE(hostB->cm.AddPort(2, portB2));
    EXPECT_FALSE(Offered(*hostB, b)) << "the QP was told that there is none";

    ASSERT_TRUE(hostB->cm.SendRep(b, RepWith(kAccepted)));
    Settle();
    ASSERT_TRUE(Offered(*hostA, a));
    ASSERT_TRUE(hostA->cm.RemovePort(2));
    EXPECT_FALSE(Offered(*hostA, a));
    ASSERT_TRUE(hostA->cm.AddPort(2, portA2));
    EXPECT_FALSE(Offered(*hostA, a));
    EXPECT_FALSE(Offered(*hostB, b)) << "nor by having accepted it";
}

TEST_F(AlternatePaths, OfALapOverAPortThatHasGoneIsNotOffered)
{
    EstablishWith(Req(), Rep());
    ASSERT_TRUE(hostA->cm.SendLap(a, Lap()));
    Settle();
    ASSERT_EQ(LapB(), LapState::kLapRcvd);
    ASSERT_TRUE(hostB->cm.InitQpAttributes(b, QpTarget::kRts));
    ASSERT_TRUE(hostB->cm.RemovePort(2));
    ASSERT_TRUE(hostA->cm.RemovePort(2));
    EXPECT_FALSE(hostB->cm.InitQpAttributes(b, QpTarget::kRts));
    ASSERT_TRUE(hostB->cm.AddPort(2, portB2));
    ASSERT_TRUE(hostA->cm.AddPort(2, portA2));
    EXPECT_EQ(hostB->cm.InitQpAttributes(b, QpTarget::kRts).error(), CmError::kInvalidState);
    ASSERT_TRUE(hostB->cm.SendApr(b, {}));
    Settle();
    ASSERT_EQ(LapA(), LapState::kIdle);
    EXPECT_FALSE(hostA->cm.InitQpAttributes(a, QpTarget::kRts)) << "accepted too late";
    EXPECT_FALSE(hostB->cm.InitQpAttributes(b, QpTarget::kRts));

    // Another LAP brings it back.
    ASSERT_TRUE(hostA->cm.SendLap(a, Lap()));
    Settle();
    ASSERT_TRUE(hostB->cm.SendApr(b, {}));
    Settle();
    for (const auto& attributes : {hostA->cm.InitQpAttributes(a, QpTarget::kRts),
                                   hostB->cm.InitQpAttributes(b, QpTarget::kRts)})
    {
        ASSERT_TRUE(attributes);
        EXPECT_EQ(attributes->altPort, 2);
    }
    EXPECT_TRUE(hostA->cm.NotifyMigrated(a));
}

TEST_F(AlternatePaths, ThePrimaryPortMayGoOnceItIsNotUsed)
{
    EstablishWith(ReqWithAlternate(), Rep());
    ASSERT_TRUE(hostA->cm.NotifyMigrated(a));
    ASSERT_TRUE(hostB->cm.NotifyMigrated(b));
    ASSERT_TRUE(hostA->cm.RemovePort(1));
    EXPECT_EQ(Disconnect(), "A2>DREQ B2>DREP");
    EXPECT_EQ(StateA(), State::kTimewait);
}

TEST_F(AlternatePaths, OfAReqIsChecked)
{
    struct Case
    {
        const char* what;
        CmError error;
        void (*change)(ReqParameters& req);
    };

    static constexpr Case kCases[] = {
        {"P_Key",
         CmError::kInvalidArgument,
         [](ReqParameters& r) { r.alternatePath->pkey = 0x8001; }},
        {"MTU", CmError::kInvalidArgument, [](ReqParameters& r) { r.alternatePath->mtu = 3; }},
        {"lifetime",
         CmError::kInvalidArgument,
         [](ReqParameters& r) { r.alternatePath->packetLifeTime = 32; }},
        {"SL", CmError::kInvalidArgument, [](ReqParameters& r) { r.alternatePath->sl = 16; }},
        {"rate", CmError::kInvalidArgument, [](ReqParameters& r) { r.alternatePath->rate = 64; }},
        {"flow label",
         CmError::kInvalidArgument,
         [](ReqParameters& r) { r.alternatePath->flowLabel = 0x100000; }},
        {"no destination",
         CmError::kInvalidArgument,
         [](ReqParameters& r) { r.alternatePath->dgid = {}; }},
        {"no LID", CmError::kInvalidArgument, [](ReqParameters& r) { r.alternatePath->slid = 0; }},
        {"source",
         CmError::kNoPort,
         [](ReqParameters& r) { r.alternatePath->sgid = r.alternatePath->dgid; }},
    };
    a = CreateA();
    for (const Case& one : kCases)
    {
        SCOPED_TRACE(one.what);
        ReqParameters req = ReqWithAlternate();
        one.change(req);
        EXPECT_EQ(hostA->cm.SendReq(a, req), tl::unexpected(one.error));
        EXPECT_EQ(StateA(), State::kIdle);
        EXPECT_EQ(TakeSent(), "");
    }
    EXPECT_TRUE(hostA->cm.SendReq(a, ReqWithAlternate()));
}

TEST_F(AlternatePaths, IsRejectedByItsOwnReasons)
{
    struct Case
    {
        ibwire::RejReason reason;
        std::vector<std::uint8_t> info;
        void (*change)(ibwire::CmReq& req);
    };

    const auto gid = std::vector<std::uint8_t>(hostB->gid.raw.begin(), hostB->gid.raw.end());
    const Case cases[] = {
        {ibwire::RejReason::kAlternateRemoteGid,
         gid,
         [](ibwire::CmReq& r) { r.alternateRemoteGid.raw[0] = 1; }},
        {ibwire::RejReason::kAlternateRemoteLid,
         {0, kLidB2},
         [](ibwire::CmReq& r) { r.alternateRemoteLid = kLidB; }},
        {ibwire::RejReason::kAlternateHopLimit,
         {2},
         [](ibwire::CmReq& r) { r.alternateSubnetLocal = false; }},
        {ibwire::RejReason::kAlternatePacketRate,
         {static_cast<std::uint8_t>(ibwire::Rate::k100Gbps)},
         [](ibwire::CmReq& r) { r.alternatePacketRate = static_cast<ibwire::Rate>(63); }},
    };
    ListenB();
    a = Connect(ReqWithAlternate());
    const SentMad req = sent.back();
    wire.DropAll();
    for (const Case& one : cases)
    {
        SCOPED_TRACE(ibwire::ToString(one.reason));
        auto message = std::get<ibwire::CmReq>(req.message);
        one.change(message);
        InjectToB(message);
        const auto& rej = LastSent<ibwire::CmRej>();
        EXPECT_EQ(rej.reason, one.reason);
        EXPECT_EQ(rej.rejectInfoLength, one.info.size());
        EXPECT_TRUE(Holds(rej.ari, one.info));
        EXPECT_EQ(hostB->consumer.TakeNames(), "");
        wire.DropAll();
    }
}

TEST_F(AlternatePaths, OfAPairIsThatOfTheReqThatWins)
{
    ReqParameters mine = Req(); // without one
    mine.peerToPeer = true;
    ReqParameters theirs;
    theirs = mine;
    theirs.localQpn = kQpnB;
    std::swap(theirs.primaryPath.sgid, theirs.primaryPath.dgid);
    std::swap(theirs.primaryPath.slid, theirs.primaryPath.dlid);
    theirs.alternatePath = SecondPath();
    std::swap(theirs.alternatePath->sgid, theirs.alternatePath->dgid);
    std::swap(theirs.alternatePath->slid, theirs.alternatePath->dlid);
    a = Connect(mine);
    b = CreateB();
    ASSERT_TRUE(hostB->cm.SendReq(b, theirs)); // B's GUID is the greater one
    Settle();
    ASSERT_EQ(StateA(), State::kReqRcvd);
    RepParameters rep = Rep();
    rep.localQpn = kQpnA;
    ASSERT_TRUE(hostA->cm.SendRep(a, rep));
    Settle();
    ASSERT_TRUE(hostB->cm.SendRtu(b));
    Settle();
    ASSERT_EQ(StateA(), State::kEstablished);
    ASSERT_TRUE(hostA->cm.NotifyMigrated(a));
    ASSERT_TRUE(hostB->cm.NotifyMigrated(b));
    ForgetRecords();
    EXPECT_EQ(Disconnect(), "A2>DREQ B2>DREP");
}

} // namespace
} // namespace ibcm::test
