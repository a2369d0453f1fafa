// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/strategy/surw.h"

#include "interleave/model/engine.h"
#include "interleave/model/schedule-point.h"

#include <algorithm>
#include <numeric>

namespace interleave
{

SurwStrategy::SurwStrategy()
    : m_random(0, "schedule")
{
}

void SurwStrategy::Seed(std::uint64_t seed)
{
    m_random = Random(seed, "schedule");
    m_faults.Seed(seed);
}

bool SurwStrategy::IsUse(const Op& op)
{
    return op.object.type != 0 && op.kind != OpKind::kUnlock;
}

SurwStrategy::Uses& SurwStrategy::UsesOf(ObjectId object)
{
    if (object.type >= m_index.size())
    {
        m_index.resize(object.type + std::size_t{1});
    }
    std::vector<std::uint32_t>& places = m_index[object.type];
    if (object.ordinal >= places.size())
    {
        places.resize(object.ordinal + std::size_t{1});
    }
    std::uint32_t& place = places[object.ordinal];
    if (place == 0)
    {
        m_uses.push_back({object, {}});
        place = static_cast<std::uint32_t>(m_uses.size());
    }
    return m_uses[place - 1];
}

void SurwStrategy::BeginRun(const Engine& /*engine*/)
{
    for (const Uses& uses : m_uses)
    {
        m_index[uses.object.type][uses.object.ordinal] = 0;
    }
    m_uses.clear();
    DrawInterest();
    DrawMeant();
}

void SurwStrategy::DrawInterest()
{
    const auto shared = [](const Uses& uses) {
        return std::ranges::count_if(uses.byTask, [](std::uint32_t count) { return count != 0; }) >
               1;
    };
    const auto count = static_cast<std::uint32_t>(std::ranges::count_if(m_profile, shared));
    m_interest = {};
    m_left.clear();
    if (count == 0)
    {
        return;
    }
    std::uint32_t chosen = m_random.Below(count);
    for (const Uses& uses : m_profile)
    {
        if (shared(uses) && chosen-- == 0)
        {
            m_interest = uses.object;
            m_left = uses.byTask;
            return;
        }
    }
}

void SurwStrategy::DrawMeant()
{
    const std::uint32_t sum = std::accumulate(m_left.begin(), m_left.end(), 0U);
    m_meant = 0;
    if (sum == 0)
    {
        return;
    }
    std::uint32_t drawn = m_random.Below(sum);
    for (std::uint32_t task = 0; task < m_left.size(); ++task)
    {
        if (drawn < m_left[task])
        {
            m_meant = task;
            return;
        }
        drawn -= m_left[task];
    }
}

/** All that could go on want the object: one of them is meant, also against the profile. */
void SurwStrategy::DrawMeantAmong(const SchedulePoint& point)
{
    const auto weight = [this](const Task* task)
    {
        const std::uint32_t ordinal = task->Ordinal();
        return std::max(1U, ordinal < m_left.size() ? m_left[ordinal] : 0U);
    };
    std::uint32_t sum = 0;
    for (std::uint32_t option = 0; option < point.Count(); ++option)
    {
        const Task* task = point.Candidate(option);
        sum += task != nullptr ? weight(task) : 0;
    }
    std::uint32_t drawn = m_random.Below(sum);
    for (std::uint32_t option = 0; option < point.Count(); ++option)
    {
        const Task* task = point.Candidate(option);
        if (task == nullptr)
        {
            continue;
        }
        if (drawn < weight(task))
        {
            m_meant = task->Ordinal();
            return;
        }
        drawn -= weight(task);
    }
}

void SurwStrategy::Note(const Task& task)
{
    const Op& op = task.Pending();
    if (!IsUse(op))
    {
        return;
    }
    std::vector<std::uint32_t>& byTask = UsesOf(op.object).byTask;
    if (task.Ordinal() >= byTask.size())
    {
        byTask.resize(task.Ordinal() + std::size_t{1});
    }
    ++byTask[task.Ordinal()];
    if (!(op.object == m_interest))
    {
        return;
    }
    if (task.Ordinal() < m_left.size() && m_left[task.Ordinal()] != 0)
    {
        --m_left[task.Ordinal()];
    }
    DrawMeant();
}

/** Draws from the first @p tasks options, all tasks, those that must not go yet left out. */
std::uint32_t SurwStrategy::Draw(const SchedulePoint& point, std::uint32_t tasks)
{
    const auto free = [&](std::uint32_t option)
    {
        const Task* task = point.Candidate(option);
        return task->Ordinal() == m_meant || !Interesting(task->Pending());
    };
    std::uint32_t count = 0;
    for (std::uint32_t option = 0; option < tasks; ++option)
    {
        count += free(option) ? 1 : 0;
    }
    if (count == 0)
    {
        DrawMeantAmong(point);
        count = 1;
    }
    std::uint32_t drawn = m_random.Below(count);
    for (std::uint32_t option = 0;; ++option)
    {
        if (free(option) && drawn-- == 0)
        {
            return option;
        }
    }
}

std::uint32_t SurwStrategy::Choose(ChoicePoint& point)
{
    if (point.Kind() != ChoiceKind::kSchedule)
    {
        return m_faults.Choose(point);
    }
    const auto& schedule = static_cast<SchedulePoint&>(point);
    const std::uint32_t count = point.Count();
    std::uint32_t option = 0;
    if (count != 1)
    {
        const bool events = schedule.Candidate(count - 1) == nullptr;
        if (events && m_faults.LetTimeGoOn())
        {
            return count - 1;
        }
        option = Draw(schedule, events ? count - 1 : count);
    }
    Note(*schedule.Candidate(option));
    return option;
}

void SurwStrategy::EndRun(const RunResult& result)
{
    if (!m_uses.empty() && (result.Passed() || m_profile.empty()))
    {
        m_profile = m_uses;
    }
}

} // namespace interleave
