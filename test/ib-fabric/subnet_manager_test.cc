// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "fabric-fixture.h"

#include <ns3/boolean.h>
#include <ns3/uinteger.h>

#include <chrono>
#include <cstdio>
#include <set>
#include <vector>

namespace ns3
{
namespace
{

using ibwire::PortState;

class SubnetManagerTest : public FabricTest
{
  protected:
    /** Every end port reaches every other through the tables that the switches really hold. */
    void ExpectAllReachable(std::uint32_t mostLinks)
    {
        std::vector<IbPort*> endPorts;
        for (const Ptr<IbHca>& hca : fabric.GetHcas())
        {
            for (std::uint8_t port = 1; port <= hca->GetNPorts(); ++port)
            {
                if (hca->GetPort(port).GetLid() != 0)
                {
                    endPorts.push_back(&hca->GetPort(port));
                }
            }
        }
        ASSERT_GE(endPorts.size(), 2U);
        for (IbPort* from : endPorts)
        {
            for (IbPort* to : endPorts)
            {
                ASSERT_LE(CountLinks(from, to), mostLinks)
                    << from->GetName() << " to " << to->GetName();
            }
        }
    }

    std::uint32_t CountLinks(IbPort* from, IbPort* to)
    {
        if (from == to)
        {
            return 0;
        }
        IbPort* in = from->GetPeer();
        for (std::uint32_t links = 1; links < 64; ++links)
        {
            if (in == to)
            {
                return links;
            }
            IbNode& node = in->GetOwner();
            if (node.GetNodeType() != IbNodeType::kSwitch)
            {
                return 1000;
            }
            const std::uint8_t out = static_cast<IbSwitch&>(node).LookUp(to->GetLid());
            if (out == 0 || !node.HasPort(out) || node.GetPort(out).GetPeer() == nullptr)
            {
                return 1000;
            }
            in = node.GetPort(out).GetPeer();
        }
        return 1000;
    }

    void ExpectAllActive()
    {
        for (const Ptr<IbLink>& link : fabric.GetLinks())
        {
            for (const std::size_t end : {0, 1})
            {
                EXPECT_EQ(link->GetPort(end)->GetState(), PortState::kActive)
                    << link->GetPort(end)->GetName();
            }
        }
    }
};

TEST_F(SubnetManagerTest, BringsUpBackToBack)
{
    Build("back-to-back");
    BringUp("host-0");
    ExpectAllActive();
    ExpectAllReachable(1);
    EXPECT_EQ(manager->GetReport().cas, 2U);
    EXPECT_EQ(manager->GetReport().links, 1U);
    EXPECT_TRUE(manager->GetReport().complete);
}

TEST_F(SubnetManagerTest, BringsUpFatTree)
{
    Build("fat-tree:k=4");
    BringUp("host-5");
    ExpectAllActive();
    ExpectAllReachable(6);
    const SweepReport& report = manager->GetReport();
    EXPECT_EQ(report.switches, 20U);
    EXPECT_EQ(report.cas, 16U);
    EXPECT_EQ(report.links, 48U);
    EXPECT_EQ(report.endPorts, 36U);
    EXPECT_EQ(report.highestLid, 36U);
    EXPECT_TRUE(report.complete);
    EXPECT_EQ(report.smps.timeouts, 0U);
    EXPECT_EQ(report.smps.sent, report.smps.received);
    EXPECT_EQ(manager->GetLid(), 1U);
    EXPECT_EQ(Hca("host-0").GetPort(1).GetInfo().masterSmLid, 1U);
}

TEST_F(SubnetManagerTest, RunsOnASwitch)
{
    Build("fat-tree:k=4,levels=2");
    BringUp("leaf-0[0]");
    ExpectAllActive();
    ExpectAllReachable(4);
    EXPECT_TRUE(manager->GetReport().complete);
}

TEST_F(SubnetManagerTest, SpreadsRoutesEvenly)
{
    Build("fat-tree:k=8");
    BringUp("host-0");
    const auto hcas = fabric.GetHcas();
    for (const Ptr<IbSwitch>& node : fabric.GetSwitches())
    {
        if (!node->GetName().starts_with("edge-"))
        {
            continue;
        }
        std::vector<std::uint32_t> load(node->GetNPorts() + 1U);
        for (const Ptr<IbHca>& hca : hcas)
        {
            ++load[node->LookUp(hca->GetPort(1).GetLid())];
        }
        // 124 hosts elsewhere over 4 uplinks.
        for (unsigned uplink = 5; uplink <= 8; ++uplink)
        {
            EXPECT_EQ(load[uplink], 31U) << node->GetName();
        }
    }
}

TEST_F(SubnetManagerTest, SurvivesLossOfSmps)
{
    /** Drops every fifth SMP. */
    class Lossy : public IbFaultModel
    {
      public:
        IbFate OnTransmit(const IbPort&, const IbPacket&) override
        {
            IbFate fate;
            fate.kind = ++m_count % 5 == 0 ? IbFate::Kind::kDrop : IbFate::Kind::kDeliver;
            return fate;
        }

      private:
        std::uint32_t m_count{0};
    };

    Build("fat-tree:k=4");
    helper.SetSubnetManagerAttribute("Retries", UintegerValue(10));
    Port("host-3").SetFaultModel(CreateObject<Lossy>());
    BringUp("host-3");
    ExpectAllActive();
    ExpectAllReachable(6);
    EXPECT_GT(manager->GetReport().smps.timeouts, 0U);
    EXPECT_TRUE(manager->GetReport().complete);
}

TEST_F(SubnetManagerTest, GivesUpOnADeafNode)
{
    /** Lets nothing through. */
    class Deaf : public IbFaultModel
    {
      public:
        IbFate OnTransmit(const IbPort&, const IbPacket&) override
        {
            IbFate fate;
            fate.kind = IbFate::Kind::kDrop;
            return fate;
        }
    };

    Build("fat-tree:k=4");
    Port("host-7").SetFaultModel(CreateObject<Deaf>());
    BringUp("host-0");
    EXPECT_EQ(manager->GetReport().cas, 15U);
    EXPECT_FALSE(manager->GetReport().complete);
    EXPECT_EQ(Port("host-7").GetState(), PortState::kInit);
    EXPECT_EQ(Port("host-1").GetState(), PortState::kActive);
}

TEST_F(SubnetManagerTest, SweepsAgainAfterACableWasPulled)
{
    Build("fat-tree:k=4");
    BringUp("host-0");
    const std::uint16_t lid = Port("host-9").GetLid();
    for (const Ptr<IbLink>& link : fabric.GetLinks())
    {
        if (link->GetPort(0)->GetName() == "edge-1-0[3]")
        {
            link->Disconnect();
        }
    }
    EXPECT_EQ(Port("edge-1-0[3]").GetState(), PortState::kDown);
    manager->Sweep();
    Simulator::Run();
    EXPECT_EQ(manager->GetReport().links, 47U);
    EXPECT_EQ(Port("host-9").GetLid(), lid); // LIDs stay
    ExpectAllReachable(6);
}

TEST_F(SubnetManagerTest, KeepsLidsOfTheTopologyIfAsked)
{
    Build("test/data/topologies/loginoff.ibnetdiscover");
    helper.SetPresetLids(true);
    const Topology topology = fabric.GetTopology();
    Simulator::Destroy();
    fabric = helper.Install(topology);
    BringUp("stage100 mlx4_0");
    EXPECT_EQ(Port("stage100 mlx4_0").GetLid(), 112U);
    EXPECT_EQ(Port("stage114 mlx4_0").GetLid(), 105U);
}

TEST_F(SubnetManagerTest, UsesLmc)
{
    helper.SetSubnetManagerAttribute("Lmc", UintegerValue(2));
    Build("fat-tree:k=4");
    BringUp("host-0");
    IbPort& port = Port("host-11");
    EXPECT_EQ(port.GetInfo().lmc, 2U);
    EXPECT_EQ(port.GetLid() % 4, 0U);
    EXPECT_TRUE(port.OwnsLid(static_cast<std::uint16_t>(port.GetLid() + 3)));
    std::set<std::uint8_t> uplinks;
    const auto edge = fabric.Find("edge-0-0");
    for (std::uint16_t i = 0; i < 4; ++i)
    {
        uplinks.insert(
            static_cast<IbSwitch&>(**edge).LookUp(static_cast<std::uint16_t>(port.GetLid() + i)));
    }
    EXPECT_EQ(uplinks.size(), 2U);
    ExpectAllReachable(6);
}

class RealFabric : public SubnetManagerTest, public ::testing::WithParamInterface<const char*>
{
};

TEST_P(RealFabric, ComesUp)
{
    Build(std::string("test/data/topologies/") + GetParam());
    const auto hcas = fabric.GetHcas();
    std::string where;
    for (const Ptr<IbHca>& hca : hcas)
    {
        for (std::uint8_t port = 1; where.empty() && port <= hca->GetNPorts(); ++port)
        {
            where = hca->GetPort(port).GetPeer() ? hca->GetPort(port).GetName() : "";
        }
    }
    const auto start = std::chrono::steady_clock::now();
    BringUp(where);
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
    std::printf("%s: %u SMPs, %.3f s\n",
                GetParam(),
                static_cast<unsigned>(manager->GetReport().smps.sent),
                wall.count());
    ExpectAllActive();
    EXPECT_TRUE(manager->GetReport().complete);
    EXPECT_EQ(manager->GetReport().links, fabric.GetLinks().size());
    EXPECT_EQ(manager->GetReport().switches + manager->GetReport().cas, fabric.GetN());
    ExpectAllReachable(6);
}

INSTANTIATE_TEST_SUITE_P(Dumps,
                         RealFabric,
                         ::testing::Values("jabl-1.ibnetdiscover",
                                           "jabl-3.ibnetdiscover",
                                           "loginoff.ibnetdiscover",
                                           "nvidia-topograph-example.ibnetdiscover"));

/** Two runs of the same bring-up send the same packets at the same times. */
TEST_F(SubnetManagerTest, IsDeterministic)
{
    std::vector<std::uint64_t> digests;
    for (int run = 0; run < 2; ++run)
    {
        Build("fat-tree:k=4");
        Digest digest;
        for (std::uint32_t i = 0; i < fabric.GetN(); ++i)
        {
            for (std::uint8_t port = 1; port <= fabric.Get(i)->GetNPorts(); ++port)
            {
                fabric.Get(i)->GetPort(port).TraceConnectWithoutContext(
                    "Transmit",
                    Callback<void, Ptr<const IbPacket>>(
                        [&digest, i](Ptr<const IbPacket> packet)
                        {
                            const std::int64_t now = Simulator::Now().GetNanoSeconds();
                            digest.Add(&now, sizeof now);
                            digest.Add(&i, sizeof i);
                            const auto bytes = packet->Seal();
                            digest.Add(bytes.data(), bytes.size());
                        }));
            }
        }
        BringUp("host-2");
        digests.push_back(digest.Get());
        manager = nullptr;
        fabric = {};
        Simulator::Destroy();
    }
    EXPECT_EQ(digests[0], digests[1]);
}

} // namespace
} // namespace ns3
