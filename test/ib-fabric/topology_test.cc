// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/fat-tree-generator.h"
#include "ib-fabric/model/ibnetdiscover-reader.h"
#include "ib-fabric/model/ibsim-net-reader.h"
#include "ib-fabric/model/topology-source.h"
#include "ib-fabric/model/topology-summary.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

namespace ns3
{
namespace
{

struct DumpFacts
{
    const char* file;
    std::uint32_t switches;
    std::uint32_t cas;
    std::uint32_t links;
    std::uint32_t loopbacks;
    std::uint32_t components;
    std::uint32_t hostDiameter;
    std::size_t warnings;
};

void PrintTo(const DumpFacts& facts, std::ostream* out)
{
    *out << facts.file;
}

class Dump : public ::testing::TestWithParam<DumpFacts>
{
};

TEST_P(Dump, IsReadAsItIs)
{
    const DumpFacts& facts = GetParam();
    const auto topology = LoadTopology(std::string("test/data/topologies/") + facts.file);
    ASSERT_TRUE(topology) << topology.error().ToString();
    const TopologySummary summary = Summarise(*topology);
    EXPECT_EQ(summary.switches, facts.switches);
    EXPECT_EQ(summary.cas, facts.cas);
    EXPECT_EQ(summary.links, facts.links);
    EXPECT_EQ(summary.loopbackLinks, facts.loopbacks);
    EXPECT_EQ(summary.components, facts.components);
    EXPECT_EQ(summary.hostDiameter, facts.hostDiameter);
    EXPECT_EQ(topology->warnings.size(), facts.warnings);
}

INSTANTIATE_TEST_SUITE_P(
    Files,
    Dump,
    ::testing::Values(
        DumpFacts{"jabl-1.ibnetdiscover", 2, 4, 7, 0, 1, 3, 2},
        DumpFacts{"jabl-3.ibnetdiscover", 2, 6, 10, 3, 1, 3, 1},
        DumpFacts{"loginoff.ibnetdiscover", 8, 144, 192, 0, 1, 4, 0},
        DumpFacts{"nvidia-topograph-example.ibnetdiscover", 40, 582, 1114, 0, 1, 5, 0}));

TEST(Ibnetdiscover, ReadsNodesAndPorts)
{
    const auto topology = LoadTopology("test/data/topologies/jabl-1.ibnetdiscover");
    ASSERT_TRUE(topology);
    const auto index = topology->Find("H-0008f10403960558");
    ASSERT_TRUE(index);
    const TopologyNode& hca = topology->nodes[*index];
    EXPECT_EQ(hca.type, IbNodeType::kCa);
    EXPECT_EQ(hca.guid, 0x8f10403960558U);
    EXPECT_EQ(hca.vendorId, 0x2c9U);
    EXPECT_EQ(hca.deviceId, 0x5a44U);
    EXPECT_EQ(hca.NumPorts(), 2);
    EXPECT_EQ(hca.ports[1].guid, 0x8f10403960559U);
    EXPECT_EQ(hca.ports[2].guid, 0x8f1040396055aU);
    EXPECT_EQ(hca.ports[2].lid, 14);
    EXPECT_EQ(hca.ports[2].lmc, 1);
    const TopologyNode& first = topology->nodes[0];
    EXPECT_EQ(first.description, "ISR9024 Voltaire");
    EXPECT_EQ(first.systemImageGuid, 0x5442ba00003000U);
    EXPECT_EQ(first.ports[0].lid, 6);
    EXPECT_FALSE(first.enhancedPort0);
    EXPECT_EQ(topology->Find("MT23108 InfiniHost Mellanox Technologies"), std::nullopt);
    EXPECT_EQ(topology->Find("0x8f10403960558"), index);
    EXPECT_EQ(topology->Find("0008f10403960558"), index);
}

TEST(Ibnetdiscover, TakesTheSlowerOfTwoRates)
{
    const auto topology = LoadTopology("test/data/topologies/jabl-1.ibnetdiscover");
    ASSERT_TRUE(topology);
    std::uint32_t slow = 0;
    for (const TopologyLink& link : topology->links)
    {
        slow += link.rate.width == IbLinkWidth::k1x ? 1 : 0;
    }
    EXPECT_EQ(slow, 2U);
    EXPECT_NE(topology->warnings[0].text.find("1xSDR is used"), std::string::npos);
}

TEST(Ibnetdiscover, AcceptsHashAndQuotesInDescriptionsAndChassisHeadings)
{
    const char* text = "Chassis 1 (guid 0x8f104003f125c)\n"
                       "switchguid=0x10(10)\r\n"
                       "Switch 36 \"S-0000000000000010\" # \"Voltaire 4036 # \"v\"\" "
                       "enhanced port 0 lid 1 lmc 0\n"
                       "[1][ext 7] \"H-0000000000000020\"[1](21) # \"a # b\" lid 2 4xXDR\n"
                       "caguid=0x20\n"
                       "Ca 1 \"H-0000000000000020\" # \"a # b\"\n"
                       "[1](21) \"S-0000000000000010\"[1][ext 7] # lid 2 lmc 0 \"v\" lid 1 4xXDR\n";
    const auto topology = ReadIbnetdiscover(text, "text");
    ASSERT_TRUE(topology) << topology.error().ToString();
    EXPECT_EQ(topology->nodes[0].description, "Voltaire 4036 # \"v\"");
    EXPECT_TRUE(topology->nodes[0].enhancedPort0);
    EXPECT_EQ(topology->nodes[1].description, "a # b");
    EXPECT_EQ(ToString(topology->links.at(0).rate), "4xXDR");
    EXPECT_TRUE(topology->warnings.empty());
}

TEST(Ibnetdiscover, MakesUpWhatOnlyOneSideKnows)
{
    const char* text = "switchguid=0x10(10)\n"
                       "Switch 4 \"S-0000000000000010\" # \"s\" base port 0 lid 1 lmc 0\n"
                       "[1] \"H-0000000000000020\"[2](22) # \"unseen\" lid 2 4xHDR\n";
    const auto topology = ReadIbnetdiscover(text, "text");
    ASSERT_TRUE(topology) << topology.error().ToString();
    ASSERT_EQ(topology->nodes.size(), 2U);
    EXPECT_EQ(topology->nodes[1].description, "unseen");
    EXPECT_EQ(topology->nodes[1].NumPorts(), 2);
    EXPECT_EQ(topology->nodes[1].ports[2].guid, 0x22U);
    EXPECT_EQ(topology->warnings.size(), 2U);
}

struct Damage
{
    const char* text;
    std::uint32_t line;
    const char* expected;
};

class Damaged : public ::testing::TestWithParam<Damage>
{
};

TEST_P(Damaged, NamesLineAndExpectation)
{
    const auto topology = ReadIbnetdiscover(GetParam().text, "broken.txt");
    ASSERT_FALSE(topology);
    EXPECT_EQ(topology.error().file, "broken.txt");
    EXPECT_EQ(topology.error().line, GetParam().line) << topology.error().ToString();
    EXPECT_NE(topology.error().expected.find(GetParam().expected), std::string::npos)
        << topology.error().ToString();
    EXPECT_FALSE(topology.error().found.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Texts,
    Damaged,
    ::testing::Values(
        Damage{"", 0, "at least one node"},
        Damage{"garbage\n", 1, "a node"},
        Damage{"\nvendid=zz\n", 2, "hexadecimal"},
        Damage{"switchguid=0x1(2\n", 1, "port GUID"},
        Damage{"Switch x \"a\"\n", 1, "number of ports"},
        Damage{"Switch 255 \"a\" # \"a\" base port 0 lid 1 lmc 0\n", 1, "1 to 254"},
        Damage{"Switch 4 a\n", 1, "double quotes"},
        Damage{"Switch 4 \"a\" # \"a\" base port 0 lid 99999 lmc 0\n", 1, "LID"},
        Damage{"[1] \"b\"[1] # \"b\" lid 1 4xSDR\n", 1, "node before its cables"},
        Damage{"Switch 4 \"a\"\n[5] \"a\"[1] # \"a\" lid 1 4xSDR\n", 2, "1 to 4"},
        Damage{"Switch 4 \"a\"\n[1 \"a\"[2] # \"a\" lid 1 4xSDR\n", 2, "'[port]'"},
        Damage{"Switch 4 \"a\"\n[1] \"a\"[2 # \"a\" lid 1 4xSDR\n", 2, "remote port"},
        Damage{"Switch 4 \"a\"\n[1] \"a\"[2] # \"a\" lid 1 4xFOO\n", 2, "4xEDR"},
        Damage{"Switch 4 \"a\"\n[1] \"a\"[9] # \"a\" lid 1 4xSDR\n", 2, "1 to 4"},
        Damage{"Switch 4 \"a\"\n[1] \"a\"[1] # \"a\" lid 1 4xSDR\n", 2, "cable to"},
        Damage{"Switch 4 \"a\"\n[1] \"b\"[1] # \"b\" lid 1 4xSDR\n", 2, "node that the file"},
        Damage{"Switch 4 \"a\"\nSwitch 4 \"a\"\n", 2, "each node once"},
        Damage{"switchguid=0x1\nSwitch 4 \"a\"\nswitchguid=0x1\nSwitch 4 \"b\"\n", 4, "GUID once"},
        Damage{"Switch 4 \"a\"\n[1] \"a\"[2] # \"a\" lid 1 4xSDR\n"
               "[1] \"a\"[3] # \"a\" lid 1 4xSDR\n",
               3,
               "one cable a port"},
        Damage{"Switch 4 \"a\"\n[1] \"a\"[2] # \"a\" lid 1 4xSDR\n"
               "[2] \"a\"[3] # \"a\" lid 1 4xSDR\n",
               3,
               "as line 2 says"}));

TEST(IbsimNet, ReadsNetFiles)
{
    const char* text = "# The first port in the file is used as the SM port.\n"
                       "Switch\t8 \"Switch1\"\n"
                       "[1]\t\"Hca1\"[1]\n"
                       "[2]\t\"Hca1\"[2] w=12 s=EDR # wide\n"
                       "[3]\t\"Switch2\"[5]\n"
                       "do Error \"Switch1\" 10\n"
                       "\n"
                       "Switch 8 \"Switch2\" # a switch\n"
                       "[5]\t\"Switch1\"[3]\n"
                       "\n"
                       "Hca\t2 \"Hca1\"\n"
                       "[1]\t\"Switch1\"[1]\n"
                       "[2]\t\"Switch1\"[2]\n";
    const auto topology = ReadIbsimNet(text, "net");
    ASSERT_TRUE(topology) << topology.error().ToString();
    EXPECT_EQ(topology->nodes.size(), 3U);
    ASSERT_EQ(topology->links.size(), 3U);
    EXPECT_EQ(ToString(topology->links[1].rate), "12xEDR");
    EXPECT_EQ(topology->warnings.size(), 1U); // the console command
    std::set<std::uint64_t> guids;
    for (const TopologyNode& node : topology->nodes)
    {
        guids.insert(node.guid);
    }
    EXPECT_EQ(guids.size(), 3U);
    EXPECT_NE(topology->nodes[2].ports[1].guid, topology->nodes[2].ports[2].guid);
}

TEST(IbsimNet, FollowsIncludes)
{
    const auto folder = std::filesystem::temp_directory_path() / "weft-include-test";
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "main.net") << "Hca 1 \"a\"\n[1] \"b\"[1]\n\ninclude part.net\n";
    std::ofstream(folder / "part.net") << "Hca 1 \"b\"\n[1] \"a\"[1]\n";
    std::ofstream(folder / "loop.net") << "include loop.net\n";
    std::ofstream(folder / "missing.net") << "\ninclude nowhere.net\n";

    const auto topology = LoadTopology((folder / "main.net").string());
    ASSERT_TRUE(topology) << topology.error().ToString();
    EXPECT_EQ(topology->links.size(), 1U);

    const auto loop = LoadTopology((folder / "loop.net").string());
    ASSERT_FALSE(loop);
    EXPECT_NE(loop.error().found.find("deep"), std::string::npos);

    const auto missing = LoadTopology((folder / "missing.net").string());
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().line, 2U);
    std::filesystem::remove_all(folder);
}

TEST(FatTree, HasTheRightShape)
{
    struct Shape
    {
        const char* source;
        std::uint32_t switches;
        std::uint32_t hosts;
        std::uint32_t links;
        std::uint32_t diameter;
    };

    for (const Shape& shape : {Shape{"fat-tree:k=2", 5, 2, 6, 6},
                               Shape{"fat-tree:k=4", 20, 16, 48, 6},
                               Shape{"fat-tree:k=8", 80, 128, 384, 6},
                               Shape{"fat-tree:k=16", 320, 1024, 3072, 6},
                               Shape{"fat-tree:k=12,levels=2", 18, 72, 144, 4},
                               Shape{"fat-tree:k=36,levels=2", 54, 648, 1296, 4},
                               Shape{"fat-tree:k=4,hosts=3,rate=4xNDR", 20, 3, 35, 4}})
    {
        const auto topology = LoadTopology(shape.source);
        ASSERT_TRUE(topology) << topology.error().ToString();
        const TopologySummary summary = Summarise(*topology);
        EXPECT_EQ(summary.switches, shape.switches) << shape.source;
        EXPECT_EQ(summary.cas, shape.hosts) << shape.source;
        EXPECT_EQ(summary.links, shape.links) << shape.source;
        EXPECT_EQ(summary.components, 1U) << shape.source;
        EXPECT_EQ(summary.hostDiameter, shape.diameter) << shape.source;
        std::set<TopologyEnd> ends;
        for (const TopologyLink& link : topology->links)
        {
            EXPECT_TRUE(ends.insert(link.a).second) << shape.source;
            EXPECT_TRUE(ends.insert(link.b).second) << shape.source;
        }
    }
}

TEST(TopologySource, RefusesNonsense)
{
    for (const char* source : {"fat-tree:",
                               "fat-tree:k=3",
                               "fat-tree:k=66",
                               "fat-tree:k=8x",
                               "fat-tree:k=-2",
                               "fat-tree:k=8,levels=4",
                               "fat-tree:k=8,hosts=0",
                               "fat-tree:k=4,hosts=17",
                               "fat-tree:k=8,rate=5xEDR",
                               "fat-tree:k=8,colour=red",
                               "back-to-back:rate=fast",
                               "no/such/file",
                               "ibnetdiscover:no/such/file",
                               "test/data/topologies"})
    {
        const auto topology = LoadTopology(source);
        ASSERT_FALSE(topology) << source;
        EXPECT_FALSE(topology.error().expected.empty()) << source;
        EXPECT_FALSE(topology.error().found.empty()) << source;
    }
}

TEST(TopologySummary, CountsComponents)
{
    Topology topology = MakeBackToBack({});
    topology.links.clear();
    const TopologySummary summary = Summarise(topology);
    EXPECT_EQ(summary.components, 2U);
    EXPECT_EQ(summary.diameter, 0U);
}

TEST(LinkRate, NamesAndNumbers)
{
    EXPECT_EQ(ToString(*ParseLinkRate("12xFDR10")), "12xFDR10");
    EXPECT_FALSE(ParseLinkRate("EDR"));
    EXPECT_FALSE(ParseLinkRate("3xEDR"));
    EXPECT_EQ(DataRateKbps({IbLinkWidth::k4x, IbLinkSpeed::kEdr}), 100'000'000U);
    EXPECT_EQ(SaRateCode({IbLinkWidth::k4x, IbLinkSpeed::kSdr}), 3);
    EXPECT_EQ(SaRateCode({IbLinkWidth::k4x, IbLinkSpeed::kFdr}), 12);
    EXPECT_EQ(SaRateCode({IbLinkWidth::k4x, IbLinkSpeed::kEdr}), 16);
    EXPECT_EQ(SaRateCode({IbLinkWidth::k4x, IbLinkSpeed::kHdr}), 17);
    EXPECT_EQ(SaRateCode({IbLinkWidth::k4x, IbLinkSpeed::kNdr}), 21);
    EXPECT_EQ(SaRateCode({IbLinkWidth::k4x, IbLinkSpeed::kXdr}), 23);
}

} // namespace
} // namespace ns3
