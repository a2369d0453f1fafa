// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What does not work, and how that is said: refused commands, and things that come to nothing.
#include "ibcm-verbs/helper/shell.h"
#include "shell-runner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace cmverbs::test
{
namespace
{

class ShellErrors : public testing::Test
{
  protected:
    ShellPair m_pair;
    ShellRunner& a{m_pair.a};
    ShellRunner& b{m_pair.b};
};

TEST_F(ShellErrors, LinesThatAreNoCommands)
{
    EXPECT_EQ(a.Do("hello"), "err hello 22 EINVAL: there is no such command");
    EXPECT_EQ(a.Do("listen x"), "err listen 22 EINVAL: 'listen' wants a port, 1..65535, not 'x'");
    // Empty lines have no answer.
    EXPECT_EQ(a.Do("\n \t\n\r\nauto"), "ok auto");
    EXPECT_EQ(a.Do("dump" + std::string(5000, ' ') + "x"),
              "err dump 22 EINVAL: the line is too long");
    EXPECT_EQ(a.Do(std::string("dump\0", 5)).substr(0, 7), std::string("err dum"));
    // What has no end of line does not count.
    a.Type("listen 7000");
    EXPECT_EQ(a.End(false), 0);
    EXPECT_TRUE(a.Rest().empty());
}

TEST_F(ShellErrors, APortIsListenedToOnce)
{
    EXPECT_EQ(a.Do("listen 7000"), "ok listen id=1");
    // As rdma_cm: all addresses and one of them are two things.
    EXPECT_TRUE(a.Do("listen 7000").starts_with("err listen 99 EADDRNOTAVAIL: "));
    EXPECT_TRUE(a.Do("listen 7000 ip=10.0.0.1").starts_with("err listen 99 EADDRNOTAVAIL: "));
    EXPECT_EQ(a.Do("listen 7000 ps=udp"), "ok listen id=2"); // refused ones took no number
    EXPECT_EQ(a.Do("listen 7001 ip=10.0.0.1"), "ok listen id=3");
    EXPECT_TRUE(a.Do("listen 7001 ip=10.0.0.1").starts_with("err listen 98 EADDRINUSE: "));
    EXPECT_TRUE(a.Do("listen 7001").starts_with("err listen 99 EADDRNOTAVAIL: "));
    EXPECT_TRUE(a.Do("listen 7002 ip=10.0.0.2").starts_with("err listen 99 EADDRNOTAVAIL: "));
    EXPECT_EQ(a.Do("listen 7002 ip=0.0.0.0"), "ok listen id=4");
    EXPECT_EQ(a.Do("destroy 1"), "ok destroy");
    EXPECT_EQ(a.Do("listen 7000"), "ok listen id=5");
}

TEST_F(ShellErrors, WhatAnotherConsumerListensToIsInUse)
{
    class Silent final : public ibcm::EventHandler
    {
      public:
        ibcm::Disposition OnCmEvent(ibcm::ConnectionManager& /*manager*/,
                                    ibcm::Handle /*id*/,
                                    const ibcm::Event& /*event*/) override
        {
            return ibcm::Disposition::kKeep;
        }
    } silent;
    ibcm::ConnectionManager& manager = m_pair.client.Manager();
    const auto other = manager.Create(silent);
    ASSERT_TRUE(manager.Listen(*other, 0x01061b58));
    EXPECT_TRUE(a.Do("listen 7000").starts_with("err listen 98 EADDRINUSE: "));
    EXPECT_TRUE(manager.Destroy(*other));
    EXPECT_EQ(a.Do("listen 7000"), "ok listen id=1");
}

TEST_F(ShellErrors, IdsThatAreNoneOrOfAnotherKind)
{
    const std::vector<std::string> verbs{
        "accept", "reject", "establish", "disconnect", "notify", "destroy"};
    m_pair.Listen();
    for (const std::string& verb : verbs)
    {
        EXPECT_EQ(b.Do(verb + " 7"), "err " + verb + " 2 ENOENT: there is no such id");
    }
    for (const std::string verb : {"accept", "reject", "establish", "disconnect", "notify"})
    {
        EXPECT_EQ(b.Do(verb + " 1"), "err " + verb + " 22 EINVAL: the id is a listener's");
    }
    ASSERT_EQ(a.Do("connect 10.0.1.2 7000"), "ok connect id=1"); // still looks for the way
    for (const std::string verb : {"accept", "reject", "establish", "disconnect", "notify"})
    {
        EXPECT_TRUE(a.Do(verb + " 1").starts_with("err " + verb + " 22 EINVAL: ")) << verb;
    }
    m_pair.client.Release();
    a.Event(1);
    a.Event(1);
    a.Event(1);
    EXPECT_TRUE(a.Do("accept 1").starts_with("err accept 22 EINVAL: "));
    EXPECT_TRUE(a.Do("notify 1").starts_with("err notify 106 EISCONN: "));
    EXPECT_TRUE(b.Do("establish 2").starts_with("err establish 22 EINVAL: "));
}

TEST_F(ShellErrors, AddressesThatCannotBeReached)
{
    ASSERT_EQ(a.Do("connect 192.168.1.1 7000"), "ok connect id=1");
    EXPECT_EQ(a.Event(1), "ADDR_ERROR status=-101");
    ASSERT_EQ(a.Do("connect 10.0.0.77 7000"), "ok connect id=2");
    EXPECT_EQ(a.Event(2), "ADDR_ERROR status=-110"); // nobody has it: rdma_cm waits, then says so
    ASSERT_EQ(a.Do("connect fe80::1 7000"), "ok connect id=3");
    EXPECT_EQ(a.Event(3), "ADDR_ERROR status=-101");
    EXPECT_EQ(a.Do("destroy 3"), "ok destroy");
    ASSERT_EQ(a.Do("auto destroy=1"), "ok auto");
    ASSERT_EQ(a.Do("connect 10.0.0.77 7000"), "ok connect id=4");
    EXPECT_EQ(a.Event(4), "ADDR_ERROR status=-110");
    EXPECT_TRUE(a.Do("destroy 4").starts_with("err destroy 2 "));
}

TEST_F(ShellErrors, MoreDataThanFits)
{
    const std::string most(2 * 56, 'd');
    ASSERT_EQ(b.Do("policy hold"), "ok policy");
    m_pair.Listen();
    EXPECT_TRUE(
        a.Do("connect 10.0.0.2 7000 data=dd" + most).starts_with("err connect 22 EINVAL: "));
    m_pair.Connect(1, "data=" + most);
    EXPECT_EQ(Value(b.Event(2), "data"), most);
    EXPECT_TRUE(b.Do("accept 2 data=" + std::string(2 * 197, 'e')).starts_with("err accept 22 "));
    EXPECT_TRUE(b.Do("reject 2 data=" + std::string(2 * 149, 'e')).starts_with("err reject 22 "));
    const std::string answer(2 * 196, 'e');
    EXPECT_EQ(b.Do("accept 2 data=" + answer), "ok accept"); // a refused command changes nothing
    EXPECT_EQ(Value(a.Event(1), "data"), answer);

    ASSERT_EQ(b.Do("policy reject data=" + std::string(2 * 149, 'f')), "ok policy");
    m_pair.Connect(2);
    b.Event(3);
    EXPECT_EQ(b.Event(3), "fail 3 reject 22");
    EXPECT_EQ(b.Do("reject 3 data=" + std::string(2 * 148, 'f')), "ok reject");
    EXPECT_EQ(Value(a.Event(2), "data"), std::string(2 * 148, 'f'));
}

TEST_F(ShellErrors, WhatCannotBeSentFailsLater)
{
    m_pair.client.SetDown(true);
    m_pair.Connect(1);
    EXPECT_EQ(a.Event(1), "fail 1 connect 5");
    m_pair.client.SetDown(false);
    m_pair.Listen();
    m_pair.server.SetDown(true);
    m_pair.Connect(2);
    b.Event(2);
    EXPECT_EQ(b.Event(2), "fail 2 accept 5");
    m_pair.server.SetDown(false);
    EXPECT_EQ(b.Do("accept 2"), "ok accept");
    EXPECT_TRUE(a.Event(2).starts_with("CONNECT_RESPONSE "));
}

TEST_F(ShellErrors, APeerThatDoesNotAnswerIsUnreachable)
{
    m_pair.Lose(true);
    m_pair.Connect(1);
    m_pair.Connect(2, "ps=udp");
    ASSERT_EQ(a.Do("auto"), "ok auto"); // so both have been asked
    m_pair.client.RemovePort();
    EXPECT_EQ(a.Event(1), "UNREACHABLE status=-110");
    EXPECT_EQ(a.Event(2), "UNREACHABLE status=-110");
}

TEST_F(ShellErrors, ARequesterThatDoesNotAnswerIsUnreachable)
{
    ASSERT_EQ(a.Do("auto establish=0"), "ok auto");
    m_pair.Listen();
    m_pair.Connect(1);
    b.Event(2);
    a.Event(1);
    m_pair.server.RemovePort();
    EXPECT_EQ(b.Event(2), "UNREACHABLE status=-110");
}

TEST_F(ShellErrors, ADisconnectThatIsNotAnsweredEndsTheConnection)
{
    m_pair.Establish();
    m_pair.Lose(true);
    EXPECT_EQ(a.Do("disconnect 1"), "ok disconnect");
    m_pair.client.RemovePort();
    EXPECT_EQ(a.Event(1), "DISCONNECTED status=-110");
    EXPECT_EQ(a.Event(1), "TIMEWAIT_EXIT status=0");
}

TEST(ShellErrorsOfTheResponse, WhatTheCmCannotTakeIsAConnectError)
{
    ibcm::Options demanding;
    demanding.requirements.minRnrRetryCount = 3;
    ShellPair pair(demanding, {});
    ASSERT_EQ(pair.b.Do("policy accept rnr=1"), "ok policy");
    ASSERT_EQ(pair.a.Do("auto destroy=1"), "ok auto");
    pair.Listen();
    pair.Connect(1);
    EXPECT_EQ(pair.a.Event(1), "CONNECT_ERROR status=-71");
    pair.b.Event(2);
    EXPECT_EQ(pair.b.Event(2), "REJECTED status=29");
    EXPECT_TRUE(pair.a.Do("destroy 1").starts_with("err destroy 2 "));
}

TEST_F(ShellErrors, ABacklogBoundsOpenRequests)
{
    ASSERT_EQ(b.Do("policy hold"), "ok policy");
    ASSERT_EQ(b.Do("listen 7000 backlog=1"), "ok listen id=1");
    m_pair.Connect(1);
    b.Event(2);
    m_pair.Connect(2); // dropped: its retry would have a new chance
    ASSERT_EQ(a.Do("destroy 2"), "ok destroy");
    EXPECT_EQ(b.Do("accept 2"), "ok accept");
    EXPECT_EQ(b.Event(2), "ESTABLISHED status=0");
    m_pair.Connect(3);
    EXPECT_TRUE(b.Event(3).starts_with("CONNECT_REQUEST "));
}

TEST_F(ShellErrors, DumpIsOneLineAnEntry)
{
    m_pair.Establish();
    EXPECT_EQ(b.Do("dump"), "ok dump");
    const std::vector<std::string> lines = b.Report();
    const auto count = [&](const std::string& word)
    {
        return std::count_if(lines.begin(),
                             lines.end(),
                             [&](const std::string& line) { return line.starts_with(word + " "); });
    };
    EXPECT_EQ(count("id"), 2);
    EXPECT_EQ(count("listener"), 1);
    EXPECT_EQ(count("peer"), 1);
    EXPECT_TRUE(std::any_of(lines.begin(),
                            lines.end(),
                            [](const std::string& line)
                            { return line.find("ESTABLISHED") != std::string::npos; }));
}

TEST(ShellOutput, ThatCannotBeWrittenIsTold)
{
    DevicePair devices;
    TypedInput typed;
    typed.Type("quit\n");
    std::istream input(&typed);
    std::ostream output(nullptr);
    EXPECT_EQ(RunShell(devices.client, ibcm::Behaviour::kStrict, input, output), 3);
}

} // namespace
} // namespace cmverbs::test
