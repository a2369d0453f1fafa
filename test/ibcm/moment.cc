// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "moment.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <utility>

namespace ibcm::test
{

Moment::Moment(StepRuntime& runtime)
    : m_runtime(runtime),
      m_next(runtime.GetObserver())
{
    m_runtime.SetObserver(this);
    m_runtime.SetLockHook(
        [this](const char* lockClass)
        {
            const bool fits = m_wanted == Wanted::kAny || (m_wanted == Wanted::kLock &&
                                                           (m_name.empty() || m_name == lockClass));
            if (fits)
            {
                Come(std::string("lock ") + lockClass);
            }
        });
}

Moment::~Moment()
{
    m_runtime.SetLockHook({});
    m_runtime.SetObserver(m_next);
    EXPECT_EQ(m_wanted, Wanted::kNothing) << "the moment has never come: " << m_name;
}

void Moment::Set(Wanted wanted, std::string name, Action action, unsigned nth, Locks locks)
{
    if (m_wanted != Wanted::kNothing || nth == 0)
    {
        throw std::logic_error("one action at a time, at the first occasion or later");
    }
    m_wanted = wanted;
    m_name = std::move(name);
    m_action = std::move(action);
    m_left = nth;
    m_locks = locks;
    m_happened = false;
    m_where.clear();
}

void Moment::At(SyncKind kind, const std::string& site, Action action, unsigned nth, Locks locks)
{
    m_kind = kind;
    Set(Wanted::kSync, site, std::move(action), nth, locks);
}

void Moment::BeforeLock(const std::string& lockClass, Action action, unsigned nth, Locks locks)
{
    Set(Wanted::kLock, lockClass, std::move(action), nth, locks);
}

void Moment::AtAny(unsigned nth, Action action)
{
    Set(Wanted::kAny, "any", std::move(action), nth, Locks::kNone);
}

bool Moment::Withdraw()
{
    m_wanted = Wanted::kNothing;
    m_action = {};
    return m_happened;
}

void Moment::Come(const std::string& where)
{
    if (m_acting || (m_locks == Locks::kNone && m_runtime.LocksHeld() != 0) || --m_left != 0)
    {
        return;
    }
    m_wanted = Wanted::kNothing;
    m_happened = true;
    m_where = where;
    m_acting = true;
    // A copy, as it may set the next one.
    const Action action = std::exchange(m_action, {});
    action();
    m_acting = false;
}

void Moment::OnSync(SyncKind kind, const void* object, const char* site)
{
    const bool fits = m_wanted == Wanted::kAny || (m_wanted == Wanted::kSync && m_kind == kind &&
                                                   (m_name.empty() || m_name == site));
    if (fits)
    {
        Come(std::string(ToString(kind)) + " '" + site + "'");
    }
    if (m_next != nullptr)
    {
        m_next->OnSync(kind, object, site);
    }
}

void Moment::OnAccess(const void* field, const char* name, bool write)
{
    if (m_next != nullptr)
    {
        m_next->OnAccess(field, name, write);
    }
}

void Moment::OnMade(const char* objectClass,
                    std::uint64_t ordinal,
                    const void* object,
                    std::size_t bytes)
{
    if (m_next != nullptr)
    {
        m_next->OnMade(objectClass, ordinal, object, bytes);
    }
}

void Moment::OnFreed(const void* object)
{
    if (m_next != nullptr)
    {
        m_next->OnFreed(object);
    }
}

void Moment::OnViolation(const char* invariant, const void* object, const char* what)
{
    if (m_next != nullptr)
    {
        m_next->OnViolation(invariant, object, what);
    }
}

unsigned ForEachMoment(const std::function<bool(unsigned nth)>& attempt)
{
    constexpr unsigned kMost = 10000;
    unsigned moments = 0;
    while (moments < kMost && attempt(moments + 1))
    {
        ++moments;
    }
    EXPECT_GT(moments, 0U) << "no moment has come";
    EXPECT_LT(moments, kMost) << "no end of moments";
    return moments;
}

} // namespace ibcm::test
