// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Real QPs: made, moved through their states in the order that verbs want, and ended.
#include "shell-runner.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

namespace cmverbs::test
{
namespace
{

using Lines = std::vector<std::string>;

class ShellQp : public testing::Test
{
  protected:
    void SetUp() override
    {
        ASSERT_EQ(b.Do("policy accept qpn=real rr=2 depth=3"), "ok policy");
        m_pair.Listen();
    }

    /** The log without PSNs, which are made by chance. */
    static Lines WithoutPsns(const Lines& lines)
    {
        Lines without;
        for (const std::string& line : lines)
        {
            const std::size_t start = line.find("psn=");
            const std::size_t end = std::min(line.find(' ', start), line.size() - 1);
            without.push_back(
                start == std::string::npos ? line : line.substr(0, start) + line.substr(end + 1));
        }
        return without;
    }

    ShellPair m_pair;
    ShellRunner& a{m_pair.a};
    ShellRunner& b{m_pair.b};
};

TEST_F(ShellQp, GoThroughTheirStatesOnBothSides)
{
    m_pair.Connect(1, "qpn=real rr=4 depth=5 acktimeout=9");
    EXPECT_EQ(Value(b.Event(2), "qpn"), "257");
    EXPECT_EQ(Value(a.Event(1), "qpn"), "257");
    EXPECT_EQ(b.Event(2), "ESTABLISHED status=0");
    // The server is ready to receive and to send before its REP.
    const Lines server = m_pair.server.qps.Lines();
    const Lines client = m_pair.client.qps.Lines();
    EXPECT_EQ(WithoutPsns(server),
              (Lines{"257 rc", "257 INIT", "257 RTR dest=257 rr=2", "257 RTS depth=3 timeout=9"}));
    EXPECT_EQ(WithoutPsns(client),
              (Lines{"257 rc", "257 INIT", "257 RTR dest=257 rr=4", "257 RTS depth=5 timeout=9"}));
    // What one expects first is what the other sends first.
    EXPECT_EQ(Value(server.at(2), "psn"), Value(client.at(3), "psn"));
    EXPECT_EQ(Value(server.at(3), "psn"), Value(client.at(2), "psn"));
    EXPECT_NE(Value(server.at(2), "psn"), Value(server.at(3), "psn"));

    EXPECT_EQ(a.Do("disconnect 1"), "ok disconnect");
    EXPECT_EQ(b.Event(2), "DISCONNECTED status=0");
    EXPECT_EQ(b.Event(2), "TIMEWAIT_EXIT status=0");
    EXPECT_EQ(b.Do("destroy 2"), "ok destroy");
    EXPECT_EQ(m_pair.client.qps.Lines().at(4), "257 ERR");
    EXPECT_EQ(m_pair.server.qps.Lines().at(4), "257 ERR");
    EXPECT_EQ(m_pair.server.qps.Lines().back(), "257 gone");
}

TEST_F(ShellQp, WaitForTheCommandIfTheResponseDoes)
{
    ASSERT_EQ(a.Do("auto establish=0"), "ok auto");
    m_pair.Connect(1, "qpn=real");
    a.Event(1);
    EXPECT_EQ(m_pair.client.qps.Lines(), (Lines{"257 rc", "257 INIT"}));
    EXPECT_EQ(a.Do("establish 1"), "ok establish");
    EXPECT_EQ(m_pair.client.qps.Lines().size(), 4U);
}

TEST_F(ShellQp, ThatCannotBeMade)
{
    m_pair.client.qpError = ENOMEM;
    m_pair.Connect(1, "qpn=real");
    EXPECT_EQ(a.Event(1), "fail 1 connect 12");
    m_pair.client.qpError = 0;
    m_pair.server.qpError = ENOMEM;
    m_pair.Connect(2, "qpn=real");
    b.Event(2);
    EXPECT_EQ(b.Event(2), "fail 2 accept 12");
    EXPECT_TRUE(b.Do("accept 2 qpn=real").starts_with("err accept 12 ENOMEM: no more QPs"));
    EXPECT_EQ(b.Do("accept 2"), "ok accept"); // with a number that is made up
    EXPECT_EQ(b.Event(2), "ESTABLISHED status=0");
}

TEST_F(ShellQp, ThatDoNotGetReadyEndTheConnection)
{
    m_pair.client.modifyError = EINVAL;
    m_pair.Connect(1, "qpn=real");
    EXPECT_TRUE(a.Event(1).starts_with("CONNECT_RESPONSE status=0 "));
    EXPECT_EQ(a.Event(1), "CONNECT_ERROR status=-22");
    b.Event(2);
    EXPECT_EQ(b.Event(2), "REJECTED status=28");
}

TEST_F(ShellQp, ThatDoNotGetReadyOnCommandLeaveTheResponseOpen)
{
    ASSERT_EQ(a.Do("auto establish=0"), "ok auto");
    m_pair.client.modifyError = EINVAL;
    m_pair.Connect(1, "qpn=real");
    a.Event(1);
    EXPECT_EQ(a.Do("establish 1"), "err establish 22 EINVAL: no RTR today");
    m_pair.client.modifyError = 0;
    EXPECT_EQ(a.Do("establish 1"), "ok establish");
    b.Event(2);
    EXPECT_EQ(b.Event(2), "ESTABLISHED status=0");
}

TEST_F(ShellQp, EndWithTheirId)
{
    ASSERT_EQ(a.Do("auto destroy=1"), "ok auto");
    ASSERT_EQ(b.Do("policy reject"), "ok policy");
    m_pair.Connect(1, "qpn=real");
    EXPECT_EQ(a.Event(1), "REJECTED status=28");
    EXPECT_TRUE(a.Do("destroy 1").starts_with("err destroy 2 "));
    EXPECT_EQ(m_pair.client.qps.Lines().back(), "257 gone");
}

TEST_F(ShellQp, MadeUpNumbersDiffer)
{
    ASSERT_EQ(b.Do("policy hold"), "ok policy");
    m_pair.Connect(1);
    m_pair.Connect(2);
    EXPECT_NE(Value(b.Event(2), "qpn"), Value(b.Event(3), "qpn"));
}

} // namespace
} // namespace cmverbs::test
