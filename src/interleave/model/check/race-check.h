// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_RACE_CHECK_H
#define INTERLEAVE_RACE_CHECK_H

#include "interleave/model/check/held-locks.h"
#include "interleave/model/check/key-table.h"
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

    void OnOp(const OpEvent& event);
    void OnEffect(const Effect& effect);
    void Clear();

  private:
    using Clock = VectorClocks::Clock;

    static constexpr std::uint32_t kNobody = 0xffff'ffff;
    static constexpr Clock kNoClock = 0xffff'ffff;

    struct Access
    {
        std::uint32_t task = kNobody;
        std::uint32_t clock = 0;
        std::uint64_t step = 0;
        const char* site = nullptr;
        std::uint32_t held = 0;
        bool write = false;
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

    struct SyncClock
    {
        Clock clock = kNoClock;
        std::uint32_t owner = kNobody; // of a mutex: who unlocked it last
    };

    struct ObjectClocks
    {
        Clock published = kNoClock;
        Clock counted = kNoClock;
    };

    Clock ClockOf(std::uint32_t task);
    Clock ClockOf(const void* sync);
    Clock Made(Clock& clock);
    void Tick(std::uint32_t task);
    void Release(std::uint32_t task, Clock to);
    void Acquire(std::uint32_t task, Clock from);
    void BeginEvent();
    void Barrier();
    void Locked(std::uint32_t task, const void* mutex);
    void Unlocked(std::uint32_t task, const void* mutex);
    void OnAccess(const OpEvent& event);
    void Remember(Field& field, const Access& access);
    bool Ordered(const Access& before, Clock now) const
    {
        return before.task == kNobody || before.clock <= m_clocks.Get(now, before.task);
    }
    void ReportRace(ObjectId field, const Access& before, const Access& now);

    Engine& m_engine;
    const HeldLocks& m_held;
    VectorClocks m_clocks;
    std::vector<Clock> m_tasks; // by ordinal
    Clock m_base = kNoClock;    // what the latest barrier has made known to all
    KeyTable<SyncClock> m_syncs;
    ObjectTable<ObjectClocks> m_objects;
    ObjectTable<Field> m_fields;
    std::vector<SharedRead> m_reads;
};

} // namespace interleave

#endif // INTERLEAVE_RACE_CHECK_H
