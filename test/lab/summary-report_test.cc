// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Summaries, and the same as JSON.
#include "lab/helper/summary-report.h"

#include "lab/helper/json-report.h"
#include "lab/sample-record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lab
{

namespace
{

using ::testing::HasSubstr;
using ::testing::Not;

TEST(SummaryReport, SaysEverything)
{
    SummaryOptions options;
    options.command = "./weft run examples/first-light.toml --seed 1";
    options.expectations = 3;
    options.files.emplace_back("capture", "a.pcap");
    EXPECT_EQ(
        SummaryReport(SampleRecord::Connection(), options),
        R"(fabric      8 switches, 144 channel adapters, 192 links; up after 2.402 ms and 4,321 SMPs
connection  hello: client → server disconnected, established after 4.26 µs, over after 536.887 ms
messages    8 MADs of hosts, 5 of the CM
time        540.273 ms simulated in 0.25 s
digest      00c0ffee01234567
result      no violation, 3 expectations hold
capture     a.pcap
again       ./weft run examples/first-light.toml --seed 1
)");
}

TEST(SummaryReport, CountsWhatWentWrong)
{
    const std::string report = SummaryReport(SampleRecord::LostRep(), {});
    EXPECT_THAT(report, HasSubstr("6 of the CM, 1 sent again, 1 struck by faults"));
    EXPECT_THAT(report, HasSubstr("decisions   1 other than the default"));
    EXPECT_THAT(report, HasSubstr("result      no violation\n"));
    EXPECT_THAT(report, Not(HasSubstr("\nagain")));
}

TEST(SummaryReport, NamesViolations)
{
    RunRecord record = SampleRecord::Connection();
    record.violations = {{"leak", "server: 1 shared objects left"}, {"expectation", "x"}};
    const std::string report = SummaryReport(record, {});
    EXPECT_THAT(report, HasSubstr("violated    leak: server: 1 shared objects left\n"));
    EXPECT_THAT(report, HasSubstr("            expectation: x\n"));
    EXPECT_THAT(report, Not(HasSubstr("result")));
}

TEST(SummaryReport, NamesRejectReasons)
{
    RunRecord record;
    record.connects.push_back({"c", "a", "b", "rejected", 28, 0, -1, 2'000});
    EXPECT_THAT(SummaryReport(record, {}),
                HasSubstr("c: a → b rejected, reason 28 (consumer reject), over after 2 µs"));
}

TEST(SummaryReport, CountsManyConnections)
{
    RunRecord record;
    record.connects.assign(1'008, {"c", "a", "b", "connected", 0, 0, 5, -1});
    EXPECT_THAT(SummaryReport(record, {}), HasSubstr("… and 1,000 more"));
}

TEST(TitleReport, NamesTheFabricShortly)
{
    Scenario scenario;
    scenario.name = "n";
    const auto title = [&](const char* source)
    {
        scenario.fabric.source = source;
        return TitleReport(scenario, false);
    };
    EXPECT_EQ(title("a/b/c.ibnetdiscover"), "n on c.ibnetdiscover\n\n");
    EXPECT_EQ(title("ibsim:a/b/net"), "n on net\n\n");
    EXPECT_EQ(title("fat-tree:k=4"), "n on fat-tree:k=4\n\n");
    EXPECT_EQ(title("direct"), "n on the direct fabric\n\n");
    scenario.description = "what it is";
    EXPECT_EQ(title("direct"), "n on the direct fabric\nwhat it is\n\n");
}

TEST(JsonReport, HoldsTheRecord)
{
    RunRecord record = SampleRecord::LostRep();
    record.violations.push_back({"leak", "x"});
    record.unusedDecisions.push_back("line 9: y");
    const Json json = Json::parse(JsonText(JsonReport(record)));
    EXPECT_EQ(json["scenario"]["file"], "examples/first-light.toml");
    EXPECT_EQ(json["seed"], 1);
    EXPECT_EQ(json["digest"], "00c0ffee01234567");
    EXPECT_EQ(json["fabric"]["links"], 192);
    EXPECT_EQ(json["fabric"]["smps"], 4321);
    EXPECT_EQ(json["decisions"], 1);
    EXPECT_EQ(json["violations"][0]["kind"], "leak");
    EXPECT_EQ(json["unusedDecisions"][0], "line 9: y");
    ASSERT_EQ(json["messages"].size(), record.messages.size());
    const Json& lost = json["messages"][1];
    EXPECT_EQ(lost["kind"], "REP");
    EXPECT_EQ(lost["fate"], "drop");
    EXPECT_TRUE(lost["receivedNs"].is_null());
    EXPECT_EQ(lost["localCommId"], "0x77c0e401");
    EXPECT_EQ(lost["remoteCommId"], "0x5a31c2f0");
    EXPECT_EQ(json["messages"][0]["fate"], "deliver");
    EXPECT_EQ(json["messages"][2]["retransmission"], true);
    const std::string bytes = json["messages"][0]["bytes"];
    EXPECT_EQ(bytes.size(), 512U);
    EXPECT_EQ(bytes.substr(0, 8), "01070203");
    EXPECT_EQ(bytes.substr(48, 8), "5a31c2f0");
    EXPECT_EQ(json["states"].size(), record.states.size());
    EXPECT_EQ(json["states"][0]["to"], "REQ_SENT");
}

TEST(JsonReport, KeepsItsShapeWithoutContents)
{
    const Json full = JsonReport(SampleRecord::Connection());
    const Json empty = JsonReport({});
    std::vector<std::string> keys;
    for (const auto& [key, value] : full.items())
    {
        keys.push_back(key);
        EXPECT_EQ(empty[key].type(), value.type()) << key;
    }
    EXPECT_THAT(keys,
                ::testing::ElementsAre("scenario",
                                       "seed",
                                       "digest",
                                       "fabric",
                                       "mads",
                                       "decisions",
                                       "simulatedNs",
                                       "wallSeconds",
                                       "connects",
                                       "violations",
                                       "unusedDecisions",
                                       "messages",
                                       "states",
                                       "notes"));
}

TEST(JsonReport, SurvivesBytesThatAreNoText)
{
    RunRecord record;
    record.notes.push_back({1, "a", "", "\xff"});
    const Json json = Json::parse(JsonText(JsonReport(record)));
    EXPECT_EQ(json["notes"][0]["text"], "\xef\xbf\xbd");
    EXPECT_TRUE(json["notes"][0]["peer"].is_null());
}

} // namespace

} // namespace lab
