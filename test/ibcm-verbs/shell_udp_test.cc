// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Datagram services: SIDR, as rdma_cm shows it for RDMA_PS_UDP.
#include "shell-runner.h"

#include <gtest/gtest.h>

#include <string>

namespace cmverbs::test
{
namespace
{

class ShellUdp : public testing::Test
{
  protected:
    void Listen()
    {
        ASSERT_EQ(b.Do("listen 7000 ps=udp"), "ok listen id=1");
    }

    ShellPair m_pair;
    ShellRunner& a{m_pair.a};
    ShellRunner& b{m_pair.b};
};

TEST_F(ShellUdp, TheClientLearnsOfQpAndQkey)
{
    ASSERT_EQ(b.Do("policy accept qpn=500 data=77"), "ok policy");
    Listen();
    m_pair.Connect(1, "ps=udp data=0102030400");
    EXPECT_EQ(b.Event(2), "CONNECT_REQUEST status=0 listen=1 data=01020304");
    EXPECT_EQ(a.Event(1), "ESTABLISHED status=0 qpn=500 qkey=0x01234567 data=77");
    EXPECT_EQ(a.Do("disconnect 1"), "ok disconnect"); // does nothing, as with rdma_cm
    EXPECT_EQ(a.Do("destroy 1"), "ok destroy");
    EXPECT_EQ(b.Do("destroy 2"), "ok destroy");
}

TEST_F(ShellUdp, ARequestIsHeldAndAccepted)
{
    ASSERT_EQ(b.Do("policy hold"), "ok policy");
    Listen();
    m_pair.Connect(1, "ps=udp");
    EXPECT_EQ(b.Event(2), "CONNECT_REQUEST status=0 listen=1");
    EXPECT_EQ(b.Do("accept 2 qpn=9"), "ok accept");
    EXPECT_EQ(a.Event(1), "ESTABLISHED status=0 qpn=9 qkey=0x01234567");
    EXPECT_TRUE(b.Do("accept 2").starts_with("err accept 22 "));
    EXPECT_TRUE(b.Do("reject 2").starts_with("err reject 22 "));
}

TEST_F(ShellUdp, ARejectionIsToldAsItsStatus)
{
    ASSERT_EQ(b.Do("policy reject data=0d"), "ok policy");
    Listen();
    m_pair.Connect(1, "ps=udp");
    EXPECT_EQ(a.Event(1), "UNREACHABLE status=2 data=0d");
    EXPECT_EQ(b.Event(2), "CONNECT_REQUEST status=0 listen=1");
    ASSERT_EQ(b.Do("policy hold"), "ok policy");
    m_pair.Connect(2, "ps=udp");
    b.Event(3);
    EXPECT_EQ(b.Do("reject 3 data=0e"), "ok reject");
    EXPECT_EQ(a.Event(2), "UNREACHABLE status=2 data=0e");
}

TEST_F(ShellUdp, NobodyListens)
{
    m_pair.Connect(1, "ps=udp");
    EXPECT_EQ(a.Event(1), "UNREACHABLE status=1");
}

TEST_F(ShellUdp, PortsOfBothKindsAreApart)
{
    Listen();
    ASSERT_EQ(b.Do("listen 7000"), "ok listen id=2");
    m_pair.Connect(1);
    EXPECT_TRUE(b.Event(3).starts_with("CONNECT_REQUEST status=0 listen=2 "));
    m_pair.Connect(2, "ps=udp");
    EXPECT_TRUE(b.Event(4).starts_with("CONNECT_REQUEST status=0 listen=1"));
}

TEST_F(ShellUdp, ADestroyedRequestIsRejected)
{
    ASSERT_EQ(b.Do("policy hold"), "ok policy");
    Listen();
    m_pair.Connect(1, "ps=udp");
    b.Event(2);
    EXPECT_EQ(b.Do("destroy 2"), "ok destroy");
    EXPECT_EQ(a.Event(1), "UNREACHABLE status=2");
}

TEST_F(ShellUdp, RealQpsHaveTheirNumbersTold)
{
    ASSERT_EQ(b.Do("policy accept qpn=real"), "ok policy");
    Listen();
    m_pair.Connect(1, "ps=udp");
    EXPECT_EQ(Value(a.Event(1), "qpn"), "257");
    b.Event(2);
    EXPECT_EQ(b.Do("destroy 2"), "ok destroy");
    EXPECT_EQ(m_pair.server.qps.Lines(), (std::vector<std::string>{"257 ud", "257 gone"}));
}

TEST_F(ShellUdp, IdsEndByThemselvesIfWanted)
{
    ASSERT_EQ(a.Do("auto destroy=1"), "ok auto");
    ASSERT_EQ(b.Do("auto destroy=1"), "ok auto");
    Listen();
    m_pair.Connect(1, "ps=udp");
    EXPECT_TRUE(a.Event(1).starts_with("ESTABLISHED status=0 "));
    b.Event(2);
    EXPECT_TRUE(a.Do("destroy 1").starts_with("err destroy 2 "));
    EXPECT_TRUE(b.Do("destroy 2").starts_with("err destroy 2 "));
    ASSERT_EQ(b.Do("policy hold"), "ok policy");
    m_pair.Connect(2, "ps=udp");
    b.Event(3);
    ASSERT_EQ(b.Do("accept 3"), "ok accept");
    EXPECT_TRUE(b.Do("destroy 3").starts_with("err destroy 2 "));
}

TEST_F(ShellUdp, MoreDataThanFitsIsRefused)
{
    const std::string most(2 * 180, 'a');
    Listen();
    EXPECT_TRUE(a.Do("connect 10.0.0.2 7000 ps=udp data=aa" + most).starts_with("err connect 22 "));
    m_pair.Connect(1, "ps=udp data=" + most);
    EXPECT_EQ(Value(b.Event(2), "data"), most);
    EXPECT_TRUE(
        a.Do("connect 10.0.0.2 7000 ps=udp acktimeout=3").starts_with("err connect 22 EINVAL: "));
}

} // namespace
} // namespace cmverbs::test
