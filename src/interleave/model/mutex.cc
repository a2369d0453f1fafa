// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/mutex.h"

#include <fmt/format.h>

namespace interleave
{

Mutex::Mutex(Engine& engine, const char* lockClass, MutexUse use)
    : Mutex(engine, engine.NewObject(lockClass), use)
{
}

Mutex::Mutex(Engine& engine, ObjectId object, MutexUse use)
    : m_engine(engine),
      m_object(object),
      m_use(use)
{
    m_engine.Did(EffectKind::kMade, this, m_object);
}

Mutex::~Mutex()
{
    const EngineScope scope;
    m_engine.Did(EffectKind::kGone, this, m_object);
    // Outside of a run it is the rest of one that has ended early.
    if (!m_engine.Running() || (m_owner == nullptr && m_waiters.Empty()))
    {
        return;
    }
    m_engine.Report(ViolationKind::kLockMisuse,
                    fmt::format("{} is destroyed while {} {}",
                                m_engine.ObjectText(m_object),
                                m_owner != nullptr ? m_owner->Name() : m_waiters.First()->Name(),
                                m_owner != nullptr ? "holds it" : "waits for it"));
    while (!m_waiters.Empty())
    {
        WaitList::Remove(*m_waiters.First());
    }
}

void Mutex::LockTwice()
{
    if (m_engine.Unwinding())
    {
        return;
    }
    std::string text = fmt::format(
        "{} locks {}, which it holds already", m_owner->Name(), m_engine.ObjectText(m_object));
    m_engine.Fail(ViolationKind::kLockMisuse, std::move(text));
}

void Mutex::LockInHandler()
{
    if (!m_engine.Running())
    {
        return; // the owner of the engine sets up, or clears away
    }
    std::string text = fmt::format("an event handler locks {}, which was made for tasks only",
                                   m_engine.ObjectText(m_object));
    m_engine.Fail(ViolationKind::kLockMisuse, std::move(text));
}

bool Mutex::TryLock(const char* site)
{
    const EngineScope scope;
    if (m_use == MutexUse::kTasks)
    {
        std::string text = fmt::format("{} tries {}, which was made to be waited for only",
                                       m_engine.CurrentContext()->Name(),
                                       m_engine.ObjectText(m_object));
        m_engine.Fail(ViolationKind::kLockMisuse, std::move(text));
    }
    m_engine.Point(Op{OpKind::kTryLock, m_object, true, site});
    if (m_owner != nullptr || m_engine.Unwinding())
    {
        return false;
    }
    m_owner = m_engine.CurrentContext();
    m_engine.Disable(m_waiters);
    TsanAcquire(this);
    m_engine.Did(EffectKind::kTryLocked, this, m_object);
    return true;
}

void Mutex::UnlockForeign()
{
    std::string text =
        fmt::format("{} unlocks {}, which {}",
                    m_engine.CurrentContext()->Name(),
                    m_engine.ObjectText(m_object),
                    m_owner == nullptr ? "nobody holds" : m_owner->Name() + " holds");
    m_engine.Fail(ViolationKind::kLockMisuse, std::move(text));
}

} // namespace interleave
