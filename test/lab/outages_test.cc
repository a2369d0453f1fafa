// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Hosts that restart and ports that go down: what the others see of it, and that nothing is left.
#include "interleave/helper/recording-chooser.h"
#include "interleave/model/strategy/strategies.h"
#include "lab/model/lab-program.h"
#include "lab/model/world.h"
#include "lab/record-text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace lab
{

namespace
{

using testing::AnyOf;
using testing::HasSubstr;

/** @param more tables that follow. */
Scenario Parsed(const std::string& fabric, const std::string& more)
{
    const std::string text = "[fabric]\nsource = \"" + fabric + R"("
[[host]]
name = "server"
[[host]]
name = "client"
[[listen]]
host = "server"
service = 0x1234
)" + more;
    auto scenario = ParseScenario(text, "outages.toml");
    EXPECT_TRUE(scenario) << scenario.error().Text();
    return scenario ? std::move(*scenario) : Scenario{};
}

constexpr const char* kConnect = R"([[connect]]
name = "hello"
from = "client"
to = "server"
service = 0x1234
cm-response-timeout = 14
hold = "10ms"
)";

RunRecord RunOnce(const Scenario& scenario)
{
    auto record = RunScenario(scenario, {});
    EXPECT_TRUE(record) << record.error().Text();
    return record ? std::move(*record) : RunRecord{};
}

std::string Outcomes(const RunRecord& record)
{
    std::string text;
    for (const auto& connect : record.connects)
    {
        text += (text.empty() ? "" : " ") + connect.outcome;
    }
    return text;
}

std::size_t CountOf(const RunRecord& record, const char* kind, const char* fate)
{
    return static_cast<std::size_t>(std::ranges::count_if(
        record.messages,
        [&](const MadRecord& message) { return message.kind == kind && message.fate == fate; }));
}

class Outages : public testing::TestWithParam<const char*>
{
};

TEST_P(Outages, AServerThatRestartsHasForgottenTheConnection)
{
    const RunRecord record = RunOnce(Parsed(GetParam(), std::string(kConnect) + R"(count = 2
[[outage]]
host = "server"
action = "restart"
at = "5ms"
for = "1ms"
)"));
    EXPECT_EQ(Violations(record), "");
    // The first one is answered as by somebody who has never heard of it, the second is new.
    EXPECT_EQ(Outcomes(record), "disconnected disconnected");
    EXPECT_THAT(Notes(record), HasSubstr("server: restarts, away for 1 ms"));
    EXPECT_THAT(Notes(record), HasSubstr("server: is back"));
}

TEST_P(Outages, WhatComesToAServerThatIsAwayIsLost)
{
    const RunRecord record = RunOnce(Parsed(GetParam(), std::string(kConnect) + R"(at = "1ms"
[[outage]]
host = "server"
action = "restart"
for = "20ms"
)"));
    EXPECT_EQ(Violations(record), "");
    EXPECT_EQ(Outcomes(record), "disconnected");
    EXPECT_GT(CountOf(record, "REQ", ""), 1U); // sent again, to the server that listens again
}

TEST_P(Outages, AClientThatRestartsConnectsAgain)
{
    const bool direct = std::string(GetParam()) == "direct";
    const RunRecord record = RunOnce(Parsed(GetParam(), std::string(kConnect) + R"(
[[outage]]
host = "client"
action = "restart"
at = "5ms"
for = "1ms"
)"));
    EXPECT_EQ(Violations(record), "");
    // With the queue pair's number that the server still takes for connected it is stale.
    EXPECT_EQ(Outcomes(record), direct ? "restarted rejected" : "restarted disconnected");
    if (direct)
    {
        constexpr unsigned kStale = 10;
        EXPECT_EQ(record.connects.at(1).rejectReason, kStale);
    }
}

TEST_P(Outages, APortThatIsDownLosesWhatLeavesAndWhatComes)
{
    for (const char* host : {"server", "client"})
    {
        const RunRecord record = RunOnce(Parsed(GetParam(), std::string(kConnect) + R"(
[[outage]]
host = ")" + host + R"("
action = "port-down"
at = "5ms"
for = "50ms"
)"));
        EXPECT_EQ(Violations(record), "") << host;
        EXPECT_EQ(Outcomes(record), "disconnected") << host;
        EXPECT_THAT(Notes(record), HasSubstr("port down for 50 ms")) << host;
        EXPECT_THAT(Notes(record), HasSubstr("port up")) << host;
        const auto dreqs = std::ranges::count_if(
            record.messages, [](const MadRecord& message) { return message.kind == "DREQ"; });
        EXPECT_GT(dreqs, 1) << host;
    }
}

TEST_P(Outages, RulesBringThemAboutAtAMessage)
{
    struct Case
    {
        const char* action;
        const char* host;
        const char* note;
    };
    for (const Case& rule : {Case{"restart", "receiver", "client: restarts"},
                             Case{"restart", "sender", "server: restarts"},
                             Case{"port-down", "receiver", "client: port down"},
                             Case{"port-down", "sender", "server: port down"}})
    {
        const RunRecord record =
            RunOnce(Parsed(GetParam(),
                           std::string(kConnect) +
                               "[[fault]]\nmatch = {attribute = \"REP\", nth = 1}\naction = \"" +
                               rule.action + "\"\nhost = \"" + rule.host + "\"\nfor = \"30ms\"\n"));
        EXPECT_EQ(Violations(record), "") << rule.note;
        EXPECT_EQ(record.decisions, 1U) << rule.note;
        EXPECT_THAT(Notes(record), HasSubstr(rule.note));
        EXPECT_THAT(Outcomes(record), AnyOf(HasSubstr("disconnected"), HasSubstr("rejected")))
            << rule.note; // stale, if the client has forgotten
    }
}

TEST_P(Outages, ASearchMayChooseThem)
{
    const Scenario scenario = Parsed(GetParam(), std::string(kConnect) + R"(disconnect = "both"
[explore]
restart = ["1ms"]
port-down = ["20ms"]
)");
    auto program = LabProgram::Make(scenario, {{}, true});
    ASSERT_TRUE(program) << program.error().Text();
    auto strategy = interleave::MakeStrategy("random");
    ASSERT_TRUE(strategy);
    unsigned restarts = 0;
    unsigned downs = 0;
    const unsigned runs = std::string(GetParam()) == "direct" ? 400 : 100;
    for (unsigned run = 0; run < runs; ++run)
    {
        (*strategy)->Seed(run);
        interleave::RecordingChooser recording(**strategy);
        const auto result = (*program)->Run(recording);
        const std::string log = recording.Log().Format();
        ASSERT_TRUE(result.Passed()) << "run " << run << "\n"
                                     << result.violation->Format() << "\n"
                                     << log;
        restarts += log.find("restart ") != std::string::npos ? 1 : 0;
        downs += log.find("port-down ") != std::string::npos ? 1 : 0;
        (*program)->GetEngine().Reset();
    }
    EXPECT_GT(restarts, runs / 20);
    EXPECT_GT(downs, runs / 20);
}

TEST_P(Outages, TheSameLogBringsTheSameRun)
{
    const Scenario scenario = Parsed(GetParam(), kConnect);
    const auto log = interleave::DecisionLog::Parse("weft-replay 1\n\n"
                                                    "net REP server->client #1 -> restart receiver "
                                                    "2ms\n");
    ASSERT_TRUE(log) << log.error().Text();
    RunOptions options;
    options.replay = &*log;
    const auto first = RunScenario(scenario, options);
    const auto second = RunScenario(scenario, options);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->digest, second->digest);
    EXPECT_TRUE(first->unusedDecisions.empty());
    EXPECT_THAT(Notes(*first), HasSubstr("client: restarts, away for 2 ms"));
}

INSTANTIATE_TEST_SUITE_P(Fabrics,
                         Outages,
                         testing::Values("direct", "back-to-back"),
                         [](const auto& info)
                         { return std::string(info.param) == "direct" ? "direct" : "links"; });

TEST(OutagesTest, AllAtOnceAreLeftAlone)
{
    // While it is away it cannot restart; ports that are down twice come up once.
    const RunRecord record = RunOnce(Parsed("direct", std::string(kConnect) + R"(
[[outage]]
host = "server"
action = "restart"
at = "5ms"
for = "5ms"
[[outage]]
host = "server"
action = "restart"
at = "6ms"
for = "5ms"
[[outage]]
host = "client"
action = "port-down"
at = "5ms"
for = "3ms"
[[outage]]
host = "client"
action = "port-down"
at = "6ms"
for = "10ms"
)"));
    EXPECT_EQ(Violations(record), "");
    EXPECT_EQ(Outcomes(record), "disconnected");
    const std::string notes = Notes(record);
    EXPECT_EQ(notes.find("restarts"), notes.rfind("restarts"));
    EXPECT_EQ(notes.find("port up"), notes.rfind("port up"));
}

} // namespace

} // namespace lab
