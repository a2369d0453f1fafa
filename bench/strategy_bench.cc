// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// What the strategies cost: schedules a second of 4 tasks with 10 lock sections each, and whole
// exhaustive searches of small lock programs.

#include "interleave/helper/recording-chooser.h"
#include "interleave/model/engine.h"
#include "interleave/model/mutex.h"
#include "interleave/model/strategy/dpor.h"
#include "interleave/model/strategy/strategies.h"
#include "interleave/model/virtual-time.h"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <memory>

namespace
{

using namespace interleave;

constexpr const char* kNames[] = {"task0", "task1", "task2", "task3"};

/** Tasks that each take one lock again and again. */
class Locks
{
  public:
    Locks(std::uint32_t tasks, std::uint32_t sections)
        : m_engine(m_time),
          m_tasks(tasks),
          m_sections(sections)
    {
    }

    void Run(Chooser& chooser)
    {
        m_engine.SetChooser(chooser);
        Mutex mutex(m_engine, "lock");
        m_mutex = &mutex;
        m_guarded = 0;
        for (std::uint32_t index = 0; index < m_tasks; ++index)
        {
            m_engine.Spawn(kNames[index], [this] { Work(); });
        }
        if (!m_engine.Run().Passed() || m_guarded != m_tasks * m_sections)
        {
            std::abort();
        }
        m_engine.Reset();
    }

  private:
    void Work()
    {
        for (std::uint32_t section = 0; section < m_sections; ++section)
        {
            m_mutex->Lock();
            ++m_guarded;
            m_mutex->Unlock();
        }
    }

    VirtualTime m_time;
    Engine m_engine;
    Mutex* m_mutex = nullptr;
    std::uint32_t m_tasks;
    std::uint32_t m_sections;
    std::uint32_t m_guarded = 0;
};

/** 4 tasks of 10 sections, recorded. */
void FourByTen(benchmark::State& state, const char* name)
{
    Locks locks(4, 10);
    const auto strategy = *MakeStrategy(name);
    RecordingChooser recording(*strategy);
    std::uint64_t seed = 0;
    for (auto _ : state)
    {
        strategy->Seed(++seed);
        locks.Run(recording);
    }
    state.counters["schedules"] =
        benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

BENCHMARK_CAPTURE(FourByTen, random, "random");
BENCHMARK_CAPTURE(FourByTen, pct3, "pct:3");
BENCHMARK_CAPTURE(FourByTen, pct10, "pct:10");
BENCHMARK_CAPTURE(FourByTen, pos, "pos");
BENCHMARK_CAPTURE(FourByTen, surw, "surw");
BENCHMARK_CAPTURE(FourByTen, mutate, "mutate");
BENCHMARK_CAPTURE(FourByTen, bound2, "bound:2");
BENCHMARK_CAPTURE(FourByTen, dpor, "dpor");
BENCHMARK_CAPTURE(FourByTen, portfolio, "portfolio");

/** Every order of the sections of range(0) tasks with range(1) sections each. */
void AllOrders(benchmark::State& state)
{
    Locks locks(static_cast<std::uint32_t>(state.range(0)),
                static_cast<std::uint32_t>(state.range(1)));
    std::uint64_t runs = 0;
    std::uint64_t redundant = 0;
    for (auto _ : state)
    {
        DporStrategy dpor;
        while (!dpor.Done())
        {
            locks.Run(dpor);
        }
        runs = dpor.Complete();
        redundant = dpor.Redundant();
    }
    state.counters["runs"] = static_cast<double>(runs);
    state.counters["redundant"] = static_cast<double>(redundant);
    state.counters["rate"] = benchmark::Counter(static_cast<double>(runs * state.iterations()),
                                                benchmark::Counter::kIsRate);
}

BENCHMARK(AllOrders)->Args({3, 2})->Args({4, 2})->Args({4, 3})->Unit(benchmark::kMillisecond);

} // namespace

BENCHMARK_MAIN();
