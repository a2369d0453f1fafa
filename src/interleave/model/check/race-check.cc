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
    m_syncs.Clear();
    m_objects.Clear();
    m_fields.Clear();
    m_reads.clear();
}

RaceCheck::Clock RaceCheck::ClockOf(std::uint32_t task)
{
    while (m_tasks.size() <= task)
    {
        m_clocks.Widen(m_tasks.size() + 1);
        const Clock clock = m_clocks.Add();
        m_clocks.Set(clock, static_cast<std::uint32_t>(m_tasks.size()), 1);
        m_tasks.push_back(clock);
    }
    return m_tasks[task];
}

RaceCheck::Clock RaceCheck::Made(Clock& clock)
{
    if (clock == kNoClock)
    {
        clock = m_clocks.Add();
    }
    return clock;
}

RaceCheck::Clock RaceCheck::ClockOf(const void* sync)
{
    return Made(m_syncs.At(KeyTable<SyncClock>::KeyOf(sync)).clock);
}

void RaceCheck::Tick(std::uint32_t task)
{
    m_clocks.Set(m_tasks[task], task, m_clocks.Get(m_tasks[task], task) + 1);
}

void RaceCheck::Release(std::uint32_t task, Clock to)
{
    m_clocks.Join(to, ClockOf(task));
    Tick(task);
}

void RaceCheck::Acquire(std::uint32_t task, Clock from)
{
    m_clocks.Join(ClockOf(task), from);
}

void RaceCheck::Locked(std::uint32_t task, const void* mutex)
{
    SyncClock& sync = m_syncs.At(KeyTable<SyncClock>::KeyOf(mutex));
    // The main context forgets between events, and so may have more to learn from itself.
    if (sync.owner != task || task == 0)
    {
        Acquire(task, Made(sync.clock));
    }
}

void RaceCheck::Unlocked(std::uint32_t task, const void* mutex)
{
    SyncClock& sync = m_syncs.At(KeyTable<SyncClock>::KeyOf(mutex));
    // Whoever unlocks has locked, and so knows all that the mutex's clock knows.
    m_clocks.Assign(Made(sync.clock), ClockOf(task));
    sync.owner = task;
    Tick(task);
}

void RaceCheck::BeginEvent()
{
    const Clock main = ClockOf(0U);
    const std::uint32_t own = m_clocks.Get(main, 0);
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
    Made(m_base);
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

void RaceCheck::OnEffect(const Effect& effect)
{
    const std::uint32_t task = effect.task.Ordinal();
    switch (effect.kind)
    {
    case EffectKind::kMade:
        if (SyncClock* known = m_syncs.Find(KeyTable<SyncClock>::KeyOf(effect.sync));
            known != nullptr && known->clock != kNoClock)
        {
            m_clocks.Zero(known->clock);
            known->owner = kNobody;
        }
        break;
    case EffectKind::kLocked:
    case EffectKind::kTryLocked:
        Locked(task, effect.sync);
        break;
    case EffectKind::kUnlocked:
        Unlocked(task, effect.sync);
        break;
    case EffectKind::kRelease:
    case EffectKind::kSignalled:
    case EffectKind::kQueued:
    case EffectKind::kArmed:
        Release(task, ClockOf(effect.sync));
        break;
    case EffectKind::kAcquire:
    case EffectKind::kConsumed:
    case EffectKind::kFired:
        Acquire(task, ClockOf(effect.sync));
        break;
    case EffectKind::kTaken:
    {
        const Clock item = ClockOf(effect.sync);
        Acquire(task, item);
        m_clocks.Zero(item); // the address may be another item's next time
        break;
    }
    case EffectKind::kEventBegins:
        BeginEvent();
        break;
    case EffectKind::kRunBegins:
    case EffectKind::kRunEnds:
        Barrier();
        break;
    case EffectKind::kGone:
    case EffectKind::kForgotten:
    case EffectKind::kWithdrawn:
    case EffectKind::kDisarmed:
    case EffectKind::kFinished:
    case EffectKind::kReset:
    case EffectKind::kQuiet:
        break;
    }
}

void RaceCheck::OnOp(const OpEvent& event)
{
    if (event.op.object.type == 0)
    {
        return;
    }
    const std::uint32_t task = event.task.Ordinal();
    switch (event.op.kind)
    {
    case OpKind::kAccess:
        OnAccess(event);
        break;
    case OpKind::kPublish:
    case OpKind::kUnpublish:
        Release(task, Made(m_objects.At(event.op.object).published));
        break;
    case OpKind::kRefGet:
        Acquire(task, Made(m_objects.At(event.op.object).published));
        break;
    case OpKind::kRefPut:
    {
        const Clock counted = Made(m_objects.At(event.op.object).counted);
        Acquire(task, counted);
        Release(task, counted);
        break;
    }
    case OpKind::kAtomic:
    {
        const Clock atomic = Made(m_objects.At(event.op.object).published);
        Acquire(task, atomic);
        if (event.op.write)
        {
            Release(task, atomic);
        }
        break;
    }
    default:
        break;
    }
}

void RaceCheck::OnAccess(const OpEvent& event)
{
    const std::uint32_t task = event.task.Ordinal();
    const Clock now = ClockOf(task);
    Field& field = m_fields.At(event.op.object);
    const std::uint32_t clock = m_clocks.Get(now, task);
    const Access& latest = event.op.write ? field.write : field.read;
    if (latest.task == task && latest.clock == clock)
    {
        return; // the same epoch: whatever is ordered with that is ordered with this
    }
    const Access access{task, clock, event.step, SiteOf(event.op), m_held.Of(task), event.op.write};
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
    Remember(field, access);
}

void RaceCheck::Remember(Field& field, const Access& access)
{
    if (access.write)
    {
        // Whoever races with an earlier access races with this one, too, or is ordered after both.
        field.write = access;
        field.read = {};
        field.shared = 0;
        return;
    }
    if (field.shared == 0 && (field.read.task == kNobody || field.read.task == access.task ||
                              Ordered(field.read, m_tasks[access.task])))
    {
        field.read = access;
        return;
    }
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
