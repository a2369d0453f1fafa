// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Two Connection Managers over two agents that do to MADs what the kernel does.
#include "ibcm-verbs/fake-umad.h"
#include "ibcm-verbs/model/port-events.h"
#include "ibcm-verbs/model/umad-address.h"
#include "ibcm-verbs/model/umad-port.h"
#include "ibcm/helper/host-runtime.h"
#include "ibcm/model/connection-manager.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <vector>

namespace cmverbs::test
{
namespace
{

constexpr std::uint64_t kService = 0x10000;

ibwire::Gid GidOfHost(std::uint32_t number)
{
    return GidOfAddress(ibcm::IpAddress::V4(0x0a000000U + number));
}

/** Accepts and completes whatever comes; keeps the names of events. */
class Consumer final : public ibcm::EventHandler
{
  public:
    ibcm::Disposition OnCmEvent(ibcm::ConnectionManager& manager,
                                ibcm::Handle id,
                                const ibcm::Event& event) override
    {
        if (event.type == ibcm::EventType::kReqReceived)
        {
            ibcm::RepParameters rep;
            rep.localQpn = 0x22;
            EXPECT_TRUE(manager.SendRep(id, rep));
        }
        if (event.type == ibcm::EventType::kRepReceived && answers)
        {
            EXPECT_TRUE(manager.SendRtu(id));
        }
        if (event.type == ibcm::EventType::kDreqReceived)
        {
            EXPECT_TRUE(manager.SendDrep(id));
        }
        const std::lock_guard hold(m_lock);
        m_latest = id;
        m_events.push_back(event.type);
        m_more.notify_all();
        return ibcm::Disposition::kKeep;
    }

    bool Await(ibcm::EventType type)
    {
        std::unique_lock hold(m_lock);
        return m_more.wait_for(hold,
                               std::chrono::seconds{20},
                               [this, type]
                               { return std::count(m_events.begin(), m_events.end(), type) != 0; });
    }

    ibcm::Handle Latest()
    {
        const std::lock_guard hold(m_lock);
        return m_latest;
    }

    bool answers{true}; ///< a REP by an RTU

  private:
    std::mutex m_lock;
    std::condition_variable m_more;
    ibcm::Handle m_latest{ibcm::Handle::kNone};
    std::vector<ibcm::EventType> m_events;
};

/** A host whose MADs another one gets, as through two kernels. */
class Host
{
  public:
    explicit Host(std::uint32_t number)
        : m_state(Port(number)),
          m_port(std::make_unique<BorrowedUmad>(m_umad), m_state, nullptr),
          m_mads(m_runtime, m_port, 1),
          m_manager(m_runtime, ibcm::DeviceInfo{0x100U + number, 0}),
          m_number(number)
    {
        EXPECT_TRUE(m_manager.AddPort(1, m_mads));
    }

    ~Host()
    {
        m_port.Stop();
    }

    void Join(Host& peer)
    {
        m_umad.onSend = [this, &peer](const FakeUmad::Sent& sent)
        {
            ibcm::MadAddress from = ReplyAddressOf(sent.address);
            from.dgid = GidOfHost(m_number);
            peer.m_umad.Put(AsKernelSends(sent.mad, 0x1000U + m_number), ToUmad(from));
            return 0;
        };
    }

    void Start()
    {
        m_port.Start(m_mads, [](const std::string& why) { ADD_FAILURE() << why; });
    }

    void Stop()
    {
        m_port.Stop();
    }

    ibcm::ConnectionManager& Manager()
    {
        return m_manager;
    }

    FakeUmad& Umad()
    {
        return m_umad;
    }

  private:
    static PortSnapshot Port(std::uint32_t number)
    {
        PortSnapshot port;
        port.active = true;
        port.ethernet = true;
        port.gids = {{GidOfHost(number), 1, GidType::kRoceV2, 2}};
        port.pkeys = {0xffff};
        return port;
    }

    FakeUmad m_umad;
    ibcm::HostRuntime m_runtime;
    PortState m_state;
    UmadPort m_port;
    ibcm::ReliablePort m_mads;
    ibcm::ConnectionManager m_manager;
    const std::uint32_t m_number;
};

class UmadConnection : public ::testing::Test
{
  protected:
    UmadConnection()
        : m_client(1),
          m_server(2)
    {
        m_client.Join(m_server);
        m_server.Join(m_client);
        m_client.Start();
        m_server.Start();
    }

    ~UmadConnection() override
    {
        m_client.Stop();
        m_server.Stop();
    }

    /** Asks for a connection. */
    ibcm::Handle Connect(std::uint32_t qpn)
    {
        const auto id = m_client.Manager().Create(m_active);
        ibcm::ReqParameters req;
        req.serviceId = kService;
        req.localQpn = qpn;
        req.primaryPath.sgid = GidOfHost(1);
        req.primaryPath.dgid = GidOfHost(2);
        req.primaryPath.hopLimit = 64;
        req.primaryPath.mtu = static_cast<std::uint8_t>(ibwire::Mtu::k1024);
        req.primaryPath.packetLifeTime = 8;
        EXPECT_TRUE(m_client.Manager().SendReq(*id, req));
        return *id;
    }

    ibcm::Handle Listen()
    {
        const auto id = m_server.Manager().Create(m_passive);
        EXPECT_TRUE(m_server.Manager().Listen(*id, kService));
        return *id;
    }

    Consumer m_active;
    Consumer m_passive;
    Host m_client;
    Host m_server;
};

TEST_F(UmadConnection, SurvivesThatTheKernelChangesTransactionIds)
{
    const ibcm::Handle listener = Listen();
    const ibcm::Handle id = Connect(0x11);
    ASSERT_TRUE(m_passive.Await(ibcm::EventType::kRtuReceived));
    ASSERT_TRUE(m_client.Manager().SendDreq(id));
    ASSERT_TRUE(m_active.Await(ibcm::EventType::kDrepReceived));
    ASSERT_TRUE(m_passive.Await(ibcm::EventType::kTimewaitExit));
    EXPECT_TRUE(m_client.Manager().Destroy(id));
    EXPECT_TRUE(m_server.Manager().Destroy(m_passive.Latest()));
    EXPECT_TRUE(m_server.Manager().Destroy(listener));
    EXPECT_EQ(m_client.Manager().LiveIds(), 0U);
    EXPECT_EQ(m_server.Manager().LiveIds(), 0U);
    // Each message once: nothing was dropped as the answer to something else.
    EXPECT_EQ(m_client.Umad().AllSent().size(), 3U);
    EXPECT_EQ(m_server.Umad().AllSent().size(), 2U);
}

TEST_F(UmadConnection, ToleratesGarbage)
{
    const ibcm::Handle listener = Listen();
    ibwire::MadBytes garbage;
    garbage.fill(0xff);
    m_server.Umad().Put(garbage, ib_mad_addr_t{});
    m_server.Umad().Put(ibwire::MadBytes{}, ib_mad_addr_t{});
    const ibcm::Handle id = Connect(0x11);
    EXPECT_TRUE(m_passive.Await(ibcm::EventType::kRtuReceived));
    EXPECT_TRUE(m_client.Manager().Destroy(id));
    EXPECT_TRUE(m_server.Manager().Destroy(m_passive.Latest()));
    EXPECT_TRUE(m_server.Manager().Destroy(listener));
}

TEST_F(UmadConnection, IsEstablishedByAnEventOfItsQueuePair)
{
    m_active.answers = false; // no RTU: data comes first
    const ibcm::Handle listener = Listen();
    const ibcm::Handle id = Connect(0x11);
    ASSERT_TRUE(m_active.Await(ibcm::EventType::kRepReceived));
    QpOwners owners(m_server.Manager());
    const auto notify = [this](ibcm::Handle owner)
    { return m_server.Manager().NotifyEstablished(owner); };
    owners.Tell(0x99, notify); // nobody's
    owners.Tell(0x22, notify);
    EXPECT_TRUE(m_passive.Await(ibcm::EventType::kUserEstablished));
    owners.Tell(0x22, notify); // again: it stands already
    EXPECT_TRUE(m_client.Manager().Destroy(id));
    const ibcm::Handle accepted = m_passive.Latest();
    EXPECT_TRUE(m_server.Manager().Destroy(accepted));
    int told = 0;
    owners.Tell(0x22,
                [&told](ibcm::Handle /*owner*/) -> ibcm::Status
                {
                    ++told;
                    return tl::unexpected(ibcm::CmError::kInvalidHandle);
                });
    EXPECT_EQ(told, 1); // the one that has gone, and then nobody
    EXPECT_TRUE(m_server.Manager().Destroy(listener));
}

} // namespace
} // namespace cmverbs::test
