// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/engine.h"
#include "interleave/model/strategy/dpor.h"

#include <algorithm>

namespace interleave
{

// This file: what to try after a run. dpor.cc: making one. dpor-part.cc: dealing out.

namespace
{

constexpr std::uint32_t kNoNode = 0xffff'ffff;

} // namespace

void DporStrategy::EndRun(const RunResult& result)
{
    if (m_engine == nullptr || m_done)
    {
        return;
    }
    ++m_runs;
    if (!m_blind)
    {
        TakeStock();
    }
    ReverseRaces();
    const bool early =
        !result.Passed() && std::ranges::any_of(m_engine->Tasks(),
                                                [](const Task* task) {
                                                    return task->State() == TaskState::kReady ||
                                                           task->State() == TaskState::kParked;
                                                });
    if (early && !m_blind && m_last != 0)
    {
        TryAll(m_last - 1);
    }
    m_engine = nullptr;
    m_told = 0;
    m_trees.Free(m_guide);
    m_guide = 0;
    // A run that was stopped from outside may not have come to the end of the path.
    while (m_size > m_depth)
    {
        PopNode();
    }
    m_done = !GoBack();
}

void DporStrategy::ReverseRaces()
{
    m_races.clear();
    m_trace.Analyse(m_races);
    const std::uint32_t size = m_trace.Size();
    m_nodeOf.assign(size, kNoNode);
    for (std::uint32_t depth = 0; depth < m_depth; ++depth)
    {
        const Node& node = m_nodes[depth];
        if (!node.schedule)
        {
            continue;
        }
        std::uint32_t step = node.firstStep;
        m_nodeOf[step++] = depth;
        // What the main context did when it was chosen; what it did unasked follows the same way,
        // and there was no choice then.
        while (node.process == 0 && step < size && m_trace[step].process == 0)
        {
            m_nodeOf[step++] = depth;
        }
    }
    for (std::size_t index = 0; index < m_races.size(); ++index)
    {
        const Race race = m_races[index];
        if (race.second >= m_told)
        {
            Reverse(race, m_trace[race.second]);
        }
    }
    for (std::uint32_t depth = m_base; depth < m_depth; ++depth)
    {
        const Node& node = m_nodes[depth];
        if (node.schedule && m_trace[node.firstStep].cancels && Find(node, 0) != nullptr)
        {
            TryAll(depth); // the event may never come, and so never be seen in a race
        }
    }
    if (m_blind)
    {
        return;
    }
    for (const Task* task : m_engine->Tasks())
    {
        if (task->State() == TaskState::kFinished || task->State() == TaskState::kRunning)
        {
            continue;
        }
        const TraceStep pending = StepOf(*task);
        m_races.clear();
        m_trace.RacesOf(pending, m_races);
        for (std::size_t index = 0; index < m_races.size(); ++index)
        {
            Reverse(m_races[index], pending);
        }
    }
}

/** Sees to it that the second step of @p race is tried without the first before it. */
void DporStrategy::Reverse(const Race& race, const TraceStep& second)
{
    const std::uint32_t depth = m_nodeOf[race.first];
    if (depth == kNoNode)
    {
        return; // an event that came because no task was ready: nothing else was possible
    }
    Node& node = m_nodes[depth];
    if (node.firstStep != race.first)
    {
        TryAll(depth); // in the midst of several events
        return;
    }
    const bool pending = race.second == m_trace.Size();
    const std::uint32_t before =
        pending ? m_trace.LastOf(second.process) : m_trace.Previous(race.second);
    const bool wasThere = second.process != 0 && second.process <= node.tasks &&
                          (before == ExecutionTrace::kNone || before < race.first);
    if (wasThere && Find(node, second.process) == nullptr)
    {
        return; // possible only thanks to the first step, or to what followed from it
    }
    m_sequence.clear();
    for (std::uint32_t step = race.first + 1; step < m_trace.Size(); ++step)
    {
        if (!m_trace.Before(race.first, step))
        {
            m_sequence.push_back(m_trace[step]);
        }
    }
    m_sequence.push_back(second);
    TrySequence(depth);
}

/** Sees to it that m_sequence is tried from the node at @p depth on. */
void DporStrategy::TrySequence(std::uint32_t depth)
{
    if (Foreign(depth))
    {
        TellSequence(depth);
        return;
    }
    Node& node = m_nodes[depth];
    if (Covered(node))
    {
        return;
    }
    if (Find(node, m_sequence.front().process) == nullptr)
    {
        TryAll(depth); // it begins with an event that came by itself
        return;
    }
    // Only what tasks do can be asked for step by step.
    const auto event = std::ranges::find(m_sequence, 0U, &TraceStep::process);
    m_sequence.erase(event == m_sequence.begin() ? event + 1 : event, m_sequence.end());
    m_trees.Insert(node.tree, m_sequence);
}

/** Whether m_sequence, from @p node on, is like something that has been tried. */
bool DporStrategy::Covered(const Node& node) const
{
    for (std::uint32_t index = 0; index < node.sleep.size(); ++index)
    {
        const Sleeper& sleeper = node.sleep[index];
        if (!CanBeginWith(sleeper, m_sequence))
        {
            continue;
        }
        // One that was put to sleep before and is not even part of the sequence leaves open what
        // comes between: only a search that follows whole sequences, in one order, has seen that.
        if ((m_guided && !m_strict) || index >= node.inherited ||
            std::ranges::find(m_sequence, sleeper.step.process, &TraceStep::process) !=
                m_sequence.end())
        {
            return true;
        }
    }
    return false;
}

bool DporStrategy::CanBeginWith(const Sleeper& sleeper, const std::vector<TraceStep>& steps)
{
    if (sleeper.step.process != 0)
    {
        return !sleeper.wakesAlways && CanBegin(sleeper.step, steps);
    }
    // Several events happen at once: the sequence begins with them, or has nothing to do with them.
    return steps.front().process == 0 ||
           std::ranges::none_of(steps, [&](const TraceStep& step) { return Wakes(sleeper, step); });
}

/** Tries everything that could be done at a node. */
void DporStrategy::TryAll(std::uint32_t depth)
{
    if (Foreign(depth))
    {
        TellAll(depth);
        return;
    }
    Node& node = m_nodes[depth];
    for (std::uint32_t index = node.candidateBegin; index < node.candidateEnd; ++index)
    {
        const TraceStep& step = m_candidates[index].step;
        if (step.process != node.process && !Sleeps(node, step.process) &&
            !m_trees.HasBranch(node.tree, step.process))
        {
            m_trees.InsertLeaf(node.tree, step);
        }
    }
}

DporStrategy::Sleeper DporStrategy::SleeperOf(const Node& node) const
{
    Sleeper sleeper;
    sleeper.step = m_trace[node.firstStep];
    if (node.process == 0)
    {
        for (std::uint32_t step = node.firstStep + 1;
             step < m_trace.Size() && m_trace[step].process == 0;
             ++step)
        {
            sleeper.more.push_back(m_trace[step]);
        }
        sleeper.wakesAlways = node.branchesInside;
    }
    // What it sets off may differ with what was answered inside.
    sleeper.step.time = sleeper.step.time || (node.branchesInside && node.process != 0);
    return sleeper;
}

/** Everything that follows from the step that a node has chosen has been seen. */
void DporStrategy::PutToSleep(Node& node)
{
    node.sleep.push_back(SleeperOf(node));
}

void DporStrategy::PopNode()
{
    Node& node = m_nodes[--m_size];
    m_trees.Free(node.tree);
    node.tree = 0;
    m_candidates.resize(node.candidateBegin);
}

/** Changes the last choice that can still be changed; false when there is none. */
bool DporStrategy::GoBack()
{
    while (m_size > m_base)
    {
        Node& node = m_nodes[m_size - 1];
        const bool first = m_size == m_base + 1; // others may still tell of it
        if (!node.schedule)
        {
            if (node.option + 1 < node.count)
            {
                ++node.option;
                m_trace.CutTo(node.firstStep);
                m_tasks = node.tasks;
                m_fresh = false;
                return true;
            }
            if (first)
            {
                node.option = node.count;
                return false;
            }
            PopNode();
            continue;
        }
        if (node.tree != 0 || first)
        {
            PutToSleep(node);
            if (PickFromTree(node))
            {
                m_trace.CutTo(node.firstStep);
                m_tasks = node.tasks;
                m_fresh = true;
                return true;
            }
        }
        if (first)
        {
            return false;
        }
        PopNode();
    }
    return false;
}

} // namespace interleave
