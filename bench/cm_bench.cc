// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// What the Connection Manager costs without a fabric: full connections a second between two
// managers joined by a loopback wire on one thread, memory of an established connection, lookup of
// an id.

#include "ibcm/helper/host-runtime.h"
#include "ibcm/helper/loopback-wire.h"
#include "ibcm/helper/reliable-port.h"
#include "ibcm/helper/step-runtime.h"
#include "ibcm/model/connection-manager.h"

#include <benchmark/benchmark.h>
#include <malloc.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

namespace
{

using namespace ibcm;

constexpr std::uint64_t kGuidA = 0x0002c903000a0000;
constexpr std::uint64_t kGuidB = 0x0002c903000b0000;
constexpr std::uint64_t kService = 0x1000000000000001;

void Check(bool good, const char* what)
{
    if (!good)
    {
        std::fprintf(stderr, "cm-bench: %s\n", what);
        std::abort();
    }
}

Options LimitedTo(std::uint32_t maxIds)
{
    Options options;
    options.limits.maxIds = maxIds;
    options.limits.backlog = maxIds;
    return options;
}

/** Answers each event with the next step of a connection's life. */
class Consumer final : public EventHandler
{
  public:
    explicit Consumer(bool disconnects)
        : m_disconnects(disconnects)
    {
    }

    Disposition OnCmEvent(ConnectionManager& manager, Handle id, const Event& event) override
    {
        switch (event.type)
        {
        case EventType::kReqReceived:
        {
            RepParameters rep;
            rep.localQpn = 1 + (m_lastQpn++ & 0x7fffff);
            Check(manager.SendRep(id, rep).has_value(), "REP refused");
            accepted.push_back(id);
            return Disposition::kKeep;
        }
        case EventType::kRepReceived:
            Check(manager.SendRtu(id).has_value(), "RTU refused");
            if (m_disconnects)
            {
                Check(manager.SendDreq(id).has_value(), "DREQ refused");
            }
            return Disposition::kKeep;
        case EventType::kDreqReceived:
            Check(manager.SendDrep(id).has_value(), "DREP refused");
            return Disposition::kKeep;
        case EventType::kTimewaitExit:
            ++ended;
            return Disposition::kDestroy;
        default:
            return Disposition::kKeep;
        }
    }

    std::vector<Handle> accepted;
    std::uint64_t ended{0};

  private:
    const bool m_disconnects;
    std::uint32_t m_lastQpn{0};
};

/** Two hosts on one wire; B listens. */
class Hosts
{
  public:
    explicit Hosts(bool disconnects, std::uint32_t maxIds = 1U << 21)
        : a(disconnects),
          b(false),
          m_endA(m_wire.AddEnd({1, {GidOf(kGuidA)}, {0xffff}})),
          m_endB(m_wire.AddEnd({2, {GidOf(kGuidB)}, {0xffff}})),
          m_portA(runtime, m_endA, 1),
          m_portB(runtime, m_endB, 1),
          managerA(runtime, DeviceInfo{kGuidA, 5}, LimitedTo(maxIds)),
          managerB(runtime, DeviceInfo{kGuidB, 5}, LimitedTo(maxIds))
    {
        m_endA.Attach(&m_portA);
        m_endB.Attach(&m_portB);
        Check(managerA.AddPort(1, m_portA) && managerB.AddPort(1, m_portB), "port refused");
        m_listener = managerB.Create(b).value();
        Check(managerB.Listen(m_listener, kService).has_value(), "listen refused");
    }

    ~Hosts()
    {
        Check(managerB.Destroy(m_listener).has_value(), "listener lost");
    }

    /** Sends a REQ and lets all follow that does not need time. */
    Handle Connect()
    {
        ReqParameters req;
        req.serviceId = kService;
        req.primaryPath.sgid = GidOf(kGuidA);
        req.primaryPath.dgid = GidOf(kGuidB);
        req.primaryPath.slid = 1;
        req.primaryPath.dlid = 2;
        req.localQpn = 1 + (m_lastQpn++ & 0x7fffff);
        const Handle id = managerA.Create(a).value();
        Check(managerA.SendReq(id, req).has_value(), "REQ refused");
        m_wire.DeliverAll();
        return id;
    }

    StepRuntime runtime;
    Consumer a;
    Consumer b;

  private:
    static ibwire::Gid GidOf(std::uint64_t guid)
    {
        return ibwire::Gid::From(ibwire::kDefaultGidPrefix, guid);
    }

    LoopbackWire m_wire;
    LoopbackWire::End& m_endA;
    LoopbackWire::End& m_endB;
    ReliablePort m_portA;
    ReliablePort m_portB;

  public:
    ConnectionManager managerA;
    ConnectionManager managerB;

  private:
    Handle m_listener{Handle::kNone};
    std::uint32_t m_lastQpn{0};
};

/** REQ REP RTU DREQ DREP, TIMEWAIT on both sides, both ids made and destroyed. */
void Lifecycle(benchmark::State& state)
{
    Hosts hosts(true);
    std::uint64_t connections = 0;
    for (auto _ : state)
    {
        hosts.Connect();
        if (++connections % 64 == 0)
        {
            // So that some 64 connections on each side are in TIMEWAIT.
            hosts.runtime.RunUntilIdle();
            hosts.b.accepted.clear();
        }
    }
    hosts.runtime.RunUntilIdle();
    Check(hosts.a.ended == connections && hosts.b.ended == connections, "a connection is missing");
    state.SetItemsProcessed(static_cast<std::int64_t>(connections));
}

BENCHMARK(Lifecycle);

std::size_t HeapInUse()
{
    return mallinfo2().uordblks + mallinfo2().hblkhd;
}

/** range(0) connections at once: the time to make one, and the memory that both ends hold. */
void Established(benchmark::State& state)
{
    const auto count = static_cast<std::size_t>(state.range(0));
    double bytes = 0;
    for (auto _ : state)
    {
        state.PauseTiming();
        Hosts hosts(false);
        std::vector<Handle> made;
        made.reserve(count + 1);
        hosts.b.accepted.reserve(count + 1);
        const Handle first = hosts.Connect(); // what is made once is made here
        const std::size_t before = HeapInUse();
        state.ResumeTiming();
        for (std::size_t i = 0; i < count; ++i)
        {
            made.push_back(hosts.Connect());
        }
        state.PauseTiming();
        bytes = static_cast<double>(HeapInUse() - before) / static_cast<double>(count);
        for (const Handle id : hosts.b.accepted)
        {
            Check(hosts.managerB.Destroy(id).has_value(), "an accepted id is missing");
        }
        made.push_back(first);
        for (const Handle id : made)
        {
            Check(hosts.managerA.Destroy(id).has_value(), "an id is missing");
        }
        state.ResumeTiming();
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(count) * state.iterations());
    state.counters["bytes_per_connection_both_ends"] = bytes;
}

BENCHMARK(Established)->Arg(10000)->Arg(100000)->Iterations(1)->Unit(benchmark::kMillisecond);

/** One thread's wire between two managers, and the consumers at its ends. */
class Lane
{
  public:
    Lane(Runtime& runtime,
         ConnectionManager& managerA,
         ConnectionManager& managerB,
         std::uint8_t lane)
        : m_managerA(managerA),
          m_managerB(managerB),
          m_gidA(ibwire::Gid::From(ibwire::kDefaultGidPrefix, kGuidA + lane)),
          m_gidB(ibwire::Gid::From(ibwire::kDefaultGidPrefix, kGuidB + lane)),
          m_service(kService + lane),
          m_number(lane),
          m_endA(m_wire.AddEnd({1, {m_gidA}, {0xffff}})),
          m_endB(m_wire.AddEnd({2, {m_gidB}, {0xffff}})),
          m_portA(runtime, m_endA, lane),
          m_portB(runtime, m_endB, lane)
    {
        m_endA.Attach(&m_portA);
        m_endB.Attach(&m_portB);
        Check(m_managerA.AddPort(lane, m_portA) && m_managerB.AddPort(lane, m_portB),
              "port refused");
        m_listener = m_managerB.Create(m_b).value();
        Check(m_managerB.Listen(m_listener, m_service).has_value(), "listen refused");
    }

    ~Lane()
    {
        Check(m_managerB.Destroy(m_listener).has_value(), "listener lost");
        Check(m_managerA.RemovePort(m_number) && m_managerB.RemovePort(m_number), "port lost");
    }

    void Run(std::size_t connections)
    {
        for (std::size_t i = 0; i < connections; ++i)
        {
            ReqParameters req;
            req.serviceId = m_service;
            req.primaryPath.sgid = m_gidA;
            req.primaryPath.dgid = m_gidB;
            req.primaryPath.slid = 1;
            req.primaryPath.dlid = 2;
            req.localQpn = m_firstQpn + (m_lastQpn++ & 0xfffff);
            Check(m_managerA.SendReq(m_managerA.Create(m_a).value(), req).has_value(),
                  "REQ refused");
            m_wire.DeliverAll();
        }
    }

  private:
    /** Goes through a connection's life; its TIMEWAIT ends on a thread of the runtime. */
    class Consumer final : public EventHandler
    {
      public:
        /** @param firstQpn no other lane's: all QPs belong to one channel adapter. */
        explicit Consumer(std::uint32_t firstQpn)
            : m_firstQpn(firstQpn)
        {
        }

        Disposition OnCmEvent(ConnectionManager& manager, Handle id, const Event& event) override
        {
            switch (event.type)
            {
            case EventType::kReqReceived:
            {
                RepParameters rep;
                rep.localQpn = m_firstQpn + (m_lastQpn++ & 0xfffff);
                Check(manager.SendRep(id, rep).has_value(), "REP refused");
                return Disposition::kKeep;
            }
            case EventType::kRepReceived:
                Check(manager.SendRtu(id) && manager.SendDreq(id), "RTU or DREQ refused");
                return Disposition::kKeep;
            case EventType::kDreqReceived:
                Check(manager.SendDrep(id).has_value(), "DREP refused");
                return Disposition::kKeep;
            case EventType::kTimewaitExit:
                return Disposition::kDestroy;
            default:
                return Disposition::kKeep;
            }
        }

      private:
        const std::uint32_t m_firstQpn;
        std::uint32_t m_lastQpn{0};
    };

    ConnectionManager& m_managerA;
    ConnectionManager& m_managerB;
    const ibwire::Gid m_gidA;
    const ibwire::Gid m_gidB;
    const std::uint64_t m_service;
    const std::uint8_t m_number;
    const std::uint32_t m_firstQpn{(std::uint32_t{m_number} << 20) + 1};
    Consumer m_a{m_firstQpn};
    Consumer m_b{m_firstQpn};
    LoopbackWire m_wire;
    LoopbackWire::End& m_endA;
    LoopbackWire::End& m_endB;
    ReliablePort m_portA;
    ReliablePort m_portB;
    Handle m_listener{Handle::kNone};
    std::uint32_t m_lastQpn{0};
};

/** The same lives on range(0) real threads, which share both managers: their tables and queues. */
void LifecycleOnThreads(benchmark::State& state)
{
    constexpr std::size_t kConnections = 20000; // of each thread
    const auto threads = static_cast<std::size_t>(state.range(0));
    HostRuntime runtime;
    ConnectionManager managerA(runtime, DeviceInfo{kGuidA, 5}, LimitedTo(1U << 21));
    ConnectionManager managerB(runtime, DeviceInfo{kGuidB, 5}, LimitedTo(1U << 21));
    {
        std::vector<std::unique_ptr<Lane>> lanes;
        for (std::size_t i = 0; i < threads; ++i)
        {
            lanes.push_back(std::make_unique<Lane>(
                runtime, managerA, managerB, static_cast<std::uint8_t>(i + 1)));
        }
        for (auto _ : state)
        {
            std::vector<std::thread> running;
            running.reserve(threads);
            for (auto& lane : lanes)
            {
                running.emplace_back([&lane] { lane->Run(kConnections); });
            }
            for (std::thread& thread : running)
            {
                thread.join();
            }
            // Their last TIMEWAITs are part of it.
            while (managerA.LiveIds() + managerB.LiveIds() > threads)
            {
                std::this_thread::yield();
            }
        }
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(threads * kConnections * state.iterations()));
}

BENCHMARK(LifecycleOnThreads)->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMillisecond);

/** range(0) ids that exist, to be looked up by handle. */
class ManyIds
{
  public:
    explicit ManyIds(std::size_t count)
        : manager(runtime, DeviceInfo{kGuidA, 5}, LimitedTo(1U << 21)),
          m_consumer(false)
    {
        ids.reserve(count);
        for (std::size_t i = 0; i < count; ++i)
        {
            ids.push_back(manager.Create(m_consumer).value());
        }
    }

    ~ManyIds()
    {
        for (const Handle id : ids)
        {
            Check(manager.Destroy(id).has_value(), "an id is missing");
        }
    }

    StepRuntime runtime;
    ConnectionManager manager;
    std::vector<Handle> ids;

  private:
    Consumer m_consumer;
};

/** The state of one id after another, in the order in which they were made: the steps of a lookup.
 */
void Lookup(benchmark::State& state)
{
    ManyIds many(static_cast<std::size_t>(state.range(0)));
    std::size_t which = 0;
    for (auto _ : state)
    {
        benchmark::DoNotOptimize(many.manager.StateOf(many.ids[which]));
        which = which + 1 == many.ids.size() ? 0 : which + 1;
    }
    state.SetItemsProcessed(state.iterations());
}

BENCHMARK(Lookup)->Arg(1000)->Arg(100000)->Arg(1000000);

/** The state of random ids: the same steps, and what memory makes of them. */
void LookupAtRandom(benchmark::State& state)
{
    ManyIds many(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state)
    {
        const std::size_t which = many.runtime.Random() % many.ids.size();
        benchmark::DoNotOptimize(many.manager.StateOf(many.ids[which]));
    }
    state.SetItemsProcessed(state.iterations());
}

BENCHMARK(LookupAtRandom)->Arg(1000)->Arg(100000)->Arg(1000000);

} // namespace

BENCHMARK_MAIN();
