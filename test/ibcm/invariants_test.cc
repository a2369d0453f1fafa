// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Each invariant of the core is violated by hand, and reported; what comes near to that is not.
#include "accuser.h"
#include "ibcm/model/core.h"
#include "table-fixture.h"

#include <algorithm>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

namespace ibcm::test
{
namespace
{

class InvariantsOfTheTable : public TableFixture
{
  protected:
    InvariantsOfTheTable()
    {
        runtime.SetObserver(&accuser);
    }

    ~InvariantsOfTheTable() override
    {
        runtime.SetObserver(nullptr);
    }

    /** Each of those reported so far, once, and forgets them. */
    std::string Violated()
    {
        std::vector<std::string> names;
        names.swap(accuser.violated);
        std::sort(names.begin(), names.end());
        names.erase(std::unique(names.begin(), names.end()), names.end());
        std::string text;
        for (const std::string& name : names)
        {
            text += (text.empty() ? "" : ", ") + name;
        }
        return text;
    }

    Accuser accuser;
};

/** An id by itself, and what the test does to its fields. */
class OneId : public CmId
{
  public:
    OneId(Runtime& runtime, EventHandler& consumer)
        : CmId(runtime, consumer, static_cast<Handle>(1), 1, TimelineRoom{0}),
          record(runtime)
    {
    }

    PeerRecord record;
};

/** A field is made to be in or out of tune with the others, which fit an id in `state`. */
struct FieldCase
{
    const char* name;
    State state;
    LapState lap;
    void (*change)(OneId& id);
    const char* violates; ///< empty: nothing
};

void PrintTo(const FieldCase& one, std::ostream* out)
{
    *out << one.name;
}

void NoChange(OneId&)
{
}

void DropPeer(OneId& id) IBCM_NO_THREAD_SAFETY_ANALYSIS
{
    id.peer.Write() = nullptr;
}

void AddPeer(OneId& id) IBCM_NO_THREAD_SAFETY_ANALYSIS
{
    id.peer.Write() = &id.record;
}

void AddListener(OneId& id) IBCM_NO_THREAD_SAFETY_ANALYSIS
{
    id.listener.Write() = std::make_unique<ListenerRecord>();
}

void DropListener(OneId& id) IBCM_NO_THREAD_SAFETY_ANALYSIS
{
    id.listener.Write().reset();
}

void AddSidr(OneId& id) IBCM_NO_THREAD_SAFETY_ANALYSIS
{
    id.sidr.Write() = std::make_unique<SidrRecord>();
}

void DropSidr(OneId& id) IBCM_NO_THREAD_SAFETY_ANALYSIS
{
    id.sidr.Write().reset();
}

template <Input kTimeout>
void Wait(OneId& id) IBCM_NO_THREAD_SAFETY_ANALYSIS
{
    id.outstanding.Write() = {static_cast<SendToken>(1), kTimeout};
}

template <LapState kState>
void SetLap(OneId& id) IBCM_NO_THREAD_SAFETY_ANALYSIS
{
    id.lapState.Write() = kState;
}

void Inside(OneId& id) IBCM_NO_THREAD_SAFETY_ANALYSIS
{
    id.delivery.Write().inside = true;
}

void InsideAndBusy(OneId& id) IBCM_NO_THREAD_SAFETY_ANALYSIS
{
    id.delivery.Write().inside = true;
    id.delivery.Write().busy = true;
}

void LoseCount(OneId& id) IBCM_NO_THREAD_SAFETY_ANALYSIS
{
    id.delivery.Write().busy = true;
    id.delivery.Write().Append(std::make_unique<QueuedEvent>());
    id.delivery.Write().waitingCount = 0;
}

void KeepCount(OneId& id) IBCM_NO_THREAD_SAFETY_ANALYSIS
{
    id.delivery.Write().busy = true;
    id.delivery.Write().Append(std::make_unique<QueuedEvent>());
}

void LoseReferences(OneId& id)
{
    EXPECT_TRUE(id.references.Put(&id, "test"));
}

void HaveTwoReferences(OneId& id)
{
    id.references.Get(&id, "test");
}

constexpr LapState kNoLap = LapState::kUninit;
constexpr const char* kPublishedName = "I2 published";
constexpr const char* kPeerName = "I3 peer attached";
constexpr const char* kListeningName = "I5 listening";
constexpr const char* kSidrName = "I6 SIDR attached";
constexpr const char* kOutstandingName = "I8 outstanding";
constexpr const char* kHandlerName = "I9 one handler";

using S = State;
using L = LapState;
using I = Input;

// clang-format off
const FieldCase kFieldCases[] = {
    {"NoReferenceLeft",       S::kIdle,        kNoLap,         LoseReferences,            kPublishedName},
    {"SeveralReferences",     S::kIdle,        kNoLap,         HaveTwoReferences,         ""},
    {"ConnectedToNobody",     S::kEstablished, kNoLap,         DropPeer,                  kPeerName},
    {"TimewaitOfNobody",      S::kTimewait,    kNoLap,         DropPeer,                  kPeerName},
    {"AskingNobody",          S::kReqSent,     kNoLap,         DropPeer,                  kPeerName},
    {"IdleWithAPeer",         S::kIdle,        kNoLap,         AddPeer,                   kPeerName},
    {"ListeningWithAPeer",    S::kListen,      kNoLap,         AddPeer,                   kPeerName},
    {"ResolvingWithAPeer",    S::kSidrReqSent, kNoLap,         AddPeer,                   kPeerName},
    {"IdleListening",         S::kIdle,        kNoLap,         AddListener,               kListeningName},
    {"ListenNotListening",    S::kListen,      kNoLap,         DropListener,              kListeningName},
    {"ConnectedListening",    S::kEstablished, kNoLap,         AddListener,               kListeningName},
    {"IdleWithASidrRecord",   S::kIdle,        kNoLap,         AddSidr,                   kSidrName},
    {"AskedForNothing",       S::kSidrReqRcvd, kNoLap,         DropSidr,                  kSidrName},
    {"AskingAndAsked",        S::kSidrReqSent, kNoLap,         AddSidr,                   kSidrName},
    {"ReqIsOut",              S::kReqSent,     kNoLap,         Wait<I::kReqTimeout>,      ""},
    {"ReqIsOutAfterMra",      S::kMraReqRcvd,  kNoLap,         Wait<I::kReqTimeout>,      ""},
    {"RepIsOut",              S::kRepSent,     kNoLap,         Wait<I::kRepTimeout>,      ""},
    {"DreqIsOut",             S::kDreqSent,    kNoLap,         Wait<I::kDreqTimeout>,     ""},
    {"SidrReqIsOut",          S::kSidrReqSent, kNoLap,         Wait<I::kSidrReqTimeout>,  ""},
    {"LapIsOut",              S::kEstablished, L::kLapSent,    Wait<I::kLapTimeout>,      ""},
    {"LapIsOutAfterMra",      S::kEstablished, L::kMraLapRcvd, Wait<I::kLapTimeout>,      ""},
    {"NothingIsOut",          S::kReqSent,     kNoLap,         NoChange,                  ""},
    {"IdleWithAReqOut",       S::kIdle,        kNoLap,         Wait<I::kReqTimeout>,      kOutstandingName},
    {"ConnectedWithAReqOut",  S::kEstablished, kNoLap,         Wait<I::kReqTimeout>,      kOutstandingName},
    {"AnsweredLapStillOut",   S::kEstablished, L::kIdle,       Wait<I::kLapTimeout>,      kOutstandingName},
    {"OtherMessageOut",       S::kDreqSent,    kNoLap,         Wait<I::kRepTimeout>,      kOutstandingName},
    {"LapOfNoConnection",     S::kDreqSent,    kNoLap,         SetLap<L::kLapSent>,       kOutstandingName},
    {"LapOfAConnection",      S::kEstablished, kNoLap,         SetLap<L::kLapRcvd>,       ""},
    {"InsideAndNotBusy",      S::kIdle,        kNoLap,         Inside,                    kHandlerName},
    {"InsideAndBusy",         S::kIdle,        kNoLap,         InsideAndBusy,             ""},
    {"WaitingUncounted",      S::kIdle,        kNoLap,         LoseCount,                 kHandlerName},
    {"WaitingCounted",        S::kIdle,        kNoLap,         KeepCount,                 ""},
};
// clang-format on

/** Brings the fields in tune with the state. */
void Tune(OneId& id, State state, LapState lap) IBCM_NO_THREAD_SAFETY_ANALYSIS
{
    id.state.Write() = state;
    id.lapState.Write() = lap;
    if (state >= State::kReqSent && state <= State::kTimewait)
    {
        AddPeer(id);
    }
    if (state == State::kListen)
    {
        AddListener(id);
    }
    if (state == State::kSidrReqRcvd)
    {
        AddSidr(id);
    }
}

class InvariantsOfAnId : public InvariantsOfTheTable,
                         public ::testing::WithParamInterface<FieldCase>
{
};

TEST_P(InvariantsOfAnId, AreCheckedWhenItsLockIsLetGo)
{
    OneId id(runtime, consumer);
    id.lock.Lock();
    Tune(id, GetParam().state, GetParam().lap);
    id.lock.Unlock();
    EXPECT_EQ(Violated(), "") << "in tune";
    id.lock.Lock();
    GetParam().change(id);
    EXPECT_EQ(Violated(), "") << "in the middle of a change all is allowed";
    id.lock.Unlock();
    EXPECT_EQ(Violated(), GetParam().violates);
    if (*GetParam().violates != '\0')
    {
        EXPECT_EQ(accuser.last, &id);
    }
}

INSTANTIATE_TEST_SUITE_P(Fields,
                         InvariantsOfAnId,
                         ::testing::ValuesIn(kFieldCases),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_F(InvariantsOfTheTable, HoldInEachStateThatFits)
{
    for (std::size_t s = 0; s < kStateCount; ++s)
    {
        OneId id(runtime, consumer);
        id.lock.Lock();
        Tune(id, static_cast<State>(s), LapState::kUninit);
        id.lock.Unlock();
        EXPECT_EQ(Violated(), "") << ToString(static_cast<State>(s));
    }
}

TEST_F(InvariantsOfTheTable, StateIsTouchedWithTheLockHeld)
{
    OneId id(runtime, consumer);
    CheckInvariants(runtime, id);
    EXPECT_EQ(Violated(), "I1 locked");
    const MutexLock hold(id.lock);
    CheckInvariants(runtime, id);
    EXPECT_EQ(Violated(), "");
}

TEST_F(InvariantsOfTheTable, WhoIsFoundIsComplete)
{
    CmTable table(runtime, 1, {}, *queue, *this);
    const auto id = Published(table);
    EXPECT_TRUE(table.FindByHandle(id->handle));
    EXPECT_EQ(Violated(), "");
    EXPECT_TRUE(id->references.Put(id.get(), "test"));
    IdRef dead = table.FindByHandle(id->handle);
    EXPECT_EQ(Violated(), "I2 published") << "found with no reference left";
    id->references.Get(id.get(), "test"); // so that dropping it is not the end
    dead.Drop();

    const auto place = table.Reserve();
    CmId nameless(runtime, consumer, place->handle, 0, CmId::TimelineRoom{0});
    table.Publish(nameless);
    EXPECT_TRUE(table.FindByHandle(place->handle));
    EXPECT_EQ(Violated(), "I2 published") << "found without a name";
    table.Erase(nameless, false);
    table.Erase(*id, false);
}

TEST_F(InvariantsOfTheTable, AnIndexedPeerHasAnOwnerOrAges)
{
    CmTable table(runtime, 1, {}, *queue, *this);
    const auto orphan = Record();
    orphan->owner = Handle::kNone;
    (void)Enter(table, *orphan, kGuidB, 1, 1);
    EXPECT_EQ(Violated(), "I4 peer indexed");
    table.RemovePeer(*orphan);
    EXPECT_EQ(Violated(), "");

    auto aging = Record();
    (void)Enter(table, *aging, kGuidB, 1, 1);
    PeerRecord& record = *aging.release();
    table.AgePeer(record, std::chrono::seconds(1), true);
    EXPECT_EQ(Violated(), "");
    table.RemovePeer(record);
    EXPECT_EQ(Violated(), "I4 peer indexed") << "what ages belongs to the table";
    table.CancelAging();
    EXPECT_EQ(Violated(), "");
}

TEST_F(InvariantsOfTheTable, APeerAgesOnce)
{
    CmTable table(runtime, 1, {}, *queue, *this);
    const auto record = Record();
    (void)Enter(table, *record, kGuidB, 1, 1);
    record->aging = true; // as if it did
    table.RemovePeer(*record);
    EXPECT_EQ(Violated(), "I4 peer indexed");
}

TEST_F(InvariantsOfTheTable, AListenerHasSharers)
{
    CmTable table(runtime, 1, {}, *queue, *this);
    const auto id = Published(table);
    const auto record = Service(*id, kService);
    record->sharers = 0;
    EXPECT_TRUE(table.Listen(*record));
    EXPECT_EQ(Violated(), "I5 listening");
    record->sharers = 2;
    table.Unlisten(*record);
    EXPECT_EQ(Violated(), "I5 listening") << "one sharer is left alone";
    record->sharers = 1;
    EXPECT_TRUE(table.Listen(*record));
    table.Unlisten(*record);
    EXPECT_EQ(Violated(), "");
    table.Erase(*id, false);
}

TEST_F(InvariantsOfTheTable, AreReportedWithAName)
{
    for (int i = 0; i <= static_cast<int>(Invariant::kOneHandler); ++i)
    {
        const std::string name = ToString(static_cast<Invariant>(i));
        EXPECT_EQ(name.substr(0, 3), "I" + std::to_string(i + 1) + " ");
        EXPECT_GT(name.size(), 4U);
    }
}

/** Destroys a connected id in the presence of an Accuser. */
class InvariantsOfTheEnd : public Pair
{
  protected:
    /** @param meddle done to the id while its destroying thread is on its way to IDLE. */
    std::string Destroyed(const std::function<void(CmId&)>& meddle)
    {
        Establish();
        Accuser accuser(&life);
        runtime.SetObserver(&accuser);
        (void)hostA->cm.StateOf(a);
        // No other way leads to an id's fields: they are the core's.
        auto* const id = static_cast<CmId*>(const_cast<void*>(accuser.found));
        bool done = false;
        runtime.SetLockHook(
            [&](const char* lockClass)
            {
                if (std::string_view(lockClass) == "cm-table" && runtime.LocksHeld() == 1 && !done)
                {
                    done = true;
                    meddle(*id);
                }
            });
        DestroyA(a);
        runtime.SetLockHook({});
        runtime.SetObserver(&life);
        EXPECT_TRUE(done);
        return accuser.violated.empty() ? "" : accuser.violated.front();
    }
};

TEST_F(InvariantsOfTheEnd, NothingIsLeftToTell)
{
    const auto leaveEvent = [](CmId& id) IBCM_NO_THREAD_SAFETY_ANALYSIS
    { id.delivery.Write().Append(std::make_unique<QueuedEvent>()); };
    EXPECT_EQ(Destroyed(leaveEvent), "I7 ends idle");
}

TEST_F(InvariantsOfTheEnd, NothingIsLeftToAnswer)
{
    const auto leaveMessage = [](CmId& id) IBCM_NO_THREAD_SAFETY_ANALYSIS {
        id.outstanding.Write() = {static_cast<SendToken>(1), Input::kDreqTimeout};
    };
    EXPECT_EQ(Destroyed(leaveMessage), "I7 ends idle");
}

TEST_F(InvariantsOfTheEnd, AnOrdinaryEndViolatesNothing)
{
    EXPECT_EQ(Destroyed([](CmId&) {}), "");
}

using InvariantsDeathTest = InvariantsOfTheTable;

TEST_F(InvariantsDeathTest, WithoutAnObserverTheProgramEnds)
{
    StepRuntime silent;
    EXPECT_DEATH(ReportViolation(silent, Invariant::kEndsIdle, nullptr, "it is in IDLE"),
                 "I7 ends idle violated: it is in IDLE");
}

} // namespace
} // namespace ibcm::test
