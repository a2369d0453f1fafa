// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_SHARED_H
#define INTERLEAVE_SHARED_H

#include "interleave/model/engine.h"

#include <utility>

namespace interleave
{

/**
 * A plain variable that tasks share: a choice stands before every access, which is an
 * OpKind::kAccess of an object of its own. Plain also to ThreadSanitizer and to a race check, which
 * expect that something else orders the accesses.
 */
template <typename T>
class Shared
{
  public:
    /** @param name one word that says what it is, the class of its object. */
    Shared(Engine& engine, const char* name, T value = T())
        : m_engine(engine),
          m_object(engine.NewObject(name)),
          m_value(std::move(value))
    {
    }

    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;

    T Get(const char* site = nullptr) const
    {
        m_engine.Point(Op{OpKind::kAccess, m_object, false, site});
        return m_value;
    }

    void Set(T value, const char* site = nullptr)
    {
        m_engine.Point(Op{OpKind::kAccess, m_object, true, site});
        m_value = std::move(value);
    }

    /** The value without an operation: for checks when the run is over. */
    const T& Peek() const
    {
        return m_value;
    }

    ObjectId Object() const
    {
        return m_object;
    }

  private:
    Engine& m_engine;
    ObjectId m_object;
    T m_value;
};

/**
 * An atomic variable, sequentially consistent: each member is one operation (OpKind::kSync), and
 * one that others can rely on.
 */
template <typename T>
class Atomic
{
  public:
    /** @param name one word that says what it is, the class of its object. */
    Atomic(Engine& engine, const char* name, T value = T())
        : m_engine(engine),
          m_object(engine.NewObject(name)),
          m_value(value)
    {
    }

    Atomic(const Atomic&) = delete;
    Atomic& operator=(const Atomic&) = delete;

    T Load(const char* site = nullptr) const
    {
        const Access access(*this, false, site);
        return m_value;
    }

    void Store(T value, const char* site = nullptr)
    {
        const Access access(*this, true, site);
        m_value = value;
    }

    /** @return the value before. */
    T Exchange(T value, const char* site = nullptr)
    {
        const Access access(*this, true, site);
        return std::exchange(m_value, value);
    }

    /** @return the value before. */
    T Add(T value, const char* site = nullptr)
    {
        const Access access(*this, true, site);
        return std::exchange(m_value, m_value + value);
    }

    /** Sets @p value if it is @p expected, which otherwise becomes the value found. */
    bool CompareExchange(T& expected, T value, const char* site = nullptr)
    {
        const Access access(*this, true, site);
        if (m_value != expected)
        {
            expected = m_value;
            return false;
        }
        m_value = value;
        return true;
    }

    /** The value without an operation: for checks when the run is over. */
    const T& Peek() const
    {
        return m_value;
    }

    ObjectId Object() const
    {
        return m_object;
    }

  private:
    /** One operation: whatever was done before earlier ones of this variable is seen after it. */
    class Access
    {
      public:
        Access(const Atomic& variable, bool write, const char* site)
            : m_variable(variable)
        {
            variable.m_engine.Point(Op{OpKind::kSync, variable.m_object, write, site});
            TsanAcquire(&variable);
        }

        ~Access()
        {
            TsanRelease(&m_variable);
        }

        Access(const Access&) = delete;
        Access& operator=(const Access&) = delete;

      private:
        const EngineScope m_scope;
        const Atomic& m_variable;
    };

    Engine& m_engine;
    ObjectId m_object;
    T m_value;
};

} // namespace interleave

#endif // INTERLEAVE_SHARED_H
