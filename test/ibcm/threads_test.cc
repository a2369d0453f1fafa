// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The soak: managers on real threads, joined by a wire that loses, doubles and delays, and threads
// that connect, accept, reject, disconnect and destroy at any time. Run it under TSan and ASan.
// WEFT_SOAK_SECONDS says for how long, its books take some 10 MB a second; without it 3 s, or 30 s
// with WEFT_LONG.
#include "hang-guard.h"
#include "ibcm/helper/host-runtime.h"
#include "soak-host.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
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

/** How long, from the environment; a value that is no number of seconds fails the test. */
seconds Duration()
{
    if (const char* text = std::getenv("WEFT_SOAK_SECONDS"))
    {
        char* end = nullptr;
        const long value = std::strtol(text, &end, 10);
        if (*text == '\0' || *end != '\0' || value < 1 || value > 600)
        {
            ADD_FAILURE() << "WEFT_SOAK_SECONDS is '" << text
                          << "', expected a number of seconds from 1 to 600";
            return seconds(1);
        }
        return seconds(value);
    }
    return std::getenv("WEFT_LONG") != nullptr ? seconds(30) : seconds(3);
}

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
            m_runtimes[i % 2], m_wire, static_cast<std::uint16_t>(10 + i), kSeed + i));
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
                                       EventType::kRejReceived};
    std::string missing;
    for (const EventType type : kExpected)
    {
        if (Events(type) == 0)
        {
            missing += std::string(" ") + ToString(type);
        }
    }
    return missing;
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
             << host->cm.PeerRecords() << " peers, " << host->port.Outstanding()
             << " sends outstanding\n";
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
    const auto end = SteadyClock::now() + Duration();
    const auto atLatest = end + seconds(60);
    std::uint64_t before = 0;
    while (SteadyClock::now() < end || (!Missing().empty() && SteadyClock::now() < atLatest))
    {
        std::this_thread::sleep_for(milliseconds(20));
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
        EXPECT_EQ(host->port.Outstanding(), 0U) << "a send has outlived its id";
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
        EXPECT_EQ(host->port.Outstanding(), 0U);
    }
}

void Threads::CheckMessages()
{
    const WireCounters wire = m_wire.Counters();
    MessageCounters all;
    std::uint64_t retried = 0;
    for (const auto& host : m_hosts)
    {
        all += host->cm.Counters();
    }
    for (std::size_t kind = 0; kind < MessageCounters::kKinds; ++kind)
    {
        const auto attribute = static_cast<ibwire::CmAttribute>(
            static_cast<std::size_t>(ibwire::CmAttribute::kReq) + kind);
        const WireTally& tally = wire.Of(attribute);
        SCOPED_TRACE(ibwire::ToString(attribute));
        EXPECT_EQ(all.sent[kind] + all.retried[kind], tally.transmitted);
        EXPECT_EQ(tally.transmitted + tally.duplicated,
                  tally.delivered + tally.lost + tally.overflowed + tally.unclaimed);
        EXPECT_EQ(all.received[kind], tally.delivered);
        retried += all.retried[kind];
    }
    EXPECT_GT(retried, 0U);
    EXPECT_EQ(all.Malformed(), 0U);
    EXPECT_EQ(wire.OfOthers().transmitted, 0U);
    EXPECT_GT(wire.Total().lost, 0U);
    EXPECT_GT(wire.Total().duplicated, 0U);
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
    std::uint64_t calls = 0;
    std::uint64_t refused = 0;
    std::uint64_t created = 0;
    std::uint64_t destroyed = 0;
    std::uint64_t answered = 0;
    for (const auto& host : m_hosts)
    {
        const SoakCounts& counts = host->counts;
        calls += counts.calls;
        refused += counts.refused;
        created += counts.created;
        destroyed += counts.destroyedByCall;
        answered += counts.answeredDestroy + counts.answeredNoMemory;
    }
    const WireTally total = m_wire.Counters().Total();
    std::printf("%s\n  ids %llu, destroyed %llu by call, %llu by answer; calls %llu, refused %llu; "
                "MADs %llu, lost %llu, doubled %llu, overflowed %llu\n",
                text.str().c_str(),
                static_cast<unsigned long long>(created),
                static_cast<unsigned long long>(destroyed),
                static_cast<unsigned long long>(answered),
                static_cast<unsigned long long>(calls),
                static_cast<unsigned long long>(refused),
                static_cast<unsigned long long>(total.transmitted),
                static_cast<unsigned long long>(total.lost),
                static_cast<unsigned long long>(total.duplicated),
                static_cast<unsigned long long>(total.overflowed));
}

TEST_F(Threads, AnythingAtAnyTime)
{
    WorkUntilAllHasHappened();
    EndAllIds();
    CheckMessages();
    EXPECT_EQ(Missing(), "") << "events that never came";
    std::uint64_t wouldDeadlock = 0;
    for (const auto& host : m_hosts)
    {
        wouldDeadlock += host->counts.wouldDeadlock;
    }
    EXPECT_GT(wouldDeadlock, 0U);
    Print();
}

} // namespace
} // namespace ibcm::test
