// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/strategy/dpor.h"

#include "interleave/model/digest.h"
#include "interleave/model/engine.h"
#include "interleave/model/schedule-point.h"
#include "interleave/model/strategy/yield-rule.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace interleave
{

// This file: making a run. dpor-search.cc: what to try after it. dpor-part.cc: dealing out.

std::uint32_t DporStrategy::DenseObject(ObjectId object)
{
    if (object.type >= m_objects.size())
    {
        m_objects.resize(object.type + std::size_t{1});
    }
    std::vector<std::uint32_t>& numbers = m_objects[object.type];
    if (object.ordinal >= numbers.size())
    {
        numbers.resize(object.ordinal + std::size_t{1});
    }
    std::uint32_t& number = numbers[object.ordinal];
    if (number == 0)
    {
        // Some operations concern no object and stay in order all the same.
        const std::uint64_t base =
            object.type == 0 ? 0 : HashText(m_engine->ClassName(object.type));
        number = DenseName(MixBits(base + object.ordinal) | 1); // 0 is no name
    }
    return number;
}

/** Other processes have other dense numbers, and may have other numbers for classes. */
std::uint32_t DporStrategy::DenseName(std::uint64_t name)
{
    const auto [it, fresh] = m_dense.try_emplace(name, m_objectCount + 1);
    if (fresh)
    {
        ++m_objectCount;
        m_names.push_back(name);
    }
    return it->second;
}

TraceStep DporStrategy::StepOf(const Task& task)
{
    const Op& op = task.Pending();
    TraceStep step{task.Ordinal(), 0, AccessModeOf(op), TouchesTime(op), false};
    step.cancels = op.kind == OpKind::kCancel || op.kind == OpKind::kTimerArm;
    if (step.mode != AccessMode::kNone)
    {
        step.object = DenseObject(op.object);
    }
    return step;
}

void DporStrategy::BeginRun(const Engine& engine)
{
    m_engine = &engine;
    m_depth = 0;
    m_last = 0;
    m_mainSeen = 0;
    m_blind = m_done;
    if (m_size == 0)
    {
        m_tasks = 0;
        m_trace.CutTo(0);
    }
}

void DporStrategy::CheckCount(const ChoicePoint& point, const Node& node) const
{
    if (node.count != point.Count() || node.schedule != (point.Kind() == ChoiceKind::kSchedule))
    {
        throw std::logic_error(
            fmt::format("the program does not repeat itself: {} options instead of {} at '{}'",
                        point.Count(),
                        node.count,
                        point.Place().Name()));
    }
}

DporStrategy::Node& DporStrategy::PushNode(std::uint32_t count, bool schedule)
{
    if (m_size == m_nodes.size())
    {
        m_nodes.emplace_back();
    }
    Node& node = m_nodes[m_size++];
    node.option = 0;
    node.count = count;
    node.schedule = schedule;
    node.branchesInside = false;
    node.process = 0;
    node.firstStep = m_trace.Size();
    node.tasks = m_tasks;
    node.candidateBegin = static_cast<std::uint32_t>(m_candidates.size());
    node.candidateEnd = node.candidateBegin;
    node.tree = 0;
    node.inherited = 0;
    node.sleep.clear();
    return node;
}

std::uint32_t DporStrategy::Choose(ChoicePoint& point)
{
    if (m_blind)
    {
        return 0;
    }
    return point.Kind() == ChoiceKind::kSchedule ? ChooseTask(static_cast<SchedulePoint&>(point))
                                                 : ChooseOther(point);
}

std::uint32_t DporStrategy::ChooseOther(const ChoicePoint& point)
{
    if (point.Count() == 1)
    {
        return 0;
    }
    if (m_depth == m_size)
    {
        const bool restoring = Restoring();
        Node& node = PushNode(point.Count(), false);
        if (restoring)
        {
            RestoreOther(node);
        }
        m_guided = false;
        if (m_last != 0)
        {
            m_nodes[m_last - 1].branchesInside = true;
        }
    }
    const Node& node = m_nodes[m_depth++];
    CheckCount(point, node);
    return node.option;
}

std::uint32_t DporStrategy::ChooseTask(const SchedulePoint& point)
{
    if (m_depth < m_size)
    {
        Node& node = m_nodes[m_depth++];
        CheckCount(point, node);
        m_last = m_depth;
        m_mainSeen = m_engine->MainTask().OpCount();
        if (m_fresh && m_depth == m_size)
        {
            m_fresh = false;
            Go(node);
        }
        return node.option;
    }
    TakeStock();
    const bool restoring = Restoring();
    Node& node = PushNode(point.Count(), true);
    AddCandidates(node, point);
    if (restoring)
    {
        RestoreTask(node);
    }
    else
    {
        InheritSleep(node);
    }
    if (!restoring && !PickFromTree(node) && !PickAny(node))
    {
        --m_size;
        m_candidates.resize(node.candidateBegin);
        m_blind = true;
        ++m_redundant;
        return 0;
    }
    ++m_depth;
    m_last = m_depth;
    Go(node);
    return node.option;
}

/** What has happened since the last choice between tasks. */
void DporStrategy::TakeStock()
{
    if (m_last != 0)
    {
        const Node& node = m_nodes[m_last - 1];
        const Task& task = m_engine->TaskAt(node.process);
        if (node.process != 0 && task.State() == TaskState::kBlocked &&
            task.Pending().kind == OpKind::kWait)
        {
            m_trace.MarkTime(node.firstStep); // it may have set a timeout
        }
    }
    CollectMainSteps();
    const auto tasks = static_cast<std::uint32_t>(m_engine->Tasks().size());
    for (; m_tasks < tasks; ++m_tasks)
    {
        m_trace.SetBirth(m_tasks + 1,
                         m_trace.Size() == 0 ? ExecutionTrace::kNone : m_trace.Size() - 1);
    }
}

void DporStrategy::CollectMainSteps()
{
    const Task& main = m_engine->MainTask();
    const std::uint64_t count = main.OpCount();
    std::uint64_t fresh = count - m_mainSeen;
    m_guided = m_guided && fresh == 0;
    m_mainSeen = count;
    if (fresh > Task::kRemembered)
    {
        // What has been forgotten is taken to commute with nothing that happens on any object.
        for (std::uint32_t object = 1; object <= m_objectCount; ++object)
        {
            m_trace.Add({0, object, AccessMode::kLifetime, false, false});
        }
        fresh = Task::kRemembered;
    }
    while (fresh-- > 0)
    {
        const Op& op = main.Past(fresh).op;
        TraceStep step{0, 0, AccessModeOf(op), false, false};
        if (step.mode != AccessMode::kNone)
        {
            step.object = DenseObject(op.object);
        }
        m_trace.Add(step);
    }
}

void DporStrategy::AddCandidates(Node& node, const SchedulePoint& point)
{
    const YieldRule rule(point);
    for (std::uint32_t option = 0; option < node.count; ++option)
    {
        if (!rule.May(option))
        {
            continue;
        }
        const Task* task = point.Candidate(option);
        m_guided = m_guided && task != nullptr;
        m_candidates.push_back({task == nullptr ? TraceStep{} : StepOf(*task), option});
    }
    node.candidateEnd = static_cast<std::uint32_t>(m_candidates.size());
}

bool DporStrategy::Wakes(const Sleeper& sleeper, const TraceStep& step)
{
    return sleeper.wakesAlways || sleeper.step.process == step.process ||
           Dependent(sleeper.step, step) ||
           std::ranges::any_of(sleeper.more,
                               [&](const TraceStep& other) { return Dependent(other, step); });
}

void DporStrategy::InheritSleep(Node& node)
{
    if (m_last == 0)
    {
        return;
    }
    const Node& before = m_nodes[m_last - 1];
    const auto steps = m_trace.Steps().subspan(before.firstStep);
    for (const Sleeper& sleeper : before.sleep)
    {
        if (std::ranges::none_of(steps,
                                 [&](const TraceStep& step) { return Wakes(sleeper, step); }))
        {
            node.sleep.push_back(sleeper);
        }
    }
    node.inherited = static_cast<std::uint32_t>(node.sleep.size());
}

const DporStrategy::Candidate* DporStrategy::Find(const Node& node, std::uint32_t process) const
{
    for (std::uint32_t index = node.candidateBegin; index < node.candidateEnd; ++index)
    {
        if (m_candidates[index].step.process == process)
        {
            return &m_candidates[index];
        }
    }
    return nullptr;
}

bool DporStrategy::Sleeps(const Node& node, std::uint32_t process)
{
    return std::ranges::any_of(
        node.sleep, [process](const Sleeper& sleeper) { return sleeper.step.process == process; });
}

/** Goes on with the next branch of the node's tree; false if none can be followed. */
bool DporStrategy::PickFromTree(Node& node)
{
    if (m_guide != 0)
    {
        node.tree = m_guide;
        m_guide = 0;
    }
    while (node.tree != 0)
    {
        const std::uint32_t process = m_trees.Step(node.tree).process;
        const Candidate* candidate = Find(node, process);
        const std::uint32_t rest = m_trees.Take(node.tree);
        if (candidate != nullptr && !Sleeps(node, process))
        {
            node.process = process;
            node.option = candidate->option;
            m_guide = rest;
            return true;
        }
        m_trees.Free(rest);
    }
    return false;
}

bool DporStrategy::PickAny(Node& node)
{
    for (std::uint32_t index = node.candidateBegin; index < node.candidateEnd; ++index)
    {
        const Candidate& candidate = m_candidates[index];
        if (!Sleeps(node, candidate.step.process))
        {
            node.process = candidate.step.process;
            node.option = candidate.option;
            return true;
        }
    }
    return false;
}

/** The chosen process does its step, the last one of the trace. */
void DporStrategy::Go(Node& node)
{
    // For the main context this stands for time going on; what its events do follows later.
    m_trace.Add(Find(node, node.process)->step);
}

} // namespace interleave
