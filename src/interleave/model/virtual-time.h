// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_VIRTUAL_TIME_H
#define INTERLEAVE_VIRTUAL_TIME_H

#include "interleave/model/event-queue.h"

#include <vector>

namespace interleave
{

/** Simulated time on its own: a binary heap ordered by (time, order of scheduling). */
class VirtualTime final : public EventQueue
{
  public:
    VirtualTime()
    {
        SayEarliest(kForever);
    }

    std::int64_t NowNs() const override
    {
        return m_nowNs;
    }

    std::int64_t NextNs() const override
    {
        return m_heap.empty() ? kForever : m_slots[m_heap.front()].timeNs;
    }

    void RunNext() override;
    /** @throws std::invalid_argument for a negative delay or one beyond the end of time. */
    TimerId Schedule(std::int64_t delayNs,
                     EventFunction function,
                     void* context,
                     EventLabel label) override;
    bool Cancel(TimerId id) override;
    std::size_t TiedCount() const override;
    void RunTied(std::size_t index) override;
    EventLabel TiedLabel(std::size_t index) const override;

    /** Forgets all events and goes back to time 0. */
    void Clear();

  private:
    struct Slot
    {
        std::int64_t timeNs = 0;
        std::uint64_t sequence = 0;
        EventFunction function = nullptr;
        void* context = nullptr;
        EventLabel label;
        std::uint32_t position = 0; // in the heap
        std::uint32_t generation = 1;
    };

    bool Before(std::uint32_t left, std::uint32_t right) const;
    void Place(std::size_t position, std::uint32_t slot);
    void SiftUp(std::size_t position);
    void SiftDown(std::size_t position);
    void RemoveAt(std::size_t position);
    void Run(std::uint32_t slot);
    /** Fills m_tied with places in the heap; there is an event. */
    void CollectTied() const;
    std::uint32_t TiedSlot(std::size_t index) const;

    std::int64_t m_nowNs = 0;
    std::uint64_t m_sequence = 0;
    std::vector<Slot> m_slots;
    std::vector<std::uint32_t> m_free;
    std::vector<std::uint32_t> m_heap;
    mutable std::vector<std::uint32_t> m_tied; // scratch, kept for its memory
};

} // namespace interleave

#endif // INTERLEAVE_VIRTUAL_TIME_H
