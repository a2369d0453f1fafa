// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Why a REQ is rejected: each reason with its additional information, what comes first, and what is
// just still good.
#include "extra-host.h"

namespace ibcm::test
{
namespace
{

using ibwire::CmReq;
using ibwire::Mtu;
using ibwire::Rate;
using ibwire::RejReason;
using ibwire::TransportService;

constexpr std::uint16_t kLid = 0x0120;

LoopbackWire::EndTables Tables()
{
    LoopbackWire::EndTables tables;
    tables.lid = kLid;
    tables.lmc = 2;
    tables.gids = {ibwire::Gid::From(ibwire::kDefaultGidPrefix, 0xc1),
                   ibwire::Gid::From(ibwire::kDefaultGidPrefix, 0xc2)};
    tables.activeMtu = Mtu::k2048;
    tables.activeRate = Rate::k56Gbps;
    return tables;
}

Options Demanding()
{
    Options options;
    options.requirements.serviceLevels = 0xfffc; // 2..15
    options.requirements.maxInitiatorDepth = 8;
    options.requirements.minRnrRetryCount = 3;
    return options;
}

class CheckingReqs : public Pair
{
  protected:
    CheckingReqs()
        : host(std::make_unique<ExtraHost>(runtime, wire, kGuidC, Tables(), Demanding()))
    {
        host->Listen();
        ReqParameters parameters = Req();
        parameters.primaryPath.dlid = kLid;
        parameters.primaryPath.dgid = host->gid;
        parameters.primaryPath.sl = 2;
        parameters.primaryPath.mtu = 4;
        parameters.rnrRetryCount = 3;
        parameters.initiatorDepth = 8;
        parameters.alternatePath = parameters.primaryPath;
        parameters.alternatePath->dlid = kLid + 3;
        parameters.alternatePath->dgid = Tables().gids[1];
        Connect(parameters);
        good = LastSent<CmReq>();
        wire.DropAll();
        sent.clear();
    }

    void TearDown() override
    {
        wire.DropAll();
        host.reset();
        Pair::TearDown();
    }

    /** Another connection's REQ, otherwise the same. */
    CmReq Fresh()
    {
        CmReq req = good;
        req.localCommId += ++m_number;
        req.localQpn += m_number;
        return req;
    }

    void Give(const CmReq& req, std::uint64_t transactionId = 77)
    {
        ibwire::MadHeader header;
        header.transactionId = transactionId;
        ReceivedMad mad;
        mad.bytes = ibwire::EncodeCm(header, req).value();
        mad.replyAddress.dlid = kLidA;
        sent.clear();
        host->port.Received(mad);
    }

    /** Fails unless a REQ is rejected for a reason and with this additional information. */
    void ExpectRejected(const CmReq& req,
                        RejReason reason,
                        std::span<const std::uint8_t> info = {},
                        std::uint64_t transactionId = 77)
    {
        const std::size_t ids = host->cm.LiveIds();
        Give(req, transactionId);
        ASSERT_EQ(sent.size(), 1U) << "not rejected";
        const auto& rej = LastSent<ibwire::CmRej>();
        EXPECT_EQ(rej.reason, reason) << ibwire::ToString(rej.reason);
        EXPECT_EQ(rej.messageRejected, ibwire::MessageRejected::kReq);
        EXPECT_EQ(rej.localCommId, 0U);
        EXPECT_EQ(rej.remoteCommId, req.localCommId);
        EXPECT_EQ(rej.rejectInfoLength, info.size());
        EXPECT_TRUE(Holds(rej.ari, info));
        EXPECT_EQ(sent.back().header.transactionId, transactionId);
        EXPECT_EQ(host->cm.LiveIds(), ids) << "nothing is kept of it";
        wire.DropAll();
    }

    void ExpectAccepted(const CmReq& req)
    {
        const std::size_t told = host->consumer.told.size();
        Give(req);
        EXPECT_TRUE(sent.empty()) << TakeSent();
        ASSERT_EQ(host->consumer.told.size(), told + 1);
        EXPECT_EQ(host->consumer.Last().event.type, EventType::kReqReceived);
    }

    std::unique_ptr<ExtraHost> host;
    CmReq good;

  private:
    std::uint32_t m_number{0};
};

const std::vector<std::uint8_t> kNone;

struct Fault
{
    const char* what;
    std::function<void(CmReq&)> spoil;
    RejReason reason;
    std::vector<std::uint8_t> info;
};

std::vector<std::uint8_t> GidBytes(std::size_t index)
{
    const ibwire::Gid gid = Tables().gids[index];
    return {gid.raw.begin(), gid.raw.end()};
}

/** In the order in which they are looked for. */
std::vector<Fault> Faults()
{
    return {
        {"RD",
         [](CmReq& r) { r.transportServiceType = TransportService::kRd; },
         RejReason::kInvalidTransportType,
         kNone},
        {"no QP", [](CmReq& r) { r.localQpn = 0; }, RejReason::kInvalidTransportType, kNone},
        {"a GID of nobody here",
         [](CmReq& r) { r.primaryRemoteGid.raw[15] ^= 0x40; },
         RejReason::kPrimaryRemoteGid,
         GidBytes(0)},
        {"a LID beyond the LMC",
         [](CmReq& r) { r.primaryRemoteLid = kLid + 4; },
         RejReason::kPrimaryRemoteLid,
         {0x01, 0x20}},
        {"an SL that may not be used",
         [](CmReq& r) { r.primarySl = 1; },
         RejReason::kPrimarySl,
         {0x20}},
        {"a way through a router with one hop",
         [](CmReq& r)
         {
             r.primarySubnetLocal = false;
             r.primaryHopLimit = 1;
         },
         RejReason::kPrimaryHopLimit,
         {2}},
        {"a rate that there is not",
         [](CmReq& r) { r.primaryPacketRate = static_cast<Rate>(25); },
         RejReason::kPrimaryPacketRate,
         {static_cast<std::uint8_t>(Rate::k56Gbps)}},
        {"a rate above the port's",
         [](CmReq& r) { r.primaryPacketRate = Rate::k60Gbps; },
         RejReason::kPrimaryPacketRate,
         {static_cast<std::uint8_t>(Rate::k56Gbps)}},
        {"alternate: a GID of nobody here",
         [](CmReq& r) { r.alternateRemoteGid.raw[15] ^= 0x40; },
         RejReason::kAlternateRemoteGid,
         GidBytes(0)},
        {"alternate: a LID before ours",
         [](CmReq& r) { r.alternateRemoteLid = kLid - 1; },
         RejReason::kAlternateRemoteLid,
         {0x01, 0x20}},
        {"alternate: an SL that may not be used",
         [](CmReq& r) { r.alternateSl = 0; },
         RejReason::kAlternateSl,
         {0x20}},
        {"alternate: a way through a router without a hop",
         [](CmReq& r)
         {
             r.alternateSubnetLocal = false;
             r.alternateHopLimit = 0;
         },
         RejReason::kAlternateHopLimit,
         {2}},
        {"alternate: a rate that there is not",
         [](CmReq& r) { r.alternatePacketRate = static_cast<Rate>(1); },
         RejReason::kAlternatePacketRate,
         {static_cast<std::uint8_t>(Rate::k56Gbps)}},
        {"alternate: a rate above the port's",
         [](CmReq& r) { r.alternatePacketRate = Rate::k1200Gbps; },
         RejReason::kAlternatePacketRate,
         {static_cast<std::uint8_t>(Rate::k56Gbps)}},
        {"an MTU above the port's",
         [](CmReq& r) { r.pathMtu = Mtu::k4096; },
         RejReason::kInvalidMtu,
         {0x40}},
        {"more reads than are served",
         [](CmReq& r) { r.initiatorDepth = 9; },
         RejReason::kInsufficientResponderResources,
         kNone},
        {"too few RNR retries",
         [](CmReq& r) { r.rnrRetryCount = 2; },
         RejReason::kRnrRetryCount,
         kNone},
    };
}

TEST_F(CheckingReqs, EachFaultHasItsReasonAndInformation)
{
    ExpectAccepted(Fresh());
    for (const Fault& fault : Faults())
    {
        SCOPED_TRACE(fault.what);
        CmReq req = Fresh();
        fault.spoil(req);
        ExpectRejected(req, fault.reason, fault.info);
    }
}

TEST_F(CheckingReqs, OfTwoFaultsTheFirstCounts)
{
    const auto faults = Faults();
    for (std::size_t first = 0; first < faults.size(); ++first)
    {
        for (std::size_t second = first + 1; second < faults.size(); ++second)
        {
            SCOPED_TRACE(testing::Message()
                         << faults[first].what << " and " << faults[second].what);
            CmReq req = Fresh();
            faults[first].spoil(req);
            faults[second].spoil(req);
            ExpectRejected(req, faults[first].reason, faults[first].info);
        }
    }
}

TEST_F(CheckingReqs, WhatIsJustStillGood)
{
    struct Case
    {
        const char* what;
        std::function<void(CmReq&)> change;
    };

    const Case cases[] = {
        {"UC", [](CmReq& r) { r.transportServiceType = TransportService::kUc; }},
        {"UC asks for no RNR retries",
         [](CmReq& r)
         {
             r.transportServiceType = TransportService::kUc;
             r.rnrRetryCount = 0;
         }},
        {"XRC",
         [](CmReq& r)
         {
             r.transportServiceType = TransportService::kExtended;
             r.extendedTransportType = ibwire::ExtendedTransport::kXrc;
             r.rnrRetryCount = 0;
         }},
        {"the largest QPN", [](CmReq& r) { r.localQpn = 0xffffff; }},
        {"the port's second GID", [](CmReq& r) { r.primaryRemoteGid = Tables().gids[1]; }},
        {"the last LID of the LMC", [](CmReq& r) { r.primaryRemoteLid = kLid + 3; }},
        {"the permissive LID, through a router",
         [](CmReq& r)
         {
             r.primaryRemoteLid = 0xffff;
             r.primarySubnetLocal = false;
             r.primaryHopLimit = 2;
         }},
        {"the greatest SL", [](CmReq& r) { r.primarySl = 15; }},
        {"one hop within the subnet", [](CmReq& r) { r.primaryHopLimit = 1; }},
        {"rate 0, the port's own", [](CmReq& r) { r.primaryPacketRate = static_cast<Rate>(0); }},
        {"the port's own rate, by name", [](CmReq& r) { r.primaryPacketRate = Rate::k56Gbps; }},
        {"a slower rate with a greater code",
         [](CmReq& r) { r.alternatePacketRate = Rate::k28Gbps; }},
        {"the slowest rate", [](CmReq& r) { r.primaryPacketRate = Rate::k2_5Gbps; }},
        {"the smallest MTU", [](CmReq& r) { r.pathMtu = Mtu::k256; }},
        {"no reads", [](CmReq& r) { r.initiatorDepth = 0; }},
        {"RNR retries without end", [](CmReq& r) { r.rnrRetryCount = 7; }},
        {"an alternate path that is absent is not looked at",
         [](CmReq& r)
         {
             r.alternateLocalLid = 0;
             r.alternateRemoteGid = {};
             r.alternateSl = 1;
             r.alternateSubnetLocal = false;
         }},
    };
    for (const Case& one : cases)
    {
        SCOPED_TRACE(one.what);
        CmReq req = Fresh();
        one.change(req);
        ExpectAccepted(req);
    }
}

TEST_F(CheckingReqs, APortWithoutAGidHasNoneToOffer)
{
    LoopbackWire::EndTables tables = Tables();
    tables.gids = {ibwire::Gid{}, Tables().gids[1]};
    wire.DropAll();
    host.reset();
    host = std::make_unique<ExtraHost>(runtime, wire, kGuidC, tables, Demanding());
    host->Listen();
    CmReq req = Fresh();
    req.primaryRemoteGid.raw[15] ^= 0x40;
    ExpectRejected(req, RejReason::kPrimaryRemoteGid, kNone);
    req = Fresh();
    req.primaryRemoteGid = tables.gids[1];
    req.alternateRemoteGid.raw[15] ^= 0x40;
    ExpectRejected(req, RejReason::kAlternateRemoteGid, kNone);
}

TEST_F(CheckingReqs, MtusThatThereAreNot)
{
    for (const std::uint8_t mtu : {0, 5, 6, 15})
    {
        CmReq req = Fresh();
        req.pathMtu = static_cast<Mtu>(mtu);
        const std::uint8_t largest = 0x40;
        ExpectRejected(req, RejReason::kInvalidMtu, std::span(&largest, 1));
    }
}

TEST_F(CheckingReqs, NobodyListensComesBeforeEveryFaultOfTheReq)
{
    for (const Fault& fault : Faults())
    {
        CmReq req = Fresh();
        req.serviceId = kService + 1;
        fault.spoil(req);
        ExpectRejected(req, RejReason::kInvalidServiceId);
    }
}

TEST_F(CheckingReqs, StaleComesBeforeNobodyListens)
{
    const CmReq first = Fresh();
    ExpectAccepted(first);
    CmReq stale = Fresh();
    stale.localQpn = first.localQpn;
    stale.serviceId = kService + 1;
    stale.pathMtu = Mtu::k4096;
    ExpectRejected(stale, RejReason::kStaleConnection);
    stale.localCaGuid += 1;
    ExpectRejected(stale, RejReason::kInvalidServiceId); // another CA's QP of that number
}

TEST_F(CheckingReqs, AKnownCommunicationIdIsRepeatedReusedOrStale)
{
    const CmReq first = Fresh();
    ExpectAccepted(first);
    const std::uint64_t duplicates =
        host->cm.Counters().duplicates[KindOf(ibwire::CmAttribute::kReq)];
    Give(first);
    EXPECT_TRUE(sent.empty()) << "the very same: dropped";
    EXPECT_EQ(host->cm.Counters().duplicates[KindOf(ibwire::CmAttribute::kReq)], duplicates + 1);
    // Of ports that number their own transactions only the lower half is the peer's.
    Give(first, 0xabcdef0000000000 | 77);
    EXPECT_TRUE(sent.empty());

    CmReq other = first;
    other.localQpn += 0x100;
    ExpectRejected(other, RejReason::kDuplicateLocalCommId);
    ExpectRejected(other, RejReason::kDuplicateLocalCommId, {}, 78);
    ExpectRejected(first, RejReason::kStaleConnection, {}, 78); // the same QP asks anew
    other.localCaGuid += 1;
    ExpectAccepted(other); // another CA's id of that number
}

TEST_F(CheckingReqs, ASenderWithoutAnIdOrGuid)
{
    CmReq req = Fresh();
    req.localCommId = 0;
    Give(req);
    EXPECT_TRUE(sent.empty()) << "nobody can be answered";
    EXPECT_EQ(Count(host->cm.Counters(), Discard::kZeroCommId), 1U);

    // Without CA GUIDs the ports' tell peers apart.
    CmReq one = Fresh();
    one.localCaGuid = 0;
    CmReq two = one;
    two.primaryLocalGid.raw[15] ^= 1;
    ExpectAccepted(one);
    ExpectAccepted(two);
    CmReq stale = Fresh();
    stale.localCaGuid = 0;
    stale.localQpn = one.localQpn;
    ExpectRejected(stale, RejReason::kStaleConnection);
}

TEST_F(CheckingReqs, AListenerThatRedirectsDoesNotLookAtTheReq)
{
    ListenParameters elsewhere;
    elsewhere.serviceId = kService + 5;
    elsewhere.redirect.emplace();
    elsewhere.redirect->redirectQpn = 1;
    ASSERT_TRUE(host->cm.Listen(host->Create(), elsewhere));
    CmReq req = Fresh();
    req.serviceId = kService + 5;
    req.pathMtu = Mtu::k4096;
    Give(req);
    EXPECT_EQ(LastSent<ibwire::CmRej>().reason, RejReason::kPortAndCmRedirect);
    EXPECT_EQ(LastSent<ibwire::CmRej>().rejectInfoLength, 72);
}

} // namespace
} // namespace ibcm::test
