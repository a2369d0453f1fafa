// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What went wrong with the locking of a well-known Connection Manager until 2020, replayed against
// this one: patches 1 to 8 of the series "Fix locking around cm_id.state in the ib_cm". Where two
// threads must meet, the second one acts in the midst of the first (moment.h).
#include "allocation-hook.h"
#include "ibcm/model/cm-id.h"
#include "moment.h"
#include "pair.h"

#include <set>

namespace ibcm::test
{
namespace
{

using ibwire::CmRej;
using ibwire::CmReq;
using ibwire::MessageRejected;
using ibwire::RejReason;

/** The REJ of an active side that gives up before it knows the passive side's id. */
CmRej GivesUp(const CmReq& req)
{
    CmRej rej;
    rej.localCommId = req.localCommId;
    rej.messageRejected = MessageRejected::kOther;
    rej.reason = RejReason::kTimeout;
    rej.rejectInfoLength = 8;
    for (unsigned i = 0; i < 8; ++i)
    {
        rej.ari[i] = static_cast<std::uint8_t>(req.localCaGuid >> (56 - 8 * i));
    }
    return rej;
}

class SeedScenario : public Pair
{
  protected:
    explicit SeedScenario(const Options& options = {})
        : Pair(options)
    {
    }

    /** The REQ of a connection of A that exists only on the wire: the @p nth one. */
    CmReq ReqOnTheWire(unsigned nth)
    {
        if (m_model.localCommId == 0)
        {
            const Handle id = Connect();
            m_model = LastSent<CmReq>();
            wire.DropAll();
            DestroyA(id);
            wire.DropAll();
            ForgetRecords();
        }
        CmReq req = m_model;
        req.localCommId = 0x10000 + nth;
        req.localQpn = 0x1000 + nth;
        return req;
    }

    std::uint64_t DiscardedBy(const Host& host, Discard cause) const
    {
        return host.cm.Counters().discarded[static_cast<std::size_t>(cause)];
    }

    /** Whether B serves a REQ for kService; the connection is refused again. */
    bool Serves(unsigned nth)
    {
        hostB->consumer.react = [](ConnectionManager&, Handle, const Event&)
        { return Disposition::kDestroy; };
        ForgetRecords();
        InjectToB(ReqOnTheWire(nth));
        wire.DropAll();
        const bool told = hostB->consumer.TakeNames() == "REQ_RECEIVED";
        EXPECT_EQ(LastSent<CmRej>().reason,
                  told ? RejReason::kConsumer : RejReason::kInvalidServiceId);
        hostB->consumer.react = {};
        return told;
    }

  private:
    CmReq m_model;
};

// S1. The id's pointer was in the table before the id was set up: a REP for a guessed number met a
// list without a head and a reference count that was about to be overwritten. Here a number that
// is only reserved names nobody.
TEST_F(SeedScenario, S01AnIdThatIsBeingMadeIsNotFound)
{
    std::uint32_t number = 0;
    {
        Moment moment(runtime);
        moment.At(SyncKind::kPublish,
                  "publish",
                  [&]
                  {
                      ASSERT_NE(moment.LastId(), nullptr);
                      number = moment.LastId()->localCommId;
                      ibwire::CmRep rep;
                      rep.localCommId = 7;
                      rep.remoteCommId = number;
                      rep.localQpn = kQpnB;
                      InjectToA(rep);
                      CmRej rej;
                      rej.remoteCommId = number;
                      rej.reason = RejReason::kConsumer;
                      InjectToA(rej);
                      ibwire::CmMra mra;
                      mra.localCommId = 7;
                      mra.remoteCommId = number;
                      InjectToA(mra);
                      ibwire::CmSidrRep sidr;
                      sidr.requestId = number;
                      InjectToA(sidr);
                  });
        a = CreateA();
    }
    EXPECT_EQ(hostA->cm.CommIdOf(a), number);
    EXPECT_EQ(DiscardedBy(*hostA, Discard::kUnknownId), 4U);
    EXPECT_EQ(LastSent<CmRej>().reason, RejReason::kInvalidCommId);
    EXPECT_EQ(hostA->consumer.TakeNames(), "");
    EXPECT_EQ(hostA->cm.StateOf(a), State::kIdle);
    wire.DropAll();
    // It is as good as any other, and goes with one signal.
    ListenB();
    ASSERT_TRUE(hostA->cm.SendReq(a, Req()));
    Settle();
    ASSERT_TRUE(hostB->cm.SendRep(Accepted(), Rep()));
    Settle();
    EXPECT_EQ(hostA->consumer.TakeNames(), "REP_RECEIVED");
    DestroyA(a);
}

/** Few places for ids, so that they are used again soon. */
class SeedScenarioFewIds : public SeedScenario
{
  protected:
    static Options Few()
    {
        Options options;
        options.limits.maxIds = 3;
        return options;
    }

    SeedScenarioFewIds()
        : SeedScenario(Few())
    {
    }
};

// S1b. The allocator of numbers answered 1 when it wrapped, and that was taken for an error: the
// 2^32nd id was a wild pointer. Numbers here are a place and its generation: they wrap after 256
// users of one place, which must be no event at all.
TEST_F(SeedScenarioFewIds, S01bNumbersWrapWithoutNotice)
{
    std::set<Handle> handles;
    std::vector<std::uint32_t> numbers;
    for (unsigned i = 0; i < 1200; ++i)
    {
        const auto id = hostA->cm.Create(hostA->consumer);
        ASSERT_TRUE(id) << "the " << i << "th id";
        EXPECT_TRUE(handles.insert(*id).second) << "a handle came again";
        numbers.push_back(hostA->cm.CommIdOf(*id).value());
        EXPECT_NE(numbers.back(), 0U);
        DestroyA(*id);
    }
    // Three places: a number comes again after 3 * 255 others at the earliest.
    constexpr std::size_t kApart = 3 * 255 - 3;
    for (std::size_t i = 0; i + kApart <= numbers.size(); ++i)
    {
        const std::set<std::uint32_t> stretch(numbers.begin() + static_cast<std::ptrdiff_t>(i),
                                              numbers.begin() +
                                                  static_cast<std::ptrdiff_t>(i + kApart));
        ASSERT_EQ(stretch.size(), kApart) << "a number came again too soon after " << i;
    }
    const Handle full[] = {CreateA(), CreateA(), CreateA()};
    EXPECT_EQ(std::set(std::begin(full), std::end(full)).size(), 3U);
    EXPECT_EQ(hostA->cm.Create(hostA->consumer), tl::unexpected(CmError::kNoResources));
}

// S2. The second user's handler was compared with itself, so that a stranger shared the first
// user's listener and its requests went to the wrong handler. Sharing needs the same handler, and a
// first user who meant to share.
TEST_F(SeedScenario, S02AListenerIsSharedByOneHandlerOnly)
{
    Recorder stranger(runtime);
    const auto first = hostB->cm.ListenShared(hostB->consumer, kService);
    ASSERT_TRUE(first);
    const std::size_t ids = hostB->cm.LiveIds();
    EXPECT_EQ(hostB->cm.ListenShared(stranger, kService),
              tl::unexpected(CmError::kInvalidArgument));
    EXPECT_EQ(hostB->cm.LiveIds(), ids) << "the refused listener's id";
    EXPECT_EQ(hostB->cm.ListenShared(hostB->consumer, kService), first);
    EXPECT_EQ(hostB->cm.Inspect().listeners.at(0).sharers, 2U);
    DestroyB(*first);
    EXPECT_TRUE(Serves(1));
    DestroyB(*first);
    EXPECT_FALSE(Serves(2));
    EXPECT_EQ(hostB->cm.Destroy(*first), tl::unexpected(CmError::kInvalidHandle));
    EXPECT_EQ(stranger.TakeNames(), "");
}

TEST_F(SeedScenario, S02AListenerOfOnesOwnIsNotShared)
{
    ListenB();
    const std::size_t ids = hostB->cm.LiveIds();
    EXPECT_EQ(hostB->cm.ListenShared(hostB->consumer, kService),
              tl::unexpected(CmError::kInvalidArgument));
    EXPECT_EQ(hostB->cm.LiveIds(), ids);
}

// S3a. The error path of the REQ handler freed the record of the peer without the id's lock, while
// a REJ of the same peer reset the id and freed it, too. Here one of both does, whatever the
// moment: the fixture counts lives, AddressSanitizer bytes.
TEST_F(SeedScenario, S03aTheRecordOfARefusedReqIsFreedOnce)
{
    ListenB();
    const unsigned moments = ForEachMoment(
        [&](unsigned nth)
        {
            CmReq req = ReqOnTheWire(nth);
            req.primaryRemoteGid = ibwire::Gid::From(ibwire::kDefaultGidPrefix, 0x4711);
            ForgetRecords();
            Moment moment(runtime);
            moment.AtAny(nth, [&] { InjectToB(GivesUp(req)); });
            InjectToB(req);
            const bool happened = moment.Withdraw();
            wire.DropAll();
            EXPECT_EQ(LastSent<CmRej>().reason, RejReason::kPrimaryRemoteGid);
            EXPECT_EQ(TakeSent(), "B>REJ") << "at " << moment.Where();
            EXPECT_EQ(hostB->consumer.TakeNames(), "") << "at " << moment.Where();
            EXPECT_EQ(hostB->cm.PeerRecords(), 0U);
            return happened;
        });
    EXPECT_GE(moments, 2U);
}

// The same where the REQ is taken, and the consumer is the one who cannot go on.
TEST_F(SeedScenario, S03aTheRecordOfADroppedReqIsFreedOnce)
{
    ListenB();
    hostB->consumer.react = [](ConnectionManager&, Handle, const Event& event)
    {
        return event.type == EventType::kReqReceived ? Disposition::kDestroyNoMemory
                                                     : Disposition::kKeep;
    };
    const std::size_t ids = hostB->cm.LiveIds();
    const unsigned moments = ForEachMoment(
        [&](unsigned nth)
        {
            const CmReq req = ReqOnTheWire(nth);
            ForgetRecords();
            Moment moment(runtime);
            moment.AtAny(nth, [&] { InjectToB(GivesUp(req)); });
            InjectToB(req);
            const bool happened = moment.Withdraw();
            EXPECT_EQ(hostB->consumer.TakeNames(), "REQ_RECEIVED") << "at " << moment.Where();
            EXPECT_EQ(TakeSent(), "") << "at " << moment.Where();
            EXPECT_EQ(hostB->cm.LiveIds(), ids);
            EXPECT_EQ(hostB->cm.PeerRecords(), 0U) << "at " << moment.Where();
            return happened;
        });
    EXPECT_GE(moments, 10U);
}

// S3b. Destroying an established XRC target freed nothing: the record stayed in the trees, of an
// id that no longer was. Here the peer is forgotten at once, and may come again.
TEST_F(SeedScenario, S03bADestroyedXrcTargetForgetsItsPeer)
{
    ListenB();
    ReqParameters parameters = Req();
    parameters.qpType = QpType::kXrcInitiator;
    a = Connect(parameters);
    const CmReq req = LastSent<CmReq>();
    Settle();
    b = Accepted();
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    Settle();
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    Settle();
    ASSERT_EQ(StateB(), State::kEstablished);
    ForgetRecords();
    DestroyB(b);
    EXPECT_EQ(TakeSent(), "") << "an XRC target goes without a word";
    EXPECT_EQ(hostB->cm.PeerRecords(), 0U);
    InjectToB(req, 78);
    EXPECT_EQ(hostB->consumer.TakeNames(), "REQ_RECEIVED");
    EXPECT_EQ(TakeSent(), "") << "neither a repetition nor stale";
}

// S3c. A REQ that failed left its record behind, and the second try lost it. Here a refused call
// leaves nothing, and the id is as good as before.
TEST_F(SeedScenario, S03cAReqThatFailsLeavesNothingBehind)
{
    ListenB();
    a = CreateA();
    const std::size_t living = life.Living();
    ReqParameters parameters = Req();
    parameters.primaryPath.sgid = ibwire::Gid::From(ibwire::kDefaultGidPrefix, 0x4711);
    EXPECT_EQ(hostA->cm.SendReq(a, parameters), tl::unexpected(CmError::kNoPort));
    EXPECT_EQ(life.Living(), living);
    parameters = Req();
    parameters.primaryPath.pkey = 0x1234;
    EXPECT_EQ(hostA->cm.SendReq(a, parameters), tl::unexpected(CmError::kNoPkey));
    hostA->end.SetDown(true);
    EXPECT_EQ(hostA->cm.SendReq(a, Req()), tl::unexpected(CmError::kSendFailed));
    hostA->end.SetDown(false);
    EXPECT_EQ(life.Living(), living);
    EXPECT_EQ(hostA->cm.PeerRecords(), 0U);
    ASSERT_TRUE(hostA->cm.SendReq(a, Req()));
    Settle();
    EXPECT_EQ(hostB->consumer.TakeNames(), "REQ_RECEIVED");
}

// S4 hardened destroy with assertions, which here are on in each test: a listener is in the table
// exactly as long as it has users, in whatever order they come and go.
TEST_F(SeedScenario, S04ListenersComeAndGoInAnyOrder)
{
    constexpr unsigned kSteps = 7;
    unsigned nth = 0;
    for (unsigned path = 0; path < (1U << kSteps); ++path)
    {
        std::vector<Handle> users;
        for (unsigned step = 0; step < kSteps; ++step)
        {
            if ((path >> step & 1U) == 0)
            {
                const auto id = hostB->cm.ListenShared(hostB->consumer, kService);
                ASSERT_TRUE(id);
                EXPECT_TRUE(users.empty() || users.front() == *id);
                users.push_back(*id);
            }
            else if (!users.empty())
            {
                DestroyB(users.back());
                users.pop_back();
            }
            const Report report = hostB->cm.Inspect();
            ASSERT_EQ(report.listeners.size(), users.empty() ? 0U : 1U);
            ASSERT_TRUE(users.empty() || report.listeners[0].sharers == users.size());
            ASSERT_EQ(hostB->cm.LiveIds(), report.listeners.size());
        }
        ASSERT_EQ(Serves(++nth), !users.empty());
        for (const Handle id : users)
        {
            DestroyB(id);
        }
    }
}

// S5. Listen looked at the state without the id's lock: with a REQ sent in between, one id was in
// the tree of listeners and had a REQ out, and destroying it hung. One of both calls is refused.
TEST_F(SeedScenario, S05ListenAndSendReqExcludeEachOther)
{
    for (const bool listenFirst : {true, false})
    {
        const unsigned moments = ForEachMoment(
            [&](unsigned nth)
            {
                const Handle id = CreateA();
                bool listens = false;
                bool asks = false;
                const auto listen = [&] { listens = hostA->cm.Listen(id, kService).has_value(); };
                const auto ask = [&] { asks = hostA->cm.SendReq(id, Req()).has_value(); };
                Moment moment(runtime);
                listenFirst ? moment.AtAny(nth, ask) : moment.AtAny(nth, listen);
                listenFirst ? listen() : ask();
                const bool happened = moment.Withdraw();
                EXPECT_EQ(listens + asks, 1) << "at " << moment.Where();
                EXPECT_EQ(hostA->cm.StateOf(id), listens ? State::kListen : State::kReqSent);
                EXPECT_EQ(hostA->cm.Inspect().listeners.size(), listens ? 1U : 0U);
                EXPECT_EQ(hostA->port.Outstanding(), asks ? 1U : 0U);
                const Instant before = runtime.Now();
                DestroyA(id);
                EXPECT_EQ(runtime.Now(), before) << "destroying waits for nothing";
                EXPECT_EQ(hostA->port.Outstanding(), 0U);
                wire.DropAll();
                return happened;
            });
        EXPECT_GE(moments, 3U);
    }
}

// A collision set LISTEN for a moment, and a destroy in that moment took out a node that was not
// in. Here an id that may not listen has never been in LISTEN.
TEST_F(SeedScenario, S05AListenThatCollidesWasNeverInListen)
{
    ListenB();
    const unsigned moments = ForEachMoment(
        [&](unsigned nth)
        {
            const Handle id = CreateB();
            Moment moment(runtime);
            moment.AtAny(nth, [&] { EXPECT_EQ(hostB->cm.StateOf(id), State::kIdle); });
            EXPECT_EQ(hostB->cm.Listen(id, kService), tl::unexpected(CmError::kAddressInUse));
            const bool happened = moment.Withdraw();
            EXPECT_EQ(hostB->cm.Inspect().listeners.size(), 1U);
            DestroyB(id);
            return happened;
        });
    EXPECT_GE(moments, 2U);
    EXPECT_TRUE(Serves(1)) << "the first listener is still there";
}

// S5b. The rework of patch 5 lost the id of a shared listener when its service id was a reserved
// one.
TEST_F(SeedScenario, S05bAReservedServiceIdLeavesNoId)
{
    const std::size_t living = life.Living();
    const auto reserved = kAssignServiceId | 5;
    EXPECT_EQ(hostB->cm.ListenShared(hostB->consumer, reserved),
              tl::unexpected(CmError::kInvalidArgument));
    EXPECT_EQ(hostB->cm.LiveIds(), 0U);
    EXPECT_EQ(life.Living(), living);
    const Handle id = CreateB();
    EXPECT_EQ(hostB->cm.Listen(id, reserved), tl::unexpected(CmError::kInvalidArgument));
    EXPECT_EQ(hostB->cm.StateOf(id), State::kIdle);
}

/** Room for one listener at each host. */
class SeedScenarioOneListener : public SeedScenario
{
  protected:
    static Options One()
    {
        Options options;
        options.limits.maxListeners = 1;
        return options;
    }

    SeedScenarioOneListener()
        : SeedScenario(One())
    {
    }
};

// The same where the service id is a good one, and it is the table that refuses.
TEST_F(SeedScenarioOneListener, S05bARefusedSharedListenerLeavesNoId)
{
    ListenB(kService + 1);
    const std::size_t living = life.Living();
    EXPECT_EQ(hostB->cm.ListenShared(hostB->consumer, kService),
              tl::unexpected(CmError::kNoResources));
    EXPECT_EQ(hostB->cm.LiveIds(), 1U);
    EXPECT_EQ(life.Living(), living);
}

// And where another thread is first with the same service: both share one listener, and the id that
// came too late is gone.
TEST_F(SeedScenario, S05bTwoWhoShareAtOnceGetOneListener)
{
    const unsigned moments = ForEachMoment(
        [&](unsigned nth)
        {
            Result<Handle> inner = Handle::kNone;
            Moment moment(runtime);
            moment.AtAny(nth, [&] { inner = hostB->cm.ListenShared(hostB->consumer, kService); });
            const auto outer = hostB->cm.ListenShared(hostB->consumer, kService);
            const bool happened = moment.Withdraw();
            EXPECT_TRUE(outer) << "at " << moment.Where();
            EXPECT_TRUE(!happened || inner == outer) << "at " << moment.Where();
            EXPECT_EQ(hostB->cm.LiveIds(), 1U) << "at " << moment.Where();
            EXPECT_EQ(hostB->cm.Inspect().listeners.at(0).sharers, happened ? 2U : 1U);
            for (unsigned users = happened ? 2 : 1; users > 0; --users)
            {
                DestroyB(outer.value());
            }
            EXPECT_EQ(hostB->cm.LiveIds(), 0U);
            return happened;
        });
    EXPECT_GE(moments, 5U);
}

/** Checks that each step of an id begins where the last one ended. */
class ChainTrace final : public Trace
{
  public:
    void OnTransition(const TransitionTrace& step) override
    {
        ++steps;
        const auto [at, first] = m_states.try_emplace(step.localCommId, State::kIdle);
        EXPECT_EQ(step.from, at->second) << "the trace shows a state of another moment";
        at->second = step.to;
        last = step;
    }

    unsigned steps{0};
    TransitionTrace last{};

  private:
    std::map<std::uint32_t, State> m_states; ///< by number: both hosts are traced
};

class SeedScenarioTraced : public SeedScenario
{
  protected:
    static Options Traced(ChainTrace& trace)
    {
        Options options;
        options.trace = &trace;
        return options;
    }

    SeedScenarioTraced()
        : SeedScenarioTraced(std::make_unique<ChainTrace>())
    {
    }

    explicit SeedScenarioTraced(std::unique_ptr<ChainTrace> trace)
        : SeedScenario(Traced(*trace)),
          m_trace(std::move(trace))
    {
    }

    const std::unique_ptr<ChainTrace> m_trace;
};

// S6. A debug line was printed after the unlock and could show a later state. What this core traces
// is said under the lock: whatever comes in between, each step follows on the last.
TEST_F(SeedScenarioTraced, S06TheTraceShowsTheStateOfItsStep)
{
    hostB->cm.Create(hostB->consumer)
        .map([&](Handle id) { created.emplace_back(hostB.get(), id); });
    listener = created.back().second;
    ASSERT_TRUE(hostB->cm.Listen(listener, kService));
    ForEachMoment(
        [&](unsigned nth)
        {
            const CmReq req = ReqOnTheWire(nth);
            Moment moment(runtime);
            moment.AtAny(nth, [&] { InjectToB(GivesUp(req)); });
            InjectToB(req);
            const bool happened = moment.Withdraw();
            return happened;
        });
    EXPECT_GE(m_trace->steps, 10U);
}

/** A service that answers questions for its QP. */
class SeedScenarioSidr : public SeedScenario
{
  protected:
    ibwire::CmSidrReq Question(std::uint32_t requestId) const
    {
        ibwire::CmSidrReq req;
        req.requestId = requestId;
        req.pkey = 0xffff;
        req.serviceId = kService;
        return req;
    }
};

// S7. The service id was copied too late, so that the refusal named service 0: clients that look at
// it took it for the answer to another question and asked on. Each status names both ids.
TEST_F(SeedScenarioSidr, S07EveryAnswerNamesTheServiceThatWasAskedFor)
{
    InjectToB(Question(0x77), 0x1234567890);
    EXPECT_EQ(LastSent<ibwire::CmSidrRep>().status, ibwire::SidrStatus::kServiceNotSupported);
    EXPECT_EQ(LastSent<ibwire::CmSidrRep>().requestId, 0x77U);
    EXPECT_EQ(LastSent<ibwire::CmSidrRep>().serviceId, kService);
    EXPECT_EQ(sent.back().header.transactionId, 0x1234567890U);
    EXPECT_EQ(hostB->cm.LiveIds(), 0U);

    ListenB();
    for (std::uint8_t status = 0; status <= 5; ++status)
    {
        InjectToB(Question(0x100U + status));
        const Handle id = hostB->consumer.Last().id;
        created.emplace_back(hostB.get(), id);
        SidrRepParameters answer;
        answer.status = static_cast<ibwire::SidrStatus>(status);
        ASSERT_TRUE(hostB->cm.SendSidrRep(id, answer));
        EXPECT_EQ(LastSent<ibwire::CmSidrRep>().status, answer.status);
        EXPECT_EQ(LastSent<ibwire::CmSidrRep>().requestId, 0x100U + status);
        EXPECT_EQ(LastSent<ibwire::CmSidrRep>().serviceId, kService);
    }
    // And that of a consumer who just lets go.
    InjectToB(Question(0x200));
    DestroyB(hostB->consumer.Last().id);
    EXPECT_EQ(LastSent<ibwire::CmSidrRep>().status, ibwire::SidrStatus::kRejected);
    EXPECT_EQ(LastSent<ibwire::CmSidrRep>().requestId, 0x200U);
    EXPECT_EQ(LastSent<ibwire::CmSidrRep>().serviceId, kService);
}

// The id that a question makes was in the table while its state was set without its lock. Here no
// message reaches it before it is complete, and none has a row for it afterwards.
TEST_F(SeedScenarioSidr, S07NoMessageReachesTheIdOfAQuestion)
{
    ListenB();
    ForEachMoment(
        [&](unsigned nth)
        {
            ForgetRecords();
            Moment moment(runtime);
            moment.AtAny(nth,
                         [&]
                         {
                             if (moment.LastId() == nullptr)
                             {
                                 return;
                             }
                             CmRej rej;
                             rej.remoteCommId = moment.LastId()->localCommId;
                             rej.localCommId = 0x300 + nth;
                             rej.messageRejected = MessageRejected::kOther;
                             rej.reason = RejReason::kConsumer;
                             InjectToB(rej);
                             ibwire::CmDreq dreq;
                             dreq.remoteCommId = rej.remoteCommId;
                             dreq.localCommId = rej.localCommId;
                             InjectToB(dreq);
                         });
            InjectToB(Question(0x300 + nth));
            const bool happened = moment.Withdraw();
            EXPECT_EQ(hostB->consumer.TakeNames(), "SIDR_REQ_RECEIVED") << moment.Where();
            const Handle id = hostB->cm.Inspect().ids.back().id;
            EXPECT_EQ(hostB->cm.StateOf(id), State::kSidrReqRcvd) << moment.Where();
            EXPECT_TRUE(hostB->cm.SendSidrRep(id, {}));
            DestroyB(id);
            wire.DropAll();
            return happened;
        });
}

// S7b. A question that comes again while it is open is one question; after the answer it is a new
// one, as nothing is kept of it.
TEST_F(SeedScenarioSidr, S07bARepeatedQuestionIsToldOnce)
{
    ListenB();
    InjectToB(Question(5));
    InjectToB(Question(5));
    EXPECT_EQ(hostB->consumer.told.size(), 1U);
    const auto kind = KindOf(ibwire::CmAttribute::kSidrReq);
    EXPECT_EQ(hostB->cm.Counters().duplicates[kind], 1U);
    const Handle id = hostB->consumer.Last().id;
    created.emplace_back(hostB.get(), id);
    ASSERT_TRUE(hostB->cm.SendSidrRep(id, {}));
    InjectToB(Question(5));
    ASSERT_EQ(hostB->consumer.told.size(), 2U);
    EXPECT_NE(hostB->consumer.Last().id, id);
    EXPECT_EQ(hostB->cm.Counters().duplicates[kind], 1U);
    DestroyB(hostB->consumer.Last().id);
}

// S8a. The REQ handler went on setting up an id that others could find by its peer: a REJ(timeout)
// in between freed its record and reset its state. The cure then lost that REJ, so that the
// passive side waited for nothing. Here it is kept, and told after the REQ.
TEST_F(SeedScenario, S08aARejThatMeetsAnUnfinishedIdIsToldAfterItsReq)
{
    ListenB();
    const CmReq req = ReqOnTheWire(1);
    std::vector<State> states;
    hostB->consumer.react = [&](ConnectionManager& manager, Handle id, const Event&)
    {
        states.push_back(manager.StateOf(id).value());
        return Disposition::kKeep;
    };
    {
        Moment moment(runtime);
        moment.BeforeLock("cm-id", [&] { InjectToB(GivesUp(req)); });
        InjectToB(req);
        EXPECT_NE(moment.LastId(), nullptr)
            << "the moment lies before the id, not inside its making";
    }
    EXPECT_EQ(hostB->consumer.TakeNames(), "REQ_RECEIVED REJ_RECEIVED");
    EXPECT_EQ(states, (std::vector{State::kIdle, State::kIdle}));
    EXPECT_EQ(TakeSent(), "");
    EXPECT_EQ(hostB->cm.PeerRecords(), 0U);
}

// The same at each moment of the handler: never an event before REQ_RECEIVED, never a lost record.
TEST_F(SeedScenario, S08aARejAtAnyMomentComesAfterTheReqOrNotAtAll)
{
    ListenB();
    unsigned told = 0;
    ForEachMoment(
        [&](unsigned nth)
        {
            const CmReq req = ReqOnTheWire(nth);
            ForgetRecords();
            Moment moment(runtime);
            moment.AtAny(nth, [&] { InjectToB(GivesUp(req)); });
            InjectToB(req);
            const bool happened = moment.Withdraw();
            const std::string names = hostB->consumer.TakeNames();
            const bool heard = names == "REQ_RECEIVED REJ_RECEIVED";
            EXPECT_TRUE(heard || names == "REQ_RECEIVED") << names << " at " << moment.Where();
            EXPECT_EQ(hostB->cm.StateOf(Accepted()), heard ? State::kIdle : State::kReqRcvd);
            EXPECT_EQ(hostB->cm.PeerRecords(), heard ? 0U : 1U);
            DestroyB(Accepted());
            hostB->consumer.accepted.clear();
            wire.DropAll();
            told += heard ? 1 : 0;
            return happened;
        });
    EXPECT_GE(told, 8U);
}

// S8b. A REJ that names the id itself (a guess) hit between its state and its count of events: the
// handler was called before it was set, and twice at once.
TEST_F(SeedScenario, S08bAGuessedNumberDoesNotReachAnUnfinishedId)
{
    ListenB();
    ForEachMoment(
        [&](unsigned nth)
        {
            const CmReq req = ReqOnTheWire(nth);
            ForgetRecords();
            bool before = true;
            hostB->consumer.react = [&](ConnectionManager&, Handle, const Event&)
            {
                before = false;
                return Disposition::kKeep;
            };
            Moment moment(runtime);
            moment.AtAny(nth,
                         [&]
                         {
                             if (moment.LastId() == nullptr)
                             {
                                 return;
                             }
                             CmRej rej;
                             rej.localCommId = req.localCommId;
                             rej.remoteCommId = moment.LastId()->localCommId;
                             rej.messageRejected = MessageRejected::kOther;
                             rej.reason = RejReason::kConsumer;
                             InjectToB(rej);
                             EXPECT_TRUE(!before || hostB->consumer.told.empty())
                                 << "something was told before REQ_RECEIVED";
                         });
            InjectToB(req);
            const bool happened = moment.Withdraw();
            const std::string names = hostB->consumer.TakeNames();
            EXPECT_TRUE(names == "REQ_RECEIVED REJ_RECEIVED" || names == "REQ_RECEIVED")
                << names << " at " << moment.Where();
            DestroyB(Accepted());
            hostB->consumer.accepted.clear();
            wire.DropAll();
            return happened;
        });
}

// S8c. A copy of the REQ in the same gap: no second id, and no count, as nobody can say yet what
// became of the first.
TEST_F(SeedScenario, S08cACopyOfTheReqMeetsAnUnfinishedId)
{
    ListenB();
    const CmReq req = ReqOnTheWire(1);
    {
        Moment moment(runtime);
        moment.BeforeLock("cm-id", [&] { InjectToB(req); });
        InjectToB(req);
    }
    EXPECT_EQ(hostB->consumer.TakeNames(), "REQ_RECEIVED");
    EXPECT_EQ(hostB->cm.LiveIds(), 2U);
    EXPECT_EQ(hostB->cm.Counters().duplicates[KindOf(ibwire::CmAttribute::kReq)], 0U);
    EXPECT_EQ(TakeSent(), "");
    // At any moment there is one id.
    ForEachMoment(
        [&](unsigned nth)
        {
            const CmReq next = ReqOnTheWire(1 + nth);
            ForgetRecords();
            const std::size_t ids = hostB->cm.LiveIds();
            Moment moment(runtime);
            moment.AtAny(nth, [&] { InjectToB(next); });
            InjectToB(next);
            const bool happened = moment.Withdraw();
            EXPECT_EQ(hostB->consumer.TakeNames(), "REQ_RECEIVED") << moment.Where();
            EXPECT_EQ(hostB->cm.LiveIds(), ids + 1) << moment.Where();
            return happened;
        });
}

// S8d. Publication allocated, and could sleep, with a lock held. Nothing of the way of a REQ to its
// consumer allocates under a lock, nor of the answers.
TEST_F(SeedScenario, S08dNothingIsAllocatedUnderALock)
{
    // All memory that is kept is made once: tables, the port's sends, the wire.
    for (unsigned i = 0; i < 40; ++i)
    {
        Establish();
        DestroyA(a);
        Settle();
        DestroyB(b);
        runtime.RunUntilIdle();
        created.clear();
        created.emplace_back(hostB.get(), listener);
        hostB->consumer.accepted.clear();
    }
    wire.SetTap({}); // the fixture's notes are taken under the port's lock
    wire.Reserve(64);
    std::size_t allocations = 0;
    {
        const AllocationHook hook(runtime);
        a = Connect();
        wire.DeliverAll();
        b = Accepted();
        EXPECT_TRUE(hostB->cm.SendMra(b, {}));
        wire.DeliverAll();
        EXPECT_TRUE(hostB->cm.SendRep(b, Rep()));
        wire.DeliverAll();
        EXPECT_TRUE(hostA->cm.SendRtu(a));
        wire.DeliverAll();
        EXPECT_TRUE(hostA->cm.SendDreq(a));
        wire.DeliverAll();
        EXPECT_TRUE(hostB->cm.SendDrep(b));
        wire.DeliverAll();
        EXPECT_GT(hook.Others(), 0U) << "the hook sees nothing at all";
        EXPECT_EQ(hook.Allocations(), 0U) << "the first of " << hook.FirstBytes() << " bytes";
        allocations = hook.Allocations();
    }
    EXPECT_EQ(allocations, 0U);
    EXPECT_EQ(StateA(), State::kTimewait);
    EXPECT_EQ(StateB(), State::kTimewait);
}

} // namespace
} // namespace ibcm::test
