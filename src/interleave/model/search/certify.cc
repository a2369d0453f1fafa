// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/search/certify.h"

#include "interleave/helper/recording-chooser.h"
#include "interleave/helper/replay-chooser.h"
#include "interleave/model/digest.h"
#include "interleave/model/schedule-point.h"
#include "interleave/model/search/schedule-coverage.h"

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
        const bool schedule = point.Kind() == ChoiceKind::kSchedule;
        const auto* place = schedule ? static_cast<const SchedulePoint*>(&point) : nullptr;
        const bool running = place != nullptr && place->Running() != nullptr;
        if (running && m_used == m_bound)
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
            m_path.push_back({0, point.Count()});
        }
        const std::uint32_t choice = m_path[m_depth++].choice;
        m_used += running && choice != 0 ? 1 : 0;
        m_eventChoices += place != nullptr && place->Candidate(choice) == nullptr ? 1 : 0;
        return choice;
    }

    /** Goes to the next run; false when there is none left. */
    bool Next()
    {
        while (!m_path.empty() && m_path.back().choice + 1 == m_path.back().count)
        {
            m_path.pop_back();
        }
        if (m_path.empty())
        {
            return false;
        }
        ++m_path.back().choice;
        return true;
    }

  private:
    struct Branch
    {
        std::uint32_t choice;
        std::uint32_t count;
    };

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
    std::uint32_t m_bound = 0;
    std::vector<Branch> m_path;
    std::size_t m_depth = 0;
    std::uint32_t m_used = 0;
    std::uint64_t m_eventChoices = 0;
    bool m_dull = false;
    SeenStates m_seen;
};

} // namespace

Certificate Certify(Program& program,
                    const DecisionLog& log,
                    const std::string& signature,
                    std::uint32_t below,
                    std::uint64_t runs)
{
    Certificate certificate;
    Engine& engine = program.GetEngine();
    TraceHashObserver hash;
    ReplayChooser given(log);
    PreemptionSearch search(given, hash);
    RecordingChooser recorder(search);
    engine.AddObserver(hash);
    for (std::uint32_t bound = 0; bound < below && !certificate.smaller; ++bound)
    {
        search.SetBound(bound);
        bool more = true;
        while (more && certificate.runs < runs)
        {
            hash.Clear();
            const RunResult result = program.Run(recorder);
            ++certificate.runs;
            if (!result.Passed() && result.violation->Signature() == signature)
            {
                certificate.smaller = recorder.Log();
                certificate.smaller->headers = log.headers;
                engine.Reset();
                break;
            }
            engine.Reset();
            more = search.Next();
        }
        if (more && !certificate.smaller)
        {
            engine.RemoveObserver(hash);
            return certificate;
        }
        certificate.clearedBelow += certificate.smaller ? 0 : 1;
    }
    engine.RemoveObserver(hash);
    certificate.complete = true;
    return certificate;
}

} // namespace interleave
