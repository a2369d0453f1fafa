// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/strategy/execution-trace.h"

#include <algorithm>

namespace interleave
{

bool Dependent(const TraceStep& left, const TraceStep& right)
{
    if ((left.process == 0 && right.time) || (right.process == 0 && left.time))
    {
        return true;
    }
    return left.object != 0 && left.object == right.object && Dependent(left.mode, right.mode);
}

void ExecutionTrace::CutTo(std::uint32_t size)
{
    m_steps.resize(size);
    m_analysed = std::min(m_analysed, size);
}

void ExecutionTrace::SetBirth(std::uint32_t process, std::uint32_t birth)
{
    GrowTo(process + 1);
    m_births[process] = birth;
}

void ExecutionTrace::GrowTo(std::uint32_t processes)
{
    if (processes <= m_stride)
    {
        return;
    }
    const std::uint32_t stride = std::max(processes, m_stride == 0 ? 4 : 2 * m_stride);
    std::vector<std::uint32_t> clocks(std::size_t{m_analysed} * stride);
    for (std::uint32_t step = 0; step < m_analysed; ++step)
    {
        std::copy_n(m_clocks.begin() + static_cast<std::ptrdiff_t>(std::size_t{step} * m_stride),
                    m_stride,
                    clocks.begin() + static_cast<std::ptrdiff_t>(std::size_t{step} * stride));
    }
    m_clocks = std::move(clocks);
    m_clock.resize(stride);
    m_last.resize(stride, kNone);
    m_births.resize(stride, kNone);
    m_stride = stride;
}

ExecutionTrace::Latest& ExecutionTrace::LatestOn(std::uint32_t object)
{
    if (object >= m_latest.size())
    {
        m_latest.resize(object + std::size_t{1});
    }
    Latest& latest = m_latest[object];
    if (latest.epoch != m_epoch)
    {
        latest = {};
        latest.epoch = m_epoch;
    }
    return latest;
}

void ExecutionTrace::Join(std::uint32_t step)
{
    const std::uint32_t* row = &m_clocks[std::size_t{step} * m_stride];
    for (std::uint32_t process = 0; process < m_stride; ++process)
    {
        m_clock[process] = std::max(m_clock[process], row[process]);
    }
}

void ExecutionTrace::StartClock(std::uint32_t process)
{
    const std::uint32_t last = m_last[process] != kNone ? m_last[process] : m_births[process];
    if (last == kNone)
    {
        std::ranges::fill(m_clock, 0U);
        return;
    }
    std::copy_n(m_clocks.begin() + static_cast<std::ptrdiff_t>(std::size_t{last} * m_stride),
                m_stride,
                m_clock.begin());
}

void ExecutionTrace::Meet(std::uint32_t rival,
                          const TraceStep& step,
                          std::uint32_t number,
                          bool races)
{
    const TraceStep& other = m_steps[rival];
    if (other.process == step.process || m_clock[other.process] >= m_local[rival])
    {
        return; // before it anyway
    }
    if (races)
    {
        m_races->push_back({rival, number});
    }
    Join(rival);
}

void ExecutionTrace::MeetUnshielded(std::uint32_t rival,
                                    const TraceStep& step,
                                    std::uint32_t number)
{
    const std::uint32_t process = m_steps[rival].process;
    if (process != step.process && m_clock[process] < m_local[rival])
    {
        m_races->push_back({rival, number});
    }
}

void ExecutionTrace::AddRivals(const TraceStep& step, const Latest& latest)
{
    const auto add = [this](std::uint32_t rival, bool races)
    {
        if (rival != kNone)
        {
            m_rivals.push_back({rival, races});
        }
    };
    const bool life = step.mode == AccessMode::kLifetime;
    switch (step.mode)
    {
    case AccessMode::kNone:
        return;
    case AccessMode::kRead:
        add(latest.write, true);
        return;
    case AccessMode::kAcquire:
        add(latest.release, false);
        add(latest.attempt, true);
        return;
    case AccessMode::kRelease:
        add(latest.attempt, true);
        return;
    case AccessMode::kTry:
    case AccessMode::kLifetime:
        add(latest.release, true);
        add(latest.acquire, true);
        add(latest.attempt, true);
        if (!life)
        {
            return;
        }
        [[fallthrough]];
    case AccessMode::kWrite:
    case AccessMode::kAwait:
        for (std::uint32_t read = latest.read; read != kNone; read = m_earlierRead[read])
        {
            add(read, true);
        }
        add(latest.write, true);
        return;
    }
}

void ExecutionTrace::Order(const TraceStep& step, std::uint32_t number)
{
    GrowTo(step.process + 1);
    StartClock(step.process);
    m_rivals.clear();
    if (step.object != 0)
    {
        const Latest& latest = LatestOn(step.object);
        // Before what lies between the two is taken into account: that is no third party.
        if (step.mode == AccessMode::kAcquire && latest.acquire != kNone)
        {
            MeetUnshielded(latest.acquire, step, number);
            m_rivals.push_back({latest.acquire, false});
        }
        AddRivals(step, latest);
        if (step.mode == AccessMode::kAwait)
        {
            for (std::uint32_t rival = latest.any; rival != kNone; rival = m_earlier[rival])
            {
                if (Dependent(m_steps[rival].mode, step.mode))
                {
                    MeetUnshielded(rival, step, number);
                }
            }
            for (Rival& rival : m_rivals)
            {
                rival.races = false;
            }
        }
    }
    if (step.process == 0)
    {
        for (std::uint32_t read = m_timeRead; read != kNone; read = m_earlierTime[read])
        {
            m_rivals.push_back({read, true});
        }
    }
    else if (step.time && m_timeWrite != kNone)
    {
        m_rivals.push_back({m_timeWrite, true});
    }
    if (m_rivals.size() > 1)
    {
        std::ranges::sort(
            m_rivals, std::greater<>{}, [](const Rival& rival) { return rival.step; });
    }
    for (const Rival& rival : m_rivals)
    {
        Meet(rival.step, step, number, rival.races);
    }
}

void ExecutionTrace::EnterAccess(std::uint32_t index, Latest& latest)
{
    m_earlier[index] = latest.any;
    latest.any = index;
    switch (m_steps[index].mode)
    {
    case AccessMode::kNone:
        return;
    case AccessMode::kRead:
        m_earlierRead[index] = latest.read;
        latest.read = index;
        return;
    case AccessMode::kWrite:
    case AccessMode::kAwait:
        latest.write = index;
        latest.read = kNone;
        return;
    case AccessMode::kAcquire:
        latest.acquire = index;
        latest.held = true;
        return;
    case AccessMode::kRelease:
        latest.release = index;
        latest.held = false;
        return;
    case AccessMode::kTry:
        latest.attempt = index;
        if (!latest.held)
        {
            latest.acquire = index;
            latest.held = true;
        }
        return;
    case AccessMode::kLifetime:
        latest.attempt = index;
        latest.write = index;
        latest.read = kNone;
        return;
    }
}

void ExecutionTrace::Enter(std::uint32_t index)
{
    const TraceStep& step = m_steps[index];
    m_last[step.process] = index;
    if (step.object != 0)
    {
        EnterAccess(index, LatestOn(step.object));
    }
    if (step.process == 0)
    {
        m_timeWrite = index;
        m_timeRead = kNone;
    }
    else if (step.time)
    {
        m_earlierTime[index] = m_timeRead;
        m_timeRead = index;
    }
}

void ExecutionTrace::Analyse(std::vector<Race>& races)
{
    const std::uint32_t size = Size();
    if (m_local.size() < size)
    {
        m_local.resize(2 * std::size_t{size});
        m_previous.resize(m_local.size());
        m_earlierRead.resize(m_local.size());
        m_earlierTime.resize(m_local.size());
        m_earlier.resize(m_local.size());
    }
    ++m_epoch;
    std::ranges::fill(m_last, kNone);
    m_timeRead = kNone;
    m_timeWrite = kNone;
    m_races = &races;
    for (std::uint32_t index = 0; index < m_analysed; ++index)
    {
        Enter(index);
    }
    for (std::uint32_t index = m_analysed; index < size; ++index)
    {
        const TraceStep& step = m_steps[index];
        Order(step, index);
        const std::uint32_t previous = m_last[step.process];
        m_previous[index] = previous;
        m_local[index] = previous == kNone ? 1 : m_local[previous] + 1;
        m_clock[step.process] = m_local[index];
        if (m_clocks.size() < (std::size_t{index} + 1) * m_stride)
        {
            m_clocks.resize(2 * (std::size_t{index} + 1) * m_stride);
        }
        std::ranges::copy(
            m_clock, m_clocks.begin() + static_cast<std::ptrdiff_t>(std::size_t{index} * m_stride));
        Enter(index);
        m_analysed = index + 1;
    }
}

void ExecutionTrace::RacesOf(const TraceStep& pending, std::vector<Race>& races)
{
    m_races = &races;
    Order(pending, Size());
}

} // namespace interleave
