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

    /** OpKind::kAccess to @p object. */
    [[gnu::always_inline]] void OnAccess(std::uint32_t task,
                                         ObjectId object,
                                         bool write,
                                         const char* site,
                                         std::uint64_t step)
    {
        const TaskClock& now = ClockOf(task);
        Field& field = m_fields.At(object);
        // In one epoch, whatever is ordered with an access is ordered with the next one, if that
        // is no write or both are.
        if (field.write.Is(task, now.time) || (!write && field.read.Is(task, now.time)))
        {
            return;
        }
        const Access access{task, now.time, step, site, m_held.Of(task)};
        if (!Ordered(field.write, now)) [[unlikely]]
        {
            ReportRace(object, {field.write, true}, {access, write});
        }
        else if (write && (!Ordered(field.read, now) || field.shared != 0)) [[unlikely]]
        {
            CheckReads(object, field, now, access);
        }
        if (write)
        {
            // Whoever races with an earlier access races with this one, too, or is ordered after
            // both.
            field.write = access;
            field.read.task = kNobody;
            field.shared = 0;
        }
        else if (field.shared == 0 && Ordered(field.read, now)) [[likely]]
        {
            field.read = access;
        }
        else
        {
            RememberRead(field, access);
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
        const char* site = nullptr; //!< or nullptr, as in Op
        std::uint32_t held = 0;

        bool Is(std::uint32_t byTask, Time atTime) const
        {
            return task == byTask && time == atTime;
        }
    };

    /** For a report. */
    struct Side
    {
        const Access& access;
        bool write;
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
    struct alignas(16) Shared
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

    /** A task's clock, and its own component of that. */
    struct alignas(16) TaskClock // so that no multiplication finds one
    {
        Clock clock = kNoClock;
        Time time = 1;
        std::uint32_t task = 0;
    };

    TaskClock& ClockOf(std::uint32_t task)
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
        const Clock now = ClockOf(task).clock;
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
        TaskClock& from = ClockOf(task);
        if (to.clock == kNoClock) [[unlikely]]
        {
            to.clock = m_clocks.Add();
        }
        m_clocks.Assign(to.clock, from.clock);
        to.owner = task;
        to.time = from.time;
        Tick(from);
    }

    void Add(std::uint32_t task, Shared& to)
    {
        if (to.owner == kNobody || (to.owner == task && task != 0))
        {
            Give(task, to);
            return;
        }
        TaskClock& from = ClockOf(task);
        m_clocks.Join(to.clock, from.clock);
        to.owner = kSeveral;
        Tick(from);
    }

    /** What the task does next is not yet known to whoever knows of it so far. */
    void Tick(TaskClock& task)
    {
        m_clocks.Set(task.clock, task.task, ++task.time);
    }

    bool Ordered(const Access& before, const TaskClock& now) const
    {
        return before.task == kNobody || before.task == now.task ||
               before.time <= m_clocks.Get(now.clock, before.task);
    }

    void AddTasks(std::uint32_t last);
    /** A write to @p field, which was read by somebody else since it was written. */
    void CheckReads(ObjectId object, const Field& field, const TaskClock& now, const Access& write);
    void RememberRead(Field& field, const Access& access);
    void ReportRace(ObjectId field, const Side& before, const Side& now);

    Engine& m_engine;
    const HeldLocks& m_held;
    VectorClocks m_clocks;
    std::vector<TaskClock> m_tasks; // by ordinal
    Clock m_base = kNoClock;        // what the latest barrier has made known to all
    std::vector<Shared> m_syncs;    // by number
    ObjectTable<ObjectClocks> m_objects;
    ObjectTable<Field> m_fields;
    std::vector<SharedRead> m_reads;
};

} // namespace interleave

#endif // INTERLEAVE_RACE_CHECK_H
