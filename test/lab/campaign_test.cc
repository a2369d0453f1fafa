// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Campaigns: what comes out does not depend on who made which run, nor on interruptions.
#include "lab/helper/campaign.h"

#include "interleave/model/decision-log.h"
#include "interleave/model/sanitizer.h"
#include "lab/helper/search-json.h"
#include "lab/toy-target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

namespace lab
{

namespace
{

// AddressSanitizer reports what the kernel would have ended.
#ifdef INTERLEAVE_ASAN
constexpr const char* kCrash = "crash: exit status 1 after sync";
#else
constexpr const char* kCrash = "crash: SIGSEGV after sync";
#endif

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
                       CampaignMade& made,
                       const CampaignEvents& events = {},
                       bool shrink = false)
{
    auto result = RunCampaign(target, options, events, made, shrink);
    EXPECT_TRUE(result.has_value());
    return result ? std::move(*result) : CampaignResult{};
}

CampaignResult Explore(const MakeTarget& target, const CampaignOptions& options)
{
    CampaignMade made;
    return Explore(target, options, made);
}

/** What was written and read again. */
CampaignMade Stored(const CampaignMade& made)
{
    CampaignMade stored;
    stored.batches = BatchLedger::FromJson(Json::parse(made.batches.ToJson().dump()));
    EXPECT_EQ(stored.batches, made.batches);
    if (made.search)
    {
        stored.search = SearchStateFromJson(Json::parse(ToJson(*made.search).dump()));
        EXPECT_EQ(stored.search, made.search);
    }
    return stored;
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
        CampaignMade made;
        const CampaignResult result = Explore(MakeToyTarget(), options, made, {}, true);
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
    CampaignMade made;
    int batches = 0;
    CampaignEvents events;
    events.made = [&](const CampaignMade&) { ++batches; };
    events.stop = [&] { return batches >= 4; };
    const CampaignResult first = Explore(MakeToyTarget(), Options(2), made, events);
    EXPECT_TRUE(first.stopped);
    EXPECT_LT(first.tally.runs, whole.runs);
    CampaignMade stored = Stored(made);
    const CampaignResult second = Explore(MakeToyTarget(), Options(3), stored);
    EXPECT_FALSE(second.stopped);
    EXPECT_EQ(second.tally, whole);
}

TEST(Campaign, CanBeMadeLonger)
{
    CampaignMade made;
    Explore(MakeToyTarget(), Options(1, 250), made);
    EXPECT_EQ(made.batches.Sum().runs, 200U); // the last batch is not a whole one
    EXPECT_EQ(Explore(MakeToyTarget(), Options(1), made).tally,
              Explore(MakeToyTarget(), Options(1)).tally);
}

TEST(Campaign, TellsOfFindingsAtOnceAndOfTheLowestRunAtLast)
{
    std::map<std::string, std::uint64_t> told;
    CampaignEvents events;
    events.finding = [&](const CampaignFinding& finding) { told[finding.signature] = finding.run; };
    CampaignMade made;
    const CampaignResult result = Explore(MakeToyTarget(), Options(3), made, events);
    ASSERT_EQ(told.size(), 2U);
    for (const auto& [signature, finding] : result.tally.findings)
    {
        EXPECT_EQ(told.at(signature), finding.run);
    }
}

TEST(Campaign, ShrinksWhatItHasFound)
{
    CampaignMade made;
    const CampaignResult result = Explore(MakeToyTarget(), Options(2), made, {}, true);
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
    ASSERT_TRUE(tally.findings.contains(kCrash));
    const CampaignFinding& crash = tally.findings.at(kCrash);
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
        CampaignMade made;
        const Tally one = Explore(MakeToyTarget(), Search(strategy, 1), made).tally;
        EXPECT_TRUE(one.exhausted) << strategy;
        EXPECT_GT(one.runs, 2U) << strategy;
        EXPECT_EQ(Explore(MakeToyTarget(), Search(strategy, 2)).tally, one) << strategy;
        EXPECT_EQ(Explore(MakeToyTarget(), Search(strategy, 3)).tally, one) << strategy;
        // Nothing is left to do.
        EXPECT_EQ(Explore(MakeToyTarget(), Search(strategy, 2), made).tally, one) << strategy;
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

TEST(Campaign, ASearchGoesOnWhereItWasInterrupted)
{
    for (const char* const strategy : {"dpor", "bound:0-2"})
    {
        CampaignMade one;
        const Tally whole = Explore(MakeToyTarget(), Search(strategy, 2), one).tally;
        CampaignMade made;
        CampaignResult result;
        unsigned campaigns = 0;
        do
        {
            int news = 0;
            CampaignEvents events;
            events.made = [&](const CampaignMade&) { ++news; };
            events.stop = [&] { return news >= 1; };
            made = Stored(made);
            result = Explore(MakeToyTarget(), Search(strategy, 1 + campaigns % 3), made, events);
            ASSERT_LT(++campaigns, 1000U) << strategy;
        } while (result.stopped);
        EXPECT_GT(campaigns, 1U) << strategy;
        EXPECT_EQ(result.tally, whole) << strategy;
        EXPECT_FALSE(made.search.has_value());
        EXPECT_EQ(made.batches, one.batches) << strategy;
    }
}

TEST(Campaign, ASearchCanBeMadeLonger)
{
    for (const std::uint64_t first : {1U, 2U, 20U})
    {
        CampaignOptions options = Search("bound:0-2", 2);
        options.schedules = first;
        CampaignMade made;
        EXPECT_EQ(Explore(MakeToyTarget(), options, made).tally.runs, first);
        options.schedules = 30;
        const Tally longer = Explore(MakeToyTarget(), options, made).tally;
        EXPECT_EQ(longer, Explore(MakeToyTarget(), options).tally) << first;
    }
}

TEST(Campaign, ASearchGivesUpWhatCrashesAndGoesOn)
{
    ToyOptions toy;
    toy.crash = SIGSEGV;
    for (const char* const strategy : {"bound:2", "bound:0-2"})
    {
        const Tally tally = Explore(MakeToyTarget(toy), Search(strategy, 2)).tally;
        EXPECT_TRUE(tally.findings.contains(kCrash)) << strategy;
        EXPECT_TRUE(tally.findings.contains("leak: toy")) << strategy;
        EXPECT_FALSE(tally.exhausted) << strategy;
        EXPECT_EQ(Explore(MakeToyTarget(toy), Search(strategy, 1)).tally, tally) << strategy;
    }
}

TEST(Campaign, ShrinksACrash)
{
    ToyOptions toy;
    toy.crash = SIGSEGV;
    CampaignMade made;
    const CampaignResult result = Explore(MakeToyTarget(toy), Options(2, 300), made, {}, true);
    ASSERT_TRUE(result.shrunk.contains(kCrash));
    const ShrunkFinding& shrunk = result.shrunk.at(kCrash);
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
    CampaignMade made;
    const auto result = RunCampaign(MakeToyTarget(options), Options(2), {}, made, false);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().Text(), "toy.toml:3: found a broken toy, expected a whole one");
    CampaignOptions unknown = Options(1);
    unknown.strategy = "nope";
    EXPECT_THROW(RunCampaign(MakeToyTarget(), unknown, {}, made, false).value(),
                 std::runtime_error);
}

} // namespace

} // namespace lab
