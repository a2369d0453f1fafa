// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Where strict and Linux 6.1 part (doc/behaviour.md): who may connect.
#include "behaviour-world.h"

namespace ibcm::test
{
namespace
{

using ibwire::CmAttribute;
using ibwire::RejReason;

TEST(Differing, ReqsThatCannotBeServed)
{
    using ibwire::CmReq;
    const std::pair<RejReason, std::function<void(CmReq&)>> faults[] = {
        {RejReason::kInvalidTransportType, [](CmReq& r) { r.localQpn = 0; }},
        {RejReason::kPrimaryRemoteLid, [](CmReq& r) { r.primaryRemoteLid = 0x999; }},
        {RejReason::kPrimarySl, [](CmReq& r) { r.primarySl = 9; }},
        {RejReason::kPrimaryHopLimit, [](CmReq& r) { r.primarySubnetLocal = false; }},
        {RejReason::kPrimaryPacketRate,
         [](CmReq& r) { r.primaryPacketRate = static_cast<ibwire::Rate>(60); }},
        {RejReason::kAlternateRemoteLid, [](CmReq& r) { r.alternateRemoteLid = 0x999; }},
        {RejReason::kAlternateSl, [](CmReq& r) { r.alternateSl = 9; }},
        {RejReason::kAlternateHopLimit, [](CmReq& r) { r.alternateSubnetLocal = false; }},
        {RejReason::kAlternatePacketRate,
         [](CmReq& r) { r.alternatePacketRate = static_cast<ibwire::Rate>(60); }},
        {RejReason::kInvalidMtu, [](CmReq& r) { r.pathMtu = static_cast<ibwire::Mtu>(6); }},
        {RejReason::kInsufficientResponderResources, [](CmReq& r) { r.initiatorDepth = 99; }},
        {RejReason::kRnrRetryCount, [](CmReq& r) { r.rnrRetryCount = 0; }},
    };
    Options options;
    options.requirements = {20, 1, 0x01ff};
    InBoth(
        [&](World& w)
        {
            w.ListenB();
            ReqParameters parameters = w.Req();
            parameters.alternatePath = w.Lap().alternatePath;
            w.Connect(parameters);
            const auto good = w.LastSent<CmReq>();
            w.wire.DropAll();
            std::uint32_t number = 0;
            for (const auto& fault : faults)
            {
                SCOPED_TRACE(ibwire::ToString(fault.first));
                CmReq req = good;
                req.localCommId += ++number;
                req.localQpn += number;
                fault.second(req);
                w.ForgetRecords();
                w.InjectToB(req);
                EXPECT_EQ(w.Rejs(1, fault.first), w.strict ? 1U : 0U);
                EXPECT_EQ(w.hostB->consumer.TakeNames(), w.strict ? "" : "REQ_RECEIVED");
            }
        },
        options);
}

TEST(Differing, TransportsThatNobodyKnows)
{
    InBoth(
        [](World& w)
        {
            w.ListenB();
            w.a = w.Connect();
            auto req = w.LastSent<ibwire::CmReq>();
            w.wire.DropAll();
            req.transportServiceType = ibwire::TransportService::kRd;
            w.InjectToB(req);
            EXPECT_EQ(w.Rejs(1, RejReason::kInvalidTransportType), w.strict ? 1U : 0U);
            if (!w.strict)
            {
                const Event& event = w.hostB->consumer.Last().event;
                EXPECT_EQ(std::get<ReqReceived>(event.parameters).qpType, QpType::kUnknown);
            }
        });
}

TEST(Differing, TheGidThatRej18Names)
{
    InBoth(
        [](World& w)
        {
            LoopbackWire::EndTables tables = TablesC();
            tables.gids.push_back(ibwire::Gid::From(ibwire::kDefaultGidPrefix, 0xc2));
            ExtraHost host(w.runtime,
                           w.wire,
                           kGuidC,
                           tables,
                           Of(w.strict ? Behaviour::kStrict : Behaviour::kLinux61));
            host.Listen();
            ReqParameters parameters = w.Req();
            parameters.primaryPath.dlid = kLidC;
            parameters.primaryPath.dgid = tables.gids[1];
            parameters.alternatePath = parameters.primaryPath;
            parameters.alternatePath->dgid = w.hostB->gid;
            w.Connect(parameters);
            w.Settle();
            const auto& rej = std::get<RejReceived>(w.hostA->consumer.Last().event.parameters);
            EXPECT_EQ(rej.reason, RejReason::kAlternateRemoteGid);
            EXPECT_TRUE(Holds(rej.info, tables.gids[w.strict ? 0 : 1].raw));
        });
}

TEST(Differing, AKnownIdWithAnotherTransactionOrQp)
{
    InBoth(
        [](World& w)
        {
            w.ListenB();
            w.Connect();
            auto req = w.LastSent<ibwire::CmReq>();
            w.wire.DropAll();
            w.InjectToB(req, 5);
            w.InjectToB(req, 6);
            EXPECT_EQ(w.Rejs(1, RejReason::kStaleConnection), w.strict ? 1U : 0U);
            req.localQpn += 1;
            w.InjectToB(req, 5);
            EXPECT_EQ(w.Rejs(1, RejReason::kDuplicateLocalCommId), w.strict ? 1U : 0U);
            EXPECT_EQ(w.hostB->cm.Counters().duplicates[KindOf(CmAttribute::kReq)],
                      w.strict ? 0U : 2U);
        });
}

TEST(Differing, TimewaitKeepsTheQpFromBeingUsed)
{
    InBoth(
        [](World& w)
        {
            w.ReachB(State::kTimewait);
            w.ForgetRecords();
            w.Connect(); // the same QP
            w.Settle();
            EXPECT_EQ(w.Rejs(1, RejReason::kStaleConnection), w.strict ? 1U : 0U);
            EXPECT_EQ(w.hostB->consumer.TakeNames(), w.strict ? "" : "REQ_RECEIVED");
        });
}

TEST(Differing, PeersWithoutACaGuid)
{
    InBoth(
        [](World& w)
        {
            w.ListenB();
            w.Connect();
            auto req = w.LastSent<ibwire::CmReq>();
            w.wire.DropAll();
            req.localCaGuid = 0;
            w.InjectToB(req);
            req.primaryLocalGid.raw[15] ^= 0x10; // another function of the same name and QPN
            req.localCommId += 1;
            w.InjectToB(req);
            EXPECT_EQ(w.hostB->consumer.TakeNames(),
                      w.strict ? "REQ_RECEIVED REQ_RECEIVED" : "REQ_RECEIVED");
            EXPECT_EQ(w.Rejs(1, RejReason::kStaleConnection), w.strict ? 0U : 1U);
        });
}

TEST(Differing, SendersWithoutAnId)
{
    InBoth(
        [](World& w)
        {
            w.ListenB();
            w.a = w.Connect();
            auto req = w.LastSent<ibwire::CmReq>();
            const std::uint64_t transaction = w.sent.back().header.transactionId;
            w.wire.DropAll();
            req.localCommId = 0;
            w.InjectToB(req);
            w.InjectToB(ibwire::CmSidrReq{.requestId = 0, .serviceId = kService});
            w.KeepIdsOfB();
            EXPECT_EQ(w.hostB->consumer.TakeNames(),
                      w.strict ? "" : "REQ_RECEIVED SIDR_REQ_RECEIVED");
            w.InjectToA(ibwire::CmRep{.localCommId = 0, .remoteCommId = w.IdA(), .localQpn = 1},
                        transaction);
            EXPECT_EQ(w.StateA(), w.strict ? State::kReqSent : State::kRepRcvd);
            EXPECT_EQ(Count(w.hostB->cm.Counters(), Discard::kZeroCommId), w.strict ? 2U : 0U);
        });
}

TEST(Differing, SidrClientsOnEthernet)
{
    InBoth(
        [](World& w)
        {
            w.ListenB();
            for (const std::uint64_t guid : {1, 2})
            {
                ReceivedMad mad;
                mad.bytes =
                    ibwire::EncodeCm(ibwire::MadHeader{},
                                     ibwire::CmSidrReq{.requestId = 5, .serviceId = kService})
                        .value();
                mad.replyAddress.hasGrh = true; // and no LID
                mad.replyAddress.dgid = ibwire::Gid::From(ibwire::kDefaultGidPrefix, guid);
                w.hostB->port.Received(mad);
            }
            EXPECT_EQ(w.hostB->consumer.told.size(), w.strict ? 2U : 1U);
            w.KeepIdsOfB();
        });
}

} // namespace
} // namespace ibcm::test
