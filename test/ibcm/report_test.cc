// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The answers of Inspect and Dump: who blocks my reconnect, what does destroy wait for, where did
// the time go.
#include "extra-host.h"
#include "two-threads.h"

#include <algorithm>
#include <sstream>

namespace ibcm::test
{
namespace
{

using std::chrono::milliseconds;

std::vector<std::string> LinesOf(const std::string& text)
{
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
    {
        lines.push_back(line);
    }
    return lines;
}

std::string IdText(Handle id)
{
    return "id " + std::to_string(static_cast<std::uint64_t>(id));
}

class Reporting : public Pair
{
  protected:
    explicit Reporting(const Options& options = {})
        : Pair(options)
    {
    }

    static IdReport ReportOf(ConnectionManager& cm, Handle id)
    {
        for (const IdReport& one : cm.Inspect().ids)
        {
            if (one.id == id)
            {
                return one;
            }
        }
        throw std::logic_error("the id is not in the report");
    }

    /** The timeline of an id, without times. */
    static std::vector<std::string> StepsOf(ConnectionManager& cm, Handle id)
    {
        std::vector<std::string> steps;
        const std::vector<TimelineEntry> entries = cm.TimelineOf(id).value();
        for (const TimelineEntry& entry : entries)
        {
            const std::string text = ToText(entry, entry.when);
            EXPECT_EQ(text.substr(0, 13), "0.000 ms ago ") << text;
            steps.push_back(text.substr(13));
        }
        return steps;
    }
};

TEST_F(Reporting, WhoBlocksMyReconnect)
{
    Establish();
    runtime.Advance(milliseconds(1500));
    Connect(); // the same QPN: REJ 10
    wire.DropAll();
    const Report report = hostB->cm.Inspect();
    ASSERT_EQ(report.peers.size(), 1U);
    const PeerReport& peer = report.peers[0];
    EXPECT_EQ(peer.caGuid, kGuidA);
    EXPECT_EQ(peer.qpn, kQpnA);
    EXPECT_EQ(peer.commId, hostA->cm.CommIdOf(a).value());
    EXPECT_EQ(peer.owner, b);
    EXPECT_FALSE(peer.aging);
    EXPECT_EQ(peer.age, milliseconds(1500));
    const IdReport id = ReportOf(hostB->cm, b);
    EXPECT_EQ(id.state, State::kEstablished);
    EXPECT_EQ(id.remoteCaGuid, kGuidA);
    EXPECT_EQ(id.remoteQpn, kQpnA);
    EXPECT_EQ(id.localQpn, kQpnB);
    EXPECT_EQ(id.remoteCommId, peer.commId);
    EXPECT_EQ(id.serviceId, kService);
    EXPECT_EQ(id.inState, milliseconds(1500));

    char expected[160];
    std::snprintf(expected,
                  sizeof expected,
                  "peer 0x0002c903000a0001 QPN 0x000101 comm id 0x%08x held by %s for 1500.000 ms",
                  peer.commId,
                  IdText(b).c_str());
    const auto lines = LinesOf(hostB->cm.Dump());
    EXPECT_EQ(std::count(lines.begin(), lines.end(), expected), 1) << hostB->cm.Dump();
}

TEST_F(Reporting, APeerInTimewaitSaysUntilWhen)
{
    ReachB(State::kTimewait);
    runtime.Advance(milliseconds(10));
    const auto peers = hostB->cm.Inspect().peers;
    ASSERT_EQ(peers.size(), 1U);
    EXPECT_TRUE(peers[0].aging);
    EXPECT_EQ(peers[0].owner, b);
    EXPECT_GT(peers[0].remaining, Duration{0});
    DestroyB(b);
    const auto after = hostB->cm.Inspect().peers;
    ASSERT_EQ(after.size(), 1U) << "the QP ages on without its id";
    EXPECT_EQ(after[0].remaining, peers[0].remaining);
    EXPECT_NE(hostB->cm.Dump().find(", TIMEWAIT ends in "), std::string::npos);
    runtime.Advance(after[0].remaining);
    EXPECT_TRUE(hostB->cm.Inspect().peers.empty());
}

TEST_F(Reporting, ExpirePeerEndsATimewaitNow)
{
    EXPECT_EQ(hostB->cm.ExpirePeer(kGuidA, kQpnA), tl::unexpected(CmError::kInvalidState));
    Establish();
    EXPECT_EQ(hostB->cm.ExpirePeer(kGuidA, kQpnA), tl::unexpected(CmError::kInvalidState))
        << "a connection that blocks it is to be destroyed first";
    ASSERT_TRUE(hostA->cm.SendDreq(a));
    Settle();
    ASSERT_TRUE(hostB->cm.SendDrep(b));
    wire.DropAll();
    ForgetRecords();
    EXPECT_EQ(hostB->cm.ExpirePeer(kGuidA, kQpnA + 1), tl::unexpected(CmError::kInvalidState));
    EXPECT_EQ(hostB->cm.ExpirePeer(kGuidA + 1, kQpnA), tl::unexpected(CmError::kInvalidState));
    ASSERT_EQ(StateB(), State::kTimewait);
    const Instant before = runtime.Now();
    EXPECT_TRUE(hostB->cm.ExpirePeer(kGuidA, kQpnA));
    EXPECT_TRUE(hostB->cm.ExpirePeer(kGuidA, kQpnA)) << "about to go: as wanted";
    runtime.Advance(Duration{0});
    EXPECT_EQ(runtime.Now(), before);
    EXPECT_EQ(StateB(), State::kIdle);
    EXPECT_EQ(hostB->consumer.TakeNames(), "TIMEWAIT_EXIT");
    EXPECT_EQ(hostB->cm.PeerRecords(), 0U);
    EXPECT_EQ(hostB->cm.ExpirePeer(kGuidA, kQpnA), tl::unexpected(CmError::kInvalidState));
    Connect(); // the same QP
    Settle();
    EXPECT_EQ(hostB->consumer.TakeNames(), "REQ_RECEIVED");
}

TEST_F(Reporting, ExpirePeerOfAnIdThatIsGone)
{
    ReachB(State::kTimewait);
    DestroyB(b);
    ASSERT_EQ(hostB->cm.PeerRecords(), 1U);
    EXPECT_TRUE(hostB->cm.ExpirePeer(kGuidA, kQpnA));
    runtime.Advance(Duration{0});
    EXPECT_EQ(hostB->cm.PeerRecords(), 0U);
}

TEST_F(Reporting, WhereTheTimeWent)
{
    listener = ListenB();
    a = Connect();
    wire.DropAll();
    runtime.Advance(milliseconds(1250)); // the REQ was lost
    Settle();
    b = Accepted();
    MraParameters mra;
    mra.serviceTimeout = 20;
    ASSERT_TRUE(hostB->cm.SendMra(b, mra));
    Settle();
    runtime.Advance(milliseconds(2000));
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    Settle();
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    Settle();
    EXPECT_EQ(StepsOf(hostA->cm, a),
              (std::vector<std::string>{
                  "sent REQ",
                  "IDLE -> REQ_SENT by send REQ",
                  "received MRA",
                  "REQ_SENT -> MRA_REQ_RCVD by MRA of REQ",
                  "told MRA_RECEIVED",
                  "handler of MRA_RECEIVED returned",
                  "received REP",
                  "MRA_REQ_RCVD -> REP_RCVD by REP",
                  "told REP_RECEIVED",
                  "handler of REP_RECEIVED returned",
                  "sent RTU",
                  "REP_RCVD -> ESTABLISHED by send RTU",
              }));
    EXPECT_EQ(StepsOf(hostB->cm, b),
              (std::vector<std::string>{
                  "received REQ",
                  "IDLE -> REQ_RCVD by REQ",
                  "told REQ_RECEIVED",
                  "handler of REQ_RECEIVED returned",
                  "sent MRA",
                  "REQ_RCVD -> MRA_REQ_SENT by send MRA",
                  "sent REP",
                  "MRA_REQ_SENT -> REP_SENT by send REP",
                  "received RTU",
                  "REP_SENT -> ESTABLISHED by RTU",
                  "told RTU_RECEIVED",
                  "handler of RTU_RECEIVED returned",
              }));
    const auto entries = hostA->cm.TimelineOf(a).value();
    EXPECT_TRUE(std::is_sorted(entries.begin(),
                               entries.end(),
                               [](const TimelineEntry& one, const TimelineEntry& other)
                               { return one.when < other.when; }));
    EXPECT_EQ(entries[6].when - entries[2].when, milliseconds(2000)) << "the peer was slow";
    EXPECT_NE(hostA->cm.Dump().find("  3250.000 ms ago sent REQ\n"), std::string::npos)
        << hostA->cm.Dump();
}

TEST_F(Reporting, TheTimelineTellsRepetitionsAndWhatWasDropped)
{
    Establish();
    ibwire::CmRep again{.localCommId = hostB->cm.CommIdOf(b).value(),
                        .remoteCommId = hostA->cm.CommIdOf(a).value(),
                        .localQpn = kQpnB};
    const std::uint64_t req = history.front().header.transactionId;
    InjectToA(again, req);
    InjectToA(ibwire::CmDreq{.localCommId = again.localCommId,
                             .remoteCommId = again.remoteCommId,
                             .remoteQpn = kQpnA + 1});
    const auto steps = StepsOf(hostA->cm, a);
    ASSERT_GE(steps.size(), 3U);
    EXPECT_EQ(std::vector<std::string>(steps.end() - 3, steps.end()),
              (std::vector<std::string>{"received REP", "sent RTU again", "dropped DREQ"}));
}

TEST_F(Reporting, WhatIsOutstandingAndWhenItIsTriedAgain)
{
    a = Connect();
    wire.DropAll();
    runtime.Advance(milliseconds(1300));
    wire.DropAll();
    const IdReport report = ReportOf(hostA->cm, a);
    ASSERT_TRUE(report.outstanding);
    EXPECT_EQ(report.outstanding->attribute, ibwire::CmAttribute::kReq);
    EXPECT_EQ(report.outstanding->progress.transmissions, 2U);
    EXPECT_EQ(report.outstanding->progress.retriesLeft, kRetries - 1U);
    EXPECT_GT(report.outstanding->progress.untilNext, milliseconds(1000));
    EXPECT_EQ(report.references, 1U) << "its creator's";
    EXPECT_FALSE(report.inHandler);
    const std::string line = LinesOf(hostA->cm.Dump()).at(0);
    EXPECT_NE(line.find(", REQ sent 2 times, 2 left, next in 11"), std::string::npos) << line;
    EXPECT_EQ(line.find(", peer "), std::string::npos) << "it is not known yet";

    const std::pair<State, ibwire::CmAttribute> others[] = {
        {State::kRepSent, ibwire::CmAttribute::kRep},
        {State::kDreqSent, ibwire::CmAttribute::kDreq},
    };
    DestroyA(a);
    wire.DropAll();
    for (const auto& [state, attribute] : others)
    {
        ReachB(state);
        const IdReport waiting = ReportOf(hostB->cm, b);
        ASSERT_TRUE(waiting.outstanding);
        EXPECT_EQ(waiting.outstanding->attribute, attribute);
        DestroyB(b);
        DestroyA(a);
        wire.DropAll();
        runtime.RunUntilIdle();
    }
}

TEST_F(Reporting, ARequestThatWaitsForItsTurnSaysSo)
{
    Handle last = Handle::kNone;
    for (std::uint32_t i = 0; i < 129; ++i) // one more than a port's window
    {
        ReqParameters parameters = Req();
        parameters.localQpn = 0x1000 + i;
        last = Connect(parameters);
    }
    wire.DropAll();
    const IdReport report = ReportOf(hostA->cm, last);
    ASSERT_TRUE(report.outstanding);
    EXPECT_TRUE(report.outstanding->progress.waiting);
    EXPECT_NE(hostA->cm.Dump().find(", REQ waits to be sent, references 1\n"), std::string::npos);
}

TEST_F(Reporting, FromInsideAHandler)
{
    listener = ListenB();
    a = Connect();
    bool asked = false;
    hostB->consumer.react = [&](ConnectionManager& cm, Handle id, const Event&)
    {
        if (!asked)
        {
            asked = true;
            InjectToB(ibwire::CmRej{.localCommId = hostA->cm.CommIdOf(a).value(),
                                    .remoteCommId = cm.CommIdOf(id).value(),
                                    .reason = ibwire::RejReason::kConsumer});
            const IdReport report = ReportOf(cm, id);
            EXPECT_TRUE(report.inHandler);
            EXPECT_EQ(report.eventsWaiting, 1U);
            EXPECT_EQ(report.references, 2U) << "the creator's and the handler's";
            const std::string text = cm.Dump();
            EXPECT_NE(text.find(", references 2, in its handler, events waiting 1\n"),
                      std::string::npos)
                << text;
        }
        return Disposition::kKeep;
    };
    Settle();
    EXPECT_TRUE(asked);
    EXPECT_EQ(hostB->consumer.TakeNames(), "REQ_RECEIVED REJ_RECEIVED");
}

TEST_F(Reporting, WhatDestroyWaitsFor)
{
    const LoopbackWire::EndTables tables = TablesC();
    LoopbackWire::End& end = wire.AddEnd(tables);
    ReliablePort port(runtime, end, 1);
    end.Attach(&port);
    TwoThreads threads(runtime);
    Recorder consumer(runtime);
    {
        ConnectionManager cm(threads, DeviceInfo{kGuidC, 10});
        ASSERT_TRUE(cm.AddPort(1, port));
        const Handle service = cm.Create(consumer).value();
        ASSERT_TRUE(cm.Listen(service, kService));
        consumer.react = [&](ConnectionManager&, Handle id, const Event& event)
        {
            if (event.type != EventType::kRejReceived)
            {
                return Disposition::kKeep;
            }
            threads.Start([&cm, id] { EXPECT_TRUE(cm.Destroy(id)); });
            EXPECT_TRUE(threads.Waited()) << "destroy must not return while the handler runs";
            runtime.Advance(milliseconds(250));
            const IdReport report = ReportOf(cm, id);
            EXPECT_TRUE(report.destroying);
            EXPECT_TRUE(report.inHandler) << "that is what it waits for";
            EXPECT_EQ(report.references, 1U);
            EXPECT_EQ(report.inState, milliseconds(250));
            const std::string text = cm.Dump();
            EXPECT_NE(text.find(IdText(id) + " being destroyed for 250.000 ms, comm id 0x"),
                      std::string::npos)
                << text;
            EXPECT_NE(text.find(", references 1, in its handler\n"), std::string::npos) << text;
            EXPECT_EQ(cm.StateOf(id), tl::unexpected(CmError::kInvalidHandle));
            return Disposition::kKeep;
        };
        ReqParameters parameters = Req();
        parameters.primaryPath.dlid = tables.lid;
        parameters.primaryPath.dgid = tables.gids[0];
        a = Connect(parameters);
        Settle();
        DestroyA(a); // REJ(timeout) to the passive side
        Settle();
        threads.Join();
        EXPECT_EQ(consumer.TakeNames(), "REQ_RECEIVED REJ_RECEIVED");
        EXPECT_EQ(cm.Inspect().ids.size(), 1U) << "only the listener is left";
        EXPECT_TRUE(cm.Destroy(service));
    }
    end.Attach(nullptr);
}

TEST_F(Reporting, OneLineAnEntryAndEachSaysWhatItIs)
{
    Establish();
    ListenB(kService + 3);
    ListenB(kService - 3);
    InjectToB(ibwire::CmRtu{.localCommId = 5, .remoteCommId = 6});
    wire.DropAll();
    const Report report = hostB->cm.Inspect();
    const std::string text = hostB->cm.Dump();
    EXPECT_EQ(text, ToText(report));
    ASSERT_FALSE(text.empty());
    EXPECT_EQ(text.back(), '\n');
    std::size_t ids = 0;
    std::size_t steps = 0;
    std::size_t peers = 0;
    std::size_t listeners = 0;
    std::size_t counters = 0;
    for (const std::string& line : LinesOf(text))
    {
        const auto begins = [&](const char* word) { return line.rfind(word, 0) == 0; };
        ids += begins("id ");
        steps += begins("  ");
        peers += begins("peer ");
        listeners += begins("listener ");
        counters += begins("counter ");
        EXPECT_TRUE(begins("id ") || begins("  ") || begins("peer ") || begins("listener ") ||
                    begins("counter "))
            << line;
    }
    EXPECT_EQ(ids, report.ids.size());
    EXPECT_EQ(ids, 4U);
    std::size_t entries = 0;
    for (const IdReport& one : report.ids)
    {
        entries += one.timeline.size();
    }
    EXPECT_EQ(steps, entries);
    EXPECT_EQ(peers, 1U);
    EXPECT_EQ(listeners, 3U);
    EXPECT_EQ(counters, 4U) << "REQ, REP, RTU, and what was discarded\n" << text;
    EXPECT_NE(text.find("counter REQ sent 0 retried 0 received 1 duplicate 0\n"),
              std::string::npos);
    EXPECT_NE(text.find("counter discarded, unknown id 1\n"), std::string::npos);
    ASSERT_EQ(report.listeners.size(), 3U);
    EXPECT_EQ(report.listeners[0].serviceId, kService - 3) << "by service id";
    EXPECT_EQ(report.listeners[2].serviceId, kService + 3);
    EXPECT_EQ(report.listeners[1].serviceMask, kExactService);
    EXPECT_EQ(report.listeners[1].id, listener);
    EXPECT_EQ(report.listeners[1].sharers, 1U);
    EXPECT_EQ(report.listeners[1].open, 0U) << "its request is complete";
}

TEST_F(Reporting, AnIdOfWhichNothingIsLeftHasNoTimeline)
{
    a = CreateA();
    EXPECT_TRUE(hostA->cm.TimelineOf(a).value().empty());
    DestroyA(a);
    EXPECT_FALSE(hostA->cm.TimelineOf(a));
    EXPECT_EQ(hostA->cm.TimelineOf(a).error(), CmError::kInvalidHandle);
    EXPECT_EQ(hostA->cm.Dump(), "");
}

Options WithDepth(std::uint8_t depth)
{
    Options options;
    options.timelineDepth = depth;
    return options;
}

class ReportingLittle : public Reporting
{
  protected:
    ReportingLittle()
        : Reporting(WithDepth(3))
    {
    }
};

TEST_F(ReportingLittle, TheRingKeepsTheLatest)
{
    Establish();
    EXPECT_EQ(StepsOf(hostA->cm, a),
              (std::vector<std::string>{"handler of REP_RECEIVED returned",
                                        "sent RTU",
                                        "REP_RCVD -> ESTABLISHED by send RTU"}));
}

class ReportingNothing : public Reporting
{
  protected:
    ReportingNothing()
        : Reporting(WithDepth(0))
    {
    }
};

TEST_F(ReportingNothing, WithoutDepthNothingIsKept)
{
    Establish();
    EXPECT_TRUE(hostA->cm.TimelineOf(a).value().empty());
    EXPECT_EQ(hostA->cm.Dump().find("\n  "), std::string::npos);
    EXPECT_EQ(ReportOf(hostA->cm, a).state, State::kEstablished);
}

/** Writes down every step as text. */
class StepTrace final : public Trace
{
  public:
    void OnTransition(const TransitionTrace& step) override
    {
        steps.push_back(std::string(ToString(step.from)) + " -> " + ToString(step.to) + " by " +
                        ToString(step.input));
        last = step;
    }

    void OnLapTransition(const LapTransitionTrace& step) override
    {
        steps.push_back(std::string("lap ") + ToString(step.from) + " -> " + ToString(step.to) +
                        " by " + ToString(step.input));
        lastLap = step;
    }

    std::vector<std::string> steps;
    TransitionTrace last{};
    LapTransitionTrace lastLap{};
};

TEST_F(Reporting, TheTraceSeesAlternatePathsToo)
{
    StepTrace trace;
    Options options;
    options.trace = &trace;
    ExtraHost traced(runtime, wire, kGuidC, TablesC(), options);
    traced.Listen();
    ReqParameters parameters = Req();
    parameters.primaryPath.dlid = kLidC;
    parameters.primaryPath.dgid = traced.gid;
    a = Connect(parameters);
    Settle();
    const Handle c = traced.consumer.accepted.at(0);
    ASSERT_TRUE(traced.cm.SendRep(c, Rep()));
    Settle();
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    Settle();
    EXPECT_EQ(trace.last.id, c);
    EXPECT_EQ(trace.last.localCommId, traced.cm.CommIdOf(c).value());
    EXPECT_EQ(trace.last.remoteCommId, hostA->cm.CommIdOf(a).value());
    trace.steps.clear();
    LapParameters lap;
    lap.alternatePath = parameters.primaryPath;
    lap.alternatePath.slid = kLidA + 1;
    ASSERT_TRUE(hostA->cm.SendLap(a, lap));
    Settle();
    ASSERT_TRUE(traced.cm.SendMra(c, MraParameters{}));
    Settle();
    ASSERT_TRUE(traced.cm.SendApr(c, AprParameters{}));
    Settle();
    EXPECT_EQ(trace.steps,
              (std::vector<std::string>{"lap UNINIT -> LAP_RCVD by LAP",
                                        "lap LAP_RCVD -> MRA_LAP_SENT by send MRA",
                                        "lap MRA_LAP_SENT -> IDLE by send APR"}));
    EXPECT_EQ(trace.lastLap.id, c);
    EXPECT_EQ(trace.lastLap.localCommId, traced.cm.CommIdOf(c).value());
    EXPECT_EQ(trace.lastLap.remoteCommId, hostA->cm.CommIdOf(a).value());
    const auto steps = StepsOf(traced.cm, c);
    EXPECT_EQ(std::count(steps.begin(), steps.end(), "alternate path UNINIT -> LAP_RCVD by LAP"),
              1);
    EXPECT_NE(traced.cm.Dump().find("ESTABLISHED/IDLE for "), std::string::npos);
}

} // namespace
} // namespace ibcm::test
