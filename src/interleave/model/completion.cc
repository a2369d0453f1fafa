// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/completion.h"

#include <fmt/format.h>

namespace interleave
{

Completion::Completion(Engine& engine, const char* objectClass)
    : Completion(engine, engine.NewObject(objectClass))
{
}

Completion::Completion(Engine& engine, ObjectId object)
    : m_engine(engine),
      m_object(object)
{
    m_engine.Did(EffectKind::kMade, this, m_object);
}

Completion::~Completion()
{
    const EngineScope scope;
    m_engine.Did(EffectKind::kGone, this, m_object);
    if (!m_engine.Running() || m_waiters.Empty())
    {
        return;
    }
    m_engine.Report(ViolationKind::kLifetime,
                    fmt::format("{} is destroyed while {} waits for it",
                                m_engine.ObjectText(m_object),
                                m_waiters.First()->Name()));
    while (!m_waiters.Empty())
    {
        WaitList::Remove(*m_waiters.First());
    }
}

void Completion::Complete(const char* site)
{
    const EngineScope scope;
    m_engine.Point(Op{OpKind::kSignal, m_object, true, site});
    if (m_engine.Unwinding())
    {
        return;
    }
    TsanRelease(this);
    m_engine.Did(EffectKind::kSignalled, this, m_object);
    if (m_count < kAll - 1)
    {
        ++m_count;
    }
    m_engine.Enable(m_waiters);
}

void Completion::CompleteAll(const char* site)
{
    const EngineScope scope;
    m_engine.Point(Op{OpKind::kSignal, m_object, true, site});
    if (m_engine.Unwinding())
    {
        return;
    }
    TsanRelease(this);
    m_engine.Did(EffectKind::kSignalled, this, m_object);
    m_count = kAll;
    m_engine.Enable(m_waiters);
}

void Completion::Consume()
{
    TsanAcquire(this);
    m_engine.Did(EffectKind::kConsumed, this, m_object);
    if (m_count != kAll && --m_count == 0)
    {
        m_engine.Disable(m_waiters);
    }
}

void Completion::Wait(const char* site)
{
    const EngineScope scope;
    m_engine.PointAt(Op{OpKind::kWait, m_object, true, site}, m_waiters, Done());
    if (!m_engine.Unwinding())
    {
        Consume();
    }
}

bool Completion::WaitFor(std::int64_t timeoutNs, const char* site)
{
    const EngineScope scope;
    const Op op{OpKind::kWait, m_object, true, site};
    const std::int64_t startNs = m_engine.NowNs();
    for (;;)
    {
        const std::int64_t leftNs = timeoutNs - (m_engine.NowNs() - startNs);
        m_engine.PointAtUntil(op, m_waiters, Done(), leftNs > 0 ? leftNs : 0);
        if (m_engine.Unwinding())
        {
            return false;
        }
        if (Done())
        {
            Consume();
            return true;
        }
        if (m_engine.NowNs() - startNs >= timeoutNs)
        {
            return false;
        }
    }
}

bool Completion::TryWait(const char* site)
{
    const EngineScope scope;
    m_engine.Point(Op{OpKind::kWait, m_object, true, site});
    if (!Done() || m_engine.Unwinding())
    {
        return false;
    }
    Consume();
    return true;
}

void Completion::Reinit()
{
    const EngineScope scope;
    m_count = 0;
    m_engine.Did(EffectKind::kForgotten, this, m_object);
    m_engine.Disable(m_waiters);
}

} // namespace interleave
