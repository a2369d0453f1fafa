// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The timers of StepRuntime: a binary heap in which each timer knows its place, so that one that is
// cancelled leaves at once and virtual time need not run over it.
#include "ibcm/helper/step-runtime-jobs.h"

namespace ibcm
{

void StepRuntime::TimerInit(TimerStorage& timer, Timer& owner, WorkQueue& queue, const char* name)
{
    new (timer.bytes) TimerJob{
        .job = {
            .name = name, .item = nullptr, .timer = &owner, .queue = static_cast<Queue*>(&queue)}};
    ++m_objects;
    // So that arming it, which is done under locks, allocates nothing.
    if (++m_timersMade > m_timers.capacity())
    {
        m_timers.reserve(2 * m_timersMade);
    }
}

void StepRuntime::TimerDestroy(TimerStorage& timer)
{
    const auto& state = InStorage<TimerJob>(timer);
    if (state.index != TimerJob::kUnarmed || state.job.queued)
    {
        DieInStepRuntime("destroyed while it is armed or queued: timer", state.job.name);
    }
    --m_objects;
    --m_timersMade;
}

void StepRuntime::TimerArm(TimerStorage& timer, Duration delay)
{
    auto& state = InStorage<TimerJob>(timer);
    if (delay < Duration{0})
    {
        DieInStepRuntime("armed with a negative delay: timer", state.job.name);
    }
    TimerCancel(timer);
    state.when = m_now + delay;
    state.order = ++m_timersArmed;
    m_timers.push_back(&state);
    state.index = m_timers.size() - 1;
    SiftUp(state.index);
}

bool StepRuntime::TimerCancel(TimerStorage& timer)
{
    auto& state = InStorage<TimerJob>(timer);
    if (state.index != TimerJob::kUnarmed)
    {
        RemoveTimer(state);
        return true;
    }
    if (state.job.queued)
    {
        Unlink(state.job);
        return true;
    }
    return false;
}

std::size_t StepRuntime::ArmedTimers() const
{
    return m_timers.size();
}

Instant StepRuntime::NextTimer() const
{
    return m_timers.empty() ? m_now : m_timers.front()->when;
}

bool StepRuntime::FireNext(Instant limit)
{
    if (m_timers.empty() || m_timers.front()->when > limit)
    {
        return false;
    }
    TimerJob& timer = *m_timers.front();
    RemoveTimer(timer);
    m_now = timer.when;
    Append(timer.job);
    return true;
}

bool StepRuntime::Sooner(const TimerJob& a, const TimerJob& b)
{
    return a.when != b.when ? a.when < b.when : a.order < b.order;
}

void StepRuntime::Place(TimerJob& timer, std::size_t index)
{
    m_timers[index] = &timer;
    timer.index = index;
}

void StepRuntime::SiftUp(std::size_t index)
{
    TimerJob& timer = *m_timers[index];
    while (index > 0)
    {
        const std::size_t parent = (index - 1) / 2;
        if (!Sooner(timer, *m_timers[parent]))
        {
            break;
        }
        Place(*m_timers[parent], index);
        index = parent;
    }
    Place(timer, index);
}

void StepRuntime::SiftDown(std::size_t index)
{
    TimerJob& timer = *m_timers[index];
    for (;;)
    {
        std::size_t child = 2 * index + 1;
        if (child >= m_timers.size())
        {
            break;
        }
        if (child + 1 < m_timers.size() && Sooner(*m_timers[child + 1], *m_timers[child]))
        {
            ++child;
        }
        if (!Sooner(*m_timers[child], timer))
        {
            break;
        }
        Place(*m_timers[child], index);
        index = child;
    }
    Place(timer, index);
}

void StepRuntime::RemoveTimer(TimerJob& timer)
{
    const std::size_t index = timer.index;
    timer.index = TimerJob::kUnarmed;
    TimerJob& last = *m_timers.back();
    m_timers.pop_back();
    if (&last == &timer)
    {
        return;
    }
    Place(last, index);
    SiftDown(index);
    SiftUp(last.index);
}

} // namespace ibcm
