// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/check/checks.h"

#include <algorithm>

namespace interleave
{

namespace
{

template <class Kind>
constexpr std::uint32_t Bit(Kind kind)
{
    return 1U << static_cast<std::uint32_t>(kind);
}

static_assert(kOpKindCount <= 32 && kEffectKindCount <= 32);

template <class... Kinds>
constexpr std::uint32_t Bits(Kinds... kinds)
{
    return (Bit(kinds) | ...);
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
constexpr std::uint32_t kLifetimeOps = Bits(OpKind::kFree);

constexpr std::uint32_t kEndEffects = Bits(EffectKind::kGone);
constexpr std::uint32_t kUseEffects = Bits(EffectKind::kMade,
                                           EffectKind::kLocked,
                                           EffectKind::kTryLocked,
                                           EffectKind::kSignalled,
                                           EffectKind::kConsumed,
                                           EffectKind::kForgotten);
constexpr std::uint32_t kLockEffects =
    Bits(EffectKind::kMade, EffectKind::kLocked, EffectKind::kTryLocked, EffectKind::kUnlocked);
constexpr std::uint32_t kWakeupEffects =
    Bits(EffectKind::kSignalled, EffectKind::kConsumed, EffectKind::kForgotten, EffectKind::kQuiet);
constexpr std::uint32_t kLeakEffects = Bits(EffectKind::kQueued,
                                            EffectKind::kTaken,
                                            EffectKind::kWithdrawn,
                                            EffectKind::kArmed,
                                            EffectKind::kDisarmed,
                                            EffectKind::kFired,
                                            EffectKind::kFinished);

std::uint32_t OpKindsOf(const ChecksOptions& options)
{
    return (options.races ? kRaceOps : 0) | (options.lostWakeups ? kWakeupOps : 0) |
           (options.leaks ? kLeakOps : 0) | (options.lifetimes ? kLifetimeOps : 0);
}

} // namespace

Checks::Checks(Engine& engine, ChecksOptions options)
    : m_engine(engine),
      m_options(options),
      m_opKinds(OpKindsOf(options)),
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

void Checks::OnOp(const OpEvent& event)
{
    const std::uint32_t kind = Bit(event.op.kind);
    if ((m_opKinds & kind) == 0 && !m_lifetimes.AnyEnded())
    {
        return;
    }
    if (m_options.lifetimes)
    {
        m_lifetimes.OnOp(event);
    }
    if (m_options.races && (kRaceOps & kind) != 0)
    {
        m_races.OnOp(event);
    }
    if (m_options.lostWakeups && (kWakeupOps & kind) != 0)
    {
        m_lostWakeups.OnOp(event);
    }
    if (m_options.leaks && (kLeakOps & kind) != 0)
    {
        m_leaks.OnOp(event);
    }
}

void Checks::OnEffect(const Effect& effect)
{
    const std::uint32_t kind = Bit(effect.kind);
    if (m_options.lifetimes &&
        ((kind & kEndEffects) != 0 || ((kind & kUseEffects) != 0 && m_lifetimes.AnyGone())))
    {
        m_lifetimes.OnEffect(effect);
    }
    if ((kind & kLockEffects) != 0)
    {
        if (m_options.lockOrder)
        {
            m_lockOrder.OnEffect(effect); // wants to know what was held before
        }
        m_held.OnEffect(effect);
    }
    if (m_options.races)
    {
        m_races.OnEffect(effect);
    }
    if (m_options.lostWakeups && (kind & kWakeupEffects) != 0)
    {
        m_lostWakeups.OnEffect(effect);
    }
    if (m_options.leaks && (kind & kLeakEffects) != 0)
    {
        m_leaks.OnEffect(effect);
    }
    if (effect.kind == EffectKind::kQuiet && m_options.leaks && m_options.leaksWhenQuiet &&
        !SomebodyWaits())
    {
        m_leaks.Check(); // what a deadlock leaves behind would be the deadlock's
    }
    if (effect.kind == EffectKind::kReset)
    {
        Clear();
    }
}

} // namespace interleave
