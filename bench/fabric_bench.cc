// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/**
 * \file
 * How fast the simulated fabric is: ns-3's bare events, hops of MADs and their ratio, and the
 * bring-up of fat trees. Arguments of the bring-ups: k of the tree.
 */
#include "ib-fabric/helper/ib-fabric-helper.h"
#include "ib-fabric/model/ib-mad-service.h"
#include "ib-fabric/model/topology-source.h"

#include <ns3/simulator.h>

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace
{

using namespace ns3;
using Clock = std::chrono::steady_clock;

void UsePriorityQueue()
{
    ObjectFactory scheduler("ns3::PriorityQueueScheduler");
    Simulator::SetScheduler(scheduler);
}

double SecondsSince(Clock::time_point begin)
{
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

/** So many chains of events, each of which schedules its successor. */
class EventChains
{
  public:
    explicit EventChains(std::uint64_t events)
        : m_left(events)
    {
    }

    void Start(std::uint32_t chains)
    {
        for (std::uint32_t i = 0; i < chains; ++i)
        {
            Simulator::Schedule(NanoSeconds(i), &EventChains::Next, this);
        }
    }

  private:
    void Next()
    {
        if (m_left > 0)
        {
            --m_left;
            Simulator::Schedule(NanoSeconds(100), &EventChains::Next, this);
        }
    }

    std::uint64_t m_left;
};

constexpr std::uint32_t kPending = 100; // events, or MADs on the way
constexpr std::uint64_t kEvents = 1'000'000;

/** \returns bare events a second */
double MeasureEvents()
{
    UsePriorityQueue();
    EventChains chains(kEvents);
    chains.Start(kPending);
    const auto begin = Clock::now();
    Simulator::Run();
    const double seconds = SecondsSince(begin);
    Simulator::Destroy();
    return static_cast<double>(kEvents) / seconds;
}

/** \returns hops of MADs a second, with kPending MADs on the way in a fabric of 128 hosts */
double MeasureHops()
{
    UsePriorityQueue();
    IbFabricHelper helper;
    const IbFabricContainer fabric = helper.Install(*LoadTopology("fat-tree:k=8"));
    (*helper.InstallSubnetManager(fabric, "host-0"))->Sweep();
    Simulator::Run();

    // Each host sends what it gets to the host 37 further on: nearly always across the core.
    constexpr std::uint64_t kMads = 100'000;
    std::uint64_t left = kMads;
    const auto hcas = fabric.GetHcas();
    std::vector<std::function<void()>> send;
    for (std::size_t i = 0; i < hcas.size(); ++i)
    {
        const Ptr<IbMadService> service = hcas[i]->GetMadService(1);
        IbMadAddress to;
        to.dlid = hcas[(i + 37) % hcas.size()]->GetPort(1).GetLid();
        ibwire::MadBytes mad{};
        ibwire::MadHeader header;
        header.mgmtClass = ibwire::MgmtClass::kCm;
        header.classVersion = 2;
        header.method = ibwire::MadMethod::kSend;
        ibwire::EncodeHeader(header, mad);
        send.emplace_back(
            [&left, service, to, mad]()
            {
                if (left > 0)
                {
                    --left;
                    service->Send(to, mad);
                }
            });
        service->RegisterAgent({7, 2, 1ULL << 3}, [&send, i](const IbMadReceived&) { send[i](); });
    }
    const auto count = [&]()
    {
        std::uint64_t hops = 0;
        for (const Ptr<IbLink>& link : fabric.GetLinks())
        {
            hops += link->GetPort(0)->GetCounters().xmitPackets;
            hops += link->GetPort(1)->GetCounters().xmitPackets;
        }
        return hops;
    };
    const std::uint64_t before = count();
    for (std::uint32_t i = 0; i < kPending; ++i)
    {
        send[i]();
    }
    const auto begin = Clock::now();
    Simulator::Run();
    const double seconds = SecondsSince(begin);
    const auto hops = static_cast<double>(count() - before);
    Simulator::Destroy();
    return hops / seconds;
}

void BareEvents(benchmark::State& state)
{
    double perSecond = 0;
    for (auto _ : state)
    {
        perSecond = MeasureEvents();
    }
    state.counters["events/s"] = perSecond;
}

/** Both in turn, so that they see the same machine. */
void MadHops(benchmark::State& state)
{
    double hops = 0;
    double events = 0;
    for (auto _ : state)
    {
        events += MeasureEvents();
        hops += MeasureHops();
    }
    const auto rounds = static_cast<double>(state.iterations());
    state.counters["hops/s"] = hops / rounds;
    state.counters["events/s"] = events / rounds;
    state.counters["hops_per_event"] = hops / events;
}

void BringUp(benchmark::State& state)
{
    const auto topology = LoadTopology("fat-tree:k=" + std::to_string(state.range(0)));
    double smps = 0;
    double simulated = 0;
    double install = 0;
    for (auto _ : state)
    {
        UsePriorityQueue();
        const auto begin = Clock::now();
        IbFabricHelper helper;
        const IbFabricContainer fabric = helper.Install(*topology);
        const double installed = SecondsSince(begin);
        const auto manager = helper.InstallSubnetManager(fabric, "host-0").value();
        manager->SetSubnetUpHandler([](const SweepReport&) { Simulator::Stop(); });
        manager->Sweep();
        const auto sweep = Clock::now();
        Simulator::Run();
        state.SetIterationTime(SecondsSince(sweep));
        install += installed;
        const SmpStatistics& counts = manager->GetReport().smps;
        smps = static_cast<double>(counts.sent + counts.received);
        simulated = manager->GetReport().duration.GetSeconds();
        Simulator::Destroy();
    }
    state.counters["SMPs"] = smps;
    state.counters["SMPs/s"] =
        benchmark::Counter(smps, benchmark::Counter::kIsIterationInvariantRate);
    state.counters["simulated_s"] = simulated;
    state.counters["install_s"] = install / static_cast<double>(state.iterations());
}

BENCHMARK(BareEvents)->Unit(benchmark::kMillisecond);
BENCHMARK(MadHops)->Unit(benchmark::kMillisecond)->Iterations(5);
BENCHMARK(BringUp)->Arg(8)->Arg(16)->UseManualTime()->Unit(benchmark::kMillisecond)->Iterations(5);

} // namespace

BENCHMARK_MAIN();
