// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Commands that meet events on their way: nothing is told of an id that has been destroyed, nothing
// is left, nothing hangs. Worth most under the sanitizers.
#include "shell-runner.h"

#include <gtest/gtest.h>

#include <string>

namespace cmverbs::test
{
namespace
{

class ShellRaces : public testing::Test
{
  protected:
    ShellPair m_pair;
    ShellRunner& a{m_pair.a};
    ShellRunner& b{m_pair.b};
};

TEST_F(ShellRaces, NothingIsToldOfAnIdThatIsDestroyed)
{
    constexpr unsigned kRounds = 60;
    m_pair.Listen();
    std::string typed;
    for (unsigned i = 1; i <= kRounds; ++i)
    {
        const std::string id = std::to_string(i);
        typed += "connect 10.0.0.2 7000\n";
        // At every stage of the connection, as chance has it.
        typed += i > 3 ? "destroy " + std::to_string(i - 3) + "\n" : "";
    }
    a.Type(typed);
    for (unsigned i = 1; i <= kRounds; ++i)
    {
        EXPECT_EQ(a.Answer(), "ok connect id=" + std::to_string(i));
        if (i > 3)
        {
            EXPECT_EQ(a.Answer(), "ok destroy");
        }
    }
    EXPECT_EQ(a.End(true), 0);
    EXPECT_EQ(b.End(true), 0);
}

TEST_F(ShellRaces, DestroyWhileTheWayIsLookedFor)
{
    ASSERT_EQ(a.Do("connect 10.0.1.2 7000"), "ok connect id=1");
    ASSERT_EQ(a.Do("connect 10.0.1.2 7000"), "ok connect id=2");
    EXPECT_EQ(a.Do("destroy 1"), "ok destroy");
    m_pair.client.Release();
    EXPECT_EQ(a.Event(2), "ADDR_RESOLVED status=0");
    EXPECT_EQ(a.Event(2), "ROUTE_RESOLVED status=0");
    EXPECT_EQ(a.Event(2), "REJECTED status=8");
    EXPECT_EQ(a.End(true), 0);
    EXPECT_EQ(a.Rest(), std::vector<std::string>{"ok quit"}); // not a word of id 1
}

TEST_F(ShellRaces, CommandsGoOnWhileWaysAreLookedFor)
{
    for (unsigned i = 1; i <= 30; ++i) // more than there are threads for that
    {
        ASSERT_EQ(a.Do("connect 10.0.1.2 7000"), "ok connect id=" + std::to_string(i));
    }
    EXPECT_EQ(a.Do("listen 7001"), "ok listen id=31");
    m_pair.client.Release();
    for (unsigned i = 1; i <= 30; ++i)
    {
        EXPECT_EQ(a.Event(i), "ADDR_RESOLVED status=0");
    }
}

TEST_F(ShellRaces, QuitInTheMiddleOfEverything)
{
    m_pair.Listen();
    std::string typed;
    for (unsigned i = 0; i < 50; ++i)
    {
        typed += "connect 10.0.0.2 7000\nconnect 10.0.0.2 7000 ps=udp\n";
    }
    a.Type(typed);
    a.Answer();
    EXPECT_EQ(b.End(true), 0); // with requests that have not been shown yet, maybe
    EXPECT_EQ(a.End(false), 0);
    EXPECT_EQ(m_pair.client.Manager().LiveIds(), 0U);
    EXPECT_EQ(m_pair.server.Manager().LiveIds(), 0U);
}

TEST_F(ShellRaces, AListenerIsDestroyedAmongRequests)
{
    m_pair.Listen();
    for (unsigned i = 1; i <= 50; ++i)
    {
        a.Type("connect 10.0.0.2 7000\n");
    }
    b.Event(2);
    EXPECT_EQ(b.Do("destroy 1"), "ok destroy");
    for (unsigned i = 1; i <= 50; ++i)
    {
        EXPECT_EQ(a.Answer(), "ok connect id=" + std::to_string(i));
        a.Event(i);
        a.Event(i);
        const std::string event = a.Event(i);
        EXPECT_TRUE(event.starts_with("CONNECT_RESPONSE status=0 ") ||
                    event == "REJECTED status=28" || event == "REJECTED status=8")
            << event;
    }
}

TEST_F(ShellRaces, BothSidesDestroyAtOnce)
{
    ASSERT_EQ(b.Do("auto destroy=1"), "ok auto");
    m_pair.Listen();
    for (unsigned i = 1; i <= 40; ++i)
    {
        m_pair.Connect(i);
        b.Event(i + 1);
        a.Event(i);
        a.Type("destroy " + std::to_string(i) + "\n");
        b.Type("disconnect " + std::to_string(i + 1) + "\n");
        EXPECT_EQ(a.Answer(), "ok destroy");
        const std::string answer = b.Answer();
        EXPECT_TRUE(answer == "ok disconnect" || answer.starts_with("err disconnect 2 ")) << answer;
    }
}

} // namespace
} // namespace cmverbs::test
