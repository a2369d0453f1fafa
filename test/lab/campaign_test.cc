// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Campaigns: what comes out does not depend on who made which run, nor on interruptions.
#include "lab/helper/campaign.h"

#include "interleave/model/decision-log.h"
#include "lab/toy-target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

namespace lab
{

namespace
{

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Key;

CampaignOptions Options(unsigned workers, std::uint64_t schedules = 1'050)
{
    CampaignOptions options;
    options.strategy = "coin";
    options.schedules = schedules;
    options.batchRuns = 100;
    options.workers = workers;
    return options;
}

CampaignResult Explore(const MakeTarget& target,
                       const CampaignOptions& options,
                       BatchLedger& ledger,
                       const CampaignEvents& events = {},
                       bool shrink = false)
{
    auto result = RunCampaign(target, options, events, ledger, shrink);
    EXPECT_TRUE(result.has_value());
    return result ? std::move(*result) : CampaignResult{};
}

CampaignResult Explore(const MakeTarget& target, const CampaignOptions& options)
{
    BatchLedger ledger;
    return Explore(target, options, ledger);
}

TEST(Campaign, FindsEachViolationOnceAndCountsTheRest)
{
    const Tally tally = Explore(MakeToyTarget(), Options(1)).tally;
    EXPECT_EQ(tally.runs, 1'050U);
    EXPECT_THAT(tally.findings, ElementsAre(Key(HasSubstr("deadlock: ")), Key("leak: toy")));
    const CampaignFinding& leak = tally.findings.at("leak: toy");
    EXPECT_EQ(leak.strategy, "coin");
    EXPECT_TRUE(leak.reproduced);
    EXPECT_GT(leak.times, 10U);
    EXPECT_THAT(leak.log, HasSubstr("-> run "));
    const StrategyCredit& credit = tally.credits.at("coin");
    EXPECT_EQ(credit.runs, 1'050U);
    EXPECT_EQ(credit.tasks, 2U);
    EXPECT_EQ(credit.violations, tally.findings.begin()->second.times + leak.times);
    // Each batch was looked at: the toy counts one step whenever it is.
    EXPECT_EQ(tally.coverage.Seen(ibcm::State::kIdle, ibcm::Input::kCallListen), 11U);
    EXPECT_GT(tally.schedules.Distinct(), 3U);
    EXPECT_LT(tally.schedules.Distinct(), 100U);
}

TEST(Campaign, IsTheSameWithAnyNumberOfWorkers)
{
    const Tally one = Explore(MakeToyTarget(), Options(1)).tally;
    EXPECT_EQ(Explore(MakeToyTarget(), Options(2)).tally, one);
    EXPECT_EQ(Explore(MakeToyTarget(), Options(3)).tally, one);
    CampaignOptions other = Options(1);
    other.seed = 2;
    EXPECT_NE(Explore(MakeToyTarget(), other).tally, one);
}

TEST(Campaign, EndsWithTheFirstRunThatIsWrongWhoeverMakesIt)
{
    const auto all = Explore(MakeToyTarget(), Options(1)).tally.findings;
    const auto first =
        std::min_element(all.begin(),
                         all.end(),
                         [](const auto& a, const auto& b) { return a.second.run < b.second.run; });
    for (const unsigned workers : {1U, 3U})
    {
        CampaignOptions options = Options(workers);
        options.untilFound = true;
        BatchLedger ledger;
        const CampaignResult result = Explore(MakeToyTarget(), options, ledger, {}, true);
        ASSERT_THAT(result.tally.findings, ElementsAre(Key(first->first)));
        EXPECT_EQ(result.tally.findings.begin()->second.run, first->second.run);
        EXPECT_EQ(result.tally.findings.begin()->second.log, first->second.log);
        EXPECT_THAT(result.shrunk, ElementsAre(Key(first->first)));
        EXPECT_FALSE(result.stopped);
        EXPECT_EQ(result.partial, 0U);
        EXPECT_LT(result.tally.runs, all.size() + 100 * workers);
    }
}

TEST(Campaign, GoesOnWhereItWasInterrupted)
{
    const Tally whole = Explore(MakeToyTarget(), Options(2)).tally;
    BatchLedger ledger;
    int batches = 0;
    CampaignEvents events;
    events.batch = [&](const BatchLedger&) { ++batches; };
    events.stop = [&] { return batches >= 4; };
    const CampaignResult first = Explore(MakeToyTarget(), Options(2), ledger, events);
    EXPECT_TRUE(first.stopped);
    EXPECT_LT(first.tally.runs, whole.runs);
    // What was written and read again is what was there.
    BatchLedger stored = BatchLedger::FromJson(Json::parse(ledger.ToJson().dump()));
    EXPECT_EQ(stored, ledger);
    const CampaignResult second = Explore(MakeToyTarget(), Options(3), stored);
    EXPECT_FALSE(second.stopped);
    EXPECT_EQ(second.tally, whole);
}

TEST(Campaign, CanBeMadeLonger)
{
    BatchLedger ledger;
    Explore(MakeToyTarget(), Options(1, 250), ledger);
    EXPECT_EQ(ledger.Sum().runs, 200U); // the last batch is not a whole one
    EXPECT_EQ(Explore(MakeToyTarget(), Options(1), ledger).tally,
              Explore(MakeToyTarget(), Options(1)).tally);
}

TEST(Campaign, TellsOfFindingsAtOnceAndOfTheLowestRunAtLast)
{
    std::map<std::string, std::uint64_t> told;
    CampaignEvents events;
    events.finding = [&](const CampaignFinding& finding) { told[finding.signature] = finding.run; };
    BatchLedger ledger;
    const CampaignResult result = Explore(MakeToyTarget(), Options(3), ledger, events);
    ASSERT_EQ(told.size(), 2U);
    for (const auto& [signature, finding] : result.tally.findings)
    {
        EXPECT_EQ(told.at(signature), finding.run);
    }
}

TEST(Campaign, ShrinksWhatItHasFound)
{
    BatchLedger ledger;
    const CampaignResult result = Explore(MakeToyTarget(), Options(2), ledger, {}, true);
    ASSERT_EQ(result.shrunk.size(), 2U);
    for (const auto& [signature, shrunk] : result.shrunk)
    {
        EXPECT_EQ(shrunk.problem, "");
        EXPECT_LE(shrunk.preemptions, 2U);
        const auto log = interleave::DecisionLog::Parse(shrunk.log);
        ASSERT_TRUE(log.has_value());
        EXPECT_EQ(log->decisions.size(), shrunk.decisions);
    }
}

TEST(Campaign, TakesACrashForAFinding)
{
    ToyOptions options;
    options.crash = SIGSEGV;
    const Tally tally = Explore(MakeToyTarget(options), Options(1)).tally;
    ASSERT_TRUE(tally.findings.contains("crash: SIGSEGV after sync"));
    const CampaignFinding& crash = tally.findings.at("crash: SIGSEGV after sync");
    EXPECT_TRUE(crash.reproduced);
    EXPECT_EQ(crash.strategy, "coin");
    const auto log = interleave::DecisionLog::Parse(crash.log);
    ASSERT_TRUE(log.has_value()) << crash.log;
    EXPECT_FALSE(log->decisions.empty());
    // Others are found all the same, and nothing is lost but what was given up.
    EXPECT_TRUE(tally.findings.contains("leak: toy"));
    EXPECT_EQ(tally.runs + tally.missed, 1'050U);
    EXPECT_EQ(Explore(MakeToyTarget(options), Options(3)).tally, tally);
}

TEST(Campaign, TakesAHangForAFinding)
{
    ToyOptions options;
    options.hang = true;
    CampaignOptions campaign = Options(2, 20);
    campaign.stallSeconds = 0.3;
    const Tally tally = Explore(MakeToyTarget(options), campaign).tally;
    EXPECT_TRUE(tally.findings.contains("hang: a run that does not end"));
    EXPECT_EQ(tally.runs + tally.missed, 20U);
}

CampaignOptions Search(const std::string& strategy, unsigned workers)
{
    CampaignOptions options = Options(workers, 1'000'000);
    options.strategy = strategy;
    options.exhaustive = true;
    options.batchRuns = 3; // many parts
    return options;
}

TEST(Campaign, SearchesToTheEndWithAnyNumberOfWorkers)
{
    for (const char* const strategy : {"dpor", "bound:1", "bound:0-2"})
    {
        BatchLedger ledger;
        const Tally one = Explore(MakeToyTarget(), Search(strategy, 1), ledger).tally;
        EXPECT_TRUE(one.exhausted) << strategy;
        EXPECT_GT(one.runs, 2U) << strategy;
        EXPECT_EQ(Explore(MakeToyTarget(), Search(strategy, 2)).tally, one) << strategy;
        EXPECT_EQ(Explore(MakeToyTarget(), Search(strategy, 3)).tally, one) << strategy;
        // Nothing is left to do.
        EXPECT_EQ(Explore(MakeToyTarget(), Search(strategy, 2), ledger).tally, one) << strategy;
    }
}

TEST(Campaign, ASearchInPartsHasTheRunsOfOneInOnePiece)
{
    for (const char* const strategy : {"dpor", "bound:1", "bound:0-2"})
    {
        CampaignOptions options = Search(strategy, 1);
        options.batchRuns = 1'000'000;
        const Tally whole = Explore(MakeToyTarget(), options).tally;
        const Tally parts = Explore(MakeToyTarget(), Search(strategy, 3)).tally;
        EXPECT_EQ(parts.runs, whole.runs) << strategy;
        EXPECT_EQ(parts.schedules.Distinct(), whole.schedules.Distinct()) << strategy;
        EXPECT_EQ(parts.findings.size(), whole.findings.size()) << strategy;
    }
}

TEST(Campaign, ASearchEndsAtItsLimit)
{
    CampaignOptions options = Search("bound:0-2", 3);
    options.schedules = 20;
    const CampaignResult result = Explore(MakeToyTarget(), options);
    EXPECT_EQ(result.tally.runs, 20U);
    EXPECT_FALSE(result.tally.exhausted);
    options.workers = 1;
    EXPECT_EQ(Explore(MakeToyTarget(), options).tally, result.tally);
}

TEST(Campaign, ASearchGivesUpWhatCrashesAndGoesOn)
{
    ToyOptions toy;
    toy.crash = SIGSEGV;
    for (const char* const strategy : {"bound:2", "bound:0-2"})
    {
        const Tally tally = Explore(MakeToyTarget(toy), Search(strategy, 2)).tally;
        EXPECT_TRUE(tally.findings.contains("crash: SIGSEGV after sync")) << strategy;
        EXPECT_TRUE(tally.findings.contains("leak: toy")) << strategy;
        EXPECT_FALSE(tally.exhausted) << strategy;
        EXPECT_EQ(Explore(MakeToyTarget(toy), Search(strategy, 1)).tally, tally) << strategy;
    }
}

TEST(Campaign, ShrinksACrash)
{
    ToyOptions toy;
    toy.crash = SIGSEGV;
    BatchLedger ledger;
    const CampaignResult result = Explore(MakeToyTarget(toy), Options(2, 300), ledger, {}, true);
    ASSERT_TRUE(result.shrunk.contains("crash: SIGSEGV after sync"));
    const ShrunkFinding& shrunk = result.shrunk.at("crash: SIGSEGV after sync");
    EXPECT_EQ(shrunk.problem, "");
    const auto log = interleave::DecisionLog::Parse(shrunk.log);
    ASSERT_TRUE(log.has_value()) << shrunk.log;
    // The second task looks, the first takes its lock, the second thinks.
    EXPECT_LE(log->decisions.size(), 3U) << shrunk.log;
    EXPECT_GE(log->decisions.size(), 1U);
    EXPECT_THAT(shrunk.certificate, HasSubstr("leaving out any one decision makes it pass"));
}

TEST(Campaign, EndsInTime)
{
    CampaignOptions options = Options(2, CampaignOptions::kEndless);
    options.seconds = 0.3;
    const CampaignResult result = Explore(MakeToyTarget(), options);
    EXPECT_TRUE(result.stopped);
    EXPECT_GT(result.tally.runs, 0U);
}

TEST(Campaign, SaysWhatIsWrong)
{
    ToyOptions options;
    options.wrong = true;
    BatchLedger ledger;
    const auto result = RunCampaign(MakeToyTarget(options), Options(2), {}, ledger, false);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().Text(), "toy.toml:3: found a broken toy, expected a whole one");
    CampaignOptions unknown = Options(1);
    unknown.strategy = "nope";
    EXPECT_THROW(RunCampaign(MakeToyTarget(), unknown, {}, ledger, false).value(),
                 std::runtime_error);
}

} // namespace

} // namespace lab
