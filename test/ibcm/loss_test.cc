// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Each message lost, doubled, late: what is sent again, when, and what becomes of the connection.
#include "ibcm/model/timeouts.h"
#include "pair.h"

#include <algorithm>

namespace ibcm::test
{
namespace
{

constexpr Duration kReqWait = ReqResponseTimeout(kLifeTime, kResponseTimeout);
constexpr Duration kRepWait = RepResponseTimeout(kResponseTimeout + 1);
// CM attributes in the order of MessageCounters.
constexpr std::size_t kReqKind = 0;
constexpr std::size_t kRepKind = 3;
constexpr std::size_t kRtuKind = 4;
constexpr std::size_t kDreqKind = 5;

class Losing : public Pair
{
  protected:
    /** Lets time pass until the next timer and what it starts. */
    void NextTimer()
    {
        runtime.Advance(runtime.NextTimer() - runtime.Now());
    }

    /** Completes the handshake of a and b from where it is. */
    void Complete()
    {
        Settle();
        b = Accepted();
        if (StateB() == State::kReqRcvd)
        {
            ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
            Settle();
        }
        ASSERT_TRUE(hostA->cm.SendRtu(a));
        Settle();
        EXPECT_EQ(StateA(), State::kEstablished);
        EXPECT_EQ(StateB(), State::kEstablished);
    }
};

TEST_F(Losing, ALostReqIsSentAgainByteForByte)
{
    ListenB();
    a = Connect();
    wire.DropAll();
    runtime.Advance(kReqWait - Duration{1});
    ASSERT_EQ(sent.size(), 1U);
    runtime.Advance(Duration{1});
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_EQ(sent[0].bytes, sent[1].bytes);
    EXPECT_EQ(sent[0].address, sent[1].address);
    Complete();
}

TEST_F(Losing, ALostRepIsSentAgainAfterTheTimeThatTheReqAskedFor)
{
    ReachB(State::kReqRcvd);
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    wire.DropAll();
    const Instant first = runtime.Now();
    runtime.Advance(kReqWait);
    Settle();
    const SentMad firstRep = sent.front();
    EXPECT_EQ(TakeSent(), "B>REP A>REQ B>REP") << "the REQ comes again, is known, and answered";
    EXPECT_EQ(hostB->cm.Counters().duplicates[kReqKind], 1U);
    EXPECT_EQ(StateA(), State::kRepRcvd);
    runtime.Advance(kRepWait - kReqWait);
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].when - first, kRepWait) << "the REP's own timer goes on as before";
    EXPECT_EQ(sent[0].bytes, firstRep.bytes);
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    Settle();
    EXPECT_EQ(StateB(), State::kEstablished);
}

TEST_F(Losing, ALostRtuIsSentAgainForTheRepThatComesAgain)
{
    ReachA(State::kRepRcvd);
    const auto data = Bytes(20);
    ASSERT_TRUE(hostA->cm.SendRtu(a, data));
    const ibwire::MadBytes first = sent.back().bytes;
    wire.DropAll();
    runtime.Advance(kRepWait);
    Settle();
    EXPECT_EQ(TakeSent(), "A>RTU B>REP A>RTU");
    EXPECT_EQ(StateB(), State::kEstablished);
    EXPECT_TRUE(Holds(hostB->consumer.Last().event.privateData.Bytes(), data));
    EXPECT_EQ(hostA->cm.Counters().duplicates[kRepKind], 1U);
    (void)first;
}

TEST_F(Losing, ALostDreqIsSentAgain)
{
    ReachA(State::kDreqSent);
    runtime.Advance(kReqWait);
    EXPECT_EQ(TakeSent(), "A>DREQ");
    Settle();
    EXPECT_EQ(StateB(), State::kDreqRcvd);
}

TEST_F(Losing, ADreqOfThePassiveSideWaitsAsItsRepDid)
{
    ReachB(State::kDreqSent);
    runtime.Advance(kRepWait - Duration{1});
    EXPECT_EQ(TakeSent(), "");
    runtime.Advance(Duration{1});
    EXPECT_EQ(TakeSent(), "B>DREQ");
}

TEST_F(Losing, ALostDrepIsReplacedEvenAfterTheIdHasGone)
{
    ReachB(State::kDreqRcvd);
    ASSERT_TRUE(hostB->cm.SendDrep(b));
    wire.DropAll();
    DestroyB(b);
    runtime.Advance(kReqWait);
    Settle();
    EXPECT_EQ(TakeSent(), "B>DREP A>DREQ B>DREP");
    EXPECT_EQ(StateA(), State::kTimewait);
    EXPECT_EQ(hostA->consumer.TakeNames(), "DREP_RECEIVED");
}

TEST_F(Losing, AReqThatNobodyAnswersEndsWithAnErrorAndARej)
{
    ListenB();
    a = Connect();
    for (unsigned i = 0; i < kRetries; ++i)
    {
        wire.DropAll();
        runtime.Advance(kReqWait);
    }
    EXPECT_EQ(TakeSent(), "A>REQ A>REQ A>REQ A>REQ");
    EXPECT_EQ(hostA->consumer.TakeNames(), "");
    const Instant begin = runtime.Now();
    runtime.Advance(kReqWait);
    EXPECT_EQ(StateA(), State::kIdle);
    EXPECT_EQ(hostA->consumer.Last().when, begin + kReqWait);
    EXPECT_EQ(hostA->consumer.TakeNames(), "REQ_ERROR");
    EXPECT_EQ(hostA->port.Retries(), kRetries);
    EXPECT_EQ(hostA->port.Outstanding(), 0U);
    const auto& rej = LastSent<ibwire::CmRej>();
    EXPECT_EQ(rej.reason, ibwire::RejReason::kTimeout);
    EXPECT_EQ(rej.messageRejected, ibwire::MessageRejected::kOther);
    EXPECT_EQ(rej.rejectInfoLength, 8);
    // The last REQ arrives after all, and then its end.
    Settle();
    EXPECT_EQ(hostB->consumer.TakeNames(), "REQ_RECEIVED REJ_RECEIVED");
    EXPECT_EQ(TakeSent(), "A>REJ");
}

TEST_F(Losing, ARepThatNobodyAnswersEndsWithAnErrorAndARej)
{
    ReachA(State::kRepRcvd);
    for (unsigned i = 0; i < kRetries; ++i)
    {
        runtime.Advance(kRepWait);
        wire.DropAll();
    }
    EXPECT_EQ(TakeSent(), "B>REP B>REP B>REP");
    runtime.Advance(kRepWait);
    EXPECT_EQ(StateB(), State::kIdle);
    EXPECT_EQ(hostB->consumer.TakeNames(), "REP_ERROR");
    Settle();
    EXPECT_EQ(StateA(), State::kTimewait);
    EXPECT_EQ(hostA->consumer.TakeNames(), "REJ_RECEIVED");
    EXPECT_EQ(TakeSent(), "B>REJ");
}

TEST_F(Losing, ADreqThatNobodyAnswersEndsInTimewait)
{
    ReachA(State::kDreqSent);
    for (unsigned i = 0; i < kRetries; ++i)
    {
        runtime.Advance(kReqWait);
        wire.DropAll();
    }
    EXPECT_EQ(hostA->consumer.TakeNames(), "");
    runtime.Advance(kReqWait);
    EXPECT_EQ(StateA(), State::kTimewait);
    EXPECT_EQ(hostA->consumer.TakeNames(), "DREQ_ERROR");
    EXPECT_EQ(TakeSent(), "A>DREQ A>DREQ A>DREQ");
    runtime.Advance(std::chrono::seconds(1));
    EXPECT_EQ(hostA->consumer.TakeNames(), "TIMEWAIT_EXIT");
}

TEST_F(Losing, WithoutRetriesThereIsOneTransmission)
{
    ReqParameters parameters = Req();
    parameters.maxCmRetries = 0;
    a = Connect(parameters);
    wire.DropAll();
    runtime.Advance(kReqWait);
    EXPECT_EQ(TakeSent(), "A>REQ A>REJ");
    EXPECT_EQ(hostA->consumer.TakeNames(), "REQ_ERROR");
}

TEST_F(Losing, DuplicatesOfAReqAreCountedAndOnlyTheRepIsSentAgain)
{
    for (const State state : {State::kReqRcvd, State::kRepSent, State::kEstablished})
    {
        SCOPED_TRACE(ToString(state));
        if (listener == Handle::kNone)
        {
            listener = ListenB();
        }
        ReqParameters parameters = Req();
        parameters.localQpn = kQpnA + static_cast<std::uint32_t>(state);
        a = Connect(parameters);
        const SentMad req = sent.back();
        Settle();
        b = Accepted();
        RepParameters rep = Rep();
        rep.localQpn = kQpnB + static_cast<std::uint32_t>(state);
        if (state != State::kReqRcvd)
        {
            ASSERT_TRUE(hostB->cm.SendRep(b, rep));
            Settle();
        }
        if (state == State::kEstablished)
        {
            ASSERT_TRUE(hostA->cm.SendRtu(a));
            Settle();
        }
        ASSERT_EQ(StateB(), state);
        const auto before = hostB->cm.Counters().duplicates[kReqKind];
        const std::size_t ids = hostB->cm.LiveIds();
        TakeSent();
        InjectToB(req.message, req.header.transactionId);
        EXPECT_EQ(hostB->cm.Counters().duplicates[kReqKind], before + 1);
        EXPECT_EQ(hostB->cm.LiveIds(), ids);
        EXPECT_EQ(StateB(), state);
        EXPECT_EQ(TakeSent(), state == State::kRepSent ? "B>REP" : "");
        wire.DropAll();
    }
}

TEST_F(Losing, DuplicatesOfARepAreDroppedUntilTheRtuThatTheyAskForIsThere)
{
    ReachB(State::kReqRcvd);
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    ASSERT_TRUE(wire.Duplicate());
    ASSERT_TRUE(wire.Duplicate());
    ASSERT_TRUE(wire.Duplicate());
    ASSERT_TRUE(wire.Deliver());
    ASSERT_TRUE(wire.Deliver()); // in REP_RCVD
    EXPECT_EQ(TakeSent(), "B>REP");
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    ASSERT_TRUE(wire.Deliver()); // in ESTABLISHED
    EXPECT_EQ(TakeSent(), "A>RTU A>RTU");
    ASSERT_TRUE(hostA->cm.SendDreq(a));
    ASSERT_TRUE(wire.Deliver(1)); // in DREQ_SENT, overtaking one RTU
    EXPECT_EQ(TakeSent(), "A>DREQ");
    EXPECT_EQ(hostA->cm.Counters().duplicates[kRepKind], 2U);
    EXPECT_EQ(hostA->consumer.TakeNames(), "REP_RECEIVED");
}

TEST_F(Losing, ADuplicateRtuIsDropped)
{
    ReachA(State::kRepRcvd);
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    ASSERT_TRUE(wire.Duplicate());
    Settle();
    EXPECT_EQ(hostB->consumer.TakeNames(), "RTU_RECEIVED");
    EXPECT_EQ(hostB->cm.Counters().duplicates[kRtuKind], 1U);
}

TEST_F(Losing, ADuplicateDreqIsToldOnce)
{
    Establish();
    ASSERT_TRUE(hostA->cm.SendDreq(a));
    ASSERT_TRUE(wire.Duplicate());
    Settle();
    EXPECT_EQ(hostB->consumer.TakeNames(), "DREQ_RECEIVED");
    EXPECT_EQ(hostB->cm.Counters().duplicates[kDreqKind], 1U);
    EXPECT_EQ(TakeSent(), "A>DREQ");
}

TEST_F(Losing, ADuplicateDrepIsToldOnce)
{
    ReachB(State::kDreqRcvd);
    ASSERT_TRUE(hostB->cm.SendDrep(b));
    ASSERT_TRUE(wire.Duplicate());
    Settle();
    EXPECT_EQ(hostA->consumer.TakeNames(), "DREP_RECEIVED");
}

TEST_F(Losing, ADuplicateRejIsToldOnce)
{
    ReachB(State::kReqRcvd);
    ASSERT_TRUE(hostB->cm.SendRej(b, ibwire::RejReason::kConsumer));
    ASSERT_TRUE(wire.Duplicate());
    Settle();
    EXPECT_EQ(hostA->consumer.TakeNames(), "REJ_RECEIVED");
}

TEST_F(Losing, ADreqThatOvertakesTheRtuClosesTheConnection)
{
    ReachA(State::kRepRcvd);
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    ASSERT_TRUE(hostA->cm.SendDreq(a));
    ASSERT_TRUE(wire.Deliver(1));
    EXPECT_EQ(StateB(), State::kDreqRcvd);
    EXPECT_EQ(hostB->port.Outstanding(), 0U);
    Settle();
    EXPECT_EQ(hostB->consumer.TakeNames(), "DREQ_RECEIVED");
}

TEST_F(Losing, ARepForARequestThatWasTakenBackIsRejected)
{
    ReachB(State::kReqRcvd);
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    DestroyA(a);
    wire.Drop(1); // the REJ
    Settle();
    EXPECT_EQ(hostA->cm.Counters().Unmatched(), 1U);
    EXPECT_EQ(LastSent<ibwire::CmRej>().reason, ibwire::RejReason::kInvalidCommId);
    EXPECT_EQ(StateB(), State::kIdle);
}

TEST_F(Losing, MessagesForAFormerUserOfAnIdAreUnmatched)
{
    ReachB(State::kEstablished);
    const std::uint32_t former = hostA->cm.CommIdOf(a).value();
    DestroyA(a);
    wire.DropAll();
    // Enough ids that the freed place is used again, under a name of its own.
    std::vector<Handle> others;
    for (unsigned i = 0; i < 1100; ++i)
    {
        others.push_back(hostA->cm.Create(hostA->consumer).value());
        ASSERT_NE(hostA->cm.CommIdOf(others.back()), former);
        DestroyA(others.back());
    }
    InjectToA(ibwire::CmRep{.localCommId = 1, .remoteCommId = former});
    EXPECT_EQ(hostA->cm.Counters().Unmatched(), 1U);
}

TEST_F(Losing, NothingButCmMessagesIsListenedTo)
{
    ListenB();
    ReceivedMad mad;
    hostB->port.Received(mad);
    a = Connect();
    mad.bytes = sent.back().bytes;
    for (const auto& [offset, value] :
         {std::pair{0, 2}, {1, 6}, {2, 1}, {3, 0x81}, {17, 1}, {17, 0x1d}})
    {
        ReceivedMad broken = mad;
        broken.bytes[static_cast<std::size_t>(offset)] = static_cast<std::uint8_t>(value);
        hostB->port.Received(broken);
    }
    EXPECT_EQ(hostB->cm.Counters().Malformed(), 7U);
    EXPECT_EQ(hostB->consumer.TakeNames(), "");
    for (const auto& message : {ibwire::CmMessage{ibwire::CmMra{}},
                                ibwire::CmMessage{ibwire::CmRtu{}},
                                ibwire::CmMessage{ibwire::CmRej{}},
                                ibwire::CmMessage{ibwire::CmDrep{}},
                                ibwire::CmMessage{ibwire::CmRep{}}})
    {
        InjectToB(message);
    }
    const auto& discarded = hostB->cm.Counters().discarded;
    EXPECT_EQ(hostB->cm.Counters().Unmatched(), 4U);
    EXPECT_EQ(discarded[static_cast<std::size_t>(Discard::kZeroCommId)], 1U) << "the REP";
}

} // namespace
} // namespace ibcm::test
