// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What messages say, how they are counted and shown.
#include "scenario-fixture.h"

#include <algorithm>
#include <variant>

namespace ibcm::test
{
namespace
{

using ibwire::CmAttribute;
using ibwire::CmRej;
using ibwire::CmReq;
using ibwire::RejReason;

// Paths through routers carry permissive LIDs, which were taken for addresses (2022). The data goes
// back to where the request came from: to the router.
TEST_F(FollowUp, ARoutedReqIsAnsweredThroughItsRouter)
{
    ListenB();
    CmReq req = ReqOnTheWire(1);
    req.primarySubnetLocal = false;
    req.primaryHopLimit = 5;
    req.primaryLocalLid = 0xffff;
    req.primaryRemoteLid = 0xffff;
    constexpr std::uint16_t kRouter = 77;
    hostB->port.Received(MadFrom(kRouter, req));
    ASSERT_EQ(hostB->consumer.told.size(), 1U);
    b = Accepted();
    const Path& path = std::get<ReqReceived>(hostB->consumer.Last().event.parameters).primaryPath;
    EXPECT_EQ(path.dlid, kRouter);
    EXPECT_EQ(path.slid, kLidB);
    EXPECT_EQ(path.hopLimit, 5);
    const auto attributes = hostB->cm.InitQpAttributes(b, QpTarget::kRtr);
    ASSERT_TRUE(attributes);
    EXPECT_EQ(attributes->address.dlid, kRouter);
    EXPECT_TRUE(attributes->address.hasGrh);
    EXPECT_EQ(attributes->address.dgid, hostA->gid);
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    EXPECT_EQ(sent.back().address.dlid, kRouter);
}

// A REJ was traced after its state had been reset (2023): all rejections seemed to come in IDLE.
TEST_F(FollowUp, TheTimelineShowsWhatWasRejected)
{
    ReachB(State::kRepSent);
    CmRej rej;
    rej.localCommId = hostA->cm.CommIdOf(a).value();
    rej.remoteCommId = hostB->cm.CommIdOf(b).value();
    rej.messageRejected = ibwire::MessageRejected::kRep;
    rej.reason = RejReason::kConsumer;
    InjectToB(rej);
    const auto timeline = hostB->cm.TimelineOf(b).value();
    const auto step = std::find_if(timeline.rbegin(),
                                   timeline.rend(),
                                   [](const TimelineEntry& entry)
                                   { return entry.kind == TimelineEntry::Kind::kStep; });
    ASSERT_NE(step, timeline.rend());
    EXPECT_EQ(static_cast<Input>(step->what), Input::kRej);
    EXPECT_EQ(static_cast<State>(step->from), State::kRepSent);
    EXPECT_EQ(static_cast<State>(step->to), State::kIdle);
}

// Whether a message was a retry was guessed from a field that meant something else (2024). RTU,
// DREP and MRA that are sent again are retries, a REJ that answers another REQ is not.
TEST_F(FollowUp, WhatIsSentAgainIsCountedAsSuch)
{
    const auto sentOf = [](Host& host, CmAttribute kind)
    { return host.cm.Counters().sent[KindOf(kind)]; };
    const auto retriedOf = [](Host& host, CmAttribute kind)
    { return host.cm.Counters().retried[KindOf(kind)]; };

    // RTU: the REP comes again.
    ReachA(State::kReqSent);
    MraParameters mra;
    ASSERT_TRUE(hostB->cm.SendMra(b, mra));
    wire.DropAll();
    // MRA: the REQ comes again.
    runtime.Advance(std::chrono::seconds{2});
    Settle();
    EXPECT_EQ(sentOf(*hostB, CmAttribute::kMra), 1U);
    EXPECT_EQ(retriedOf(*hostB, CmAttribute::kMra), 1U);
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    Settle();
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    wire.DropAll();
    runtime.Advance(std::chrono::seconds{3});
    Settle();
    EXPECT_EQ(StateB(), State::kEstablished);
    EXPECT_EQ(sentOf(*hostA, CmAttribute::kRtu), 1U);
    EXPECT_EQ(retriedOf(*hostA, CmAttribute::kRtu), 1U);
    // DREP: the DREQ comes again, to an id in TIMEWAIT.
    ASSERT_TRUE(hostA->cm.SendDreq(a));
    wire.Duplicate();
    wire.Deliver();
    ASSERT_TRUE(hostB->cm.SendDrep(b));
    Settle();
    EXPECT_EQ(sentOf(*hostB, CmAttribute::kDrep), 1U);
    EXPECT_EQ(retriedOf(*hostB, CmAttribute::kDrep), 1U);
    // REJ: nobody serves this, twice.
    const std::uint64_t rejs = sentOf(*hostB, CmAttribute::kRej);
    CmReq req = ReqOnTheWire(1);
    req.serviceId = kService + 1;
    InjectToB(req);
    InjectToB(req);
    EXPECT_EQ(sentOf(*hostB, CmAttribute::kRej) - rejs, 2U);
    EXPECT_EQ(retriedOf(*hostB, CmAttribute::kRej), 0U);
}

// The call to send an MRA was removed (2025): what remained is to send one when the REQ comes
// again, with a wait of 24.
TEST_F(FollowUp, APreparedMraGoesOutWhenTheReqComesAgain)
{
    ReachB(State::kReqRcvd);
    MraParameters mra;
    mra.onDuplicateOnly = true;
    ASSERT_TRUE(hostB->cm.SendMra(b, mra));
    EXPECT_EQ(TakeSent(), "");
    runtime.Advance(std::chrono::seconds{2});
    Settle();
    EXPECT_EQ(TakeSent(), "A>REQ B>MRA");
    EXPECT_EQ(hostA->consumer.TakeNames(), "MRA_RECEIVED");
    EXPECT_EQ(StateA(), State::kMraReqRcvd);
    const auto ids = hostA->cm.Inspect().ids;
    ASSERT_TRUE(ids.at(0).outstanding);
    EXPECT_GT(ids[0].outstanding->progress.untilNext, std::chrono::seconds{68});
}

} // namespace
} // namespace ibcm::test
