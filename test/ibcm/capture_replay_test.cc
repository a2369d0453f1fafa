// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The replay itself: what it must understand of a capture, and what it must not let pass. Two hosts
// talk over a bad wire; what they sent is the capture, taken where it was sent, before it was lost.
#include "own-capture.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ibcm::test
{

namespace
{

using std::chrono::milliseconds;
using std::chrono::seconds;

class CaptureReplay : public OwnCapture
{
  protected:
    /** B has a REQ of A's and has not answered it. */
    void Asked()
    {
        listener = ListenB();
        ReqParameters req = Req();
        req.primaryPath.packetLifeTime = lifeTime;
        a = Connect(req);
        Pass(milliseconds(1));
        Settle();
        b = Accepted();
        created.emplace_back(hostB.get(), b);
    }

    void Connected()
    {
        Asked();
        ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
        Pass(milliseconds(1));
        Settle();
        ASSERT_TRUE(hostA->cm.SendRtu(a, Bytes(5)));
        Pass(milliseconds(1));
        Settle();
    }

    std::uint8_t lifeTime{kLifeTime};
};

TEST_F(CaptureReplay, PlainConnection)
{
    Connected();
    ASSERT_TRUE(hostA->cm.SendDreq(a, Bytes(7)));
    Pass(milliseconds(1));
    Settle();
    ASSERT_TRUE(hostB->cm.SendDrep(b, Bytes(9)));
    ASSERT_EQ(Names(), "A>REQ B>REP A>RTU A>DREQ B>DREP");
    ExpectFaithful(Captured());
}

TEST_F(CaptureReplay, LostReqs)
{
    listener = ListenB();
    a = Connect();
    wire.DropAll();
    NextRepetition();
    wire.DropAll();
    NextRepetition();
    Settle();
    ASSERT_TRUE(hostB->cm.SendRep(Accepted(), Rep()));
    Settle();
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    ASSERT_EQ(Names(), "A>REQ A>REQ A>REQ B>REP A>RTU");
    ExpectFaithful(Captured());
}

TEST_F(CaptureReplay, ARepetitionThatTheHostDidNotMakeIsSeen)
{
    listener = ListenB();
    a = Connect();
    wire.DropAll();
    NextRepetition();
    wire.DropAll();
    NextRepetition();
    Settle();
    Pass(seconds(1));
    ASSERT_TRUE(hostB->cm.SendRej(Accepted(), ibwire::RejReason::kConsumer));
    std::vector<CapturedMad> mads = Captured();
    ASSERT_EQ(Problems(mads, kLidA), "");
    mads.erase(mads.begin() + 2);
    const std::string problem = Problems(mads, kLidA);
    EXPECT_TRUE(problem.starts_with("the core sends a REQ at ")) << problem;
}

TEST_F(CaptureReplay, LostRepAndLostRtu)
{
    Asked();
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    wire.DropAll();
    NextRepetition(); // A's, as its wait is shorter
    wire.DropAll();
    NextRepetition();
    Settle();
    ASSERT_TRUE(hostA->cm.SendRtu(a, Bytes(3)));
    wire.DropAll();
    NextRepetition();
    Settle();
    ASSERT_EQ(Names(), "A>REQ B>REP A>REQ B>REP A>RTU B>REP A>RTU");
    ExpectFaithful(Captured());
}

TEST_F(CaptureReplay, LostDreqAndLostDrep)
{
    lifeTime = 19; // so that TIMEWAIT is longer than the wait for the DREP
    Connected();
    ASSERT_TRUE(hostB->cm.SendDreq(b, Bytes(2)));
    wire.DropAll();
    NextRepetition();
    Settle();
    ASSERT_TRUE(hostA->cm.SendDrep(a, Bytes(4)));
    wire.DropAll();
    NextRepetition();
    Settle();
    ASSERT_EQ(Names(), "A>REQ B>REP A>RTU B>DREQ B>DREQ A>DREP B>DREQ A>DREP");
    ExpectFaithful(Captured());
}

TEST_F(CaptureReplay, ADestroyedIdAnswersADreqStatelessly)
{
    Connected();
    ASSERT_TRUE(hostB->cm.SendDreq(b, Bytes(2)));
    Settle();
    ASSERT_TRUE(hostA->cm.SendDrep(a));
    wire.DropAll();
    Pass(milliseconds(600)); // A's TIMEWAIT is over
    DestroyA(a);
    NextRepetition();
    Settle();
    ASSERT_EQ(Names(), "A>REQ B>REP A>RTU B>DREQ A>DREP B>DREQ A>DREP");
    ExpectFaithful(Captured());
}

TEST_F(CaptureReplay, DreqsThatCross)
{
    Connected();
    ASSERT_TRUE(hostA->cm.SendDreq(a));
    ASSERT_TRUE(hostB->cm.SendDreq(b));
    Settle();
    ASSERT_TRUE(hostA->cm.SendDrep(a));
    ASSERT_TRUE(hostB->cm.SendDrep(b));
    Settle();
    ExpectFaithful(Captured());
}

TEST_F(CaptureReplay, ADestroyedIdSendsItsDreqOnce)
{
    Connected();
    DestroyA(a);
    wire.DropAll();
    Pass(seconds(30));
    ASSERT_TRUE(hostB->cm.SendDreq(b));
    Settle();
    ASSERT_EQ(Names(), "A>REQ B>REP A>RTU A>DREQ B>DREQ A>DREP");
    ExpectFaithful(Captured());
}

TEST_F(CaptureReplay, RejectsOfAllKinds)
{
    a = Connect(); // nobody listens
    Settle();
    Asked(); // refused by the consumer
    ASSERT_TRUE(hostB->cm.SendRej(b, ibwire::RejReason::kConsumer, Bytes(3), Bytes(20)));
    DestroyB(b);
    Settle();
    a = Connect(); // given up
    Settle();
    Pass(milliseconds(1));
    DestroyA(a);
    Settle();
    a = Connect(); // the reply is refused
    Settle();
    ASSERT_TRUE(hostB->cm.SendRep(Accepted(), Rep()));
    Settle();
    ASSERT_TRUE(hostA->cm.SendRej(a, ibwire::RejReason::kConsumer));
    Settle();
    ASSERT_EQ(Names(), "A>REQ B>REJ A>REQ B>REJ A>REQ A>REJ A>REQ B>REP A>REJ");
    ExpectFaithful(Captured());
}

TEST_F(CaptureReplay, ARejectThatIsLost)
{
    a = Connect();
    Settle();
    wire.DropAll();
    ForgetRecords();
    a = Connect();
    wire.Deliver(); // to nobody who listens
    runtime.RunReady();
    wire.DropAll(); // the REJ
    NextRepetition();
    wire.DropAll(); // the REQ
    NextRepetition();
    Settle();
    ASSERT_EQ(Names(), "A>REQ B>REJ A>REQ A>REQ B>REJ");
    ExpectFaithful(Captured());
}

TEST_F(CaptureReplay, WhatBeganBeforeTheCaptureIsCountedAndNotCompared)
{
    Connected();
    ASSERT_TRUE(hostA->cm.SendDreq(a));
    Settle();
    ASSERT_TRUE(hostB->cm.SendDrep(b));
    Settle();
    std::vector<CapturedMad> mads = Captured();
    mads.erase(mads.begin()); // the REQ
    const ReplayReport active = Replay(MakePlan(mads, 0));
    EXPECT_EQ(active.unknown, 2U) << ToString(active);
    EXPECT_EQ(active.compared, 0U);
    EXPECT_TRUE(active.problems.empty()) << ToString(active);
    const ReplayReport passive = Replay(MakePlan(mads, 1));
    EXPECT_EQ(passive.unknown, 1U) << ToString(passive);
    EXPECT_EQ(passive.compared, 1U) << "whoever asks is told that there is no connection";
    EXPECT_TRUE(passive.problems.empty()) << ToString(passive);
}

TEST_F(CaptureReplay, ManyConnectionsAtOnce)
{
    listener = ListenB();
    std::vector<Handle> ids;
    for (std::uint32_t i = 0; i < 20; ++i)
    {
        ReqParameters req = Req();
        req.localQpn += i;
        ids.push_back(Connect(req));
        Pass(milliseconds(1));
    }
    Settle();
    for (std::uint32_t i = 0; i < 20; ++i)
    {
        RepParameters rep = Rep();
        rep.localQpn += i;
        ASSERT_TRUE(hostB->cm.SendRep(hostB->consumer.accepted.at(i), rep));
        Pass(milliseconds(1));
    }
    Settle();
    for (std::size_t i = 20; i-- > 0;)
    {
        ASSERT_TRUE(hostA->cm.SendRtu(ids[i]));
    }
    Settle();
    ExpectFaithful(Captured());
}

/** A change of a capture, which the core that stands for a host cannot make. */
struct Forgery
{
    const char* name;
    std::uint16_t lid; ///< of the host that is replaced
    std::function<void(std::vector<CapturedMad>&)> change;
    const char* problem; ///< how the first problem begins
};

void PrintTo(const Forgery& forgery, std::ostream* out)
{
    *out << forgery.name;
}

/** Changes the message of a MAD. */
template <class M, class F>
void Change(CapturedMad& mad, F&& change)
{
    auto message = std::get<M>(ibwire::DecodeCm(mad.bytes).value());
    change(message);
    mad.bytes = ibwire::EncodeCm(ibwire::DecodeHeader(mad.bytes), message).value();
}

template <class F>
void ChangeHeader(CapturedMad& mad, F&& change)
{
    ibwire::MadHeader header = ibwire::DecodeHeader(mad.bytes);
    change(header);
    ibwire::EncodeHeader(header, mad.bytes);
}

// The capture: REQ, REP, RTU, DREQ, DREQ, DREP, then a REQ for no service and its REJ.
using Mads = std::vector<CapturedMad>;
const Forgery kForgeries[] = {
    {"RepOfAnotherTransaction",
     kLidB,
     [](Mads& mads) { ChangeHeader(mads[1], [](auto& h) { h.transactionId ^= 1; }); },
     "frame 2 (REP): MAD: Transaction ID: expected"},
    {"RepWithAModifier",
     kLidB,
     [](Mads& mads) { ChangeHeader(mads[1], [](auto& h) { h.status = 1; }); },
     "frame 2 (REP): MAD: Status: expected 0x0001, is 0x0000"},
    {"RtuFromAnotherId",
     kLidA,
     [](Mads& mads) { Change<ibwire::CmRtu>(mads[2], [](auto& m) { m.localCommId ^= 1; }); },
     "frame 4 (DREQ): the core does not send it: the call was refused: invalid state"},
    {"DreqForAnotherQp",
     kLidA,
     [](Mads& mads)
     {
         Change<ibwire::CmDreq>(mads[3], [](auto& m) { m.remoteQpn ^= 1; });
         mads[4].bytes = mads[3].bytes;
     },
     "frame 4 (DREQ): DREQ: Remote QPN/EECN: expected 0x000203, is 0x000202"},
    {"DreqRepeatedTooOften",
     kLidA,
     [](Mads& mads)
     {
         mads.insert(mads.begin() + 5, mads[4]);
         mads[5].time += milliseconds(1);
     },
     "frame 5 (DREQ): the core does not send it"},
    {"DrepToTheWrongHost",
     kLidB,
     [](Mads& mads) { mads[5].sl = 7; },
     "frame 6 (DREP): SL: expected 0x00000007, is 0x00000000"},
    {"RejOfTheWrongMessage",
     kLidB,
     [](Mads& mads)
     {
         Change<ibwire::CmRej>(
             mads[7], [](auto& m) { m.messageRejected = ibwire::MessageRejected::kOther; });
     },
     "frame 8 (REJ): REJ: Message rejected: expected"},
    {"ReqWithReservedBits",
     kLidA,
     [](Mads& mads) { mads[0].bytes[24 + 4] = 1; },
     "frame 1 (REQ): byte 28 (reserved bits): expected 0x01, is 0x00"},
    {"ReqWithAnEecn",
     kLidA,
     [](Mads& mads) { Change<ibwire::CmReq>(mads[0], [](auto& m) { m.localEecn = 5; }); },
     "frame 1 (REQ): REQ: Local EECN: expected 0x000005, is 0x000000"},
    {"RtuWithAnotherPkey",
     kLidA,
     [](Mads& mads) { mads[2].pkey = 0x8001; },
     "frame 3 (RTU): P_Key: expected 0x00008001, is 0x0000ffff"},
    {"RepToARedirectedQp",
     kLidB,
     [](Mads& mads) { mads[1].destinationQpn = 9; },
     "frame 2 (REP): to QPN: expected 0x00000009, is 0x00000001"},
    {"RtuBeforeTheRep",
     kLidA,
     [](Mads& mads)
     {
         std::swap(mads[1], mads[2]);
         std::swap(mads[1].time, mads[2].time);
     },
     "frame 3 (RTU): the core does not send it"},
};

class CaptureForgery : public CaptureReplay, public ::testing::WithParamInterface<Forgery>
{
};

TEST_P(CaptureForgery, IsSeen)
{
    Connected();
    ASSERT_TRUE(hostA->cm.SendDreq(a));
    wire.DropAll();
    NextRepetition();
    Settle();
    Pass(seconds(1));
    ASSERT_TRUE(hostB->cm.SendDrep(b));
    Settle();
    Pass(milliseconds(1));
    ReqParameters req = Req();
    ++req.localQpn;
    ++req.serviceId;
    (void)Connect(req);
    Settle();
    ASSERT_EQ(Names(), "A>REQ B>REP A>RTU A>DREQ A>DREQ B>DREP A>REQ B>REJ");
    std::vector<CapturedMad> mads = Captured();
    ASSERT_EQ(Problems(mads, GetParam().lid), "") << "before the change";
    GetParam().change(mads);
    const std::string problem = Problems(mads, GetParam().lid);
    EXPECT_NE(problem, "");
    EXPECT_TRUE(problem.starts_with(GetParam().problem)) << problem;
}

INSTANTIATE_TEST_SUITE_P(All,
                         CaptureForgery,
                         ::testing::ValuesIn(kForgeries),
                         [](const auto& info) { return std::string(info.param.name); });

} // namespace

} // namespace ibcm::test
