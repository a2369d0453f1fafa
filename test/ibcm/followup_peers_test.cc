// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Peers that are remembered, in TIMEWAIT and at the end of the manager.
#include "moment.h"
#include "scenario-fixture.h"

#include <memory>
#include <string>
#include <vector>

namespace ibcm::test
{
namespace
{

using ibwire::CmRej;
using ibwire::CmReq;
using ibwire::RejReason;

// Destroying in REP_SENT went on to TIMEWAIT and stopped there, and the new assertion that destroy
// ends in IDLE said so each time.
TEST_F(FollowUp, DestroyInRepSentWalksOnToIdle)
{
    struct Steps final : public Trace
    {
        void OnTransition(const TransitionTrace& step) override
        {
            names += std::string(names.empty() ? "" : " ") + ToString(step.to);
        }
        std::string names;
    };
    for (const bool acknowledged : {false, true})
    {
        ReachB(State::kRepSent);
        if (acknowledged)
        {
            ibwire::CmMra mra;
            mra.localCommId = hostA->cm.CommIdOf(a).value();
            mra.remoteCommId = hostB->cm.CommIdOf(b).value();
            mra.messageMraed = ibwire::MessageMraed::kRep;
            mra.serviceTimeout = 20;
            InjectToB(mra);
            ASSERT_EQ(StateB(), State::kMraRepRcvd);
        }
        DestroyAtOnce(*hostB, b);
        EXPECT_EQ(LastSent<CmRej>().reason, RejReason::kConsumer);
        EXPECT_EQ(hostB->cm.PeerRecords(), 1U) << "the peer may have taken the REP: it ages";
        Clear();
        EXPECT_EQ(hostB->cm.PeerRecords(), 0U);
    }
}

// Two connections of one QP of a peer (not for XRC: several share one): the second is taken for
// that of a peer that has forgotten the first (2020, a proposal to look at the peer's id, too).
// That is what the specification asks for: REJ 10 for the second, a DREQ for the first.
TEST_F(FollowUp, TwoConnectionsOfOneQpAreOneTooMany)
{
    ReachB(State::kEstablished);
    CmReq req = ReqOnTheWire(1);
    req.localQpn = kQpnA;
    InjectToB(req);
    EXPECT_EQ(TakeSent(), "B>REJ B>DREQ");
    EXPECT_EQ(StateB(), State::kDreqSent);
    EXPECT_EQ(hostB->consumer.TakeNames(), "");
}

/** Room for one peer. */
class FollowUpOnePeer : public FollowUp
{
  protected:
    static Options One()
    {
        Options options;
        options.limits.maxPeers = 1;
        return options;
    }

    FollowUpOnePeer()
        : FollowUp(One())
    {
    }
};

// A record for TIMEWAIT could not be had, an error was kept in its place, and destroy followed it.
// Here the limit refuses: nothing is kept on either side, and all can be destroyed.
TEST_F(FollowUpOnePeer, APeerThatCannotBeRememberedIsRefused)
{
    ReachB(State::kEstablished);
    const Handle second = CreateA();
    const std::size_t living = life.Living();
    EXPECT_EQ(hostA->cm.SendReq(second, Req()), tl::unexpected(CmError::kNoResources));
    EXPECT_EQ(life.Living(), living);
    DestroyAtOnce(*hostA, second);
    const CmReq model = [&]
    {
        CmReq req;
        req.localCommId = 0x99;
        req.serviceId = kService;
        req.localCaGuid = 0x4711;
        req.localQpn = 0x99;
        req.pathMtu = ibwire::Mtu::k1024;
        req.pkey = 0xffff;
        req.primaryLocalLid = kLidA;
        req.primaryRemoteLid = kLidB;
        req.primaryLocalGid = hostA->gid;
        req.primaryRemoteGid = hostB->gid;
        req.primarySubnetLocal = true;
        req.primaryPacketRate = static_cast<ibwire::Rate>(3);
        return req;
    }();
    const std::size_t ids = hostB->cm.LiveIds();
    InjectToB(model);
    EXPECT_EQ(LastSent<CmRej>().reason, RejReason::kNoResources);
    EXPECT_EQ(hostB->cm.LiveIds(), ids);
    EXPECT_EQ(hostB->cm.PeerRecords(), 1U);
    DestroyAtOnce(*hostB, b);
}

// Unloading freed the list of TIMEWAIT while its timers went off. Here the manager waits for what
// cannot be cancelled any more; time passes at any moment of its end.
TEST_F(FollowUp, TheManagerEndsWhileTimersGoOff)
{
    ListenB();
    const std::size_t living = life.Living();
    unsigned lid = 100;
    ForEachMoment(
        [&](unsigned nth)
        {
            auto third = std::make_unique<Host>(
                runtime, wire, 0x4700000 + lid, static_cast<std::uint16_t>(lid));
            std::vector<Handle> ids;
            for (std::uint8_t i = 0; i < 3; ++i)
            {
                ReqParameters parameters = Req();
                parameters.localQpn = kQpnA + i;
                parameters.primaryPath.sgid = third->gid;
                parameters.primaryPath.slid = static_cast<std::uint16_t>(lid);
                parameters.primaryPath.packetLifeTime = static_cast<std::uint8_t>(10 + i);
                ids.push_back(third->cm.Create(third->consumer).value());
                EXPECT_TRUE(third->cm.SendReq(ids.back(), parameters));
                wire.DeliverAll();
                RepParameters rep = Rep();
                rep.localQpn = kQpnB + i;
                EXPECT_TRUE(hostB->cm.SendRep(Accepted(), rep));
                wire.DeliverAll();
                EXPECT_TRUE(third->cm.SendRtu(ids.back()));
                wire.DeliverAll();
                EXPECT_TRUE(third->cm.Destroy(ids.back()));
                wire.DeliverAll();
                DestroyB(Accepted());
                wire.DropAll();
            }
            hostB->consumer.accepted.clear();
            EXPECT_EQ(third->cm.PeerRecords(), 3U);
            EXPECT_EQ(third->cm.LiveIds(), 0U);
            Moment moment(runtime);
            moment.AtAny(nth, [&] { runtime.Advance(std::chrono::seconds{1}); });
            third.reset();
            const bool happened = moment.Withdraw();
            runtime.RunUntilIdle();
            EXPECT_EQ(life.Living(), living) << "at " << moment.Where();
            ++lid;
            return happened;
        });
}

} // namespace
} // namespace ibcm::test
