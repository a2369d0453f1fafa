// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// One port over an agent without a kernel: what it hands over, takes and refuses.
#include "ibcm-verbs/fake-umad.h"
#include "ibcm-verbs/model/umad-address.h"
#include "ibcm-verbs/model/umad-port.h"
#include "ibcm/helper/host-runtime.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace cmverbs::test
{
namespace
{

PortSnapshot ActivePort()
{
    PortSnapshot port;
    port.active = true;
    port.ethernet = true;
    port.mtu = ibwire::Mtu::k1024;
    port.gids = {{GidOfAddress(ibcm::IpAddress::V4(0x0a000001)), 3, GidType::kRoceV2, 2}};
    port.pkeys = {0x7fff, 0xffff};
    return port;
}

ibwire::MadBytes MadNumber(std::uint8_t number)
{
    ibwire::MadBytes mad{};
    mad[255] = number;
    return mad;
}

ibcm::MadAddress Destination(std::uint8_t number)
{
    ibcm::MadAddress address;
    address.hasGrh = true;
    address.dgid = GidOfAddress(ibcm::IpAddress::V4(0x0a000100U + number));
    return address;
}

/** Keeps what the port delivers. */
class Sink final : public ibcm::MadSink
{
  public:
    void OnReceive(std::uint8_t portNumber, const ibcm::ReceivedMad& mad) override
    {
        const std::lock_guard hold(m_lock);
        m_port = portNumber;
        m_mads.push_back(mad);
        m_more.notify_all();
    }

    void OnSendDone(std::uint64_t /*context*/,
                    ibcm::SendToken /*token*/,
                    ibcm::SendStatus /*status*/) override
    {
    }

    std::vector<ibcm::ReceivedMad> Await(std::size_t count)
    {
        std::unique_lock hold(m_lock);
        m_more.wait_for(
            hold, std::chrono::seconds{20}, [this, count] { return m_mads.size() >= count; });
        return m_mads;
    }

  private:
    std::mutex m_lock;
    std::condition_variable m_more;
    std::uint8_t m_port{0};
    std::vector<ibcm::ReceivedMad> m_mads;
};

class UmadPortTest : public ::testing::Test
{
  protected:
    UmadPortTest()
        : m_state(ActivePort()),
          m_port(
              std::make_unique<UmadPort>(std::make_unique<BorrowedUmad>(m_umad), m_state, nullptr)),
          m_mads(m_runtime, *m_port, 1)
    {
    }

    ~UmadPortTest() override
    {
        m_port->Stop();
        m_mads.SetSink(nullptr);
    }

    /** Delivers to the sink from now on. */
    void Start()
    {
        m_mads.SetSink(&m_sink);
        m_port->Start(m_mads,
                      [this](const std::string& why)
                      {
                          const std::lock_guard hold(m_lock);
                          m_why = why;
                          m_broken.notify_all();
                      });
    }

    std::string AwaitBroken()
    {
        std::unique_lock hold(m_lock);
        m_broken.wait_for(hold, std::chrono::seconds{20}, [this] { return !m_why.empty(); });
        return m_why;
    }

    FakeUmad m_umad;
    PortState m_state;
    ibcm::HostRuntime m_runtime;
    std::unique_ptr<UmadPort> m_port;
    ibcm::ReliablePort m_mads;
    Sink m_sink;
    std::mutex m_lock;
    std::condition_variable m_broken;
    std::string m_why;
};

TEST_F(UmadPortTest, HandsMadsToTheKernelWithoutTimeoutOrRetries)
{
    EXPECT_TRUE(m_port->Transmit(MadNumber(1), Destination(1)));
    ASSERT_TRUE(m_umad.AwaitSent(1));
    const FakeUmad::Sent sent = m_umad.AllSent().front();
    EXPECT_EQ(sent.mad, MadNumber(1));
    EXPECT_EQ(ReplyAddressOf(sent.address), Destination(1));
    EXPECT_EQ(sent.timeoutMs, 0);
    EXPECT_EQ(sent.retries, 0);
    EXPECT_EQ(m_port->Counts().handedOver, 1U);
}

TEST_F(UmadPortTest, KeepsTheOrderForOneDestination)
{
    for (std::uint8_t i = 0; i < 100; ++i)
    {
        ASSERT_TRUE(m_port->Transmit(MadNumber(i), Destination(7)));
    }
    ASSERT_TRUE(m_umad.AwaitSent(100));
    const auto sent = m_umad.AllSent();
    for (std::uint8_t i = 0; i < 100; ++i)
    {
        EXPECT_EQ(sent[i].mad[255], i);
    }
}

TEST_F(UmadPortTest, CountsWhatTheKernelRefuses)
{
    m_umad.onSend = [](const FakeUmad::Sent&) { return EHOSTUNREACH; };
    EXPECT_TRUE(m_port->Transmit(MadNumber(1), Destination(1)));
    ASSERT_TRUE(m_umad.AwaitSent(1));
    m_port->Stop();
    while (m_port->Counts().sendFailed == 0)
    {
        std::this_thread::yield();
    }
    EXPECT_EQ(m_port->Counts().lastSendError, EHOSTUNREACH);
}

TEST_F(UmadPortTest, IsNotHeldUpByADeadDestination)
{
    const std::size_t deadLane = SendLanes::LaneOf(Destination(1));
    std::uint8_t other = 2;
    while (SendLanes::LaneOf(Destination(other)) == deadLane)
    {
        ++other;
    }
    std::mutex lock;
    std::condition_variable wake;
    bool alive = false;
    m_umad.onSend = [&, deadLane](const FakeUmad::Sent& sent)
    {
        if (SendLanes::LaneOf(ReplyAddressOf(sent.address)) == deadLane)
        {
            std::unique_lock hold(lock);
            wake.wait(hold, [&alive] { return alive; });
        }
        return 0;
    };
    ASSERT_TRUE(m_port->Transmit(MadNumber(1), Destination(1)));
    ASSERT_TRUE(m_port->Transmit(MadNumber(2), Destination(other)));
    EXPECT_TRUE(m_umad.AwaitSent(1));
    EXPECT_EQ(m_umad.AllSent().front().mad[255], 2);

    // A lane takes so many and no more; Transmit says so instead of waiting.
    std::size_t taken = 0;
    while (taken <= SendLanes::kDepth + 1 && m_port->Transmit(MadNumber(3), Destination(1)))
    {
        ++taken;
    }
    EXPECT_GE(taken, SendLanes::kDepth - 1);
    EXPECT_LE(taken, SendLanes::kDepth);
    EXPECT_EQ(m_port->Counts().laneFull, 1U);
    {
        const std::lock_guard hold(lock);
        alive = true;
        wake.notify_all();
    }
    EXPECT_TRUE(m_umad.AwaitSent(taken + 2));
}

TEST_F(UmadPortTest, DoesNotWaitForADeadDestinationAtTheEnd)
{
    m_umad.onSend = [](const FakeUmad::Sent&)
    {
        std::this_thread::sleep_for(std::chrono::milliseconds{50});
        return EHOSTUNREACH;
    };
    constexpr std::size_t kMany = 1000;
    for (std::size_t i = 0; i < kMany; ++i)
    {
        ASSERT_TRUE(m_port->Transmit(MadNumber(1), Destination(1)));
    }
    const SendLanes::Hooks none{nullptr, [](int) {}};
    {
        SendLanes lanes(m_umad, none);
        for (std::size_t i = 0; i < kMany; ++i)
        {
            ASSERT_TRUE(lanes.Queue(MadNumber(2), Destination(2)));
        }
    }
    EXPECT_LT(m_umad.AllSent().size(), kMany);
    EXPECT_GT(m_umad.AllSent().size(), 1U);
}

TEST_F(UmadPortTest, DeliversWithPkeyAndAddress)
{
    Start();
    ib_mad_addr_t from = ToUmad(Destination(9));
    from.pkey_index = 1;
    from.path_bits = 2;
    m_umad.Put(MadNumber(5), from);
    const auto mads = m_sink.Await(1);
    ASSERT_EQ(mads.size(), 1U);
    EXPECT_EQ(mads[0].bytes, MadNumber(5));
    EXPECT_EQ(mads[0].pkey, 0xffff);
    EXPECT_EQ(mads[0].destinationPathBits, 2);
    EXPECT_EQ(mads[0].replyAddress.dgid, Destination(9).dgid);
    EXPECT_EQ(mads[0].replyAddress.pkeyIndex, 1);
    EXPECT_EQ(m_port->Counts().received, 1U);
}

TEST_F(UmadPortTest, RefusesMadsThatAreShortOrLong)
{
    Start();
    UmadArrival arrival;
    arrival.length = 255;
    m_umad.Put(arrival);
    arrival.length = 2048;
    m_umad.Put(arrival);
    arrival.length = 0;
    m_umad.Put(arrival);
    m_umad.Put(MadNumber(4), ToUmad(Destination(1)));
    const auto mads = m_sink.Await(1);
    ASSERT_EQ(mads.size(), 1U);
    EXPECT_EQ(mads[0].bytes[255], 4);
    EXPECT_EQ(m_port->Counts().wrongLength, 3U);
}

TEST_F(UmadPortTest, CountsWhatComesBackAndGoesOn)
{
    Start();
    UmadArrival arrival;
    arrival.status = ETIMEDOUT;
    arrival.length = ibwire::kMadBytes;
    m_umad.Put(arrival);
    m_umad.Put(MadNumber(4), ToUmad(Destination(1)));
    EXPECT_EQ(m_sink.Await(1).size(), 1U);
    EXPECT_EQ(m_port->Counts().returned, 1U);
    EXPECT_EQ(m_port->Counts().received, 1U);
}

TEST_F(UmadPortTest, SaysWhenNothingCanBeReceivedAnyMore)
{
    Start();
    m_umad.Break(ENODEV);
    EXPECT_NE(AwaitBroken().find("No such device"), std::string::npos);
}

TEST_F(UmadPortTest, AnswersForThePortAsItIsNow)
{
    EXPECT_EQ(m_port->FindGid(GidOfAddress(ibcm::IpAddress::V4(0x0a000001))), 3);
    EXPECT_EQ(m_port->FindGid(ibwire::Gid{}), std::nullopt);
    EXPECT_EQ(m_port->GidAt(3), GidOfAddress(ibcm::IpAddress::V4(0x0a000001)));
    EXPECT_TRUE(m_port->GidAt(0).IsZero());
    EXPECT_EQ(m_port->FindPkey(0xffff), 1);
    EXPECT_EQ(m_port->ActiveMtu(), 3);
    // Nobody is refused for the rate that a RoCE path claims.
    EXPECT_EQ(m_port->ActiveRate(), static_cast<std::uint8_t>(ibwire::Rate::k1200Gbps));
    PortSnapshot next;
    next.lid = 0x12;
    next.lmc = 1;
    next.rate = ibwire::Rate::k56Gbps;
    m_state.Set(next);
    EXPECT_EQ(m_port->Lid(), 0x12);
    EXPECT_EQ(m_port->Lmc(), 1);
    EXPECT_EQ(m_port->ActiveRate(), static_cast<std::uint8_t>(ibwire::Rate::k56Gbps));
}

} // namespace
} // namespace cmverbs::test
