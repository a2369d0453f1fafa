// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What is found where schedules are cheap is confirmed where there are links: a decision log of a
// run over the direct fabric leads to the same verdict over one of ns-3's.
#include "interleave/helper/recording-chooser.h"
#include "interleave/helper/replay-chooser.h"
#include "interleave/model/strategy/strategies.h"
#include "lab/model/lab-program.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace lab
{

namespace
{

struct Verdict
{
    interleave::DecisionLog log;
    std::string text;
};

std::string TextOf(const interleave::RunResult& result)
{
    return result.violation ? result.violation->Signature() : "passed";
}

std::string OverLinks(std::string text)
{
    const std::string direct = "source = \"direct\"";
    const std::size_t at = text.find(direct);
    EXPECT_NE(at, std::string::npos);
    return text.replace(at, direct.size(), "source = \"back-to-back\"");
}

Scenario Parsed(const std::string& text)
{
    auto scenario = ParseScenario(text, "verdict.toml");
    EXPECT_TRUE(scenario) << scenario.error().Text();
    return scenario ? std::move(*scenario) : Scenario{};
}

std::vector<Verdict> Explored(const std::string& text, unsigned runs)
{
    std::vector<Verdict> verdicts;
    auto program = LabProgram::Make(Parsed(text));
    auto strategy = interleave::MakeStrategy("random");
    EXPECT_TRUE(program && strategy);
    for (unsigned run = 0; run < runs; ++run)
    {
        (*strategy)->Seed(run);
        interleave::RecordingChooser recording(**strategy);
        const std::string verdict = TextOf((*program)->Run(recording));
        verdicts.push_back({recording.Log(), verdict});
        (*program)->GetEngine().Reset();
    }
    return verdicts;
}

/** How often each verdict was confirmed over links; every one must be. */
std::map<std::string, unsigned> Confirmed(const std::string& text, unsigned runs)
{
    const std::vector<Verdict> verdicts = Explored(text, runs);
    std::map<std::string, unsigned> confirmed;
    auto program = LabProgram::Make(Parsed(OverLinks(text)));
    EXPECT_TRUE(program) << program.error().Text();
    for (const Verdict& verdict : verdicts)
    {
        interleave::ReplayChooser replay(verdict.log);
        const std::string again = TextOf((*program)->Run(replay));
        EXPECT_EQ(again, verdict.text) << verdict.log.Format();
        ++confirmed[again];
        (*program)->GetEngine().Reset();
    }
    return confirmed;
}

class FabricVerdict : public testing::TestWithParam<const char*>
{
};

TEST_P(FabricVerdict, WhatPassesDirectlyPassesOverLinks)
{
    std::ifstream stream(std::string("examples/") + GetParam());
    std::ostringstream text;
    text << stream.rdbuf();
    constexpr unsigned kRuns = 60;
    const auto confirmed = Confirmed(text.str(), kRuns);
    EXPECT_EQ(confirmed, (std::map<std::string, unsigned>{{"passed", kRuns}}));
}

INSTANTIATE_TEST_SUITE_P(Examples,
                         FabricVerdict,
                         testing::Values("churn.toml",
                                         "storm.toml",
                                         "crossed-disconnects.toml",
                                         "duplicate-req.toml",
                                         "sidr-flood.toml",
                                         "lap-against-dreq.toml",
                                         "device-removal.toml",
                                         "used-again.toml"),
                         [](const auto& info)
                         {
                             std::string name = info.param;
                             name.resize(name.find('.'));
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

// Consumers that believe what does not always hold: a fault disappoints them.
constexpr const char* kGullible = R"([fabric]
source = "direct"
[[host]]
name = "server"
[[host]]
name = "client"
[[task]]
host = "server"
steps = [
    {do = "listen", id = "door", service = 0x1000},
    {do = "wait", id = "accepted", event = "RTU", for = "1s"},
    {do = "dreq", id = "accepted", result = "ok"},
]
[[task]]
host = "client"
at = "1ms"
steps = [
    {do = "req", id = "call", to = "server", service = 0x1000},
    {do = "wait", id = "call", event = "REP", for = "1s"},
    {do = "qp-attributes", id = "call", state = "rts", result = "ok"},
]
)";

std::string Replayed(const std::string& text, const std::string& decision)
{
    const auto log = interleave::DecisionLog::Parse("weft-replay 1\n\n" + decision);
    auto program = LabProgram::Make(Parsed(text));
    if (!log || !program)
    {
        return "not run";
    }
    interleave::ReplayChooser replay(*log);
    const std::string verdict = TextOf((*program)->Run(replay));
    EXPECT_TRUE(replay.Problems().empty()) << decision;
    (*program)->GetEngine().Reset();
    return verdict;
}

TEST(FabricVerdictTest, WhatIsViolatedDirectlyIsViolatedOverLinks)
{
    struct Case
    {
        const char* decision;
        const char* verdict; ///< part of it
    };
    for (const Case& one :
         {Case{"", "passed"},
          Case{"net REQ client->server #1 -> drop\n", "dreq accepted: invalid handle"},
          Case{"net REP server->client #1 -> drop\n", "dreq accepted: invalid state"},
          Case{"net RTU client->server #1 -> drop\n", "dreq accepted: invalid state"},
          Case{"net RTU client->server #1 -> restart receiver 1ms\n",
               "dreq accepted: invalid handle"},
          Case{"net RTU client->server #1 -> duplicate\n", "passed"},
          Case{"net DREQ server->client #1 -> drop\n", "passed"}})
    {
        const std::string direct = Replayed(kGullible, one.decision);
        EXPECT_NE(direct.find(one.verdict), std::string::npos) << one.decision << direct;
        EXPECT_EQ(Replayed(OverLinks(kGullible), one.decision), direct) << one.decision;
    }
}

} // namespace

} // namespace lab
