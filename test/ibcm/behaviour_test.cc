// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Where Behaviour::kStrict and Behaviour::kLinux61 part: one test for each row of
// doc/behaviour.md, which shows both. Here: the state tables, times, redirection and versions.
#include "behaviour-world.h"

namespace ibcm::test
{
namespace
{

using ibwire::CmAttribute;
using ibwire::RejReason;
using std::chrono::milliseconds;

TEST(Differing, ReqRetriesRunOut)
{
    for (const bool mra : {false, true})
    {
        InBoth(
            [&](World& w)
            {
                w.a = w.Connect();
                w.wire.DropAll();
                if (mra)
                {
                    w.InjectToA(ibwire::CmMra{.remoteCommId = w.IdA(), .serviceTimeout = 12},
                                w.sent.back().header.transactionId);
                    ASSERT_EQ(w.StateA(), State::kMraReqRcvd);
                }
                w.runtime.RunUntilIdle();
                EXPECT_EQ(w.StateA(), State::kIdle);
                EXPECT_EQ(w.hostA->consumer.Last().event.type, EventType::kReqError);
                EXPECT_EQ(w.Rejs(0, RejReason::kTimeout), w.strict ? 1U : 0U);
            });
    }
}

TEST(Differing, RepRetriesRunOut)
{
    for (const bool mra : {false, true})
    {
        InBoth(
            [&](World& w)
            {
                w.ReachB(State::kRepSent);
                w.DestroyA(w.a);
                w.wire.DropAll();
                if (mra)
                {
                    w.InjectToB(
                        ibwire::CmMra{.localCommId = w.LastSent<ibwire::CmRej>().localCommId,
                                      .remoteCommId = w.IdB(),
                                      .messageMraed = ibwire::MessageMraed::kRep,
                                      .serviceTimeout = 12});
                    ASSERT_EQ(w.StateB(), State::kMraRepRcvd);
                }
                w.runtime.RunUntilIdle();
                EXPECT_EQ(w.StateB(), State::kIdle);
                EXPECT_EQ(w.hostB->consumer.Last().event.type, EventType::kRepError);
                EXPECT_EQ(w.Rejs(1, RejReason::kTimeout), w.strict ? 1U : 0U);
            });
    }
}

TEST(Differing, AReqThatComesAgainAfterTheRep)
{
    for (const bool mra : {false, true})
    {
        InBoth(
            [&](World& w)
            {
                w.ListenB();
                w.a = w.Connect();
                const SentMad req = w.sent.back();
                w.Settle();
                w.b = w.Accepted();
                ASSERT_TRUE(w.hostB->cm.SendRep(w.b, w.Rep()));
                w.wire.DropAll();
                if (mra)
                {
                    w.InjectToB(ibwire::CmMra{.localCommId = w.IdA(),
                                              .remoteCommId = w.IdB(),
                                              .messageMraed = ibwire::MessageMraed::kRep,
                                              .serviceTimeout = 20});
                }
                w.sent.clear();
                w.InjectToB(req.message, req.header.transactionId);
                EXPECT_EQ(w.TakeSent(), w.strict ? "B>REP" : "");
                EXPECT_EQ(w.StateB(), mra ? State::kMraRepRcvd : State::kRepSent);
                EXPECT_EQ(w.hostB->cm.Counters().duplicates[KindOf(CmAttribute::kReq)], 1U);
            });
    }
}

TEST(Differing, LapRetriesRunOut)
{
    for (const LapState state : {LapState::kLapSent, LapState::kMraLapRcvd})
    {
        InBoth(
            [&](World& w)
            {
                w.Establish();
                w.ReachLap(state, true);
                w.hostB->end.SetDown(true);
                for (int i = 0; i < 2000 && w.runtime.ArmedTimers() != 0; ++i)
                {
                    w.runtime.Advance(std::chrono::seconds(1));
                    w.wire.DropAll();
                }
                EXPECT_EQ(w.hostA->consumer.TakeNames(), w.strict ? "LAP_ERROR" : "");
                EXPECT_EQ(w.hostA->cm.LapStateOf(w.a), w.strict ? LapState::kIdle : state);
                EXPECT_EQ(w.StateA(), State::kEstablished);
            });
    }
}

TEST(Differing, ARejOnceAnAlternatePathWasProposed)
{
    const std::pair<LapState, bool> places[] = {{LapState::kIdle, true},
                                                {LapState::kIdle, false},
                                                {LapState::kLapRcvd, false},
                                                {LapState::kMraLapSent, false},
                                                {LapState::kMraLapRcvd, true}};
    for (const auto& [state, active] : places)
    {
        for (const RejReason reason : {RejReason::kConsumer, RejReason::kStaleConnection})
        {
            SCOPED_TRACE(ToString(state));
            InBoth(
                [&, state = state, active = active](World& w)
                {
                    w.Establish();
                    w.ReachLap(state, active);
                    ibwire::CmRej rej;
                    rej.localCommId = active ? w.IdB() : w.IdA();
                    rej.remoteCommId = active ? w.IdA() : w.IdB();
                    rej.reason = reason;
                    active ? w.InjectToA(rej) : w.InjectToB(rej);
                    EXPECT_EQ(active ? w.StateA() : w.StateB(),
                              w.strict ? State::kTimewait : State::kEstablished);
                });
        }
    }
}

TEST(Differing, ClassPortInfo)
{
    InBoth(
        [](World& w)
        {
            ibwire::MadHeader header;
            header.mgmtClass = ibwire::MgmtClass::kCm;
            header.classVersion = 2;
            header.method = ibwire::MadMethod::kGet;
            header.attributeId = 1;
            ReceivedMad mad;
            ibwire::EncodeHeader(header, mad.bytes);
            mad.replyAddress.dlid = kLidA;
            w.hostB->port.Received(mad);
            ASSERT_EQ(w.answers.size(), 1U);
            EXPECT_EQ(ibwire::DecodeHeader(w.answers[0].bytes).status, w.strict ? 0 : 0x000c);
            EXPECT_EQ(Count(w.hostB->cm.Counters(), Discard::kMethod), w.strict ? 0U : 1U);
        });
}

TEST(Differing, AnotherClassVersion)
{
    InBoth(
        [](World& w)
        {
            for (const std::uint16_t attribute : {0x0010, 0x0017, 0x0001})
            {
                ibwire::MadHeader header;
                header.mgmtClass = ibwire::MgmtClass::kCm;
                header.classVersion = 1;
                header.method = attribute == 1 ? ibwire::MadMethod::kGet : ibwire::MadMethod::kSend;
                header.attributeId = attribute;
                ReceivedMad mad;
                ibwire::EncodeHeader(header, mad.bytes);
                mad.replyAddress.dlid = kLidA;
                w.hostB->port.Received(mad);
            }
            EXPECT_EQ(w.TakeSent(), w.strict ? "B>REJ B>SIDR_REP" : "");
            EXPECT_EQ(w.answers.size(), w.strict ? 1U : 0U);
            EXPECT_EQ(Count(w.hostB->cm.Counters(), Discard::kClassVersion), 3U);
        });
}

ibwire::ClassPortInfo Elsewhere()
{
    ibwire::ClassPortInfo target;
    target.redirectLid = kLidC;
    target.redirectPkey = 0xffff;
    target.redirectQpn = 1;
    target.redirectQkey = 0x80010000;
    return target;
}

TEST(Differing, FollowingARedirection)
{
    InBoth(
        [](World& w)
        {
            ListenParameters listen;
            listen.serviceId = kService;
            listen.redirect = Elsewhere();
            ASSERT_TRUE(w.hostB->cm.Listen(w.CreateB(), listen));
            w.a = w.Connect();
            w.Settle();
            EXPECT_EQ(w.TakeSent(), w.strict ? "A>REQ B>REJ A>REQ" : "A>REQ B>REJ");
            EXPECT_EQ(w.StateA(), w.strict ? State::kReqSent : State::kIdle);
            SidrReqParameters sidr;
            sidr.serviceId = kService;
            sidr.path = w.PathToB();
            ASSERT_TRUE(w.hostA->cm.SendSidrReq(w.CreateA(), sidr));
            w.Settle();
            EXPECT_EQ(w.TakeSent(),
                      w.strict ? "A>SIDR_REQ B>SIDR_REP A>SIDR_REQ" : "A>SIDR_REQ B>SIDR_REP");
        });
}

TEST(Differing, AManagerThatHasMoved)
{
    Options options;
    options.redirect = Elsewhere();
    InBoth(
        [](World& w)
        {
            w.ListenB();
            w.Connect();
            w.wire.Deliver();
            w.InjectToB(ibwire::CmSidrReq{.requestId = 5, .serviceId = kService});
            w.KeepIdsOfB();
            EXPECT_EQ(w.Rejs(1, RejReason::kPortAndCmRedirect), w.strict ? 1U : 0U);
            EXPECT_EQ(w.hostB->consumer.TakeNames(),
                      w.strict ? "" : "REQ_RECEIVED SIDR_REQ_RECEIVED");
            if (w.strict)
            {
                EXPECT_EQ(w.LastSent<ibwire::CmSidrRep>().status, ibwire::SidrStatus::kRedirect);
            }
        },
        options);
}

TEST(Differing, HowLongTimewaitIs)
{
    InBoth(
        [](World& w)
        {
            w.ReachA(State::kTimewait);
            // Lifetime 14, target ACK delay 15: 2 * 2^14 + 2^15; or 2^16, in milliseconds.
            const Duration expected = w.strict ? 4 * Duration{4096LL << 14} : milliseconds(256);
            w.runtime.Advance(expected - std::chrono::microseconds(1));
            EXPECT_EQ(w.StateA(), State::kTimewait);
            w.runtime.Advance(std::chrono::microseconds(1));
            EXPECT_EQ(w.StateA(), State::kIdle);
        });
}

TEST(Differing, HowLongTimewaitIsWithoutARep)
{
    for (const bool mra : {false, true})
    {
        InBoth(
            [&](World& w)
            {
                ReqParameters req = w.Req();
                req.primaryPath.packetLifeTime = 10;
                w.a = w.Connect(req);
                const std::uint64_t transaction = w.sent.back().header.transactionId;
                w.wire.DropAll();
                if (mra)
                {
                    w.InjectToA(ibwire::CmMra{.remoteCommId = w.IdA(), .serviceTimeout = 12},
                                transaction);
                }
                ibwire::CmRej rej;
                rej.remoteCommId = w.IdA();
                rej.reason = RejReason::kStaleConnection;
                w.InjectToA(rej, transaction);
                ASSERT_EQ(w.StateA(), State::kTimewait) << "in both: the peer holds this QP";
                EXPECT_EQ(w.hostA->consumer.Last().event.type, EventType::kRejReceived);
                // Lifetime 10, ACK delay of A's CA 10: 2 * 2^10 + 2^10; or 2^11, in milliseconds.
                const Duration expected = w.strict ? Duration{3 * (4096LL << 10)} : milliseconds(8);
                w.runtime.Advance(expected - std::chrono::microseconds(1));
                EXPECT_EQ(w.StateA(), State::kTimewait);
                w.runtime.Advance(std::chrono::microseconds(1));
                EXPECT_EQ(w.StateA(), State::kIdle);
                EXPECT_EQ(w.hostA->consumer.Last().event.type, EventType::kTimewaitExit);
            });
    }
}

TEST(Differing, HowTimesAreRounded)
{
    InBoth(
        [](World& w)
        {
            const auto wait = [&](const Report& report)
            { return report.ids.at(report.ids.size() - 1).outstanding->progress.untilNext; };
            w.ListenB();
            w.a = w.Connect();
            // Lifetime 14, the peer's time 18.
            EXPECT_EQ(wait(w.hostA->cm.Inspect()),
                      w.strict ? Duration{(2 * 4096LL << 14) + (4096LL << 18)}
                               : Duration{milliseconds(2 * 64 + 1024)});
            w.Settle();
            w.b = w.Accepted();
            MraParameters mra;
            mra.serviceTimeout = 20;
            ASSERT_TRUE(w.hostB->cm.SendMra(w.b, mra));
            w.Settle();
            // The MRA's 20 and the ACK timeout of A's CA: 16.
            EXPECT_EQ(wait(w.hostA->cm.Inspect()),
                      w.strict ? Duration{(4096LL << 20) + (4096LL << 15)}
                               : Duration{milliseconds(4096 + 128)});
            ASSERT_TRUE(w.hostB->cm.SendRep(w.b, w.Rep()));
            EXPECT_EQ(wait(w.hostB->cm.Inspect()),
                      w.strict ? Duration{4096LL << 19} : Duration{milliseconds(2048)});
        });
}

} // namespace
} // namespace ibcm::test
