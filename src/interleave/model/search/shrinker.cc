// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/search/shrinker.h"

#include "interleave/helper/replay-chooser.h"
#include "interleave/model/search/certify.h"
#include "interleave/model/search/explorer.h"
#include "interleave/model/search/merge.h"
#include "interleave/model/search/near-runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>
#include <vector>

namespace interleave
{

namespace
{

constexpr std::string_view kRun = "run ";
constexpr std::string_view kEvents = "events";

bool IsSwitch(const Decision& decision)
{
    return decision.option == kEvents || decision.option.starts_with(kRun);
}

bool IsDispatch(const Decision& decision)
{
    return decision.place.before.starts_with("next ");
}

/** Follows a replay and notes which simpler options there were instead of those followed. */
class OptionWriter final : public Chooser
{
  public:
    explicit OptionWriter(ReplayChooser& replay)
        : m_replay(replay)
    {
    }

    /** For each decision that was followed, in order of the run: the options before it but 0. */
    std::vector<std::vector<std::string>> simpler;

    bool Passive() const override
    {
        return m_replay.Passive();
    }

    void BeginRun(const Engine& engine) override
    {
        simpler.clear();
        m_replay.BeginRun(engine);
    }

    std::uint32_t Choose(ChoicePoint& point) override
    {
        const std::uint32_t choice = m_replay.Choose(point);
        if (choice != 0)
        {
            std::vector<std::string>& texts = simpler.emplace_back();
            for (std::uint32_t option = 1; option < std::min(choice, point.Count()); ++option)
            {
                texts.push_back(point.OptionText(option));
            }
        }
        return choice;
    }

  private:
    ReplayChooser& m_replay;
};

/** One shrinking: a log that fails, and smaller and smaller ones that still do. */
class Shrinking
{
  public:
    Shrinking(Program& program, DecisionLog log, std::string signature, std::uint64_t runLimit)
        : m_program(program),
          m_signature(std::move(signature)),
          m_runLimit(runLimit)
    {
        SetLog(std::move(log));
    }

    /** Deletes and simplifies until nothing more can be. @return false if runs ran out. */
    bool Reduce()
    {
        RemoveRanges();
        bool smaller = true;
        while (smaller && !OutOfRuns())
        {
            RemoveSingles();
            smaller = Simplify();
        }
        return !OutOfRuns();
    }

    /** The decisions that are left. */
    DecisionLog Log() const
    {
        DecisionLog log;
        log.headers = m_log.headers;
        for (std::size_t index = 0; index < m_kept.size(); ++index)
        {
            if (m_kept[index])
            {
                log.decisions.push_back(m_log.decisions[index]);
            }
        }
        return log;
    }

    std::uint64_t Runs() const
    {
        return m_runs;
    }

  private:
    bool OutOfRuns() const
    {
        return m_runs >= m_runLimit;
    }

    void SetLog(DecisionLog log)
    {
        m_log = std::move(log);
        m_kept.assign(m_log.decisions.size(), true);
        m_replay = std::make_unique<ReplayChooser>(m_log);
    }

    /** One run; whether it fails as it should. */
    bool Fails(Chooser& chooser)
    {
        ++m_runs;
        const RunResult result = m_program.Run(chooser);
        m_program.GetEngine().Reset();
        return !result.Passed() && result.violation->Signature() == m_signature;
    }

    /** If the run still fails with @p kept only, keeps only those that it followed. */
    bool Try(const std::vector<bool>& kept)
    {
        if (OutOfRuns())
        {
            return false;
        }
        m_replay->Keep(kept);
        if (!Fails(*m_replay))
        {
            return false;
        }
        for (std::size_t index = 0; index < kept.size(); ++index)
        {
            m_kept[index] = kept[index] && m_replay->Followed(index);
        }
        return true;
    }

    std::vector<std::size_t> Left() const
    {
        std::vector<std::size_t> left;
        for (std::size_t index = 0; index < m_kept.size(); ++index)
        {
            if (m_kept[index])
            {
                left.push_back(index);
            }
        }
        return left;
    }

    bool TryWithout(const std::vector<std::size_t>& left, std::size_t begin, std::size_t end)
    {
        std::vector<bool> kept = m_kept;
        for (std::size_t at = begin; at < end; ++at)
        {
            kept[left[at]] = false;
        }
        return Try(kept);
    }

    /** All decisions, ranges of half of them, a quarter, …, from the end of the run. */
    void RemoveRanges()
    {
        for (std::size_t length = m_kept.size(); length >= 2; length /= 2)
        {
            std::vector<std::size_t> left = Left();
            for (std::size_t end = left.size(); end > 0;)
            {
                const std::size_t begin = end > length ? end - length : 0;
                const bool removed = TryWithout(left, begin, end);
                left = removed ? Left() : left;
                end = std::min(begin, left.size());
            }
        }
    }

    /** One by one, until each of those left is needed. */
    void RemoveSingles()
    {
        bool removed = true;
        while (removed && !OutOfRuns())
        {
            removed = false;
            std::vector<std::size_t> left = Left();
            for (std::size_t at = left.size(); at-- > 0;)
            {
                if (TryWithout(left, at, at + 1))
                {
                    removed = true;
                    left = Left();
                    at = std::min(at, left.size());
                }
            }
        }
    }

    /**
     * Replaces options by ones nearer to the dull one. @return whether something was replaced, so
     * that other decisions may have become superfluous.
     */
    bool Simplify()
    {
        SetLog(Log());
        OptionWriter writer(*m_replay);
        if (m_log.decisions.empty() || OutOfRuns() || !Fails(writer) ||
            writer.simpler.size() != m_log.decisions.size())
        {
            return false;
        }
        const std::vector<std::vector<std::string>> simpler = writer.simpler;
        for (std::size_t index = 0; index < simpler.size(); ++index)
        {
            const std::string old = m_log.decisions[index].option;
            for (const std::string& option : simpler[index])
            {
                // Options change places from run to run: without this two could replace each other
                // for ever.
                Decision wanted = m_log.decisions[index];
                wanted.option = option;
                if (!m_wanted.insert(wanted.Text()).second)
                {
                    continue;
                }
                m_replay->SetOption(index, option);
                if (Try(m_kept))
                {
                    // What comes later in the run may now have other options.
                    m_log.decisions[index].option = option;
                    SetLog(Log());
                    return true;
                }
            }
            m_replay->SetOption(index, old);
        }
        return false;
    }

    Program& m_program;
    std::string m_signature;
    std::uint64_t m_runLimit;
    std::uint64_t m_runs = 0;
    DecisionLog m_log;
    std::vector<bool> m_kept;
    std::unique_ptr<ReplayChooser> m_replay;
    std::set<std::string> m_wanted; // simpler decisions that were tried
};

bool HasOtherThanSwitches(const DecisionLog& log)
{
    return !std::ranges::all_of(log.decisions, IsSwitch);
}

/** The tasks that decisions of @p log are in favour of, and those that have not finished. */
std::vector<std::string> Targets(const DecisionLog& log, const Violation& violation)
{
    std::set<std::string> targets;
    for (const Decision& decision : log.decisions)
    {
        if (decision.option.starts_with(kRun))
        {
            targets.insert(decision.option.substr(kRun.size()));
        }
    }
    for (const TaskTrace& trace : violation.tasks)
    {
        if (trace.state == "running")
        {
            targets.insert(trace.task);
        }
    }
    return {targets.begin(), targets.end()};
}

/** Takes @p fewer, and shrinks it. */
void Take(Program& program,
          const std::string& signature,
          const ShrinkOptions& options,
          const DecisionLog& fewer,
          ShrinkResult& result)
{
    Shrinking shrinking(program, fewer, signature, options.runs);
    result.minimal = shrinking.Reduce();
    result.runs += shrinking.Runs();
    result.log = shrinking.Log();
}

/** Where many decisions are left, looks for a run with fewer of them that does not come from there.
 */
void TakeNearer(Program& program,
                const std::string& signature,
                const ShrinkOptions& options,
                ShrinkResult& result)
{
    constexpr std::size_t kFew = 6;
    constexpr std::uint64_t kTimes = 4; // what certifying may cost
    SearchBudget budget{options.certify.runs * kTimes, options.certify.steps * kTimes};
    const SearchBudget before = budget;
    for (std::uint64_t seed = 1; result.minimal && result.log.decisions.size() > kFew &&
                                 budget.runs > 0 && budget.steps > 0;
         ++seed)
    {
        // In turn: near the dull run, and near what there is.
        const bool dull = seed % 2 != 0;
        SearchBudget part{(budget.runs + 1) / 2, (budget.steps + 1) / 2};
        budget = {budget.runs - part.runs, budget.steps - part.steps};
        const auto found =
            FindNear(program, dull ? DecisionLog{} : result.log, signature, seed, part);
        budget = {budget.runs + part.runs, budget.steps + part.steps};
        if (!found)
        {
            continue;
        }
        Shrinking shrinking(program, *found, signature, options.runs);
        const bool minimal = shrinking.Reduce();
        budget.runs -= std::min(budget.runs, shrinking.Runs());
        DecisionLog log = shrinking.Log();
        if (log.decisions.size() < result.log.decisions.size() &&
            PreemptionsOf(log) <= PreemptionsOf(result.log))
        {
            log.headers = result.log.headers;
            result.log = std::move(log);
            result.minimal = minimal;
        }
    }
    result.runs += before.runs - budget.runs;
}

/** Takes runs with fewer preemptions as long as there are some near. */
void TakeFewer(Program& program,
               const std::string& signature,
               const ShrinkOptions& options,
               const Violation& violation,
               ShrinkResult& result)
{
    SearchBudget budget{options.certify.runs / 2, options.certify.steps / 2};
    const SearchBudget before = budget;
    bool fewer = true;
    while (fewer && budget.runs > 0)
    {
        const auto preemptions = static_cast<std::uint32_t>(PreemptionsOf(result.log));
        if (preemptions < 2)
        {
            break;
        }
        std::optional<DecisionLog> found = MergeTurns(program, result.log, signature, budget);
        if (!found)
        {
            found = FindWithFewer(program,
                                  result.log,
                                  signature,
                                  Targets(result.log, violation),
                                  preemptions,
                                  budget);
        }
        fewer = found.has_value();
        if (fewer)
        {
            Take(program, signature, options, *found, result);
        }
    }
    result.runs += before.runs - budget.runs;
}

/** Seeks a run with fewer preemptions than @p log, and says what came of it. */
void CertifyResult(Program& program,
                   const std::string& signature,
                   const ShrinkOptions& options,
                   ShrinkResult& result)
{
    const auto preemptions = static_cast<std::uint32_t>(PreemptionsOf(result.log));
    if (preemptions == 0)
    {
        result.certified = true;
        result.certificate = "it takes no preemption";
        return;
    }
    const Certificate certificate =
        Certify(program, result.log, signature, preemptions, options.certify);
    result.certifyRuns = certificate.runs;
    if (certificate.smaller)
    {
        Take(program, signature, options, *certificate.smaller, result);
    }
    const std::size_t left = PreemptionsOf(result.log);
    result.certified = left <= certificate.clearedBelow;
    const char* given = HasOtherThanSwitches(result.log) ? " with the same faults" : "";
    const char* plural = certificate.runs == 1 ? "" : "s";
    if (left == 0)
    {
        result.certificate = "it takes no preemption";
    }
    else if (result.certified)
    {
        result.certificate = fmt::format("no run with fewer than {} preemption{}{} fails like this "
                                         "({} run{})",
                                         left,
                                         left == 1 ? "" : "s",
                                         given,
                                         certificate.runs,
                                         plural);
    }
    else
    {
        result.certificate =
            fmt::format("not certified within {} run{}: a run with {} preemption{}{} might fail "
                        "like this",
                        certificate.runs,
                        plural,
                        certificate.clearedBelow,
                        certificate.clearedBelow == 1 ? "" : "s",
                        given);
    }
}

} // namespace

std::size_t PreemptionsOf(const DecisionLog& log)
{
    return static_cast<std::size_t>(std::ranges::count_if(
        log.decisions,
        [](const Decision& decision) { return IsSwitch(decision) && !IsDispatch(decision); }));
}

tl::expected<ShrinkResult, std::string> Shrink(Program& program,
                                               const DecisionLog& log,
                                               std::string signature,
                                               const ShrinkOptions& options)
{
    ReplayOutcome begin = Replay(program, log);
    if (begin.result.Passed())
    {
        return tl::unexpected(std::string("the run along this log passes: nothing to shrink"));
    }
    const std::string found = begin.result.violation->Signature();
    if (signature.empty())
    {
        signature = found;
    }
    if (found != signature)
    {
        return tl::unexpected(
            fmt::format("the run along this log ends with '{}', not with '{}'", found, signature));
    }
    ShrinkResult result;
    result.decisionsBefore = log.decisions.size();
    result.preemptionsBefore = PreemptionsOf(log);
    Shrinking shrinking(program, std::move(begin.recorded), signature, options.runs);
    result.minimal = shrinking.Reduce();
    result.runs = shrinking.Runs() + 1;
    result.log = shrinking.Log();
    if (options.certify.runs > 0)
    {
        TakeNearer(program, signature, options, result);
        TakeFewer(program, signature, options, *begin.result.violation, result);
        CertifyResult(program, signature, options, result);
    }
    ReplayOutcome end = Replay(program, result.log);
    if (end.result.Passed() || end.result.violation->Signature() != signature)
    {
        return tl::unexpected(std::string(
            "the run along this log does not end the same every time: something in the program "
            "depends on more than the decisions"));
    }
    result.log = std::move(end.recorded);
    result.log.SetHeader("violation", signature);
    result.violation = *end.result.violation;
    result.decisionsAfter = result.log.decisions.size();
    result.preemptionsAfter = PreemptionsOf(result.log);
    return result;
}

} // namespace interleave
