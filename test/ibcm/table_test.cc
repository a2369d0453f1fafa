// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The table of ids: when an id can be found, for how long a name is free, and what bounds it.
#include "ibcm/model/cm-table.h"
#include "ibcm/model/core.h"
#include "pair.h"

#include <algorithm>
#include <memory>
#include <set>
#include <vector>

namespace ibcm::test
{
namespace
{

class Table : public ::testing::Test
{
  protected:
    Table()
        : consumer(runtime),
          manager(runtime, DeviceInfo{kGuidA, 0}),
          core(manager, runtime, DeviceInfo{kGuidA, 0}, Options{}),
          queue(runtime.MakeWorkQueue("test", 1))
    {
    }

    std::unique_ptr<CmId> Make(const CmTable::Reservation& place)
    {
        return std::make_unique<CmId>(runtime, consumer, place.handle, place.commId);
    }

    std::unique_ptr<PeerRecord> Record(std::uint64_t guid, std::uint32_t commId, std::uint32_t qpn)
    {
        auto record = std::make_unique<PeerRecord>(core, runtime, *queue);
        record->caGuid = guid;
        record->commId = commId;
        record->qpn = qpn;
        return record;
    }

    StepRuntime runtime;
    Recorder consumer;
    ConnectionManager manager;
    Core core;
    std::unique_ptr<WorkQueue> queue;
};

TEST_F(Table, AnIdIsFoundFromPublicationToErasure)
{
    CmTable table(runtime, 1, {});
    const auto place = table.Reserve();
    ASSERT_TRUE(place);
    EXPECT_NE(place->commId, 0U);
    EXPECT_EQ(table.LiveIds(), 1U);
    EXPECT_FALSE(table.FindByHandle(place->handle)) << "reserved, not published";
    EXPECT_FALSE(table.FindByCommId(place->commId)) << "reserved, not published";
    EXPECT_EQ(table.ClaimDestroy(place->handle), nullptr);

    const auto id = Make(*place);
    table.Publish(*id);
    EXPECT_EQ(&*table.FindByHandle(place->handle), id.get());
    EXPECT_EQ(&*table.FindByCommId(place->commId), id.get());
    EXPECT_EQ(id->references.Value(), 1U) << "each lookup gives its reference back";
    EXPECT_FALSE(table.FindByCommId(place->commId + 1));
    EXPECT_FALSE(table.FindByCommId(0));

    EXPECT_EQ(table.ClaimDestroy(place->handle), id.get());
    EXPECT_EQ(table.ClaimDestroy(place->handle), nullptr) << "destroyed twice";
    EXPECT_FALSE(table.FindByHandle(place->handle)) << "for its consumer it is gone";
    EXPECT_TRUE(table.FindByCommId(place->commId)) << "messages still find it";
    table.Erase(*id);
    EXPECT_FALSE(table.FindByCommId(place->commId));
    EXPECT_EQ(table.LiveIds(), 0U);
}

TEST_F(Table, AReservationCanBeGivenBack)
{
    CmTable table(runtime, 1, {1});
    const auto place = table.Reserve();
    ASSERT_TRUE(place);
    EXPECT_EQ(table.Reserve().error(), CmError::kNoResources);
    table.Release(place->handle);
    const auto again = table.Reserve();
    ASSERT_TRUE(again);
    EXPECT_NE(again->handle, place->handle);
    EXPECT_NE(again->commId, place->commId);
    table.Release(again->handle);
}

TEST_F(Table, HandlesNeverComeAgainAndNeitherDoIdsForLong)
{
    CmTable table(runtime, 7, {});
    std::set<Handle> handles;
    std::vector<std::uint32_t> commIds;
    for (unsigned i = 0; i < 20000; ++i)
    {
        const auto place = table.Reserve();
        ASSERT_TRUE(place);
        ASSERT_TRUE(handles.insert(place->handle).second);
        ASSERT_NE(place->commId, 0U);
        commIds.push_back(place->commId);
        table.Release(place->handle);
    }
    std::sort(commIds.begin(), commIds.end());
    EXPECT_EQ(std::adjacent_find(commIds.begin(), commIds.end()), commIds.end());
}

TEST_F(Table, AFreedPlaceRestsBeforeItIsUsedAgain)
{
    CmTable table(runtime, 7, {});
    const CommIdCodec codec(7);
    const auto first = table.Reserve();
    const std::uint32_t slot = codec.Decode(first->commId).slot;
    table.Release(first->handle);
    for (unsigned i = 0; i < 1000; ++i)
    {
        const auto place = table.Reserve();
        ASSERT_NE(codec.Decode(place->commId).slot, slot) << "after " << i;
        table.Release(place->handle);
    }
}

TEST_F(Table, AFullTableUsesItsPlacesAtOnce)
{
    CmTable table(runtime, 7, {8});
    std::vector<CmTable::Reservation> places;
    for (unsigned i = 0; i < 8; ++i)
    {
        places.push_back(table.Reserve().value());
    }
    EXPECT_EQ(table.Reserve().error(), CmError::kNoResources);
    for (unsigned i = 0; i < 100; ++i)
    {
        table.Release(places[i % 8].handle);
        const auto again = table.Reserve();
        ASSERT_TRUE(again);
        ASSERT_NE(again->commId, places[i % 8].commId);
        places[i % 8] = *again;
    }
    EXPECT_EQ(table.LiveIds(), 8U);
}

TEST_F(Table, LimitsAreHeldWithinTheirRange)
{
    CmTable none(runtime, 1, {0});
    EXPECT_TRUE(none.Reserve()) << "at least one id";
    EXPECT_FALSE(none.Reserve());
}

TEST_F(Table, OneReqOfTwoCopiesIsLetIn)
{
    CmTable table(runtime, 1, {});
    const auto place = table.Reserve();
    const auto listener = Make(*place);
    table.Publish(*listener);
    ASSERT_TRUE(table.Listen(*listener, kService));

    const auto first = Record(kGuidB, 10, 100);
    const Admission admitted = table.Admit(*first, kService);
    ASSERT_EQ(admitted.kind, Admission::Kind::kAdmitted);
    EXPECT_EQ(&*admitted.listener, listener.get());
    EXPECT_NE(admitted.handle, Handle::kNone);
    EXPECT_EQ(first->owner, admitted.handle);
    EXPECT_EQ(table.PeerRecords(), 1U);

    const auto copy = Record(kGuidB, 10, 100);
    const Admission duplicate = table.Admit(*copy, kService);
    EXPECT_EQ(duplicate.kind, Admission::Kind::kDuplicate);
    EXPECT_FALSE(duplicate.owner) << "its id is being made";
    EXPECT_FALSE(duplicate.aging);

    const auto otherId = Record(kGuidB, 11, 100);
    EXPECT_EQ(table.Admit(*otherId, kService).kind, Admission::Kind::kStale);
    const auto otherHost = Record(kGuidB + 1, 10, 100);
    EXPECT_EQ(table.Admit(*otherHost, kService + 1).kind, Admission::Kind::kNoListener);

    const auto id = Make({admitted.handle, admitted.commId});
    table.Publish(*id);
    EXPECT_EQ(&*table.Admit(*copy, kService).owner, id.get());
    EXPECT_EQ(&*table.FindByPeer(kGuidB, 10), id.get());
    EXPECT_FALSE(table.FindByPeer(kGuidB, 100));

    table.RemovePeer(*first);
    EXPECT_FALSE(table.FindByPeer(kGuidB, 10));
    EXPECT_EQ(table.PeerRecords(), 0U);
    table.Erase(*id);
    table.Unlisten(kService);
    table.Erase(*listener);
}

TEST_F(Table, APeerIsEnteredOnceAndARefusedRecordStaysAsItWas)
{
    CmTable table(runtime, 1, {});
    auto first = Record(0, 0, 0);
    EXPECT_EQ(table.EnterPeer(*first, kGuidB, 5, 50).result, CmTable::EnterResult::kEntered);
    auto second = Record(1, 2, 3);
    EXPECT_EQ(table.EnterPeer(*second, kGuidB, 5, 51).result,
              CmTable::EnterResult::kDuplicateCommId);
    EXPECT_EQ(table.EnterPeer(*second, kGuidB, 6, 50).result, CmTable::EnterResult::kStaleQpn);
    EXPECT_EQ(second->caGuid, 1U);
    EXPECT_EQ(second->commId, 2U);
    EXPECT_EQ(second->qpn, 3U);
    EXPECT_EQ(table.EnterPeer(*second, kGuidB + 1, 5, 50).result, CmTable::EnterResult::kEntered);
    table.RemovePeer(*first);
    table.RemovePeer(*second);
    table.RemovePeer(*second); // harmless
}

TEST_F(Table, ManyPeersAreAllFoundAgain)
{
    CmTable table(runtime, 1, {});
    std::vector<std::unique_ptr<PeerRecord>> records;
    for (std::uint32_t i = 1; i <= 5000; ++i)
    {
        records.push_back(Record(0, 0, 0));
        // Guids and ids that a hostile peer would choose: all alike but for a few bits.
        ASSERT_EQ(table.EnterPeer(*records.back(), kGuidB + i % 7, i << 12, i).result,
                  CmTable::EnterResult::kEntered);
    }
    EXPECT_EQ(table.PeerRecords(), 5000U);
    auto probe = Record(0, 0, 0);
    for (std::uint32_t i = 1; i <= 5000; ++i)
    {
        ASSERT_EQ(table.EnterPeer(*probe, kGuidB + i % 7, i << 12, 0xffffff).result,
                  CmTable::EnterResult::kDuplicateCommId);
        ASSERT_EQ(table.EnterPeer(*probe, kGuidB + i % 7, 1, i).result,
                  CmTable::EnterResult::kStaleQpn);
    }
    for (auto& record : records)
    {
        table.RemovePeer(*record);
    }
    EXPECT_EQ(table.PeerRecords(), 0U);
}

TEST_F(Table, CancelAgingFreesWhatAges)
{
    CmTable table(runtime, 1, {});
    for (std::uint32_t i = 1; i <= 3; ++i)
    {
        auto record = Record(0, 0, 0);
        ASSERT_EQ(table.EnterPeer(*record, kGuidB, i, i).result, CmTable::EnterResult::kEntered);
        table.AgePeer(*record.release(), std::chrono::seconds(1));
    }
    EXPECT_EQ(runtime.ArmedTimers(), 3U);
    table.CancelAging();
    EXPECT_EQ(runtime.ArmedTimers(), 0U);
    EXPECT_EQ(table.PeerRecords(), 0U);
}

} // namespace
} // namespace ibcm::test
