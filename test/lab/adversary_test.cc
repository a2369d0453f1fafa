// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/adversary.h"

#include "interleave/model/engine.h"
#include "interleave/model/virtual-time.h"
#include "lab/model/exact-time.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace
{

using lab::Fate;
using lab::FaultSpec;
using lab::NetPoint;
using lab::RuleChooser;

const std::vector<Fate> kFates = {
    {Fate::Kind::kDeliver, 0},
    {Fate::Kind::kDrop, 0},
    {Fate::Kind::kDuplicate, 0},
    {Fate::Kind::kCorrupt, 0},
    {Fate::Kind::kDelay, 1'000},
    {Fate::Kind::kDelay, 50'000'000},
};
const std::vector<Fate> kNoFault = {{}};

FaultSpec Rule(std::string attribute, std::string from, unsigned nth, std::string action)
{
    FaultSpec rule;
    rule.attribute = std::move(attribute);
    rule.from = std::move(from);
    rule.nth = nth;
    rule.action = std::move(action);
    return rule;
}

/** What the rules make of a MAD: the option's text, or "-" if they abstain. */
std::string Answer(RuleChooser& rules, const char* attribute, const char* from, const char* to)
{
    NetPoint point(attribute, from, to, kFates);
    const auto option = rules.Try(point);
    return option ? point.OptionText(*option) : "-";
}

TEST(NetPointTest, NamesItsPlaceAndOptions)
{
    NetPoint point("REP", "server", "client", kFates);
    EXPECT_EQ(point.Place().WithOccurrence(2), "net REP server->client #2");
    ASSERT_EQ(point.Count(), 6U);
    EXPECT_EQ(point.OptionText(0), "deliver");
    EXPECT_EQ(point.OptionText(1), "drop");
    EXPECT_EQ(point.OptionText(5), "delay 50ms");
    EXPECT_EQ(point.FateOf(4).delayNs, 1'000);
}

TEST(NetPointTest, SamePlaceSameKeyOtherPlaceOtherKey)
{
    const NetPoint one("REP", "server", "client", kFates);
    const NetPoint same("REP", "server", "client", kNoFault);
    const NetPoint back("REP", "client", "server", kFates);
    const NetPoint other("RTU", "server", "client", kFates);
    EXPECT_EQ(one.Key(), same.Key());
    EXPECT_NE(one.Key(), back.Key());
    EXPECT_NE(one.Key(), other.Key());
}

TEST(NetPointTest, EveryOptionIsFoundByItsText)
{
    NetPoint point("REQ", "a", "b", kFates);
    for (std::uint32_t option = 0; option < point.Count(); ++option)
    {
        EXPECT_EQ(point.FindOption(point.OptionText(option)), option);
    }
}

TEST(NetPointTest, WhatBefallsHostsIsWrittenWithItsTime)
{
    NetPoint point("REP", "server", "client", kNoFault);
    for (const char* text : {"restart sender 1s",
                             "restart receiver 1500us",
                             "port-down sender 20us",
                             "port-down receiver 3s"})
    {
        const auto option = point.FindOption(text);
        ASSERT_TRUE(option) << text;
        EXPECT_EQ(point.OptionText(*option), text);
        EXPECT_TRUE(point.FateOf(*option).OfHost()) << text;
    }
    for (const char* text : {"restart",
                             "restart 1s",
                             "restart sender",
                             "restart sender 0",
                             "port-down 1s",
                             "restart  sender 1s",
                             "sender 1s"})
    {
        EXPECT_FALSE(point.FindOption(text)) << text;
    }
}

TEST(NetPointTest, AcceptsDelaysThatAreNotListed)
{
    NetPoint point("REQ", "a", "b", kFates);
    const auto option = point.FindOption("delay 7ms");
    ASSERT_TRUE(option);
    EXPECT_EQ(point.FateOf(*option).kind, Fate::Kind::kDelay);
    EXPECT_EQ(point.FateOf(*option).delayNs, 7'000'000);
    EXPECT_EQ(point.OptionText(*option), "delay 7ms");
    EXPECT_FALSE(point.FindOption("delay soon"));
    EXPECT_FALSE(point.FindOption("delay 0"));
    EXPECT_FALSE(point.FindOption("delay"));
    EXPECT_FALSE(point.FindOption("explode"));
}

TEST(NetPointTest, AcceptsFaultsThatAreNotOffered)
{
    NetPoint point("REQ", "a", "b", kNoFault);
    EXPECT_EQ(point.Count(), 1U);
    for (const char* text : {"drop", "duplicate", "corrupt", "reorder", "delay 2ms"})
    {
        const auto option = point.FindOption(text);
        ASSERT_TRUE(option) << text;
        EXPECT_EQ(point.OptionText(*option), text);
    }
}

/** Takes one fault wherever it is offered, and notes what was. */
class Greedy final : public interleave::Chooser
{
  public:
    std::uint32_t Choose(interleave::ChoicePoint& point) override
    {
        if (point.Kind() != interleave::ChoiceKind::kFault)
        {
            return 0;
        }
        std::string offered;
        for (std::uint32_t option = 1; option < point.Count(); ++option)
        {
            offered += (option == 1 ? "" : ",") + point.OptionText(option);
        }
        seen.push_back(offered);
        return point.Count() - 1;
    }

    std::vector<std::string> seen;
};

std::vector<std::string> OfferedInARun(const lab::FaultBudget& budget, unsigned mads)
{
    interleave::VirtualTime time;
    interleave::Engine engine(time);
    Greedy greedy;
    engine.SetChooser(greedy);
    lab::Adversary adversary(engine, budget);
    engine.Spawn("sender",
                 [&]
                 {
                     for (unsigned i = 0; i < mads; ++i)
                     {
                         (void)adversary.Decide("REQ", "a", "b");
                     }
                 });
    EXPECT_TRUE(engine.Run().Passed());
    return greedy.seen;
}

TEST(AdversaryTest, OffersFaultsWhileTheBudgetLasts)
{
    lab::FaultBudget budget{10, 1, 1, 1, 1, {1'000}};
    EXPECT_EQ(OfferedInARun(budget, 7),
              (std::vector<std::string>{"drop,duplicate,corrupt,reorder,delay 1us",
                                        "drop,duplicate,corrupt,reorder",
                                        "drop,duplicate,corrupt",
                                        "drop,duplicate",
                                        "drop",
                                        "",
                                        ""}));
}

TEST(AdversaryTest, TheTotalBoundsAllKindsTogether)
{
    lab::FaultBudget budget{2, 5, 0, 0, 0, {}};
    EXPECT_EQ(OfferedInARun(budget, 4), (std::vector<std::string>{"drop", "drop", "", ""}));
}

TEST(AdversaryTest, WithoutATableOneOfEachOfThreeAndTwoInAll)
{
    EXPECT_EQ(OfferedInARun({}, 3),
              (std::vector<std::string>{"drop,duplicate,delay 5s", "drop,duplicate", ""}));
}

TEST(AdversaryTest, TheBudgetIsWholeAgainInTheNextRun)
{
    interleave::VirtualTime time;
    interleave::Engine engine(time);
    Greedy greedy;
    engine.SetChooser(greedy);
    lab::Adversary adversary(engine, {1, 1, 0, 0, 0, {}});
    for (int run = 0; run < 2; ++run)
    {
        engine.Spawn("sender",
                     [&]
                     {
                         EXPECT_EQ(adversary.Decide("REQ", "a", "b").Text(), "drop");
                         EXPECT_EQ(adversary.Decide("REQ", "a", "b").Text(), "deliver");
                     });
        EXPECT_TRUE(engine.Run().Passed());
        engine.Reset();
        adversary.Rewind();
    }
}

TEST(RuleChooserTest, CountsWhatMatchesAndAppliesTheNth)
{
    RuleChooser rules({Rule("REP", "server", 2, "drop")});
    EXPECT_EQ(Answer(rules, "REP", "server", "client"), "-");
    EXPECT_EQ(Answer(rules, "REQ", "server", "client"), "-");
    EXPECT_EQ(Answer(rules, "REP", "client", "server"), "-");
    EXPECT_EQ(Answer(rules, "REP", "server", "client"), "drop");
    EXPECT_EQ(Answer(rules, "REP", "server", "client"), "-");
    EXPECT_EQ(rules.Applied(), std::vector<unsigned>{1});
}

TEST(RuleChooserTest, WithoutNthEachMatchIsStruck)
{
    RuleChooser rules({Rule("", "", 0, "duplicate")});
    EXPECT_EQ(Answer(rules, "REQ", "a", "b"), "duplicate");
    EXPECT_EQ(Answer(rules, "DREP", "b", "a"), "duplicate");
}

TEST(RuleChooserTest, FirstRuleDecidesAndTheSecondStillCounts)
{
    RuleChooser rules({Rule("REQ", "", 1, "drop"), Rule("REQ", "", 2, "corrupt")});
    EXPECT_EQ(Answer(rules, "REQ", "a", "b"), "drop");
    EXPECT_EQ(Answer(rules, "REQ", "a", "b"), "corrupt");
}

TEST(RuleChooserTest, DelaysBySpecifiedTime)
{
    FaultSpec rule = Rule("RTU", "", 1, "delay");
    rule.delayNs = 3'000'000;
    RuleChooser rules({rule});
    EXPECT_EQ(Answer(rules, "RTU", "a", "b"), "delay 3ms");
}

TEST(RuleChooserTest, StartsAfreshWithEachRun)
{
    interleave::VirtualTime time;
    const interleave::Engine engine(time);
    RuleChooser rules({Rule("REP", "", 1, "drop")});
    EXPECT_EQ(Answer(rules, "REP", "a", "b"), "drop");
    EXPECT_EQ(Answer(rules, "REP", "a", "b"), "-");
    rules.BeginRun(engine);
    EXPECT_EQ(Answer(rules, "REP", "a", "b"), "drop");
}

TEST(RuleChooserTest, NoRulesArePassive)
{
    EXPECT_TRUE(RuleChooser({}).Passive());
    EXPECT_FALSE(RuleChooser({Rule("", "", 0, "drop")}).Passive());
}

TEST(ExactTimeTest, ReadsBackUnchanged)
{
    for (const std::int64_t ns : {1LL,
                                  999LL,
                                  1'000LL,
                                  1'500LL,
                                  2'000'000LL,
                                  268'435'456LL,
                                  3'000'000'000LL,
                                  4'294'967'296LL})
    {
        EXPECT_EQ(lab::ParseTime(lab::ExactTime(ns)), ns) << lab::ExactTime(ns);
    }
    EXPECT_EQ(lab::ExactTime(50'000'000), "50ms");
    EXPECT_EQ(lab::ExactTime(1'500), "1500ns");
}

} // namespace
