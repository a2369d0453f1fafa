// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_EXECUTION_TRACE_H
#define INTERLEAVE_EXECUTION_TRACE_H

#include "interleave/model/strategy/dependence.h"

#include <cstdint>
#include <span>
#include <vector>

namespace interleave
{

/** A task's operation, or one of the main context (process 0), as partial-order reduction sees it.
 */
struct TraceStep
{
    std::uint32_t process = 0; //!< ordinal of the task, 0 for the main context
    std::uint32_t object = 0;  //!< dense number of the object, 0 for none
    AccessMode mode = AccessMode::kNone;
    /** Sets or takes back what happens later: does not commute with the main context. */
    bool time = false;
    /** May make the next event not happen at all. */
    bool cancels = false;
};

/** As Dependent(), for steps of different processes. The main context moves time. */
bool Dependent(const TraceStep& left, const TraceStep& right);

/** Two steps of different processes, neither before the other but for their dependence. */
struct Race
{
    std::uint32_t first;
    /** Step number of the second, or ExecutionTrace::Size() for the pending step asked about. */
    std::uint32_t second;
};

/**
 * The steps of one run with the happens-before order on them, as vector clocks.
 *
 * Steps are added one by one, cut off from the end when the search goes back, and analysed once:
 * what stays from the run before keeps its clocks. A release of a lock happens before the next
 * acquisition, but the race is between the two acquisitions. A wait is in a race with everything
 * done before to what it waits for, since the latest of that may be what has made it possible.
 */
class ExecutionTrace
{
  public:
    std::uint32_t Size() const
    {
        return static_cast<std::uint32_t>(m_steps.size());
    }

    const TraceStep& operator[](std::uint32_t index) const
    {
        return m_steps[index];
    }

    std::span<const TraceStep> Steps() const
    {
        return m_steps;
    }

    void Add(const TraceStep& step)
    {
        m_steps.push_back(step);
    }

    /** Says that step @p index sets something off at a later time. Before it is analysed. */
    void MarkTime(std::uint32_t index)
    {
        m_steps[index].time = true;
    }

    /** Forgets everything from step @p size on. */
    void CutTo(std::uint32_t size);

    /** @p process exists only since step @p birth, which made it. */
    void SetBirth(std::uint32_t process, std::uint32_t birth);

    /** Computes the order of the steps added since the last call; their races go to @p races. */
    void Analyse(std::vector<Race>& races);

    /** The races that @p pending, a step not done, would have as the next one. After Analyse(). */
    void RacesOf(const TraceStep& pending, std::vector<Race>& races);

    /** Whether step @p first is before step @p second in the happens-before order. */
    bool Before(std::uint32_t first, std::uint32_t second) const
    {
        return m_clocks[std::size_t{second} * m_stride + m_steps[first].process] >= m_local[first];
    }

    /** The last step of @p process before step @p index, or kNone. After Analyse(). */
    std::uint32_t LastOf(std::uint32_t process) const
    {
        return process < m_last.size() ? m_last[process] : kNone;
    }

    /** The step of the same process before step @p index, or kNone. After Analyse(). */
    std::uint32_t Previous(std::uint32_t index) const
    {
        return m_previous[index];
    }

    static constexpr std::uint32_t kNone = 0xffff'ffff;

  private:
    /** The latest steps on one object. */
    struct Latest
    {
        std::uint32_t epoch = 0;
        bool held = false;
        std::uint32_t acquire = kNone;
        std::uint32_t release = kNone;
        std::uint32_t attempt = kNone; // try-lock, or begin or end of life
        std::uint32_t write = kNone;
        std::uint32_t any = kNone;  // the latest of all; earlier ones by m_earlier
        std::uint32_t read = kNone; // the latest since the write; earlier ones by m_earlierRead
    };

    /** One of the steps that a new one may race with. */
    struct Rival
    {
        std::uint32_t step;
        bool races; // false: only before
    };

    Latest& LatestOn(std::uint32_t object);
    void GrowTo(std::uint32_t processes);
    void StartClock(std::uint32_t process);
    void Join(std::uint32_t step);
    void Meet(std::uint32_t rival, const TraceStep& step, std::uint32_t number, bool races);
    void MeetUnshielded(std::uint32_t rival, const TraceStep& step, std::uint32_t number);
    void AddRivals(const TraceStep& step, const Latest& latest);
    void Order(const TraceStep& step, std::uint32_t number);
    void Enter(std::uint32_t index);
    void EnterAccess(std::uint32_t index, Latest& latest);

    std::vector<TraceStep> m_steps;
    std::vector<std::uint32_t> m_local;       // number of the step within its process, from 1
    std::vector<std::uint32_t> m_previous;    // step of the same process before
    std::vector<std::uint32_t> m_earlierRead; // list of reads of an object since its last write
    std::vector<std::uint32_t> m_earlier;     // list of all steps on an object
    std::vector<std::uint32_t> m_earlierTime; // list of steps about time since the last event
    std::vector<std::uint32_t> m_clocks;      // a row of m_stride for each analysed step
    std::vector<std::uint32_t> m_clock;       // the row being made
    std::vector<std::uint32_t> m_last;        // by process: latest step
    std::vector<std::uint32_t> m_births;      // by process
    std::vector<Latest> m_latest;             // by object
    std::vector<Rival> m_rivals;
    std::vector<Race>* m_races = nullptr;
    std::uint32_t m_stride = 0;
    std::uint32_t m_analysed = 0;
    std::uint32_t m_epoch = 0;
    std::uint32_t m_timeRead = kNone;
    std::uint32_t m_timeWrite = kNone;
};

} // namespace interleave

#endif // INTERLEAVE_EXECUTION_TRACE_H
