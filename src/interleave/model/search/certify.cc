// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/search/certify.h"

#include "interleave/helper/recording-chooser.h"
#include "interleave/helper/replay-chooser.h"
#include "interleave/model/digest.h"
#include "interleave/model/schedule-point.h"
#include "interleave/model/search/schedule-coverage.h"

#include <algorithm>
#include <vector>

namespace interleave
{

namespace
{

/**
 * States that the search has been in, each with the fewest preemptions it took to get there: a hash
 * table that is never iterated.
 */
class SeenStates
{
  public:
    /** Whether @p state has been seen with @p used preemptions or fewer; notes it if not. */
    bool SeenWith(std::uint64_t state, std::uint32_t used)
    {
        if (m_size * 2 >= m_slots.size())
        {
            Grow();
        }
        Slot& slot = Find(state);
        if (!slot.taken)
        {
            slot = {state, used, true};
            ++m_size;
            return false;
        }
        if (slot.used <= used)
        {
            return true;
        }
        slot.used = used;
        return false;
    }

    void Clear()
    {
        m_slots.assign(m_slots.size(), {});
        m_size = 0;
    }

  private:
    struct Slot
    {
        std::uint64_t state = 0;
        std::uint32_t used = 0;
        bool taken = false;
    };

    Slot& Find(std::uint64_t state)
    {
        const std::size_t mask = m_slots.size() - 1;
        std::size_t index = MixBits(state) & mask;
        while (m_slots[index].taken && m_slots[index].state != state)
        {
            index = (index + 1) & mask;
        }
        return m_slots[index];
    }

    void Grow()
    {
        std::vector<Slot> old(m_slots.empty() ? 1024 : m_slots.size() * 2);
        old.swap(m_slots);
        for (const Slot& slot : old)
        {
            if (slot.taken)
            {
                Find(slot.state) = slot;
            }
        }
    }

    std::vector<Slot> m_slots;
    std::size_t m_size = 0;
};

/** Goes through all runs with at most a number of preemptions, depth first. */
class PreemptionSearch final : public Chooser
{
  public:
    /** @param given decides what is not searched (faults, values); @param hash has seen all
     * operations of the run. */
    PreemptionSearch(ReplayChooser& given, const TraceHashObserver& hash)
        : m_given(given),
          m_hash(hash)
    {
    }

    /** Makes everything dull but preemptions in favour of one of @p targets. */
    void SetTargets(const std::vector<std::string>& targets)
    {
        m_targets = &targets;
    }

    void SetBound(std::uint32_t bound)
    {
        m_bound = bound;
        m_path.clear();
        m_seen.Clear();
    }

    void BeginRun(const Engine& engine) override
    {
        m_engine = &engine;
        m_depth = 0;
        m_used = 0;
        m_eventChoices = 0;
        m_dull = false;
        m_given.BeginRun(engine);
    }

    std::uint32_t Choose(ChoicePoint& point) override
    {
        if (point.Kind() == ChoiceKind::kFault || point.Kind() == ChoiceKind::kValue)
        {
            return m_given.Choose(point);
        }
        if (point.Count() == 1 || m_dull)
        {
            return 0;
        }
        const auto* place = point.Kind() == ChoiceKind::kSchedule
                                ? static_cast<const SchedulePoint*>(&point)
                                : nullptr;
        const bool running = place != nullptr && place->Running() != nullptr;
        if ((running && m_used == m_bound) || (!running && m_targets != nullptr))
        {
            return 0;
        }
        if (m_depth == m_path.size())
        {
            if (m_seen.SeenWith(State(point, running), m_used))
            {
                m_dull = true; // what follows has been, or will be, searched from there
                return 0;
            }
            Branch& branch = m_path.emplace_back();
            for (std::uint32_t option = point.Count(); option-- > 1;)
            {
                if (m_targets == nullptr || IsTarget(place->Candidate(option)))
                {
                    branch.left.push_back(option);
                }
            }
        }
        const std::uint32_t choice = m_path[m_depth++].choice;
        m_used += running && choice != 0 ? 1 : 0;
        m_eventChoices += place != nullptr && place->Candidate(choice) == nullptr ? 1 : 0;
        return choice;
    }

    /** Goes to the next run; false when there is none left. */
    bool Next()
    {
        while (!m_path.empty() && m_path.back().left.empty())
        {
            m_path.pop_back();
        }
        if (m_path.empty())
        {
            return false;
        }
        m_path.back().choice = m_path.back().left.back();
        m_path.back().left.pop_back();
        return true;
    }

  private:
    struct Branch
    {
        std::uint32_t choice = 0;
        std::vector<std::uint32_t> left; // still to be tried, the next one last
    };

    bool IsTarget(const Task* task) const
    {
        return task != nullptr && std::ranges::find(*m_targets, task->Name()) != m_targets->end();
    }

    /** What the rest of the run depends on, but for preemptions used. */
    std::uint64_t State(const ChoicePoint& point, bool running) const
    {
        const EventQueue& events = m_engine->Events();
        Digest digest;
        digest.Mix(m_hash.Value());
        digest.Mix(static_cast<std::uint64_t>(events.NowNs()));
        digest.Mix(static_cast<std::uint64_t>(events.NextNs()));
        digest.Mix(events.TiedCount());
        digest.Mix(m_eventChoices);
        digest.Mix(point.Count());
        // Who runs decides what a preemption is; at a tie, which events there are is no secret.
        const Task* current = m_engine->CurrentTask();
        digest.Mix(static_cast<std::uint64_t>(point.Kind()));
        digest.Mix(running && current != nullptr ? current->Ordinal() : 0);
        return digest.Value();
    }

    ReplayChooser& m_given;
    const TraceHashObserver& m_hash;
    const Engine* m_engine = nullptr;
    const std::vector<std::string>* m_targets = nullptr;
    std::uint32_t m_bound = 0;
    std::vector<Branch> m_path;
    std::size_t m_depth = 0;
    std::uint32_t m_used = 0;
    std::uint64_t m_eventChoices = 0;
    bool m_dull = false;
    SeenStates m_seen;
};

/** A search in a program, watched and recorded. */
class Search
{
  public:
    Search(Program& program, const DecisionLog& log, const std::string& signature)
        : m_program(program),
          m_log(log),
          m_signature(signature),
          m_given(log),
          m_chooser(m_given, m_hash),
          m_recorder(m_chooser)
    {
        m_program.GetEngine().AddObserver(m_hash);
    }

    ~Search()
    {
        m_program.GetEngine().RemoveObserver(m_hash);
    }

    Search(const Search&) = delete;
    Search& operator=(const Search&) = delete;

    PreemptionSearch& Chooser()
    {
        return m_chooser;
    }

    /**
     * All runs within @p bound, or as many as @p budget allows, which is lowered.
     * @return whether none is left, or `found` is set.
     */
    bool Run(std::uint32_t bound, SearchBudget& budget)
    {
        m_chooser.SetBound(bound);
        do
        {
            if (budget.runs == 0 || budget.steps == 0)
            {
                return false;
            }
            m_hash.Clear();
            const RunResult result = m_program.Run(m_recorder);
            ++runs;
            --budget.runs;
            budget.steps -= std::min(budget.steps, result.steps);
            if (!result.Passed() && result.violation->Signature() == m_signature)
            {
                found = m_recorder.Log();
                found->headers = m_log.headers;
            }
            m_program.GetEngine().Reset();
        } while (!found && m_chooser.Next());
        return true;
    }

    std::optional<DecisionLog> found;
    std::uint64_t runs = 0;

  private:
    Program& m_program;
    const DecisionLog& m_log;
    const std::string& m_signature;
    TraceHashObserver m_hash;
    ReplayChooser m_given;
    PreemptionSearch m_chooser;
    RecordingChooser m_recorder;
};

} // namespace

Certificate Certify(Program& program,
                    const DecisionLog& log,
                    const std::string& signature,
                    std::uint32_t below,
                    const SearchBudget& budget)
{
    Certificate certificate;
    Search search(program, log, signature);
    SearchBudget left = budget;
    certificate.complete = true;
    for (std::uint32_t bound = 0; bound < below && !search.found && certificate.complete; ++bound)
    {
        certificate.complete = search.Run(bound, left);
        certificate.clearedBelow += certificate.complete && !search.found ? 1 : 0;
    }
    certificate.smaller = std::move(search.found);
    certificate.runs = search.runs;
    return certificate;
}

std::optional<DecisionLog> FindWithFewer(Program& program,
                                         const DecisionLog& log,
                                         const std::string& signature,
                                         const std::vector<std::string>& targets,
                                         std::uint32_t below,
                                         SearchBudget& budget)
{
    Search search(program, log, signature);
    search.Chooser().SetTargets(targets);
    for (std::uint32_t bound = 1; bound < below && !search.found; ++bound)
    {
        if (!search.Run(bound, budget))
        {
            break;
        }
    }
    return std::move(search.found);
}

} // namespace interleave
