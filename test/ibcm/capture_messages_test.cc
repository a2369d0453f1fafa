// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Replays of the messages that the captures of Linux in the checkout do not show: MRA, LAP, APR,
// ECE, SIDR in trouble, copies that overtake answers; and what only the strict core does.
#include "own-capture.h"

#include <gtest/gtest.h>

namespace ibcm::test
{

namespace
{

using std::chrono::milliseconds;
using std::chrono::seconds;

class CaptureMessages : public OwnCapture
{
  protected:
    /** B has a REQ of A's and has not answered it. */
    void Asked(const ReqParameters& req)
    {
        listener = ListenB();
        a = Connect(req);
        Pass(milliseconds(1));
        Settle();
        TakeAccepted();
    }

    void TakeAccepted()
    {
        b = Accepted();
        created.emplace_back(hostB.get(), b);
    }

    void Connected()
    {
        Asked(Req());
        ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
        Settle();
        ASSERT_TRUE(hostA->cm.SendRtu(a));
        Settle();
        Pass(milliseconds(1));
    }

    SidrReqParameters SidrReq() const
    {
        SidrReqParameters req;
        req.serviceId = kService;
        req.path = PathToB();
        req.timeout = milliseconds(700);
        req.maxCmRetries = 2;
        req.privateData = m_data;
        return req;
    }

    /** The latest id that a SIDR_REQ has made at B. */
    Handle Resolving()
    {
        const Handle id = hostB->consumer.Last().id;
        created.emplace_back(hostB.get(), id);
        return id;
    }

  private:
    std::vector<std::uint8_t> m_data = Bytes(20);
};

TEST_F(CaptureMessages, EceOfReqAndRep)
{
    ReqParameters req = Req();
    req.ece = {0x0002c9, 0x10203040};
    Asked(req);
    RepParameters rep = Rep();
    rep.ece = {0x123456, 0x50607080};
    ASSERT_TRUE(hostB->cm.SendRep(b, rep));
    Settle();
    std::vector<CapturedMad> mads = Captured();
    ExpectFaithful(mads);
    EXPECT_EQ(ibwire::DecodeHeader(mads.at(0).bytes).attributeModifier, 0x10203040U);
    EXPECT_EQ(ibwire::DecodeHeader(mads.at(1).bytes).attributeModifier, 0x50607080U);
}

TEST_F(CaptureMessages, MraAtOnceAndAgain)
{
    Asked(Req());
    ASSERT_TRUE(hostB->cm.SendMra(b, {18, false, Bytes(4)}));
    wire.DropAll();
    NextRepetition();
    Settle();
    ASSERT_TRUE(hostB->cm.SendRej(b, ibwire::RejReason::kConsumer, Bytes(2)));
    Settle();
    ASSERT_EQ(Names(), "A>REQ B>MRA A>REQ B>MRA B>REJ");
    ExpectFaithful(Captured());
}

TEST_F(CaptureMessages, MraOnlyWhenTheReqComesAgain)
{
    Asked(Req());
    ASSERT_TRUE(hostB->cm.SendMra(b, {18, true, {}}));
    NextRepetition();
    Settle();
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    Settle();
    ASSERT_TRUE(hostA->cm.SendMra(a, {18, true, {}}));
    NextRepetition();
    Settle();
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    Settle();
    ASSERT_EQ(Names(), "A>REQ A>REQ B>MRA B>REP B>REP A>MRA A>RTU");
    ExpectFaithful(Captured());
}

TEST_F(CaptureMessages, ARejThatNamesTheIdShowsThatMoreTimeWasAskedFor)
{
    Asked(Req());
    ASSERT_TRUE(hostB->cm.SendMra(b, {24, true, {}}));
    ASSERT_TRUE(hostB->cm.SendRej(b, ibwire::RejReason::kConsumer, Bytes(2)));
    Settle();
    ASSERT_EQ(Names(), "A>REQ B>REJ");
    ASSERT_NE(LastSent<ibwire::CmRej>().localCommId, 0U);
    ExpectFaithful(Captured());
}

TEST_F(CaptureMessages, LapMraAndApr)
{
    Connected();
    LapParameters lap;
    lap.alternatePath = PathToB();
    lap.alternatePath.dlid = kLidB + 1;
    lap.alternatePath.sl = 3;
    lap.remoteCmResponseTimeout = 17;
    const std::vector<std::uint8_t> data = Bytes(30);
    lap.privateData = data;
    ASSERT_TRUE(hostA->cm.SendLap(a, lap));
    wire.DropAll();
    NextRepetition();
    Settle();
    ASSERT_TRUE(hostB->cm.SendMra(b, {18, false, {}}));
    Settle();
    Pass(milliseconds(5));
    ASSERT_TRUE(hostB->cm.SendApr(b, {ibwire::AprStatus::kRejected, Bytes(3), Bytes(8)}));
    Settle();
    ASSERT_EQ(Names(), "A>REQ B>REP A>RTU A>LAP A>LAP B>MRA B>APR");
    ExpectFaithful(Captured());
}

TEST_F(CaptureMessages, SidrThatIsRefusedResolvedAndLost)
{
    ASSERT_TRUE(hostA->cm.SendSidrReq(CreateA(), SidrReq())); // nobody listens
    Settle();
    listener = ListenB();
    ASSERT_TRUE(hostA->cm.SendSidrReq(CreateA(), SidrReq()));
    wire.DropAll();
    NextRepetition();
    Settle();
    SidrRepParameters rep;
    rep.qpn = 0x1234;
    rep.qkey = 0x98765432;
    rep.ece = {0x0002c9, 5};
    ASSERT_TRUE(hostB->cm.SendSidrRep(Resolving(), rep));
    Settle();
    ASSERT_TRUE(hostA->cm.SendSidrReq(CreateA(), SidrReq())); // never answered
    for (int i = 0; i < 2; ++i)
    {
        wire.DropAll();
        NextRepetition();
    }
    wire.DropAll();
    Pass(seconds(5));
    ASSERT_TRUE(hostA->cm.SendSidrReq(CreateA(), SidrReq())); // refused by the consumer
    Settle();
    DestroyB(Resolving());
    created.pop_back();
    Settle();
    ASSERT_EQ(Names(),
              "A>SIDR_REQ B>SIDR_REP A>SIDR_REQ A>SIDR_REQ B>SIDR_REP "
              "A>SIDR_REQ A>SIDR_REQ A>SIDR_REQ A>SIDR_REQ B>SIDR_REP");
    std::vector<CapturedMad> mads = Captured();
    ExpectFaithful(mads);
    ibwire::MadHeader header = ibwire::DecodeHeader(mads.at(4).bytes);
    header.attributeModifier = 0;
    header.transactionId ^= 1;
    ibwire::EncodeHeader(header, mads.at(4).bytes);
    const std::string problem = Problems(mads, kLidB);
    EXPECT_TRUE(problem.starts_with("frame 5 (SIDR_REP): MAD: Transaction ID: expected "))
        << problem;
}

TEST_F(CaptureMessages, ACopyOfTheDreqIsOnItsWayWhileTheFirstIsAnswered)
{
    Connected();
    ASSERT_TRUE(hostB->cm.SendDreq(b));
    Settle();
    NextRepetition(); // captured, and still under way
    ASSERT_TRUE(hostA->cm.SendDrep(a, Bytes(6)));
    Settle();
    ASSERT_EQ(Names(), "A>REQ B>REP A>RTU B>DREQ B>DREQ A>DREP A>DREP");
    ExpectFaithful(Captured());
}

TEST_F(CaptureMessages, ACopyOfTheReqIsOnItsWayWhileTheFirstIsRefused)
{
    Asked(Req());
    NextRepetition(); // captured, and still under way
    ASSERT_TRUE(hostB->cm.SendRej(b, ibwire::RejReason::kConsumer, Bytes(2)));
    wire.Drop(1); // the REJ, so that A goes on waiting
    Settle();
    TakeAccepted();
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    Settle();
    ASSERT_EQ(Names(), "A>REQ A>REQ B>REJ B>REP");
    ExpectFaithful(Captured());
}

TEST_F(CaptureMessages, AnMraThatWasLostDoesNotSlowTheRepetitions)
{
    Asked(Req());
    ASSERT_TRUE(hostB->cm.SendMra(b, {22, false, {}}));
    wire.DropAll();
    NextRepetition();
    wire.DropAll();
    NextRepetition();
    wire.DropAll();
    Pass(milliseconds(20));
    ASSERT_TRUE(hostB->cm.SendRej(b, ibwire::RejReason::kConsumer));
    Settle();
    ASSERT_EQ(Names(), "A>REQ B>MRA A>REQ A>REQ B>REJ");
    ExpectFaithful(Captured());
}

TEST_F(CaptureMessages, WhatOnlyTheStrictCoreDoesIsSeen)
{
    Asked(Req());
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    wire.DropAll();
    NextRepetition(); // the REQ: Linux drops it, as the REP has a timer of its own
    Settle();
    NextRepetition();
    Settle();
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    Settle();
    ASSERT_EQ(Names(), "A>REQ B>REP A>REQ B>REP A>RTU");
    const std::vector<CapturedMad> mads = Captured();
    ExpectFaithful(mads);
    const std::string problem = Problems(mads, kLidB, Behaviour::kStrict);
    EXPECT_TRUE(problem.starts_with("frame 4 (REP): the core repeats it at ")) << problem;
}

} // namespace

} // namespace ibcm::test
