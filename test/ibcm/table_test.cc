// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The table of ids: when an id can be found, for how long a name is free, and what bounds it.
#include "allocation-hook.h"
#include "table-fixture.h"

#include <algorithm>
#include <set>
#include <vector>

namespace ibcm::test
{
namespace
{

constexpr std::uint64_t kKey = 7;

class IdTable : public TableFixture
{
};

Limits AtMostIds(std::uint32_t ids)
{
    Limits limits;
    limits.maxIds = ids;
    return limits;
}

TEST_F(IdTable, AnIdIsFoundFromPublicationToErasure)
{
    CmTable table(runtime, kKey, {}, *queue, *this);
    const auto place = table.Reserve();
    ASSERT_TRUE(place);
    EXPECT_NE(place->handle, Handle::kNone);
    EXPECT_NE(place->commId, 0U);
    EXPECT_EQ(table.LiveIds(), 1U);
    EXPECT_FALSE(table.FindByHandle(place->handle)) << "reserved, not published";
    EXPECT_FALSE(table.FindByCommId(place->commId)) << "reserved, not published";
    EXPECT_EQ(table.ClaimDestroy(place->handle).id, nullptr);

    const auto id = Make(*place);
    table.Publish(*id);
    EXPECT_EQ(&*table.FindByHandle(place->handle), id.get());
    EXPECT_EQ(&*table.FindByCommId(place->commId), id.get());
    EXPECT_EQ(id->references.Value(), 1U) << "each lookup gives its reference back";
    EXPECT_FALSE(table.FindByCommId(place->commId + 1));
    EXPECT_FALSE(table.FindByCommId(0));
    EXPECT_FALSE(table.FindByHandle(Handle::kNone));

    const CmTable::Claim claim = table.ClaimDestroy(place->handle);
    EXPECT_EQ(claim.id, id.get());
    EXPECT_FALSE(claim.shareDropped);
    EXPECT_EQ(table.ClaimDestroy(place->handle).id, nullptr) << "destroyed twice";
    EXPECT_FALSE(table.FindByHandle(place->handle)) << "for its consumer it is gone";
    EXPECT_TRUE(table.FindByCommId(place->commId)) << "messages still find it";
    EXPECT_EQ(table.LiveIds(), 1U);
    EXPECT_FALSE(table.Erase(*id, false));
    EXPECT_FALSE(table.FindByCommId(place->commId));
    EXPECT_EQ(table.LiveIds(), 0U);
}

TEST_F(IdTable, AClaimOfAnErasedIdIsNotInherited)
{
    CmTable table(runtime, kKey, AtMostIds(1), *queue, *this);
    const auto first = Published(table);
    EXPECT_EQ(table.ClaimDestroy(first->handle).id, first.get());
    table.Erase(*first, false);
    const auto place = table.Reserve();
    EXPECT_FALSE(table.FindByHandle(place->handle)) << "the former user under a new name";
    EXPECT_FALSE(table.FindByCommId(place->commId));
    EXPECT_EQ(table.ClaimDestroy(place->handle).id, nullptr);
    const auto second = Make(*place);
    table.Publish(*second);
    EXPECT_FALSE(table.FindByHandle(first->handle)) << "the handle of a former user of the place";
    EXPECT_EQ(table.ClaimDestroy(first->handle).id, nullptr);
    EXPECT_EQ(&*table.FindByHandle(second->handle), second.get());
    EXPECT_EQ(table.ClaimDestroy(second->handle).id, second.get());
    table.Erase(*second, false);
}

TEST_F(IdTable, AnIdThatOthersHoldIsReportedUntilItIsForgotten)
{
    CmTable table(runtime, kKey, {}, *queue, *this);
    const auto id = Published(table);
    IdRef held = table.FindByCommId(id->localCommId);
    table.ClaimDestroy(id->handle);
    EXPECT_TRUE(table.Erase(*id, false));
    EXPECT_EQ(table.LiveIds(), 0U) << "its place is free";
    Report report;
    table.Describe(report);
    ASSERT_EQ(report.ids.size(), 1U);
    EXPECT_EQ(report.ids[0].id, id->handle);
    EXPECT_EQ(report.ids[0].localCommId, id->localCommId);
    EXPECT_EQ(report.ids[0].references, 2U);
    EXPECT_TRUE(report.ids[0].destroying);

    Completion released(runtime, "test");
    id->waiter.store(&released);
    EXPECT_FALSE(id->references.Put(id.get(), "test"));
    held.Drop();
    released.Wait(); // at once: it was the last
    table.Forget(*id);
    Report after;
    table.Describe(after);
    EXPECT_TRUE(after.ids.empty());
}

TEST_F(IdTable, OneDroppedReferenceOfManyReleasesNothing)
{
    CmTable table(runtime, kKey, {}, *queue, *this);
    const auto id = Published(table);
    IdRef one = table.FindByHandle(id->handle);
    IdRef two = std::move(one);
    EXPECT_FALSE(one); // NOLINT(bugprone-use-after-move): moved from is empty
    EXPECT_EQ(id->references.Value(), 2U) << "moved, not copied";
    one = std::move(two);
    one.Drop();
    one.Drop();
    EXPECT_EQ(id->references.Value(), 1U) << "dropped once";
    table.Erase(*id, false);
}

TEST_F(IdTable, HandlesNeverComeAgainAndNeitherDoIdsForLong)
{
    CmTable table(runtime, kKey, {}, *queue, *this);
    std::set<Handle> handles;
    std::vector<std::uint32_t> commIds;
    for (unsigned i = 0; i < 20000; ++i)
    {
        const auto place = table.Reserve();
        ASSERT_TRUE(place);
        ASSERT_TRUE(handles.insert(place->handle).second);
        ASSERT_NE(place->commId, 0U);
        commIds.push_back(place->commId);
        GiveBack(table, *place);
    }
    std::sort(commIds.begin(), commIds.end());
    EXPECT_EQ(std::adjacent_find(commIds.begin(), commIds.end()), commIds.end());
}

TEST_F(IdTable, AFreedPlaceRestsBeforeItIsUsedAgain)
{
    constexpr unsigned kRest = 8192; // others are freed first
    CmTable table(runtime, kKey, {}, *queue, *this);
    const CommIdCodec codec(kKey);
    const auto first = table.Reserve();
    const CommIdCodec::Place before = codec.Decode(first->commId);
    GiveBack(table, *first);
    for (unsigned i = 0; i < kRest; ++i)
    {
        const auto place = table.Reserve();
        ASSERT_NE(codec.Decode(place->commId).slot, before.slot) << "after " << i;
        GiveBack(table, *place);
    }
    const auto again = table.Reserve();
    const CommIdCodec::Place after = codec.Decode(again->commId);
    EXPECT_EQ(after.slot, before.slot) << "places are used again, the oldest first";
    EXPECT_EQ(after.generation, before.generation + 1) << "for another user";
    EXPECT_NE(again->handle, first->handle);
    GiveBack(table, *again);
}

TEST_F(IdTable, AMessageForAFormerUserOfAPlaceFindsNobody)
{
    CmTable table(runtime, kKey, AtMostIds(1), *queue, *this);
    std::vector<std::uint32_t> former;
    for (unsigned i = 0; i < 255; ++i)
    {
        const auto id = Published(table);
        for (const std::uint32_t commId : former)
        {
            ASSERT_FALSE(table.FindByCommId(commId)) << "generation " << i;
        }
        ASSERT_EQ(&*table.FindByCommId(id->localCommId), id.get());
        former.push_back(id->localCommId);
        table.Erase(*id, false);
    }
}

TEST_F(IdTable, AFullTableUsesItsPlacesAtOnce)
{
    CmTable table(runtime, kKey, AtMostIds(8), *queue, *this);
    std::vector<Reservation> places;
    for (unsigned i = 0; i < 8; ++i)
    {
        places.push_back(table.Reserve().value());
    }
    EXPECT_EQ(table.Reserve().error(), CmError::kNoResources);
    EXPECT_EQ(table.Reserve().error(), CmError::kNoResources) << "and stays full";
    for (unsigned i = 0; i < 100; ++i)
    {
        GiveBack(table, places[i % 8]);
        const auto again = table.Reserve();
        ASSERT_TRUE(again);
        ASSERT_NE(again->commId, places[i % 8].commId);
        places[i % 8] = *again;
        ASSERT_FALSE(table.Reserve()) << "one for one";
    }
    EXPECT_EQ(table.LiveIds(), 8U);
}

TEST_F(IdTable, LimitsAreHeldWithinTheirRange)
{
    CmTable none(runtime, kKey, AtMostIds(0), *queue, *this);
    EXPECT_TRUE(none.Reserve()) << "at least one id";
    EXPECT_FALSE(none.Reserve());
}

TEST_F(IdTable, GrowsWithoutLosingAnybody)
{
    constexpr unsigned kIds = 3000; // more than ten chunks, and several directories
    CmTable table(runtime, kKey, {}, *queue, *this);
    std::vector<std::unique_ptr<CmId>> ids;
    for (unsigned i = 0; i < kIds; ++i)
    {
        ids.push_back(Published(table));
    }
    EXPECT_EQ(table.LiveIds(), kIds);
    for (const auto& id : ids)
    {
        ASSERT_EQ(&*table.FindByHandle(id->handle), id.get());
        ASSERT_EQ(&*table.FindByCommId(id->localCommId), id.get());
    }
    const std::vector<IdRef> all = table.AllIds();
    ASSERT_EQ(all.size(), kIds);
    for (unsigned i = 0; i < kIds; ++i)
    {
        ASSERT_EQ(&*all[i], ids[i].get()) << "in the order of their places";
        ASSERT_EQ(ids[i]->references.Value(), 2U);
    }
    for (const auto& id : ids)
    {
        ASSERT_TRUE(table.Erase(*id, false)) << "listed, so that somebody holds it";
        table.Forget(*id);
    }
}

TEST_F(IdTable, AllIdsLeavesOutWhatNobodyMayFind)
{
    CmTable table(runtime, kKey, {}, *queue, *this);
    const auto reserved = table.Reserve();
    const auto published = Published(table);
    const auto gone = Published(table);
    table.Erase(*gone, false);
    {
        const auto all = table.AllIds();
        ASSERT_EQ(all.size(), 1U);
        EXPECT_EQ(&*all[0], published.get());
    }
    table.Erase(*published, false);
    GiveBack(table, *reserved);
}

TEST_F(IdTable, GrowsBeforeItsLockIsTaken)
{
    CmTable table(runtime, kKey, {}, *queue, *this);
    std::vector<Reservation> places;
    places.reserve(3000);
    {
        const AllocationHook hook(runtime);
        for (unsigned i = 0; i < 3000; ++i)
        {
            places.push_back(table.Reserve().value());
        }
        EXPECT_GT(hook.Others(), 10U) << "it grows";
        EXPECT_EQ(hook.Allocations(), 0U) << hook.FirstBytes() << " bytes under the lock";
        EXPECT_EQ(hook.Frees(), 0U);
    }
    for (const Reservation& place : places)
    {
        GiveBack(table, place);
    }
}

TEST_F(IdTable, MakingRoomWithoutNeedAllocatesNothing)
{
    CmTable table(runtime, kKey, {}, *queue, *this);
    table.MakeRoom();
    const auto place = table.Reserve();
    const AllocationHook hook(runtime);
    for (unsigned i = 0; i < 100; ++i)
    {
        table.MakeRoom();
    }
    EXPECT_EQ(hook.Others() + hook.Allocations(), 0U);
    EXPECT_TRUE(place);
}

TEST_F(IdTable, IdsOfTwoKeysHaveNothingInCommon)
{
    CmTable one(runtime, 1, {}, *queue, *this);
    CmTable two(runtime, 2, {}, *queue, *this);
    unsigned same = 0;
    for (unsigned i = 0; i < 1000; ++i)
    {
        same += one.Reserve()->commId == two.Reserve()->commId ? 1 : 0;
    }
    EXPECT_LE(same, 1U);
}

} // namespace
} // namespace ibcm::test
