// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/search/explain.h"

#include "interleave/helper/replay-chooser.h"

#include <fmt/format.h>

#include <map>
#include <tuple>
#include <vector>

namespace interleave
{

namespace
{

/** An operation in a way that names the same one in two runs. */
using OpName = std::tuple<std::string, OpKind, std::string, std::uint64_t>;

OpName NameOf(const ExplainedOp& op)
{
    return {op.task, op.kind, op.object, op.n};
}

/** Writes down the operations of a run that are about an object. */
class OpList final : public Observer
{
  public:
    std::vector<ExplainedOp> ops;

    void OnOp(const OpEvent& event) override
    {
        if (event.op.object.type != 0)
        {
            Add(event.engine, event.task, event.op, event.step);
        }
    }

    /** Adds what tasks were about to do when the run ended, which others did not wait for. */
    void AddPending(const Engine& engine)
    {
        for (const Task* task : engine.Tasks())
        {
            const bool stands =
                task->State() != TaskState::kFinished && task->State() != TaskState::kRunning;
            if (stands && task->Pending().object.type != 0)
            {
                Add(engine, *task, task->Pending(), 0);
            }
        }
    }

  private:
    void Add(const Engine& engine, const Task& task, const Op& op, std::uint64_t step)
    {
        ExplainedOp& one = ops.emplace_back();
        one.task = task.Name();
        one.kind = op.kind;
        one.object = engine.ObjectText(op.object);
        one.write = op.write;
        one.site = op.site == nullptr ? "" : op.site;
        one.step = step;
        one.n = ++m_counts[{one.task, one.kind, one.object, 0}];
    }

    std::map<OpName, std::uint64_t> m_counts;
};

struct WatchedRun
{
    RunResult result;
    std::vector<ExplainedOp> ops;
};

WatchedRun RunAlong(Program& program, ReplayChooser& replay)
{
    OpList list;
    Engine& engine = program.GetEngine();
    engine.AddObserver(list);
    WatchedRun run{program.Run(replay), {}};
    engine.RemoveObserver(list);
    list.AddPending(engine);
    engine.Reset();
    run.ops = std::move(list.ops);
    return run;
}

bool IsLocking(const ExplainedOp& op)
{
    return op.kind == OpKind::kLock || op.kind == OpKind::kTryLock || op.kind == OpKind::kUnlock;
}

/** Whether @p left, which came first if it came at all, does not commute with @p right. */
bool Conflict(const ExplainedOp& left, const ExplainedOp& right)
{
    return left.step != 0 && left.task != right.task && left.object == right.object &&
           (left.write || right.write) && left.kind != OpKind::kUnlock &&
           right.kind != OpKind::kUnlock;
}

/**
 * The first two operations in conflict that come in one order in @p failing and in the other in
 * @p passing; such that are no locking if there are any, for those show what the lock is about.
 */
std::optional<CriticalPair> TurnedRound(const std::vector<ExplainedOp>& failing,
                                        const std::vector<ExplainedOp>& passing)
{
    std::map<OpName, std::size_t> positions;
    for (std::size_t at = 0; at < passing.size(); ++at)
    {
        positions.emplace(NameOf(passing[at]), at);
    }
    std::map<std::string, std::vector<std::size_t>> byObject; // indices into failing
    std::optional<CriticalPair> locks;
    for (std::size_t second = 0; second < failing.size(); ++second)
    {
        const ExplainedOp& later = failing[second];
        const auto laterInPassing = positions.find(NameOf(later));
        std::vector<std::size_t>& before = byObject[later.object];
        if (laterInPassing == positions.end())
        {
            continue;
        }
        for (const std::size_t first : before)
        {
            const ExplainedOp& earlier = failing[first];
            if (!Conflict(earlier, later) || positions.at(NameOf(earlier)) < laterInPassing->second)
            {
                continue;
            }
            if (!IsLocking(earlier) && !IsLocking(later))
            {
                return CriticalPair{earlier, later};
            }
            if (!locks)
            {
                locks = CriticalPair{earlier, later};
            }
        }
        before.push_back(second);
    }
    return locks;
}

} // namespace

std::string ExplainedOp::Text() const
{
    return fmt::format("{} #{} {}{}{}{}",
                       task,
                       n,
                       kind == OpKind::kAccess ? (write ? "write" : "read") : OpKindText(kind),
                       object.empty() ? "" : " " + object,
                       site.empty() ? "" : " (" + site + ")",
                       step == 0 ? ", which is still to come" : fmt::format(" at step {}", step));
}

std::string Explanation::Format() const
{
    std::string text = fmt::format("critical decision: {}\n", decision.Text());
    text += passes ? "  without it the run passes\n"
                   : "  without it the run fails in another way, not in this one\n";
    if (pair)
    {
        text += fmt::format("critical pair: in the run that fails\n"
                            "    {}\n  comes before\n    {}\n"
                            "  the other way round, the run {}\n",
                            pair->first.Text(),
                            pair->second.Text(),
                            passes ? "passes" : "does not fail like this");
    }
    return text;
}

tl::expected<Explanation, std::string> Explain(Program& program, const DecisionLog& log)
{
    ReplayChooser replay(log);
    const WatchedRun failing = RunAlong(program, replay);
    if (failing.result.Passed())
    {
        return tl::unexpected(std::string("the run along this log passes: nothing to explain"));
    }
    const std::string signature = failing.result.violation->Signature();
    std::optional<Explanation> best;
    // A turn that makes the run pass says more than one that makes it fail elsewhere, and one of
    // two operations more than a choice of something else; among equals the last is the nearest to
    // the failure.
    const auto merit = [](const Explanation& explanation)
    { return (explanation.passes ? 2 : 0) + (explanation.pair ? 1 : 0); };
    for (std::size_t index = log.decisions.size(); index-- > 0;)
    {
        std::vector<bool> kept(log.decisions.size(), true);
        kept[index] = false;
        replay.Keep(std::move(kept));
        const WatchedRun run = RunAlong(program, replay);
        if (!run.result.Passed() && run.result.violation->Signature() == signature)
        {
            continue;
        }
        Explanation explanation{
            log.decisions[index], index, run.result.Passed(), TurnedRound(failing.ops, run.ops)};
        if (!best || merit(explanation) > merit(*best))
        {
            best = std::move(explanation);
        }
    }
    if (!best)
    {
        return tl::unexpected(std::string(
            log.decisions.empty()
                ? "the run fails without any decision"
                : "no single decision makes the run pass when it is taken away: shrink the log"));
    }
    return *best;
}

} // namespace interleave
