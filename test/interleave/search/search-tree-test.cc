// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Searches in parts: whoever makes which part, all runs are made, and none twice.
#include "interleave/model/search/search-tree.h"

#include "interleave/search/in-parts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

namespace interleave::test
{
namespace
{

Sum InOnePiece(const std::string& name, const Script& script)
{
    return InParts(name, script, 1'000'000, 1);
}

TEST(SearchTree, LocksAreTakenInEachOrderOnce)
{
    for (const std::uint64_t quota : {1, 7, 100})
    {
        const Sum sum = InParts("dpor", LockScript(4, 2), quota, 3);
        EXPECT_TRUE(sum.whole);
        EXPECT_EQ(sum.complete, 2520U) << quota;
        EXPECT_EQ(sum.runs, 2520U) << quota;
        EXPECT_EQ(sum.schedules.size(), 2520U) << quota;
        EXPECT_GT(sum.parts, 2520U / (quota + 1));
    }
}

TEST(SearchTree, DoesNotDependOnWhoMakesWhat)
{
    const Sum one = InParts("dpor", LockScript(3, 3), 20, 1);
    EXPECT_EQ(one.complete, 1680U);
    EXPECT_EQ(InParts("dpor", LockScript(3, 3), 20, 2), one);
    EXPECT_EQ(InParts("dpor", LockScript(3, 3), 20, 40), one);
}

TEST(SearchTree, ABoundedSearchHasTheSameRunsInParts)
{
    for (const char* const name : {"bound:0", "bound:1", "bound:2", "bound:0-2"})
    {
        const Sum one = InOnePiece(name, LockScript(3, 2));
        EXPECT_TRUE(one.whole);
        for (const std::uint64_t quota : {1, 13})
        {
            const Sum parts = InParts(name, LockScript(3, 2), quota, 3);
            EXPECT_TRUE(parts.whole);
            EXPECT_EQ(parts.runs, one.runs) << name;
            EXPECT_EQ(parts.schedules, one.schedules) << name;
        }
    }
}

TEST(SearchTree, OnePieceIsTheSearchItself)
{
    const Script script = LockScript(3, 2);
    for (const char* const name : {"dpor", "bound:0-2", "bound:all"})
    {
        ScriptRunner runner(script);
        const auto alone = Make(name);
        std::uint64_t runs = 0;
        for (; !alone->Done(); ++runs)
        {
            alone->Seed(runs);
            runner.Run(*alone);
        }
        EXPECT_EQ(InOnePiece(name, script).runs, runs) << name;
    }
}

TEST(SearchTree, GivesUpOneRunAndWhatBeginsWithIt)
{
    for (const std::string name : {"dpor", "bound:2"})
    {
        const Script script = LockScript(3, 2);
        const Sum whole = InOnePiece(name, script);
        ScriptRunner runner(script);
        SearchTree tree(SearchOf(name));
        Sum sum;
        bool skipped = false;
        while (const auto deal = tree.Next())
        {
            SearchRest rest = MakePart(name, runner, deal->part, 5, sum);
            // The first part, but for the whole, that is not over with these runs.
            if (deal->ticket > 0 && !skipped && std::ranges::any_of(rest.nodes, &SearchNode::open))
            {
                skipped = true;
                tree.MergeSkipping(deal->ticket, std::move(rest));
                continue;
            }
            tree.Merge(deal->ticket, std::move(rest));
        }
        EXPECT_TRUE(skipped);
        EXPECT_TRUE(tree.Finished());
        EXPECT_FALSE(tree.Complete());
        EXPECT_LT(sum.runs, whole.runs);
        EXPECT_GT(sum.runs, whole.runs / 2);
        EXPECT_TRUE(std::ranges::includes(whole.schedules, sum.schedules));
    }
}

TEST(SearchTree, GivesUpWhatDoesNotEvenBegin)
{
    SearchTree tree(SearchOf("dpor"));
    tree.MergeSkipping(tree.Next()->ticket, {});
    EXPECT_TRUE(tree.Finished());
    EXPECT_FALSE(tree.Complete());
}

TEST(SearchTree, PartsComeBackInOrder)
{
    SearchTree tree(SearchOf("dpor"));
    EXPECT_THROW(tree.Merge(1, {}), std::logic_error);
    const auto deal = tree.Next();
    ASSERT_TRUE(deal.has_value());
    EXPECT_FALSE(tree.Next().has_value());
    tree.Again(deal->ticket);
    EXPECT_EQ(tree.Next()->ticket, deal->ticket);
}

} // namespace
} // namespace interleave::test
