// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_RACE_CHECK_H
#define INTERLEAVE_RACE_CHECK_H

#include "interleave/model/check/held-locks.h"
#include "interleave/model/check/object-table.h"
#include "interleave/model/check/vector-clocks.h"
#include "interleave/model/engine.h"

#include <cstdint>
#include <vector>

namespace interleave
{

/**
 * Data races on declared shared fields: two accesses (OpKind::kAccess with an object) to one field,
 * at least one of them a write, with nothing that orders them, whichever came first in this run.
 * The order is happens-before over mutexes, completions, work, timers, events, the start of tasks,
 * reference counts (each put sees those before it), publication (taking a reference sees it) and
 * OpKind::kAtomic.
 *
 * Most accesses are checked against a single (task, clock) pair instead of a vector of clocks:
 * C. Flanagan, S. Freund, "FastTrack: Efficient and Precise Dynamic Race Detection", PLDI 2009.
 *
 * The main context is one task, but an event handler knows of earlier ones only what main itself
 * has done: that one event ran after another orders nothing between the tasks behind them.
 */
class RaceCheck
{
  public:
    /** @param held kept up to date by somebody else, before this hears of an effect. */
    RaceCheck(Engine& engine, const HeldLocks& held)
        : m_engine(engine),
          m_held(held)
    {
    }

    /** OpKind::kAccess to an object. */
    void OnAccess(const OpEvent& event)
    {
        const std::uint32_t task = event.task.Ordinal();
        const Clock now = ClockOf(task);
        const Time time = m_clocks.Get(now, task);
        Field& field = m_fields.At(event.op.object);
        // In one epoch, whatever is ordered with an access is ordered with the next one, if that
        // is no write or both are.
        if (!field.write.Is(task, time) && (event.op.write || !field.read.Is(task, time)))
        {
            Check(event, field, now, time);
        }
    }

    /** Any other operation on an object. */
    void OnOp(const OpEvent& event);

    // Effects on primitive @p sync, a number of the SyncTable.

    /** What @p task has done so far happens before what others do after Acquire(). */
    void Release(std::uint32_t task, std::uint32_t sync)
    {
        Add(task, At(sync));
    }

    void Acquire(std::uint32_t task, std::uint32_t sync)
    {
        Take(task, At(sync));
    }

    /** The same, by whoever has acquired all that was released before. */
    void Unlocked(std::uint32_t task, std::uint32_t sync)
    {
        Give(task, At(sync));
    }

    /** As Acquire(), and what was released is forgotten: the address may be another item's. */
    void Consume(std::uint32_t task, std::uint32_t sync)
    {
        Shared& from = At(sync);
        Take(task, from);
        from.owner = kNobody;
    }

    /** The main context begins an event, which knows nothing of the one before. */
    void BeginEvent();
    /** All of before happens before all of after. */
    void Barrier();
    void Clear();

  private:
    using Clock = VectorClocks::Clock;
    using Time = VectorClocks::Time;

    static constexpr std::uint32_t kNobody = 0xffff'ffff;
    static constexpr std::uint32_t kSeveral = 0xffff'fffe;
    static constexpr Clock kNoClock = 0xffff'ffff;

    struct Access
    {
        std::uint32_t task = kNobody;
        Time time = 0;
        std::uint64_t step = 0;
        const char* site = nullptr;
        std::uint32_t held = 0;
        bool write = false;

        bool Is(std::uint32_t byTask, Time atTime) const
        {
            return task == byTask && time == atTime;
        }
    };

    struct Field
    {
        Access write;
        Access read;              //!< the only one that counts, unless there are several
        std::uint32_t shared = 0; //!< several: the first of m_reads, counted from 1
    };

    struct SharedRead
    {
        Access access;
        std::uint32_t next = 0;
    };

    /** What was released to a primitive or an object. */
    struct Shared
    {
        Clock clock = kNoClock;
        /** Who has released last, if that one knew all of it; kNobody: nothing was released. */
        std::uint32_t owner = kNobody;
        Time time = 0; //!< the owner's, then
    };

    struct ObjectClocks
    {
        Shared published;
        Shared counted;
    };

    Clock ClockOf(std::uint32_t task)
    {
        if (task >= m_tasks.size()) [[unlikely]]
        {
            AddTasks(task);
        }
        return m_tasks[task];
    }

    Shared& At(std::uint32_t sync)
    {
        if (sync >= m_syncs.size()) [[unlikely]]
        {
            m_syncs.resize(2 * static_cast<std::size_t>(sync) + 2);
        }
        return m_syncs[sync];
    }

    void Take(std::uint32_t task, const Shared& from)
    {
        const Clock now = ClockOf(task);
        // Whoever knows of the owner's latest release knows what the owner knew then. Not so with
        // the main context: it forgets between events.
        const bool known = from.owner == kNobody || (from.owner != kSeveral && from.owner != 0 &&
                                                     m_clocks.Get(now, from.owner) >= from.time);
        if (!known)
        {
            m_clocks.Join(now, from.clock);
        }
    }

    void Give(std::uint32_t task, Shared& to)
    {
        const Clock now = ClockOf(task);
        if (to.clock == kNoClock)
        {
            to.clock = m_clocks.Add();
        }
        m_clocks.Assign(to.clock, now);
        to.owner = task;
        to.time = m_clocks.Get(now, task);
        m_clocks.Set(now, task, to.time + 1);
    }

    void Add(std::uint32_t task, Shared& to)
    {
        if (to.owner == kNobody || (to.owner == task && task != 0))
        {
            Give(task, to);
            return;
        }
        m_clocks.Join(to.clock, ClockOf(task));
        to.owner = kSeveral;
        Tick(task);
    }

    void Tick(std::uint32_t task)
    {
        m_clocks.Set(m_tasks[task], task, m_clocks.Get(m_tasks[task], task) + 1);
    }

    bool Ordered(const Access& before, Clock now) const
    {
        return before.task == kNobody || before.time <= m_clocks.Get(now, before.task);
    }

    void AddTasks(std::uint32_t last);
    /** The first access of an epoch. */
    void Check(const OpEvent& event, Field& field, Clock now, Time time);
    void RememberRead(Field& field, const Access& access);
    void ReportRace(ObjectId field, const Access& before, const Access& now);

    Engine& m_engine;
    const HeldLocks& m_held;
    VectorClocks m_clocks;
    std::vector<Clock> m_tasks;  // by ordinal
    Clock m_base = kNoClock;     // what the latest barrier has made known to all
    std::vector<Shared> m_syncs; // by number
    ObjectTable<ObjectClocks> m_objects;
    ObjectTable<Field> m_fields;
    std::vector<SharedRead> m_reads;
};

} // namespace interleave

#endif // INTERLEAVE_RACE_CHECK_H
