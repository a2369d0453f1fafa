// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/check/checks.h"

#include <algorithm>

namespace interleave
{

Checks::Checks(Engine& engine, ChecksOptions options)
    : m_engine(engine),
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
    if (m_options.lifetimes)
    {
        m_lifetimes.OnOp(event);
    }
    if (m_options.races)
    {
        m_races.OnOp(event);
    }
    if (m_options.lostWakeups)
    {
        m_lostWakeups.OnOp(event);
    }
    if (m_options.leaks)
    {
        m_leaks.OnOp(event);
    }
}

void Checks::OnEffect(const Effect& effect)
{
    if (effect.kind == EffectKind::kReset)
    {
        Clear();
        return;
    }
    if (m_options.lifetimes)
    {
        m_lifetimes.OnEffect(effect);
    }
    if (m_options.lockOrder)
    {
        m_lockOrder.OnEffect(effect); // wants to know what was held before
    }
    m_held.OnEffect(effect);
    if (m_options.races)
    {
        m_races.OnEffect(effect);
    }
    if (m_options.lostWakeups)
    {
        m_lostWakeups.OnEffect(effect);
    }
    if (m_options.leaks)
    {
        m_leaks.OnEffect(effect);
        // What a deadlock leaves behind is the deadlock's.
        if (effect.kind == EffectKind::kQuiet && m_options.leaksWhenQuiet && !SomebodyWaits())
        {
            m_leaks.Check();
        }
    }
}

} // namespace interleave
