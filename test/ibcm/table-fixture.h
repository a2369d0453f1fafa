// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The core's table by itself, with ids and records that belong to the test.
#ifndef WEFT_TEST_IBCM_TABLE_FIXTURE_H
#define WEFT_TEST_IBCM_TABLE_FIXTURE_H

#include "ibcm/model/cm-table.h"
#include "pair.h"

#include <memory>
#include <vector>

namespace ibcm::test
{

/** Makes what a CmTable keeps, and is told what has aged. */
class TableFixture : public ::testing::Test, protected AgingSink
{
  protected:
    TableFixture()
        : consumer(runtime),
          queue(runtime.MakeWorkQueue("test", 1))
    {
    }

    void OnAged(std::unique_ptr<PeerRecord> record) override
    {
        EXPECT_EQ(runtime.LocksHeld(), 0U);
        aged.push_back(std::move(record));
    }

    std::unique_ptr<CmId> Make(const Reservation& place)
    {
        constexpr CmId::TimelineRoom kNoTimeline{0};
        return std::unique_ptr<CmId>(
            new (kNoTimeline) CmId(runtime, consumer, place.handle, place.commId, kNoTimeline));
    }

    /** Reserved, made and found. */
    std::unique_ptr<CmId> Published(CmTable& table)
    {
        auto id = Make(table.Reserve().value());
        table.Publish(*id);
        return id;
    }

    /** A reservation that comes to nothing. */
    void GiveBack(CmTable& table, const Reservation& place)
    {
        const auto id = Make(place);
        EXPECT_FALSE(table.Erase(*id, false));
    }

    /** What a REQ and its REP do: a place is kept, and taken. */
    static CmTable::EnterOutcome Enter(CmTable& table,
                                       PeerRecord& record,
                                       std::uint64_t guid,
                                       std::uint32_t commId,
                                       std::uint32_t qpn,
                                       std::uint32_t transactionId = 0)
    {
        EXPECT_TRUE(table.PromisePeer());
        auto outcome = table.EnterPeer(record, {guid, commId, qpn, transactionId});
        if (outcome.result != CmTable::EnterResult::kEntered)
        {
            table.WithdrawPromise();
        }
        return outcome;
    }

    std::unique_ptr<PeerRecord> Record(std::uint64_t guid = 0,
                                       std::uint32_t commId = 0,
                                       std::uint32_t qpn = 0,
                                       std::uint32_t transactionId = 0)
    {
        auto record = std::make_unique<PeerRecord>(runtime);
        record->caGuid = guid;
        record->commId = commId;
        record->qpn = qpn;
        record->transactionId = transactionId;
        record->owner = static_cast<Handle>(1); // nobody's
        return record;
    }

    static std::unique_ptr<ListenerRecord> Service(CmId& id,
                                                   std::uint64_t serviceId,
                                                   std::uint64_t mask = kExactService,
                                                   std::uint32_t backlog = 1000)
    {
        auto record = std::make_unique<ListenerRecord>();
        record->serviceMask = mask;
        record->serviceId = serviceId & mask;
        record->backlog = std::make_shared<Backlog>(backlog);
        record->id = &id;
        return record;
    }

    StepRuntime runtime;
    Recorder consumer;
    std::unique_ptr<WorkQueue> queue;
    std::vector<std::unique_ptr<PeerRecord>> aged; ///< told so, in this order
};

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_TABLE_FIXTURE_H
