// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Fifteen problems that can be read out of a well-known Connection Manager and that nobody has
// reported (L1 to L15): none of them may exist here. L1, a time-out that is told when its id has
// been destroyed, needs two tasks: test/lab/destroy_waits_test.cc.
#include "ibcm/model/compose.h"
#include "moment.h"
#include "scenario-fixture.h"

#include <algorithm>

namespace ibcm::test
{
namespace
{

using ibwire::CmAttribute;
using ibwire::CmRej;
using ibwire::CmReq;
using ibwire::RejReason;

class Latent : public Scenario
{
  protected:
    explicit Latent(const Options& options = {})
        : Scenario(options)
    {
    }

    SidrReqParameters Question() const
    {
        SidrReqParameters parameters;
        parameters.serviceId = kService;
        parameters.path = PathToB();
        return parameters;
    }

    /** A LAP of A for B's id, over other LIDs, that nobody has sent. */
    ibwire::CmLap LapOnTheWire() const
    {
        ibwire::CmLap lap;
        lap.localCommId = hostA->cm.CommIdOf(a).value();
        lap.remoteCommId = hostB->cm.CommIdOf(b).value();
        lap.remoteQpn = kQpnB;
        lap.remoteCmResponseTimeout = 20;
        lap.alternateLocalLid = 99;
        lap.alternateRemoteLid = kLidB;
        lap.alternateLocalGid = hostA->gid;
        lap.alternateRemoteGid = hostB->gid;
        lap.alternateSubnetLocal = true;
        lap.alternateLocalAckTimeout = 15;
        return lap;
    }
};

// L2. The answer to a SIDR question took one from a count of events that it had not added to: an
// event of the same id, used for a connection later, was queued and never told.
TEST_F(Latent, L02AnIdThatHasAskedForAServiceCanConnect)
{
    ListenB();
    a = CreateA();
    for (unsigned i = 0; i < 3; ++i)
    {
        ASSERT_TRUE(hostA->cm.SendSidrReq(a, Question()));
        Settle();
        ASSERT_TRUE(hostB->cm.SendSidrRep(hostB->consumer.Last().id, {}));
        Settle();
        EXPECT_EQ(hostA->consumer.TakeNames(), "SIDR_REP_RECEIVED");
        DestroyB(hostB->consumer.Last().id);
    }
    ASSERT_TRUE(hostA->cm.SendReq(a, Req()));
    Settle();
    ASSERT_TRUE(hostB->cm.SendRep(Accepted(), Rep()));
    Settle();
    EXPECT_EQ(hostA->consumer.TakeNames(), "REP_RECEIVED");
}

// L3. A REP that was refused as stale left its number in the record of the REQ; when the id went to
// TIMEWAIT later, the end of that was told to nobody and it stayed there.
TEST_F(Latent, L03ARefusedRepLeavesNoTraceInTimewait)
{
    ReachA(State::kEstablished);
    ReqParameters parameters = Req();
    parameters.localQpn = kQpnA + 1;
    const Handle second = Connect(parameters);
    const std::uint64_t transaction = sent.back().header.transactionId;
    wire.DropAll();
    ForgetRecords();
    ibwire::CmRep rep;
    rep.localCommId = 0x999;
    rep.remoteCommId = hostA->cm.CommIdOf(second).value();
    rep.localQpn = kQpnB;
    rep.localCaGuid = kGuidB;
    rep.rnrRetryCount = 7;
    InjectToA(rep, transaction);
    EXPECT_EQ(TakeSent(), "A>REJ A>DREQ");
    EXPECT_EQ(hostA->cm.StateOf(second), State::kReqSent);
    EXPECT_EQ(StateA(), State::kDreqSent) << "the connection whose QP the peer has given away";
    wire.DropAll();
    CmRej rej;
    rej.remoteCommId = rep.remoteCommId;
    rej.messageRejected = ibwire::MessageRejected::kReq;
    rej.reason = RejReason::kStaleConnection;
    InjectToA(rej);
    EXPECT_EQ(hostA->cm.StateOf(second), State::kTimewait);
    EXPECT_EQ(hostA->consumer.TakeNames(), "REJ_RECEIVED");
    runtime.Advance(std::chrono::seconds{1});
    EXPECT_EQ(hostA->consumer.TakeNames(), "TIMEWAIT_EXIT");
    EXPECT_EQ(hostA->cm.StateOf(second), State::kIdle);
}

// L4. The search for the peer of a REJ(timeout) read the root of a tree outside the tree's lock. At
// each moment of the coming and going of other peers, such a REJ finds its own connection.
TEST_F(Latent, L04ARejFindsItsPeerWhileOthersComeAndGo)
{
    ListenB();
    const Handle model = Connect();
    const CmReq like = LastSent<CmReq>();
    wire.DropAll();
    DestroyA(model);
    wire.DropAll();
    const auto number = [&](std::uint32_t nth)
    {
        CmReq req = like;
        req.localCommId = 0x10000 + nth;
        req.localQpn = 0x1000 + nth;
        return req;
    };
    const auto giveUp = [&](const CmReq& req)
    {
        CmRej rej;
        rej.localCommId = req.localCommId;
        rej.messageRejected = ibwire::MessageRejected::kOther;
        rej.reason = RejReason::kTimeout;
        const auto guid = GuidInfo(req.localCaGuid);
        std::copy(guid.begin(), guid.end(), rej.ari.begin());
        rej.rejectInfoLength = 8;
        InjectToB(rej);
    };
    std::uint32_t nth = 0;
    for (const bool coming : {true, false})
    {
        ForEachMoment(
            [&](unsigned at)
            {
                const CmReq first = number(++nth);
                const CmReq other = number(++nth);
                InjectToB(first);
                const Handle id = Accepted();
                if (!coming)
                {
                    InjectToB(other);
                }
                const Handle going = Accepted();
                ForgetRecords();
                Moment moment(runtime);
                moment.AtAny(at, [&] { giveUp(first); });
                coming ? InjectToB(other) : DestroyB(going);
                const bool happened = moment.Withdraw();
                EXPECT_EQ(hostB->cm.StateOf(id), happened ? State::kIdle : State::kReqRcvd)
                    << "at " << moment.Where();
                EXPECT_EQ(std::count_if(hostB->consumer.told.begin(),
                                        hostB->consumer.told.end(),
                                        [&](const Told& one) { return one.id == id; }),
                          happened ? 1 : 0);
                EXPECT_EQ(hostB->cm.PeerRecords(), (happened ? 0U : 1U) + (coming ? 1U : 0U));
                for (const Handle each : hostB->consumer.accepted)
                {
                    (void)hostB->cm.Destroy(each);
                }
                hostB->consumer.accepted.clear();
                wire.DropAll();
                return happened;
            });
    }
}

// L5. The next service id to assign was counted up outside the lock: two users got the same one.
TEST_F(Latent, L05TwoUsersAreAssignedTwoServices)
{
    const auto assign = [&]() -> std::uint64_t
    {
        const auto listening = hostB->cm.ListenShared(hostB->consumer, kAssignServiceId);
        if (!listening)
        {
            return 0;
        }
        created.emplace_back(hostB.get(), *listening);
        for (const ListenerReport& report : hostB->cm.Inspect().listeners)
        {
            if (report.id == *listening)
            {
                return report.serviceId;
            }
        }
        return 0;
    };
    ForEachMoment(
        [&](unsigned nth)
        {
            std::uint64_t inner = 0;
            const Handle id = CreateB();
            Moment moment(runtime);
            moment.AtAny(nth, [&] { inner = assign(); });
            const auto outer = hostB->cm.Listen(id, kAssignServiceId);
            const bool happened = moment.Withdraw();
            EXPECT_TRUE(outer);
            EXPECT_EQ(*outer >> 56, 2U);
            EXPECT_NE(*outer, kAssignServiceId);
            EXPECT_TRUE(!happened || inner != 0) << "at " << moment.Where();
            EXPECT_NE(*outer, inner) << "at " << moment.Where();
            return happened;
        });
}

// L6. If the device had gone, entering TIMEWAIT did nothing, and destroy walked on the spot for
// ever, with a lock held. Here each state leads on without a port.
TEST_F(Latent, L06DestroyEndsWithoutAPort)
{
    for (const State state : {State::kReqRcvd,
                              State::kRepSent,
                              State::kEstablished,
                              State::kDreqSent,
                              State::kDreqRcvd,
                              State::kTimewait})
    {
        ReachB(state);
        ASSERT_TRUE(hostB->cm.RemovePort(1));
        DestroyAtOnce(*hostB, b);
        runtime.RunReady();
        EXPECT_EQ(TakeSent(), "") << "nothing can be sent";
        ASSERT_TRUE(hostB->cm.AddPort(1, hostB->port));
        DestroyA(a);
        wire.DropAll();
        runtime.RunUntilIdle();
        ForgetRecords();
    }
}

// L7. A LAP wrote its path over the addresses of the id before its state was looked at: the retries
// of a DREQ, and the DREP, went to where nobody was.
TEST_F(Latent, L07ALapThatIsNotTakenChangesNoAddress)
{
    ReachB(State::kDreqSent);
    InjectToB(LapOnTheWire(), 500);
    EXPECT_EQ(hostB->consumer.TakeNames(), "");
    wire.DropAll();
    sent.clear();
    runtime.Advance(runtime.NextTimer() - runtime.Now());
    ASSERT_EQ(TakeSent(), "B>DREQ");
    EXPECT_EQ(wire.At(0).address.dlid, kLidA);
}

TEST_F(Latent, L07ASecondLapDoesNotReplaceTheFirst)
{
    ReachB(State::kEstablished);
    ibwire::CmLap first = LapOnTheWire();
    first.alternateLocalLid = 55;
    InjectToB(first, 500);
    EXPECT_EQ(hostB->consumer.TakeNames(), "LAP_RECEIVED");
    InjectToB(LapOnTheWire(), 501);
    EXPECT_EQ(hostB->consumer.TakeNames(), "");
    ASSERT_TRUE(hostB->cm.SendApr(b, {}));
    EXPECT_EQ(sent.back().header.transactionId, 500U) << "the answer is the first LAP's";
    EXPECT_EQ(sent.back().address.dlid, kLidA) << "a path that is only loaded takes no messages";
    const auto attributes = hostB->cm.InitQpAttributes(b, QpTarget::kRts);
    ASSERT_TRUE(attributes);
    EXPECT_EQ(attributes->altAddress.dlid, 55);
    ASSERT_TRUE(hostA->cm.SendDreq(a));
    wire.DeliverAll();
    ASSERT_TRUE(hostB->cm.SendDrep(b));
    EXPECT_EQ(sent.back().address.dlid, kLidA);
}

// L8. Going over to the alternate path copied an address with its reference, which was then dropped
// twice. The path is moved: there is none left to go over to, and destroy finds what it should.
TEST_F(Latent, L08AMigratedPathIsTheOnlyOne)
{
    ReachA(State::kEstablished);
    LapParameters lap;
    lap.alternatePath = PathToB();
    lap.alternatePath.slid = kLidA;
    lap.alternatePath.dlid = kLidB + 1;
    ASSERT_TRUE(hostA->cm.SendLap(a, lap));
    ibwire::CmApr apr;
    apr.localCommId = hostB->cm.CommIdOf(b).value();
    apr.remoteCommId = hostA->cm.CommIdOf(a).value();
    InjectToA(apr, sent.back().header.transactionId);
    wire.DropAll();
    ASSERT_EQ(hostA->consumer.TakeNames(), "APR_RECEIVED");
    ASSERT_TRUE(hostA->cm.NotifyMigrated(a));
    EXPECT_EQ(hostA->cm.NotifyMigrated(a), tl::unexpected(CmError::kInvalidState));
    DestroyAtOnce(*hostA, a);
    EXPECT_EQ(sent.back().address.dlid, kLidB + 1) << "the DREQ takes the path in use";
    EXPECT_TRUE(hostA->cm.RemovePort(1));
    EXPECT_TRUE(hostA->cm.AddPort(1, hostA->port));
}

// L9. The answer to a SIDR question lost the top byte of the vendor's number, and never said how
// long its information was.
TEST_F(Latent, L09ASidrRepHasAllOfItsFields)
{
    ListenB();
    a = CreateA();
    ASSERT_TRUE(hostA->cm.SendSidrReq(a, Question()));
    Settle();
    SidrRepParameters answer;
    answer.qpn = 0x123456;
    answer.qkey = 0x89abcdef;
    answer.ece = {0xabcdef, 0x01020304};
    const auto info = Bytes(5, 0x40);
    answer.info = info;
    ASSERT_TRUE(hostB->cm.SendSidrRep(hostB->consumer.Last().id, answer));
    const ibwire::MadBytes& mad = sent.back().bytes;
    constexpr std::uint8_t kGolden[] = {0x00, 0x05, 0xab, 0xcd, 0x12, 0x34, 0x56, 0xef};
    EXPECT_TRUE(std::equal(std::begin(kGolden), std::end(kGolden), mad.begin() + 24 + 4));
    EXPECT_EQ(mad[20], 0x01);
    EXPECT_EQ(mad[23], 0x04);
    Settle();
    ASSERT_EQ(hostA->consumer.told.size(), 1U);
    const auto& told = std::get<SidrRepReceived>(hostA->consumer.Last().event.parameters);
    EXPECT_EQ(told.ece, answer.ece);
    EXPECT_EQ(told.qpn, answer.qpn);
    EXPECT_EQ(told.qkey, answer.qkey);
    EXPECT_EQ(told.infoLength, 5);
    EXPECT_TRUE(Holds(told.info, info));
    DestroyB(hostB->consumer.Last().id);
}

// L10. The lengths of additional information can say more than there is room for: 127 in a REJ, 255
// in an APR or SIDR_REP, of 72 bytes. And a REJ(timeout) without a whole GUID names nobody.
TEST_F(Latent, L10LengthsOnTheWireAreBounded)
{
    ReachA(State::kReqSent);
    CmRej rej;
    rej.remoteCommId = hostA->cm.CommIdOf(a).value();
    rej.messageRejected = ibwire::MessageRejected::kReq;
    rej.reason = RejReason::kConsumer;
    rej.rejectInfoLength = 127;
    rej.ari.fill(0xaa);
    InjectToA(rej);
    ASSERT_EQ(hostA->consumer.told.size(), 1U);
    EXPECT_EQ(std::get<RejReceived>(hostA->consumer.Last().event.parameters).infoLength, 72);

    CmRej nameless;
    nameless.localCommId = rej.remoteCommId;
    nameless.messageRejected = ibwire::MessageRejected::kOther;
    nameless.reason = RejReason::kTimeout;
    const auto guid = GuidInfo(kGuidA);
    std::copy(guid.begin(), guid.end(), nameless.ari.begin());
    nameless.rejectInfoLength = 7;
    ForgetRecords();
    InjectToB(nameless);
    EXPECT_EQ(hostB->consumer.TakeNames(), "");
    EXPECT_EQ(StateB(), State::kReqRcvd);
    nameless.rejectInfoLength = 127;
    InjectToB(nameless);
    EXPECT_EQ(hostB->consumer.TakeNames(), "REJ_RECEIVED");
}

TEST_F(Latent, L10LengthsOfAprAndSidrRepAreBounded)
{
    ReachA(State::kEstablished);
    LapParameters lap;
    lap.alternatePath = PathToB();
    lap.alternatePath.dlid = kLidB + 1;
    ASSERT_TRUE(hostA->cm.SendLap(a, lap));
    ibwire::CmApr apr;
    apr.localCommId = hostB->cm.CommIdOf(b).value();
    apr.remoteCommId = hostA->cm.CommIdOf(a).value();
    apr.status = ibwire::AprStatus::kRejected;
    apr.additionalInfoLength = 255;
    InjectToA(apr, sent.back().header.transactionId);
    wire.DropAll();
    ASSERT_EQ(hostA->consumer.told.size(), 1U);
    EXPECT_EQ(std::get<AprReceived>(hostA->consumer.Last().event.parameters).infoLength, 72);

    const Handle id = CreateA();
    ASSERT_TRUE(hostA->cm.SendSidrReq(id, Question()));
    ibwire::CmSidrRep rep;
    rep.requestId = hostA->cm.CommIdOf(id).value();
    rep.status = ibwire::SidrStatus::kRejected;
    rep.serviceId = kService;
    rep.additionalInfoLength = 255;
    InjectToA(rep, sent.back().header.transactionId);
    ASSERT_EQ(hostA->consumer.told.size(), 2U);
    EXPECT_EQ(std::get<SidrRepReceived>(hostA->consumer.Last().event.parameters).infoLength, 72);
}

// L11. A consumer's REJ in REQ_SENT did not cancel the REQ: it was retried after the REJ, to the
// end, and destroy waited for that.
TEST_F(Latent, L11ARejOfOnesOwnReqEndsItsRetries)
{
    ReachA(State::kReqSent);
    ASSERT_TRUE(hostA->cm.SendRej(a, RejReason::kConsumer));
    EXPECT_EQ(hostA->port.Outstanding(), 0U);
    runtime.Advance(std::chrono::minutes{1});
    EXPECT_EQ(TakeSent(), "A>REJ");
    EXPECT_EQ(hostA->consumer.TakeNames(), "");
    DestroyAtOnce(*hostA, a);
}

// L12. When the device went, TIMEWAIT was entered without a timer: it never ended. Here TIMEWAIT
// needs no port.
TEST_F(Latent, L12TimewaitEndsWithoutAPort)
{
    ReachA(State::kDreqSent);
    ASSERT_TRUE(hostA->cm.RemovePort(1));
    runtime.RunReady();
    EXPECT_EQ(hostA->consumer.TakeNames(), "DREQ_ERROR");
    EXPECT_EQ(StateA(), State::kTimewait);
    runtime.Advance(std::chrono::seconds{1});
    EXPECT_EQ(hostA->consumer.TakeNames(), "TIMEWAIT_EXIT");
    EXPECT_EQ(StateA(), State::kIdle);
    EXPECT_EQ(hostA->cm.PeerRecords(), 0U);
    ASSERT_TRUE(hostA->cm.AddPort(1, hostA->port));
}

// L13. A DREQ overtook the queued news that the connection was up, and that news was dropped: the
// consumer heard of the end of what had never begun for it.
TEST_F(Latent, L13NewsOfTheConnectionComesBeforeThatOfItsEnd)
{
    ReachA(State::kReqSent);
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    Settle();
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    wire.DropAll();
    ForgetRecords();
    ASSERT_TRUE(hostB->cm.NotifyEstablished(b));
    ASSERT_TRUE(hostA->cm.SendDreq(a));
    wire.DeliverAll(); // before the queued work
    EXPECT_EQ(StateB(), State::kDreqRcvd);
    EXPECT_EQ(hostB->consumer.TakeNames(), "");
    runtime.RunReady();
    EXPECT_EQ(hostB->consumer.TakeNames(), "USER_ESTABLISHED DREQ_RECEIVED");
}

// L14. Transports that there are not went to the consumer as type 0.
TEST_F(Latent, L14AnUnknownTransportIsRefused)
{
    ListenB();
    Connect();
    CmReq req = LastSent<CmReq>();
    wire.DropAll();
    ForgetRecords();
    struct Type
    {
        ibwire::TransportService service;
        std::uint8_t extended;
    };
    for (const Type type : {Type{ibwire::TransportService::kRd, 0},
                            Type{ibwire::TransportService::kExtended, 0},
                            Type{ibwire::TransportService::kExtended, 2},
                            Type{ibwire::TransportService::kExtended, 7}})
    {
        req.transportServiceType = type.service;
        req.extendedTransportType = static_cast<ibwire::ExtendedTransport>(type.extended);
        ++req.localCommId;
        InjectToB(req);
        EXPECT_EQ(LastSent<CmRej>().reason, RejReason::kInvalidTransportType);
        EXPECT_EQ(LastSent<CmRej>().remoteCommId, req.localCommId);
    }
    EXPECT_EQ(hostB->consumer.TakeNames(), "");
    EXPECT_EQ(hostB->cm.LiveIds(), 1U);
}

// L15. A lost REP waits for the passive side's timer, as a REQ that comes again is dropped. That is
// one reading; the strict one sends the REP again with it. How long the peer waits, in both.
class LatentLostRep : public Latent, public ::testing::WithParamInterface<Behaviour>
{
  protected:
    static Options Reading()
    {
        Options options;
        options.behaviour = GetParam();
        return options;
    }

    LatentLostRep()
        : Latent(Reading())
    {
    }
};

TEST_P(LatentLostRep, L15ALostRepComesAgain)
{
    const bool strict = GetParam() == Behaviour::kStrict;
    ReachA(State::kReqSent);
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    wire.DropAll();
    sent.clear();
    const Instant asked = runtime.Now();
    while (hostA->consumer.told.empty())
    {
        ASSERT_LT(runtime.Now() - asked, std::chrono::seconds{10});
        runtime.Advance(runtime.NextTimer() - runtime.Now());
        Settle();
    }
    EXPECT_EQ(hostA->consumer.TakeNames(), "REP_RECEIVED");
    const Duration waited = runtime.Now() - asked;
    // A's wait for its REQ: twice 67 ms and 1.07 s. B's for its REP: 2.15 s.
    EXPECT_EQ(TakeSent(), "A>REQ B>REP");
    EXPECT_EQ(hostB->cm.Counters().duplicates[KindOf(CmAttribute::kReq)], 1U);
    EXPECT_GT(waited, strict ? std::chrono::milliseconds{1100} : std::chrono::milliseconds{2000});
    EXPECT_LT(waited, strict ? std::chrono::milliseconds{1300} : std::chrono::milliseconds{2200});
}

INSTANTIATE_TEST_SUITE_P(Readings,
                         LatentLostRep,
                         ::testing::Values(Behaviour::kStrict, Behaviour::kLinux61),
                         [](const auto& info) { return std::string(ToString(info.param)); });

} // namespace
} // namespace ibcm::test
