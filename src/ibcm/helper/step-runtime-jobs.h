// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_STEP_RUNTIME_JOBS_H
#define IBCM_STEP_RUNTIME_JOBS_H

#include "ibcm/helper/step-runtime.h"
#include "ibcm/model/sync.h"

#include <cstdio>
#include <cstdlib>
#include <limits>
#include <new>

/**
 * @file
 * Private to StepRuntime: what it keeps in the storage of the core's objects.
 */

namespace ibcm
{

/** Misuse: the program is wrong, and going on would only hide where. */
[[noreturn]] inline void DieInStepRuntime(const char* what, const char* name)
{
    std::fprintf(stderr, "StepRuntime: %s '%s'\n", what, name);
    std::abort();
}

template <class T, std::size_t Bytes>
T& InStorage(RuntimeStorage<Bytes>& storage)
{
    static_assert(sizeof(T) <= Bytes);
    return *std::launder(reinterpret_cast<T*>(storage.bytes));
}

template <class T, std::size_t Bytes>
const T& InStorage(const RuntimeStorage<Bytes>& storage)
{
    return *std::launder(reinterpret_cast<const T*>(storage.bytes));
}

/** A queue: all of them share one list of ready items, so that this is only a name and counters. */
class StepRuntime::Queue final : public WorkQueue
{
  public:
    Queue(StepRuntime& runtime, const char* queueName, unsigned queueThreads)
        : name(queueName),
          threads(queueThreads),
          m_runtime(runtime)
    {
    }

    ~Queue() override
    {
        Flush();
        --m_runtime.m_objects;
    }

    void Flush() override
    {
        m_runtime.Flush(*this);
    }

    const char* const name;
    const unsigned threads;
    unsigned running{0};
    std::size_t queued{0};

  private:
    StepRuntime& m_runtime;
};

/** Something that a queue can run: a work item, or a timer's work. */
struct StepRuntime::Job
{
    const char* name;
    WorkItem* item;
    Timer* timer;
    Queue* queue{nullptr};
    Job* previous{nullptr};
    Job* next{nullptr};
    bool queued{false};
};

struct StepRuntime::TimerJob
{
    static constexpr std::size_t kUnarmed = std::numeric_limits<std::size_t>::max();

    Job job;
    Instant when{0};
    std::uint64_t order{0};
    std::size_t index{kUnarmed}; ///< in the heap
};

} // namespace ibcm

#endif /* IBCM_STEP_RUNTIME_JOBS_H */
