// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/corpus/corpus.h"

#include "interleave/model/search/explorer.h"
#include "interleave/model/search/shrinker.h"
#include "interleave/model/strategy/strategies.h"
#include "interleave/world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <ostream>
#include <set>

namespace interleave::corpus
{

void PrintTo(const Entry& entry, std::ostream* stream);

void PrintTo(const Entry& entry, std::ostream* stream)
{
    *stream << entry.name;
}

namespace
{

constexpr std::uint64_t kSeeds = 20;
constexpr std::uint64_t kRunsOfTwin = 2'000;
constexpr double kMostAreShort = 0.8;
constexpr std::size_t kShort = 2; // preemptions

bool LongTests()
{
    return std::getenv("WEFT_LONG") != nullptr;
}

std::unique_ptr<Strategy> DefaultStrategy()
{
    return std::move(*MakeStrategy(kDefaultStrategy));
}

/** The first find of the default strategy from @p seed. */
std::vector<Finding> FirstFind(CorpusProgram& program, const Entry& entry, std::uint64_t seed)
{
    const std::unique_ptr<Strategy> strategy = DefaultStrategy();
    Explorer explorer(program,
                      *strategy,
                      {.seed = seed, .runs = entry.budget, .stopAtFirst = true, .coverage = false});
    explorer.Run();
    return explorer.Findings();
}

class CorpusTest : public testing::TestWithParam<Entry>
{
};

std::string TestName(const testing::TestParamInfo<Entry>& info)
{
    std::string name = info.param.name;
    std::ranges::replace(name, '-', '_');
    return name;
}

TEST_P(CorpusTest, IsFoundFromEverySeed)
{
    SKIP_UNDER_TSAN();
    const Entry& entry = GetParam();
    if (entry.slow && !LongTests())
    {
        GTEST_SKIP() << "takes too long for every day";
    }
    CorpusProgram program(entry);
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed)
    {
        const std::vector<Finding> findings = FirstFind(program, entry, seed);
        ASSERT_EQ(findings.size(), 1) << "seed " << seed << ", " << entry.budget << " runs";
        EXPECT_TRUE(findings[0].signature.starts_with(entry.signature)) << findings[0].signature;
        EXPECT_TRUE(findings[0].reproduced);
    }
}

TEST_P(CorpusTest, IsRightWhenCorrected)
{
    SKIP_UNDER_TSAN();
    const Entry& entry = GetParam();
    CorpusProgram twin(entry, true);
    const std::unique_ptr<Strategy> strategy = DefaultStrategy();
    Explorer explorer(twin, *strategy, {.runs = kRunsOfTwin, .coverage = false});
    explorer.Run();
    for (const Finding& finding : explorer.Findings())
    {
        ADD_FAILURE() << finding.violation.Format() << finding.log.Format();
    }
}

INSTANTIATE_TEST_SUITE_P(Corpus, CorpusTest, testing::ValuesIn(Entries()), TestName);

TEST(Corpus, HasOneEntryOfEachName)
{
    std::set<std::string_view> names;
    for (const Entry& entry : Entries())
    {
        EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
        EXPECT_EQ(FindEntry(entry.name)->setUp, entry.setUp);
    }
    EXPECT_GE(names.size(), 24U);
    EXPECT_EQ(FindEntry("nothing of that name"), nullptr);
}

TEST(Corpus, MostShrinkToTwoPreemptionsOrFewer)
{
    SKIP_UNDER_TSAN();
    std::size_t logs = 0;
    std::size_t few = 0;
    for (const Entry& entry : Entries())
    {
        if (entry.slow)
        {
            continue;
        }
        CorpusProgram program(entry);
        const std::vector<Finding> findings = FirstFind(program, entry, 1);
        ASSERT_EQ(findings.size(), 1) << entry.name;
        const auto result = Shrink(program, findings[0].log);
        ASSERT_TRUE(result) << entry.name << ": " << result.error();
        EXPECT_TRUE(result->minimal) << entry.name;
        ++logs;
        few += result->preemptionsAfter <= kShort ? 1 : 0;
    }
    EXPECT_GE(static_cast<double>(few), kMostAreShort * static_cast<double>(logs));
}

} // namespace

} // namespace interleave::corpus
