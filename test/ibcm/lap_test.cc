// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// LAP and APR: a new alternate path proposed, checked, taken or refused; each message lost, doubled
// or late; what else may happen to the connection meanwhile.
#include "two_ports.h"

namespace ibcm::test
{
namespace
{

using ibwire::AprStatus;
using ibwire::CmApr;
using ibwire::CmAttribute;
using ibwire::CmLap;

constexpr Duration kLapWait = 2 * Exponent(kLifeTime) + Exponent(kResponseTimeout);

class Laps : public TwoPorts
{
  protected:
    using TwoPorts::TwoPorts;

    void SetUp() override
    {
        Establish();
    }

    /** A's LAP is at B, which has not answered; the wire and the records are empty. */
    void Propose()
    {
        ASSERT_TRUE(hostA->cm.SendLap(a, Lap()));
        lap = sent.back();
        Settle();
        ASSERT_EQ(LapB(), LapState::kLapRcvd);
        ForgetRecords();
    }

    /** A LAP as A would send it. */
    CmLap LapFromA() const
    {
        CmLap message;
        message.localCommId = hostA->cm.CommIdOf(a).value();
        message.remoteCommId = hostB->cm.CommIdOf(b).value();
        message.remoteQpn = kQpnB;
        message.remoteCmResponseTimeout = kResponseTimeout;
        message.alternateLocalLid = kLidA2;
        message.alternateRemoteLid = kLidB2;
        message.alternateLocalGid = gidA2;
        message.alternateRemoteGid = gidB2;
        message.alternatePacketRate = ibwire::Rate::k100Gbps;
        message.alternateSl = kAlternateSl;
        message.alternateSubnetLocal = true;
        message.alternateLocalAckTimeout = 13;
        return message;
    }

    SentMad lap{};
};

TEST_F(Laps, ALapSaysWhichPath)
{
    const auto data = Bytes(168);
    LapParameters parameters = Lap();
    parameters.remoteCmResponseTimeout = 31;
    parameters.alternatePath.flowLabel = 0xfffff;
    parameters.alternatePath.trafficClass = 0xff;
    parameters.alternatePath.hopLimit = 1;
    parameters.alternatePath.rate = 16;
    parameters.privateData = data;
    ASSERT_TRUE(hostA->cm.SendLap(a, parameters));
    EXPECT_EQ(LapA(), LapState::kLapSent);
    const auto& message = LastSent<CmLap>();
    EXPECT_EQ(message.localCommId, hostA->cm.CommIdOf(a).value());
    EXPECT_EQ(message.remoteCommId, hostB->cm.CommIdOf(b).value());
    EXPECT_EQ(message.remoteQpn, kQpnB);
    EXPECT_EQ(message.remoteCmResponseTimeout, 31);
    EXPECT_EQ(message.alternateLocalLid, kLidA2);
    EXPECT_EQ(message.alternateRemoteLid, kLidB2);
    EXPECT_EQ(message.alternateLocalGid, gidA2);
    EXPECT_EQ(message.alternateRemoteGid, gidB2);
    EXPECT_EQ(message.alternateFlowLabel, 0xfffffU);
    EXPECT_EQ(message.alternateTrafficClass, 0xff);
    EXPECT_EQ(message.alternateHopLimit, 1);
    EXPECT_EQ(message.alternatePacketRate, ibwire::Rate::k100Gbps);
    EXPECT_EQ(message.alternateSl, kAlternateSl);
    EXPECT_TRUE(message.alternateSubnetLocal);
    EXPECT_EQ(message.alternateLocalAckTimeout, kAlternateLifeTime + 1);
    EXPECT_TRUE(Holds(message.privateData, data));
    EXPECT_EQ(sent.back().address.dlid, kLidB) << "it takes the path in use";

    Settle();
    EXPECT_EQ(LapB(), LapState::kLapRcvd);
    const Event& event = hostB->consumer.Last().event;
    ASSERT_EQ(event.type, EventType::kLapReceived);
    EXPECT_TRUE(Holds(event.privateData.Bytes(), data));
    const auto& received = std::get<LapReceived>(event.parameters);
    EXPECT_EQ(received.remoteCmResponseTimeout, 31);
    const Path& path = received.alternatePath;
    EXPECT_EQ(path.sgid, gidB2);
    EXPECT_EQ(path.dgid, gidA2);
    EXPECT_EQ(path.slid, kLidB2);
    EXPECT_EQ(path.dlid, kLidA2);
    EXPECT_EQ(path.pkey, 0xffff);
    EXPECT_EQ(path.mtu, 4);
    EXPECT_EQ(path.flowLabel, 0xfffffU);
    EXPECT_EQ(path.trafficClass, 0xff);
    EXPECT_EQ(path.rate, 16);
    EXPECT_EQ(path.sl, kAlternateSl);
    EXPECT_EQ(path.packetLifeTime, kAlternateLifeTime);
}

TEST_F(Laps, AnAprEndsIt)
{
    Propose();
    const auto data = Bytes(148);
    ASSERT_TRUE(hostB->cm.SendApr(b, {AprStatus::kSuccess, {}, data}));
    EXPECT_EQ(LapB(), LapState::kIdle);
    const auto& apr = LastSent<CmApr>();
    EXPECT_EQ(apr.localCommId, hostB->cm.CommIdOf(b).value());
    EXPECT_EQ(apr.remoteCommId, hostA->cm.CommIdOf(a).value());
    EXPECT_EQ(sent.back().header.transactionId, lap.header.transactionId);
    Settle();
    EXPECT_EQ(LapA(), LapState::kIdle);
    const Event& event = hostA->consumer.Last().event;
    ASSERT_EQ(event.type, EventType::kAprReceived);
    EXPECT_EQ(std::get<AprReceived>(event.parameters).status, AprStatus::kSuccess);
    EXPECT_TRUE(Holds(event.privateData.Bytes(), data));
    EXPECT_EQ(runtime.ArmedTimers(), 0U);
    EXPECT_EQ(hostA->port.Outstanding(), 0U);
}

TEST_F(Laps, EachStatusAndEachLengthOfInformationArrives)
{
    for (const unsigned status : {0U, 1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U, 9U, 10U, 11U, 12U, 13U, 255U})
    {
        for (const std::size_t length : {0U, 1U, 72U})
        {
            Propose();
            const auto info = Bytes(length, 7);
            ASSERT_TRUE(hostB->cm.SendApr(b, {static_cast<AprStatus>(status), info, {}}));
            Settle();
            const auto received = std::get<AprReceived>(hostA->consumer.Last().event.parameters);
            EXPECT_EQ(received.status, static_cast<AprStatus>(status));
            EXPECT_EQ(received.infoLength, length);
            EXPECT_TRUE(Holds(received.info, info));
            EXPECT_EQ(LapA(), LapState::kIdle);
            EXPECT_EQ(LapB(), LapState::kIdle);
        }
    }
}

TEST_F(Laps, TheLengthOfInformationIsNotBelieved)
{
    for (const unsigned claim : {72U, 73U, 128U, 255U})
    {
        Propose();
        CmApr apr{.localCommId = hostB->cm.CommIdOf(b).value(),
                  .remoteCommId = hostA->cm.CommIdOf(a).value(),
                  .additionalInfoLength = static_cast<std::uint8_t>(claim)};
        apr.additionalInfo.fill(0xee);
        apr.privateData.fill(0xdd);
        InjectToA(apr, lap.header.transactionId);
        const auto received = std::get<AprReceived>(hostA->consumer.Last().event.parameters);
        EXPECT_EQ(received.infoLength, 72);
        ASSERT_TRUE(hostB->cm.SendApr(b, {}));
        wire.DropAll();
    }
}

TEST_F(Laps, ALostLapIsSentAgainAfterTheTimeThatItGives)
{
    LapParameters parameters = Lap();
    parameters.remoteCmResponseTimeout = 22; // not the REQ's
    ASSERT_TRUE(hostA->cm.SendLap(a, parameters));
    const ibwire::MadBytes first = sent.back().bytes;
    wire.DropAll();
    TakeSent();
    runtime.Advance(2 * Exponent(kLifeTime) + Exponent(22) - Duration{1});
    EXPECT_EQ(TakeSent(), "");
    runtime.Advance(Duration{1});
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent.back().bytes, first);
    Settle();
    EXPECT_EQ(LapB(), LapState::kLapRcvd);
}

TEST_F(Laps, ALostAprIsSentAgainAndToldOnce)
{
    Propose();
    ASSERT_TRUE(hostB->cm.SendApr(b, {AprStatus::kRejected, Bytes(5), Bytes(6)}));
    const ibwire::MadBytes first = sent.back().bytes;
    wire.DropAll();
    TakeSent();
    runtime.Advance(kLapWait);
    Settle();
    EXPECT_EQ(sent.back().bytes, first);
    EXPECT_EQ(TakeSent(), "A>LAP B>APR");
    EXPECT_EQ(hostB->consumer.TakeNames(), "");
    EXPECT_EQ(hostA->consumer.TakeNames(), "APR_RECEIVED");
    EXPECT_EQ(CountOf(hostB->cm.Counters().duplicates, CmAttribute::kLap), 1U);
    EXPECT_EQ(CountOf(hostB->cm.Counters().retried, CmAttribute::kApr), 1U);
}

TEST_F(Laps, ALapThatComesAgainBeforeItsAnswerIsDropped)
{
    Propose();
    InjectToB(lap.message, lap.header.transactionId);
    EXPECT_EQ(TakeSent(), "");
    EXPECT_EQ(hostB->consumer.TakeNames(), "");
    EXPECT_EQ(CountOf(hostB->cm.Counters().duplicates, CmAttribute::kLap), 1U);
    EXPECT_EQ(LapB(), LapState::kLapRcvd);
}

TEST_F(Laps, AnAprThatComesAgainIsToldOnce)
{
    Propose();
    ASSERT_TRUE(hostB->cm.SendApr(b, {}));
    ASSERT_TRUE(wire.Duplicate());
    Settle();
    EXPECT_EQ(hostA->consumer.TakeNames(), "APR_RECEIVED");
    EXPECT_EQ(CountOf(hostA->cm.Counters().duplicates, CmAttribute::kApr), 1U);
}

TEST_F(Laps, WithoutAnAnswerThereIsAnErrorAndTheConnectionStays)
{
    ASSERT_TRUE(hostA->cm.SendLap(a, Lap()));
    for (unsigned i = 0; i < kRetries; ++i)
    {
        wire.DropAll();
        runtime.Advance(kLapWait);
    }
    wire.DropAll();
    EXPECT_EQ(TakeSent(), "A>LAP A>LAP A>LAP A>LAP");
    EXPECT_EQ(hostA->consumer.TakeNames(), "");
    runtime.Advance(kLapWait);
    EXPECT_EQ(std::get<SendFailed>(hostA->consumer.Last().event.parameters).cause,
              SendFailed::Cause::kTimeout);
    EXPECT_EQ(hostA->consumer.TakeNames(), "LAP_ERROR");
    EXPECT_EQ(StateA(), State::kEstablished);
    EXPECT_EQ(LapA(), LapState::kIdle);
    EXPECT_EQ(TakeSent(), "");
    Propose(); // once more
}

TEST_F(Laps, AnAprMustAnswerThisLap)
{
    Propose();
    CmApr apr{.localCommId = hostB->cm.CommIdOf(b).value(),
              .remoteCommId = hostA->cm.CommIdOf(a).value()};
    InjectToA(apr, lap.header.transactionId + 1);
    EXPECT_EQ(CountOf(hostA->cm.Counters(), Discard::kTransactionId), 1U);
    apr.localCommId += 1;
    InjectToA(apr, lap.header.transactionId);
    apr.localCommId -= 1;
    apr.remoteCommId ^= 0x10000000;
    InjectToA(apr, lap.header.transactionId);
    EXPECT_EQ(CountOf(hostA->cm.Counters(), Discard::kUnknownId), 2U);
    EXPECT_EQ(LapA(), LapState::kLapSent);
    EXPECT_EQ(hostA->consumer.TakeNames(), "");
}

TEST_F(Laps, ArgumentsOfALapAreChecked)
{
    const auto refused = [this](auto change)
    {
        LapParameters parameters = Lap();
        change(parameters);
        const Status status = hostA->cm.SendLap(a, parameters);
        EXPECT_EQ(LapA(), LapState::kUninit);
        EXPECT_EQ(TakeSent(), "");
        return status ? std::string("accepted") : std::string(ToString(status.error()));
    };
    const std::string argument = ToString(CmError::kInvalidArgument);
    const auto tooMuch = Bytes(169);
    EXPECT_EQ(refused([&](LapParameters& p) { p.privateData = tooMuch; }),
              ToString(CmError::kPrivateDataLength));
    EXPECT_EQ(refused([](LapParameters& p) { p.remoteCmResponseTimeout = 32; }), argument);
    EXPECT_EQ(refused([](LapParameters& p) { p.alternatePath.packetLifeTime = 32; }), argument);
    EXPECT_EQ(refused([](LapParameters& p) { p.alternatePath.pkey = 0x8001; }), argument);
    EXPECT_EQ(refused([](LapParameters& p) { p.alternatePath.mtu = 5; }), argument);
    EXPECT_EQ(refused([](LapParameters& p) { p.alternatePath.sl = 16; }), argument);
    EXPECT_EQ(refused([](LapParameters& p) { p.alternatePath.flowLabel = 0x100000; }), argument);
    EXPECT_EQ(refused([](LapParameters& p) { p.alternatePath.rate = 64; }), argument);
    EXPECT_EQ(refused([](LapParameters& p) { p.alternatePath.dgid = {}; }), argument);
    EXPECT_EQ(refused([this](LapParameters& p) { p.alternatePath = PathToB(); }), argument);
    EXPECT_EQ(refused([this](LapParameters& p) { p.alternatePath.sgid = gidB2; }),
              ToString(CmError::kNoPort));
    hostA->end.SetDown(true);
    EXPECT_EQ(refused([](LapParameters&) {}), ToString(CmError::kSendFailed));
    hostA->end.SetDown(false);
    EXPECT_EQ(hostA->cm.SendLap(Handle::kNone, Lap()), tl::unexpected(CmError::kInvalidHandle));
    EXPECT_EQ(hostB->cm.SendLap(b, {}), tl::unexpected(CmError::kInvalidArgument));
    LapParameters back = Lap();
    std::swap(back.alternatePath.sgid, back.alternatePath.dgid);
    std::swap(back.alternatePath.slid, back.alternatePath.dlid);
    EXPECT_EQ(hostB->cm.SendLap(b, back), tl::unexpected(CmError::kInvalidState))
        << "the passive side does not propose paths";
    ASSERT_TRUE(hostA->cm.SendLap(a, Lap()));
    EXPECT_EQ(hostA->cm.SendLap(a, Lap()), tl::unexpected(CmError::kInvalidState)) << "one a time";
}

TEST_F(Laps, ArgumentsOfAnAprAreChecked)
{
    EXPECT_EQ(hostB->cm.SendApr(b, {}), tl::unexpected(CmError::kInvalidState)) << "no LAP";
    Propose();
    EXPECT_EQ(hostB->cm.SendApr(b, {AprStatus::kSuccess, Bytes(73), {}}),
              tl::unexpected(CmError::kPrivateDataLength));
    EXPECT_EQ(hostB->cm.SendApr(b, {AprStatus::kSuccess, {}, Bytes(149)}),
              tl::unexpected(CmError::kPrivateDataLength));
    EXPECT_EQ(hostB->cm.SendApr(Handle::kNone, {}), tl::unexpected(CmError::kInvalidHandle));
    EXPECT_EQ(hostA->cm.SendApr(a, {}), tl::unexpected(CmError::kInvalidState));
    hostB->end.SetDown(true);
    EXPECT_EQ(hostB->cm.SendApr(b, {}), tl::unexpected(CmError::kSendFailed));
    hostB->end.SetDown(false);
    EXPECT_EQ(LapB(), LapState::kLapRcvd);
    EXPECT_EQ(hostB->cm.NotifyMigrated(b), tl::unexpected(CmError::kInvalidState))
        << "what could not be said is not agreed on";
    EXPECT_TRUE(hostB->cm.SendApr(b, {}));
}

TEST_F(Laps, ALapIsCheckedBeforeItsConsumerHearsOfIt)
{
    struct Case
    {
        const char* what;
        AprStatus status;
        void (*change)(CmLap& lap);
    };

    static constexpr Case kCases[] = {
        {"QPN", AprStatus::kInvalidQpn, [](CmLap& m) { m.remoteQpn = kQpnB + 1; }},
        {"LID of nobody", AprStatus::kInvalidLid, [](CmLap& m) { m.alternateRemoteLid = kLidB; }},
        {"no LID", AprStatus::kInvalidLid, [](CmLap& m) { m.alternateRemoteLid = 0; }},
        {"no LID of the peer", AprStatus::kInvalidLid, [](CmLap& m) { m.alternateLocalLid = 0; }},
        {"GID", AprStatus::kInvalidGid, [](CmLap& m) { m.alternateRemoteGid.raw[15] ^= 0x80; }},
        {"hop limit",
         AprStatus::kInvalidHopLimit,
         [](CmLap& m)
         {
             m.alternateSubnetLocal = false;
             m.alternateHopLimit = 1;
         }},
        {"rate",
         AprStatus::kInvalidPacketRate,
         [](CmLap& m) { m.alternatePacketRate = static_cast<ibwire::Rate>(63); }},
        {"rate above the port's",
         AprStatus::kInvalidPacketRate,
         [](CmLap& m) { m.alternatePacketRate = ibwire::Rate::k200Gbps; }},
        {"path in use",
         AprStatus::kIsCurrentPath,
         [](CmLap& m)
         {
             m.alternateLocalLid = kLidA;
             m.alternateRemoteLid = kLidB;
             m.alternateLocalGid = ibwire::Gid::From(ibwire::kDefaultGidPrefix, kGuidA + 1);
             m.alternateRemoteGid = ibwire::Gid::From(ibwire::kDefaultGidPrefix, kGuidB + 1);
         }},
        {"remote id", AprStatus::kInvalidCommId, [](CmLap& m) { m.remoteCommId ^= 0x10000000; }},
        {"local id", AprStatus::kInvalidCommId, [](CmLap& m) { m.localCommId += 1; }},
    };
    std::uint64_t transaction = 1000;
    for (const Case& one : kCases)
    {
        SCOPED_TRACE(one.what);
        CmLap message = LapFromA();
        one.change(message);
        InjectToB(message, ++transaction);
        ASSERT_EQ(sent.size(), 1U);
        const auto& apr = LastSent<CmApr>();
        EXPECT_EQ(apr.status, one.status);
        EXPECT_EQ(apr.localCommId, message.remoteCommId);
        EXPECT_EQ(apr.remoteCommId, message.localCommId);
        EXPECT_EQ(sent.back().header.transactionId, transaction);
        EXPECT_EQ(LapB(), LapState::kUninit);
        EXPECT_EQ(hostB->consumer.TakeNames(), "");
        TakeSent();
        wire.DropAll();
    }
    EXPECT_EQ(CountOf(hostB->cm.Counters(), Discard::kQpnMismatch), 1U);
    EXPECT_EQ(CountOf(hostB->cm.Counters(), Discard::kUnknownId), 2U);
    InjectToB(LapFromA(), ++transaction);
    EXPECT_EQ(hostB->consumer.TakeNames(), "LAP_RECEIVED") << "and without a change it is fine";
}

TEST_F(Laps, TheActiveSideTakesNone)
{
    CmLap message = LapFromA();
    std::swap(message.localCommId, message.remoteCommId);
    std::swap(message.alternateLocalLid, message.alternateRemoteLid);
    std::swap(message.alternateLocalGid, message.alternateRemoteGid);
    message.remoteQpn = kQpnA;
    InjectToA(message);
    EXPECT_EQ(LastSent<CmApr>().status, AprStatus::kUnsupported);
    EXPECT_EQ(LapA(), LapState::kUninit);
}

TEST_F(Laps, OutsideOfAConnectionItIsDropped)
{
    ASSERT_TRUE(hostB->cm.SendDreq(b));
    ForgetRecords();
    InjectToB(LapFromA());
    EXPECT_EQ(TakeSent(), "");
    EXPECT_EQ(hostB->consumer.TakeNames(), "");
    EXPECT_EQ(CountOf(hostB->cm.Counters(), Discard::kUnexpected), 1U);
}

TEST_F(Laps, ADisconnectEndsItWithoutAWord)
{
    Propose();
    ASSERT_TRUE(hostA->cm.SendDreq(a));
    EXPECT_EQ(hostA->port.Outstanding(), 1U) << "the DREQ, and no longer the LAP";
    Settle();
    EXPECT_EQ(hostB->cm.SendApr(b, {}), tl::unexpected(CmError::kInvalidState));
    ASSERT_TRUE(hostB->cm.SendDrep(b));
    Settle();
    EXPECT_EQ(TakeSent(), "A>DREQ B>DREP");
    EXPECT_EQ(hostA->consumer.TakeNames(), "DREP_RECEIVED");
    runtime.RunUntilIdle();
    EXPECT_EQ(hostA->consumer.TakeNames(), "TIMEWAIT_EXIT");
}

TEST_F(Laps, ADreqOfThePeerEndsIt)
{
    ASSERT_TRUE(hostA->cm.SendLap(a, Lap()));
    wire.DropAll();
    ASSERT_TRUE(hostB->cm.SendDreq(b));
    Settle();
    EXPECT_EQ(StateA(), State::kDreqRcvd);
    EXPECT_EQ(hostA->port.Outstanding(), 0U);
    EXPECT_EQ(hostA->consumer.TakeNames(), "DREQ_RECEIVED");
}

TEST_F(Laps, ARejEndsIt)
{
    ASSERT_TRUE(hostA->cm.SendLap(a, Lap()));
    wire.DropAll();
    InjectToA(ibwire::CmRej{.localCommId = hostB->cm.CommIdOf(b).value(),
                            .remoteCommId = hostA->cm.CommIdOf(a).value(),
                            .messageRejected = ibwire::MessageRejected::kOther,
                            .reason = ibwire::RejReason::kConsumer});
    EXPECT_EQ(StateA(), State::kTimewait);
    EXPECT_EQ(hostA->port.Outstanding(), 0U);
    EXPECT_EQ(hostA->consumer.TakeNames(), "REJ_RECEIVED");
}

TEST_F(Laps, DestroyingEitherEndInTheMiddle)
{
    Propose();
    DestroyA(a);
    Settle();
    EXPECT_EQ(TakeSent(), "A>DREQ");
    EXPECT_EQ(StateB(), State::kDreqRcvd);
    DestroyB(b);
    Settle();
    EXPECT_EQ(TakeSent(), "B>DREP");
    EXPECT_EQ(hostA->consumer.TakeNames(), "");
    EXPECT_EQ(hostB->consumer.TakeNames(), "DREQ_RECEIVED");
}

TEST_F(Laps, ThePortThatItWaitsAtIsRemoved)
{
    ASSERT_TRUE(hostA->cm.SendLap(a, Lap()));
    wire.DropAll();
    ASSERT_TRUE(hostA->cm.RemovePort(1));
    Settle();
    EXPECT_EQ(std::get<SendFailed>(hostA->consumer.Last().event.parameters).cause,
              SendFailed::Cause::kPort);
    EXPECT_EQ(hostA->consumer.TakeNames(), "LAP_ERROR");
    EXPECT_EQ(StateA(), State::kEstablished);
    EXPECT_EQ(LapA(), LapState::kIdle);
    EXPECT_EQ(hostA->cm.SendLap(a, Lap()), tl::unexpected(CmError::kSendFailed));
}

TEST_F(Laps, TheNextConnectionOfAnIdKnowsNothingOfIt)
{
    Propose();
    ASSERT_TRUE(hostB->cm.SendApr(b, {}));
    Settle();
    ASSERT_TRUE(hostA->cm.SendDreq(a));
    Settle();
    ASSERT_TRUE(hostB->cm.SendDrep(b));
    Settle();
    runtime.RunUntilIdle();
    ASSERT_EQ(StateA(), State::kIdle);
    ASSERT_TRUE(hostA->cm.SendReq(a, Req()));
    Settle();
    b = Accepted();
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    Settle();
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    Settle();
    EXPECT_EQ(LapA(), LapState::kUninit);
    EXPECT_EQ(hostA->cm.NotifyMigrated(a), tl::unexpected(CmError::kInvalidState));
}

TEST_F(Laps, AServiceLevelThatMayNotBeUsed)
{
    Options options;
    options.requirements.serviceLevels = 1; // SL 0 only
    Host picky(runtime, wire, 0x0002c903000c0001, 30, options);
    Path path = PathToB();
    path.dgid = picky.gid;
    path.dlid = 30;
    const auto service = picky.cm.Create(picky.consumer).value();
    ASSERT_TRUE(picky.cm.Listen(service, kService));
    ReqParameters req = Req();
    req.primaryPath = path;
    req.localQpn = kQpnA + 7;
    const Handle id = Connect(req);
    Settle();
    const Handle accepted = picky.consumer.accepted.at(0);
    ASSERT_TRUE(picky.cm.SendRep(accepted, Rep()));
    Settle();
    ASSERT_TRUE(hostA->cm.SendRtu(id));
    Settle();
    LapParameters lapParameters;
    lapParameters.alternatePath = path;
    lapParameters.alternatePath.sgid = gidA2;
    lapParameters.alternatePath.slid = kLidA2;
    lapParameters.alternatePath.sl = 1;
    ASSERT_TRUE(hostA->cm.SendLap(id, lapParameters));
    Settle();
    const auto received = std::get<AprReceived>(hostA->consumer.Last().event.parameters);
    EXPECT_EQ(received.status, AprStatus::kInvalidSl);
    DestroyA(id);
    Settle();
    ASSERT_TRUE(picky.cm.Destroy(accepted));
    ASSERT_TRUE(picky.cm.Destroy(service));
    runtime.RunUntilIdle();
}

class LapsAsLinux : public Laps
{
  protected:
    LapsAsLinux()
        : Laps(LinuxOptions())
    {
    }
};

TEST_F(LapsAsLinux, NothingIsToldWhenTheRetriesHaveRunOut)
{
    ASSERT_TRUE(hostA->cm.SendLap(a, Lap()));
    wire.DropAll();
    runtime.RunUntilIdle();
    EXPECT_EQ(hostA->consumer.TakeNames(), "");
    EXPECT_EQ(LapA(), LapState::kLapSent);
    EXPECT_EQ(hostA->cm.SendLap(a, Lap()), tl::unexpected(CmError::kInvalidState));
}

TEST_F(LapsAsLinux, ALapAfterItsAprIsANewOne)
{
    Propose();
    ASSERT_TRUE(hostB->cm.SendApr(b, {}));
    wire.DropAll();
    InjectToB(lap.message, lap.header.transactionId);
    EXPECT_EQ(hostB->consumer.TakeNames(), "LAP_RECEIVED");
    EXPECT_EQ(LapB(), LapState::kLapRcvd);
}

TEST_F(LapsAsLinux, ALapIsNotChecked)
{
    CmLap message = LapFromA();
    message.remoteQpn += 1;
    message.alternateRemoteLid = 0x777;
    InjectToB(message);
    EXPECT_EQ(hostB->consumer.TakeNames(), "LAP_RECEIVED");
    message.remoteCommId ^= 0x10000000;
    InjectToB(message);
    EXPECT_EQ(TakeSent(), "") << "nor is one for no id here answered";
}

TEST_F(LapsAsLinux, TheTransactionOfAnAprIsNotChecked)
{
    Propose();
    InjectToA(CmApr{.localCommId = hostB->cm.CommIdOf(b).value(),
                    .remoteCommId = hostA->cm.CommIdOf(a).value()},
              lap.header.transactionId + 1);
    EXPECT_EQ(hostA->consumer.TakeNames(), "APR_RECEIVED");
}

TEST_F(LapsAsLinux, OnceAPathWasLoadedARejIsDropped)
{
    Propose();
    InjectToB(ibwire::CmRej{.localCommId = hostA->cm.CommIdOf(a).value(),
                            .remoteCommId = hostB->cm.CommIdOf(b).value(),
                            .messageRejected = ibwire::MessageRejected::kOther,
                            .reason = ibwire::RejReason::kConsumer});
    EXPECT_EQ(StateB(), State::kEstablished);
    EXPECT_EQ(hostB->consumer.TakeNames(), "");
}

} // namespace
} // namespace ibcm::test
