// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/topo-report.h"

#include "ib-fabric/model/topology-source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lab
{

namespace
{

using ::testing::HasSubstr;
using ::testing::Not;

TEST(TopoReport, CountsAndNames)
{
    const auto topology = ns3::LoadTopology("fat-tree:k=4").value();
    const std::string report = TopoReport(topology, "fat-tree:k=4", {});
    EXPECT_THAT(report, HasSubstr("switches   20\n"));
    EXPECT_THAT(report, HasSubstr("HCAs       16\n"));
    EXPECT_THAT(report, HasSubstr("links      48: 48 4xEDR\n"));
    EXPECT_THAT(report, HasSubstr("diameter   6 links; from host to host 6\n"));
    EXPECT_THAT(report, HasSubstr("connected  yes\n"));
    EXPECT_THAT(report, HasSubstr("  edge-0-0 "));
    EXPECT_THAT(report, HasSubstr("host-15"));
    EXPECT_THAT(report, Not(HasSubstr("more")));
    EXPECT_THAT(report, Not(HasSubstr("warnings")));
}

TEST(TopoReport, ShowsAllOnRequestOnly)
{
    const auto topology = ns3::LoadTopology("fat-tree:k=8").value();
    const std::string some = TopoReport(topology, "x", {});
    EXPECT_THAT(some, HasSubstr("… and 40 more switches (--all)"));
    EXPECT_THAT(some, HasSubstr("… and 104 more hosts (--all)"));
    TopoOptions options;
    options.all = true;
    const std::string all = TopoReport(topology, "x", options);
    EXPECT_THAT(all, Not(HasSubstr("more")));
    EXPECT_THAT(all, HasSubstr("host-127"));
}

TEST(TopoReport, ShowsWarnings)
{
    auto topology = ns3::LoadTopology("back-to-back").value();
    topology.warnings.push_back({"f.txt", 3, "a cable\x1b that only one end mentions"});
    EXPECT_THAT(TopoReport(topology, "x", {}),
                HasSubstr("  f.txt:3: a cable· that only one end mentions\n"));
}

TEST(TopoJson, HoldsEverything)
{
    auto topology = ns3::LoadTopology("fat-tree:k=4").value();
    topology.warnings.push_back({"f.txt", 3, "odd"});
    const Json json = Json::parse(JsonText(TopoJson(topology, "fat-tree:k=4")));
    EXPECT_EQ(json["source"], "fat-tree:k=4");
    EXPECT_EQ(json["summary"]["switches"], 20);
    EXPECT_EQ(json["summary"]["channelAdapters"], 16);
    EXPECT_EQ(json["summary"]["diameter"], 6);
    EXPECT_EQ(json["summary"]["rates"][0]["rate"], "4xEDR");
    EXPECT_EQ(json["nodes"].size(), 36U);
    EXPECT_EQ(json["links"].size(), 48U);
    EXPECT_EQ(json["links"][0]["rate"], "4xEDR");
    EXPECT_EQ(json["warnings"][0]["line"], 3);
    const std::string guid = json["nodes"][0]["guid"];
    EXPECT_EQ(guid.size(), 18U);
}

} // namespace

} // namespace lab
