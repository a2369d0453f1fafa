// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_LOST_WAKEUP_CHECK_H
#define INTERLEAVE_LOST_WAKEUP_CHECK_H

#include "interleave/model/check/object-table.h"
#include "interleave/model/engine.h"

#include <cstdint>
#include <vector>

namespace interleave
{

/**
 * Tells a lost wake-up from a plain deadlock: when nothing can go on, a task that waits for an
 * object that has been signalled in this run, with that signal taken back, consumed by another
 * task, or given when nobody waited. A task that has consumed every signal itself, or that nobody
 * ever signalled, waits in a plain deadlock, which the engine reports.
 */
class LostWakeupCheck
{
  public:
    explicit LostWakeupCheck(Engine& engine)
        : m_engine(engine)
    {
    }

    /** OpKind::kSignal or kWait on an object. */
    void OnOp(const OpEvent& event);

    // Effects on a completion.

    void Signalled(ObjectId completion)
    {
        m_objects.At(completion).counting = true;
    }

    void Consumed(const Effect& effect)
    {
        Consume(m_objects.At(effect.object), effect.task, effect.engine.Steps());
    }

    void Forgotten(const Effect& effect)
    {
        m_objects.At(effect.object).takenBack = effect.engine.Steps();
    }

    /** Nothing is left to do. */
    void AtEnd();
    void Clear();

  private:
    /** One task's waits for one object that have succeeded. */
    struct Wakeups
    {
        std::uint32_t task = 0;
        std::uint32_t count = 0;
        std::uint32_t next = 0;
        std::uint64_t step = 0;
        const char* site = nullptr;
    };

    struct Object
    {
        std::uint32_t signals = 0;
        std::uint32_t signalTask = 0; // of the latest
        std::uint64_t signalStep = 0;
        const char* signalSite = nullptr;
        bool counting = false;       // a Completion: effects tell which waits have succeeded
        std::uint64_t takenBack = 0; // the step at which signals were; 0: never
        std::uint32_t consumed = 0;  // first of m_consumed, counted from 1
    };

    void Consume(Object& object, const Task& task, std::uint64_t step);
    void CheckWaiting(const Task& task);

    Engine& m_engine;
    ObjectTable<Object> m_objects;
    std::vector<Wakeups> m_consumed;
};

} // namespace interleave

#endif // INTERLEAVE_LOST_WAKEUP_CHECK_H
