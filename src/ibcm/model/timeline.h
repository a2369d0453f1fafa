// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_TIMELINE_H
#define IBCM_TIMELINE_H

#include "ibcm/model/protocol.h"
#include "ibcm/model/runtime.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ibcm
{

/** One step in the life of an id. */
struct TimelineEntry
{
    enum class Kind : std::uint8_t
    {
        kStep,     ///< the state machine: input, from, to
        kLapStep,  ///< that of the alternate path: input, from, to are LapStates
        kSent,     ///< message
        kResent,   ///< message, once more
        kReceived, ///< message, taken or recognised as a repetition
        kDropped,  ///< message, not taken
        kEvent,    ///< event: the handler was entered
        kReturned, ///< event: the handler has returned
    };

    Instant when{0};
    Kind kind{Kind::kStep};
    std::uint8_t what{0}; ///< Input, low byte of a CmAttribute, or EventType, by kind
    std::uint8_t from{0};
    std::uint8_t to{0};
};

/** "12.345 ms ago REQ_SENT -> REP_RCVD by REP". */
std::string ToText(const TimelineEntry& entry, Instant now);

/**
 * The latest entries of an id: a ring of eight bytes each, in memory that its maker has. Times are
 * kept to about a microsecond, and right for the last 13 days. The id's lock protects it.
 */
class Timeline
{
  public:
    /** @param ring room for @p depth entries, whatever it holds; outlives this. */
    Timeline(std::uint64_t* ring, std::uint8_t depth)
        : m_ring(ring),
          m_depth(depth)
    {
    }

    /** Not with a depth of 0. */
    void Add(const TimelineEntry& entry)
    {
        m_ring[m_next] = Ticks(entry.when) << kTimeShift |
                         static_cast<std::uint64_t>(entry.kind) << 16 |
                         static_cast<std::uint64_t>(entry.what) << 8 |
                         static_cast<std::uint64_t>(entry.from << 4 | entry.to);
        if (++m_next == m_depth)
        {
            m_next = 0;
            m_full = true;
        }
    }

    /**
     * Oldest first.
     * @param entries with room for `depth` more, as the id's lock is held. @param now the present.
     */
    void AppendTo(std::vector<TimelineEntry>& entries, Instant now) const;

  private:
    static constexpr unsigned kTimeShift = 24;
    static constexpr unsigned kTickBits = 10; ///< a tick is 1024 ns

    static std::uint64_t Ticks(Instant when)
    {
        return static_cast<std::uint64_t>(when.count()) >> kTickBits;
    }

    std::uint64_t* m_ring;
    std::uint8_t m_depth;
    std::uint8_t m_next{0};
    bool m_full{false};
};

} // namespace ibcm

#endif /* IBCM_TIMELINE_H */
