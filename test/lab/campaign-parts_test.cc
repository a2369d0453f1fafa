// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a campaign is made of: samples, tallies, ledgers, its folder and its progress line.
#include "interleave/model/digest.h"
#include "lab/helper/batch-ledger.h"
#include "lab/helper/campaign-folder.h"
#include "lab/helper/coverage-report.h"
#include "lab/helper/distinct-sample.h"
#include "lab/helper/progress-line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace lab
{

namespace
{

namespace fs = std::filesystem;

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(DistinctSample, IsExactWhileThereIsRoom)
{
    DistinctSample sample;
    for (std::uint64_t i = 0; i < 100; ++i)
    {
        sample.Add(interleave::MixBits(i + 1));
        sample.Add(interleave::MixBits(i % 60 + 1));
    }
    EXPECT_EQ(sample.Level(), 0U);
    EXPECT_EQ(sample.Distinct(), 100U);
    EXPECT_EQ(sample.Singletons(), 40U);
    EXPECT_DOUBLE_EQ(sample.UnseenShare(200), 0.2);
}

TEST(DistinctSample, NothingDrawnIsAllUnseen)
{
    EXPECT_DOUBLE_EQ(DistinctSample().UnseenShare(0), 1.0);
}

TEST(DistinctSample, StaysSmallAndNearTheTruth)
{
    constexpr std::uint64_t kValues = 200'000;
    DistinctSample sample;
    for (std::uint64_t i = 0; i < kValues; ++i)
    {
        sample.Add(interleave::MixBits(i + 1));
        if (i % 2 == 0)
        {
            sample.Add(interleave::MixBits(i + 1));
        }
    }
    EXPECT_GT(sample.Level(), 0U);
    EXPECT_LE(sample.Counts().size(), DistinctSample::kLimit);
    EXPECT_NEAR(static_cast<double>(sample.Distinct()), kValues, kValues * 0.05);
    EXPECT_NEAR(static_cast<double>(sample.Singletons()), kValues / 2.0, kValues * 0.05);
}

TEST(DistinctSample, DoesNotDependOnHowItWasSplit)
{
    DistinctSample whole;
    DistinctSample parts[3];
    for (std::uint64_t i = 0; i < 60'000; ++i)
    {
        const std::uint64_t value = interleave::MixBits(i % 40'000 + 1);
        whole.Add(value);
        parts[i * i % 3].Add(value);
    }
    DistinctSample forwards = parts[0];
    forwards.Merge(parts[1]);
    forwards.Merge(parts[2]);
    DistinctSample backwards = parts[2];
    backwards.Merge(parts[1]);
    backwards.Merge(parts[0]);
    EXPECT_EQ(forwards, whole);
    EXPECT_EQ(backwards, whole);
}

CampaignFinding Finding(std::uint64_t run)
{
    CampaignFinding finding;
    finding.signature = "deadlock: a against b";
    finding.kind = "deadlock";
    finding.strategy = "pct:3";
    finding.text = "deadlock: …\n";
    finding.log = "weft-replay 1\n\na/one #2 lock right:1 -> run b/two\n";
    finding.run = run;
    return finding;
}

Tally Sample(std::uint64_t run)
{
    Tally tally;
    tally.runs = 10;
    tally.credits["pct:3"] = {10, 1, 400, 40 + run, 3};
    tally.Found(Finding(run));
    tally.schedules.Add(interleave::MixBits(run));
    tally.coverage.Count(ibcm::State::kIdle, ibcm::Input::kCallSendReq);
    return tally;
}

TEST(Tally, KeepsTheLowestRunOfAFindingAndCountsAll)
{
    Tally forwards = Sample(17);
    forwards.Merge(Sample(3));
    Tally backwards = Sample(3);
    backwards.Merge(Sample(17));
    EXPECT_EQ(forwards, backwards);
    const CampaignFinding& finding = forwards.findings.at("deadlock: a against b");
    EXPECT_EQ(finding.run, 3U);
    EXPECT_EQ(finding.times, 2U);
    EXPECT_EQ(forwards.credits.at("pct:3").steps, 800U);
    EXPECT_EQ(forwards.credits.at("pct:3").longest, 57U);
}

TEST(Tally, SurvivesJson)
{
    Tally tally = Sample(1);
    // Every cell of the table has a name of its own.
    for (std::size_t state = 0; state < ibcm::kStateCount; ++state)
    {
        for (std::size_t input = 0; input < ibcm::kInputCount; ++input)
        {
            tally.coverage.Add(static_cast<ibcm::State>(state),
                               static_cast<ibcm::Input>(input),
                               state * ibcm::kInputCount + input + 1);
        }
    }
    for (std::uint16_t kind = 0; kind < MessageCoverage::kKinds; ++kind)
    {
        for (std::uint16_t what = 0; what < MessageCoverage::kWhats; ++what)
        {
            tally.coverage.Messages().Count(
                static_cast<std::uint16_t>(MessageCoverage::kFirst + kind),
                static_cast<MessageCoverage::What>(what),
                1000U + kind * MessageCoverage::kWhats + what);
        }
    }
    EXPECT_EQ(TallyFromJson(Json::parse(ToJson(tally).dump())), tally);
}

TEST(Tally, RefusesMessagesOfNoKind)
{
    Json json = ToJson(Sample(1));
    json["messages"]["RAQ"] = Json::array({1, 0, 0, 0, 0, 0, 0});
    EXPECT_THROW((void)TallyFromJson(json), std::invalid_argument);
}

TEST(BatchLedger, KnowsWhatIsMissing)
{
    BatchLedger ledger;
    EXPECT_EQ(ledger.FirstMissing(0), 0U);
    for (const std::uint64_t batch : {0, 1, 5, 3, 4})
    {
        ledger.Add(batch, Tally{});
    }
    EXPECT_THAT(ledger.Ranges(), ElementsAre(Pair(0, 2), Pair(3, 6)));
    EXPECT_EQ(ledger.FirstMissing(0), 2U);
    EXPECT_EQ(ledger.FirstMissing(3), 6U);
    EXPECT_FALSE(ledger.Has(2));
    ledger.Add(2, Tally{});
    EXPECT_THAT(ledger.Ranges(), ElementsAre(Pair(0, 6)));
    EXPECT_THROW(ledger.Add(4, Tally{}), std::logic_error);
}

TEST(BatchLedger, RefusesRangesThatOverlap)
{
    Json json = BatchLedger().ToJson();
    json["batches"] = Json::parse("[[0, 4], [3, 6]]");
    EXPECT_THROW(BatchLedger::FromJson(json), std::invalid_argument);
    json["batches"] = Json::parse("[[4, 4]]");
    EXPECT_THROW(BatchLedger::FromJson(json), std::invalid_argument);
}

class CampaignFolderTest : public ::testing::Test
{
  protected:
    CampaignFolderTest()
        : m_root(fs::temp_directory_path() / ("weft-campaign-" + std::to_string(getpid())))
    {
        fs::remove_all(m_root);
        fs::create_directories(m_root);
        m_scenario.file = (m_root / "storm.toml").string();
        m_scenario.seed = 5;
        std::ofstream(m_scenario.file) << "[fabric]\n";
        m_identity = {"pct:3", 5, 1000, DigestOfScenario(m_scenario), "1"};
    }

    ~CampaignFolderTest() override
    {
        fs::remove_all(m_root);
    }

    CampaignFolder Folder() const
    {
        return {(m_root / "out").string(), m_scenario};
    }

    const fs::path m_root;
    Scenario m_scenario;
    CampaignIdentity m_identity;
};

TEST_F(CampaignFolderTest, GoesOnWithTheSameCampaignOnly)
{
    const CampaignFolder folder = Folder();
    ASSERT_TRUE(folder.Prepare().has_value());
    EXPECT_EQ(folder.ReadState(m_identity).value(), CampaignMade());
    CampaignMade made;
    made.batches.Add(0, Sample(1));
    ASSERT_TRUE(folder.WriteState(m_identity, made).has_value());
    EXPECT_EQ(folder.ReadState(m_identity).value(), made);
    made.search.emplace();
    made.search->sum = Sample(2);
    made.search->tree.segments[3].path = {{1, 2}};
    made.search->tree.issued[7] = {3, 4, 5};
    ASSERT_TRUE(folder.WriteState(m_identity, made).has_value());
    EXPECT_EQ(folder.ReadState(m_identity).value(), made);

    CampaignIdentity other = m_identity;
    other.seed = 6;
    EXPECT_THAT(folder.ReadState(other).error().Text(),
                HasSubstr("campaign.json: found another campaign (seed: 5 there, 6 now), expected "
                          "the same one to go on with"));
    std::ofstream(m_scenario.file) << "[fabric]\nsource = \"direct\"\n";
    other = m_identity;
    other.scenarioDigest = DigestOfScenario(m_scenario);
    EXPECT_NE(other, m_identity);
    EXPECT_THAT(folder.ReadState(other).error().Text(), HasSubstr("(scenario: "));
}

TEST_F(CampaignFolderTest, SaysWhatIsWrongWithAState)
{
    const CampaignFolder folder = Folder();
    ASSERT_TRUE(folder.Prepare().has_value());
    for (const char* text : {"", "{", "{}", "[]", R"({"weft-campaign": 2, "campaign": {}})"})
    {
        std::ofstream(fs::path(folder.Path()) / CampaignFolder::kStateFile) << text;
        EXPECT_FALSE(folder.ReadState(m_identity).has_value()) << text;
    }
    std::ofstream(fs::path(folder.Path()) / CampaignFolder::kStateFile)
        << R"({"weft-campaign": 1})";
    EXPECT_THAT(folder.ReadState(m_identity).error().Text(),
                HasSubstr("found a campaign of format 1, expected format 2"));
}

TEST_F(CampaignFolderTest, WritesALogThatNamesItsScenario)
{
    const auto file = Folder().WriteFinding(Finding(12));
    ASSERT_TRUE(file.has_value());
    EXPECT_EQ(fs::path(*file).parent_path(), m_root / "out");
    EXPECT_THAT(fs::path(*file).filename().string(),
                ::testing::MatchesRegex("storm-[0-9a-f]+\\.weft"));
    std::ostringstream text;
    text << std::ifstream(*file).rdbuf();
    EXPECT_EQ(text.str(),
              "weft-replay 1\n"
              "scenario: ../storm.toml\n"
              "seed: 5\n"
              "violation: deadlock: a against b\n"
              "found: run 12 by pct:3\n"
              "\n"
              "a/one #2 lock right:1 -> run b/two\n");
    // Nothing half-written is left beside it.
    EXPECT_EQ(std::distance(fs::directory_iterator(m_root / "out"), fs::directory_iterator()), 1);
}

TEST_F(CampaignFolderTest, SaysThatAFileIsNoFolder)
{
    const CampaignFolder folder(m_scenario.file, m_scenario);
    EXPECT_THAT(folder.Prepare().error().Text(), HasSubstr("storm.toml: found no folder"));
}

TEST(ProgressLine, SaysHowFarAndHowLong)
{
    EXPECT_EQ(ProgressLine({5'000, 2, 1.0}, {10'000, 0, 0}),
              "[██████████──────────]  50 %  5,000 schedules  5,000/s  2 findings  2 s left");
    // Runs of before cost no time now.
    EXPECT_THAT(ProgressLine({5'000, 1, 1.0}, {10'000, 4'000, 0}),
                HasSubstr("1,000/s  1 finding  6 s left"));
    // What ends first counts.
    EXPECT_THAT(ProgressLine({5'000, 0, 50.0}, {1'000'000, 0, 60}), HasSubstr("]  83 %"));
    EXPECT_EQ(ProgressLine({5'000, 0, 2.0}, {}), "5,000 schedules  2,500/s  0 findings");
    EXPECT_THAT(ProgressLine({10, 0, 1.0}, {72'010, 0, 0}), HasSubstr("2 h 00 min left"));
}

TEST(CoverageReport, CountsRowsOfTheTable)
{
    StepCoverage coverage;
    const TableCoverage none = CoverageOf(coverage);
    EXPECT_EQ(none.seen, 0U);
    EXPECT_EQ(none.rows, ibcm::Transitions().size());
    const ibcm::Transition& row = ibcm::Transitions().front();
    coverage.Count(row.from, row.input);
    EXPECT_EQ(CoverageOf(coverage).seen, 1U);
    const std::string text = CoverageReport(coverage, 100);
    EXPECT_THAT(text, HasSubstr(ibcm::ToString(row.from)));
    EXPECT_THAT(text, HasSubstr(" 1 of "));
    EXPECT_THAT(text, HasSubstr("states never left"));
}

TEST(MessageReport, TellsWhatBefellWhichKind)
{
    using What = MessageCoverage::What;
    MessageCoverage messages;
    EXPECT_EQ(MessageReport(messages, 100), "");
    messages.Count(0x0035, What::kSent); // a PathRecord: not the CM's
    EXPECT_EQ(MessageReport(messages, 100), "");
    messages.Count(0x0010, What::kSent, 3);
    messages.Count(0x0010, What::kRepeated, 2);
    messages.Count(0x0010, What::kDropped);
    messages.Count(0x0010, What::kDelayed, 4);
    messages.Count(0x001a, What::kSent);
    EXPECT_EQ(MessageReport(messages, 100),
              "  REQ           5 sent, 2 of them again; 1 dropped, 4 late\n"
              "  APR           1 sent\n");
}

} // namespace

} // namespace lab
