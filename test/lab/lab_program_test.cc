// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A scenario run again and again in one world: each run is what it would be in a world of its own.
#include "interleave/helper/default-chooser.h"
#include "interleave/helper/random-chooser.h"
#include "interleave/helper/recording-chooser.h"
#include "interleave/helper/replay-chooser.h"
#include "lab/model/lab-program.h"
#include "lab/model/run-heap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace
{

using interleave::DecisionLog;
using interleave::RunResult;
using lab::LabProgram;
using lab::Scenario;

constexpr unsigned kLogs = 50;

/** Mostly the default, at a rate that differs from run to run; at most two faults. */
class Wanderer final : public interleave::Chooser
{
  public:
    explicit Wanderer(std::uint64_t seed)
        : m_random(seed, "wanderer"),
          m_oneIn(1 + m_random.Below(40))
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
        if (m_faults == 0 || !m_random.Chance(1, 6))
        {
            return 0;
        }
        --m_faults;
        return m_random.Below(point.Count());
    }

  private:
    interleave::Random m_random;
    unsigned m_oneIn;
    unsigned m_faults{2};
};

struct Sample
{
    std::string verdict;
    std::uint64_t digest{0};
    DecisionLog log;
};

std::string Verdict(const RunResult& result)
{
    return result.violation ? result.violation->Signature() : "passed";
}

std::unique_ptr<LabProgram> Make(const Scenario& scenario)
{
    auto program = LabProgram::Make(scenario, {{}, true});
    EXPECT_TRUE(program) << program.error().Text();
    return program ? std::move(*program) : nullptr;
}

Sample Record(LabProgram& program, std::uint64_t seed)
{
    Wanderer wanderer(seed);
    interleave::RecordingChooser recording(wanderer);
    Sample sample;
    sample.verdict = Verdict(program.Run(recording));
    sample.digest = program.Record().digest;
    sample.log = recording.Log();
    program.GetEngine().Reset();
    return sample;
}

Sample Replay(LabProgram& program, const DecisionLog& log)
{
    interleave::ReplayChooser replay(log);
    Sample sample;
    sample.verdict = Verdict(program.Run(replay));
    sample.digest = program.Record().digest;
    for (const auto& problem : replay.Problems())
    {
        ADD_FAILURE() << problem.decision.Text() << ": " << problem.text;
    }
    program.GetEngine().Reset();
    return sample;
}

class LabProgramScenario : public testing::TestWithParam<const char*>
{
  protected:
    void SetUp() override
    {
        // Whoever keeps something of a run beyond its end shall stumble over it.
        lab::RunHeap::FillFreed(true);
        auto scenario = lab::ReadScenario(std::string("examples/") + GetParam());
        ASSERT_TRUE(scenario) << scenario.error().Text();
        m_scenario = std::move(*scenario);
    }

    void TearDown() override
    {
        lab::RunHeap::FillFreed(false);
    }

    Scenario m_scenario;
};

TEST_P(LabProgramScenario, AUsedWorldIsLikeAFreshOne)
{
    std::vector<Sample> used;
    {
        auto program = Make(m_scenario);
        ASSERT_TRUE(program);
        for (unsigned i = 0; i < kLogs; ++i)
        {
            used.push_back(Record(*program, i));
        }
    }
    for (const Sample& sample : used)
    {
        auto fresh = Make(m_scenario);
        ASSERT_TRUE(fresh);
        const Sample again = Replay(*fresh, sample.log);
        ASSERT_EQ(again.digest, sample.digest) << sample.log.Format();
        EXPECT_EQ(again.verdict, sample.verdict);
    }
}

TEST_P(LabProgramScenario, ReplaysInTheSameWorld)
{
    auto program = Make(m_scenario);
    ASSERT_TRUE(program);
    for (unsigned i = 0; i < kLogs; ++i)
    {
        const Sample sample = Record(*program, 1000 + i);
        const Sample again = Replay(*program, sample.log);
        ASSERT_EQ(again.digest, sample.digest) << sample.log.Format();
        EXPECT_EQ(again.verdict, sample.verdict);
    }
}

/** Ends the run with a violation at one operation. */
class Saboteur final : public interleave::Observer
{
  public:
    Saboteur(interleave::Engine& engine, std::uint64_t step)
        : m_engine(engine),
          m_step(step)
    {
        m_engine.AddObserver(*this);
    }

    ~Saboteur() override
    {
        m_engine.RemoveObserver(*this);
    }

    void OnOp(const interleave::OpEvent& event) override
    {
        if (event.step == m_step)
        {
            m_engine.Report(interleave::ViolationKind::kProtocol, "sabotage");
        }
    }

  private:
    interleave::Engine& m_engine;
    const std::uint64_t m_step;
};

TEST_P(LabProgramScenario, ARunThatEndsInTheMiddleLeavesNothing)
{
    auto program = Make(m_scenario);
    ASSERT_TRUE(program);
    const Sample clean = Record(*program, 7);
    constexpr std::uint64_t kStride = 23;
    for (std::uint64_t step = 1; step < 700; step += kStride)
    {
        {
            const Saboteur saboteur(program->GetEngine(), step);
            Record(*program, 7);
        }
        ASSERT_EQ(Record(*program, 7).digest, clean.digest) << "after one that ended at " << step;
    }
}

INSTANTIATE_TEST_SUITE_P(Examples,
                         LabProgramScenario,
                         testing::Values("churn.toml",
                                         "direct.toml",
                                         "first-light.toml",
                                         "lost-rep.toml",
                                         "no-listener.toml",
                                         "rejected.toml"),
                         [](const auto& info)
                         {
                             std::string name = info.param;
                             name.resize(name.find('.'));
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

} // namespace
