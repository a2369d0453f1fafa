// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The wire of the tests with threads: what it loses, doubles and delays, and that its books
// balance.
#include "hang-guard.h"
#include "ibcm/helper/host-runtime.h"
#include "ibcm/helper/threaded-wire.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

namespace ibcm::test
{
namespace
{

constexpr std::uint16_t kLidA = 10;
constexpr std::uint16_t kLidB = 20;

ibwire::MadBytes Mad(ibwire::CmAttribute attribute)
{
    ibwire::MadBytes mad{};
    mad[1] = static_cast<std::uint8_t>(ibwire::MgmtClass::kCm);
    mad[17] = static_cast<std::uint8_t>(attribute);
    return mad;
}

MadAddress To(std::uint16_t lid)
{
    MadAddress address;
    address.dlid = lid;
    return address;
}

/** Where deliveries end. */
class Sink final : public MadSink
{
  public:
    void OnReceive(std::uint8_t, const ReceivedMad& mad) override
    {
        const int inside = ++m_inside;
        if (react)
        {
            react(mad);
        }
        for (int most = mostAtOnce;
             inside > most && !mostAtOnce.compare_exchange_weak(most, inside);)
        {
        }
        --m_inside;
        ++received;
    }

    void OnSendDone(std::uint64_t, SendToken, SendStatus) override
    {
    }

    std::atomic<std::uint64_t> received{0};
    std::atomic<int> mostAtOnce{0};
    std::function<void(const ReceivedMad&)> react;

  private:
    std::atomic<int> m_inside{0};
};

/** A transmits, B receives. */
class Wired
{
  public:
    explicit Wired(const ThreadedWireOptions& options = {},
                   EndTables tablesA = {.lid = kLidA},
                   EndTables tablesB = {.lid = kLidB})
        : wire(options),
          a(wire.AddEnd(std::move(tablesA))),
          b(wire.AddEnd(std::move(tablesB))),
          port(runtime, b, 1)
    {
        port.SetSink(&sink);
        b.Attach(&port);
    }

    ~Wired()
    {
        wire.Stop();
        port.SetSink(nullptr);
    }

    bool Transmit(ibwire::CmAttribute attribute = ibwire::CmAttribute::kReq,
                  const MadAddress& address = To(kLidB))
    {
        return a.Transmit(Mad(attribute), address);
    }

    void Drain()
    {
        while (wire.Waiting() != 0)
        {
            std::this_thread::yield();
        }
        wire.Stop();
    }

    HangGuard guard{std::chrono::minutes(3)};
    HostRuntime runtime;
    ThreadedWire wire;
    ThreadedWire::End& a;
    ThreadedWire::End& b;
    ReliablePort port;
    Sink sink;
};

TEST(ThreadedWire, DeliversEachMadOnceAndCountsItByItsAttribute)
{
    Wired wired;
    wired.wire.Start();
    for (int i = 0; i < 300; ++i)
    {
        EXPECT_TRUE(
            wired.Transmit(i % 3 == 0 ? ibwire::CmAttribute::kRep : ibwire::CmAttribute::kDrep));
    }
    EXPECT_TRUE(wired.a.Transmit({}, To(kLidB))); // no CM message
    wired.Drain();
    const WireCounters counters = wired.wire.Counters();
    EXPECT_EQ(wired.sink.received, 301U);
    EXPECT_EQ(counters.Of(ibwire::CmAttribute::kRep).transmitted, 100U);
    EXPECT_EQ(counters.Of(ibwire::CmAttribute::kRep).delivered, 100U);
    EXPECT_EQ(counters.Of(ibwire::CmAttribute::kDrep).delivered, 200U);
    EXPECT_EQ(counters.Of(ibwire::CmAttribute::kReq).transmitted, 0U);
    EXPECT_EQ(counters.OfOthers().delivered, 1U);
    EXPECT_EQ(counters.Total().delivered, 301U);
}

TEST(ThreadedWire, TellsTheReceiverHowToAnswer)
{
    EndTables tablesA{.lid = 8, .pkeys = {0x7fff, 0x8123}, .lmc = 2};
    EndTables tablesB{.lid = 16, .pkeys = {0xffff, 0x0001, 0x0123}, .lmc = 1};
    tablesA.gids.resize(2);
    tablesA.gids[1].raw[15] = 0xa;
    tablesB.gids.resize(2);
    tablesB.gids[1].raw[15] = 0xb;
    Wired wired({}, tablesA, tablesB);
    MadAddress address = To(17);
    address.sl = 3;
    address.sourcePathBits = 2;
    address.pkeyIndex = 1;
    address.hasGrh = true;
    address.dgid = tablesB.gids[1];
    address.sgidIndex = 1;
    address.flowLabel = 77;
    address.hopLimit = 9;
    address.trafficClass = 4;
    wired.sink.react = [&](const ReceivedMad& mad)
    {
        EXPECT_EQ(mad.bytes, Mad(ibwire::CmAttribute::kReq));
        EXPECT_EQ(mad.pkey, 0x8123);
        EXPECT_EQ(mad.destinationPathBits, 1);
        MadAddress expected;
        expected.dlid = 10;
        expected.sl = 3;
        expected.sourcePathBits = 1;
        expected.pkeyIndex = 2;
        expected.hasGrh = true;
        expected.dgid = tablesA.gids[1];
        expected.sgidIndex = 1;
        expected.flowLabel = 77;
        expected.hopLimit = 9;
        expected.trafficClass = 4;
        EXPECT_EQ(mad.replyAddress, expected);
    };
    wired.wire.Start();
    EXPECT_TRUE(wired.Transmit(ibwire::CmAttribute::kReq, address));
    wired.Drain();
    EXPECT_EQ(wired.sink.received, 1U);
}

TEST(ThreadedWire, SaysWhatItsTablesSay)
{
    EndTables tables{.lid = 16, .lmc = 3};
    tables.activeMtu = ibwire::Mtu::k2048;
    tables.activeRate = ibwire::Rate::k56Gbps;
    tables.gids.resize(1);
    tables.gids[0].raw[15] = 7;
    const Wired wired({}, {.lid = kLidA}, tables);
    EXPECT_EQ(wired.port.Lid(), 16);
    EXPECT_EQ(wired.port.Lmc(), 3);
    EXPECT_EQ(wired.port.ActiveMtu(), static_cast<std::uint8_t>(ibwire::Mtu::k2048));
    EXPECT_EQ(wired.port.ActiveRate(), static_cast<std::uint8_t>(ibwire::Rate::k56Gbps));
    EXPECT_EQ(wired.port.FindGid(tables.gids[0]), 0);
    EXPECT_EQ(wired.port.GidAt(0), tables.gids[0]);
    EXPECT_EQ(wired.port.FindPkey(0xffff), 0);
    EXPECT_EQ(wired.a.Lmc(), 0);
    EXPECT_EQ(wired.a.ActiveMtu(), static_cast<std::uint8_t>(ibwire::Mtu::k4096));
    EXPECT_EQ(wired.a.ActiveRate(), static_cast<std::uint8_t>(ibwire::Rate::k100Gbps));
}

TEST(ThreadedWire, LosesWhatNobodyTakes)
{
    Wired wired({}, {.lid = kLidA, .pkeys = {0xffff, 0x8123}});
    wired.wire.Start();
    EXPECT_TRUE(wired.Transmit(ibwire::CmAttribute::kReq, To(30)));    // no such LID
    EXPECT_TRUE(wired.Transmit(ibwire::CmAttribute::kReq, To(kLidA))); // no port attached there
    MadAddress foreign = To(kLidB);
    foreign.pkeyIndex = 1; // not in B's table
    EXPECT_TRUE(wired.Transmit(ibwire::CmAttribute::kReq, foreign));
    foreign.pkeyIndex = 2; // not even in A's
    EXPECT_TRUE(wired.Transmit(ibwire::CmAttribute::kReq, foreign));
    wired.Drain();
    EXPECT_EQ(wired.wire.Counters().Total().transmitted, 4U);
    EXPECT_EQ(wired.wire.Counters().Total().unclaimed, 4U);
    EXPECT_EQ(wired.sink.received, 0U);
}

TEST(ThreadedWire, LosesAndDoublesWhatItsFaultsSay)
{
    Wired wired;
    wired.wire.Start();
    wired.wire.SetFaults({.lossPerMillion = WireFaults::kAlways});
    for (int i = 0; i < 50; ++i)
    {
        wired.Transmit();
    }
    wired.wire.SetFaults({.duplicationPerMillion = WireFaults::kAlways});
    for (int i = 0; i < 50; ++i)
    {
        wired.Transmit();
    }
    wired.wire.SetFaults({.lossPerMillion = 300'000, .duplicationPerMillion = 200'000});
    for (int i = 0; i < 20'000; ++i)
    {
        wired.Transmit(ibwire::CmAttribute::kRtu);
        while (wired.wire.Waiting() > 500)
        {
            std::this_thread::yield();
        }
    }
    wired.Drain();
    const WireTally always = wired.wire.Counters().Of(ibwire::CmAttribute::kReq);
    EXPECT_EQ(always.lost, 50U);
    EXPECT_EQ(always.duplicated, 50U);
    EXPECT_EQ(always.delivered, 100U);
    // Seven standard deviations on either side, and the same draws each time.
    const WireTally some = wired.wire.Counters().Of(ibwire::CmAttribute::kRtu);
    EXPECT_NEAR(static_cast<double>(some.duplicated), 4'000, 400);
    EXPECT_NEAR(static_cast<double>(some.lost), 7'200, 500);
    EXPECT_EQ(some.delivered, some.transmitted + some.duplicated - some.lost);
    EXPECT_EQ(some.overflowed, 0U);
}

TEST(ThreadedWire, WhatIsDelayedIsOvertakenAndArrives)
{
    Wired wired({.threadsPerEnd = 1});
    std::vector<std::uint8_t> order; // the only delivering thread writes, Drain orders the read
    wired.sink.react = [&](const ReceivedMad& mad) { order.push_back(mad.bytes.back()); };
    wired.wire.Start();
    wired.wire.SetFaults(
        {.delayPerMillion = WireFaults::kAlways, .longestDelay = std::chrono::milliseconds(20)});
    for (std::uint8_t i = 0; i < 100; ++i)
    {
        ibwire::MadBytes mad = Mad(ibwire::CmAttribute::kReq);
        mad.back() = i;
        EXPECT_TRUE(wired.a.Transmit(mad, To(kLidB)));
    }
    wired.Drain();
    EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
    std::sort(order.begin(), order.end());
    std::vector<std::uint8_t> all(100);
    std::iota(all.begin(), all.end(), std::uint8_t{0});
    EXPECT_EQ(order, all);
}

TEST(ThreadedWire, AFullQueueDropsAndSeveralThreadsDeliver)
{
    constexpr unsigned kThreads = 3;
    constexpr unsigned kQueue = 8;
    Wired wired({.threadsPerEnd = kThreads, .queuePerEnd = kQueue});
    std::atomic<unsigned> inside{0};
    std::atomic<bool> open{false};
    wired.sink.react = [&](const ReceivedMad&)
    {
        ++inside;
        while (!open)
        {
            std::this_thread::yield();
        }
    };
    wired.wire.Start();
    for (unsigned i = 0; i < kQueue + 5; ++i)
    {
        EXPECT_TRUE(wired.Transmit());
    }
    while (inside != kThreads) // hangs if they are delivered one after the other
    {
        std::this_thread::yield();
    }
    EXPECT_EQ(wired.wire.Waiting(), kQueue);
    EXPECT_EQ(wired.wire.Counters().Total().overflowed, 5U);
    open = true;
    wired.Drain();
    EXPECT_EQ(wired.sink.received, kQueue);
    EXPECT_EQ(wired.sink.mostAtOnce, static_cast<int>(kThreads));
}

TEST(ThreadedWire, NothingCanBeHandedToAWireThatIsStoppedOrDown)
{
    Wired wired;
    EXPECT_FALSE(wired.Transmit());
    wired.wire.Start();
    wired.a.SetDown(true);
    EXPECT_FALSE(wired.Transmit());
    wired.a.SetDown(false);
    EXPECT_TRUE(wired.Transmit());
    wired.Drain();
    EXPECT_FALSE(wired.Transmit());
    EXPECT_EQ(wired.wire.Counters().Total().transmitted, 1U);
    wired.wire.Start();
    EXPECT_TRUE(wired.Transmit());
    wired.Drain();
    EXPECT_EQ(wired.sink.received, 2U);
}

TEST(ThreadedWire, StopWaitsForDeliveriesAndKeepsTheRest)
{
    Wired wired({.threadsPerEnd = 2, .queuePerEnd = 100});
    std::atomic<int> inside{0};
    wired.sink.react = [&](const ReceivedMad&)
    {
        ++inside;
        std::this_thread::yield();
        --inside;
    };
    for (int round = 0; round < 50; ++round)
    {
        wired.wire.Start();
        for (int i = 0; i < 20; ++i)
        {
            wired.Transmit();
        }
        wired.wire.Stop();
        EXPECT_EQ(inside, 0);
        const std::uint64_t received = wired.sink.received;
        const WireTally tally = wired.wire.Counters().Total();
        EXPECT_EQ(tally.delivered, received);
        EXPECT_EQ(tally.transmitted, tally.delivered + tally.overflowed + tally.waiting);
    }
}

TEST(ThreadedWire, APortMayGoWhileTheWireRuns)
{
    Wired wired({.threadsPerEnd = 2, .queuePerEnd = 100});
    std::atomic<int> inside{0};
    wired.sink.react = [&](const ReceivedMad&)
    {
        ++inside;
        std::this_thread::yield();
        --inside;
    };
    wired.wire.Start();
    for (int round = 0; round < 50; ++round)
    {
        for (int i = 0; i < 20; ++i)
        {
            wired.Transmit();
        }
        wired.b.Attach(nullptr);
        EXPECT_EQ(inside, 0);
        const std::uint64_t received = wired.sink.received;
        wired.Transmit();
        while (wired.wire.Waiting() != 0)
        {
            std::this_thread::yield();
        }
        EXPECT_EQ(wired.sink.received, received) << "delivered to a port that has gone";
        wired.b.Attach(&wired.port);
    }
    wired.Drain();
    const WireTally tally = wired.wire.Counters().Total();
    EXPECT_EQ(tally.delivered, wired.sink.received);
    EXPECT_GE(tally.unclaimed, 50U);
    EXPECT_EQ(tally.transmitted, tally.delivered + tally.unclaimed + tally.overflowed);
}

TEST(ThreadedWire, AnEndSaysWhatStandsInItsTables)
{
    ThreadedWire wire;
    ThreadedWire::End& end = wire.AddEnd({.lid = 8,
                                          .gids = {},
                                          .pkeys = {0xffff},
                                          .lmc = 3,
                                          .activeMtu = ibwire::Mtu::k1024,
                                          .activeRate = ibwire::Rate::k10Gbps});
    HostRuntime runtime;
    const ReliablePort port(runtime, end, 1);
    EXPECT_EQ(port.Lid(), 8);
    EXPECT_EQ(port.Lmc(), 3);
    EXPECT_EQ(port.ActiveMtu(), static_cast<std::uint8_t>(ibwire::Mtu::k1024));
    EXPECT_EQ(port.ActiveRate(), static_cast<std::uint8_t>(ibwire::Rate::k10Gbps));
}

TEST(ThreadedWire, TheBooksBalanceInAStorm)
{
    Wired wired({.threadsPerEnd = 3, .queuePerEnd = 64, .seed = 5});
    wired.wire.SetFaults({.lossPerMillion = 100'000,
                          .duplicationPerMillion = 200'000,
                          .delayPerMillion = 300'000,
                          .longestDelay = std::chrono::microseconds(200)});
    wired.wire.Start();
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
    {
        threads.emplace_back(
            [&wired]
            {
                for (int time = 0; time < 3000; ++time)
                {
                    EXPECT_TRUE(wired.Transmit(static_cast<ibwire::CmAttribute>(0x10 + time % 11),
                                               To(time % 50 == 0 ? 33 : kLidB)));
                }
            });
    }
    for (std::thread& thread : threads)
    {
        thread.join();
    }
    wired.Drain();
    const WireCounters counters = wired.wire.Counters();
    for (unsigned attribute = 0x10; attribute <= 0x1a; ++attribute)
    {
        const WireTally tally = counters.Of(static_cast<ibwire::CmAttribute>(attribute));
        EXPECT_EQ(tally.transmitted + tally.duplicated,
                  tally.delivered + tally.lost + tally.overflowed + tally.unclaimed);
        EXPECT_GT(tally.delivered, 0U);
    }
    EXPECT_EQ(counters.Total().transmitted, 12'000U);
    EXPECT_EQ(counters.Total().unclaimed, 240U);
    EXPECT_EQ(counters.Total().delivered, wired.sink.received);
    EXPECT_EQ(counters.Total().waiting, 0U);
}

TEST(ThreadedWire, RefusesWhatCannotWork)
{
    EXPECT_THROW(ThreadedWire({.threadsPerEnd = 0}), std::invalid_argument);
    EXPECT_THROW(ThreadedWire({.queuePerEnd = 0}), std::invalid_argument);
    Wired wired;
    wired.wire.Start();
    EXPECT_THROW(wired.wire.AddEnd({.lid = 30}), std::logic_error);
}

} // namespace
} // namespace ibcm::test
