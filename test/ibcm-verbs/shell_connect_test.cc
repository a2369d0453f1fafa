// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Connections from one shell to another: every command, and what both are told.
#include "shell-runner.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace cmverbs::test
{
namespace
{

using ibcm::Behaviour;

class ShellConnect : public testing::TestWithParam<Behaviour>
{
  protected:
    ShellPair m_pair{GetParam()};
    ShellRunner& a{m_pair.a};
    ShellRunner& b{m_pair.b};
};

INSTANTIATE_TEST_SUITE_P(Behaviours,
                         ShellConnect,
                         testing::Values(Behaviour::kStrict, Behaviour::kLinux61),
                         [](const auto& info) { return ibcm::ToString(info.param); });

TEST_P(ShellConnect, FromRequestToTheEndOfTimewait)
{
    m_pair.Establish();
    EXPECT_EQ(a.Do("disconnect 1"), "ok disconnect");
    EXPECT_EQ(b.Event(2), "DISCONNECTED status=0");
    EXPECT_EQ(a.Event(1), "DISCONNECTED status=0");
    EXPECT_EQ(a.Event(1), "TIMEWAIT_EXIT status=0");
    EXPECT_EQ(b.Event(2), "TIMEWAIT_EXIT status=0");
    EXPECT_EQ(a.Do("destroy 1"), "ok destroy");
    EXPECT_EQ(b.Do("destroy 2"), "ok destroy");
    EXPECT_EQ(b.Do("destroy 1"), "ok destroy");
}

TEST_P(ShellConnect, TheServerDisconnects)
{
    m_pair.Establish();
    EXPECT_EQ(b.Do("disconnect 2"), "ok disconnect");
    EXPECT_EQ(a.Event(1), "DISCONNECTED status=0");
    EXPECT_EQ(b.Event(2), "DISCONNECTED status=0");
    EXPECT_EQ(b.Event(2), "TIMEWAIT_EXIT status=0");
    EXPECT_EQ(a.Event(1), "TIMEWAIT_EXIT status=0");
}

TEST_P(ShellConnect, BothDisconnectAtOnce)
{
    m_pair.Establish();
    a.Type("disconnect 1\n");
    EXPECT_EQ(b.Do("disconnect 2"), "ok disconnect"); // also if the other was faster
    EXPECT_EQ(a.Answer(), "ok disconnect");
    for (ShellRunner* shell : {&a, &b})
    {
        const unsigned id = shell == &a ? 1 : 2;
        EXPECT_EQ(shell->Event(id), "DISCONNECTED status=0");
        EXPECT_EQ(shell->Event(id), "TIMEWAIT_EXIT status=0");
    }
    EXPECT_EQ(a.Do("disconnect 1"), "ok disconnect"); // as rdma_disconnect: there is nothing to do
}

TEST_P(ShellConnect, ADisconnectIsAnsweredOnCommand)
{
    ASSERT_EQ(b.Do("auto disconnect=0"), "ok auto");
    m_pair.Establish();
    EXPECT_EQ(a.Do("disconnect 1"), "ok disconnect");
    EXPECT_EQ(b.Event(2), "DISCONNECTED status=0");
    EXPECT_EQ(*m_pair.server.Manager().StateOf(m_pair.server.Manager().Inspect().ids.back().id),
              ibcm::State::kDreqRcvd);
    EXPECT_EQ(b.Do("disconnect 2"), "ok disconnect");
    EXPECT_EQ(a.Event(1), "DISCONNECTED status=0");
    EXPECT_EQ(b.Event(2), "TIMEWAIT_EXIT status=0");
}

TEST_P(ShellConnect, ParametersAndDataReachTheOtherSide)
{
    ASSERT_EQ(b.Do("policy hold"), "ok policy");
    m_pair.Listen();
    m_pair.Connect(1, "qpn=77 rr=3 depth=4 retry=5 rnr=6 fc=1 srq=1 data=00a5ff00");
    EXPECT_EQ(b.Event(2),
              "CONNECT_REQUEST status=0 listen=1 rr=4 depth=3 fc=1 retry=5 rnr=6 srq=1 qpn=77 "
              "data=00a5ff");
    EXPECT_EQ(b.Do("accept 2 qpn=78 rr=1 depth=2 rnr=0 fc=1 data=beef"), "ok accept");
    EXPECT_EQ(a.Event(1),
              "CONNECT_RESPONSE status=0 rr=2 depth=1 fc=1 retry=0 rnr=0 srq=0 qpn=78 data=beef");
    EXPECT_EQ(b.Event(2), "ESTABLISHED status=0");
}

TEST_P(ShellConnect, WhatIsNotGivenIsChosen)
{
    ASSERT_EQ(b.Do("policy accept srq=1"), "ok policy");
    m_pair.Listen();
    m_pair.Connect(1, "depth=9");
    const std::string request = b.Event(2);
    EXPECT_TRUE(request.starts_with(
        "CONNECT_REQUEST status=0 listen=1 rr=9 depth=1 fc=0 retry=7 rnr=7 srq=0 qpn="))
        << request;
    const std::string response = a.Event(1);
    // The server gives what the client asked for.
    EXPECT_TRUE(response.starts_with(
        "CONNECT_RESPONSE status=0 rr=1 depth=9 fc=0 retry=0 rnr=7 srq=1 qpn="))
        << response;
    EXPECT_NE(Value(request, "qpn"), Value(response, "qpn"));
    EXPECT_EQ(Value(request, "data"), "");
}

TEST_P(ShellConnect, VendorOptionsReachTheOtherSide)
{
    ASSERT_EQ(b.Do("policy accept ece=0x15b3:1"), "ok policy");
    m_pair.Listen();
    m_pair.Connect(1, "ece=0x15b3:0x80000007");
    EXPECT_EQ(Value(b.Event(2), "ece"), "0x15b3:0x80000007");
    EXPECT_EQ(Value(a.Event(1), "ece"), "0x15b3:0x1");
}

TEST_P(ShellConnect, AResponseIsAnsweredOnCommand)
{
    ASSERT_EQ(a.Do("auto establish=0"), "ok auto");
    m_pair.Listen();
    m_pair.Connect(1);
    ASSERT_TRUE(a.Event(1).starts_with("CONNECT_RESPONSE status=0 "));
    EXPECT_EQ(a.Do("establish 1"), "ok establish");
    b.Event(2);
    EXPECT_EQ(b.Event(2), "ESTABLISHED status=0");
    EXPECT_EQ(a.Do("establish 1"), "err establish 22 EINVAL: no response that waits for an answer");
}

TEST_P(ShellConnect, AResponseCanBeRejected)
{
    ASSERT_EQ(a.Do("auto establish=0"), "ok auto");
    m_pair.Listen();
    m_pair.Connect(1);
    ASSERT_TRUE(a.Event(1).starts_with("CONNECT_RESPONSE status=0 "));
    EXPECT_EQ(a.Do("reject 1 data=0102"), "ok reject");
    b.Event(2);
    EXPECT_EQ(b.Event(2), "REJECTED status=28 data=0102");
    EXPECT_TRUE(a.Do("establish 1").starts_with("err establish 22 "));
    EXPECT_TRUE(b.Do("reject 2").starts_with("err reject 22 "));
}

TEST_P(ShellConnect, ARequestCanBeRejected)
{
    ASSERT_EQ(b.Do("policy hold"), "ok policy");
    m_pair.Listen();
    m_pair.Connect(1);
    b.Event(2);
    EXPECT_EQ(b.Do("reject 2 data=cafe"), "ok reject");
    EXPECT_EQ(a.Event(1), "REJECTED status=28 data=cafe");
    EXPECT_TRUE(b.Do("accept 2").starts_with("err accept 22 "));
}

TEST_P(ShellConnect, APolicyRejects)
{
    ASSERT_EQ(b.Do("policy reject data=0badcafe"), "ok policy");
    m_pair.Listen();
    m_pair.Connect(1);
    EXPECT_TRUE(b.Event(2).starts_with("CONNECT_REQUEST "));
    EXPECT_EQ(a.Event(1), "REJECTED status=28 data=0badcafe");
}

TEST_P(ShellConnect, NobodyListens)
{
    m_pair.Connect(1);
    EXPECT_EQ(a.Event(1), "REJECTED status=8");
}

TEST_P(ShellConnect, ADestroyedIdTellsThePeer)
{
    m_pair.Establish();
    EXPECT_EQ(a.Do("destroy 1"), "ok destroy");
    EXPECT_EQ(b.Event(2), "DISCONNECTED status=0");
    EXPECT_EQ(b.Event(2), "TIMEWAIT_EXIT status=0");
    EXPECT_EQ(a.Do("disconnect 1"), "err disconnect 2 ENOENT: there is no such id");
}

TEST_P(ShellConnect, ADestroyedRequestIsRejected)
{
    ASSERT_EQ(b.Do("policy hold"), "ok policy");
    m_pair.Listen();
    m_pair.Connect(1);
    b.Event(2);
    EXPECT_EQ(b.Do("destroy 2"), "ok destroy");
    EXPECT_EQ(a.Event(1), "REJECTED status=28");
}

TEST_P(ShellConnect, AnAbandonedRequestIsNotToldButCannotBeAccepted)
{
    ASSERT_EQ(b.Do("policy hold"), "ok policy");
    m_pair.Listen();
    m_pair.Connect(1);
    b.Event(2);
    EXPECT_EQ(a.Do("destroy 1"), "ok destroy");
    // As rdma_cm, which tells nothing of a request before it has been accepted.
    while (m_pair.server.Manager().Inspect().ids.back().state != ibcm::State::kIdle)
    {
        std::this_thread::yield();
    }
    EXPECT_EQ(b.Do("accept 2"), "err accept 22 EINVAL: invalid state");
    EXPECT_EQ(b.Do("destroy 2"), "ok destroy");
    EXPECT_EQ(b.End(true), 0);
    EXPECT_EQ(b.Rest(), std::vector<std::string>{"ok quit"});
}

TEST_P(ShellConnect, TheRtuIsLostAndNotifyEstablishes)
{
    ASSERT_EQ(a.Do("auto establish=0"), "ok auto");
    m_pair.Listen();
    m_pair.Connect(1);
    b.Event(2);
    a.Event(1);
    m_pair.Lose(true);
    ASSERT_EQ(a.Do("establish 1"), "ok establish");
    EXPECT_EQ(b.Do("notify 2"), "ok notify");
    EXPECT_EQ(b.Event(2), "ESTABLISHED status=0");
    EXPECT_TRUE(b.Do("notify 2").starts_with("err notify 106 EISCONN: "));
    m_pair.Lose(false);
}

TEST_P(ShellConnect, IdsEndByThemselvesIfWanted)
{
    ASSERT_EQ(a.Do("auto destroy=1"), "ok auto");
    ASSERT_EQ(b.Do("auto destroy=1"), "ok auto");
    m_pair.Establish();
    EXPECT_EQ(a.Do("disconnect 1"), "ok disconnect");
    for (const char* event : {"DISCONNECTED status=0", "TIMEWAIT_EXIT status=0"})
    {
        EXPECT_EQ(a.Event(1), event);
        EXPECT_EQ(b.Event(2), event);
    }
    EXPECT_EQ(a.Do("destroy 1"), "err destroy 2 ENOENT: there is no such id");
    EXPECT_EQ(b.Do("destroy 2"), "err destroy 2 ENOENT: there is no such id");

    ASSERT_EQ(b.Do("policy reject"), "ok policy");
    m_pair.Connect(2);
    EXPECT_EQ(a.Event(2), "REJECTED status=28");
    EXPECT_TRUE(b.Event(3).starts_with("CONNECT_REQUEST "));
    EXPECT_TRUE(a.Do("destroy 2").starts_with("err destroy 2 "));
    EXPECT_TRUE(b.Do("destroy 3").starts_with("err destroy 2 "));

    ASSERT_EQ(b.Do("policy hold"), "ok policy");
    m_pair.Connect(3);
    EXPECT_TRUE(b.Event(4).starts_with("CONNECT_REQUEST "));
    EXPECT_EQ(b.Do("reject 4"), "ok reject");
    EXPECT_EQ(a.Event(3), "REJECTED status=28");
    EXPECT_TRUE(b.Do("destroy 4").starts_with("err destroy 2 "));
    EXPECT_TRUE(a.Do("destroy 3").starts_with("err destroy 2 "));
    EXPECT_EQ(m_pair.client.Manager().LiveIds(), 0U);
    EXPECT_EQ(m_pair.server.Manager().LiveIds(), 1U); // the listener
}

TEST_P(ShellConnect, ManyAtOnceAreNumberedInOrder)
{
    constexpr unsigned kConnections = 40;
    m_pair.Listen();
    for (unsigned i = 1; i <= kConnections; ++i)
    {
        a.Type("connect 10.0.0.2 7000\n");
    }
    for (unsigned i = 1; i <= kConnections; ++i)
    {
        EXPECT_EQ(a.Answer(), "ok connect id=" + std::to_string(i));
    }
    for (unsigned i = 1; i <= kConnections; ++i)
    {
        EXPECT_EQ(a.Event(i), "ADDR_RESOLVED status=0");
        EXPECT_EQ(a.Event(i), "ROUTE_RESOLVED status=0");
        EXPECT_TRUE(a.Event(i).starts_with("CONNECT_RESPONSE status=0 "));
        EXPECT_TRUE(b.Event(i + 1).starts_with("CONNECT_REQUEST status=0 listen=1 "));
        EXPECT_EQ(b.Event(i + 1), "ESTABLISHED status=0");
    }
}

TEST_P(ShellConnect, TheConnectionsEndWithTheShell)
{
    m_pair.Establish();
    EXPECT_EQ(a.End(true), 0);
    EXPECT_EQ(a.Rest(), std::vector<std::string>{"ok quit"});
    EXPECT_EQ(b.Event(2), "DISCONNECTED status=0");
    EXPECT_EQ(b.End(false), 0); // the end of the input is as good, but is not answered
    EXPECT_EQ(m_pair.server.Manager().LiveIds(), 0U);
}

} // namespace
} // namespace cmverbs::test
