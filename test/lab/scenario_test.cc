// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a scenario file means.
#include "lab/model/scenario.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace lab
{

namespace
{

constexpr std::string_view kEverything = R"(name = "everything"
description = "each key once"
seed = 0xfeed
limit = "2s"

[fabric]
source = "fat-tree:k=4"
subnet-manager = "host-3"

[[host]]
name = "server"
node = "host-1"
port = 2
workers = 3

[[host]]
name = "client"

[[listen]]
host = "server"
service = "0xfedc000000000001"
policy = "reject"
private-data = "go away"

[[connect]]
name = "hello"
from = "client"
to = "server"
service = 0x1000000000001234
at = "1.5ms"
count = 7
private-data = "let me in"
message = "hi"
disconnect = "both"
hold = "20us"
cm-response-timeout = 17
remote-cm-response-timeout = 18
max-cm-retries = 3

[[fault]]
match = {attribute = "REP", from = "server", to = "client", nth = 2}
action = "delay"
by = "50ms"

[[expect]]
connect = "hello"
outcome = "rejected"
reject-reason = 28

[[expect]]
attribute = "REQ"
from = "client"
count = 0
)";

Scenario Parse(std::string_view text)
{
    const auto scenario = ParseScenario(text, "test.toml");
    EXPECT_TRUE(scenario.has_value()) << scenario.error().Text();
    return scenario.value_or(Scenario{});
}

TEST(Scenario, ReadsTheWholeRun)
{
    const Scenario scenario = Parse(kEverything);
    EXPECT_EQ(scenario.file, "test.toml");
    EXPECT_EQ(scenario.name, "everything");
    EXPECT_EQ(scenario.description, "each key once");
    EXPECT_EQ(scenario.seed, 0xfeedU);
    EXPECT_EQ(scenario.limitNs, 2'000'000'000);
    EXPECT_EQ(scenario.fabric.source, "fat-tree:k=4");
    EXPECT_EQ(scenario.fabric.subnetManager, "host-3");
    EXPECT_EQ(scenario.fabric.line, 6U);
}

TEST(Scenario, ReadsWhatASearchMayChoose)
{
    const std::string fabric = "[fabric]\nsource = \"direct\"\n[[host]]\nname = \"a\"\n";
    const lab::FaultBudget some = Parse(fabric + "[explore]\ndrop = 3\nreorder = 1\ncorrupt = 2\n"
                                                 "delay = [\"2ms\", \"5s\"]\ntotal = 4\n")
                                      .explore;
    EXPECT_EQ(some.total, 4U);
    EXPECT_EQ(some.drop, 3U);
    EXPECT_EQ(some.duplicate, 0U);
    EXPECT_EQ(some.reorder, 1U);
    EXPECT_EQ(some.corrupt, 2U);
    EXPECT_EQ(some.delaysNs, (std::vector<std::int64_t>{2'000'000, 5'000'000'000}));
    const lab::FaultBudget usual = Parse(fabric).explore;
    EXPECT_EQ(usual.total, 2U);
    EXPECT_EQ(usual.drop, 1U);
    EXPECT_EQ(usual.delaysNs, (std::vector<std::int64_t>{5'000'000'000}));
    const lab::FaultBudget none = Parse(fabric + "[explore]\n").explore;
    EXPECT_EQ(none.drop + none.duplicate + none.reorder + none.corrupt, 0U);
    EXPECT_TRUE(none.delaysNs.empty());
}

TEST(Scenario, ReadsHosts)
{
    const Scenario scenario = Parse(kEverything);
    ASSERT_EQ(scenario.hosts.size(), 2U);
    EXPECT_EQ(scenario.hosts[0].name, "server");
    EXPECT_EQ(scenario.hosts[0].node, "host-1");
    EXPECT_EQ(scenario.hosts[0].port, 2U);
    EXPECT_EQ(scenario.hosts[0].workers, 3U);
    EXPECT_EQ(scenario.hosts[0].line, 10U);
    EXPECT_EQ(scenario.hosts[1].node, "");
    EXPECT_EQ(scenario.hosts[1].port, 1U);
    EXPECT_EQ(scenario.hosts[1].workers, 2U);
}

TEST(Scenario, ReadsListenersAndConnections)
{
    const Scenario scenario = Parse(kEverything);
    ASSERT_EQ(scenario.listens.size(), 1U);
    EXPECT_EQ(scenario.listens[0].host, "server");
    EXPECT_EQ(scenario.listens[0].serviceId, 0xfedc'0000'0000'0001U);
    EXPECT_EQ(scenario.listens[0].policy, "reject");
    EXPECT_EQ(scenario.listens[0].privateData, "go away");
    EXPECT_EQ(scenario.listens[0].line, 19U);
    ASSERT_EQ(scenario.connects.size(), 1U);
    const ConnectSpec& connect = scenario.connects[0];
    EXPECT_EQ(connect.name, "hello");
    EXPECT_EQ(connect.from, "client");
    EXPECT_EQ(connect.to, "server");
    EXPECT_EQ(connect.serviceId, 0x1000'0000'0000'1234U);
    EXPECT_EQ(connect.atNs, 1'500'000);
    EXPECT_EQ(connect.count, 7U);
    EXPECT_EQ(connect.privateData, "let me in");
    EXPECT_EQ(connect.message, "hi");
    EXPECT_EQ(connect.disconnect, "both");
    EXPECT_EQ(connect.holdNs, 20'000);
    EXPECT_EQ(connect.cmResponseTimeout, 17U);
    EXPECT_EQ(connect.remoteCmResponseTimeout, 18U);
    EXPECT_EQ(connect.maxCmRetries, 3U);
    EXPECT_EQ(connect.line, 25U);
}

TEST(Scenario, ReadsFaultsAndExpectations)
{
    const Scenario scenario = Parse(kEverything);
    ASSERT_EQ(scenario.faults.size(), 1U);
    EXPECT_EQ(scenario.faults[0].attribute, "REP");
    EXPECT_EQ(scenario.faults[0].from, "server");
    EXPECT_EQ(scenario.faults[0].to, "client");
    EXPECT_EQ(scenario.faults[0].nth, 2U);
    EXPECT_EQ(scenario.faults[0].action, "delay");
    EXPECT_EQ(scenario.faults[0].delayNs, 50'000'000);
    EXPECT_EQ(scenario.faults[0].line, 40U);
    ASSERT_EQ(scenario.expects.size(), 2U);
    EXPECT_EQ(scenario.expects[0].connect, "hello");
    EXPECT_EQ(scenario.expects[0].outcome, "rejected");
    EXPECT_EQ(scenario.expects[0].rejectReason, 28U);
    EXPECT_FALSE(scenario.expects[0].count.has_value());
    EXPECT_FALSE(scenario.expects[1].outcome.has_value());
    EXPECT_EQ(scenario.expects[1].attribute, "REQ");
    EXPECT_EQ(scenario.expects[1].from, "client");
    EXPECT_EQ(scenario.expects[1].count, 0U);
}

TEST(Scenario, FillsInWhatIsLeftOut)
{
    const Scenario scenario = ParseScenario(R"(
[fabric]
source = "direct"
[[host]]
name = "a"
[[host]]
name = "b"
[[connect]]
from = "a"
to = "b"
service = 1
cm-response-timeout = 9
[[connect]]
from = "b"
to = "a"
service = 1
[[fault]]
action = "drop"
)",
                                            "folder/two.toml")
                                  .value();
    EXPECT_EQ(scenario.name, "two");
    EXPECT_EQ(scenario.seed, 1U);
    EXPECT_EQ(scenario.limitNs, 60'000'000'000);
    EXPECT_EQ(scenario.fabric.directLatencyNs, 1'000);
    EXPECT_EQ(scenario.connects[0].name, "connect1");
    EXPECT_EQ(scenario.connects[0].remoteCmResponseTimeout, 9U);
    EXPECT_EQ(scenario.connects[1].name, "connect2");
    EXPECT_EQ(scenario.connects[1].disconnect, "from");
    EXPECT_EQ(scenario.connects[1].cmResponseTimeout, 20U);
    EXPECT_EQ(scenario.connects[1].remoteCmResponseTimeout, 20U);
    EXPECT_EQ(scenario.connects[1].maxCmRetries, 15U);
    EXPECT_EQ(scenario.faults[0].attribute, "");
    EXPECT_EQ(scenario.faults[0].nth, 0U);
}

TEST(Scenario, OrderInTheFileDoesNotMatter)
{
    const Scenario scenario = Parse(R"(
expect = [{connect = "c", outcome = "timeout"}]
connect = [{name = "c", from = "a", to = "b", service = 1}]
host = [{name = "a"}, {name = "b"}]
fabric = {source = "direct", latency = "5us"}
)");
    EXPECT_EQ(scenario.expects[0].connect, "c");
    EXPECT_EQ(scenario.fabric.directLatencyNs, 5'000);
}

TEST(Scenario, OneServiceOnTwoHostsIsFine)
{
    const Scenario scenario = Parse(R"(
[fabric]
source = "direct"
[[host]]
name = "a"
[[host]]
name = "b"
[[listen]]
host = "a"
service = 1
[[listen]]
host = "b"
service = 1
)");
    EXPECT_EQ(scenario.listens.size(), 2U);
}

class ScenarioFiles : public ::testing::Test
{
  protected:
    void SetUp() override
    {
        m_folder =
            std::filesystem::path(::testing::TempDir()) /
            ("weft-scenario-" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) +
             ::testing::UnitTest::GetInstance()->current_test_info()->name());
        std::filesystem::create_directories(m_folder / "scenarios");
    }

    void TearDown() override
    {
        std::filesystem::remove_all(m_folder);
    }

    std::string Write(const std::string& name, std::string_view text)
    {
        std::ofstream(m_folder / name) << text;
        return (m_folder / name).string();
    }

    std::filesystem::path m_folder;
};

TEST_F(ScenarioFiles, PathsAreRelativeToTheScenario)
{
    const std::string topology = Write("small.ibnetdiscover", "# nothing\n");
    for (const std::string prefix : {"", "ibnetdiscover:", "ibsim:"})
    {
        const std::string path = Write("scenarios/one.toml",
                                       "[fabric]\nsource = \"" + prefix +
                                           "../small.ibnetdiscover\"\n"
                                           "[[host]]\nname = \"a\"\n");
        const auto scenario = ReadScenario(path);
        ASSERT_TRUE(scenario.has_value()) << scenario.error().Text();
        EXPECT_EQ(scenario->fabric.source, prefix + topology);
        EXPECT_EQ(scenario->file, path);
    }
}

TEST_F(ScenarioFiles, AMissingTopologyIsAnErrorOfItsLine)
{
    const std::string path =
        Write("one.toml", "[fabric]\nsource = \"gone.txt\"\n[[host]]\nname = \"a\"\n");
    const auto scenario = ReadScenario(path);
    ASSERT_FALSE(scenario.has_value());
    EXPECT_EQ(scenario.error().line, 2U);
    EXPECT_NE(scenario.error().found.find("gone.txt"), std::string::npos);
    EXPECT_NE(scenario.error().found.find("No such file"), std::string::npos);
    EXPECT_NE(scenario.error().expected.find("topology file"), std::string::npos);
}

TEST_F(ScenarioFiles, WhatCannotBeReadSaysWhy)
{
    const auto gone = ReadScenario((m_folder / "gone.toml").string());
    ASSERT_FALSE(gone.has_value());
    EXPECT_EQ(gone.error().line, 0U);
    EXPECT_EQ(gone.error().found, "nothing to read (No such file or directory)");
    const auto folder = ReadScenario(m_folder.string());
    ASSERT_FALSE(folder.has_value());
    EXPECT_EQ(folder.error().found, "nothing to read (Is a directory)");
}

TEST(InputError, NamesThePlace)
{
    EXPECT_EQ((InputError{"a.toml", 12, "x", "y"}).Text(), "a.toml:12: found x, expected y");
    EXPECT_EQ((InputError{"a.toml", 0, "x", "y"}).Text(), "a.toml: found x, expected y");
}

} // namespace

} // namespace lab
