// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/search/near-runs.h"

#include "interleave/corpus/corpus.h"
#include "interleave/model/search/explorer.h"
#include "interleave/search/walk.h"
#include "interleave/world.h"

#include <gtest/gtest.h>

namespace interleave::test
{

namespace
{

using corpus::CorpusProgram;
using corpus::FindEntry;

/** How an entry of the corpus fails. */
std::string SignatureOf(Program& program)
{
    Walk walk;
    Explorer explorer(program, walk, {.seed = 5, .stopAtFirst = true});
    explorer.Run();
    return explorer.Findings().at(0).signature;
}

TEST(NearRuns, FailTheSameWay)
{
    SKIP_UNDER_TSAN();
    CorpusProgram program(*FindEntry("init_order"));
    const std::string signature = SignatureOf(program);
    for (const std::uint64_t seed : {1U, 2U, 3U})
    {
        SearchBudget budget;
        const auto found = FindNear(program, {}, signature, seed, budget);
        ASSERT_TRUE(found);
        EXPECT_LT(budget.runs, SearchBudget{}.runs);
        EXPECT_LT(budget.steps, SearchBudget{}.steps);
        const ReplayOutcome again = Replay(program, *found);
        ASSERT_TRUE(again.result.violation);
        EXPECT_EQ(again.result.violation->Signature(), signature);
        // Near what is known already, too, and at once: most of its decisions stay.
        SearchBudget less{200, 400'000};
        EXPECT_TRUE(FindNear(program, *found, signature, seed, less));
    }
}

TEST(NearRuns, EndWithTheirBudget)
{
    SKIP_UNDER_TSAN();
    CorpusProgram program(*FindEntry("init_order"));
    SearchBudget runs{50, 400'000};
    EXPECT_FALSE(FindNear(program, {}, "leak: of another kind", 1, runs));
    EXPECT_EQ(runs.runs, 0U);
    SearchBudget steps{20'000, 100};
    EXPECT_FALSE(FindNear(program, {}, "leak: of another kind", 1, steps));
    EXPECT_EQ(steps.steps, 0U);
    EXPECT_GT(steps.runs, 0U);
}

} // namespace

} // namespace interleave::test
