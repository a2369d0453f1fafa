// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_OBSERVER_H
#define INTERLEAVE_OBSERVER_H

#include "interleave/model/effect.h"
#include "interleave/model/operation.h"

#include <cstdint>

namespace interleave
{

class ChoicePoint;

/** An operation that is being executed. */
struct OpEvent
{
    const Engine& engine;
    /** Who does it; Engine::MainTask() for event handlers. */
    const Task& task;
    const Op& op;
    /** 1 for the first operation of the run. */
    std::uint64_t step;
    /** Simulated time. */
    std::int64_t timeNs;
};

/**
 * Sees everything that happens, in the order in which it happens: digests, recorders, diagrams and
 * checkers. It is called on the stack of whoever acts; it may call Engine::Report() but no other
 * member of the engine that changes anything.
 */
class Observer
{
  public:
    Observer() = default;
    Observer(const Observer&) = delete;
    Observer& operator=(const Observer&) = delete;
    virtual ~Observer() = default;

    /** @p event.task executes @p event.op now. */
    virtual void OnOp(const OpEvent& /*event*/)
    {
    }

    /** Whether OnEffect() is wanted, asked once when the observer is added. */
    virtual bool WantsEffects() const
    {
        return false;
    }

    /** Something has been done; comes after the operation that announced it, if there was one. */
    virtual void OnEffect(const Effect& /*effect*/)
    {
    }

    /** Control passes between contexts; either may be Engine::MainTask(). */
    virtual void OnSwitch(const Task& /*from*/, const Task& /*to*/)
    {
    }

    /** The Chooser was asked and answered @p chosen. */
    virtual void OnChoice(ChoicePoint& /*point*/, std::uint32_t /*chosen*/)
    {
    }
};

} // namespace interleave

#endif // INTERLEAVE_OBSERVER_H
