// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// S1, S8: an id that is being made, and who may find it; its number, and what its making costs.
#include "allocation-hook.h"
#include "ibcm/model/cm-id.h"
#include "moment.h"
#include "scenario-fixture.h"

#include <set>
#include <string>
#include <vector>

namespace ibcm::test
{
namespace
{

using ibwire::CmRej;
using ibwire::CmReq;
using ibwire::MessageRejected;
using ibwire::RejReason;

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
