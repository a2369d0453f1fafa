// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "fabric-fixture.h"
#include "ib-fabric/model/ib-mad-service.h"
#include "ib-fabric/model/pma-attributes.h"
#include "ib-fabric/model/sa-client.h"

#include <ns3/uinteger.h>

#include <optional>
#include <vector>

namespace ns3
{
namespace
{

constexpr std::uint64_t kSendMethod = 1ULL << 3;

class MadServiceTest : public FabricTest
{
  protected:
    void SetUp() override
    {
        Build("fat-tree:k=4");
        BringUp("host-0");
        client = Hca("host-1").GetMadService(1);
        server = Hca("host-14").GetMadService(1);
    }

    static ibwire::MadBytes MakeMad(std::uint8_t mgmtClass,
                                    std::uint8_t version,
                                    ibwire::MadMethod method,
                                    std::uint64_t tid)
    {
        ibwire::MadBytes mad{};
        ibwire::MadHeader header;
        header.mgmtClass = ibwire::MgmtClass{mgmtClass};
        header.classVersion = version;
        header.method = method;
        header.transactionId = tid;
        header.attributeId = 0x10;
        ibwire::EncodeHeader(header, mad);
        mad[255] = 0xa5;
        return mad;
    }

    IbMadAddress ToServer() const
    {
        IbMadAddress address;
        address.dlid = server->GetPort().GetLid();
        return address;
    }

    Ptr<IbMadService> client;
    Ptr<IbMadService> server;
};

TEST_F(MadServiceTest, CarriesAMadAndTellsWhereItCameFrom)
{
    std::vector<IbMadReceived> received;
    std::vector<IbMadStatus> completed;
    const auto agent = server->RegisterAgent(
        {7, 2, kSendMethod}, [&](const IbMadReceived& mad) { received.push_back(mad); });
    ASSERT_TRUE(agent);
    const auto mad = MakeMad(7, 2, ibwire::MadMethod::kSend, 5);
    IbMadAddress address = ToServer();
    address.sl = 3;
    ASSERT_EQ(client->Send(address, mad, [&](IbMadStatus status) { completed.push_back(status); }),
              IbMadStatus::kSent);
    EXPECT_TRUE(completed.empty()); // never inside Send()
    EXPECT_EQ(client->GetPending(), 1U);
    Simulator::Run();
    EXPECT_EQ(completed, std::vector{IbMadStatus::kSent});
    EXPECT_EQ(client->GetPending(), 0U);
    ASSERT_EQ(received.size(), 1U);
    EXPECT_EQ(received[0].mad, mad);
    EXPECT_EQ(received[0].slid, client->GetPort().GetLid());
    EXPECT_EQ(received[0].dlid, server->GetPort().GetLid());
    EXPECT_EQ(received[0].sl, 3);
    EXPECT_EQ(received[0].sqpn, 1U);
    EXPECT_EQ(received[0].qkey, ibwire::kGsiQkey);
    EXPECT_EQ(received[0].pkey, 0xffff);
    EXPECT_FALSE(received[0].grh);
}

TEST_F(MadServiceTest, CarriesAGrh)
{
    std::optional<IbMadReceived> received;
    ASSERT_TRUE(server->RegisterAgent({7, 2, kSendMethod},
                                      [&](const IbMadReceived& mad) { received = mad; }));
    IbMadAddress address = ToServer();
    address.grh.emplace();
    address.grh->dgid = server->GetPort().GetGid();
    address.grh->flowLabel = 0xabcde;
    address.grh->trafficClass = 9;
    client->Send(address, MakeMad(7, 2, ibwire::MadMethod::kSend, 5));
    Simulator::Run();
    ASSERT_TRUE(received && received->grh);
    EXPECT_EQ(received->grh->sgid, client->GetPort().GetGid());
    EXPECT_EQ(received->grh->dgid, server->GetPort().GetGid());
    EXPECT_EQ(received->grh->flowLabel, 0xabcdeU);
    EXPECT_EQ(received->grh->trafficClass, 9);
    EXPECT_EQ(received->ReplyAddress().grh->dgid, client->GetPort().GetGid());
}

TEST_F(MadServiceTest, ReachesItself)
{
    int received = 0;
    ASSERT_TRUE(
        client->RegisterAgent({7, 2, kSendMethod}, [&](const IbMadReceived&) { ++received; }));
    IbMadAddress address;
    address.dlid = client->GetPort().GetLid();
    client->Send(address, MakeMad(7, 2, ibwire::MadMethod::kSend, 5));
    EXPECT_EQ(received, 0);
    Simulator::Run();
    EXPECT_EQ(received, 1);
}

TEST_F(MadServiceTest, RefusesWhatItCannotSend)
{
    const auto mad = MakeMad(7, 2, ibwire::MadMethod::kSend, 5);
    IbMadAddress address = ToServer();
    address.pkeyIndex = 1; // empty
    EXPECT_EQ(client->Send(address, mad), IbMadStatus::kBadPkeyIndex);
    address.pkeyIndex = 1000;
    EXPECT_EQ(client->Send(address, mad), IbMadStatus::kBadPkeyIndex);
    address = ToServer();
    address.srcPathBits = 1; // LMC is 0
    EXPECT_EQ(client->Send(address, mad), IbMadStatus::kBadAddress);
    address = IbMadAddress{};
    EXPECT_EQ(client->Send(address, mad), IbMadStatus::kBadAddress);
    client->SetAttribute("SendQueueDepth", UintegerValue(2));
    EXPECT_EQ(client->Send(ToServer(), mad), IbMadStatus::kSent);
    EXPECT_EQ(client->Send(ToServer(), mad), IbMadStatus::kSent);
    EXPECT_EQ(client->Send(ToServer(), mad), IbMadStatus::kQueueFull);
    Simulator::Run();
    client->GetPort().SetState(ibwire::PortState::kDown);
    EXPECT_EQ(client->Send(ToServer(), mad), IbMadStatus::kPortNotActive);
}

TEST_F(MadServiceTest, CompletesSendsThatNeverLeave)
{
    std::vector<IbMadStatus> completed;
    const auto handler = [&](IbMadStatus status) { completed.push_back(status); };
    const auto mad = MakeMad(7, 2, ibwire::MadMethod::kSend, 5);
    client->Send(ToServer(), mad, handler);
    client->Send(ToServer(), mad, handler); // waits behind the first
    client->GetPort().SetPhysicalState(ibwire::PortPhysState::kDisabled);
    Simulator::Run();
    EXPECT_EQ(completed, (std::vector{IbMadStatus::kPortNotActive, IbMadStatus::kSent}));
    EXPECT_EQ(client->GetPending(), 0U);
}

TEST_F(MadServiceTest, AdvertisesTheCommunicationManager)
{
    auto& mask = server->GetPort().GetInfo().capabilityMask;
    EXPECT_EQ(mask & ibwire::kCapCommunicationManagement, 0U);
    const auto agent = server->RegisterAgent({7, 2, kSendMethod}, [](const IbMadReceived&) {});
    ASSERT_TRUE(agent);
    EXPECT_NE(mask & ibwire::kCapCommunicationManagement, 0U);
    const auto second = server->RegisterAgent({7, 2, kSendMethod}, [](const IbMadReceived&) {});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error(), IbMadAgentError::kClassTaken);
    EXPECT_FALSE(server->RegisterAgent({0x81, 1, 2}, [](const IbMadReceived&) {}));
    server->UnregisterAgent(*agent);
    EXPECT_EQ(mask & ibwire::kCapCommunicationManagement, 0U);
    EXPECT_NE(Port("host-0").GetInfo().capabilityMask & ibwire::kCapIsSm, 0U);
}

TEST_F(MadServiceTest, AnswersWhatNobodyServes)
{
    std::optional<IbMadReceived> answer;
    const auto agent =
        client->RegisterAgent({0x30, 1, 0}, [&](const IbMadReceived& mad) { answer = mad; });
    ASSERT_TRUE(agent);
    client->Send(ToServer(),
                 MakeMad(0x30, 1, ibwire::MadMethod::kGet, std::uint64_t{*agent} << 32 | 77));
    Simulator::Run();
    ASSERT_TRUE(answer);
    const auto header = ibwire::DecodeHeader(answer->mad);
    EXPECT_EQ(header.method, ibwire::MadMethod::kGetResp);
    EXPECT_EQ(header.status, 0x000c);
    EXPECT_EQ(header.transactionId & 0xffffffff, 77U);
}

TEST_F(MadServiceTest, ChecksThePartition)
{
    int received = 0;
    ASSERT_TRUE(
        server->RegisterAgent({7, 2, kSendMethod}, [&](const IbMadReceived&) { ++received; }));
    const auto mad = MakeMad(7, 2, ibwire::MadMethod::kSend, 5);
    client->GetPort().GetPkeys()[1] = 0x0005;
    server->GetPort().GetPkeys()[1] = 0x0005; // both limited members
    IbMadAddress address = ToServer();
    address.pkeyIndex = 1;
    client->Send(address, mad);
    Simulator::Run();
    EXPECT_EQ(received, 0);
    EXPECT_EQ(server->GetPort().GetInfo().pKeyViolations, 1);
    server->GetPort().GetPkeys()[1] = 0x8005;
    client->Send(address, mad);
    Simulator::Run();
    EXPECT_EQ(received, 1);
    address = ToServer();
    address.qkey = 1;
    client->Send(address, mad);
    Simulator::Run();
    EXPECT_EQ(received, 1);
    EXPECT_EQ(server->GetPort().GetInfo().qKeyViolations, 1);
}

TEST_F(MadServiceTest, ReadsAndClearsPortCounters)
{
    std::optional<PmaPortCounters> answer;
    std::uint16_t status = 0;
    const auto agent =
        client->RegisterAgent({4, 1, 0},
                              [&](const IbMadReceived& received)
                              {
                                  status = ibwire::DecodeHeader(received.mad).status;
                                  answer = ibwire::Unpack<PmaPortCounters>(
                                      std::span<const std::uint8_t, PmaPortCounters::kBytes>(
                                          received.mad.data() + 64, PmaPortCounters::kBytes));
                              });
    ASSERT_TRUE(agent);
    const auto ask =
        [&](const IbMadAddress& to, ibwire::MadMethod method, const PmaPortCounters& registers)
    {
        auto mad = MakeMad(4, 1, method, std::uint64_t{*agent} << 32);
        mad[17] = 0x12;
        ASSERT_TRUE(ibwire::Encode(
            registers, std::span<std::uint8_t>(mad).subspan(64, PmaPortCounters::kBytes)));
        answer.reset();
        client->Send(to, mad);
        Simulator::Run();
        ASSERT_TRUE(answer);
    };
    PmaPortCounters request;
    request.portSelect = 1;
    ask(ToServer(), ibwire::MadMethod::kGet, request);
    EXPECT_EQ(status, 0);
    EXPECT_GT(answer->rcvPackets, 1U);
    EXPECT_GT(answer->rcvData, 64U);
    request.counterSelect = 0xffff;
    ask(ToServer(), ibwire::MadMethod::kSet, request);
    EXPECT_EQ(answer->rcvPackets, 0U);
    request.portSelect = 9;
    ask(ToServer(), ibwire::MadMethod::kGet, request);
    EXPECT_EQ(status, 0x001c);
    // A switch counts on behalf of all its ports, through port 0.
    IbMadAddress toSwitch;
    toSwitch.dlid = Port("edge-0-0[0]").GetLid();
    request.portSelect = 3;
    ask(toSwitch, ibwire::MadMethod::kGet, request);
    EXPECT_EQ(status, 0);
    EXPECT_GT(answer->xmitPackets, 10U);
}

class SaTest : public MadServiceTest
{
  protected:
    tl::expected<ibwire::PathRecord, SaError> Ask(const ibwire::PathRecord& record,
                                                  std::uint64_t mask)
    {
        if (!sa)
        {
            sa = CreateObject<SaClient>();
            sa->Install(client);
        }
        std::optional<tl::expected<ibwire::PathRecord, SaError>> answer;
        sa->QueryPath(record, mask, [&](const auto& result) { answer = result; });
        EXPECT_FALSE(answer);
        Simulator::Run();
        EXPECT_TRUE(answer);
        return *answer;
    }

    ibwire::PathRecord ToServerRecord() const
    {
        ibwire::PathRecord record;
        record.sgid = client->GetPort().GetGid();
        record.dgid = server->GetPort().GetGid();
        return record;
    }

    static constexpr std::uint64_t kGids = ibwire::kPathSgid | ibwire::kPathDgid;
    Ptr<SaClient> sa;
};

TEST_F(SaTest, FindsPaths)
{
    const auto path = Ask(ToServerRecord(), kGids);
    ASSERT_TRUE(path) << path.error().ToString();
    EXPECT_EQ(path->slid, client->GetPort().GetLid());
    EXPECT_EQ(path->dlid, server->GetPort().GetLid());
    EXPECT_EQ(path->mtu, ibwire::Mtu::k4096);
    EXPECT_EQ(path->rate, ibwire::Rate::k100Gbps);
    EXPECT_EQ(path->pkey, 0xffff);
    EXPECT_EQ(path->packetLifeTime, 3); // six links of 4.096 us
    EXPECT_TRUE(path->reversible);

    ibwire::PathRecord byLid;
    byLid.slid = path->slid;
    byLid.dlid = path->dlid;
    const auto same = Ask(byLid, ibwire::kPathSlid | ibwire::kPathDlid);
    ASSERT_TRUE(same);
    EXPECT_EQ(same->dgid, path->dgid);
}

TEST_F(SaTest, HonoursSelectors)
{
    ibwire::PathRecord record = ToServerRecord();
    record.mtu = ibwire::Mtu::k2048;
    record.mtuSelector = ibwire::Selector::kExactly;
    const std::uint64_t mtu = kGids | ibwire::kPathMtu | ibwire::kPathMtuSelector;
    EXPECT_EQ(Ask(record, mtu)->mtu, ibwire::Mtu::k2048);
    record.mtuSelector = ibwire::Selector::kLessThan;
    EXPECT_EQ(Ask(record, mtu)->mtu, ibwire::Mtu::k1024);
    record.mtuSelector = ibwire::Selector::kGreaterThan;
    EXPECT_EQ(Ask(record, mtu)->mtu, ibwire::Mtu::k4096);
    record.mtu = ibwire::Mtu::k4096;
    EXPECT_EQ(Ask(record, mtu).error().status >> 8, 3); // no records
    record.rate = ibwire::Rate::k100Gbps;
    record.rateSelector = ibwire::Selector::kLessThan;
    const std::uint64_t rate = kGids | ibwire::kPathRate | ibwire::kPathRateSelector;
    EXPECT_EQ(Ask(record, rate)->rate, ibwire::Rate::k120Gbps); // 96 Gb/s of data
    record.pkey = 0x1234;
    EXPECT_EQ(Ask(record, kGids | ibwire::kPathPkey).error().status >> 8, 3);
    record.sl = 5;
    EXPECT_EQ(Ask(record, kGids | ibwire::kPathSl)->sl, 5);
}

TEST_F(SaTest, RefusesByStatus)
{
    const auto incomplete = Ask(ToServerRecord(), ibwire::kPathSgid);
    ASSERT_FALSE(incomplete);
    EXPECT_EQ(incomplete.error().kind, SaError::Kind::kRefused);
    EXPECT_EQ(incomplete.error().status >> 8, 6);
    ibwire::PathRecord record = ToServerRecord();
    record.dgid = ibwire::Gid::From(ibwire::kDefaultGidPrefix, 0xdead);
    EXPECT_EQ(Ask(record, kGids).error().status >> 8, 3);
    record.dgid = ibwire::Gid::From(0xfec0, 0xdead);
    EXPECT_EQ(Ask(record, kGids).error().status >> 8, 5);
}

TEST_F(SaTest, TriesAgainAndGivesUp)
{
    manager->Sweep(); // "busy" while this lasts
    const auto path = Ask(ToServerRecord(), kGids);
    ASSERT_TRUE(path) << path.error().ToString();
    Port("host-0").SetPhysicalState(ibwire::PortPhysState::kDisabled);
    const Time begin = Simulator::Now();
    const auto none = Ask(ToServerRecord(), kGids);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().kind, SaError::Kind::kTimeout);
    EXPECT_EQ((Simulator::Now() - begin).GetMilliSeconds(), 6 * 200);
    client->GetPort().SetPhysicalState(ibwire::PortPhysState::kDisabled);
    EXPECT_EQ(Ask(ToServerRecord(), kGids).error().kind, SaError::Kind::kNotSent);
}

TEST_F(SaTest, CanBeCancelled)
{
    sa = CreateObject<SaClient>();
    sa->Install(client);
    bool called = false;
    const auto query =
        sa->QueryPath(server->GetPort().GetGid(), [&](const auto&) { called = true; });
    sa->Cancel(query);
    Simulator::Run();
    EXPECT_FALSE(called);
}

} // namespace
} // namespace ns3
