// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_SURW_H
#define INTERLEAVE_SURW_H

#include "interleave/model/operation.h"
#include "interleave/model/random.h"
#include "interleave/model/strategy/fault-draw.h"
#include "interleave/model/strategy/strategy.h"

#include <cstdint>
#include <vector>

namespace interleave
{

class SchedulePoint;
class Task;

/**
 * "surw": selectively uniform random walk.
 *
 * Zhao, Wolff, Mathur, Roychoudhury: "Selectively Uniform Concurrency Testing", ASPLOS 2025. Each
 * run takes an interest in one object and draws evenly from all orders in which the tasks could
 * use it: a task is meant to be next with a probability in proportion to the uses it has left, and
 * until it has come to its use the others do what does not matter, but do not use the object.
 *
 * Deviations: the counts of uses are those of the run before that ended well (the first run is a
 * random walk), not of a separate profile. The object is drawn evenly from those that several tasks
 * use; giving a lock back is no use. Uses of tasks that do not exist yet are not credited to those
 * that make them. When all that could go on want the object and the task that is meant cannot come
 * to it, another one is meant. `events` is drawn beforehand, see FaultDraw.
 */
class SurwStrategy final : public Strategy
{
  public:
    SurwStrategy();

    std::string Name() const override
    {
        return "surw";
    }

    void Seed(std::uint64_t seed) override;

    bool Learns() const override
    {
        return true;
    }

    void BeginRun(const Engine& engine) override;
    std::uint32_t Choose(ChoicePoint& point) override;
    void EndRun(const RunResult& result) override;

    /** What the run that comes, or goes on, is about; type 0 before anything is known. */
    ObjectId Interest() const
    {
        return m_interest;
    }

  private:
    /** How often each task, by ordinal, uses an object. */
    struct Uses
    {
        ObjectId object;
        std::vector<std::uint32_t> byTask;
    };

    static bool IsUse(const Op& op);
    Uses& UsesOf(ObjectId object);
    void DrawInterest();
    void DrawMeant();
    void DrawMeantAmong(const SchedulePoint& point);
    std::uint32_t Draw(const SchedulePoint& point, std::uint32_t tasks);
    void Note(const Task& task);

    bool Interesting(const Op& op) const
    {
        return op.object == m_interest && IsUse(op);
    }

    Random m_random;
    FaultDraw m_faults;
    std::vector<Uses> m_profile;                     // of an earlier run
    std::vector<Uses> m_uses;                        // of this run, in order of first use
    std::vector<std::vector<std::uint32_t>> m_index; // by type and ordinal: place in m_uses, plus 1
    ObjectId m_interest{};
    std::vector<std::uint32_t> m_left; // uses of the object, by task
    std::uint32_t m_meant = 0;         // the task that is to use it next, 0 if none is
};

} // namespace interleave

#endif // INTERLEAVE_SURW_H
