// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_ENGINE_INLINE_H
#define INTERLEAVE_ENGINE_INLINE_H

// What happens at every choice, for engine*.cc only; inline, because it is the engine's inner loop.

#include "interleave/model/engine.h"
#include "interleave/model/fiber-switch.h"
#include "interleave/model/schedule-point.h"

namespace interleave
{

inline void Engine::Commit(Task& task, const Op& op)
{
    ++m_step;
    task.m_past[task.m_opCount++ % Task::kRemembered] = {op, m_step};
    if (!m_observers.empty()) [[unlikely]]
    {
        Show(task, op);
    }
}

inline std::uint32_t Engine::Ask(ChoicePoint& point)
{
    const std::uint32_t choice = m_chooser->Choose(point);
    if (!m_observers.empty()) [[unlikely]]
    {
        ShowChoice(point, choice);
    }
    if (choice >= point.Count()) [[unlikely]]
    {
        NoSuchOption(point, choice);
    }
    return choice;
}

inline void Engine::SwitchTo(Task& next)
{
    Task& from = *m_current;
    next.m_state = TaskState::kRunning;
    if (&from == &next)
    {
        return;
    }
    m_current = &next;
    ++m_switches;
    if (!m_observers.empty()) [[unlikely]]
    {
        ShowSwitch(from, next);
    }
    // Whatever a task did has happened when Run() returns; nobody but Run() acquires this.
    TsanRelease(&m_result);
    FiberSwitch::Go(from.m_fiber, next.m_fiber);
    TsanAcquire(&m_begun); // what was done between two calls of Run()
    if (m_unwinding) [[unlikely]]
    {
        ThrowUnwind();
    }
}

inline bool Engine::Dispatch()
{
    if (m_ready.Empty())
    {
        return false;
    }
    std::uint32_t choice = 0;
    if (m_active)
    {
        SchedulePoint point(*this, nullptr, m_ready.View(), EventPending());
        choice = Ask(point);
        if (choice == m_ready.Size())
        {
            m_wantEvents = true;
            m_parkBudget = m_options.parkedEventLimit;
            return false;
        }
    }
    SwitchTo(*m_ready.TakeAt(choice));
    return true;
}

inline void Engine::SwitchAway()
{
    if (m_stopping || !Dispatch())
    {
        SwitchTo(m_main);
    }
}

} // namespace interleave

#endif // INTERLEAVE_ENGINE_INLINE_H
