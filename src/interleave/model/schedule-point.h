// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_SCHEDULE_POINT_H
#define INTERLEAVE_SCHEDULE_POINT_H

#include "interleave/model/chooser.h"
#include "interleave/model/event-queue.h"
#include "interleave/model/task.h"

#include <span>

namespace interleave
{

/** The place of schedule choices about @p subject, whose next operation is @p op. */
constexpr PlaceKey SchedulePlaceKey(bool dispatch, std::uint32_t subject, const Op& op)
{
    return MakePlaceKey(ChoiceKind::kSchedule,
                        (static_cast<std::uint64_t>(subject) << 16) |
                            (static_cast<std::uint64_t>(dispatch) << 8) |
                            static_cast<std::uint64_t>(op.kind),
                        (static_cast<std::uint64_t>(op.object.type) << 32) | op.object.ordinal);
}

/** The words of a schedule place, from its key alone. */
PlaceText SchedulePlaceText(const Engine& engine, const PlaceKey& key);

/**
 * Which task does its pending operation next?
 *
 * While a task runs and reaches a visible operation (place `TASK #n KIND OBJECT`): option 0 is that
 * task, then the ready tasks in order of the ready queue. When no task runs (place `next TASK #n
 * KIND OBJECT`, TASK being the head of the ready queue): the ready tasks in that order. In both
 * cases one more option, `events`, comes last when an event is pending.
 */
class SchedulePoint final : public ChoicePoint
{
  public:
    /** @param running the task that has reached an operation, nullptr when no task runs. */
    SchedulePoint(const Engine& engine,
                  Task* running,
                  std::span<Task* const> ready,
                  bool eventPending)
        : ChoicePoint(ChoiceKind::kSchedule,
                      static_cast<std::uint32_t>((running != nullptr) + ready.size() +
                                                 (eventPending ? 1 : 0))),
          m_engine(engine),
          m_running(running),
          m_ready(ready),
          m_eventPending(eventPending)
    {
    }

    /** Whether the last option is `events`. */
    bool OffersEvents() const
    {
        return m_eventPending;
    }

    /** The task that option @p option lets go on; nullptr for `events`. */
    Task* Candidate(std::uint32_t option) const
    {
        if (m_running != nullptr)
        {
            if (option == 0)
            {
                return m_running;
            }
            --option;
        }
        return option < m_ready.size() ? m_ready[option] : nullptr;
    }

    /** The task that has reached an operation, nullptr when no task runs. */
    const Task* Running() const
    {
        return m_running;
    }

    /** The task that the place is about: the one running, or the head of the ready queue. */
    const Task& Subject() const
    {
        return m_running != nullptr ? *m_running : *m_ready.front();
    }

    /** For strategies that want to know of blocked tasks, too. */
    const Engine& GetEngine() const
    {
        return m_engine;
    }

    PlaceKey Key() const override
    {
        const Task& subject = Subject();
        return SchedulePlaceKey(m_running == nullptr, subject.Ordinal(), subject.Pending());
    }

    PlaceText Place() const override;
    std::string OptionText(std::uint32_t option) const override;
    std::optional<std::uint32_t> FindOption(std::string_view text) override;

  private:
    const Engine& m_engine;
    Task* m_running;
    std::span<Task* const> m_ready;
    bool m_eventPending;
};

/**
 * Which of the events at one instant comes first? The place is `tie #n LABEL`, LABEL being that of
 * the event scheduled first; the options are the labels, repeated ones told apart by `+2`, `+3`….
 */
class TiePoint final : public ChoicePoint
{
  public:
    TiePoint(const Engine& engine, const EventQueue& events, std::size_t count);

    PlaceText Place() const override;
    std::string OptionText(std::uint32_t option) const override;

  private:
    std::string LabelText(std::size_t index) const;

    const Engine& m_engine;
    const EventQueue& m_events;
};

} // namespace interleave

#endif // INTERLEAVE_SCHEDULE_POINT_H
