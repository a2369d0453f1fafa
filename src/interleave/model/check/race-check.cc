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
        const Clock clock = m_clocks.Add();
        m_clocks.Set(clock, static_cast<std::uint32_t>(m_tasks.size()), 1);
        m_tasks.push_back(clock);
    }
}

void RaceCheck::BeginEvent()
{
    const Clock main = ClockOf(0U);
    const Time own = m_clocks.Get(main, 0);
    if (m_base == kNoClock)
    {
        m_clocks.Zero(main);
    }
    else
    {
        m_clocks.Assign(main, m_base);
    }
    m_clocks.Set(main, 0, own);
}

void RaceCheck::Barrier()
{
    ClockOf(static_cast<std::uint32_t>(m_engine.Tasks().size()));
    if (m_base == kNoClock)
    {
        m_base = m_clocks.Add();
    }
    for (const Clock clock : m_tasks)
    {
        m_clocks.Join(m_base, clock);
    }
    for (std::uint32_t task = 0; task < m_tasks.size(); ++task)
    {
        m_clocks.Assign(m_tasks[task], m_base);
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

void RaceCheck::Check(const OpEvent& event, Field& field, Clock now, Time time)
{
    const Access access{event.task.Ordinal(),
                        time,
                        event.step,
                        SiteOf(event.op),
                        m_held.Of(event.task.Ordinal()),
                        event.op.write};
    if (!Ordered(field.write, now))
    {
        ReportRace(event.op.object, field.write, access);
    }
    else if (access.write)
    {
        if (!Ordered(field.read, now))
        {
            ReportRace(event.op.object, field.read, access);
        }
        for (std::uint32_t at = field.shared; at != 0; at = m_reads[at - 1].next)
        {
            if (!Ordered(m_reads[at - 1].access, now))
            {
                ReportRace(event.op.object, m_reads[at - 1].access, access);
                break;
            }
        }
    }
    if (access.write)
    {
        // Whoever races with an earlier access races with this one, too, or is ordered after both.
        field.write = access;
        field.read.task = kNobody;
        field.shared = 0;
    }
    else if (field.shared == 0 && (field.read.task == access.task || Ordered(field.read, now)))
    {
        field.read = access;
    }
    else
    {
        RememberRead(field, access);
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

void RaceCheck::ReportRace(ObjectId field, const Access& before, const Access& now)
{
    const auto what = [](const Access& access) { return access.write ? "write" : "read"; };
    const auto who = [&](const Access& access)
    {
        return fmt::format("{} at {} by {} (step {}, {})",
                           what(access),
                           access.site,
                           m_engine.TaskAt(access.task).Name(),
                           access.step,
                           m_held.Text(m_engine, access.held));
    };
    std::string text = fmt::format("nothing orders two accesses to {}: {} and {}",
                                   m_engine.ObjectText(field),
                                   who(before),
                                   who(now));
    std::string first = fmt::format("{} at {}", what(before), before.site);
    std::string second = fmt::format("{} at {}", what(now), now.site);
    if (second < first)
    {
        std::swap(first, second);
    }
    std::string subject =
        fmt::format("{}, {} against {}", m_engine.ClassName(field.type), first, second);
    m_engine.Report(ViolationKind::kDataRace, std::move(text), std::move(subject));
}

} // namespace interleave
