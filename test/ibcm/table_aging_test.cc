// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Peers in TIMEWAIT: whom they keep out, for how long, and how that ends early.
#include "table-fixture.h"

#include <algorithm>
#include <iterator>

namespace ibcm::test
{
namespace
{

using Kind = Admission::Kind;
using Entered = CmTable::EnterResult;

constexpr std::uint32_t kCommId = 10;
constexpr std::uint32_t kQpn = 100;
constexpr std::uint32_t kTransaction = 1000;

class AgingTable : public TableFixture
{
  protected:
    static ReqClaim For(std::uint64_t serviceId)
    {
        ReqClaim claim;
        claim.serviceId = serviceId;
        return claim;
    }
};

TEST_F(AgingTable, AnAgingPeerStillStandsInTheWay)
{
    CmTable table(runtime, 1, {}, *queue, *this);
    auto old = Record(0, 0, 0, kTransaction);
    ASSERT_EQ(Enter(table, *old, kGuidB, kCommId, kQpn, kTransaction).result, Entered::kEntered);
    PeerRecord& aging = *old.release();
    table.AgePeer(aging, std::chrono::seconds(1), true);
    EXPECT_TRUE(aging.aging);
    EXPECT_EQ(table.PeerRecords(), 1U);

    const auto again = Record(kGuidB, kCommId + 1, kQpn, kTransaction);
    {
        const Admission stale = table.Admit(*again, For(kService));
        EXPECT_EQ(stale.kind, Kind::kStale);
        EXPECT_TRUE(stale.aging);
        EXPECT_FALSE(stale.owner) << "destroyed already";
    }
    const auto reused = Record(kGuidB, kCommId, kQpn + 1, kTransaction);
    EXPECT_EQ(table.Admit(*reused, For(kService)).kind, Kind::kStale) << "it will end";
    const auto copy = Record(kGuidB, kCommId, kQpn, kTransaction);
    EXPECT_EQ(table.Admit(*copy, For(kService)).kind, Kind::kDuplicate);
    const auto other = Record();
    EXPECT_EQ(Enter(table, *other, kGuidB, kCommId + 1, kQpn).result, Entered::kStaleQpn);

    runtime.Advance(std::chrono::milliseconds(999));
    EXPECT_TRUE(aged.empty());
    runtime.Advance(std::chrono::milliseconds(1));
    ASSERT_EQ(aged.size(), 1U);
    EXPECT_EQ(aged[0].get(), &aging);
    EXPECT_EQ(table.PeerRecords(), 0U);
    EXPECT_EQ(table.Admit(*again, For(kService)).kind, Kind::kNoListener);
}

TEST_F(AgingTable, AnAgingPeerMayBlockNothingAndStillCounts)
{
    Limits limits;
    limits.maxPeers = 2;
    CmTable table(runtime, 1, limits, *queue, *this);
    auto old = Record();
    ASSERT_EQ(Enter(table, *old, kGuidB, kCommId, kQpn).result, Entered::kEntered);
    table.AgePeer(*old.release(), std::chrono::seconds(1), false);
    EXPECT_EQ(table.PeerRecords(), 1U);
    EXPECT_FALSE(table.ExpireNow(kGuidB, kQpn)) << "it blocks nobody";
    const auto again = Record();
    EXPECT_EQ(Enter(table, *again, kGuidB, kCommId, kQpn).result, Entered::kEntered);
    EXPECT_EQ(table.PeerRecords(), 2U);
    EXPECT_EQ(table.PromisePeer().error(), CmError::kNoResources);
    table.RemovePeer(*again);

    Report report;
    report.when = runtime.Now();
    table.Describe(report);
    ASSERT_EQ(report.peers.size(), 1U);
    EXPECT_TRUE(report.peers[0].aging);
    EXPECT_EQ(report.peers[0].remaining, std::chrono::seconds(1));

    runtime.Advance(std::chrono::seconds(1));
    EXPECT_EQ(aged.size(), 1U);
    EXPECT_TRUE(table.PromisePeer());
    EXPECT_TRUE(table.PromisePeer());
    EXPECT_EQ(table.PromisePeer().error(), CmError::kNoResources);
    EXPECT_EQ(table.PeerRecords(), 0U);
}

TEST_F(AgingTable, EachAgesByItsOwnTime)
{
    // One timer for all, whatever the order in which they come.
    constexpr unsigned kTimes[] = {50, 10, 40, 10, 30, 20, 60};
    CmTable table(runtime, 1, {}, *queue, *this);
    for (std::uint32_t i = 0; i < std::size(kTimes); ++i)
    {
        auto record = Record();
        ASSERT_EQ(Enter(table, *record, kGuidB, i + 1, i + 1).result, Entered::kEntered);
        table.AgePeer(*record.release(), std::chrono::milliseconds(kTimes[i]), i % 2 == 0);
        EXPECT_EQ(runtime.ArmedTimers(), 1U);
    }
    for (unsigned passed = 1; passed <= 60; ++passed)
    {
        runtime.Advance(std::chrono::milliseconds(1));
        const auto due = std::count_if(std::begin(kTimes),
                                       std::end(kTimes),
                                       [passed](unsigned time) { return time <= passed; });
        ASSERT_EQ(aged.size(), static_cast<std::size_t>(due)) << "after " << passed << " ms";
    }
    EXPECT_EQ(table.PeerRecords(), 0U);
    EXPECT_EQ(runtime.ArmedTimers(), 0U);
    auto late = Record();
    ASSERT_EQ(Enter(table, *late, kGuidB, 1, 1).result, Entered::kEntered);
    table.AgePeer(*late.release(), std::chrono::milliseconds(5), true);
    runtime.Advance(std::chrono::milliseconds(5));
    EXPECT_EQ(aged.size(), std::size(kTimes) + 1) << "the timer is set again";
}

TEST_F(AgingTable, ManyAgeAtOnce)
{
    constexpr std::uint32_t kPeers = 1000; // more than are handled under one hold of the lock
    CmTable table(runtime, 1, {}, *queue, *this);
    for (std::uint32_t i = 1; i <= kPeers; ++i)
    {
        auto record = Record();
        table.MakeRoom();
        ASSERT_EQ(Enter(table, *record, kGuidB, i, i).result, Entered::kEntered);
        table.AgePeer(*record.release(), std::chrono::milliseconds(7), i % 3 != 0);
    }
    runtime.Advance(std::chrono::milliseconds(7));
    EXPECT_EQ(aged.size(), kPeers);
    EXPECT_EQ(table.PeerRecords(), 0U);
}

TEST_F(AgingTable, TimewaitCanBeCutShort)
{
    CmTable table(runtime, 1, {}, *queue, *this);
    auto record = Record();
    auto longer = Record();
    ASSERT_EQ(Enter(table, *record, kGuidB, kCommId, kQpn).result, Entered::kEntered);
    ASSERT_EQ(Enter(table, *longer, kGuidB, kCommId + 1, kQpn + 1).result, Entered::kEntered);
    EXPECT_FALSE(table.ExpireNow(kGuidB, kQpn)) << "connected, not in TIMEWAIT";
    table.AgePeer(*record.release(), std::chrono::seconds(5), true);
    table.AgePeer(*longer.release(), std::chrono::seconds(9), true);
    EXPECT_EQ(runtime.NextTimer(), runtime.Now() + std::chrono::seconds(5));
    EXPECT_FALSE(table.ExpireNow(kGuidB, kQpn + 2));
    EXPECT_FALSE(table.ExpireNow(kGuidB + 1, kQpn));
    runtime.Advance(std::chrono::seconds(1));
    EXPECT_TRUE(table.ExpireNow(kGuidB, kQpn + 1));
    EXPECT_TRUE(table.ExpireNow(kGuidB, kQpn + 1)) << "twice does no harm";
    runtime.Advance(Duration{0});
    ASSERT_EQ(aged.size(), 1U);
    EXPECT_EQ(aged[0]->qpn, kQpn + 1);
    runtime.Advance(std::chrono::seconds(4));
    EXPECT_EQ(aged.size(), 2U) << "the other one at its time";
}

TEST_F(AgingTable, CancelAgingFreesWhatAges)
{
    CmTable table(runtime, 1, {}, *queue, *this);
    const auto age = [&](std::uint32_t number, Duration time)
    {
        auto record = Record();
        ASSERT_EQ(Enter(table, *record, kGuidB, number, number).result, Entered::kEntered);
        table.AgePeer(*record.release(), time, number % 2 == 0);
    };
    for (std::uint32_t i = 1; i <= 4; ++i)
    {
        age(i, std::chrono::seconds(1));
    }
    EXPECT_EQ(table.PeerRecords(), 4U);
    table.CancelAging();
    EXPECT_EQ(runtime.ArmedTimers(), 0U);
    EXPECT_EQ(table.PeerRecords(), 0U);
    age(5, std::chrono::seconds(2));
    runtime.Advance(std::chrono::seconds(2));
    EXPECT_EQ(aged.size(), 1U) << "what comes later ages as ever";
}

} // namespace
} // namespace ibcm::test
