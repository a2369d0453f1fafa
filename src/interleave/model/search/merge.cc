// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/search/merge.h"

#include "interleave/helper/recording-chooser.h"
#include "interleave/helper/replay-chooser.h"
#include "interleave/model/schedule-point.h"
#include "interleave/model/search/shrinker.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace interleave
{

namespace
{

/** Who is let go on, operation by operation: ordinals of tasks, 0 for events. */
using Order = std::vector<std::uint32_t>;

/** Some operations of one task in a row. */
struct Turn
{
    std::uint32_t task;
    std::size_t begin;
    std::size_t end;
};

std::vector<Turn> TurnsOf(const Order& order)
{
    std::vector<Turn> turns;
    for (std::size_t at = 0; at < order.size(); ++at)
    {
        if (turns.empty() || turns.back().task != order[at])
        {
            turns.push_back({order[at], at, at});
        }
        turns.back().end = at + 1;
    }
    return turns;
}

/** Follows an order as far as it can be, or a replay; and notes the order that comes of it. */
class OrderChooser final : public Chooser
{
  public:
    explicit OrderChooser(ReplayChooser& given)
        : m_given(given)
    {
    }

    /** What has come of it. */
    Order followed;

    /** nullptr: as the replay says. */
    void Follow(const Order* wanted)
    {
        m_wanted = wanted;
    }

    void BeginRun(const Engine& engine) override
    {
        m_at = 0;
        followed.clear();
        m_given.BeginRun(engine);
    }

    std::uint32_t Choose(ChoicePoint& point) override
    {
        const std::uint32_t given = m_given.Choose(point);
        if (point.Kind() != ChoiceKind::kSchedule)
        {
            return given;
        }
        const auto& place = static_cast<const SchedulePoint&>(point);
        const std::uint32_t choice = m_wanted == nullptr ? given : Wanted(place);
        const Task* task = place.Candidate(choice);
        followed.push_back(task == nullptr ? 0 : task->Ordinal());
        return choice;
    }

  private:
    /** The first of those to come that can go on here; 0 if there is none. */
    std::uint32_t Wanted(const SchedulePoint& place)
    {
        for (; m_at < m_wanted->size(); ++m_at)
        {
            for (std::uint32_t option = 0; option < place.Count(); ++option)
            {
                const Task* task = place.Candidate(option);
                if ((task == nullptr ? 0 : task->Ordinal()) == (*m_wanted)[m_at])
                {
                    ++m_at;
                    return option;
                }
            }
        }
        return 0;
    }

    ReplayChooser& m_given;
    const Order* m_wanted = nullptr;
    std::size_t m_at = 0;
};

class Merging
{
  public:
    Merging(Program& program,
            const DecisionLog& log,
            const std::string& signature,
            SearchBudget& budget)
        : m_program(program),
          m_signature(signature),
          m_budget(budget),
          m_given(log),
          m_chooser(m_given),
          m_recorder(m_chooser),
          m_best(log)
    {
    }

    /** @return whether it has become simpler. */
    bool Run()
    {
        // The first run only tells the order.
        if (!Try(nullptr))
        {
            return false;
        }
        const DecisionLog begin = m_best;
        while (MergeOne())
        {
        }
        return PreemptionsOf(m_best) < PreemptionsOf(begin);
    }

    DecisionLog& Best()
    {
        return m_best;
    }

  private:
    using Measure = std::pair<std::size_t, std::size_t>;

    static Measure MeasureOf(const DecisionLog& log)
    {
        return {PreemptionsOf(log), log.decisions.size()};
    }

    /** Runs in order @p wanted; takes what comes of it if it fails and is simpler. */
    bool Try(const Order* wanted)
    {
        if (m_budget.runs == 0 || m_budget.steps == 0)
        {
            return false;
        }
        m_chooser.Follow(wanted);
        const RunResult result = m_program.Run(m_recorder);
        --m_budget.runs;
        m_budget.steps -= std::min(m_budget.steps, result.steps);
        bool taken = false;
        if (!result.Passed() && result.violation->Signature() == m_signature)
        {
            DecisionLog log = m_recorder.Log();
            if (wanted == nullptr || MeasureOf(log) < MeasureOf(m_best))
            {
                log.headers = std::move(m_best.headers);
                m_best = std::move(log);
                m_order = m_chooser.followed;
                taken = true;
            }
        }
        m_program.GetEngine().Reset();
        return taken;
    }

    /** Moves one turn beside the next one of its task, in the first way that makes it simpler. */
    bool MergeOne()
    {
        const std::vector<Turn> turns = TurnsOf(m_order);
        const Order order = m_order;
        for (std::size_t first = 0; first < turns.size(); ++first)
        {
            std::size_t second = first + 1;
            while (second < turns.size() && turns[second].task != turns[first].task)
            {
                ++second;
            }
            if (second == turns.size())
            {
                continue;
            }
            const auto at = [](Order& list, std::size_t index)
            { return list.begin() + static_cast<std::ptrdiff_t>(index); };
            Order later = order; // the first is put off
            std::rotate(at(later, turns[first].begin),
                        at(later, turns[first].end),
                        at(later, turns[second].begin));
            Order sooner = order; // the second is brought forward
            std::rotate(at(sooner, turns[first].end),
                        at(sooner, turns[second].begin),
                        at(sooner, turns[second].end));
            if (Try(&later) || Try(&sooner))
            {
                return true;
            }
        }
        return false;
    }

    Program& m_program;
    const std::string& m_signature;
    SearchBudget& m_budget;
    ReplayChooser m_given;
    OrderChooser m_chooser;
    RecordingChooser m_recorder;
    DecisionLog m_best;
    Order m_order;
};

} // namespace

std::optional<DecisionLog> MergeTurns(Program& program,
                                      const DecisionLog& log,
                                      const std::string& signature,
                                      SearchBudget& budget)
{
    Merging merging(program, log, signature, budget);
    if (!merging.Run())
    {
        return std::nullopt;
    }
    return std::move(merging.Best());
}

} // namespace interleave
