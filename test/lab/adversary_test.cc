// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/adversary.h"

#include "interleave/model/engine.h"
#include "interleave/model/virtual-time.h"
#include "lab/model/exact-time.h"

#include <gtest/gtest.h>

namespace
{

using lab::Fate;
using lab::FaultSpec;
using lab::NetPoint;
using lab::RuleChooser;

const std::vector<std::int64_t> kDelays = {1'000, 50'000'000};

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
    NetPoint point(attribute, from, to, kDelays);
    const auto option = rules.Try(point);
    return option ? point.OptionText(*option) : "-";
}

TEST(NetPointTest, NamesItsPlaceAndOptions)
{
    NetPoint point("REP", "server", "client", kDelays);
    EXPECT_EQ(point.Place().WithOccurrence(2), "net REP server->client #2");
    ASSERT_EQ(point.Count(), 6U);
    EXPECT_EQ(point.OptionText(0), "deliver");
    EXPECT_EQ(point.OptionText(1), "drop");
    EXPECT_EQ(point.OptionText(5), "delay 50ms");
    EXPECT_EQ(point.FateOf(4).delayNs, 1'000);
}

TEST(NetPointTest, SamePlaceSameKeyOtherPlaceOtherKey)
{
    const NetPoint one("REP", "server", "client", kDelays);
    const NetPoint same("REP", "server", "client", {});
    const NetPoint back("REP", "client", "server", kDelays);
    const NetPoint other("RTU", "server", "client", kDelays);
    EXPECT_EQ(one.Key(), same.Key());
    EXPECT_NE(one.Key(), back.Key());
    EXPECT_NE(one.Key(), other.Key());
}

TEST(NetPointTest, EveryOptionIsFoundByItsText)
{
    NetPoint point("REQ", "a", "b", kDelays);
    for (std::uint32_t option = 0; option < point.Count(); ++option)
    {
        EXPECT_EQ(point.FindOption(point.OptionText(option)), option);
    }
}

TEST(NetPointTest, AcceptsDelaysThatAreNotListed)
{
    NetPoint point("REQ", "a", "b", kDelays);
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
