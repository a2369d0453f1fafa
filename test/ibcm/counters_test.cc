// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Counters balance what a wire sees: each MAD is counted once where it is sent and once where it
// arrives, whatever is lost, doubled and repeated in between.
#include "extra-host.h"

#include <algorithm>

namespace ibcm::test
{
namespace
{

using ibwire::CmAttribute;

constexpr std::size_t kKinds = MessageCounters::kKinds;

class Counting : public Pair
{
  protected:
    std::uint64_t Of(const Host& host, PerMessage MessageCounters::*group, CmAttribute attribute)
    {
        return (host.cm.Counters().*group)[KindOf(attribute)];
    }

    /** Numbers for losses and the like, the same in each run. */
    std::uint32_t Draw(std::uint32_t below)
    {
        m_seed = m_seed * 6364136223846793005ULL + 1442695040888963407ULL;
        return static_cast<std::uint32_t>(m_seed >> 33) % below;
    }

    static std::size_t KindAt(const Flight& flight)
    {
        return KindOf(static_cast<CmAttribute>(ibwire::DecodeHeader(flight.bytes).attributeId));
    }

    /** Delivers, loses, doubles and delays until nothing is under way and nothing waits. */
    void Storm()
    {
        for (int calm = 0; calm < 3;)
        {
            while (wire.InFlight() != 0)
            {
                const std::size_t index = Draw(static_cast<std::uint32_t>(wire.InFlight()));
                const std::uint32_t fate = Draw(100);
                if (fate < 15)
                {
                    wire.Drop(index);
                    continue;
                }
                if (fate < 25)
                {
                    wire.Duplicate(index);
                }
                ++delivered[wire.At(index).to][KindAt(wire.At(index))];
                wire.Deliver(index);
                runtime.RunReady();
            }
            runtime.Advance(std::chrono::milliseconds(300));
            const bool quiet = wire.InFlight() == 0 && hostA->port.Outstanding() == 0 &&
                               hostB->port.Outstanding() == 0;
            calm = quiet ? calm + 1 : 0;
        }
    }

    void ExpectBalance()
    {
        std::array<PerMessage, 2> transmitted{};
        for (const SentMad& mad : sent)
        {
            ++transmitted[mad.from][KindOf(ibwire::AttributeOf(mad.message))];
        }
        for (const Host* host : {hostA.get(), hostB.get()})
        {
            const std::size_t end = host == hostA.get() ? 0 : 1;
            const MessageCounters counters = host->cm.Counters();
            for (std::size_t kind = 0; kind < kKinds; ++kind)
            {
                SCOPED_TRACE(testing::Message()
                             << (end == 0 ? "A " : "B ")
                             << ibwire::ToString(static_cast<CmAttribute>(0x10 + kind)));
                EXPECT_EQ(counters.sent[kind] + counters.retried[kind], transmitted[end][kind]);
                EXPECT_EQ(counters.received[kind], delivered[end][kind]);
                EXPECT_LE(counters.duplicates[kind], counters.received[kind]);
            }
            EXPECT_EQ(counters.Malformed(), 0U);
        }
    }

    std::array<PerMessage, 2> delivered{};

  private:
    std::uint64_t m_seed{20240611};
};

TEST_F(Counting, BalanceOverALossyExchangeOfAllMessages)
{
    ListenB();
    hostB->consumer.react = [&](ConnectionManager& cm, Handle id, const Event& event)
    {
        switch (event.type)
        {
        case EventType::kReqReceived:
        {
            const std::uint32_t qpn = std::get<ReqReceived>(event.parameters).remoteQpn;
            RepParameters rep = Rep();
            rep.localQpn = qpn + 0x10000;
            if (qpn % 5 == 0)
            {
                EXPECT_TRUE(cm.SendRej(id, ibwire::RejReason::kConsumer));
                return Disposition::kKeep;
            }
            if (qpn % 5 == 1)
            {
                EXPECT_TRUE(cm.SendMra(id, MraParameters{}));
            }
            EXPECT_TRUE(cm.SendRep(id, rep));
            break;
        }
        case EventType::kLapReceived:
            EXPECT_TRUE(cm.SendApr(id, AprParameters{}));
            break;
        case EventType::kDreqReceived:
            EXPECT_TRUE(cm.SendDrep(id));
            break;
        case EventType::kSidrReqReceived:
            EXPECT_TRUE(cm.SendSidrRep(id, SidrRepParameters{}));
            return Disposition::kDestroy;
        default:
            break;
        }
        return Disposition::kKeep;
    };
    LapParameters lap;
    lap.alternatePath = PathToB();
    lap.alternatePath.slid = kLidA + 1; // another way, by its LID
    hostA->consumer.react = [&](ConnectionManager& cm, Handle id, const Event& event)
    {
        switch (event.type)
        {
        case EventType::kRepReceived:
            if (std::get<RepReceived>(event.parameters).remoteQpn % 3 == 0)
            {
                EXPECT_TRUE(cm.SendMra(id, MraParameters{}));
            }
            EXPECT_TRUE(cm.SendRtu(id));
            EXPECT_TRUE(cm.SendLap(id, lap));
            break;
        case EventType::kAprReceived:
        case EventType::kLapError:
            EXPECT_TRUE(cm.SendDreq(id));
            break;
        case EventType::kDreqReceived:
            EXPECT_TRUE(cm.SendDrep(id));
            break;
        default:
            break;
        }
        return Disposition::kKeep;
    };
    SidrReqParameters sidr;
    sidr.serviceId = kService;
    sidr.path = PathToB();
    for (std::uint32_t i = 0; i < 60; ++i)
    {
        ReqParameters parameters = Req();
        parameters.localQpn = 0x1000 + i;
        Connect(parameters);
        ASSERT_TRUE(hostA->cm.SendSidrReq(CreateA(), sidr));
    }
    Storm();
    ExpectBalance();
    // That the storm has touched everything it could.
    const MessageCounters ofA = hostA->cm.Counters();
    const MessageCounters ofB = hostB->cm.Counters();
    for (const CmAttribute attribute : {CmAttribute::kReq,
                                        CmAttribute::kMra,
                                        CmAttribute::kRej,
                                        CmAttribute::kRep,
                                        CmAttribute::kRtu,
                                        CmAttribute::kDreq,
                                        CmAttribute::kDrep,
                                        CmAttribute::kSidrReq,
                                        CmAttribute::kSidrRep,
                                        CmAttribute::kLap,
                                        CmAttribute::kApr})
    {
        SCOPED_TRACE(ibwire::ToString(attribute));
        EXPECT_GT(ofA.sent[KindOf(attribute)] + ofB.sent[KindOf(attribute)], 0U);
        EXPECT_GT(ofA.received[KindOf(attribute)] + ofB.received[KindOf(attribute)], 0U);
    }
    for (const CmAttribute attribute :
         {CmAttribute::kReq, CmAttribute::kRep, CmAttribute::kSidrReq, CmAttribute::kLap})
    {
        SCOPED_TRACE(ibwire::ToString(attribute));
        EXPECT_GT(ofA.retried[KindOf(attribute)] + ofB.retried[KindOf(attribute)], 0U);
        EXPECT_GT(ofA.duplicates[KindOf(attribute)] + ofB.duplicates[KindOf(attribute)] +
                      (attribute == CmAttribute::kSidrReq ? 1 : 0),
                  0U);
    }
}

TEST_F(Counting, ARetryIsOneMadWhoeverAsksForIt)
{
    ListenB();
    a = Connect();
    wire.Drop();
    runtime.Advance(std::chrono::milliseconds(1250));
    EXPECT_EQ(Of(*hostA, &MessageCounters::sent, CmAttribute::kReq), 1U);
    EXPECT_EQ(Of(*hostA, &MessageCounters::retried, CmAttribute::kReq), 1U) << "by time-out";
    Settle();
    b = Accepted();
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    wire.Drop();
    runtime.Advance(std::chrono::milliseconds(1250)); // the REQ again, before the REP's own time
    Settle();
    EXPECT_EQ(Of(*hostB, &MessageCounters::sent, CmAttribute::kRep), 1U);
    EXPECT_EQ(Of(*hostB, &MessageCounters::retried, CmAttribute::kRep), 1U) << "as asked";
    EXPECT_EQ(Of(*hostB, &MessageCounters::received, CmAttribute::kReq), 2U);
    EXPECT_EQ(Of(*hostB, &MessageCounters::duplicates, CmAttribute::kReq), 1U);
    ASSERT_EQ(StateA(), State::kRepRcvd);
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    wire.Drop();
    runtime.Advance(std::chrono::milliseconds(2200)); // the REP's own time
    Settle();
    EXPECT_EQ(Of(*hostB, &MessageCounters::retried, CmAttribute::kRep), 2U);
    EXPECT_EQ(Of(*hostA, &MessageCounters::duplicates, CmAttribute::kRep), 1U);
    EXPECT_EQ(Of(*hostA, &MessageCounters::sent, CmAttribute::kRtu), 1U);
    EXPECT_EQ(Of(*hostA, &MessageCounters::retried, CmAttribute::kRtu), 1U) << "an answer again";
    EXPECT_EQ(StateB(), State::kEstablished);
}

TEST_F(Counting, WhatCannotBeSentIsNotCounted)
{
    hostA->end.SetDown(true);
    const Handle id = CreateA();
    EXPECT_EQ(hostA->cm.SendReq(id, Req()), tl::unexpected(CmError::kSendFailed));
    EXPECT_EQ(hostA->cm.Counters().sent, PerMessage{});
    hostA->end.SetDown(false);
    ReachB(State::kReqRcvd);
    hostB->end.SetDown(true);
    EXPECT_EQ(hostB->cm.SendRej(b, ibwire::RejReason::kConsumer),
              tl::unexpected(CmError::kSendFailed));
    EXPECT_EQ(hostB->cm.Counters().sent, PerMessage{});
}

TEST_F(Counting, WhatWaitsForItsTurnCountsWhenItIsSent)
{
    // A port that lets one request at a time go to each destination.
    LoopbackWire::End& end = wire.AddEnd(TablesC());
    ReliablePortOptions options;
    options.requestWindow = 1;
    ReliablePort narrow(runtime, end, 3, options);
    end.Attach(&narrow);
    ASSERT_TRUE(hostA->cm.AddPort(3, narrow));
    const auto sentReqs = [&] { return hostA->cm.Counters(3)->sent[KindOf(CmAttribute::kReq)]; };
    ReqParameters req = Req();
    req.primaryPath.sgid = TablesC().gids[0];
    req.primaryPath.slid = kLidC;
    const Handle first = Connect(req);
    ++req.localQpn;
    const Handle second = Connect(req);
    ++req.localQpn;
    const Handle third = Connect(req);
    EXPECT_EQ(narrow.Waiting(), 2U);
    EXPECT_EQ(sentReqs(), 1U);
    DestroyA(third); // before its turn
    EXPECT_EQ(sentReqs(), 1U);
    DestroyA(first);
    EXPECT_EQ(narrow.Waiting(), 0U);
    EXPECT_EQ(sentReqs(), 2U) << "the second has its turn";
    ++req.localQpn;
    const Handle fourth = Connect(req);
    EXPECT_EQ(sentReqs(), 2U);

    // The count stays true when the port goes, with what waits there; and when it comes back.
    const auto transmitted = [&]
    {
        return static_cast<std::uint64_t>(std::count_if(
            sent.begin(),
            sent.end(),
            [](const SentMad& mad) { return std::holds_alternative<ibwire::CmReq>(mad.message); }));
    };
    ASSERT_TRUE(hostA->cm.RemovePort(3));
    runtime.RunReady();
    EXPECT_EQ(hostA->cm.StateOf(second), State::kIdle);
    EXPECT_EQ(hostA->cm.StateOf(fourth), State::kIdle);
    EXPECT_EQ(sentReqs(), transmitted());
    ASSERT_TRUE(hostA->cm.AddPort(3, narrow));
    EXPECT_EQ(sentReqs(), transmitted());
    ++req.localQpn;
    DestroyA(Connect(req));
    EXPECT_EQ(sentReqs(), transmitted());
    ASSERT_TRUE(hostA->cm.RemovePort(3));
    wire.DropAll();
    end.Attach(nullptr);
}

TEST_F(Counting, ADreqThatGoesAheadOfItsTurnCountsOnce)
{
    LoopbackWire::End& end = wire.AddEnd(TablesC());
    ReliablePortOptions options;
    options.requestWindow = 1;
    ReliablePort narrow(runtime, end, 3, options);
    end.Attach(&narrow);
    ASSERT_TRUE(hostA->cm.AddPort(3, narrow));
    ListenB();
    std::vector<Handle> ids;
    for (std::uint32_t i = 0; i < 2; ++i)
    {
        ReqParameters req = Req();
        req.primaryPath.sgid = TablesC().gids[0];
        req.primaryPath.slid = kLidC;
        req.localQpn += i;
        RepParameters rep = Rep();
        rep.localQpn += i;
        ids.push_back(Connect(req));
        Settle();
        ASSERT_TRUE(hostB->cm.SendRep(Accepted(), rep));
        Settle();
        ASSERT_TRUE(hostA->cm.SendRtu(ids.back()));
        Settle();
    }
    for (const Handle id : ids)
    {
        ASSERT_TRUE(hostA->cm.SendDreq(id));
    }
    ASSERT_EQ(narrow.Waiting(), 1U);
    EXPECT_EQ(Of(*hostA, &MessageCounters::sent, CmAttribute::kDreq), 1U);
    DestroyA(ids[1]); // the peer is to hear of it all the same
    EXPECT_EQ(Of(*hostA, &MessageCounters::sent, CmAttribute::kDreq), 2U);
    ASSERT_TRUE(hostA->cm.RemovePort(3));
    wire.DropAll();
    end.Attach(nullptr);
}

TEST_F(Counting, CausesHaveTheirOwnCounters)
{
    Establish();
    const std::uint32_t idA = hostA->cm.CommIdOf(a).value();
    const std::uint32_t idB = hostB->cm.CommIdOf(b).value();
    struct Case
    {
        ibwire::CmMessage message;
        Discard cause;
    };

    const Case cases[] = {
        {ibwire::CmRtu{.localCommId = 1, .remoteCommId = ~idB}, Discard::kUnknownId},
        {ibwire::CmRtu{.localCommId = idA + 1, .remoteCommId = idB}, Discard::kUnknownId},
        {ibwire::CmRej{.localCommId = idA + 1, .remoteCommId = idB}, Discard::kUnknownId},
        {ibwire::CmMra{.localCommId = idA, .remoteCommId = idB}, Discard::kUnexpected},
        {ibwire::CmMra{.localCommId = idA,
                       .remoteCommId = idB,
                       .messageMraed = static_cast<ibwire::MessageMraed>(3)},
         Discard::kReservedCode},
        {ibwire::CmRep{.localCommId = 0, .remoteCommId = idB}, Discard::kZeroCommId},
        {ibwire::CmDreq{.localCommId = idA, .remoteCommId = idB, .remoteQpn = kQpnB + 1},
         Discard::kQpnMismatch},
        {ibwire::CmApr{.localCommId = idA, .remoteCommId = idB}, Discard::kUnexpected},
        {ibwire::CmSidrRep{.requestId = ~idB}, Discard::kUnknownId},
        {ibwire::CmSidrRep{.requestId = idB}, Discard::kUnexpected},
    };
    for (const Case& one : cases)
    {
        SCOPED_TRACE(ibwire::ToString(ibwire::AttributeOf(one.message)));
        const MessageCounters before = hostB->cm.Counters();
        InjectToB(one.message);
        MessageCounters after = hostB->cm.Counters();
        EXPECT_EQ(Count(after, one.cause), Count(before, one.cause) + 1) << ToString(one.cause);
        after.discarded[static_cast<std::size_t>(one.cause)] -= 1;
        EXPECT_EQ(after.discarded, before.discarded) << "under one cause only";
        EXPECT_EQ(after.duplicates, before.duplicates);
        EXPECT_EQ(StateB(), State::kEstablished);
        wire.DropAll();
    }
}

TEST_F(Counting, SumsAreOfAllPorts)
{
    MessageCounters one;
    one.sent[0] = 1;
    one.retried[1] = 2;
    one.received[2] = 3;
    one.duplicates[10] = 4;
    one.discarded[0] = 5;
    one.discarded[kDiscardCount - 1] = 6;
    MessageCounters sum = one;
    sum += one;
    EXPECT_EQ(sum.sent[0], 2U);
    EXPECT_EQ(sum.retried[1], 4U);
    EXPECT_EQ(sum.received[2], 6U);
    EXPECT_EQ(sum.duplicates[10], 8U);
    EXPECT_EQ(sum.discarded[0], 10U);
    EXPECT_EQ(sum.discarded[kDiscardCount - 1], 12U);
}

} // namespace
} // namespace ibcm::test
