// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/engine-inline.h"
#include "interleave/model/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <stdexcept>

namespace interleave
{

void Engine::ThrowUnwind() const
{
    // Reset() itself, on the main context, goes on.
    if (m_current != &m_main)
    {
        throw TaskUnwind{};
    }
}

Task& Engine::Park(Task& task, std::uint64_t eventBudget, bool stalls)
{
    task.m_state = TaskState::kParked;
    m_parked = &task;
    m_wantEvents = true;
    m_parkBudget = eventBudget;
    m_parkStalls = stalls;
    return m_main;
}

void Engine::TaskMain(void* context)
{
    Task& task = *static_cast<Task*>(context);
    for (;;)
    {
        // Returns when the fiber has been given another task to run.
        task.m_engine.RunBody(task);
    }
}

void Engine::RunBody(Task& task)
{
    const EngineScope scope;
    task.m_inBody = true;
    TsanAcquire(&task);
    TsanAcquire(&m_begun);
    Did(EffectKind::kAcquire, &task);
    Commit(task);
    try
    {
        const ProgramScope program;
        task.m_body();
    }
    catch (const TaskUnwind&)
    {
        // Reset() wanted this.
    }
    catch (const std::exception& error)
    {
        Record(ViolationKind::kException,
               fmt::format("an exception left {}: {}", task.m_name, error.what()));
    }
    catch (...)
    {
        Record(ViolationKind::kException,
               fmt::format("an exception of unknown type left {}", task.m_name));
    }
    task.m_body = nullptr;
    task.m_inBody = false;
    task.m_state = TaskState::kFinished;
    if (m_unwinding)
    {
        SwitchTo(m_main);
        return;
    }
    Did(EffectKind::kFinished, &task);
    SwitchTo(NextContext());
}

RunResult Engine::Run(std::int64_t untilNs)
{
    const EngineScope scope;
    if (m_inRun)
    {
        throw std::logic_error("Engine::Run() was called inside of Engine::Run()");
    }
    m_main.m_fiber.Adopt();
    m_untilNs = std::min(untilNs, kForever - 1);
    UpdateOffer();
    m_active = m_chooser != nullptr && !m_chooser->Passive();
    if (!m_begun && m_chooser != nullptr)
    {
        m_chooser->BeginRun(*this);
    }
    m_begun = true;
    m_stopping = m_violation.has_value();
    m_inRun = true;
    UpdateQuiet();
    TsanRelease(&m_begun); // what was set up is there for every task
    Did(EffectKind::kRunBegins);

    struct RunScope
    {
        Engine& engine;

        ~RunScope()
        {
            engine.m_inRun = false;
            engine.m_active = false;
            engine.UpdateQuiet();
            TsanAcquire(&engine.m_result); // see SwitchTo()
            engine.Did(EffectKind::kRunEnds);
        }
    };

    const RunScope running{*this};
    try
    {
        Loop();
    }
    catch (const ViolationError&)
    {
        if (!m_violation)
        {
            throw;
        }
    }
    if (m_violation)
    {
        m_result.outcome = Outcome::kViolation;
    }
    m_result.violation = m_violation;
    m_result.steps = m_step;
    m_result.events = m_eventCount;
    m_result.switches = m_switches;
    m_result.timeNs = NowNs();
    return m_result;
}

void Engine::Loop()
{
    for (;;)
    {
        if (m_stopping)
        {
            m_result.outcome = Outcome::kStopped;
            return;
        }
        if (m_wantEvents)
        {
            m_wantEvents = false;
            RunEventsWhileParked();
            continue;
        }
        if (!m_ready.Empty())
        {
            if (Task* next = PickReady(); next != nullptr)
            {
                SwitchTo(*next);
            }
            continue;
        }
        if (EventPending())
        {
            RunEvent();
            continue;
        }
        if (!m_events.Empty())
        {
            m_result.outcome = Outcome::kTimeLimit;
            return;
        }
        m_result.outcome = Outcome::kFinished;
        Did(EffectKind::kQuiet);
        FindDeadlock();
        return;
    }
}

void Engine::RunEvent()
{
    ++m_eventCount;
    Did(EffectKind::kEventBegins);
    const std::size_t tied = m_active ? m_events.TiedCount() : 1;
    if (tied <= 1)
    {
        const EventScope program;
        m_events.RunNext();
    }
    else
    {
        TiePoint point(*this, m_events, tied);
        const std::uint32_t first = Ask(point);
        const EventScope program;
        m_events.RunTied(first);
    }
    UpdateOffer();
}

void Engine::UpdateOffer()
{
    const std::int64_t nowNs = NowNs();
    const std::int64_t leftNs = m_options.stallLimitNs - m_stalledNs;
    m_offerUntilNs = leftNs >= m_untilNs - nowNs ? m_untilNs : nowNs + leftNs;
}

bool Engine::NewlyReady() const
{
    return std::ranges::any_of(
        m_ready.View(), [this](const Task* task) { return task->m_parkMark != m_parkEpoch; });
}

void Engine::RunEventsWhileParked()
{
    ++m_parkEpoch;
    for (Task* task : m_ready.View())
    {
        task->m_parkMark = m_parkEpoch;
    }
    if (m_parked != nullptr)
    {
        m_parked->m_parkMark = m_parkEpoch;
    }
    for (std::uint64_t count = 0;
         count < m_parkBudget && (m_parkStalls ? EventOffered() : EventPending());
         ++count)
    {
        const std::int64_t beforeNs = NowNs();
        RunEvent();
        if (m_parkStalls)
        {
            m_stalledNs += NowNs() - beforeNs;
            UpdateOffer();
        }
        if (m_stopping || NewlyReady())
        {
            break;
        }
    }
    // An event handler may have made its operation impossible: then it waits like everybody else.
    if (m_parked != nullptr)
    {
        m_parked->m_state = TaskState::kReady;
        m_ready.PushBack(m_parked);
        m_parked = nullptr;
    }
}

void Engine::Forget(Task& task)
{
    if (task.m_inBody && m_options.unwind)
    {
        m_unwinding = true;
        UpdateQuiet();
        TsanRelease(&m_begun);
        SwitchTo(task);
        TsanAcquire(&m_result);
        m_unwinding = false;
        return;
    }
    if (task.m_inBody)
    {
        task.m_fiber.Drop();
        task.m_inBody = false;
    }
    task.m_body = nullptr;
    task.m_state = TaskState::kFinished;
}

void Engine::Reset()
{
    const EngineScope scope;
    if (m_inRun)
    {
        throw std::logic_error("Engine::Reset() was called inside of Engine::Run()");
    }
    if (m_begun && m_chooser != nullptr)
    {
        m_chooser->EndRun(m_result);
    }
    for (Task* task : Tasks())
    {
        Forget(*task);
    }
    for (ObjectClass& objects : m_classes)
    {
        objects.count = 0;
    }
    m_ready.Clear();
    m_taskCount = 0;
    m_sameNames = true;
    m_parked = nullptr;
    m_step = 0;
    m_eventCount = 0;
    m_switches = 0;
    m_parkEpoch = 0;
    m_stalledNs = 0;
    m_begun = false;
    m_stopping = false;
    m_wantEvents = false;
    m_violation.reset();
    m_result = {};
    m_main.m_opCount = 0;
    UpdateQuiet();
    Did(EffectKind::kReset);
}

} // namespace interleave
