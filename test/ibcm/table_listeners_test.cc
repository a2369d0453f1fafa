// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The table of listeners: one for each service id, however it is written, and who may share it.
#include "table-fixture.h"

#include <set>

namespace ibcm::test
{
namespace
{

using Kind = Admission::Kind;

constexpr std::uint64_t kPortSpace = 0xffffffffffff0000;

class ListenerTable : public TableFixture
{
  protected:
    ListenerTable()
        : table(runtime, 1, AtMost(8), *queue, *this),
          id(Published(table))
    {
    }

    ~ListenerTable() override
    {
        table.Erase(*id, false);
    }

    static Limits AtMost(std::uint32_t listeners)
    {
        Limits limits;
        limits.maxListeners = listeners;
        return limits;
    }

    /** Who answers for a service id; null: nobody. */
    const CmId* AnswersFor(std::uint64_t serviceId)
    {
        SidrRecord probe;
        probe.requestId = 1;
        const Admission admission = table.AdmitSidr(probe, serviceId);
        if (admission.kind != Kind::kAdmitted)
        {
            EXPECT_EQ(admission.kind, Kind::kNoListener);
            return nullptr;
        }
        table.RemoveSidr(probe);
        GiveBack(table, admission.place);
        return &*admission.listener;
    }

    CmTable table;
    std::unique_ptr<CmId> id;
};

TEST_F(ListenerTable, AnExactServiceIsAnsweredExactly)
{
    const auto record = Service(*id, kService);
    EXPECT_EQ(table.Listen(*record), kService);
    EXPECT_EQ(AnswersFor(kService), id.get());
    EXPECT_EQ(AnswersFor(kService + 1), nullptr);
    EXPECT_EQ(AnswersFor(0), nullptr);
    const auto twice = Service(*id, kService);
    EXPECT_EQ(table.Listen(*twice).error(), CmError::kAddressInUse);
    table.Unlisten(*record);
    EXPECT_EQ(AnswersFor(kService), nullptr);
}

TEST_F(ListenerTable, AMaskAnswersForItsRange)
{
    const auto range = Service(*id, 0x1060000, kPortSpace);
    ASSERT_TRUE(table.Listen(*range));
    EXPECT_EQ(AnswersFor(0x1060000), id.get());
    EXPECT_EQ(AnswersFor(0x106ffff), id.get());
    EXPECT_EQ(AnswersFor(0x1070000), nullptr);
    EXPECT_EQ(AnswersFor(0x105ffff), nullptr);
    table.Unlisten(*range);
}

TEST_F(ListenerTable, AServiceIdHasOneListenerAtMost)
{
    const auto range = Service(*id, 0x1060000, kPortSpace);
    const auto inside = Service(*id, 0x1061234);
    const auto outside = Service(*id, 0x1071234);
    const auto wider = Service(*id, 0x1000000, 0xffffffffff000000);
    const auto crossing = Service(*id, 0x4242, 0x000000000000ffff); // shares some ids
    const auto elsewhere = Service(*id, 0x1080000, kPortSpace);
    ASSERT_TRUE(table.Listen(*range));
    for (const auto* record : {&inside, &wider, &crossing})
    {
        EXPECT_EQ(table.Listen(**record).error(), CmError::kAddressInUse);
        EXPECT_FALSE((*record)->is_linked());
    }
    EXPECT_TRUE(table.Listen(*outside));
    EXPECT_TRUE(table.Listen(*elsewhere));
    table.Unlisten(*range);
    EXPECT_TRUE(table.Listen(*inside)) << "the range is free";
    EXPECT_EQ(table.Listen(*range).error(), CmError::kAddressInUse) << "and has someone in it";
    table.Unlisten(*inside);
    table.Unlisten(*outside);
    table.Unlisten(*elsewhere);
}

TEST_F(ListenerTable, AssignedIdsAreFreeOnesOfTheirRange)
{
    // Somebody answers for the next ones already.
    const auto blocker = Service(*id, kAssignServiceId | 2, ~std::uint64_t{1});
    ASSERT_TRUE(table.Listen(*blocker));
    std::set<std::uint64_t> ids;
    std::vector<std::unique_ptr<ListenerRecord>> records;
    for (unsigned i = 0; i < 3; ++i)
    {
        records.push_back(Service(*id, kAssignServiceId));
        const auto given = table.Listen(*records.back());
        ASSERT_TRUE(given);
        EXPECT_EQ(*given >> 56, kAssignServiceId >> 56);
        EXPECT_NE(*given, kAssignServiceId) << "that means: assign one";
        EXPECT_NE(*given | 1, kAssignServiceId | 3) << "taken";
        EXPECT_TRUE(ids.insert(*given).second);
        EXPECT_EQ(records.back()->serviceId, *given);
        EXPECT_EQ(AnswersFor(*given), id.get());
    }
    table.Unlisten(*records[0]);
    const auto next = Service(*id, kAssignServiceId);
    EXPECT_TRUE(ids.insert(table.Listen(*next).value()).second) << "not the one just given up";
    table.Unlisten(*next);
    table.Unlisten(*records[1]);
    table.Unlisten(*records[2]);
    table.Unlisten(*blocker);
}

TEST_F(ListenerTable, TheirNumberIsBounded)
{
    std::vector<std::unique_ptr<ListenerRecord>> records;
    for (unsigned i = 0; i < 8; ++i)
    {
        records.push_back(Service(*id, kService + i));
        ASSERT_TRUE(table.Listen(*records.back()));
    }
    const auto over = Service(*id, kService + 8);
    EXPECT_EQ(table.Listen(*over).error(), CmError::kNoResources);
    table.Unlisten(*records[3]);
    EXPECT_TRUE(table.Listen(*over));
    table.Unlisten(*over);
    records.erase(records.begin() + 3);
    for (const auto& record : records)
    {
        table.Unlisten(*record);
    }
}

TEST_F(ListenerTable, IsSharedByTheSameHandlerOnly)
{
    Recorder stranger(runtime);
    EXPECT_EQ(table.Share(consumer, kService), Handle::kNone) << "nobody listens";
    const auto record = Service(*id, kService);
    record->sharedBy = &consumer;
    ASSERT_TRUE(table.Listen(*record));
    EXPECT_EQ(table.Share(stranger, kService), tl::unexpected(CmError::kInvalidArgument));
    EXPECT_EQ(record->sharers, 1U);
    EXPECT_EQ(table.Share(consumer, kService), id->handle);
    EXPECT_EQ(table.Share(consumer, kService), id->handle);
    EXPECT_EQ(record->sharers, 3U);

    // Each destroys it once; the last one gets it.
    for (unsigned left = 2; left > 0; --left)
    {
        const CmTable::Claim dropped = table.ClaimDestroy(id->handle);
        EXPECT_TRUE(dropped.shareDropped);
        EXPECT_EQ(dropped.id, nullptr);
        EXPECT_EQ(record->sharers, left);
        EXPECT_TRUE(table.FindByHandle(id->handle));
    }
    const CmTable::Claim last = table.ClaimDestroy(id->handle);
    EXPECT_FALSE(last.shareDropped);
    EXPECT_EQ(last.id, id.get());
    EXPECT_EQ(table.Share(consumer, kService), tl::unexpected(CmError::kAddressInUse))
        << "its last sharer is leaving";
    table.Unlisten(*record);
    EXPECT_EQ(table.Share(consumer, kService), Handle::kNone);
}

TEST_F(ListenerTable, IsNotSharedUnlessItWasMadeForThat)
{
    const auto alone = Service(*id, kService);
    ASSERT_TRUE(table.Listen(*alone));
    EXPECT_EQ(table.Share(consumer, kService), tl::unexpected(CmError::kInvalidArgument));
    table.Unlisten(*alone);
    const auto range = Service(*id, kService, kPortSpace);
    range->sharedBy = &consumer;
    ASSERT_TRUE(table.Listen(*range));
    EXPECT_EQ(table.Share(consumer, kService), tl::unexpected(CmError::kInvalidArgument))
        << "one service is not a range";
    table.Unlisten(*range);
}

TEST_F(ListenerTable, IsDescribed)
{
    const auto other = Published(table);
    const auto exact = Service(*id, kService);
    const auto range = Service(*other, 0x1060000, kPortSpace);
    exact->sharedBy = &consumer;
    ASSERT_TRUE(table.Listen(*exact));
    ASSERT_TRUE(table.Listen(*range));
    ASSERT_TRUE(table.Share(consumer, kService));
    ASSERT_TRUE(exact->backlog->Enter());
    Report report;
    table.Describe(report);
    ASSERT_EQ(report.listeners.size(), 2U);
    EXPECT_EQ(report.listeners[0].serviceId, kService);
    EXPECT_EQ(report.listeners[0].serviceMask, kExactService);
    EXPECT_EQ(report.listeners[0].id, id->handle);
    EXPECT_EQ(report.listeners[0].sharers, 2U);
    EXPECT_EQ(report.listeners[0].open, 1U);
    EXPECT_EQ(report.listeners[1].serviceMask, kPortSpace);
    EXPECT_EQ(report.listeners[1].open, 0U);
    table.ClaimDestroy(id->handle); // one of both sharers
    table.Unlisten(*exact);
    table.Unlisten(*range);
    table.Erase(*other, false);
}

} // namespace
} // namespace ibcm::test
