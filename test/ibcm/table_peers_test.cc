// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The table of peers: which requests are let in, who blocks whom, and for how long.
#include "allocation-hook.h"
#include "table-fixture.h"

#include <vector>

namespace ibcm::test
{
namespace
{

using Kind = Admission::Kind;
using Entered = CmTable::EnterResult;

constexpr std::uint32_t kCommId = 10;
constexpr std::uint32_t kQpn = 100;
constexpr std::uint32_t kTransaction = 1000;

class PeerTable : public TableFixture
{
  protected:
    static ReqClaim For(std::uint64_t serviceId)
    {
        ReqClaim claim;
        claim.serviceId = serviceId;
        return claim;
    }

    /** A listener for kService in @p table. */
    void Serve(CmTable& table, std::uint32_t backlog = 1000)
    {
        server = Published(table);
        service = Service(*server, kService, kExactService, backlog);
        ASSERT_TRUE(table.Listen(*service));
    }

    void StopServing(CmTable& table)
    {
        table.Unlisten(*service);
        table.Erase(*server, false);
    }

    std::unique_ptr<CmId> server;
    std::unique_ptr<ListenerRecord> service;
};

TEST_F(PeerTable, OneReqOfTwoCopiesIsLetIn)
{
    CmTable table(runtime, 1, {}, *queue, *this);
    Serve(table);
    const auto first = Record(kGuidB, kCommId, kQpn, kTransaction);
    const Admission admitted = table.Admit(*first, For(kService));
    ASSERT_EQ(admitted.kind, Kind::kAdmitted);
    EXPECT_EQ(&*admitted.listener, server.get());
    EXPECT_NE(admitted.place.handle, Handle::kNone);
    EXPECT_EQ(first->owner, admitted.place.handle);
    EXPECT_EQ(table.PeerRecords(), 1U);
    EXPECT_EQ(table.LiveIds(), 2U);
    EXPECT_EQ(service->backlog->Open(), 1U);

    const auto copy = Record(kGuidB, kCommId, kQpn, kTransaction);
    {
        const Admission duplicate = table.Admit(*copy, For(kService));
        EXPECT_EQ(duplicate.kind, Kind::kDuplicate);
        EXPECT_FALSE(duplicate.owner) << "its id is being made";
        EXPECT_FALSE(duplicate.aging);
        EXPECT_EQ(service->backlog->Open(), 1U) << "takes no place";
    }
    const auto id = Make(admitted.place);
    EXPECT_EQ(table.PublishAccepted(*id, *first), nullptr);
    EXPECT_EQ(&*table.Admit(*copy, For(kService)).owner, id.get());

    table.RemovePeer(*first);
    EXPECT_EQ(table.PeerRecords(), 0U);
    table.Erase(*id, false);
    StopServing(table);
}

TEST_F(PeerTable, KnownPeersAreToldApart)
{
    CmTable table(runtime, 1, {}, *queue, *this);
    Serve(table);
    const auto known = Record(kGuidB, kCommId, kQpn, kTransaction);
    const Admission admitted = table.Admit(*known, For(kService));
    const auto id = Make(admitted.place);
    table.PublishAccepted(*id, *known);

    struct Case
    {
        std::uint64_t guid;
        std::uint32_t commId;
        std::uint32_t qpn;
        std::uint32_t transaction;
        bool checkRepetition;
        Kind kind;
    };

    const Case cases[] = {
        {kGuidB, kCommId, kQpn, kTransaction, true, Kind::kDuplicate},
        {kGuidB, kCommId, kQpn, kTransaction + 1, true, Kind::kStale},
        {kGuidB, kCommId, kQpn + 1, kTransaction, true, Kind::kReusedCommId},
        {kGuidB, kCommId, kQpn + 1, kTransaction, false, Kind::kDuplicate},
        {kGuidB, kCommId, kQpn, kTransaction + 1, false, Kind::kDuplicate},
        {kGuidB, kCommId + 1, kQpn, kTransaction, true, Kind::kStale},
        {kGuidB, kCommId + 1, kQpn, kTransaction, false, Kind::kStale},
    };
    for (const Case& one : cases)
    {
        const auto record = Record(one.guid, one.commId, one.qpn, one.transaction);
        ReqClaim claim = For(kService + 1); // without a listener: what is known is found first
        claim.checkRepetition = one.checkRepetition;
        const Admission admission = table.Admit(*record, claim);
        EXPECT_EQ(admission.kind, one.kind) << one.commId << " " << one.qpn;
        EXPECT_EQ(&*admission.owner, id.get());
        EXPECT_FALSE(record->byCommId.is_linked());
    }
    const auto stranger = Record(kGuidB + 1, kCommId, kQpn, kTransaction);
    EXPECT_EQ(table.Admit(*stranger, For(kService + 1)).kind, Kind::kNoListener)
        << "the same numbers of another host";

    table.RemovePeer(*known);
    table.Erase(*id, false);
    StopServing(table);
}

TEST_F(PeerTable, APeerIsEnteredOnceAndARefusedRecordStaysAsItWas)
{
    CmTable table(runtime, 1, {}, *queue, *this);
    const auto owner = Published(table);
    const auto first = Record();
    first->owner = owner->handle;
    EXPECT_EQ(Enter(table, *first, kGuidB, 5, 50).result, Entered::kEntered);
    const auto second = Record(1, 2, 3);
    {
        const auto outcome = Enter(table, *second, kGuidB, 5, 51);
        EXPECT_EQ(outcome.result, Entered::kDuplicateCommId);
        EXPECT_EQ(&*outcome.owner, owner.get());
    }
    {
        const auto outcome = Enter(table, *second, kGuidB, 6, 50);
        EXPECT_EQ(outcome.result, Entered::kStaleQpn);
        EXPECT_EQ(&*outcome.owner, owner.get());
    }
    EXPECT_EQ(second->caGuid, 1U);
    EXPECT_EQ(second->commId, 2U);
    EXPECT_EQ(second->qpn, 3U);
    EXPECT_EQ(Enter(table, *second, kGuidB + 1, 5, 50).result, Entered::kEntered);
    table.RemovePeer(*first);
    table.RemovePeer(*second);
    table.Erase(*owner, false);
}

TEST_F(PeerTable, ManyPeersAreAllFoundAgainAndGrowthTakesNoMemoryUnderTheLock)
{
    constexpr std::uint32_t kPeers = 5000;
    CmTable table(runtime, 1, {}, *queue, *this);
    std::vector<std::unique_ptr<PeerRecord>> records;
    for (std::uint32_t i = 1; i <= kPeers; ++i)
    {
        records.push_back(Record());
    }
    {
        const AllocationHook hook(runtime);
        for (std::uint32_t i = 1; i <= kPeers; ++i)
        {
            table.MakeRoom();
            // Guids and ids that a hostile peer would choose: all alike but for a few bits.
            ASSERT_EQ(Enter(table, *records[i - 1], kGuidB + i % 7, i << 12, i).result,
                      Entered::kEntered);
        }
        EXPECT_GT(hook.Others(), 8U) << "it grows";
        EXPECT_EQ(hook.Allocations(), 0U) << hook.FirstBytes() << " bytes";
    }
    EXPECT_EQ(table.PeerRecords(), kPeers);
    const auto probe = Record();
    EventPtr none;
    for (std::uint32_t i = 1; i <= kPeers; ++i)
    {
        ASSERT_EQ(Enter(table, *probe, kGuidB + i % 7, i << 12, 0xffffff).result,
                  Entered::kDuplicateCommId);
        ASSERT_EQ(Enter(table, *probe, kGuidB + i % 7, 1, i).result, Entered::kStaleQpn);
    }
    for (const auto& record : records)
    {
        table.RemovePeer(*record);
    }
    EXPECT_EQ(table.PeerRecords(), 0U);
}

TEST_F(PeerTable, ARejForAnIdThatIsBeingMadeIsKept)
{
    CmTable table(runtime, 1, {}, *queue, *this);
    Serve(table);
    const auto record = Record(kGuidB, kCommId, kQpn);
    const Admission admitted = table.Admit(*record, For(kService));
    EventPtr early = std::make_unique<QueuedEvent>();
    const QueuedEvent* const kept = early.get();
    EXPECT_FALSE(table.FindByPeer(kGuidB, kCommId, early));
    EXPECT_EQ(early, nullptr) << "taken";
    EventPtr second = std::make_unique<QueuedEvent>();
    EXPECT_FALSE(table.FindByPeer(kGuidB, kCommId, second));
    EXPECT_NE(second, nullptr) << "one is enough";
    EXPECT_FALSE(table.FindByPeer(kGuidB, kQpn, second)) << "found by communication id only";
    EXPECT_FALSE(table.FindByPeer(kGuidB + 1, kCommId, second));

    const auto id = Make(admitted.place);
    const EventPtr given = table.PublishAccepted(*id, *record);
    EXPECT_EQ(given.get(), kept);
    EXPECT_EQ(&*table.FindByPeer(kGuidB, kCommId, second), id.get());
    EXPECT_NE(second, nullptr) << "for who has found it";
    table.RemovePeer(*record);
    EXPECT_FALSE(table.FindByPeer(kGuidB, kCommId, second));
    table.Erase(*id, false);
    StopServing(table);
}

TEST_F(PeerTable, ARefusedReqTakesNothing)
{
    Limits limits;
    limits.maxIds = 2;
    CmTable table(runtime, 1, limits, *queue, *this);
    Serve(table, 1);
    const auto record = Record(kGuidB, kCommId, kQpn);
    ReqClaim invalid = For(kService);
    invalid.valid = false;
    EXPECT_EQ(table.Admit(*record, invalid).kind, Kind::kRefused);
    EXPECT_EQ(service->backlog->Open(), 0U);
    invalid.serviceId = kService + 1;
    EXPECT_EQ(table.Admit(*record, invalid).kind, Kind::kNoListener)
        << "who listens comes before what is wrong";
    EXPECT_EQ(server->references.Value(), 1U);
    EXPECT_EQ(table.PeerRecords(), 0U);
    EXPECT_EQ(table.LiveIds(), 1U);
    EXPECT_EQ(table.Admit(*record, For(kService)).kind, Kind::kAdmitted);
    table.RemovePeer(*record);
    StopServing(table);
}

TEST_F(PeerTable, TheBacklogBoundsWhatIsOpen)
{
    CmTable table(runtime, 1, {}, *queue, *this);
    Serve(table, 2);
    const auto one = Record(kGuidB, 1, 1);
    const auto two = Record(kGuidB, 2, 2);
    const auto three = Record(kGuidB, 3, 3);
    Admission first = table.Admit(*one, For(kService));
    const Admission second = table.Admit(*two, For(kService));
    ASSERT_EQ(second.kind, Kind::kAdmitted);
    EXPECT_EQ(table.Admit(*three, For(kService)).kind, Kind::kBacklog);
    EXPECT_EQ(table.PeerRecords(), 2U);
    first.backlog.Leave();
    EXPECT_EQ(table.Admit(*three, For(kService)).kind, Kind::kAdmitted) << "one has left";
    for (const auto* record : {&one, &two, &three})
    {
        table.RemovePeer(**record);
    }
    StopServing(table);
}

TEST_F(PeerTable, LimitsOfIdsAndPeersRefuse)
{
    for (const bool ids : {true, false})
    {
        SCOPED_TRACE(ids ? "ids" : "peers");
        Limits limits;
        (ids ? limits.maxIds : limits.maxPeers) = ids ? 2 : 1;
        CmTable table(runtime, 1, limits, *queue, *this);
        Serve(table);
        const auto one = Record(kGuidB, 1, 1);
        const auto two = Record(kGuidB, 2, 2);
        EXPECT_EQ(table.Admit(*one, For(kService)).kind, Kind::kAdmitted);
        EXPECT_EQ(table.Admit(*two, For(kService)).kind, Kind::kNoResources);
        EXPECT_FALSE(two->byCommId.is_linked());
        EXPECT_EQ(service->backlog->Open(), 0U) << "both have given their places back";
        EXPECT_EQ(server->references.Value(), 1U);
        table.RemovePeer(*one);
        StopServing(table);
    }
}

TEST_F(PeerTable, ARedirectedServiceLetsNobodyIn)
{
    CmTable table(runtime, 1, {}, *queue, *this);
    server = Published(table);
    service = Service(*server, kService);
    service->redirect = ibwire::ClassPortInfo{};
    service->redirect->redirectLid = 77;
    ASSERT_TRUE(table.Listen(*service));
    const auto record = Record(kGuidB, kCommId, kQpn);
    const Admission admission = table.Admit(*record, For(kService));
    EXPECT_EQ(admission.kind, Kind::kRedirected);
    ASSERT_TRUE(admission.redirect);
    EXPECT_EQ(admission.redirect->redirectLid, 77);
    SidrRecord sidr;
    sidr.requestId = 1;
    EXPECT_EQ(table.AdmitSidr(sidr, kService).kind, Kind::kRedirected);
    EXPECT_EQ(service->backlog->Open(), 0U);
    StopServing(table);
}

TEST_F(PeerTable, APeersReqMeetsOurs)
{
    CmTable table(runtime, 1, {}, *queue, *this);
    Serve(table);
    const auto own = Published(table);
    PeerToPeerRecord pair;
    pair.serviceId = kService;
    pair.localGid = ibwire::Gid::From(1, 1);
    pair.remoteGid = ibwire::Gid::From(1, 2);
    pair.owner = own->handle;
    pair.commId = own->localCommId;
    table.EnterPeerToPeer(pair);
    PeerToPeerRecord same = {};
    same.serviceId = pair.serviceId;
    same.localGid = pair.localGid;
    same.remoteGid = pair.remoteGid;
    same.owner = own->handle;
    same.commId = own->localCommId + 1;
    table.EnterPeerToPeer(same); // two QPs may ask the same peer

    ReqClaim claim = For(kService);
    claim.localGid = pair.localGid;
    claim.remoteGid = pair.remoteGid;
    const auto record = Record(kGuidB, kCommId, kQpn);
    {
        const Admission met = table.Admit(*record, claim);
        EXPECT_EQ(met.kind, Kind::kPeerToPeer) << "before the listener";
        EXPECT_EQ(&*met.owner, own.get());
    }
    ReqClaim other = claim;
    std::swap(other.localGid, other.remoteGid);
    EXPECT_EQ(table.Admit(*record, other).kind, Kind::kAdmitted) << "another pair of ports";
    EXPECT_EQ(table.Admit(*record, claim).kind, Kind::kDuplicate) << "what is known comes first";
    table.RemovePeer(*record);
    table.LeavePeerToPeer(pair);
    EXPECT_EQ(table.Admit(*record, claim).kind, Kind::kPeerToPeer);
    table.LeavePeerToPeer(same);
    EXPECT_EQ(table.Admit(*record, claim).kind, Kind::kAdmitted);
    table.RemovePeer(*record);
    table.Erase(*own, false);
    StopServing(table);
}

TEST_F(PeerTable, SidrRequestsAreKnownByWhoAsks)
{
    Limits limits;
    limits.maxSidrRequests = 3;
    CmTable table(runtime, 1, limits, *queue, *this);
    Serve(table);
    const auto ask = [](std::uint32_t id, std::uint16_t lid, std::uint64_t gid)
    {
        auto record = std::make_unique<SidrRecord>();
        record->requestId = id;
        record->lid = lid;
        record->gid = ibwire::Gid::From(0, gid);
        return record;
    };
    const auto first = ask(1, 10, 0);
    const Admission admitted = table.AdmitSidr(*first, kService);
    ASSERT_EQ(admitted.kind, Kind::kAdmitted);
    EXPECT_EQ(&*admitted.listener, server.get());
    EXPECT_EQ(service->backlog->Open(), 1U);
    EXPECT_EQ(table.AdmitSidr(*ask(1, 10, 0), kService).kind, Kind::kDuplicate);
    EXPECT_EQ(table.AdmitSidr(*ask(1, 10, 0), kService + 1).kind, Kind::kDuplicate);
    EXPECT_EQ(table.AdmitSidr(*ask(2, 10, 0), kService + 1).kind, Kind::kNoListener);
    const auto otherLid = ask(1, 11, 0);
    const auto otherGid = ask(1, 10, 5);
    EXPECT_EQ(table.AdmitSidr(*otherLid, kService).kind, Kind::kAdmitted);
    EXPECT_EQ(table.AdmitSidr(*otherGid, kService).kind, Kind::kAdmitted);
    const auto fourth = ask(9, 9, 9);
    EXPECT_EQ(table.AdmitSidr(*fourth, kService).kind, Kind::kNoResources);
    EXPECT_EQ(service->backlog->Open(), 1U) << "the others have given their places back";
    table.RemoveSidr(*first);
    EXPECT_EQ(table.AdmitSidr(*fourth, kService).kind, Kind::kAdmitted) << "one has been answered";
    for (const auto* record : {&otherLid, &otherGid, &fourth})
    {
        table.RemoveSidr(**record);
    }
    StopServing(table);
}

} // namespace
} // namespace ibcm::test
