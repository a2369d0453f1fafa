// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// MRA in each of its three places: what it says, what it does to the waits of the other side, and
// when it is sent again.
#include "two_ports.h"

namespace ibcm::test
{
namespace
{

constexpr std::uint8_t kServiceTimeout = 20;
constexpr Duration kReqWait = 2 * Exponent(kLifeTime) + Exponent(kResponseTimeout);
constexpr Duration kRepWait = Exponent(kResponseTimeout + 1);
/** A has 2 * lifetime; B has that from the REQ, whose sender's delay (10) adds nothing to it. */
constexpr Duration kMraWait = Exponent(kServiceTimeout) + Exponent(kLifeTime + 1);
/** Once A knows B's delay (15) it is one exponent more. */
constexpr Duration kLapMraWait = Exponent(kServiceTimeout) + Exponent(kLifeTime + 2);

const MraParameters kMra{kServiceTimeout, false, {}};
const MraParameters kMraLater{kServiceTimeout, true, {}};

class Mra : public TwoPorts
{
  protected:
    using TwoPorts::TwoPorts;

    /** Nothing is sent for @p wait, and then this; it is lost. */
    void ExpectNext(Duration wait, const char* what)
    {
        TakeSent();
        runtime.Advance(wait - Duration{1});
        EXPECT_EQ(TakeSent(), "") << "before " << what;
        runtime.Advance(Duration{1});
        EXPECT_EQ(TakeSent(), what);
        wire.DropAll();
    }

    void ReachLapRcvd()
    {
        Establish();
        ASSERT_TRUE(hostA->cm.SendLap(a, Lap()));
        Settle();
        ASSERT_EQ(LapB(), LapState::kLapRcvd);
    }

    std::uint32_t IdA() const
    {
        return hostA->cm.CommIdOf(a).value();
    }

    std::uint32_t IdB() const
    {
        return hostB->cm.CommIdOf(b).value();
    }
};

TEST_F(Mra, OfAReqSaysWhatItIs)
{
    ListenB();
    a = Connect();
    const SentMad req = sent.back();
    Settle();
    b = Accepted();
    const auto data = Bytes(222);
    ASSERT_TRUE(hostB->cm.SendMra(b, {31, false, data}));
    EXPECT_EQ(StateB(), State::kMraReqSent);
    const auto& mra = LastSent<ibwire::CmMra>();
    EXPECT_EQ(mra.localCommId, IdB());
    EXPECT_EQ(mra.remoteCommId, IdA());
    EXPECT_EQ(mra.messageMraed, ibwire::MessageMraed::kReq);
    EXPECT_EQ(mra.serviceTimeout, 31);
    EXPECT_TRUE(Holds(mra.privateData, data));
    EXPECT_EQ(sent.back().header.transactionId, req.header.transactionId);
    EXPECT_EQ(sent.back().header.attributeModifier, 0U);
    Settle();
    EXPECT_EQ(StateA(), State::kMraReqRcvd);
    const Event& event = hostA->consumer.Last().event;
    EXPECT_EQ(event.type, EventType::kMraReceived);
    EXPECT_EQ(std::get<MraReceived>(event.parameters).message, ibwire::MessageMraed::kReq);
    EXPECT_EQ(std::get<MraReceived>(event.parameters).serviceTimeout, 31);
    EXPECT_TRUE(Holds(event.privateData.Bytes(), data));
}

TEST_F(Mra, OfAReqSetsThisAndAllLaterWaitsAndLeavesTheRetriesAlone)
{
    listener = ListenB();
    a = Connect();
    wire.DropAll();
    ExpectNext(kReqWait, "A>REQ"); // the first of three retries, and lost as well
    runtime.Advance(kReqWait);     // the second
    Settle();
    b = Accepted();
    ASSERT_TRUE(hostB->cm.SendMra(b, kMra));
    runtime.Advance(kReqWait / 2); // on its way
    Settle();
    ASSERT_EQ(StateA(), State::kMraReqRcvd);
    ExpectNext(kMraWait, "A>REQ"); // the third
    EXPECT_EQ(hostA->consumer.TakeNames(), "MRA_RECEIVED");
    ExpectNext(kMraWait, "A>REJ");
    EXPECT_EQ(hostA->consumer.TakeNames(), "REQ_ERROR");
    EXPECT_EQ(StateA(), State::kIdle);
}

TEST_F(Mra, OfARepSetsTheWaitsOfThePassiveSide)
{
    ReachA(State::kRepRcvd);
    const auto data = Bytes(7);
    ASSERT_TRUE(hostA->cm.SendMra(a, {kServiceTimeout, false, data}));
    const auto& mra = LastSent<ibwire::CmMra>();
    EXPECT_EQ(mra.messageMraed, ibwire::MessageMraed::kRep);
    EXPECT_EQ(mra.localCommId, IdA());
    EXPECT_EQ(mra.remoteCommId, IdB());
    EXPECT_EQ(StateA(), State::kMraRepSent);
    runtime.Advance(kRepWait / 3);
    Settle();
    EXPECT_EQ(StateB(), State::kMraRepRcvd);
    EXPECT_TRUE(Holds(hostB->consumer.Last().event.privateData.Bytes(), data));
    EXPECT_EQ(hostB->consumer.TakeNames(), "MRA_RECEIVED");
    for (unsigned i = 0; i < kRetries; ++i)
    {
        ExpectNext(kMraWait, "B>REP");
    }
    ExpectNext(kMraWait, "B>REJ");
    EXPECT_EQ(hostB->consumer.TakeNames(), "REP_ERROR");
}

TEST_F(Mra, OfALapSetsTheWaitsOfItsSender)
{
    ReachLapRcvd();
    const std::uint64_t lapId = sent.back().header.transactionId;
    ASSERT_TRUE(hostB->cm.SendMra(b, kMra));
    EXPECT_EQ(LastSent<ibwire::CmMra>().messageMraed, ibwire::MessageMraed::kLap);
    EXPECT_EQ(sent.back().header.transactionId, lapId);
    EXPECT_EQ(LapB(), LapState::kMraLapSent);
    Settle();
    EXPECT_EQ(LapA(), LapState::kMraLapRcvd);
    EXPECT_EQ(hostA->consumer.TakeNames(), "MRA_RECEIVED");
    for (unsigned i = 0; i < kRetries; ++i)
    {
        ExpectNext(kLapMraWait, "A>LAP");
    }
    TakeSent();
    runtime.Advance(kLapMraWait);
    EXPECT_EQ(hostA->consumer.TakeNames(), "LAP_ERROR");
    EXPECT_EQ(StateA(), State::kEstablished);
}

TEST_F(Mra, IsSentAgainForEachReqThatComesAgain)
{
    ReachB(State::kReqRcvd);
    const auto data = Bytes(33);
    ASSERT_TRUE(hostB->cm.SendMra(b, {kServiceTimeout, false, data}));
    const ibwire::MadBytes first = sent.back().bytes;
    wire.DropAll();
    runtime.Advance(kReqWait);
    Settle();
    EXPECT_EQ(sent.back().bytes, first);
    EXPECT_EQ(TakeSent(), "B>MRA A>REQ B>MRA");
    EXPECT_EQ(StateA(), State::kMraReqRcvd);
    EXPECT_EQ(hostB->consumer.TakeNames(), "") << "the REQ was told before";
    EXPECT_EQ(CountOf(hostB->cm.Counters().retried, ibwire::CmAttribute::kMra), 1U);
    EXPECT_EQ(CountOf(hostB->cm.Counters().duplicates, ibwire::CmAttribute::kReq), 1U);
}

TEST_F(Mra, IsSentAgainForEachRepThatComesAgain)
{
    ReachA(State::kRepRcvd);
    ASSERT_TRUE(hostA->cm.SendMra(a, kMra));
    const ibwire::MadBytes first = sent.back().bytes;
    wire.DropAll();
    runtime.Advance(kRepWait);
    Settle();
    EXPECT_EQ(sent.back().bytes, first);
    EXPECT_EQ(TakeSent(), "A>MRA B>REP A>MRA");
    EXPECT_EQ(StateB(), State::kMraRepRcvd);
    EXPECT_EQ(hostA->consumer.TakeNames(), "");
}

TEST_F(Mra, IsSentAgainForEachLapThatComesAgain)
{
    ReachLapRcvd();
    ASSERT_TRUE(hostB->cm.SendMra(b, kMra));
    const ibwire::MadBytes first = sent.back().bytes;
    hostB->consumer.TakeNames();
    wire.DropAll();
    TakeSent();
    runtime.Advance(kReqWait);
    Settle();
    EXPECT_EQ(sent.back().bytes, first);
    EXPECT_EQ(TakeSent(), "A>LAP B>MRA");
    EXPECT_EQ(LapA(), LapState::kMraLapRcvd);
    EXPECT_EQ(hostB->consumer.TakeNames(), "");
}

TEST_F(Mra, OnDuplicateOnlyWaitsForTheRepetition)
{
    ReachB(State::kReqRcvd);
    const auto data = Bytes(222);
    ASSERT_TRUE(hostB->cm.SendMra(b, {kServiceTimeout, true, data}));
    EXPECT_EQ(StateB(), State::kMraReqSent);
    EXPECT_EQ(TakeSent(), "");
    runtime.Advance(kReqWait);
    Settle();
    EXPECT_TRUE(Holds(LastSent<ibwire::CmMra>().privateData, data));
    EXPECT_EQ(LastSent<ibwire::CmMra>().serviceTimeout, kServiceTimeout);
    EXPECT_EQ(TakeSent(), "A>REQ B>MRA");
    EXPECT_EQ(StateA(), State::kMraReqRcvd);

    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    Settle();
    ASSERT_EQ(StateA(), State::kRepRcvd);
    ASSERT_TRUE(hostA->cm.SendMra(a, kMraLater));
    TakeSent();
    runtime.Advance(kRepWait);
    Settle();
    EXPECT_TRUE(Holds(LastSent<ibwire::CmMra>().privateData, {}));
    EXPECT_EQ(TakeSent(), "B>REP A>MRA");
}

TEST_F(Mra, OnDuplicateOnlyOfALap)
{
    ReachLapRcvd();
    ASSERT_TRUE(hostB->cm.SendMra(b, kMraLater));
    EXPECT_EQ(LapB(), LapState::kMraLapSent);
    TakeSent();
    runtime.Advance(kReqWait);
    Settle();
    EXPECT_EQ(TakeSent(), "A>LAP B>MRA");
}

TEST_F(Mra, DoesNotKeepTheAnswerFromComing)
{
    ReachB(State::kReqRcvd);
    ASSERT_TRUE(hostB->cm.SendMra(b, kMra));
    Settle();
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    Settle();
    ASSERT_TRUE(hostA->cm.SendMra(a, kMra));
    Settle();
    ASSERT_TRUE(hostA->cm.SendRtu(a, Bytes(3, 9)));
    Settle();
    EXPECT_EQ(hostA->consumer.TakeNames(), "MRA_RECEIVED REP_RECEIVED");
    EXPECT_EQ(hostB->consumer.TakeNames(), "MRA_RECEIVED RTU_RECEIVED");
    EXPECT_EQ(runtime.ArmedTimers(), 0U);
    // The RTU is what a REP that comes again is answered with, not the MRA before it.
    ASSERT_TRUE(hostA->cm.SendLap(a, Lap()));
    EXPECT_EQ(StateA(), State::kEstablished);
}

TEST_F(Mra, ItsPrivateDataIsNotSentAgainWithADrep)
{
    ReachB(State::kReqRcvd);
    ASSERT_TRUE(hostB->cm.SendMra(b, {kServiceTimeout, false, Bytes(222)}));
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    Settle();
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    Settle();
    ASSERT_TRUE(hostB->cm.SendDreq(b));
    Settle();
    ASSERT_TRUE(hostA->cm.SendDrep(a));
    Settle();
    ASSERT_EQ(StateB(), State::kTimewait);
    InjectToB(ibwire::CmDreq{.localCommId = IdA(), .remoteCommId = IdB(), .remoteQpn = kQpnB});
    EXPECT_TRUE(Holds(LastSent<ibwire::CmDrep>().privateData, {}));
}

TEST_F(Mra, ArgumentsAreChecked)
{
    ReachB(State::kReqRcvd);
    const auto tooMuch = Bytes(223);
    EXPECT_EQ(hostB->cm.SendMra(b, {kServiceTimeout, false, tooMuch}),
              tl::unexpected(CmError::kPrivateDataLength));
    EXPECT_EQ(hostB->cm.SendMra(b, {32, false, {}}), tl::unexpected(CmError::kInvalidArgument));
    EXPECT_EQ(hostB->cm.SendMra(Handle::kNone, kMra), tl::unexpected(CmError::kInvalidHandle));
    hostB->end.SetDown(true);
    EXPECT_EQ(hostB->cm.SendMra(b, kMra), tl::unexpected(CmError::kSendFailed));
    EXPECT_EQ(StateB(), State::kReqRcvd);
    hostB->end.SetDown(false);
    EXPECT_EQ(TakeSent(), "");
    ASSERT_TRUE(hostB->cm.SendMra(b, {0, false, {}}));
    EXPECT_EQ(LastSent<ibwire::CmMra>().serviceTimeout, 0);
    EXPECT_EQ(hostB->cm.SendMra(b, kMra), tl::unexpected(CmError::kInvalidState)) << "once";
}

TEST_F(Mra, IsForThreeStatesOnly)
{
    for (const State state : {State::kIdle,
                              State::kListen,
                              State::kReqSent,
                              State::kEstablished,
                              State::kDreqSent,
                              State::kDreqRcvd,
                              State::kTimewait})
    {
        SCOPED_TRACE(ToString(state));
        ReachA(state);
        EXPECT_EQ(hostA->cm.SendMra(a, kMra), tl::unexpected(CmError::kInvalidState));
        EXPECT_EQ(StateA(), state);
        EXPECT_EQ(TakeSent(), "");
        if (listener != Handle::kNone)
        {
            DestroyA(a);
            Settle();
            wire.DropAll();
            (void)hostB->cm.Destroy(b);
            Settle();
            runtime.RunUntilIdle();
        }
    }
}

TEST_F(Mra, ThatNobodyExpectsIsDropped)
{
    using ibwire::MessageMraed;
    ReachB(State::kRepSent); // A is in REQ_SENT
    const auto unexpected = [this] { return CountOf(hostB->cm.Counters(), Discard::kUnexpected); };
    ibwire::CmMra mra{.localCommId = IdA(), .remoteCommId = IdB(), .serviceTimeout = 20};
    for (const MessageMraed message : {MessageMraed::kReq, MessageMraed::kLap})
    {
        const auto before = unexpected();
        mra.messageMraed = message;
        InjectToB(mra);
        EXPECT_EQ(unexpected(), before + 1) << ibwire::ToString(message);
    }
    mra.messageMraed = static_cast<MessageMraed>(3);
    InjectToB(mra);
    EXPECT_EQ(CountOf(hostB->cm.Counters(), Discard::kReservedCode), 1U);
    mra.messageMraed = MessageMraed::kRep;
    mra.localCommId = IdA() + 1;
    InjectToB(mra);
    mra.localCommId = IdA();
    mra.remoteCommId = IdB() ^ 0x40000000;
    InjectToB(mra);
    EXPECT_EQ(CountOf(hostB->cm.Counters(), Discard::kUnknownId), 2U);
    EXPECT_EQ(StateB(), State::kRepSent);
    EXPECT_EQ(hostB->consumer.TakeNames(), "");
    ExpectNext(kReqWait, "A>REQ");
    ExpectNext(kRepWait - kReqWait, "B>REP");
}

TEST_F(Mra, ThatComesAgainExtendsNothing)
{
    ReachB(State::kReqRcvd);
    ASSERT_TRUE(hostB->cm.SendMra(b, kMra));
    ASSERT_TRUE(wire.Duplicate());
    ASSERT_TRUE(wire.Deliver());
    runtime.Advance(kMraWait / 2);
    ASSERT_TRUE(wire.Deliver());
    EXPECT_EQ(CountOf(hostA->cm.Counters().duplicates, ibwire::CmAttribute::kMra), 1U);
    EXPECT_EQ(hostA->consumer.TakeNames(), "MRA_RECEIVED");
    ExpectNext(kMraWait - kMraWait / 2, "A>REQ");
}

TEST_F(Mra, OfAnEarlierLapIsNotOfThisOne)
{
    ReachLapRcvd();
    ASSERT_TRUE(hostB->cm.SendMra(b, kMra));
    ASSERT_TRUE(hostB->cm.SendApr(b, {}));
    ASSERT_TRUE(wire.Deliver(1)); // the APR overtakes the MRA
    ASSERT_TRUE(hostA->cm.SendLap(a, Lap()));
    ASSERT_TRUE(wire.Deliver());
    EXPECT_EQ(LapA(), LapState::kLapSent);
    EXPECT_EQ(CountOf(hostA->cm.Counters(), Discard::kTransactionId), 1U);
    EXPECT_EQ(hostA->consumer.TakeNames(), "APR_RECEIVED");
}

TEST_F(Mra, OfAnotherRequestIsDropped)
{
    ListenB();
    a = Connect();
    const std::uint64_t requestId = sent.back().header.transactionId;
    const ibwire::CmMra mra{.localCommId = 5, .remoteCommId = IdA(), .serviceTimeout = 31};
    InjectToA(mra, requestId + 1);
    EXPECT_EQ(StateA(), State::kReqSent);
    EXPECT_EQ(CountOf(hostA->cm.Counters(), Discard::kTransactionId), 1U);
    // The upper half belongs to the port that sent it.
    InjectToA(mra, requestId ^ 0x7000000000000000);
    EXPECT_EQ(StateA(), State::kMraReqRcvd);
}

class MraAsLinux : public Mra
{
  protected:
    MraAsLinux()
        : Mra(LinuxOptions())
    {
    }
};

TEST_F(MraAsLinux, WaitsAreInMilliseconds)
{
    ReachB(State::kReqRcvd);
    ASSERT_TRUE(hostB->cm.SendMra(b, kMra));
    Settle();
    // 2^(20 - 8), and 2^(15 - 8) for the way.
    const Duration wait = std::chrono::milliseconds(4096 + 128);
    for (unsigned i = 0; i < kRetries; ++i)
    {
        ExpectNext(wait, "A>REQ");
    }
    TakeSent();
    runtime.Advance(wait);
    EXPECT_EQ(TakeSent(), "") << "Linux does not say that it gives up";
    EXPECT_EQ(hostA->consumer.TakeNames(), "MRA_RECEIVED REQ_ERROR");
}

TEST_F(MraAsLinux, OfALapDoesNotReplaceTheRtu)
{
    // Here the active side takes LAPs, too.
    ReachA(State::kRepRcvd);
    const auto data = Bytes(30, 100);
    ASSERT_TRUE(hostA->cm.SendRtu(a, data));
    wire.DropAll();
    ibwire::CmLap lap;
    lap.localCommId = IdB();
    lap.remoteCommId = IdA();
    lap.alternateLocalLid = kLidB2;
    lap.alternateRemoteLid = kLidA2;
    lap.alternateLocalGid = gidB2;
    lap.alternateRemoteGid = gidA2;
    InjectToA(lap);
    ASSERT_TRUE(hostA->cm.SendMra(a, {kServiceTimeout, false, Bytes(222)}));
    EXPECT_TRUE(Holds(LastSent<ibwire::CmMra>().privateData, Bytes(222)));
    wire.DropAll();
    runtime.Advance(std::chrono::milliseconds(2048)); // 2^(19 - 8)
    Settle();
    EXPECT_TRUE(Holds(LastSent<ibwire::CmRtu>().privateData, data));
    EXPECT_EQ(StateB(), State::kEstablished);
}

TEST_F(MraAsLinux, TransactionsAreNotChecked)
{
    ListenB();
    a = Connect();
    InjectToA(ibwire::CmMra{.localCommId = 5, .remoteCommId = IdA(), .serviceTimeout = 20}, 1);
    EXPECT_EQ(StateA(), State::kMraReqRcvd);
}

} // namespace
} // namespace ibcm::test
