// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Ports that come, go and are freed while other threads ask about them: run it under ASan and TSan.
#include "hang-guard.h"
#include "ib-wire/model/cm-messages.h"
#include "ibcm/helper/host-runtime.h"
#include "ibcm/helper/loopback-wire.h"
#include "ibcm/model/connection-manager.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <thread>

namespace ibcm::test
{
namespace
{

constexpr std::uint16_t kOwnLid = 10;
constexpr std::uint16_t kPeerLid = 20;
constexpr unsigned kRounds = 200;

ibwire::Gid GidOfLid(std::uint16_t lid)
{
    return ibwire::Gid::From(ibwire::kDefaultGidPrefix, 0x0002c90300000000 + lid);
}

class NoEvents final : public EventHandler
{
  public:
    Disposition OnCmEvent(ConnectionManager&, Handle, const Event&) override
    {
        return Disposition::kKeep;
    }
};

class PortThreads : public ::testing::Test
{
  protected:
    PortThreads()
        : cm(runtime, {.caGuid = 0x4711, .caAckDelay = 8})
    {
    }

    /** Has a thread do @p work again and again while a port comes and goes. */
    void WhileAPortComesAndGoes(const std::function<void()>& work)
    {
        std::atomic<bool> started{false};
        std::atomic<bool> stop{false};
        std::thread other(
            [&]
            {
                while (!stop)
                {
                    work();
                    started = true;
                }
            });
        while (!started)
        {
            std::this_thread::yield();
        }
        for (unsigned i = 0; i < kRounds; ++i)
        {
            DownWire wire;
            auto port = std::make_unique<ReliablePort>(runtime, wire, std::uint8_t{1});
            ASSERT_TRUE(cm.AddPort(1, *port));
            ASSERT_TRUE(cm.RemovePort(1));
        }
        stop = true;
        other.join();
    }

    /** Takes nothing. */
    class DownWire final : public TabledEnd
    {
      public:
        DownWire()
            : TabledEnd({.lid = kOwnLid, .gids = {GidOfLid(kOwnLid)}})
        {
        }

        bool Transmit(const ibwire::MadBytes&, const MadAddress&) override
        {
            return false;
        }
    };

    HangGuard guard{std::chrono::minutes(3)};
    HostRuntime runtime;
    NoEvents handler;
    ConnectionManager cm;
};

TEST_F(PortThreads, CountersMayBeReadWhileAPortGoes)
{
    WhileAPortComesAndGoes(
        [&]
        {
            const MessageCounters all = cm.Counters();
            EXPECT_EQ(all.retried, PerMessage{});
        });
}

TEST_F(PortThreads, ARequestMayLookForItsPortWhileThatGoes)
{
    ReqParameters req;
    req.serviceId = 0x1000;
    req.localQpn = 7;
    req.primaryPath.sgid = GidOfLid(kOwnLid);
    req.primaryPath.dgid = GidOfLid(kPeerLid);
    req.primaryPath.slid = kOwnLid;
    req.primaryPath.dlid = kPeerLid;
    WhileAPortComesAndGoes(
        [&]
        {
            const auto id = cm.Create(handler);
            ASSERT_TRUE(id);
            const Status sent = cm.SendReq(*id, req);
            ASSERT_FALSE(sent);
            EXPECT_TRUE(sent.error() == CmError::kNoPort || sent.error() == CmError::kSendFailed)
                << ToString(sent.error());
            ASSERT_TRUE(cm.Destroy(*id));
        });
}

/** Says when it is asked for a GID, and answers when it is told to. */
class AskedEnd final : public TabledEnd
{
  public:
    AskedEnd()
        : TabledEnd({.lid = kPeerLid, .gids = {GidOfLid(kPeerLid)}})
    {
    }

    bool Transmit(const ibwire::MadBytes&, const MadAddress&) override
    {
        return true;
    }

    std::optional<std::uint8_t> FindGid(const ibwire::Gid& gid) const override
    {
        asked = true;
        while (!answer)
        {
            std::this_thread::yield();
        }
        return TabledEnd::FindGid(gid);
    }

    mutable std::atomic<bool> asked{false};
    std::atomic<bool> answer{false};
};

TEST_F(PortThreads, APortStaysWhileADeliveryAtAnotherAsksIt)
{
    DownWire first;
    ReliablePort arrival(runtime, first, 1);
    ASSERT_TRUE(cm.AddPort(1, arrival));
    AskedEnd second;
    ReliablePort other(runtime, second, 2);
    ASSERT_TRUE(cm.AddPort(2, other));

    ibwire::CmReq req;
    req.localCommId = 1;
    req.localQpn = 7;
    req.primaryRemoteGid = GidOfLid(kPeerLid);
    ReceivedMad mad;
    mad.bytes = ibwire::EncodeCm({}, req).value();
    std::thread delivery([&] { arrival.Received(mad); });
    while (!second.asked)
    {
        std::this_thread::yield();
    }
    std::atomic<bool> removed{false};
    std::thread remover(
        [&]
        {
            EXPECT_TRUE(cm.RemovePort(2));
            removed = true;
        });
    // Too short to be sure that it would have ended by now; long enough to see it now and then.
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_FALSE(removed);
    second.answer = true;
    delivery.join();
    remover.join();
    EXPECT_TRUE(removed);
    ASSERT_TRUE(cm.RemovePort(1));
}

} // namespace
} // namespace ibcm::test
