// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Floods and bounds: what a hostile or overwhelming peer can take is bounded, and the others are
// served meanwhile.
#include "allocation-hook.h"
#include "extra-host.h"

namespace ibcm::test
{
namespace
{

using ibwire::RejReason;

constexpr std::uint32_t kIds = 40;
constexpr std::uint32_t kPeers = 20;
constexpr std::uint32_t kSidr = 10;
constexpr std::uint32_t kBacklog = 12;
constexpr std::uint32_t kFlood = 2000;

/** The host that is flooded; A and B are bystanders. */
class Flooding : public Pair
{
  protected:
    Flooding()
        : host(std::make_unique<ExtraHost>(runtime, wire, kGuidC, TablesC(), Bounded()))
    {
        flooded = host->Listen();
        ReqParameters parameters = ReqToC();
        Connect(parameters);
        m_template = LastSent<ibwire::CmReq>();
        wire.DropAll();
        DestroyA(created.back().second);
        wire.DropAll();
        sent.clear();
    }

    void TearDown() override
    {
        wire.DropAll();
        host.reset();
        Pair::TearDown();
    }

    static Options Bounded()
    {
        Options options;
        options.limits.maxIds = kIds;
        options.limits.maxPeers = kPeers;
        options.limits.maxSidrRequests = kSidr;
        options.limits.backlog = kBacklog;
        return options;
    }

    ReqParameters ReqToC() const
    {
        ReqParameters parameters = Req();
        parameters.primaryPath.dgid = ibwire::Gid::From(ibwire::kDefaultGidPrefix, kGuidC + 1);
        parameters.primaryPath.dlid = kLidC;
        return parameters;
    }

    /** A REQ of the attacker, each another connection. */
    ibwire::CmReq Attack(std::uint32_t number, std::uint64_t service = kService)
    {
        ibwire::CmReq req = m_template;
        req.localCaGuid = 0xbad0000000000000 + number % 7;
        req.localCommId = 0x100000 + number;
        req.localQpn = 0x400000 + number;
        req.serviceId = service;
        return req;
    }

    void Give(const ibwire::CmMessage& message, std::uint64_t transactionId = 5)
    {
        ibwire::MadHeader header;
        header.transactionId = transactionId;
        ReceivedMad mad;
        mad.bytes = ibwire::EncodeCm(header, message).value();
        mad.replyAddress.dlid = 0x3fff; // nobody: answers fall into the void
        host->port.Received(mad);
    }

    /** Brings a connection of A to C to the end of the handshake. */
    Handle ConnectToC(std::uint64_t service, std::uint32_t qpn)
    {
        const std::size_t before = host->consumer.accepted.size();
        ReqParameters parameters = ReqToC();
        parameters.serviceId = service;
        parameters.localQpn = qpn;
        const Handle id = Connect(parameters);
        Settle();
        if (host->consumer.accepted.size() != before + 1)
        {
            return Handle::kNone;
        }
        RepParameters rep = Rep();
        rep.localQpn = qpn + 0x10000;
        EXPECT_TRUE(host->cm.SendRep(host->consumer.accepted.back(), rep));
        Settle();
        EXPECT_TRUE(hostA->cm.SendRtu(id));
        Settle();
        EXPECT_EQ(host->cm.StateOf(host->consumer.accepted.back()), State::kEstablished);
        return id;
    }

    std::size_t CountSent(RejReason reason) const
    {
        std::size_t count = 0;
        for (const SentMad& mad : sent)
        {
            const auto* rej = std::get_if<ibwire::CmRej>(&mad.message);
            count += rej != nullptr && rej->reason == reason ? 1 : 0;
        }
        return count;
    }

    std::unique_ptr<ExtraHost> host;
    Handle flooded{Handle::kNone};

  private:
    ibwire::CmReq m_template;
};

TEST_F(Flooding, ReqsFillABacklogAndNothingElse)
{
    const Handle other = host->Listen(kService + 1);
    const Handle before = ConnectToC(kService + 1, 0x500);
    ASSERT_NE(before, Handle::kNone);
    sent.clear();
    const std::size_t ids = host->cm.LiveIds();
    const std::size_t living = life.Living();
    for (std::uint32_t i = 0; i < kFlood; ++i)
    {
        Give(Attack(i));
    }
    EXPECT_EQ(host->cm.LiveIds(), ids + kBacklog);
    EXPECT_EQ(host->cm.PeerRecords(), 1 + kBacklog);
    EXPECT_EQ(life.Living(), living + 2 * kBacklog) << "an id and a peer for each that is open";
    EXPECT_EQ(Count(host->cm.Counters(), Discard::kBacklog), kFlood - kBacklog);
    EXPECT_TRUE(sent.empty()) << "what may be asked again is not refused";

    // Neither another listener nor an established connection feels it.
    EXPECT_NE(ConnectToC(kService + 1, 0x501), Handle::kNone);
    EXPECT_EQ(host->cm.StateOf(other), State::kListen);
    ASSERT_TRUE(hostA->cm.SendDreq(before));
    Settle();
    EXPECT_EQ(host->consumer.Last().event.type, EventType::kDreqReceived);
}

TEST_F(Flooding, OverTheWholeManagerReqsAreRefusedForWantOfResources)
{
    // Many listeners have more backlog than there are peers.
    for (std::uint64_t service = kService + 1; service <= kService + 4; ++service)
    {
        host->Listen(service);
    }
    for (std::uint32_t i = 0; i < kFlood; ++i)
    {
        Give(Attack(i, kService + i % 5));
    }
    EXPECT_EQ(host->cm.PeerRecords(), kPeers);
    EXPECT_EQ(host->cm.LiveIds(), 5 + kPeers);
    EXPECT_EQ(CountSent(RejReason::kNoResources) + Count(host->cm.Counters(), Discard::kBacklog),
              kFlood - kPeers);
    EXPECT_GT(CountSent(RejReason::kNoResources), 0U);
    wire.DropAll();
    // Refused ones leave no place in a backlog behind: after one ends, one comes in.
    ASSERT_TRUE(host->cm.SendRej(host->consumer.accepted[0], RejReason::kConsumer));
    const std::size_t accepted = host->consumer.accepted.size();
    Give(Attack(kFlood));
    EXPECT_EQ(host->consumer.accepted.size(), accepted + 1);
    Give(Attack(kFlood + 1));
    EXPECT_EQ(host->consumer.accepted.size(), accepted + 1);
}

TEST_F(Flooding, IdsAreBoundedForConsumersAndPeersAlike)
{
    while (host->cm.LiveIds() < kIds)
    {
        host->Create();
    }
    EXPECT_EQ(host->cm.Create(host->consumer), tl::unexpected(CmError::kNoResources));
    EXPECT_EQ(host->cm.ListenShared(host->consumer, kService + 1),
              tl::unexpected(CmError::kNoResources));
    Give(Attack(1));
    EXPECT_EQ(CountSent(RejReason::kNoResources), 1U);
    ibwire::CmSidrReq sidr;
    sidr.requestId = 9;
    sidr.serviceId = kService;
    Give(sidr);
    EXPECT_EQ(LastSent<ibwire::CmSidrRep>().status, ibwire::SidrStatus::kNoQp);
    EXPECT_EQ(host->cm.PeerRecords(), 0U);
    EXPECT_EQ(host->cm.Inspect().listeners[0].open, 0U) << "no place is kept";
    ASSERT_TRUE(host->cm.Destroy(host->made.back()));
    Give(Attack(2));
    EXPECT_EQ(host->consumer.TakeNames(), "REQ_RECEIVED");
}

TEST_F(Flooding, SidrRequestsHaveABoundOfTheirOwn)
{
    ListenParameters wide;
    wide.serviceId = kService + 1;
    wide.backlog = 1000;
    ASSERT_TRUE(host->cm.Listen(host->Create(), wide));
    const std::size_t ids = host->cm.LiveIds();
    for (std::uint32_t i = 0; i < kFlood; ++i)
    {
        ibwire::CmSidrReq sidr;
        sidr.requestId = i + 1;
        sidr.serviceId = kService + 1;
        Give(sidr);
    }
    EXPECT_EQ(host->cm.LiveIds(), ids + kSidr);
    EXPECT_EQ(sent.size(), kFlood - kSidr);
    EXPECT_EQ(LastSent<ibwire::CmSidrRep>().status, ibwire::SidrStatus::kNoQp);
    wire.DropAll();
    EXPECT_NE(ConnectToC(kService, 0x500), Handle::kNone) << "connections are not kept out";
    // An answer makes room for the next.
    ASSERT_TRUE(host->cm.SendSidrRep(host->consumer.told[0].id, SidrRepParameters{}));
    wire.DropAll();
    const std::size_t told = host->consumer.told.size();
    ibwire::CmSidrReq sidr;
    sidr.requestId = kFlood + 1;
    sidr.serviceId = kService + 1;
    Give(sidr);
    EXPECT_EQ(host->consumer.told.size(), told + 1);
}

TEST_F(Flooding, SidrRequestsFillABacklogToo)
{
    const std::size_t ids = host->cm.LiveIds();
    for (std::uint32_t i = 0; i < 100; ++i)
    {
        ibwire::CmSidrReq sidr;
        sidr.requestId = i + 1;
        sidr.serviceId = kService;
        Give(sidr);
    }
    EXPECT_EQ(host->cm.LiveIds(), ids + kSidr);
    for (std::uint32_t i = 0; i < 100; ++i)
    {
        Give(Attack(i));
    }
    EXPECT_EQ(host->cm.LiveIds(), ids + kBacklog) << "one backlog for both kinds";
    EXPECT_EQ(host->cm.Inspect().listeners[0].open, kBacklog);
}

TEST_F(Flooding, MessagesForNobodyAreAnsweredWithoutMemory)
{
    const Handle before = ConnectToC(kService, 0x500);
    ASSERT_NE(before, Handle::kNone);
    const Handle passive = host->consumer.accepted.back();
    sent.clear();
    const std::size_t made = life.Made();
    const auto unknown = [](std::uint32_t i) { return 0x9e3779b9U * (i + 1); };
    for (std::uint32_t i = 0; i < kFlood; ++i)
    {
        Give(ibwire::CmDreq{.localCommId = i + 1, .remoteCommId = unknown(i), .remoteQpn = i + 1});
        wire.DropAll();
    }
    EXPECT_EQ(sent.size(), kFlood) << "a stateless DREP for each";
    for (std::uint32_t i = 0; i < kFlood; ++i)
    {
        Give(ibwire::CmRep{.localCommId = i + 1, .remoteCommId = unknown(i), .localQpn = 1});
        Give(ibwire::CmRtu{.localCommId = i + 1, .remoteCommId = unknown(i)});
        Give(ibwire::CmDrep{.localCommId = i + 1, .remoteCommId = unknown(i)});
        Give(ibwire::CmRej{.localCommId = i + 1, .remoteCommId = unknown(i)});
        Give(ibwire::CmMra{.localCommId = i + 1, .remoteCommId = unknown(i)});
        Give(ibwire::CmLap{.localCommId = i + 1, .remoteCommId = unknown(i)});
        Give(ibwire::CmApr{.localCommId = i + 1, .remoteCommId = unknown(i)});
        Give(ibwire::CmSidrRep{.requestId = unknown(i)});
        wire.DropAll();
    }
    EXPECT_EQ(life.Made(), made) << "no id, no peer";
    EXPECT_EQ(host->cm.StateOf(passive), State::kEstablished);
    EXPECT_EQ(host->cm.PeerRecords(), 1U);
    EXPECT_EQ(host->port.Outstanding(), 0U);
    EXPECT_EQ(runtime.ReadyItems(), 0U);
}

TEST_F(Flooding, ReqsForNobodyLeaveNothing)
{
    const std::size_t living = life.Living();
    const std::size_t timers = runtime.ArmedTimers();
    for (std::uint32_t i = 0; i < kFlood; ++i)
    {
        Give(Attack(i, kService + 77));
        wire.DropAll();
    }
    EXPECT_EQ(CountSent(RejReason::kInvalidServiceId), kFlood);
    EXPECT_EQ(life.Living(), living);
    EXPECT_EQ(runtime.ArmedTimers(), timers);
    EXPECT_EQ(host->cm.PeerRecords(), 0U);
}

TEST_F(Flooding, NothingIsAllocatedUnderALock)
{
    const AllocationHook hook(runtime);
    for (std::uint32_t i = 0; i < 100; ++i)
    {
        Give(Attack(i, kService + i % 2));
        ibwire::CmSidrReq sidr;
        sidr.requestId = i + 1;
        sidr.serviceId = kService;
        Give(sidr);
    }
    EXPECT_EQ(hook.Allocations(), 0U) << hook.FirstBytes() << " bytes";
    EXPECT_GT(hook.Others(), 0U);
}

TEST_F(Flooding, ActiveConnectionsAreBoundedByPeersToo)
{
    LoopbackWire::EndTables tables = TablesC();
    tables.lid = kLidC + 1;
    Options two;
    two.limits.maxPeers = 2;
    ExtraHost small(runtime, wire, kGuidC + 0x100, tables, two);
    ListenB();
    ReqParameters parameters = Req();
    parameters.primaryPath.sgid = small.gid;
    parameters.primaryPath.slid = small.lid;
    hostB->consumer.react = [&](ConnectionManager& cm, Handle id, const Event& event)
    {
        if (event.type == EventType::kReqReceived)
        {
            RepParameters rep = Rep();
            rep.localQpn = std::get<ReqReceived>(event.parameters).remoteQpn + 0x1000;
            EXPECT_TRUE(cm.SendRep(id, rep));
        }
        return Disposition::kKeep;
    };
    for (std::uint32_t i = 0; i < 2; ++i)
    {
        parameters.localQpn = 0x900 + i;
        ASSERT_TRUE(small.cm.SendReq(small.Create(), parameters));
        Settle();
    }
    ASSERT_EQ(small.cm.PeerRecords(), 2U);
    parameters.localQpn = 0x902;
    const Handle third = small.Create();
    EXPECT_EQ(small.cm.SendReq(third, parameters), tl::unexpected(CmError::kNoResources));
    EXPECT_EQ(small.cm.StateOf(third), State::kIdle);
    ASSERT_TRUE(small.cm.Destroy(small.made[0]));
    EXPECT_TRUE(small.cm.SendReq(third, parameters));
}

} // namespace
} // namespace ibcm::test
