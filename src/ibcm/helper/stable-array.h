// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_STABLE_ARRAY_H
#define IBCM_STABLE_ARRAY_H

#include <array>
#include <bit>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace ibcm
{

/**
 * An array that grows by segments of 64, 128, 256, … elements and never moves one. The memory of a
 * segment is made by the caller, so that an array behind a lock can grow without an allocation
 * under it: see what NextSegment() is, let go of the lock, MakeSegment, take the lock, Adopt.
 * Never shrinks. Not thread-safe.
 */
template <class T>
class StableArray
{
  public:
    /** Memory that has been made for a certain place in an array. */
    struct Segment
    {
        unsigned number{0};
        std::unique_ptr<T[]> memory; ///< null: none
    };

    /** Elements with an index below this exist. */
    std::size_t Capacity() const
    {
        return (kFirst << m_segments) - kFirst;
    }

    unsigned NextSegment() const
    {
        return m_segments;
    }

    /** @return with null memory if there is none to be had. */
    static Segment MakeSegment(unsigned number)
    {
        return {number, std::unique_ptr<T[]>(new (std::nothrow) T[kFirst << number]())};
    }

    /** Takes the segment, unless it is empty or the array has grown since it was made. */
    void Adopt(Segment& segment)
    {
        if (segment.memory != nullptr && segment.number == m_segments && m_segments < kSegments)
        {
            m_memory[m_segments++] = std::move(segment.memory);
        }
    }

    /** @param index below Capacity(). */
    T& operator[](std::size_t index)
    {
        const unsigned segment = SegmentOf(index);
        return m_memory[segment][index + kFirst - (kFirst << segment)];
    }

    /** @param index below Capacity(). */
    const T& operator[](std::size_t index) const
    {
        const unsigned segment = SegmentOf(index);
        return m_memory[segment][index + kFirst - (kFirst << segment)];
    }

  private:
    static constexpr std::size_t kFirst = 64;
    static constexpr unsigned kSegments = 26; ///< 2^32 - 64 elements

    static unsigned SegmentOf(std::size_t index)
    {
        return static_cast<unsigned>(std::bit_width(index + kFirst) - std::bit_width(kFirst));
    }

    std::array<std::unique_ptr<T[]>, kSegments> m_memory;
    unsigned m_segments{0};
};

} // namespace ibcm

#endif /* IBCM_STABLE_ARRAY_H */
