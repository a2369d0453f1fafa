// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Patches 9 to 14 of the series "Fix locking around cm_id.state in the ib_cm", replayed: what
// destroying and answering did when a message came in the midst of them. Patch 15, destroy x
// message x moment, is a matrix of its own: destroy_moments_test.cc.
#include "ibcm/model/cm-id.h"
#include "moment.h"
#include "pair.h"

#include <algorithm>

namespace ibcm::test
{
namespace
{

using ibwire::CmRej;
using ibwire::CmReq;
using ibwire::MessageRejected;
using ibwire::RejReason;

class SeedScenarioEnds : public Pair
{
  protected:
    /** Ends this pair of ids, whatever they are in, and lets all that ages age. */
    void Clear()
    {
        hostA->consumer.react = {};
        hostB->consumer.react = {};
        (void)hostA->cm.Destroy(a);
        (void)hostB->cm.Destroy(b);
        wire.DropAll();
        runtime.RunUntilIdle();
        wire.DropAll();
        ForgetRecords();
    }

    /** Delivers and lets time pass until both sides are at rest; B answers DREQs. */
    void RunToRest()
    {
        for (unsigned i = 0; i < 12; ++i)
        {
            Settle();
            (void)hostA->cm.SendDrep(a);
            (void)hostB->cm.SendDrep(b);
            Settle();
            runtime.Advance(std::chrono::seconds(2));
        }
    }

    /** REP_SENT at B, REQ_SENT at A, the REP on the wire. */
    void ReachRepUnderWay()
    {
        ReachA(State::kReqSent);
        ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
        sent.clear();
    }

    /** The latest message of a side that ends something: REJ, DREQ or DREP; else its last. */
    std::string LastWord(std::size_t side) const
    {
        const auto mad = std::find_if(
            sent.rbegin(), sent.rend(), [&](const SentMad& one) { return one.from == side; });
        return mad == sent.rend()
                   ? ""
                   : std::string(ibwire::ToString(ibwire::AttributeOf(mad->message)));
    }
};

// S9. The state was peeked at without its lock when a REQ came again, next to an answer under way.
// The copy is seen before the answer or after it, never in between: the answer once, or twice.
class SeedScenarioCopies : public SeedScenarioEnds
{
  protected:
    /** A REQ that B has told of; its copies are under this transaction. */
    void Ask(unsigned nth)
    {
        ReqParameters parameters = Req();
        parameters.localQpn = kQpnA + nth;
        a = Connect(parameters);
        m_req = LastSent<CmReq>();
        m_transaction = sent.back().header.transactionId;
        Settle();
        b = Accepted();
        ForgetRecords();
    }

    void Copy()
    {
        InjectToB(m_req, m_transaction);
    }

    struct Answer
    {
        std::function<void()> send;
        const char* before; ///< sent if the copy comes before it
        const char* after;
        bool mayNest; ///< may run while the copy is being handled
    };

    std::vector<Answer> Answers()
    {
        return {
            {[this] { EXPECT_TRUE(hostB->cm.SendRep(b, Rep())); }, "B>REP", "B>REP B>REP", true},
            {[this] { EXPECT_TRUE(hostB->cm.SendMra(b, {})); }, "B>MRA", "B>MRA B>MRA", true},
            {[this] { EXPECT_TRUE(hostB->cm.SendRej(b, RejReason::kConsumer)); },
             "B>REJ",
             "B>REJ",
             true},
            {[this] { DestroyB(b); }, "B>REJ", "B>REJ", false},
        };
    }

    void Check(const Answer& answer, const std::string& where)
    {
        const std::string names = TakeSent();
        m_before += names == answer.before ? 1 : 0;
        m_after += names == answer.after ? 1 : 0;
        EXPECT_TRUE(names == answer.before || names == answer.after) << names << " at " << where;
        // A copy that comes after a REJ is a request as good as any.
        EXPECT_TRUE(hostB->consumer.told.empty() ||
                    hostB->consumer.told[0].event.type == EventType::kReqReceived)
            << where;
        for (const Told& one : hostB->consumer.told)
        {
            EXPECT_TRUE(hostB->cm.Destroy(one.id));
        }
    }

    unsigned m_before{0};
    unsigned m_after{0};

  private:
    CmReq m_req;
    std::uint64_t m_transaction{0};
};

TEST_F(SeedScenarioCopies, S09ACopyOfTheReqInTheMidstOfItsAnswer)
{
    listener = ListenB();
    unsigned qpn = 0;
    for (const Answer& answer : Answers())
    {
        m_before = 0;
        m_after = 0;
        ForEachMoment(
            [&](unsigned nth)
            {
                Ask(++qpn);
                Moment moment(runtime);
                moment.AtAny(nth, [&] { Copy(); });
                answer.send();
                const bool happened = moment.Withdraw();
                Check(answer, moment.Where());
                Clear();
                return happened;
            });
        EXPECT_GE(m_before, 2U);
        EXPECT_GE(m_after, 1U);
    }
}

TEST_F(SeedScenarioCopies, S09AnAnswerInTheMidstOfACopyOfTheReq)
{
    listener = ListenB();
    unsigned qpn = 0;
    for (const Answer& answer : Answers())
    {
        if (!answer.mayNest)
        {
            continue; // it would wait for the copy, which stands still here
        }
        ForEachMoment(
            [&](unsigned nth)
            {
                Ask(++qpn);
                Moment moment(runtime);
                moment.AtAny(nth, answer.send);
                Copy();
                const bool happened = moment.Withdraw();
                if (happened)
                {
                    Check(answer, moment.Where());
                }
                Clear();
                return happened;
            });
    }
}

// After an MRA the copy is due one, until the REP is out: never an MRA that comes after the REP.
TEST_F(SeedScenarioCopies, S09ACopyIsNotAnsweredByAStateThatIsOver)
{
    listener = ListenB();
    unsigned qpn = 0;
    ForEachMoment(
        [&](unsigned nth)
        {
            Ask(++qpn);
            EXPECT_TRUE(hostB->cm.SendMra(b, {}));
            wire.DropAll();
            sent.clear();
            Moment moment(runtime);
            moment.AtAny(nth, [&] { EXPECT_TRUE(hostB->cm.SendRep(b, Rep())); });
            Copy();
            const bool happened = moment.Withdraw();
            const std::string names = TakeSent();
            EXPECT_TRUE(names == (happened ? "B>REP B>REP" : "B>MRA") || names == "B>MRA B>REP")
                << names << " at " << moment.Where();
            Clear();
            return happened;
        });
}

/** Sees that whoever touches a field of an id, or the table, holds its lock. */
class LockWatch final : public Observer
{
  public:
    explicit LockWatch(StepRuntime& runtime)
        : m_runtime(runtime),
          m_next(runtime.GetObserver())
    {
        runtime.SetObserver(this);
        runtime.SetLockHook(
            [this](const char* lockClass)
            {
                m_latest = lockClass;
                m_heldBefore = m_runtime.LocksHeld();
            });
    }

    ~LockWatch() override
    {
        m_runtime.SetLockHook({});
        m_runtime.SetObserver(m_next);
    }

    void OnSync(SyncKind kind, const void* object, const char* site) override
    {
        m_next->OnSync(kind, object, site);
    }

    void OnAccess(const void* field, const char* name, bool write) override
    {
        auto id = m_ids.upper_bound(field);
        if (id != m_ids.begin() && std::less<>()(field, (--id)->second))
        {
            ++accesses;
            EXPECT_TRUE(static_cast<const CmId*>(id->first)->lock.Held())
                << name << (write ? " written" : " read") << " without the lock of its id";
        }
        if (std::string_view(name) == "table")
        {
            // The lock that was taken last, as none is taken inside it.
            ++tableAccesses;
            EXPECT_TRUE(m_latest == "cm-table" && m_runtime.LocksHeld() > m_heldBefore)
                << "the table is touched under " << m_latest;
        }
        m_next->OnAccess(field, name, write);
    }

    void OnMade(const char* objectClass,
                std::uint64_t ordinal,
                const void* object,
                std::size_t bytes) override
    {
        if (std::string_view(objectClass) == "cm_id")
        {
            m_ids[object] = static_cast<const std::byte*>(object) + bytes;
        }
        m_next->OnMade(objectClass, ordinal, object, bytes);
    }

    void OnFreed(const void* object) override
    {
        m_ids.erase(object);
        m_next->OnFreed(object);
    }

    void OnViolation(const char* invariant, const void* object, const char* what) override
    {
        m_next->OnViolation(invariant, object, what);
    }

    std::size_t accesses{0};
    std::size_t tableAccesses{0};

  private:
    StepRuntime& m_runtime;
    Observer* const m_next;
    std::map<const void*, const void*> m_ids; ///< from, to
    std::string m_latest;                     ///< class of the lock that was taken last
    std::size_t m_heldBefore{0};              ///< locks held then
};

// S10 added assertions that the lock is held where the state is changed. Here the compiler proves
// it, and this watches it: every access to a field of an id, in a whole life, holds that id's lock.
TEST_F(SeedScenarioEnds, S10EveryAccessToAnIdHoldsItsLock)
{
    LockWatch watch(runtime);
    ReachA(State::kTimewait);
    Clear();
    ReachB(State::kDreqSent);
    runtime.RunUntilIdle(); // its retries run out
    Clear();
    ReachRepUnderWay();
    ASSERT_TRUE(hostB->cm.NotifyEstablished(b));
    runtime.RunReady();
    (void)hostB->cm.Inspect();
    Clear();
    ReachA(State::kReqSent);
    ASSERT_TRUE(hostB->cm.SendRej(b, RejReason::kConsumer));
    Settle();
    Clear();
    a = CreateA();
    SidrReqParameters question;
    question.serviceId = kService;
    question.path = PathToB();
    ASSERT_TRUE(hostA->cm.SendSidrReq(a, question));
    Settle();
    b = hostB->consumer.Last().id;
    ASSERT_TRUE(hostB->cm.SendSidrRep(b, {}));
    Settle();
    Clear();
    EXPECT_GT(watch.accesses, 300U);
    EXPECT_GT(watch.tableAccesses, 100U);
}

// S11. Destroying an established XRC target let go of the lock while its state was still
// ESTABLISHED: a DREQ came in, was told to a dying consumer and used a record that was freed. Here
// a DREQ is either told before destroying has looked at the state, or answered for nobody.
TEST_F(SeedScenarioEnds, S11ADreqThatMeetsTheEndOfAnXrcTarget)
{
    listener = ListenB();
    unsigned told = 0;
    unsigned unknown = 0;
    ForEachMoment(
        [&](unsigned nth)
        {
            ReqParameters parameters = Req();
            parameters.qpType = QpType::kXrcInitiator;
            a = Connect(parameters);
            Settle();
            b = Accepted();
            EXPECT_TRUE(hostB->cm.SendRep(b, Rep()));
            Settle();
            EXPECT_TRUE(hostA->cm.SendRtu(a));
            Settle();
            ibwire::CmDreq dreq;
            dreq.localCommId = hostA->cm.CommIdOf(a).value();
            dreq.remoteCommId = hostB->cm.CommIdOf(b).value();
            dreq.remoteQpn = kQpnB;
            ForgetRecords();
            Moment moment(runtime);
            moment.AtAny(nth, [&] { InjectToB(dreq); });
            DestroyB(b);
            const bool happened = moment.Withdraw();
            const std::string names = hostB->consumer.TakeNames();
            EXPECT_TRUE(names == "DREQ_RECEIVED" || names.empty()) << names;
            EXPECT_EQ(TakeSent(), happened ? "B>DREP" : "") << "at " << moment.Where();
            told += names.empty() ? 0 : 1;
            unknown += happened && names.empty() ? 1 : 0;
            InjectToB(dreq);
            EXPECT_EQ(hostB->consumer.TakeNames(), "") << "an event after destroy";
            Clear();
            return happened;
        });
    EXPECT_GE(told, 3U);
    EXPECT_GE(unknown, 1U);
}

// S12a. In DREQ_RCVD destroy let go of the lock before it sent the DREP: a DREP that came in
// between was told to a dying consumer, and the peer's DREQ remained without an answer. Here the
// DREP of this side goes out exactly once, unless the peer's was told before destroying began.
TEST_F(SeedScenarioEnds, S12aADrepThatMeetsDestroyAfterCrossedDreqs)
{
    unsigned told = 0;
    unsigned silent = 0;
    ForEachMoment(
        [&](unsigned nth)
        {
            ReachA(State::kEstablished);
            EXPECT_TRUE(hostA->cm.SendDreq(a));
            EXPECT_TRUE(hostB->cm.SendDreq(b));
            Settle();
            EXPECT_EQ(StateA(), State::kDreqRcvd);
            EXPECT_EQ(StateB(), State::kDreqRcvd);
            EXPECT_TRUE(hostB->cm.SendDrep(b));
            ForgetRecords();
            Moment moment(runtime);
            moment.AtAny(nth, [&] { wire.Deliver(); });
            DestroyA(a);
            const bool happened = moment.Withdraw();
            const bool heard = hostA->consumer.TakeNames() == "DREP_RECEIVED";
            EXPECT_EQ(TakeSent(), heard ? "" : "A>DREP") << "at " << moment.Where();
            told += heard ? 1 : 0;
            silent += happened && !heard ? 1 : 0;
            wire.DropAll();
            EXPECT_EQ(StateB(), State::kTimewait);
            Clear();
            return happened;
        });
    EXPECT_GE(told, 3U);
    EXPECT_GE(silent, 1U);
}

// S12b. The private data of a DREP that was refused for its length had been copied, and the copy
// was never freed. A refused call changes nothing; that nothing leaks, AddressSanitizer sees.
TEST_F(SeedScenarioEnds, S12bADrepThatIsTooLongChangesNothing)
{
    ReachB(State::kDreqRcvd);
    for (unsigned i = 225; i <= 255; ++i)
    {
        EXPECT_EQ(hostB->cm.SendDrep(b, Bytes(i)), tl::unexpected(CmError::kPrivateDataLength));
    }
    EXPECT_EQ(StateB(), State::kDreqRcvd);
    EXPECT_EQ(TakeSent(), "");
    ASSERT_TRUE(hostB->cm.SendDrep(b, Bytes(224)));
    EXPECT_TRUE(Holds(LastSent<ibwire::CmDrep>().privateData, Bytes(224)));
}

// S13a. Between looking at REQ_SENT and sending its REJ destroy had no lock: a REP came in, the
// consumer sent an RTU, the REJ was refused, and the peer kept half a connection. Here the last
// word is a REJ or a DREQ, and the peer does not stay connected.
TEST_F(SeedScenarioEnds, S13aARepThatMeetsDestroyInReqSent)
{
    for (const bool completes : {true, false})
    {
        unsigned told = 0;
        unsigned linked = 0;
        ForEachMoment(
            [&](unsigned nth)
            {
                ReachRepUnderWay();
                bool connected = false;
                hostA->consumer.react = [&](ConnectionManager& manager, Handle id, const Event&)
                {
                    // Refused once destroy has claimed the id: then it is not connected.
                    connected = completes && manager.SendRtu(id);
                    return Disposition::kKeep;
                };
                Moment moment(runtime);
                moment.AtAny(nth, [&] { wire.Deliver(); });
                DestroyA(a);
                const bool happened = moment.Withdraw();
                const bool heard = hostA->consumer.TakeNames() == "REP_RECEIVED";
                EXPECT_EQ(LastWord(0), connected ? "DREQ" : "REJ") << moment.Where();
                RunToRest();
                EXPECT_EQ(hostA->consumer.TakeNames(), "") << "an event after destroy";
                EXPECT_TRUE(StateB() == State::kIdle || StateB() == State::kTimewait)
                    << ToString(StateB()) << " after " << moment.Where();
                told += heard ? 1 : 0;
                linked += connected ? 1 : 0;
                Clear();
                return happened;
            });
        EXPECT_GE(told, 3U);
        EXPECT_EQ(linked >= 2, completes);
    }
}

// S13b. The same on the other side: an RTU came while destroy was about to reject in REP_SENT.
TEST_F(SeedScenarioEnds, S13bAnRtuThatMeetsDestroyInRepSent)
{
    unsigned told = 0;
    ForEachMoment(
        [&](unsigned nth)
        {
            ReachRepUnderWay();
            wire.Deliver();
            EXPECT_TRUE(hostA->cm.SendRtu(a));
            ForgetRecords();
            Moment moment(runtime);
            moment.AtAny(nth, [&] { wire.Deliver(); });
            DestroyB(b);
            const bool happened = moment.Withdraw();
            const bool heard = hostB->consumer.TakeNames() == "RTU_RECEIVED";
            EXPECT_EQ(LastWord(1), heard ? "DREQ" : "REJ") << moment.Where();
            EXPECT_EQ(sent.size(), 1U);
            RunToRest();
            EXPECT_EQ(hostB->consumer.TakeNames(), "") << "an event after destroy";
            EXPECT_TRUE(StateA() == State::kIdle || StateA() == State::kTimewait)
                << ToString(StateA()) << " after " << moment.Where();
            told += heard ? 1 : 0;
            Clear();
            return happened;
        });
    EXPECT_GE(told, 3U);
}

// S13c. The REJ of a REQ that was received looked at the state after it had been reset: it named a
// message and an id that the peer could not know, was dropped, and the REQ was retried to the end.
// Each state's REJ is as the table has it, and the peer hears of it in one trip.
struct RejCase
{
    State state;
    bool active;
    MessageRejected message;
    bool namesOwnId;
};

void PrintTo(const RejCase& one, std::ostream* out)
{
    *out << ToString(one.state);
}

class SeedScenarioRej : public SeedScenarioEnds, public ::testing::WithParamInterface<RejCase>
{
  protected:
    void Reach(State state)
    {
        MraParameters mra;
        mra.serviceTimeout = 20;
        ReachA(State::kReqSent);
        if (state == State::kMraReqSent || state == State::kMraReqRcvd)
        {
            ASSERT_TRUE(hostB->cm.SendMra(b, mra));
        }
        if (state == State::kRepSent)
        {
            ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
            wire.DropAll();
        }
        if (state == State::kRepRcvd || state == State::kMraRepSent || state == State::kMraRepRcvd)
        {
            ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
            Settle();
        }
        if (state == State::kMraRepSent || state == State::kMraRepRcvd)
        {
            ASSERT_TRUE(hostA->cm.SendMra(a, mra));
        }
        Settle();
        ForgetRecords();
        ASSERT_EQ(GetParam().active ? StateA() : StateB(), state);
    }

    void Check(const CmRej& rej, RejReason reason)
    {
        const RejCase& one = GetParam();
        const std::uint32_t ownA = m_idA;
        const std::uint32_t ownB = m_idB;
        const bool asking = one.state == State::kReqSent || one.state == State::kMraReqRcvd;
        EXPECT_EQ(rej.reason, reason);
        EXPECT_EQ(rej.messageRejected, one.message);
        EXPECT_EQ(rej.localCommId, !one.namesOwnId ? 0 : one.active ? ownA : ownB);
        EXPECT_EQ(rej.remoteCommId, asking ? 0 : one.active ? ownB : ownA);
        const Instant before = runtime.Now();
        Settle();
        EXPECT_EQ(runtime.Now(), before);
        Recorder& peer = one.active ? hostB->consumer : hostA->consumer;
        EXPECT_EQ(peer.TakeNames(), "REJ_RECEIVED");
        EXPECT_EQ((one.active ? hostB : hostA)->port.Outstanding(), 0U) << "it goes on asking";
    }

    void Remember()
    {
        m_idA = hostA->cm.CommIdOf(a).value();
        m_idB = hostB->cm.CommIdOf(b).value();
    }

  private:
    std::uint32_t m_idA{0};
    std::uint32_t m_idB{0};
};

TEST_P(SeedScenarioRej, S13cNamesWhatTheStateBeforeItWas)
{
    Reach(GetParam().state);
    Remember();
    Host& host = GetParam().active ? *hostA : *hostB;
    // With the GUID, so that a peer that knows no number finds the connection.
    std::vector<std::uint8_t> info;
    for (unsigned i = 0; i < 8; ++i)
    {
        info.push_back(static_cast<std::uint8_t>(kGuidA >> (56 - 8 * i)));
    }
    const bool asking = GetParam().active && (GetParam().state == State::kReqSent ||
                                              GetParam().state == State::kMraReqRcvd);
    const RejReason reason = asking ? RejReason::kTimeout : RejReason::kConsumer;
    ASSERT_TRUE(host.cm.SendRej(GetParam().active ? a : b, reason, info));
    ASSERT_EQ(sent.size(), 1U);
    Check(LastSent<CmRej>(), reason);
}

TEST_P(SeedScenarioRej, S13cDestroyNamesTheSame)
{
    Reach(GetParam().state);
    Remember();
    const bool asking =
        GetParam().state == State::kReqSent || GetParam().state == State::kMraReqRcvd;
    GetParam().active ? DestroyA(a) : DestroyB(b);
    ASSERT_EQ(sent.size(), 1U);
    Check(LastSent<CmRej>(), asking ? RejReason::kTimeout : RejReason::kConsumer);
}

INSTANTIATE_TEST_SUITE_P(
    States,
    SeedScenarioRej,
    ::testing::Values(RejCase{State::kReqRcvd, false, MessageRejected::kReq, false},
                      RejCase{State::kMraReqSent, false, MessageRejected::kReq, true},
                      RejCase{State::kRepSent, false, MessageRejected::kOther, true},
                      RejCase{State::kMraRepRcvd, false, MessageRejected::kOther, true},
                      RejCase{State::kRepRcvd, true, MessageRejected::kRep, true},
                      RejCase{State::kMraRepSent, true, MessageRejected::kRep, true},
                      RejCase{State::kReqSent, true, MessageRejected::kOther, true},
                      RejCase{State::kMraReqRcvd, true, MessageRejected::kOther, true}),
    [](const auto& info) { return std::string(ToString(info.param.state)); });

// A REJ of the peer in the same gap (13c of the interleavings): never a second word, never an event
// after destroy.
TEST_F(SeedScenarioEnds, S13cARejThatMeetsDestroyInReqRcvd)
{
    listener = ListenB();
    ForEachMoment(
        [&](unsigned nth)
        {
            ReachB(State::kReqRcvd);
            const std::uint32_t number = hostA->cm.CommIdOf(a).value();
            CmRej rej;
            rej.localCommId = number;
            rej.remoteCommId = hostB->cm.CommIdOf(b).value();
            rej.messageRejected = MessageRejected::kOther;
            rej.reason = RejReason::kConsumer;
            Moment moment(runtime);
            moment.AtAny(nth, [&] { InjectToB(rej); });
            DestroyB(b);
            const bool happened = moment.Withdraw();
            const bool heard = hostB->consumer.TakeNames() == "REJ_RECEIVED";
            EXPECT_EQ(TakeSent(), heard ? "" : "B>REJ") << "at " << moment.Where();
            EXPECT_EQ(hostB->cm.PeerRecords(), 0U);
            Clear();
            return happened;
        });
}

// S14. The node of a SIDR question was taken out of its tree without the tree's lock: two answers
// at once broke it. (That the lock then forced interrupts on has no like here: there are none.) A
// storm of questions and answers, in the midst of each other; after each the tree still knows
// exactly the open questions.
class SeedScenarioStorm : public SeedScenarioEnds
{
  protected:
    static constexpr std::uint32_t kQuestions = 200;

    void Ask(std::uint32_t requestId)
    {
        ibwire::CmSidrReq req;
        req.requestId = requestId;
        req.pkey = 0xffff;
        req.serviceId = kService;
        const std::size_t before = hostB->consumer.told.size();
        InjectToB(req);
        // Others may have been told in its midst.
        for (std::size_t i = before; i < hostB->consumer.told.size(); ++i)
        {
            const Told& one = hostB->consumer.told[i];
            if (std::get<SidrReqReceived>(one.event.parameters).requestId == requestId)
            {
                m_open[requestId] = one.id;
            }
        }
    }

    void AnswerOne(std::uint64_t draw)
    {
        if (m_open.empty())
        {
            return;
        }
        auto at = m_open.begin();
        std::advance(at, static_cast<std::ptrdiff_t>(draw % m_open.size()));
        const Handle id = at->second;
        m_open.erase(at);
        if (draw % 3 == 0)
        {
            DestroyB(id);
            return;
        }
        EXPECT_TRUE(hostB->cm.SendSidrRep(id, {}));
        DestroyB(id);
    }

    /** Each open question is known, and so is that another one is not. */
    void CheckTree()
    {
        const auto kind = KindOf(ibwire::CmAttribute::kSidrReq);
        const std::uint64_t before = hostB->cm.Counters().duplicates[kind];
        const std::size_t told = hostB->consumer.told.size();
        for (const auto& [requestId, id] : m_open)
        {
            Ask(requestId);
            ASSERT_EQ(hostB->cm.StateOf(id), State::kSidrReqRcvd);
        }
        ASSERT_EQ(hostB->cm.Counters().duplicates[kind], before + m_open.size());
        ASSERT_EQ(hostB->consumer.told.size(), told);
        ASSERT_EQ(hostB->cm.LiveIds(), m_open.size() + 1);
    }

    std::map<std::uint32_t, Handle> m_open;
};

TEST_F(SeedScenarioStorm, S14QuestionsAndAnswersInTheMidstOfEachOther)
{
    listener = ListenB();
    StepRuntime draws(14);
    std::uint32_t next = 0;
    while (next < kQuestions || !m_open.empty())
    {
        Moment moment(runtime);
        moment.AtAny(1 + draws.Random() % 12,
                     [&]
                     {
                         if (next < kQuestions && draws.Random() % 2 == 0)
                         {
                             Ask(++next);
                         }
                         else
                         {
                             AnswerOne(draws.Random());
                         }
                     });
        if (next < kQuestions && draws.Random() % 5 < 3)
        {
            Ask(++next);
        }
        else
        {
            AnswerOne(draws.Random());
        }
        moment.Withdraw();
        ASSERT_NO_FATAL_FAILURE(CheckTree());
        wire.DropAll();
        hostB->consumer.told.clear();
    }
    EXPECT_EQ(hostB->cm.LiveIds(), 1U) << "the listener alone";
}

} // namespace
} // namespace ibcm::test
