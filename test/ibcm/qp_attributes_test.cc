// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a QP is given on its way to RTS, by transport and by state.
#include "two_ports.h"

namespace ibcm::test
{
namespace
{

constexpr std::uint32_t kInit = kQpAccessFlags | kQpPkeyIndex | kQpPort;
constexpr std::uint32_t kRtr = kQpAddress | kQpPathMtu | kQpDestQpn | kQpRqPsn;
constexpr std::uint32_t kResponds = kQpMaxDestRdAtomic | kQpMinRnrTimer;
constexpr std::uint32_t kRequests = kQpTimeout | kQpRetryCount | kQpRnrRetry | kQpMaxRdAtomic;

class QpAttributesOf : public Pair
{
};

TEST_F(QpAttributesOf, BothSidesOfAReliableConnection)
{
    Establish();
    const auto initA = hostA->cm.InitQpAttributes(a, QpTarget::kInit).value();
    EXPECT_EQ(initA.mask, kInit);
    EXPECT_EQ(initA.accessFlags, kQpRemoteWrite | kQpRemoteRead | kQpRemoteAtomic);
    EXPECT_EQ(initA.port, 1);
    EXPECT_EQ(initA.pkeyIndex, 0);

    const auto rtrA = hostA->cm.InitQpAttributes(a, QpTarget::kRtr).value();
    EXPECT_EQ(rtrA.mask, kRtr | kResponds);
    EXPECT_EQ(rtrA.address.dlid, kLidB);
    EXPECT_EQ(rtrA.pathMtu, 4);
    EXPECT_EQ(rtrA.destQpn, kQpnB);
    EXPECT_EQ(rtrA.rqPsn, kPsnA) << "what A announced in its REQ";
    EXPECT_EQ(rtrA.maxDestRdAtomic, 2) << "what B asked for";

    const auto rtsA = hostA->cm.InitQpAttributes(a, QpTarget::kRts).value();
    EXPECT_EQ(rtsA.mask, kQpSqPsn | kRequests);
    EXPECT_EQ(rtsA.sqPsn, kPsnB) << "what B announced in its REP";
    EXPECT_EQ(rtsA.maxRdAtomic, 4) << "what B serves";
    EXPECT_EQ(rtsA.retryCount, 7);
    EXPECT_EQ(rtsA.timeout, 16) << "ack(15, 14)";

    const auto rtrB = hostB->cm.InitQpAttributes(b, QpTarget::kRtr).value();
    EXPECT_EQ(rtrB.address.dlid, kLidA);
    EXPECT_EQ(rtrB.destQpn, kQpnA);
    EXPECT_EQ(rtrB.rqPsn, kPsnB);
    EXPECT_EQ(rtrB.maxDestRdAtomic, 4) << "what B said that it serves";
    const auto rtsB = hostB->cm.InitQpAttributes(b, QpTarget::kRts).value();
    EXPECT_EQ(rtsB.sqPsn, kPsnA);
    EXPECT_EQ(rtsB.maxRdAtomic, 2);
    EXPECT_EQ(rtsB.timeout, 15) << "the REQ's local ACK timeout";
}

TEST_F(QpAttributesOf, EachTransport)
{
    struct Case
    {
        QpType type;
        std::uint32_t activeRtr, activeRts, passiveRtr, passiveRts;
    };

    const Case cases[] = {
        {QpType::kUc, kRtr, kQpSqPsn, kRtr, kQpSqPsn},
        {QpType::kXrcInitiator,
         kRtr,
         kQpSqPsn | kRequests,
         kRtr | kResponds,
         kQpSqPsn | kQpTimeout},
    };
    ListenB();
    for (const Case& one : cases)
    {
        ReqParameters parameters = Req();
        parameters.qpType = one.type;
        parameters.localQpn = kQpnA + static_cast<std::uint32_t>(one.type);
        a = Connect(parameters);
        Settle();
        b = Accepted();
        RepParameters rep = Rep();
        rep.localQpn = kQpnB + static_cast<std::uint32_t>(one.type);
        ASSERT_TRUE(hostB->cm.SendRep(b, rep));
        Settle();
        EXPECT_EQ(hostA->cm.InitQpAttributes(a, QpTarget::kRtr)->mask, one.activeRtr);
        EXPECT_EQ(hostA->cm.InitQpAttributes(a, QpTarget::kRts)->mask, one.activeRts);
        EXPECT_EQ(hostB->cm.InitQpAttributes(b, QpTarget::kRtr)->mask, one.passiveRtr);
        EXPECT_EQ(hostB->cm.InitQpAttributes(b, QpTarget::kRts)->mask, one.passiveRts);
    }
}

TEST_F(QpAttributesOf, WithoutReadsThereIsNoAccessForThem)
{
    ListenB();
    ReqParameters parameters = Req();
    parameters.responderResources = 0;
    a = Connect(parameters);
    EXPECT_EQ(hostA->cm.InitQpAttributes(a, QpTarget::kInit)->accessFlags, kQpRemoteWrite);
}

struct Allowance
{
    bool active;
    State state;
    bool init;
    bool others;
};

class QpAttributesIn : public Pair, public ::testing::WithParamInterface<Allowance>
{
};

TEST_P(QpAttributesIn, AreGivenFromThePathToTheDisconnect)
{
    const Allowance& one = GetParam();
    one.active ? ReachA(one.state) : ReachB(one.state);
    ConnectionManager& cm = one.active ? hostA->cm : hostB->cm;
    const Handle id = one.active ? a : b;
    EXPECT_EQ(cm.InitQpAttributes(id, QpTarget::kInit).has_value(), one.init);
    for (const QpTarget target : {QpTarget::kRtr, QpTarget::kRts})
    {
        const auto given = cm.InitQpAttributes(id, target);
        EXPECT_EQ(given.has_value(), one.others);
        if (!given)
        {
            EXPECT_EQ(given.error(), CmError::kInvalidState);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(EachState,
                         QpAttributesIn,
                         ::testing::Values(Allowance{true, State::kIdle, false, false},
                                           Allowance{true, State::kListen, false, false},
                                           Allowance{true, State::kReqSent, true, false},
                                           Allowance{true, State::kRepRcvd, true, true},
                                           Allowance{true, State::kEstablished, true, true},
                                           Allowance{true, State::kDreqSent, false, false},
                                           Allowance{true, State::kDreqRcvd, false, false},
                                           Allowance{true, State::kTimewait, false, false},
                                           Allowance{false, State::kReqRcvd, true, true},
                                           Allowance{false, State::kRepSent, true, true}),
                         [](const auto& info) {
                             return std::string(info.param.active ? "Active_" : "Passive_") +
                                    ToString(info.param.state);
                         });

TEST_F(QpAttributesOf, ARoutedPathHasAGrh)
{
    ListenB();
    ReqParameters parameters = Req();
    parameters.primaryPath.hopLimit = 5;
    a = Connect(parameters);
    Settle();
    b = Accepted();
    const auto rtr = hostB->cm.InitQpAttributes(b, QpTarget::kRtr).value();
    EXPECT_TRUE(rtr.address.hasGrh);
    EXPECT_EQ(rtr.address.dgid, hostA->gid);
    EXPECT_EQ(rtr.address.dlid, kLidA);
}

/** After the QP has begun to send. */
constexpr std::uint32_t kReload = kQpAltPath | kQpPathMigState;

class QpAttributesOfPaths : public TwoPorts
{
  protected:
    using TwoPorts::TwoPorts;

    QpAttributes OfA(QpTarget target) const
    {
        return hostA->cm.InitQpAttributes(a, target).value();
    }

    QpAttributes OfB(QpTarget target) const
    {
        return hostB->cm.InitQpAttributes(b, target).value();
    }
};

TEST_F(QpAttributesOfPaths, AnAlternatePathIsLoadedWithRtrAndArmedWithRts)
{
    EstablishWith(ReqWithAlternate(), Rep());
    EXPECT_EQ(OfA(QpTarget::kInit).mask, kInit);
    const auto rtr = OfA(QpTarget::kRtr);
    EXPECT_EQ(rtr.mask, kRtr | kResponds | kQpAltPath);
    EXPECT_EQ(rtr.altPort, 2);
    EXPECT_EQ(rtr.altPkeyIndex, 0);
    EXPECT_EQ(rtr.altAddress.dlid, kLidB2);
    EXPECT_EQ(rtr.altAddress.sl, kAlternateSl);
    EXPECT_FALSE(rtr.altAddress.hasGrh);
    EXPECT_EQ(rtr.port, 1);
    EXPECT_EQ(rtr.address.dlid, kLidB);
    // ack(15, 12): the peer's delay is the larger by two, and one more exponent is not needed.
    EXPECT_EQ(rtr.altTimeout, 15);
    EXPECT_FALSE(rtr.rearm);
    const auto rts = OfA(QpTarget::kRts);
    EXPECT_EQ(rts.mask, kQpSqPsn | kRequests | kQpPathMigState);
    EXPECT_TRUE(rts.rearm);

    const auto passive = OfB(QpTarget::kRtr);
    EXPECT_EQ(passive.mask, kRtr | kResponds | kQpAltPath);
    EXPECT_EQ(passive.altPort, 2);
    EXPECT_EQ(passive.altAddress.dlid, kLidA2);
    EXPECT_EQ(passive.altTimeout, kAlternateLifeTime + 1);
    EXPECT_EQ(OfB(QpTarget::kRts).mask, kQpSqPsn | kRequests | kQpPathMigState);
}

TEST_F(QpAttributesOfPaths, ThePassiveSideHasItBeforeItAnswers)
{
    ListenB();
    a = Connect(ReqWithAlternate());
    Settle();
    b = Accepted();
    EXPECT_EQ(OfB(QpTarget::kRtr).mask & kQpAltPath, kQpAltPath);
    EXPECT_EQ(OfB(QpTarget::kRts).mask & kQpPathMigState, kQpPathMigState);
    ASSERT_TRUE(hostB->cm.SendMra(b, {}));
    EXPECT_EQ(OfB(QpTarget::kRtr).mask & kQpAltPath, kQpAltPath);
}

TEST_F(QpAttributesOfPaths, OneThatWasRefusedIsNotLoaded)
{
    ListenB();
    a = Connect(ReqWithAlternate());
    Settle();
    b = Accepted();
    RepParameters rep = Rep();
    rep.failoverAccepted = static_cast<std::uint8_t>(ibwire::Failover::kNotSupported);
    ASSERT_TRUE(hostB->cm.SendRep(b, rep));
    EXPECT_EQ(OfB(QpTarget::kRtr).mask, kRtr | kResponds);
    Settle();
    EXPECT_EQ(OfA(QpTarget::kRtr).mask, kRtr | kResponds);
    EXPECT_EQ(OfA(QpTarget::kRts).mask, kQpSqPsn | kRequests);
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    Settle();
    EXPECT_EQ(OfA(QpTarget::kRts).mask, kQpSqPsn | kRequests);
}

TEST_F(QpAttributesOfPaths, UnreliableConnectionsMigrateToo)
{
    ReqParameters req = ReqWithAlternate();
    req.qpType = QpType::kUc;
    EstablishWith(req, Rep());
    EXPECT_EQ(OfA(QpTarget::kRtr).mask, kRtr | kQpAltPath);
    EXPECT_EQ(OfA(QpTarget::kRts).mask, kQpSqPsn | kQpPathMigState);
    EXPECT_EQ(OfB(QpTarget::kRtr).mask, kRtr | kQpAltPath);
}

TEST_F(QpAttributesOfPaths, AnXrcConnectionHasOneSender)
{
    ReqParameters req = ReqWithAlternate();
    req.qpType = QpType::kXrcInitiator;
    EstablishWith(req, Rep());
    EXPECT_EQ(OfA(QpTarget::kRtr).mask, kRtr | kQpAltPath);
    EXPECT_EQ(OfA(QpTarget::kRtr).destQpn, kQpnB) << "from the REP's EECN";
    EXPECT_EQ(OfA(QpTarget::kRts).mask, kQpSqPsn | kRequests | kQpPathMigState);
    EXPECT_EQ(OfA(QpTarget::kRts).maxRdAtomic, 4);
    EXPECT_EQ(OfB(QpTarget::kRtr).mask, kRtr | kResponds | kQpAltPath);
    EXPECT_EQ(OfB(QpTarget::kRts).mask, kQpSqPsn | kQpTimeout | kQpPathMigState);
}

TEST_F(QpAttributesOfPaths, AfterALapOnlyTheNewPathIsLoaded)
{
    EstablishWith(Req(), Rep());
    ASSERT_TRUE(hostA->cm.SendLap(a, Lap()));
    EXPECT_EQ(hostA->cm.InitQpAttributes(a, QpTarget::kRts), tl::unexpected(CmError::kInvalidState))
        << "nothing was agreed on";
    Settle();
    const auto proposed = OfB(QpTarget::kRts);
    EXPECT_EQ(proposed.mask, kReload) << "to try it before answering";
    EXPECT_EQ(proposed.altPort, 2);
    EXPECT_EQ(proposed.altAddress.dlid, kLidA2);
    EXPECT_EQ(proposed.altTimeout, kAlternateLifeTime + 1);
    EXPECT_TRUE(proposed.rearm);
    ASSERT_TRUE(hostB->cm.SendApr(b, {}));
    Settle();
    const auto loaded = OfA(QpTarget::kRts);
    EXPECT_EQ(loaded.mask, kReload);
    EXPECT_EQ(loaded.altAddress.dlid, kLidB2);
    EXPECT_EQ(loaded.altTimeout, 15);
    EXPECT_TRUE(loaded.rearm);
    EXPECT_EQ(OfB(QpTarget::kRts).altAddress.dlid, kLidA2);
    EXPECT_EQ(OfA(QpTarget::kRtr).mask, kRtr | kResponds | kQpAltPath);
}

TEST_F(QpAttributesOfPaths, AProposalLeavesTheLoadedPathAsItIs)
{
    EstablishWith(ReqWithAlternate(), Rep());
    LapParameters lap = Lap();
    lap.alternatePath.dgid = hostB->gid; // from A's second port to B's first
    lap.alternatePath.dlid = kLidB;
    ASSERT_TRUE(hostA->cm.SendLap(a, lap));
    EXPECT_EQ(OfA(QpTarget::kRts).altAddress.dlid, kLidB2);
    Settle();
    EXPECT_EQ(OfB(QpTarget::kRts).altPort, 1);
    ASSERT_TRUE(hostB->cm.SendMra(b, {}));
    EXPECT_EQ(OfB(QpTarget::kRts).altPort, 1);
    ASSERT_TRUE(hostB->cm.SendApr(b, {ibwire::AprStatus::kRejected, {}, {}}));
    Settle();
    EXPECT_EQ(OfB(QpTarget::kRts).altPort, 2);
    EXPECT_EQ(OfA(QpTarget::kRts).altAddress.dlid, kLidB2);
}

TEST_F(QpAttributesOfPaths, AfterAMigrationThereIsNothingToLoad)
{
    EstablishWith(ReqWithAlternate(), Rep());
    ASSERT_TRUE(hostA->cm.NotifyMigrated(a));
    EXPECT_EQ(hostA->cm.InitQpAttributes(a, QpTarget::kRts),
              tl::unexpected(CmError::kInvalidState));
    const auto rtr = OfA(QpTarget::kRtr);
    EXPECT_EQ(rtr.mask, kRtr | kResponds);
    EXPECT_EQ(rtr.port, 2);
    EXPECT_EQ(rtr.address.dlid, kLidB2);
    EXPECT_EQ(rtr.address.sl, kAlternateSl);
    EXPECT_EQ(rtr.timeout, 15);
}

} // namespace
} // namespace ibcm::test
