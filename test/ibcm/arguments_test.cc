// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Bad arguments and calls in the wrong state: which error, and that nothing has changed.
#include "pair.h"

#include <functional>
#include <string>

namespace ibcm::test
{
namespace
{

class Refusing : public Pair
{
};

TEST_F(Refusing, ReqsWithBadParameters)
{
    struct Case
    {
        const char* what;
        CmError error;
        std::function<void(ReqParameters&)> spoil;
    };

    const auto tooLong = Bytes(93);
    const Case cases[] = {
        {"QPN 0", CmError::kInvalidArgument, [](auto& p) { p.localQpn = 0; }},
        {"QPN wide", CmError::kInvalidArgument, [](auto& p) { p.localQpn = 1U << 24; }},
        {"PSN wide", CmError::kInvalidArgument, [](auto& p) { p.startingPsn = 1U << 24; }},
        {"XRC target", CmError::kInvalidArgument, [](auto& p) { p.qpType = QpType::kXrcTarget; }},
        {"no DGID", CmError::kInvalidArgument, [](auto& p) { p.primaryPath.dgid = {}; }},
        {"MTU 0", CmError::kInvalidArgument, [](auto& p) { p.primaryPath.mtu = 0; }},
        {"MTU 6", CmError::kInvalidArgument, [](auto& p) { p.primaryPath.mtu = 6; }},
        {"SL wide", CmError::kInvalidArgument, [](auto& p) { p.primaryPath.sl = 16; }},
        {"rate wide", CmError::kInvalidArgument, [](auto& p) { p.primaryPath.rate = 64; }},
        {"lifetime", CmError::kInvalidArgument, [](auto& p) { p.primaryPath.packetLifeTime = 32; }},
        {"flow label",
         CmError::kInvalidArgument,
         [](auto& p) { p.primaryPath.flowLabel = 1U << 20; }},
        {"remote time", CmError::kInvalidArgument, [](auto& p) { p.remoteCmResponseTimeout = 32; }},
        {"local time", CmError::kInvalidArgument, [](auto& p) { p.localCmResponseTimeout = 32; }},
        {"CM retries", CmError::kInvalidArgument, [](auto& p) { p.maxCmRetries = 16; }},
        {"retries", CmError::kInvalidArgument, [](auto& p) { p.retryCount = 8; }},
        {"RNR retries", CmError::kInvalidArgument, [](auto& p) { p.rnrRetryCount = 8; }},
        {"alternate P_Key",
         CmError::kInvalidArgument,
         [](auto& p)
         {
             p.alternatePath = p.primaryPath;
             p.alternatePath->pkey = 0x8001;
         }},
        {"alternate MTU",
         CmError::kInvalidArgument,
         [](auto& p)
         {
             p.alternatePath = p.primaryPath;
             p.alternatePath->mtu = 1;
         }},
        {"alternate lifetime",
         CmError::kInvalidArgument,
         [](auto& p)
         {
             p.alternatePath = p.primaryPath;
             p.alternatePath->packetLifeTime = 99;
         }},
        {"private data", CmError::kPrivateDataLength, [&](auto& p) { p.privateData = tooLong; }},
        {"SGID", CmError::kNoPort, [](auto& p) { p.primaryPath.sgid.raw[15] ^= 0xff; }},
        {"P_Key", CmError::kNoPkey, [](auto& p) { p.primaryPath.pkey = 0x1234; }},
    };
    a = CreateA();
    for (const Case& one : cases)
    {
        SCOPED_TRACE(one.what);
        ReqParameters parameters = Req();
        one.spoil(parameters);
        EXPECT_EQ(hostA->cm.SendReq(a, parameters), tl::unexpected(one.error));
        EXPECT_EQ(StateA(), State::kIdle);
        EXPECT_EQ(hostA->port.Outstanding(), 0U);
    }
    EXPECT_EQ(TakeSent(), "");
    EXPECT_TRUE(hostA->cm.SendReq(a, Req())) << "a refused call must not spoil the id";
}

TEST_F(Refusing, RepsWithBadParameters)
{
    struct Case
    {
        const char* what;
        CmError error;
        std::function<void(RepParameters&)> spoil;
    };

    const auto tooLong = Bytes(197);
    const Case cases[] = {
        {"QPN 0", CmError::kInvalidArgument, [](auto& p) { p.localQpn = 0; }},
        {"QPN wide", CmError::kInvalidArgument, [](auto& p) { p.localQpn = 1U << 24; }},
        {"PSN wide", CmError::kInvalidArgument, [](auto& p) { p.startingPsn = 1U << 24; }},
        {"ACK delay", CmError::kInvalidArgument, [](auto& p) { p.targetAckDelay = 32; }},
        {"failover", CmError::kInvalidArgument, [](auto& p) { p.failoverAccepted = 4; }},
        {"RNR retries", CmError::kInvalidArgument, [](auto& p) { p.rnrRetryCount = 8; }},
        {"private data", CmError::kPrivateDataLength, [&](auto& p) { p.privateData = tooLong; }},
    };
    ReachB(State::kReqRcvd);
    for (const Case& one : cases)
    {
        SCOPED_TRACE(one.what);
        RepParameters parameters = Rep();
        one.spoil(parameters);
        EXPECT_EQ(hostB->cm.SendRep(b, parameters), tl::unexpected(one.error));
        EXPECT_EQ(StateB(), State::kReqRcvd);
        EXPECT_EQ(hostB->port.Outstanding(), 0U);
    }
    EXPECT_EQ(TakeSent(), "");
    EXPECT_TRUE(hostB->cm.SendRep(b, Rep()));
}

TEST_F(Refusing, PrivateDataOneByteTooLongChangesNothing)
{
    ReachA(State::kRepRcvd);
    EXPECT_EQ(hostA->cm.SendRtu(a, Bytes(225)), tl::unexpected(CmError::kPrivateDataLength));
    EXPECT_EQ(hostA->cm.SendRej(a, ibwire::RejReason::kConsumer, {}, Bytes(149)),
              tl::unexpected(CmError::kPrivateDataLength));
    EXPECT_EQ(hostA->cm.SendRej(a, ibwire::RejReason::kConsumer, Bytes(73)),
              tl::unexpected(CmError::kPrivateDataLength));
    EXPECT_EQ(StateA(), State::kRepRcvd);
    ASSERT_TRUE(hostA->cm.SendRtu(a, Bytes(224)));
    EXPECT_EQ(hostA->cm.SendDreq(a, Bytes(221)), tl::unexpected(CmError::kPrivateDataLength));
    EXPECT_EQ(StateA(), State::kEstablished);
    Settle();
    ASSERT_TRUE(hostA->cm.SendDreq(a, Bytes(220)));
    Settle();
    EXPECT_EQ(hostB->cm.SendDrep(b, Bytes(225)), tl::unexpected(CmError::kPrivateDataLength));
    EXPECT_EQ(StateB(), State::kDreqRcvd);
    EXPECT_TRUE(hostB->cm.SendDrep(b, Bytes(224)));
}

class RefusingIn : public Pair, public ::testing::WithParamInterface<State>
{
  protected:
    /** Makes every call that the table has no row for; the state may not change. */
    void CheckCalls(ConnectionManager& cm, Handle id, State state)
    {
        struct Named
        {
            Input input;
            std::function<Status()> call;
        };

        const Named calls[] = {
            {Input::kCallListen,
             [&]() -> Status
             {
                 const auto done = cm.Listen(id, kService + 7);
                 return done ? Status() : tl::unexpected(done.error());
             }},
            {Input::kCallSendReq,
             [&]
             {
                 ReqParameters parameters = Req();
                 parameters.primaryPath.sgid = &cm == &hostA->cm ? hostA->gid : hostB->gid;
                 return cm.SendReq(id, parameters);
             }},
            {Input::kCallSendRep, [&] { return cm.SendRep(id, Rep()); }},
            {Input::kCallSendRtu, [&] { return cm.SendRtu(id); }},
            {Input::kCallSendRej, [&] { return cm.SendRej(id, ibwire::RejReason::kConsumer); }},
            {Input::kCallSendDreq, [&] { return cm.SendDreq(id); }},
            {Input::kCallSendDrep, [&] { return cm.SendDrep(id); }},
            {Input::kCallNotifyEstablished, [&] { return cm.NotifyEstablished(id); }},
        };
        const std::size_t outstanding = hostA->port.Outstanding() + hostB->port.Outstanding();
        for (const Named& one : calls)
        {
            if (FindTransition(state, one.input, Behaviour::kStrict) != nullptr)
            {
                continue;
            }
            SCOPED_TRACE(std::string(ToString(one.input)) + " in " + ToString(state));
            const bool connected =
                one.input == Input::kCallNotifyEstablished && state == State::kEstablished;
            EXPECT_EQ(
                one.call(),
                tl::unexpected(connected ? CmError::kAlreadyConnected : CmError::kInvalidState));
            EXPECT_EQ(cm.StateOf(id), state);
        }
        EXPECT_EQ(TakeSent(), "");
        EXPECT_EQ(hostA->port.Outstanding() + hostB->port.Outstanding(), outstanding);
        EXPECT_EQ(runtime.ReadyItems(), 0U);
    }
};

class RefusingActive : public RefusingIn
{
};

TEST_P(RefusingActive, CallsThatTheStateDoesNotKnow)
{
    ReachA(GetParam());
    CheckCalls(hostA->cm, a, GetParam());
}

INSTANTIATE_TEST_SUITE_P(EachState,
                         RefusingActive,
                         ::testing::Values(State::kIdle,
                                           State::kListen,
                                           State::kReqSent,
                                           State::kRepRcvd,
                                           State::kEstablished,
                                           State::kDreqSent,
                                           State::kDreqRcvd,
                                           State::kTimewait),
                         [](const auto& info) { return std::string(ToString(info.param)); });

class RefusingPassive : public RefusingIn
{
};

TEST_P(RefusingPassive, CallsThatTheStateDoesNotKnow)
{
    ReachB(GetParam());
    CheckCalls(hostB->cm, b, GetParam());
}

INSTANTIATE_TEST_SUITE_P(EachState,
                         RefusingPassive,
                         ::testing::Values(State::kReqRcvd,
                                           State::kRepSent,
                                           State::kEstablished,
                                           State::kDreqSent,
                                           State::kDreqRcvd,
                                           State::kTimewait),
                         [](const auto& info) { return std::string(ToString(info.param)); });

TEST_F(Refusing, ASecondListenerForTheSameService)
{
    const Handle first = ListenB();
    const Handle second = CreateB();
    EXPECT_EQ(hostB->cm.Listen(second, kService), tl::unexpected(CmError::kAddressInUse));
    EXPECT_EQ(hostB->cm.StateOf(second), State::kIdle);
    EXPECT_TRUE(hostB->cm.Listen(second, kService + 1));
    DestroyB(first);
    const Handle third = CreateB();
    EXPECT_TRUE(hostB->cm.Listen(third, kService));
}

TEST_F(Refusing, PortsThatCannotBeAdded)
{
    EXPECT_EQ(hostA->cm.AddPort(0, hostA->port), tl::unexpected(CmError::kInvalidArgument));
    EXPECT_EQ(hostA->cm.AddPort(1, hostA->port), tl::unexpected(CmError::kInvalidArgument));
}

TEST_F(Refusing, AReqThatCannotBeSentLeavesTheIdAsItWas)
{
    a = CreateA();
    hostA->end.SetDown(true);
    EXPECT_EQ(hostA->cm.SendReq(a, Req()), tl::unexpected(CmError::kSendFailed));
    EXPECT_EQ(StateA(), State::kIdle);
    hostA->end.SetDown(false);
    EXPECT_TRUE(hostA->cm.SendReq(a, Req()));
}

TEST_F(Refusing, ARepOrRtuThatCannotBeSentLeavesTheIdAsItWas)
{
    ReachB(State::kReqRcvd);
    hostB->end.SetDown(true);
    EXPECT_EQ(hostB->cm.SendRep(b, Rep()), tl::unexpected(CmError::kSendFailed));
    EXPECT_EQ(StateB(), State::kReqRcvd);
    hostB->end.SetDown(false);
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    Settle();
    hostA->end.SetDown(true);
    EXPECT_EQ(hostA->cm.SendRtu(a), tl::unexpected(CmError::kSendFailed));
    EXPECT_EQ(StateA(), State::kRepRcvd);
    hostA->end.SetDown(false);
    EXPECT_TRUE(hostA->cm.SendRtu(a));
}

TEST_F(Refusing, ADreqDrepOrRejThatCannotBeSentEndsTheConnectionAllTheSame)
{
    Establish();
    hostA->end.SetDown(true);
    EXPECT_EQ(hostA->cm.SendDreq(a), tl::unexpected(CmError::kSendFailed));
    EXPECT_EQ(StateA(), State::kTimewait);
    EXPECT_EQ(hostA->consumer.TakeNames(), "") << "the caller knows already";
    hostA->end.SetDown(false);

    ReqParameters parameters = Req();
    parameters.localQpn = kQpnA + 9;
    Connect(parameters);
    Settle();
    const Handle second = Accepted();
    hostB->end.SetDown(true);
    EXPECT_EQ(hostB->cm.SendRej(second, ibwire::RejReason::kConsumer),
              tl::unexpected(CmError::kSendFailed));
    EXPECT_EQ(hostB->cm.StateOf(second), State::kIdle);
}

TEST_F(Refusing, ADrepThatCannotBeSentIsSentForTheNextDreq)
{
    ReachB(State::kDreqRcvd);
    hostB->end.SetDown(true);
    const auto data = Bytes(3);
    EXPECT_EQ(hostB->cm.SendDrep(b, data), tl::unexpected(CmError::kSendFailed));
    EXPECT_EQ(StateB(), State::kTimewait);
    hostB->end.SetDown(false);
    ibwire::CmDreq again;
    again.localCommId = hostA->cm.CommIdOf(a).value();
    again.remoteCommId = hostB->cm.CommIdOf(b).value();
    again.remoteQpn = kQpnB;
    InjectToB(again);
    EXPECT_TRUE(Holds(LastSent<ibwire::CmDrep>().privateData, data));
}

TEST_F(Refusing, ErrorsHaveNames)
{
    EXPECT_STREQ(ToString(CmError::kInvalidHandle), "invalid handle");
    EXPECT_STREQ(ToString(CmError::kWouldDeadlock), "would deadlock");
}

} // namespace
} // namespace ibcm::test
