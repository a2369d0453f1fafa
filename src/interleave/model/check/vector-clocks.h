// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_VECTOR_CLOCKS_H
#define INTERLEAVE_VECTOR_CLOCKS_H

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace interleave
{

/**
 * Vector clocks, all as wide as there are tasks, in one piece of memory. A clock is named by its
 * index; widening and adding move them, so nothing refers into them.
 */
class VectorClocks
{
  public:
    using Clock = std::uint32_t;
    /** Signed: that is what vector instructions of every x86-64 can compare. */
    using Time = std::int32_t;

    /** A clock that has seen nothing. */
    Clock Add()
    {
        const std::size_t size = static_cast<std::size_t>(m_count + 1) * m_width;
        if (size > m_times.size())
        {
            m_times.resize(2 * size);
        }
        Zero(m_count);
        return m_count++;
    }

    /** Makes room for @p tasks components. */
    void Widen(std::size_t tasks)
    {
        if (tasks > m_width)
        {
            const std::size_t grown = std::max(tasks, m_width + m_width / 2);
            Move((grown + kBlock - 1) / kBlock * kBlock);
        }
    }

    Time Get(Clock clock, std::uint32_t task) const
    {
        return m_times[clock * m_width + task];
    }

    void Set(Clock clock, std::uint32_t task, Time value)
    {
        m_times[clock * m_width + task] = value;
    }

    void Zero(Clock clock)
    {
        std::fill_n(Row(clock), m_width, 0);
    }

    void Assign(Clock to, Clock from)
    {
        Time* const left = Row(to);
        const Time* const right = Row(from);
        for (std::size_t at = 0; at < m_width; at += kBlock)
        {
            std::memcpy(left + at, right + at, sizeof(Block));
        }
    }

    void Join(Clock to, Clock from)
    {
        Time* const left = Row(to);
        const Time* const right = Row(from);
        for (std::size_t at = 0; at < m_width; at += kBlock)
        {
            // By way of locals, which are known not to overlap: so the compiler takes four at once.
            Block own;
            Block other;
            std::memcpy(own.data(), left + at, sizeof(Block));
            std::memcpy(other.data(), right + at, sizeof(Block));
            for (std::size_t i = 0; i < kBlock; ++i)
            {
                own[i] = own[i] < other[i] ? other[i] : own[i];
            }
            std::memcpy(left + at, own.data(), sizeof(Block));
        }
    }

    /** Forgets all clocks and keeps the room. */
    void Clear()
    {
        m_count = 0;
    }

  private:
    static constexpr std::size_t kBlock = 8;
    using Block = std::array<Time, kBlock>;

    Time* Row(Clock clock)
    {
        return m_times.data() + clock * m_width;
    }

    void Move(std::size_t width)
    {
        std::vector<Time> times(2 * static_cast<std::size_t>(m_count + 1) * width);
        for (Clock clock = 0; clock < m_count; ++clock)
        {
            std::copy_n(Row(clock), m_width, &times[clock * width]);
        }
        m_times.swap(times);
        m_width = width;
    }

    std::size_t m_width = kBlock; // a multiple of it
    Clock m_count = 0;
    std::vector<Time> m_times;
};

} // namespace interleave

#endif // INTERLEAVE_VECTOR_CLOCKS_H
