// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_SPARE_POOL_H
#define IBCM_SPARE_POOL_H

#include <cstddef>
#include <limits>
#include <memory>
#include <utility>

namespace ibcm
{

/**
 * Objects for the next use, chained through their member `T* nextSpare`. Allocates nothing, and
 * frees only when it is destroyed. Not thread-safe.
 */
template <class T>
class SparePool
{
  public:
    static constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();

    /** @param limit it holds at most so many. */
    explicit SparePool(std::size_t limit = kUnlimited)
        : m_limit(limit)
    {
    }

    ~SparePool()
    {
        while (Take() != nullptr)
        {
        }
    }

    SparePool(const SparePool&) = delete;
    SparePool& operator=(const SparePool&) = delete;

    bool Empty() const
    {
        return m_first == nullptr;
    }

    /** Takes @p object, unless it is null or the pool is full. */
    void Put(std::unique_ptr<T>& object)
    {
        if (object != nullptr && m_size < m_limit)
        {
            object->nextSpare = m_first;
            m_first = object.release();
            ++m_size;
        }
    }

    /** The one that was put in last; null if there is none. */
    std::unique_ptr<T> Take()
    {
        std::unique_ptr<T> taken(m_first);
        if (taken != nullptr)
        {
            m_first = std::exchange(taken->nextSpare, nullptr);
            --m_size;
        }
        return taken;
    }

  private:
    const std::size_t m_limit;
    std::size_t m_size{0};
    T* m_first{nullptr};
};

} // namespace ibcm

#endif /* IBCM_SPARE_POOL_H */
