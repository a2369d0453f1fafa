// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Whole runs: what happens, that it happens the same way twice, and that nothing is left over.
#include "lab/model/world.h"

#include "interleave/model/random.h"
#include "lab/record-text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

namespace
{

using lab::ConnectSpec;
using lab::RunOptions;
using lab::RunRecord;
using lab::Scenario;

constexpr std::uint64_t kService = 0x1234;

Scenario TwoHosts(const std::string& fabric, const std::string& disconnect = "from")
{
    Scenario scenario;
    scenario.file = "two-hosts.toml";
    scenario.name = "two hosts";
    scenario.fabric.source = fabric;
    scenario.hosts.resize(2);
    scenario.hosts[0].name = "server";
    scenario.hosts[1].name = "client";
    scenario.listens.resize(1);
    scenario.listens[0].host = "server";
    scenario.listens[0].serviceId = kService;
    ConnectSpec connect;
    connect.name = "hello";
    connect.from = "client";
    connect.to = "server";
    connect.serviceId = kService;
    connect.disconnect = disconnect;
    scenario.connects.push_back(connect);
    return scenario;
}

RunRecord RunOnce(const Scenario& scenario, const RunOptions& options = {})
{
    auto record = lab::RunScenario(scenario, options);
    EXPECT_TRUE(record) << record.error().Text();
    return record ? std::move(*record) : RunRecord{};
}

std::string Kinds(const RunRecord& record)
{
    std::string kinds;
    for (const auto& message : record.messages)
    {
        kinds += (kinds.empty() ? "" : " ") + message.kind;
    }
    return kinds;
}

/** A random walk with a few faults: what a search through schedules is made of. */
class RandomWalk final : public interleave::Chooser
{
  public:
    /** @param oneIn how rarely a schedule choice is other than the default. */
    RandomWalk(std::uint64_t seed, unsigned faults, unsigned oneIn)
        : m_random(seed, "walk"),
          m_faults(faults),
          m_oneIn(oneIn)
    {
    }

    std::uint32_t Choose(interleave::ChoicePoint& point) override
    {
        if (point.Count() < 2)
        {
            return 0;
        }
        if (point.Kind() != interleave::ChoiceKind::kFault)
        {
            return m_random.Chance(1, m_oneIn) ? m_random.Below(point.Count()) : 0;
        }
        if (m_faults == 0 || !m_random.Chance(1, 4))
        {
            return 0;
        }
        --m_faults;
        return 1 + m_random.Below(point.Count() - 1);
    }

  private:
    interleave::Random m_random;
    unsigned m_faults;
    const unsigned m_oneIn;
};

/** Always the default, but not known to be: every choice is asked. */
class Zero final : public interleave::Chooser
{
  public:
    std::uint32_t Choose(interleave::ChoicePoint& /*point*/) override
    {
        ++asked;
        return 0;
    }

    unsigned asked{0};
};

class WorldOnFabric : public testing::TestWithParam<const char*>
{
};

TEST_P(WorldOnFabric, ConnectsAndDisconnects)
{
    const RunRecord record = RunOnce(TwoHosts(GetParam()));
    EXPECT_EQ(Kinds(record), "REQ REP RTU DREQ DREP");
    EXPECT_EQ(Violations(record), "");
    ASSERT_EQ(record.connects.size(), 1U);
    EXPECT_EQ(record.connects[0].outcome, "disconnected");
    for (const auto& message : record.messages)
    {
        EXPECT_GT(message.receivedNs, message.sentNs) << message.kind;
    }
}

TEST_P(WorldOnFabric, CrossedDisconnectsEndOnBothSides)
{
    const RunRecord record = RunOnce(TwoHosts(GetParam(), "both"));
    EXPECT_EQ(record.connects.at(0).outcome, "disconnected");
    EXPECT_EQ(Violations(record), "");
}

TEST_P(WorldOnFabric, PassiveSideMayDisconnect)
{
    const RunRecord record = RunOnce(TwoHosts(GetParam(), "to"));
    EXPECT_EQ(record.connects.at(0).outcome, "disconnected");
    const auto dreq = std::find_if(record.messages.begin(),
                                   record.messages.end(),
                                   [](const auto& message) { return message.kind == "DREQ"; });
    ASSERT_NE(dreq, record.messages.end());
    EXPECT_EQ(dreq->from, "server");
    EXPECT_EQ(Violations(record), "");
}

TEST_P(WorldOnFabric, ConnectionsLeftOpenAreTakenDown)
{
    const RunRecord record = RunOnce(TwoHosts(GetParam(), "none"));
    EXPECT_EQ(record.connects.at(0).outcome, "connected");
    EXPECT_EQ(Violations(record), "");
}

TEST_P(WorldOnFabric, SameSeedSameDigestOtherSeedOtherDigest)
{
    RunOptions other;
    other.seed = 2;
    const std::uint64_t first = RunOnce(TwoHosts(GetParam())).digest;
    EXPECT_EQ(RunOnce(TwoHosts(GetParam())).digest, first);
    EXPECT_NE(RunOnce(TwoHosts(GetParam()), other).digest, first);
}

TEST_P(WorldOnFabric, AskingForTheDefaultChangesNothing)
{
    Zero zero;
    RunOptions asking;
    asking.strategy = &zero;
    EXPECT_EQ(RunOnce(TwoHosts(GetParam()), asking).digest, RunOnce(TwoHosts(GetParam())).digest);
    EXPECT_GT(zero.asked, 100U);
}

TEST_P(WorldOnFabric, EveryFaultIsSurvived)
{
    for (const char* attribute : {"REQ", "REP", "RTU", "DREQ", "DREP"})
    {
        for (const char* action : {"drop", "duplicate", "corrupt", "delay", "reorder"})
        {
            Scenario scenario = TwoHosts(GetParam());
            scenario.connects[0].cmResponseTimeout = 12;
            scenario.connects[0].remoteCmResponseTimeout = 14;
            scenario.faults.push_back({attribute, "", "", 1, action, 3'000'000, 1});
            const RunRecord record = RunOnce(scenario);
            EXPECT_EQ(record.connects.at(0).outcome, "disconnected") << attribute << ' ' << action;
            EXPECT_EQ(Violations(record), "") << attribute << ' ' << action;
            EXPECT_EQ(record.decisions, 1U);
            EXPECT_TRUE(std::any_of(record.messages.begin(),
                                    record.messages.end(),
                                    [](const auto& message) { return !message.fate.empty(); }));
        }
    }
}

TEST_P(WorldOnFabric, AMessageThatIsReorderedComesAfterTheNextOne)
{
    Scenario scenario = TwoHosts(GetParam());
    lab::FaultSpec fault;
    fault.attribute = "RTU";
    fault.nth = 1;
    fault.action = "reorder";
    scenario.faults = {fault};
    const RunRecord record = RunOnce(scenario);
    EXPECT_EQ(Violations(record), "");
    const auto of = [&](const char* kind)
    {
        return std::ranges::find_if(record.messages,
                                    [&](const auto& message) { return message.kind == kind; });
    };
    ASSERT_NE(of("RTU"), record.messages.end());
    ASSERT_NE(of("DREQ"), record.messages.end());
    EXPECT_EQ(of("RTU")->fate, "reorder");
    EXPECT_LE(of("RTU")->sentNs, of("DREQ")->sentNs);
    EXPECT_GT(of("RTU")->receivedNs, of("DREQ")->receivedNs);
}

INSTANTIATE_TEST_SUITE_P(Fabrics,
                         WorldOnFabric,
                         testing::Values("direct", "fat-tree:k=4", "back-to-back"),
                         [](const auto& info)
                         {
                             std::string name = info.param;
                             std::erase_if(name, [](unsigned char c) { return !std::isalnum(c); });
                             return name;
                         });

TEST(WorldTest, ThePortsOfAFastLinkTakeItsPaths)
{
    // The path's rate is the link's; a port that did not know its own would reject the REQ.
    for (const char* rate : {"1xSDR", "4xEDR", "4xHDR", "4xNDR"})
    {
        const RunRecord record = RunOnce(TwoHosts(std::string("back-to-back:rate=") + rate));
        EXPECT_EQ(Kinds(record), "REQ REP RTU DREQ DREP") << rate;
        EXPECT_EQ(Violations(record), "") << rate;
    }
}

TEST(WorldTest, LostRepComesAgainAfterTheTimeThatReqAskedFor)
{
    Scenario scenario = TwoHosts("fat-tree:k=4");
    scenario.connects[0].cmResponseTimeout = 12;
    scenario.connects[0].remoteCmResponseTimeout = 20;
    scenario.faults.push_back({"REP", "server", "", 1, "drop", 0, 1});
    const RunRecord record = RunOnce(scenario);
    std::vector<std::int64_t> reps;
    for (const auto& message : record.messages)
    {
        if (message.kind == "REP")
        {
            reps.push_back(message.sentNs);
        }
    }
    ASSERT_EQ(reps.size(), 2U);
    EXPECT_EQ(reps[1] - reps[0], 4'096LL << 12);
}

TEST(WorldTest, MessageArrivesOverTheQueuePairs)
{
    Scenario scenario = TwoHosts("fat-tree:k=4");
    scenario.connects[0].message = "hello, fabric";
    const RunRecord record = RunOnce(scenario);
    EXPECT_TRUE(std::any_of(record.notes.begin(),
                            record.notes.end(),
                            [](const auto& note) {
                                return note.host == "server" &&
                                       note.text == "received \"hello, fabric\"";
                            }));
    EXPECT_EQ(Violations(record), "");
}

TEST(WorldTest, DataInsteadOfTheRtuEstablishes)
{
    Scenario scenario = TwoHosts("fat-tree:k=4");
    scenario.connects[0].message = "early";
    scenario.faults.push_back({"RTU", "client", "", 1, "drop", 0, 1});
    const RunRecord record = RunOnce(scenario);
    EXPECT_TRUE(std::any_of(record.states.begin(),
                            record.states.end(),
                            [](const auto& state) {
                                return state.host == "server" &&
                                       state.cause == "notify established";
                            }));
    EXPECT_EQ(record.connects.at(0).outcome, "disconnected");
    EXPECT_EQ(Violations(record), "");
}

TEST(WorldTest, RejectedByTheConsumer)
{
    Scenario scenario = TwoHosts("direct");
    scenario.listens[0].policy = "reject";
    const RunRecord record = RunOnce(scenario);
    EXPECT_EQ(record.connects.at(0).outcome, "rejected");
    EXPECT_EQ(record.connects.at(0).rejectReason, 28U);
    EXPECT_EQ(Violations(record), "");
}

TEST(WorldTest, NoListenerIsRejectReason8)
{
    Scenario scenario = TwoHosts("direct");
    scenario.connects[0].serviceId = kService + 1;
    const RunRecord record = RunOnce(scenario);
    EXPECT_EQ(record.connects.at(0).rejectReason, 8U);
    EXPECT_EQ(Violations(record), "");
}

TEST(WorldTest, IgnoredRequestTimesOutAfterAllRetries)
{
    Scenario scenario = TwoHosts("direct");
    scenario.listens[0].policy = "ignore";
    scenario.connects[0].cmResponseTimeout = 10;
    scenario.connects[0].remoteCmResponseTimeout = 10;
    scenario.connects[0].maxCmRetries = 3;
    const RunRecord record = RunOnce(scenario);
    EXPECT_EQ(record.connects.at(0).outcome, "timeout");
    EXPECT_EQ(Kinds(record), "REQ REQ REQ REQ REJ");
    EXPECT_EQ(Violations(record), "");
}

TEST(WorldTest, UndecidedConnectViolatesLiveness)
{
    Scenario scenario = TwoHosts("direct");
    scenario.listens[0].policy = "ignore";
    scenario.limitNs = 1'000'000;
    const RunRecord record = RunOnce(scenario);
    ASSERT_FALSE(record.violations.empty());
    EXPECT_EQ(record.violations[0].kind, "liveness");
}

TEST(WorldTest, ExpectationThatDoesNotHoldIsAViolation)
{
    Scenario scenario = TwoHosts("direct");
    lab::ExpectSpec expect;
    expect.connect = "hello";
    expect.outcome = "rejected";
    expect.line = 7;
    scenario.expects.push_back(expect);
    expect = {};
    expect.attribute = "REP";
    expect.count = 2;
    scenario.expects.push_back(expect);
    const RunRecord record = RunOnce(scenario);
    ASSERT_EQ(record.violations.size(), 2U);
    EXPECT_NE(record.violations[0].text.find("two-hosts.toml:7: "), std::string::npos);
    EXPECT_NE(record.violations[1].text.find("expected 2 REP, found 1"), std::string::npos);
}

TEST(WorldTest, WrongNodesAreInputErrors)
{
    Scenario scenario = TwoHosts("fat-tree:k=4");
    scenario.hosts[1].node = "nowhere";
    scenario.hosts[1].line = 12;
    const auto unknown = lab::RunScenario(scenario, {});
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().line, 12U);

    scenario = TwoHosts("fat-tree:k=four");
    scenario.fabric.line = 3;
    const auto source = lab::RunScenario(scenario, {});
    ASSERT_FALSE(source);
    EXPECT_EQ(source.error().line, 3U);
    EXPECT_FALSE(source.error().expected.empty());
    // What was begun is undone: the next run finds ns-3 as new.
    EXPECT_EQ(Violations(RunOnce(TwoHosts("fat-tree:k=4"))), "");
}

TEST(WorldTest, RandomSchedulesAndFaultsEndWell)
{
    // A small, fixed sample on every run; WEFT_LONG walks on.
    const unsigned runs = std::getenv("WEFT_LONG") != nullptr ? 20'000 : 300;
    const char* const disconnects[] = {"from", "to", "both", "none"};
    const char* const policies[] = {"accept", "accept", "reject", "ignore"};
    for (unsigned seed = 0; seed < runs; ++seed)
    {
        Scenario scenario = TwoHosts("direct", disconnects[seed % 4]);
        scenario.listens[0].policy = policies[seed / 4 % 4];
        scenario.connects[0].cmResponseTimeout = 4;
        scenario.connects[0].remoteCmResponseTimeout = 4;
        scenario.connects[0].maxCmRetries = 3;
        scenario.connects.push_back(scenario.connects[0]);
        scenario.seed = seed;
        RandomWalk walk(seed, seed / 16 % 4, 2 + seed / 64 % 12);
        RunOptions options;
        options.strategy = &walk;
        options.keepMessages = false;
        const RunRecord record = RunOnce(scenario, options);
        ASSERT_EQ(Violations(record), "") << "seed " << seed;
    }
}

} // namespace
