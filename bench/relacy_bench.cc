// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// The lock programs of interleave_bench.cc under relacy (Debian's relacy-dev), for './weft bench
// compare interleave'. A program of its own, because relacy replaces the global operator new and
// turns `new` and `delete` into macros. relacy also checks the accesses to the guarded variable for
// races, which the other side does not; that records a decision log, which relacy does not.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>

#if __has_include(<relacy/relacy.hpp>)

// Last: its macros would change every header after it. Those of two keywords would also change
// what BENCHMARK() writes; our program does not need them.
#include <relacy/relacy.hpp>
#undef delete
#undef new

#endif

namespace
{

#if __has_include(<relacy/relacy.hpp>)

/** Each of @p tasks threads, @p sections times: lock, count, unlock. */
template <rl::thread_id_t tasks, unsigned int sections>
struct LockProgram : rl::test_suite<LockProgram<tasks, sections>, tasks>
{
    rl::mutex mutex;
    rl::var<unsigned int> guarded;

    void before()
    {
        guarded($) = 0U;
    }

    void thread(unsigned int /*index*/)
    {
        for (unsigned int section = 0; section < sections; ++section)
        {
            mutex.lock($);
            guarded($) = guarded($) + 1U;
            mutex.unlock($);
        }
    }

    void after()
    {
        RL_ASSERT(guarded($) == tasks * sections);
    }
};

/** So many sections are run between setting relacy up and taking it down again. */
constexpr unsigned int kSectionsAtOnce = 400'000;

template <rl::thread_id_t tasks, unsigned int sections>
void LockSections(benchmark::State& state)
{
    // relacy reports to streams, and a string stream would not survive its operator new.
    std::ostream nowhere(nullptr);
    rl::test_params params;
    params.iteration_count = kSectionsAtOnce / (tasks * sections);
    params.search_type = rl::random_scheduler_type;
    params.execution_depth_limit = 1'000'000;
    params.output_stream = &nowhere;
    params.progress_stream = &nowhere;
    for (auto _ : state)
    {
        if (!rl::simulate<LockProgram<tasks, sections>>(params))
        {
            std::abort();
        }
    }
    state.counters["schedules"] = benchmark::Counter(
        static_cast<double>(state.iterations()) * static_cast<double>(params.iteration_count),
        benchmark::Counter::kIsRate);
}

#else

template <unsigned int tasks, unsigned int sections>
void LockSections(benchmark::State& state)
{
    state.SkipWithError("unavailable: built without relacy (Debian's package relacy-dev)");
}

#endif

BENCHMARK_TEMPLATE(LockSections, 2, 1)->Name("LockSections/2/1");
BENCHMARK_TEMPLATE(LockSections, 2, 10)->Name("LockSections/2/10");
BENCHMARK_TEMPLATE(LockSections, 4, 10)->Name("LockSections/4/10");
BENCHMARK_TEMPLATE(LockSections, 4, 100)->Name("LockSections/4/100");

} // namespace

BENCHMARK_MAIN();
