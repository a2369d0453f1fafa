// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/check/checks.h"

#include <algorithm>

namespace interleave
{

namespace
{

template <class... Kinds>
constexpr std::uint32_t Bits(Kinds... kinds)
{
    return (OpBit(kinds) | ...);
}

// What each check has ears for: most operations are taking and giving back locks, which concern
// none until something has been freed.
constexpr std::uint32_t kRaceOps = Bits(OpKind::kAccess,
                                        OpKind::kPublish,
                                        OpKind::kUnpublish,
                                        OpKind::kRefGet,
                                        OpKind::kRefPut,
                                        OpKind::kAtomic);
constexpr std::uint32_t kWakeupOps = Bits(OpKind::kSignal, OpKind::kWait);
constexpr std::uint32_t kLeakOps =
    Bits(OpKind::kAlloc, OpKind::kFree, OpKind::kRefGet, OpKind::kRefPut);
constexpr std::uint32_t kLifetimeOps = Bits(OpKind::kFree, OpKind::kAccess);

std::uint32_t OpKindsOf(const ChecksOptions& options)
{
    return (options.races ? kRaceOps : 0) | (options.lostWakeups ? kWakeupOps : 0) |
           (options.leaks ? kLeakOps : 0) | (options.lifetimes ? kLifetimeOps : 0);
}

} // namespace

Checks::Checks(Engine& engine, ChecksOptions options)
    : Observer({.ops = OpKindsOf(options), .effects = true, .switches = false, .choices = false}),
      m_engine(engine),
      m_options(options),
      m_races(engine, m_held),
      m_lifetimes(engine),
      m_lockOrder(engine, m_held),
      m_lostWakeups(engine),
      m_leaks(engine, m_held)
{
    engine.AddObserver(*this);
}

Checks::~Checks()
{
    m_engine.RemoveObserver(*this);
}

void Checks::Clear()
{
    WantClasses(0);
    m_syncs.Clear();
    m_held.Clear();
    m_races.Clear();
    m_lifetimes.Clear();
    m_lockOrder.Clear();
    m_lostWakeups.Clear();
    m_leaks.Clear();
}

void Checks::CheckLeaks()
{
    const EngineScope scope;
    m_leaks.Check();
}

bool Checks::SomebodyWaits() const
{
    return std::ranges::any_of(
        m_engine.Tasks(),
        [](const Task* task) { return task->State() == TaskState::kBlocked && !task->IsDaemon(); });
}

void Checks::Quiet()
{
    if (m_options.lostWakeups)
    {
        m_lostWakeups.AtEnd();
    }
    if (m_options.leaks && m_options.leaksWhenQuiet && !SomebodyWaits())
    {
        m_leaks.Check(); // what a deadlock leaves behind would be the deadlock's
    }
}

void Checks::OnOp(const OpEvent& event)
{
    const Op& op = event.op;
    if (op.object.type == 0)
    {
        return;
    }
    if (m_options.lifetimes)
    {
        m_lifetimes.OnOp(event);
    }
    switch (op.kind)
    {
    case OpKind::kAccess:
        if (m_options.races)
        {
            m_races.OnAccess(event.task.Ordinal(), op.object, op.write, op.site, event.step);
        }
        return;
    case OpKind::kSignal:
    case OpKind::kWait:
        if (m_options.lostWakeups)
        {
            m_lostWakeups.OnOp(event);
        }
        return;
    case OpKind::kAlloc:
        if (m_options.leaks)
        {
            m_leaks.Made(op);
        }
        return;
    case OpKind::kFree:
        WantClasses(m_lifetimes.FreedClasses());
        if (m_options.leaks)
        {
            m_leaks.Freed(op.object);
        }
        return;
    case OpKind::kRefGet:
    case OpKind::kRefPut:
        if (m_options.leaks)
        {
            m_leaks.Referenced(op.object, op.kind == OpKind::kRefGet ? 1 : -1);
        }
        [[fallthrough]];
    case OpKind::kPublish:
    case OpKind::kUnpublish:
    case OpKind::kAtomic:
        if (m_options.races)
        {
            m_races.OnOp(event);
        }
        return;
    default:
        return;
    }
}

void Checks::OnAccess(const Engine& engine,
                      const Task& task,
                      ObjectId field,
                      bool write,
                      const char* site)
{
    if (field.type == 0)
    {
        return;
    }
    if (m_options.lifetimes && m_lifetimes.Knows(field)) [[unlikely]]
    {
        const Op op{OpKind::kAccess, field, write, site};
        m_lifetimes.OnOp({engine, task, op, engine.Steps()});
    }
    if (m_options.races)
    {
        m_races.OnAccess(task.Ordinal(), field, write, site, engine.Steps());
    }
}

inline void Checks::Used(const Effect& effect, std::uint32_t sync)
{
    if (m_options.lifetimes)
    {
        m_lifetimes.Used(effect.task, sync, effect.object);
    }
}

inline void Checks::Locked(const Task& task, std::uint32_t sync, ObjectId object, bool waited)
{
    const std::uint32_t ordinal = task.Ordinal();
    if (m_options.lifetimes)
    {
        m_lifetimes.Used(task, sync, object);
    }
    if (m_options.lockOrder && waited)
    {
        m_lockOrder.Locked(task, sync, object); // wants to know what was held before
    }
    m_held.Locked(ordinal, sync, object);
    if (m_options.races)
    {
        m_races.Acquire(ordinal, sync);
    }
}

void Checks::OnLocked(const Engine& /*engine*/,
                      const Task& task,
                      const void* mutex,
                      ObjectId object)
{
    Locked(task, m_syncs.Of(mutex), object, true);
}

void Checks::OnUnlocked(const Engine& /*engine*/,
                        const Task& task,
                        const void* mutex,
                        ObjectId /*object*/)
{
    const std::uint32_t sync = m_syncs.Of(mutex);
    const std::uint32_t ordinal = task.Ordinal();
    m_held.Unlocked(ordinal, sync);
    if (m_options.races)
    {
        m_races.Unlocked(ordinal, sync);
    }
}

inline void Checks::TellRaces(const Effect& effect, std::uint32_t sync)
{
    const std::uint32_t task = effect.task.Ordinal();
    switch (effect.kind)
    {
    case EffectKind::kRelease:
    case EffectKind::kSignalled:
    case EffectKind::kQueued:
    case EffectKind::kArmed:
        m_races.Release(task, sync);
        break;
    case EffectKind::kAcquire:
    case EffectKind::kConsumed:
    case EffectKind::kFired:
        m_races.Acquire(task, sync);
        break;
    case EffectKind::kTaken:
        m_races.Consume(task, sync);
        break;
    case EffectKind::kEventBegins:
        m_races.BeginEvent();
        break;
    case EffectKind::kRunBegins:
    case EffectKind::kRunEnds:
        m_races.Barrier();
        break;
    default:
        break;
    }
}

inline void Checks::TellWakeups(const Effect& effect)
{
    switch (effect.kind)
    {
    case EffectKind::kSignalled:
        m_lostWakeups.Signalled(effect.object);
        break;
    case EffectKind::kConsumed:
        m_lostWakeups.Consumed(effect);
        break;
    case EffectKind::kForgotten:
        m_lostWakeups.Forgotten(effect);
        break;
    default:
        break;
    }
}

inline void Checks::TellLeaks(const Effect& effect)
{
    switch (effect.kind)
    {
    case EffectKind::kQueued:
        m_leaks.Queued(effect.object, 1);
        break;
    case EffectKind::kTaken:
    case EffectKind::kWithdrawn:
        m_leaks.Queued(effect.object, -1);
        break;
    case EffectKind::kArmed:
        m_leaks.Armed(effect.object, 1);
        break;
    case EffectKind::kDisarmed:
    case EffectKind::kFired:
        m_leaks.Armed(effect.object, -1);
        break;
    case EffectKind::kFinished:
        m_leaks.Finished(effect.task);
        break;
    default:
        break;
    }
}

void Checks::OnEffect(const Effect& effect)
{
    const std::uint32_t sync =
        effect.kind == EffectKind::kMade ? m_syncs.Renew(effect.sync) : m_syncs.Of(effect.sync);
    switch (effect.kind)
    {
    case EffectKind::kTryLocked:
        Locked(effect.task, sync, effect.object, false);
        return;
    case EffectKind::kMade:
        return;
    case EffectKind::kGone:
        if (m_options.lifetimes)
        {
            m_lifetimes.Gone(effect, sync);
        }
        return;
    case EffectKind::kSignalled:
    case EffectKind::kConsumed:
    case EffectKind::kForgotten:
        Used(effect, sync);
        break;
    case EffectKind::kQuiet:
        Quiet();
        return;
    case EffectKind::kReset:
        Clear();
        return;
    default:
        break;
    }
    if (m_options.races)
    {
        TellRaces(effect, sync);
    }
    if (m_options.lostWakeups)
    {
        TellWakeups(effect);
    }
    if (m_options.leaks)
    {
        TellLeaks(effect);
    }
}

} // namespace interleave
