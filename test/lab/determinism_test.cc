// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The check that a run is the same again: it must notice what depends on addresses.
#include "interleave/model/mutex.h"
#include "interleave/model/search/explorer.h"
#include "interleave/model/virtual-time.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <optional>

namespace lab
{

namespace
{

using interleave::DecisionLog;
using interleave::Replay;
using interleave::ReplayOutcome;

/** A task that takes two locks in an order: that of their ordinals, or of addresses. */
class Locker final : public interleave::Program
{
  public:
    explicit Locker(bool planted)
        : m_planted(planted),
          m_engine(m_time)
    {
    }

    interleave::Engine& GetEngine() override
    {
        return m_engine;
    }

    interleave::RunResult Run(interleave::Chooser& chooser) override
    {
        m_engine.Reset();
        m_time.Clear();
        m_engine.SetChooser(chooser);
        interleave::Mutex& left = m_left.emplace(m_engine, "left");
        interleave::Mutex& right = m_right.emplace(m_engine, "right");
        // Memory that was freed by an earlier run is handed out in another order: what an allocator
        // does to a program that is run again, made certain.
        ++m_runs;
        const int* const ofLeft = &m_memory.at(m_runs % 2);
        const int* const ofRight = &m_memory.at((m_runs + 1) % 2);
        const bool swapped = m_planted && std::less<const int*>()(ofRight, ofLeft);
        m_engine.Spawn("a",
                       [&left, &right, swapped]
                       {
                           const interleave::MutexLock outer(swapped ? right : left);
                           const interleave::MutexLock inner(swapped ? left : right);
                       });
        return m_engine.Run();
    }

  private:
    bool m_planted;
    unsigned m_runs{0};
    std::array<int, 2> m_memory{};
    interleave::VirtualTime m_time;
    interleave::Engine m_engine;
    std::optional<interleave::Mutex> m_left;
    std::optional<interleave::Mutex> m_right;
};

/** Where the second run differs from the first; empty: nowhere. */
std::string DifferenceOfTwoRuns(bool planted)
{
    Locker locker(planted);
    const ReplayOutcome once = Replay(locker, DecisionLog{});
    EXPECT_NE(once.recorded.Header(interleave::Trail::kHeader), nullptr);
    return Replay(locker, once.recorded).difference;
}

TEST(Determinism, IsSeenWhereItIs)
{
    EXPECT_EQ(DifferenceOfTwoRuns(false), "");
}

TEST(Determinism, AnOrderByAddressIsCaughtAndItsPlaceNamed)
{
    const std::string difference = DifferenceOfTwoRuns(true);
    EXPECT_NE(difference, "");
    EXPECT_NE(difference.find("operation"), std::string::npos) << difference;
}

} // namespace

} // namespace lab
