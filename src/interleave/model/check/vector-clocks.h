// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_VECTOR_CLOCKS_H
#define INTERLEAVE_VECTOR_CLOCKS_H

#include <algorithm>
#include <cstddef>
#include <cstdint>
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

    /** A clock that has seen nothing. */
    Clock Add()
    {
        const std::size_t size = static_cast<std::size_t>(m_count + 1) * m_width;
        if (size > m_words.size())
        {
            m_words.resize(2 * size);
        }
        Zero(m_count);
        return m_count++;
    }

    /** Makes room for @p tasks components. */
    void Widen(std::size_t tasks)
    {
        if (tasks <= m_width)
        {
            return;
        }
        std::size_t width = m_width;
        while (width < tasks)
        {
            width *= 2;
        }
        std::vector<std::uint32_t> words(2 * static_cast<std::size_t>(m_count + 1) * width);
        for (Clock clock = 0; clock < m_count; ++clock)
        {
            std::copy_n(Row(clock), m_width, &words[clock * width]);
        }
        m_words.swap(words);
        m_width = width;
    }

    std::uint32_t Get(Clock clock, std::uint32_t task) const
    {
        return m_words[clock * m_width + task];
    }

    void Set(Clock clock, std::uint32_t task, std::uint32_t value)
    {
        m_words[clock * m_width + task] = value;
    }

    void Zero(Clock clock)
    {
        std::fill_n(Row(clock), m_width, 0U);
    }

    void Assign(Clock to, Clock from)
    {
        std::copy_n(Row(from), m_width, Row(to));
    }

    void Join(Clock to, Clock from)
    {
        std::uint32_t* left = Row(to);
        const std::uint32_t* right = Row(from);
        for (std::size_t task = 0; task < m_width; ++task)
        {
            left[task] = std::max(left[task], right[task]);
        }
    }

    /** Forgets all clocks and keeps the room. */
    void Clear()
    {
        m_count = 0;
    }

  private:
    std::uint32_t* Row(Clock clock)
    {
        return m_words.data() + clock * m_width;
    }

    std::size_t m_width = 8;
    Clock m_count = 0;
    std::vector<std::uint32_t> m_words;
};

} // namespace interleave

#endif // INTERLEAVE_VECTOR_CLOCKS_H
