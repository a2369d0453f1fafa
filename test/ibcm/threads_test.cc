// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The soak: managers on real threads, joined by a wire that loses, doubles and delays, and threads
// that connect, accept, reject, ask for more time, change paths, resolve services, share listeners,
// disconnect, replace ports and destroy at any time. Run it under TSan and ASan.
// WEFT_SOAK_SECONDS says for how long, its books take some 10 MB a second; without it 3 s, or 30 s
// with WEFT_LONG.
#include "hang-guard.h"
#include "ibcm/helper/host-runtime.h"
#include "soak-books.h"
#include "soak-host.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace ibcm::test
{
namespace
{

using std::chrono::milliseconds;
using std::chrono::seconds;
using SteadyClock = std::chrono::steady_clock;

constexpr unsigned kThreads = 8;
constexpr std::uint64_t kSeed = 20240611;

class Threads : public ::testing::Test
{
  protected:
    Threads();

    /** One thing that a thread does. */
    struct Operation
    {
        const char* name;
        unsigned weight;
        void (*perform)(SoakHost& host, Draws& draws);
    };

    /** A thread of the soak and what it is doing. */
    struct Worker
    {
        std::thread thread;
        std::atomic<const char*> doing{"nothing yet"};
        std::atomic<std::uint64_t> done{0};
    };

    static const std::vector<Operation>& Operations();
    static void OnSome(SoakHost& host, Draws& draws, void (SoakHost::*call)(SoakId&, Draws&));

    void Work(Worker& worker, std::uint64_t seed);
    void WorkUntilAllHasHappened();
    /** Events that must come at least once, or the soak has shown too little. */
    std::string Missing() const;
    std::uint64_t Events(EventType type) const;
    std::uint64_t Sum(std::atomic<std::uint64_t> SoakCounts::*count) const;
    std::string Describe() const;
    void Print() const;

    void EndAllIds();
    void CheckMessages();

    std::atomic<bool> m_stop{false};
    std::array<Worker, kThreads> m_workers;
    // Short queues: what would wait long is dropped, as no answer to it would be in time.
    ThreadedWire m_wire{{.threadsPerEnd = 2, .queuePerEnd = 64, .seed = kSeed}};
    HostRuntime m_runtimes[2];
    std::vector<std::unique_ptr<SoakHost>> m_hosts;
    HangGuard m_guard{seconds(120), [this] { return Describe(); }};
};

Threads::Threads()
{
    // Three hosts on two runtimes: two of them share threads for timers.
    for (std::uint16_t i = 0; i < 3; ++i)
    {
        m_hosts.push_back(std::make_unique<SoakHost>(
            m_runtimes[i % 2], m_wire, static_cast<std::uint16_t>(10 + 2 * i), kSeed + i));
    }
    for (const auto& host : m_hosts)
    {
        std::vector<const SoakHost*> peers;
        for (const auto& peer : m_hosts)
        {
            // Seldom to itself.
            peers.insert(peers.end(), peer == host ? 1 : 4, peer.get());
        }
        host->SetPeers(peers);
    }
    m_wire.SetFaults({.lossPerMillion = 30'000,
                      .duplicationPerMillion = 40'000,
                      .delayPerMillion = 100'000,
                      .longestDelay = milliseconds(3)});
}

void Threads::OnSome(SoakHost& host, Draws& draws, void (SoakHost::*call)(SoakId&, Draws&))
{
    if (SoakId* id = host.Any(draws))
    {
        (host.*call)(*id, draws);
    }
}

const std::vector<Threads::Operation>& Threads::Operations()
{
    static const std::vector<Operation> s_operations = {
        {"connect",
         24,
         [](SoakHost& host, Draws& draws)
         {
             if (host.Crowded())
             {
                 host.DestroySpare();
             }
             else if (SoakId* id = host.Create(draws))
             {
                 host.Connect(*id, draws);
             }
         }},
        {"listen",
         2,
         [](SoakHost& host, Draws& draws)
         {
             if (SoakId* id = host.Create(draws))
             {
                 host.Listen(*id, draws);
             }
         }},
        {"next step",
         40,
         [](SoakHost& host, Draws& draws) { OnSome(host, draws, &SoakHost::NextStep); }},
        {"any call",
         8,
         [](SoakHost& host, Draws& draws) { OnSome(host, draws, &SoakHost::AnyCall); }},
        {"ask for a service",
         6,
         [](SoakHost& host, Draws& draws)
         {
             if (SoakId* id = host.Create(draws))
             {
                 host.AskService(*id, draws);
             }
         }},
        {"share a listener", 4, [](SoakHost& host, Draws& draws) { host.JoinShared(draws); }},
        {"leave a listener", 4, [](SoakHost& host, Draws& draws) { host.LeaveShared(draws); }},
        {"read", 2, [](SoakHost& host, Draws&) { host.Read(); }},
        {"query", 6, [](SoakHost& host, Draws& draws) { OnSome(host, draws, &SoakHost::Query); }},
        {"destroy",
         6,
         [](SoakHost& host, Draws& draws)
         {
             if (SoakId* id = host.Any(draws))
             {
                 host.Destroy(*id);
             }
         }},
        {"destroy what had to make room", 26, [](SoakHost& host, Draws&) { host.DestroySpare(); }},
        // Without it the threads that deliver get so little time that hardly any answer is in time.
        {"sleep",
         30,
         [](SoakHost&, Draws& draws)
         { std::this_thread::sleep_for(std::chrono::microseconds(draws.Below(1000))); }},
    };
    return s_operations;
}

void Threads::Work(Worker& worker, std::uint64_t seed)
{
    Draws draws(seed);
    std::uint64_t weights = 0;
    for (const Operation& operation : Operations())
    {
        weights += operation.weight;
    }
    while (!m_stop)
    {
        SoakHost& host = *m_hosts[draws.Below(m_hosts.size())];
        std::uint64_t left = draws.Below(weights);
        const Operation* chosen = Operations().data();
        while (left >= chosen->weight)
        {
            left -= chosen->weight;
            ++chosen;
        }
        worker.doing.store(chosen->name, std::memory_order_relaxed);
        chosen->perform(host, draws);
        worker.done.fetch_add(1, std::memory_order_relaxed);
    }
    worker.doing.store("nothing more", std::memory_order_relaxed);
}

std::uint64_t Threads::Events(EventType type) const
{
    std::uint64_t sum = 0;
    for (const auto& host : m_hosts)
    {
        sum += host->counts.events.at(static_cast<std::size_t>(type));
    }
    return sum;
}

std::string Threads::Missing() const
{
    constexpr EventType kExpected[] = {EventType::kReqError,
                                       EventType::kReqReceived,
                                       EventType::kRepError,
                                       EventType::kRepReceived,
                                       EventType::kRtuReceived,
                                       EventType::kUserEstablished,
                                       EventType::kDreqError,
                                       EventType::kDreqReceived,
                                       EventType::kDrepReceived,
                                       EventType::kTimewaitExit,
                                       EventType::kMraReceived,
                                       EventType::kRejReceived,
                                       EventType::kLapError,
                                       EventType::kLapReceived,
                                       EventType::kAprReceived,
                                       EventType::kSidrReqError,
                                       EventType::kSidrReqReceived,
                                       EventType::kSidrRepReceived};
    std::string missing;
    for (const EventType type : kExpected)
    {
        if (Events(type) == 0)
        {
            missing += std::string(" ") + ToString(type);
        }
    }
    const auto expect = [&](const char* what, std::atomic<std::uint64_t> SoakCounts::*count)
    { missing += Sum(count) == 0 ? std::string(" ") + what : ""; };
    expect("migration", &SoakCounts::migrated);
    expect("shared listener", &SoakCounts::joined);
    expect("other port", &SoakCounts::portsReplaced);
    return missing;
}

std::uint64_t Threads::Sum(std::atomic<std::uint64_t> SoakCounts::*count) const
{
    std::uint64_t sum = 0;
    for (const auto& host : m_hosts)
    {
        sum += host->counts.*count;
    }
    return sum;
}

std::string Threads::Describe() const
{
    std::ostringstream text;
    for (const Worker& worker : m_workers)
    {
        text << "thread: " << worker.doing << ", " << worker.done << " operations\n";
    }
    for (const auto& host : m_hosts)
    {
        text << "host " << host->lid << ": " << host->cm.LiveIds() << " ids, "
             << host->cm.PeerRecords() << " peers, ";
        const auto outstanding = host->Outstanding();
        text << (outstanding ? std::to_string(*outstanding) + " sends outstanding\n"
                             : "its port is being replaced\n");
    }
    text << "on the wire: " << m_wire.Waiting() << "\nnot seen yet:" << Missing() << "\n";
    return text.str();
}

void Threads::WorkUntilAllHasHappened()
{
    m_wire.Start();
    for (unsigned i = 0; i < kThreads; ++i)
    {
        m_workers[i].thread = std::thread([this, i] { Work(m_workers[i], kSeed * (i + 2)); });
    }
    // As long as asked for, and on a slow machine until there is something to judge by.
    const auto end = SteadyClock::now() + SoakDuration();
    const auto atLatest = end + seconds(60);
    std::uint64_t before = 0;
    Draws draws(kSeed);
    while (SteadyClock::now() < end || (!Missing().empty() && SteadyClock::now() < atLatest))
    {
        std::this_thread::sleep_for(milliseconds(20));
        // Seldom: what was connected through a port that has gone says no more.
        if (draws.OneIn(8))
        {
            m_hosts[draws.Below(m_hosts.size())]->ReplacePort(draws);
        }
        std::uint64_t done = 0;
        bool all = true;
        for (const Worker& worker : m_workers)
        {
            done += worker.done;
        }
        all = done >= before + kThreads;
        if (all)
        {
            m_guard.Feed();
            before = done;
        }
    }
    m_stop = true;
    for (Worker& worker : m_workers)
    {
        worker.thread.join();
    }
    m_guard.Feed();
}

void Threads::EndAllIds()
{
    m_wire.SetFaults({});
    for (const auto& host : m_hosts)
    {
        host->DestroyAll();
        m_guard.Feed();
        EXPECT_EQ(host->cm.LiveIds(), 0U);
        EXPECT_EQ(host->Outstanding(), 0U) << "a send has outlived its id";
    }
    // Peers in TIMEWAIT go by themselves; the guard ends the test if they do not.
    for (const auto& host : m_hosts)
    {
        while (host->cm.PeerRecords() != 0)
        {
            std::this_thread::sleep_for(milliseconds(1));
        }
    }
    while (m_wire.Waiting() != 0)
    {
        std::this_thread::sleep_for(milliseconds(1));
    }
    m_guard.Feed();
    m_wire.Stop();
    for (const auto& host : m_hosts)
    {
        EXPECT_EQ(host->cm.LiveIds(), 0U) << "a late message has made an id";
        EXPECT_EQ(host->Outstanding(), 0U);
    }
}

void Threads::CheckMessages()
{
    MessageCounters all;
    for (const auto& host : m_hosts)
    {
        all += host->cm.Counters();
    }
    CheckBooks(m_wire.Counters(), all);
}

void Threads::Print() const
{
    std::ostringstream text;
    for (std::size_t i = 0; i < SoakCounts::kEvents; ++i)
    {
        const auto type = static_cast<EventType>(i);
        if (const std::uint64_t count = Events(type); count != 0)
        {
            text << "  " << ToString(type) << " " << count;
        }
    }
    const WireTally total = m_wire.Counters().Total();
    const auto add = [&](const char* what, std::uint64_t count)
    { text << "  " << what << " " << count; };
    text << "\n";
    add("ids", Sum(&SoakCounts::created));
    add("destroyed by call", Sum(&SoakCounts::destroyedByCall));
    add("by answer", Sum(&SoakCounts::answeredDestroy) + Sum(&SoakCounts::answeredNoMemory));
    add("calls", Sum(&SoakCounts::calls));
    add("refused", Sum(&SoakCounts::refused));
    add("migrations", Sum(&SoakCounts::migrated));
    add("shared", Sum(&SoakCounts::joined));
    add("ports", Sum(&SoakCounts::portsReplaced));
    text << "\n";
    add("MADs", total.transmitted);
    add("lost", total.lost);
    add("doubled", total.duplicated);
    add("overflowed", total.overflowed);
    add("unclaimed", total.unclaimed);
    std::printf("%s\n", text.str().c_str());
}

TEST_F(Threads, AnythingAtAnyTime)
{
    WorkUntilAllHasHappened();
    EndAllIds();
    CheckMessages();
    EXPECT_EQ(Missing(), "") << "events that never came";
    EXPECT_GT(Sum(&SoakCounts::wouldDeadlock), 0U);
    Print();
}

} // namespace
} // namespace ibcm::test
