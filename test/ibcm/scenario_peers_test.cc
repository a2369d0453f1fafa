// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// S3: the record of a connection's peer is freed once, and always.
#include "moment.h"
#include "scenario-fixture.h"

namespace ibcm::test
{
namespace
{

using ibwire::CmRej;
using ibwire::CmReq;
using ibwire::RejReason;

// S3a. The error path of the REQ handler freed the record of the peer without the id's lock, while
// a REJ of the same peer reset the id and freed it, too. Here one of both does, whatever the
// moment: the fixture counts lives, AddressSanitizer bytes.
TEST_F(SeedScenario, S03aTheRecordOfARefusedReqIsFreedOnce)
{
    ListenB();
    const unsigned moments = ForEachMoment(
        [&](unsigned nth)
        {
            CmReq req = ReqOnTheWire(nth);
            req.primaryRemoteGid = ibwire::Gid::From(ibwire::kDefaultGidPrefix, 0x4711);
            ForgetRecords();
            Moment moment(runtime);
            moment.AtAny(nth, [&] { InjectToB(GivesUp(req)); });
            InjectToB(req);
            const bool happened = moment.Withdraw();
            wire.DropAll();
            EXPECT_EQ(LastSent<CmRej>().reason, RejReason::kPrimaryRemoteGid);
            EXPECT_EQ(TakeSent(), "B>REJ") << "at " << moment.Where();
            EXPECT_EQ(hostB->consumer.TakeNames(), "") << "at " << moment.Where();
            EXPECT_EQ(hostB->cm.PeerRecords(), 0U);
            return happened;
        });
    EXPECT_GE(moments, 2U);
}

// The same where the REQ is taken, and the consumer is the one who cannot go on.
TEST_F(SeedScenario, S03aTheRecordOfADroppedReqIsFreedOnce)
{
    ListenB();
    hostB->consumer.react = [](ConnectionManager&, Handle, const Event& event)
    {
        return event.type == EventType::kReqReceived ? Disposition::kDestroyNoMemory
                                                     : Disposition::kKeep;
    };
    const std::size_t ids = hostB->cm.LiveIds();
    const unsigned moments = ForEachMoment(
        [&](unsigned nth)
        {
            const CmReq req = ReqOnTheWire(nth);
            ForgetRecords();
            Moment moment(runtime);
            moment.AtAny(nth, [&] { InjectToB(GivesUp(req)); });
            InjectToB(req);
            const bool happened = moment.Withdraw();
            EXPECT_EQ(hostB->consumer.TakeNames(), "REQ_RECEIVED") << "at " << moment.Where();
            EXPECT_EQ(TakeSent(), "") << "at " << moment.Where();
            EXPECT_EQ(hostB->cm.LiveIds(), ids);
            EXPECT_EQ(hostB->cm.PeerRecords(), 0U) << "at " << moment.Where();
            return happened;
        });
    EXPECT_GE(moments, 10U);
}

// S3b. Destroying an established XRC target freed nothing: the record stayed in the trees, of an
// id that no longer was. Here the peer is forgotten at once, and may come again.
TEST_F(SeedScenario, S03bADestroyedXrcTargetForgetsItsPeer)
{
    ListenB();
    ReqParameters parameters = Req();
    parameters.qpType = QpType::kXrcInitiator;
    a = Connect(parameters);
    const CmReq req = LastSent<CmReq>();
    Settle();
    b = Accepted();
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    Settle();
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    Settle();
    ASSERT_EQ(StateB(), State::kEstablished);
    ForgetRecords();
    DestroyB(b);
    EXPECT_EQ(TakeSent(), "") << "an XRC target goes without a word";
    EXPECT_EQ(hostB->cm.PeerRecords(), 0U);
    InjectToB(req, 78);
    EXPECT_EQ(hostB->consumer.TakeNames(), "REQ_RECEIVED");
    EXPECT_EQ(TakeSent(), "") << "neither a repetition nor stale";
}

// S3c. A REQ that failed left its record behind, and the second try lost it. Here a refused call
// leaves nothing, and the id is as good as before.
TEST_F(SeedScenario, S03cAReqThatFailsLeavesNothingBehind)
{
    ListenB();
    a = CreateA();
    const std::size_t living = life.Living();
    ReqParameters parameters = Req();
    parameters.primaryPath.sgid = ibwire::Gid::From(ibwire::kDefaultGidPrefix, 0x4711);
    EXPECT_EQ(hostA->cm.SendReq(a, parameters), tl::unexpected(CmError::kNoPort));
    EXPECT_EQ(life.Living(), living);
    parameters = Req();
    parameters.primaryPath.pkey = 0x1234;
    EXPECT_EQ(hostA->cm.SendReq(a, parameters), tl::unexpected(CmError::kNoPkey));
    hostA->end.SetDown(true);
    EXPECT_EQ(hostA->cm.SendReq(a, Req()), tl::unexpected(CmError::kSendFailed));
    hostA->end.SetDown(false);
    EXPECT_EQ(life.Living(), living);
    EXPECT_EQ(hostA->cm.PeerRecords(), 0U);
    ASSERT_TRUE(hostA->cm.SendReq(a, Req()));
    Settle();
    EXPECT_EQ(hostB->consumer.TakeNames(), "REQ_RECEIVED");
}

} // namespace
} // namespace ibcm::test
