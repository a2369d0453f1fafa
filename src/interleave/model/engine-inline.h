// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_ENGINE_INLINE_H
#define INTERLEAVE_ENGINE_INLINE_H

// What happens at every choice, for engine*.cc only; inline, because it is the engine's inner loop.

#include "interleave/model/engine.h"
#include "interleave/model/fiber-switch.h"
#include "interleave/model/schedule-point.h"

namespace interleave
{

inline void Engine::Show(const Task& task, const Op& op)
{
    for (Observer* observer : m_observers)
    {
        if (observer->Wants().Hears(op.kind, op.object))
        {
            observer->OnOp({*this, task, op, m_step});
        }
    }
}

inline void Engine::Commit(Task& task)
{
    task.m_pending->step = ++m_step;
    ++task.m_opCount;
    if (!m_observers.empty()) [[unlikely]]
    {
        Show(task, task.m_pending->op);
    }
}

inline void Engine::Resumed()
{
    WaitList::Remove(*m_current);
    m_current->m_holder = nullptr;
}

inline std::uint32_t Engine::Ask(ChoicePoint& point)
{
    const std::uint32_t choice = m_chooser->Choose(point);
    if (m_showChoices) [[unlikely]]
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
    if (m_showSwitches) [[unlikely]]
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

inline Task* Engine::PickReady()
{
    std::uint32_t choice = 0;
    if (m_active)
    {
        SchedulePoint point(*this, nullptr, m_ready.View(), EventOffered());
        choice = Ask(point);
        if (choice == m_ready.Size())
        {
            m_wantEvents = true;
            m_parkBudget = m_options.parkedEventLimit;
            m_parkStalls = true;
            return nullptr;
        }
    }
    return m_ready.TakeAt(choice);
}

inline Task& Engine::NextContext()
{
    if (!m_stopping && !m_ready.Empty())
    {
        if (Task* next = PickReady(); next != nullptr)
        {
            return *next;
        }
    }
    return m_main;
}

} // namespace interleave

#endif // INTERLEAVE_ENGINE_INLINE_H
