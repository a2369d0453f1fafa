// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_EVENT_QUEUE_H
#define INTERLEAVE_EVENT_QUEUE_H

#include "interleave/model/operation.h"

#include <cstddef>
#include <cstdint>
#include <limits>

namespace interleave
{

class Engine;

/** No event, or no limit. Times are nanoseconds of simulated time. */
inline constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max();

/** What an event calls, on the main context. */
using EventFunction = void (*)(void* context);

/** Names an armed timer; 0 is never one. */
using TimerId = std::uint64_t;

/** What an event is, for the words of a tie: "timer cm_id:2". */
struct EventLabel
{
    /** One word; must outlive the event (a literal). */
    const char* kind = "event";
    ObjectId object{};
};

/**
 * Simulated time as the engine sees it. VirtualTime is the ready implementation; a simulator plugs
 * its own in. All calls come from the engine's OS thread; Schedule() and Cancel() come from tasks
 * and event handlers alike, the rest from the main context only.
 */
class EventQueue
{
  public:
    EventQueue() = default;
    EventQueue(const EventQueue&) = delete;
    EventQueue& operator=(const EventQueue&) = delete;
    virtual ~EventQueue() = default;

    /** The present instant. */
    virtual std::int64_t NowNs() const = 0;

    /** Time of the earliest event, kForever if there is none. */
    virtual std::int64_t NextNs() const = 0;

    /** NextNs(), which is asked before every choice, without a call if the queue has said it. */
    std::int64_t EarliestNs() const
    {
        return m_earliestNs != kUnknown ? m_earliestNs : NextNs();
    }

    /** Moves time to the earliest event and runs it (of several, the one scheduled first). */
    virtual void RunNext() = 0;

    /**
     * Calls @p function with @p context @p delayNs from now, which must not be negative. Events of
     * one instant run in order of scheduling unless the Chooser wants it otherwise.
     */
    virtual TimerId Schedule(std::int64_t delayNs,
                             EventFunction function,
                             void* context,
                             EventLabel label) = 0;

    /**
     * Takes an event back; false if it has run, is running, was cancelled before, or was forgotten
     * when the queue was cleared.
     */
    virtual bool Cancel(TimerId id) = 0;

    /** How many events share the earliest instant; 0 if there is none. */
    virtual std::size_t TiedCount() const = 0;

    /** Runs the @p index-th of them, counted from 0 in order of scheduling. */
    virtual void RunTied(std::size_t index) = 0;

    /** What the @p index-th of them is. */
    virtual EventLabel TiedLabel(std::size_t index) const = 0;

    bool Empty() const
    {
        return EarliestNs() == kForever;
    }

    /** The engine whose observers hear of Scheduled() and Begins(); null for none. */
    void Watch(Engine* engine)
    {
        m_engine = engine;
    }

  protected:
    /** Not a time: see SayEarliest(). */
    static constexpr std::int64_t kUnknown = -1;

    /**
     * What NextNs() returns from now on, or kUnknown to have it called. A queue that never says
     * anything is asked each time.
     */
    void SayEarliest(std::int64_t timeNs) const
    {
        m_earliestNs = timeNs;
    }

    /** For Schedule(): what has been done so far happens before what the event does. */
    void Scheduled(const void* context) const
    {
        if (m_engine != nullptr)
        {
            ShowScheduled(context);
        }
    }

    /** For RunNext() and RunTied(), before the event's function is called. */
    void Begins(const void* context) const
    {
        if (m_engine != nullptr)
        {
            ShowBegins(context);
        }
    }

  private:
    void ShowScheduled(const void* context) const;
    void ShowBegins(const void* context) const;

    Engine* m_engine = nullptr;
    mutable std::int64_t m_earliestNs = kUnknown;
};

} // namespace interleave

#endif // INTERLEAVE_EVENT_QUEUE_H
