// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/check/race-check.h"

#include <fmt/format.h>

#include <utility>

namespace interleave
{

void RaceCheck::Clear()
{
    m_clocks.Clear();
    m_tasks.clear();
    m_base = kNoClock;
    m_syncs.clear();
    m_objects.Clear();
    m_fields.Clear();
    m_reads.clear();
}

void RaceCheck::AddTasks(std::uint32_t last)
{
    while (m_tasks.size() <= last)
    {
        m_clocks.Widen(m_tasks.size() + 1);
        const auto task = static_cast<std::uint32_t>(m_tasks.size());
        m_tasks.push_back({m_clocks.Add(), 1, task});
        m_clocks.Set(m_tasks.back().clock, task, m_tasks.back().time);
    }
}

void RaceCheck::BeginEvent()
{
    const TaskClock& main = ClockOf(0U);
    if (m_base == kNoClock)
    {
        m_clocks.Zero(main.clock);
    }
    else
    {
        m_clocks.Assign(main.clock, m_base);
    }
    m_clocks.Set(main.clock, 0, main.time);
}

void RaceCheck::Barrier()
{
    ClockOf(static_cast<std::uint32_t>(m_engine.Tasks().size()));
    if (m_base == kNoClock)
    {
        m_base = m_clocks.Add();
    }
    // Nobody knows more of a task than that itself.
    for (const TaskClock& task : m_tasks)
    {
        m_clocks.Set(m_base, task.task, task.time);
    }
    for (TaskClock& task : m_tasks)
    {
        m_clocks.Assign(task.clock, m_base);
        Tick(task);
    }
}

void RaceCheck::OnOp(const OpEvent& event)
{
    const std::uint32_t task = event.task.Ordinal();
    switch (event.op.kind)
    {
    case OpKind::kPublish:
    case OpKind::kUnpublish:
        Add(task, m_objects.At(event.op.object).published);
        break;
    case OpKind::kRefGet:
        Take(task, m_objects.At(event.op.object).published);
        break;
    case OpKind::kRefPut:
    {
        Shared& counted = m_objects.At(event.op.object).counted;
        Take(task, counted);
        Give(task, counted);
        break;
    }
    case OpKind::kAtomic:
    {
        Shared& atomic = m_objects.At(event.op.object).published;
        Take(task, atomic);
        if (event.op.write)
        {
            Give(task, atomic);
        }
        break;
    }
    default:
        break;
    }
}

void RaceCheck::CheckReads(ObjectId object,
                           const Field& field,
                           const TaskClock& now,
                           const Access& write)
{
    if (!Ordered(field.read, now))
    {
        ReportRace(object, {field.read, false}, {write, true});
    }
    for (std::uint32_t at = field.shared; at != 0; at = m_reads[at - 1].next)
    {
        if (!Ordered(m_reads[at - 1].access, now))
        {
            ReportRace(object, {m_reads[at - 1].access, false}, {write, true});
            break;
        }
    }
}

void RaceCheck::RememberRead(Field& field, const Access& access)
{
    if (field.shared == 0)
    {
        m_reads.push_back({field.read, 0});
        field.shared = static_cast<std::uint32_t>(m_reads.size());
    }
    field.read = access;
    for (std::uint32_t at = field.shared; at != 0; at = m_reads[at - 1].next)
    {
        if (m_reads[at - 1].access.task == access.task)
        {
            m_reads[at - 1].access = access;
            return;
        }
    }
    m_reads.push_back({access, field.shared});
    field.shared = static_cast<std::uint32_t>(m_reads.size());
}

void RaceCheck::ReportRace(ObjectId field, const Side& before, const Side& now)
{
    const auto where = [](const Side& side)
    {
        return fmt::format("{} at {}",
                           side.write ? "write" : "read",
                           side.access.site != nullptr ? side.access.site
                                                       : OpKindText(OpKind::kAccess));
    };
    const auto who = [&](const Side& side)
    {
        return fmt::format("{} by {} (step {}, {})",
                           where(side),
                           m_engine.TaskAt(side.access.task).Name(),
                           side.access.step,
                           m_held.Text(m_engine, side.access.held));
    };
    std::string text = fmt::format("nothing orders two accesses to {}: {} and {}",
                                   m_engine.ObjectText(field),
                                   who(before),
                                   who(now));
    std::string first = where(before);
    std::string second = where(now);
    if (second < first)
    {
        std::swap(first, second);
    }
    std::string subject =
        fmt::format("{}, {} against {}", m_engine.ClassName(field.type), first, second);
    m_engine.Report(ViolationKind::kDataRace, std::move(text), std::move(subject));
}

} // namespace interleave
