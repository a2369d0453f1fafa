// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// What the interleaving engine costs: schedules a second of small lock programs, the price of a
// choice point that nobody watches, and of a switch between fibers.

#include "interleave/helper/default-chooser.h"
#include "interleave/helper/digest-observer.h"
#include "interleave/helper/random-chooser.h"
#include "interleave/helper/recording-chooser.h"
#include "interleave/model/engine.h"
#include "interleave/model/mutex.h"
#include "interleave/model/virtual-time.h"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>

namespace
{

using namespace interleave;

enum class Watch
{
    kNothing,
    kRecording,
    kRecordingAndDigest,
};

/**
 * range(0) tasks, each range(1) times: lock, count, unlock; what relacy's figures are made of. With
 * MutexUse::kAnybody a choice stands before unlock, too.
 */
template <Watch watch, MutexUse use>
void LockSections(benchmark::State& state)
{
    const auto tasks = static_cast<std::uint32_t>(state.range(0));
    const auto sections = static_cast<std::uint32_t>(state.range(1));
    constexpr const char* kNames[] = {"task0", "task1", "task2", "task3"};

    VirtualTime time;
    Engine engine(time);
    DefaultChooser dull;
    RandomChooser random(1);
    RecordingChooser recording(random);
    DigestObserver digest;
    if (watch == Watch::kNothing)
    {
        engine.SetChooser(dull);
    }
    else
    {
        engine.SetChooser(recording);
    }
    if (watch == Watch::kRecordingAndDigest)
    {
        engine.AddObserver(digest);
    }
    std::uint64_t steps = 0;
    for (auto _ : state)
    {
        engine.Reset();
        digest.Get().Clear();
        Mutex mutex(engine, "lock", use);
        std::uint64_t guarded = 0;

        struct Program
        {
            Mutex& mutex;
            std::uint64_t& guarded;
            std::uint32_t sections;
        } program{mutex, guarded, sections};

        for (std::uint32_t index = 0; index < tasks; ++index)
        {
            engine.Spawn(kNames[index],
                         [&program]
                         {
                             for (std::uint32_t section = 0; section < program.sections; ++section)
                             {
                                 program.mutex.Lock();
                                 ++program.guarded;
                                 program.mutex.Unlock();
                             }
                         });
        }
        const RunResult result = engine.Run();
        if (!result.Passed() || guarded != std::uint64_t{tasks} * sections)
        {
            std::abort();
        }
        steps += result.steps;
        benchmark::DoNotOptimize(digest.Get().Value());
    }
    state.counters["schedules"] =
        benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
    state.counters["steps"] =
        benchmark::Counter(static_cast<double>(steps), benchmark::Counter::kIsRate);
}

#define LOCK_SECTIONS(watch, use)                \
    BENCHMARK_TEMPLATE(LockSections, watch, use) \
        ->Args({2, 1})                           \
        ->Args({2, 10})                          \
        ->Args({4, 10})                          \
        ->Args({4, 100})

LOCK_SECTIONS(Watch::kNothing, MutexUse::kTasks);
LOCK_SECTIONS(Watch::kRecording, MutexUse::kTasks);
LOCK_SECTIONS(Watch::kRecording, MutexUse::kAnybody);
LOCK_SECTIONS(Watch::kRecordingAndDigest, MutexUse::kTasks);

/** Engine::Point() when the Chooser is passive and nobody observes. */
void QuietPoint(benchmark::State& state)
{
    VirtualTime time;
    EngineOptions options;
    options.stepLimit = ~std::uint64_t{0};
    Engine engine(time, options);
    const ObjectId object = engine.NewObject("thing");
    engine.Spawn("task",
                 [&]
                 {
                     for (auto _ : state)
                     {
                         engine.Point(Op{OpKind::kSync, object});
                     }
                 });
    engine.Run();
}

BENCHMARK(QuietPoint);

/** Two tasks that do nothing but let each other go first: one switch an iteration. */
void YieldToTheOther(benchmark::State& state)
{
    VirtualTime time;
    EngineOptions options;
    options.stepLimit = ~std::uint64_t{0};
    Engine engine(time, options);
    bool done = false;
    engine.Spawn("other",
                 [&]
                 {
                     while (!done)
                     {
                         engine.Yield();
                     }
                 });
    engine.Spawn("task",
                 [&]
                 {
                     for (auto _ : state)
                     {
                         engine.Yield();
                     }
                     done = true;
                 });
    engine.Run();
    state.SetItemsProcessed(2 * state.iterations());
}

BENCHMARK(YieldToTheOther);

struct PingPong
{
    Fiber main;
    Fiber other;
};

void PingPongEntry(void* context)
{
    auto& fibers = *static_cast<PingPong*>(context);
    for (;;)
    {
        Fiber::Switch(fibers.other, fibers.main);
    }
}

/** There and back between two fibers, without the engine: two switches an iteration. */
void FiberRoundTrip(benchmark::State& state)
{
    StackPool stacks(64 * 1024);
    PingPong fibers;
    fibers.main.Adopt();
    fibers.other.Start(stacks, &PingPongEntry, &fibers);
    for (auto _ : state)
    {
        Fiber::Switch(fibers.main, fibers.other);
    }
    state.SetItemsProcessed(2 * state.iterations());
}

BENCHMARK(FiberRoundTrip);

} // namespace

BENCHMARK_MAIN();
