// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A task that crashes ends its run and nothing else.
#include "interleave/model/sanitizer.h"
#include "interleave/model/virtual-time.h"
#include "lab/model/crash-guard.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace
{

using interleave::Engine;
using interleave::RunResult;
using interleave::ViolationKind;
using interleave::VirtualTime;
using lab::CrashGuard;

/** Never null to the compiler's knowledge. */
int* volatile g_nowhere = nullptr;

int Recurse(int depth)
{
    volatile char room[1024] = {};
    room[0] = static_cast<char>(depth);
    return depth == 0 ? 0 : Recurse(depth + 1) + room[0];
}

class CrashGuardTest : public testing::Test
{
  protected:
    void SetUp() override
    {
#if defined(INTERLEAVE_ASAN) || defined(INTERLEAVE_TSAN)
        GTEST_SKIP() << "a sanitizer reports crashes in this build";
#endif
    }

    RunResult Run(void (*body)())
    {
        m_engine.Reset();
        m_time.Clear();
        m_ended = false;
        m_engine.Spawn("culprit", body);
        m_engine.Spawn("other", [this] { m_ended = true; });
        return m_engine.Run();
    }

    VirtualTime m_time;
    Engine m_engine{m_time};
    bool m_ended{false};
};

TEST_F(CrashGuardTest, ReportsABadAddress)
{
    const CrashGuard guard(m_engine);
    const RunResult result = Run([] { *g_nowhere = 1; });
    ASSERT_TRUE(result.violation);
    EXPECT_EQ(result.violation->kind, ViolationKind::kCrash);
    EXPECT_TRUE(result.violation->subject.starts_with("SIGSEGV in ")) << result.violation->subject;
    EXPECT_NE(result.violation->text.find("culprit was stopped by SIGSEGV"), std::string::npos);
    EXPECT_FALSE(m_ended);
}

TEST_F(CrashGuardTest, TheSameCrashHasTheSameSignature)
{
    const CrashGuard guard(m_engine);
    const auto body = [] { *g_nowhere = 1; };
    const std::string first = Run(body).violation->Signature();
    EXPECT_EQ(Run(body).violation->Signature(), first);
}

TEST_F(CrashGuardTest, ReportsAbort)
{
    const CrashGuard guard(m_engine);
    for (int i = 0; i < 3; ++i)
    {
        const RunResult result = Run([] { std::abort(); });
        ASSERT_TRUE(result.violation);
        EXPECT_EQ(result.violation->Signature(), "crash: SIGABRT");
    }
}

TEST_F(CrashGuardTest, ReportsAStackThatOverflows)
{
    const CrashGuard guard(m_engine);
    const RunResult result = Run([] { (void)Recurse(1); });
    ASSERT_TRUE(result.violation);
    EXPECT_EQ(result.violation->kind, ViolationKind::kCrash);
}

TEST_F(CrashGuardTest, TheNextRunIsAsEver)
{
    const CrashGuard guard(m_engine);
    for (int i = 0; i < 100; ++i)
    {
        ASSERT_FALSE(Run([] { *g_nowhere = 1; }).Passed());
        ASSERT_TRUE(Run([] {}).Passed());
        ASSERT_TRUE(m_ended);
    }
}

TEST_F(CrashGuardTest, WithoutATaskTheProcessEndsAsEver)
{
    const auto crash = [this]
    {
        const CrashGuard guard(m_engine);
        *g_nowhere = 1;
    };
    EXPECT_EXIT(crash(), testing::KilledBySignal(SIGSEGV), "");
}

TEST_F(CrashGuardTest, OneAtATime)
{
    const CrashGuard guard(m_engine);
    EXPECT_THROW(CrashGuard second(m_engine), std::logic_error);
}

} // namespace
