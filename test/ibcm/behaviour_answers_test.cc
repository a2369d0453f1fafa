// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Where strict and Linux 6.1 part (doc/behaviour.md): answers and alternate paths.
#include "behaviour-world.h"

namespace ibcm::test
{
namespace
{

using ibwire::RejReason;

constexpr std::uint64_t kOther = 0x9999; ///< nobody's transaction

TEST(Differing, TheTransactionOfAnAnswer)
{

    InBoth(
        [](World& w)
        {
            w.ReachA(State::kReqSent);
            w.InjectToA(ibwire::CmMra{.remoteCommId = w.IdA(), .serviceTimeout = 12}, kOther);
            EXPECT_EQ(w.StateA(), w.strict ? State::kReqSent : State::kMraReqRcvd);
        });
    InBoth(
        [](World& w)
        {
            w.ReachA(State::kReqSent);
            w.InjectToA(
                ibwire::CmRej{.remoteCommId = w.IdA(), .reason = RejReason::kInvalidServiceId},
                kOther);
            EXPECT_EQ(w.StateA(), w.strict ? State::kReqSent : State::kIdle);
        });
    InBoth(
        [](World& w)
        {
            w.ReachA(State::kReqSent);
            w.InjectToA(ibwire::CmRep{.localCommId = 1, .remoteCommId = w.IdA(), .localQpn = 1},
                        kOther);
            EXPECT_EQ(w.StateA(), w.strict ? State::kReqSent : State::kRepRcvd);
        });
    InBoth(
        [](World& w)
        {
            w.ReachA(State::kDreqSent);
            w.InjectToA(ibwire::CmDrep{.localCommId = w.IdB(), .remoteCommId = w.IdA()}, kOther);
            EXPECT_EQ(w.StateA(), w.strict ? State::kDreqSent : State::kTimewait);
        });
    InBoth(
        [](World& w)
        {
            w.Establish();
            w.ReachLap(LapState::kLapSent, true);
            w.InjectToA(ibwire::CmApr{.localCommId = w.IdB(), .remoteCommId = w.IdA()}, kOther);
            EXPECT_EQ(w.hostA->cm.LapStateOf(w.a), w.strict ? LapState::kLapSent : LapState::kIdle);
        });
    InBoth(
        [](World& w)
        {
            SidrReqParameters parameters;
            parameters.path = w.PathToB();
            w.a = w.CreateA();
            ASSERT_TRUE(w.hostA->cm.SendSidrReq(w.a, parameters));
            w.InjectToA(ibwire::CmSidrRep{.requestId = w.IdA()}, kOther);
            EXPECT_EQ(w.StateA(), w.strict ? State::kSidrReqSent : State::kIdle);
            EXPECT_EQ(Count(w.hostA->cm.Counters(), Discard::kTransactionId), w.strict ? 1U : 0U);
        });
}

TEST(Differing, ARepThatCannotBeTaken)
{
    const std::pair<RejReason, std::function<void(ibwire::CmRep&)>> faults[] = {
        {RejReason::kNoQp, [](ibwire::CmRep& rep) { rep.localQpn = 0; }},
        {RejReason::kInsufficientResponderResources,
         [](ibwire::CmRep& rep) { rep.responderResources = 1; }},
        {RejReason::kRnrRetryCount, [](ibwire::CmRep& rep) { rep.rnrRetryCount = 2; }},
    };
    Options options;
    options.requirements.minRnrRetryCount = 3;
    for (const auto& fault : faults)
    {
        InBoth(
            [&](World& w)
            {
                ReqParameters parameters = w.Req();
                parameters.minResponderResources = 2;
                w.a = w.Connect(parameters);
                ibwire::CmRep rep;
                rep.localCommId = 7;
                rep.remoteCommId = w.IdA();
                rep.localQpn = kQpnB;
                rep.responderResources = 2;
                rep.rnrRetryCount = 3;
                rep.localCaGuid = kGuidB;
                fault.second(rep);
                w.InjectToA(rep, w.sent.back().header.transactionId);
                EXPECT_EQ(w.StateA(), w.strict ? State::kIdle : State::kRepRcvd);
                EXPECT_EQ(w.Rejs(0, fault.first), w.strict ? 1U : 0U);
                EXPECT_EQ(w.hostA->consumer.TakeNames(), w.strict ? "REQ_ERROR" : "REP_RECEIVED");
            },
            options);
    }
}

TEST(Differing, ARepOfAnIdThatIsInUse)
{
    InBoth(
        [](World& w)
        {
            w.Establish();
            ReqParameters parameters = w.Req();
            parameters.localQpn = kQpnA + 1;
            const Handle second = w.Connect(parameters);
            w.InjectToA(ibwire::CmRep{.localCommId = w.IdB(),
                                      .remoteCommId = w.hostA->cm.CommIdOf(second).value(),
                                      .localQpn = kQpnB + 5,
                                      .localCaGuid = kGuidB},
                        w.sent.back().header.transactionId);
            EXPECT_EQ(w.hostA->cm.StateOf(second), State::kReqSent);
            EXPECT_EQ(w.Rejs(0, RejReason::kDuplicateLocalCommId), w.strict ? 1U : 0U);
        });
}

TEST(Differing, ARepForAnUnknownId)
{
    InBoth(
        [](World& w)
        {
            w.InjectToA(ibwire::CmRep{.localCommId = 5, .remoteCommId = 6, .localQpn = 1});
            EXPECT_EQ(w.Rejs(0, RejReason::kInvalidCommId), w.strict ? 1U : 0U);
            EXPECT_EQ(w.sent.size(), w.strict ? 1U : 0U);
        });
}

TEST(Differing, DepthsOfARep)
{
    InBoth(
        [](World& w)
        {
            w.ListenB();
            w.a = w.Connect(); // offers 3 resources, wants a depth of 5
            w.Settle();
            RepParameters rep = w.Rep();
            rep.responderResources = 200;
            rep.initiatorDepth = 100;
            ASSERT_TRUE(w.hostB->cm.SendRep(w.Accepted(), rep));
            w.Settle();
            const auto rtr = w.hostA->cm.InitQpAttributes(w.a, QpTarget::kRtr);
            const auto rts = w.hostA->cm.InitQpAttributes(w.a, QpTarget::kRts);
            ASSERT_TRUE(rtr && rts);
            EXPECT_EQ(rtr->maxDestRdAtomic, w.strict ? 3 : 100);
            EXPECT_EQ(rts->maxRdAtomic, w.strict ? 5 : 200);
        });
}

TEST(Differing, WhereMessagesGoAfterTheRep)
{
    InBoth(
        [](World& w)
        {
            w.a = w.Connect();
            ReceivedMad mad;
            ibwire::MadHeader header;
            header.transactionId = w.sent.back().header.transactionId;
            mad.bytes = ibwire::EncodeCm(header,
                                         ibwire::CmRep{.localCommId = 7,
                                                       .remoteCommId = w.IdA(),
                                                       .localQpn = kQpnB,
                                                       .localCaGuid = kGuidB})
                            .value();
            mad.replyAddress.dlid = 0x777; // another port has answered, on another QP
            mad.replyAddress.qpn = 0x55;
            w.hostA->port.Received(mad);
            ASSERT_TRUE(w.hostA->cm.SendRtu(w.a));
            EXPECT_EQ(w.sent.back().address.dlid, w.strict ? 0x777 : kLidB);
            EXPECT_EQ(w.sent.back().address.qpn, w.strict ? 0x55U : 1U);
        });
}

TEST(Differing, ADreqToAnIdInIdle)
{
    InBoth(
        [](World& w)
        {
            w.ReachB(State::kTimewait);
            const std::uint32_t idA = w.IdA();
            w.DestroyA(w.a);
            w.runtime.RunUntilIdle();
            ASSERT_EQ(w.StateB(), State::kIdle);
            w.sent.clear();
            w.InjectToB(
                ibwire::CmDreq{.localCommId = idA, .remoteCommId = w.IdB(), .remoteQpn = kQpnB});
            EXPECT_EQ(w.TakeSent(), w.strict ? "B>DREP" : "");
        });
}

TEST(Differing, ALapOfThePassiveSide)
{
    InBoth(
        [](World& w)
        {
            w.Establish();
            LapParameters lap = w.Lap();
            std::swap(lap.alternatePath.sgid, lap.alternatePath.dgid);
            std::swap(lap.alternatePath.slid, lap.alternatePath.dlid);
            const Status sent = w.hostB->cm.SendLap(w.b, lap);
            if (w.strict)
            {
                EXPECT_EQ(sent, tl::unexpected(CmError::kInvalidState));
                w.InjectToA(ibwire::CmLap{
                    .localCommId = w.IdB(), .remoteCommId = w.IdA(), .remoteQpn = kQpnA});
                EXPECT_EQ(w.LastSent<ibwire::CmApr>().status, ibwire::AprStatus::kUnsupported);
                return;
            }
            ASSERT_TRUE(sent);
            w.Settle();
            EXPECT_EQ(w.hostA->consumer.TakeNames(), "LAP_RECEIVED");
        });
}

TEST(Differing, ALapThatMakesNoSense)
{
    InBoth(
        [](World& w)
        {
            w.Establish();
            ASSERT_TRUE(w.hostA->cm.SendLap(w.a, w.Lap()));
            auto lap = w.LastSent<ibwire::CmLap>();
            w.wire.DropAll();
            w.ForgetRecords();
            lap.remoteQpn = kQpnB + 1;
            lap.alternateRemoteLid = 0x999;
            w.InjectToB(lap);
            EXPECT_EQ(w.TakeSent(), w.strict ? "B>APR" : "");
            EXPECT_EQ(w.hostB->consumer.TakeNames(), w.strict ? "" : "LAP_RECEIVED");
        });
}

TEST(Differing, ALapForAnUnknownId)
{
    InBoth(
        [](World& w)
        {
            w.InjectToB(ibwire::CmLap{.localCommId = 5, .remoteCommId = 6});
            ASSERT_EQ(w.sent.size(), w.strict ? 1U : 0U);
            if (w.strict)
            {
                EXPECT_EQ(w.LastSent<ibwire::CmApr>().status, ibwire::AprStatus::kInvalidCommId);
            }
            EXPECT_EQ(Count(w.hostB->cm.Counters(), Discard::kUnknownId), 1U);
        });
}

TEST(Differing, ALapThatComesAgainAfterItsApr)
{
    InBoth(
        [](World& w)
        {
            w.Establish();
            ASSERT_TRUE(w.hostA->cm.SendLap(w.a, w.Lap()));
            const SentMad lap = w.sent.back();
            w.Settle();
            ASSERT_TRUE(w.hostB->cm.SendApr(w.b, AprParameters{}));
            w.wire.DropAll();
            w.ForgetRecords();
            w.InjectToB(lap.message, lap.header.transactionId);
            EXPECT_EQ(w.TakeSent(), w.strict ? "B>APR" : "");
            EXPECT_EQ(w.hostB->consumer.TakeNames(), w.strict ? "" : "LAP_RECEIVED");
        });
}

TEST(Differing, HowLongALapWaits)
{
    InBoth(
        [](World& w)
        {
            w.Establish();
            ASSERT_TRUE(w.hostA->cm.SendLap(w.a, w.Lap())); // gives the peer 20; the REQ gave 18
            const Report report = w.hostA->cm.Inspect();
            EXPECT_EQ(report.ids.at(0).outstanding->progress.untilNext,
                      w.strict ? Duration{(2 * 4096LL << 14) + (4096LL << 20)}
                               : Duration{std::chrono::milliseconds(2 * 64 + 1024)});
        });
}

TEST(Differing, TimewaitAfterAMigration)
{
    InBoth(
        [](World& w)
        {
            w.Establish();
            LapParameters lap = w.Lap();
            lap.alternatePath.packetLifeTime = 5; // far shorter than the old path's
            ASSERT_TRUE(w.hostA->cm.SendLap(w.a, lap));
            w.Settle();
            ASSERT_TRUE(w.hostB->cm.SendApr(w.b, AprParameters{}));
            w.Settle();
            ASSERT_TRUE(w.hostA->cm.NotifyMigrated(w.a));
            ASSERT_TRUE(w.hostA->cm.SendDreq(w.a));
            w.Settle();
            ASSERT_TRUE(w.hostB->cm.SendDrep(w.b));
            w.Settle();
            ASSERT_EQ(w.StateA(), State::kTimewait);
            w.runtime.Advance(std::chrono::milliseconds(200));
            EXPECT_EQ(w.StateA(), w.strict ? State::kTimewait : State::kIdle);
        });
}

TEST(Differing, TheWaitAfterAMigration)
{
    InBoth(
        [](World& w)
        {
            w.Establish();
            LapParameters lap = w.Lap();
            lap.alternatePath.packetLifeTime = 19; // far longer than the old path's
            ASSERT_TRUE(w.hostA->cm.SendLap(w.a, lap));
            w.Settle();
            ASSERT_TRUE(w.hostB->cm.SendApr(w.b, AprParameters{}));
            w.Settle();
            ASSERT_TRUE(w.hostA->cm.NotifyMigrated(w.a));
            ASSERT_TRUE(w.hostA->cm.SendDreq(w.a));
            const Report report = w.hostA->cm.Inspect();
            // Lifetime 19; or 14, in milliseconds. The peer's time is 18.
            EXPECT_EQ(report.ids.back().outstanding->progress.untilNext,
                      w.strict ? Duration{(2 * 4096LL << 19) + (4096LL << 18)}
                               : Duration{std::chrono::milliseconds(2 * 64 + 1024)});
        });
}

/** A port on Ethernet: it has no LID. */
class EthernetWire final : public MadWire
{
  public:
    bool Transmit(const ibwire::MadBytes&, const MadAddress&) override
    {
        return true;
    }

    std::uint16_t Lid() const override
    {
        return 0;
    }

    std::optional<std::uint8_t> FindGid(const ibwire::Gid& gid) const override
    {
        return gid == own ? std::optional<std::uint8_t>(0) : std::nullopt;
    }

    ibwire::Gid GidAt(std::uint8_t) const override
    {
        return own;
    }

    std::optional<std::uint16_t> FindPkey(std::uint16_t) const override
    {
        return 0;
    }

    ibwire::Gid own{ibwire::Gid::From(ibwire::kDefaultGidPrefix, 0xe1)};
};

TEST(Differing, ALapOnEthernet)
{
    for (const Behaviour behaviour : {Behaviour::kStrict, Behaviour::kLinux61})
    {
        SCOPED_TRACE(ToString(behaviour));
        StepRuntime runtime;
        EthernetWire wire;
        ReliablePort port(runtime, wire, 1);
        Recorder consumer(runtime);
        ConnectionManager cm(runtime, DeviceInfo{0xe0, 10}, Of(behaviour));
        ASSERT_TRUE(cm.AddPort(1, port));
        const Handle service = cm.Create(consumer).value();
        ASSERT_TRUE(cm.Listen(service, kService));
        const auto give = [&](const ibwire::CmMessage& message)
        {
            ReceivedMad mad;
            mad.bytes = ibwire::EncodeCm(ibwire::MadHeader{}, message).value();
            mad.replyAddress.hasGrh = true;
            port.Received(mad);
        };
        ibwire::CmReq req;
        req.localCommId = 5;
        req.serviceId = kService;
        req.localCaGuid = 0xf0;
        req.localQpn = kQpnA;
        req.primaryRemoteGid = wire.own;
        req.primaryLocalGid = ibwire::Gid::From(ibwire::kDefaultGidPrefix, 0xf1);
        req.primarySubnetLocal = true;
        req.pathMtu = ibwire::Mtu::k1024;
        give(req);
        ASSERT_EQ(consumer.accepted.size(), 1U);
        const Handle id = consumer.accepted[0];
        RepParameters rep;
        rep.localQpn = kQpnB;
        ASSERT_TRUE(cm.SendRep(id, rep));
        const std::uint32_t commId = cm.CommIdOf(id).value();
        give(ibwire::CmRtu{.localCommId = 5, .remoteCommId = commId});
        ibwire::CmLap lap;
        lap.localCommId = 5;
        lap.remoteCommId = commId;
        lap.remoteQpn = kQpnB;
        lap.alternateRemoteGid = wire.own;
        lap.alternateLocalGid = ibwire::Gid::From(ibwire::kDefaultGidPrefix, 0xf2);
        lap.alternateSubnetLocal = true;
        give(lap);
        EXPECT_EQ(consumer.TakeNames(),
                  behaviour == Behaviour::kStrict ? "REQ_RECEIVED RTU_RECEIVED LAP_RECEIVED"
                                                  : "REQ_RECEIVED RTU_RECEIVED");
        EXPECT_TRUE(cm.Destroy(id));
        EXPECT_TRUE(cm.Destroy(service));
    }
}

} // namespace
} // namespace ibcm::test
