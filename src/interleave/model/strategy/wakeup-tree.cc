// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/strategy/wakeup-tree.h"

#include <algorithm>

namespace interleave
{

bool CanBegin(const TraceStep& step, std::span<const TraceStep> steps)
{
    for (const TraceStep& other : steps)
    {
        if (other.process == step.process)
        {
            return true;
        }
        if (Dependent(other, step))
        {
            return false;
        }
    }
    return true;
}

std::uint32_t WakeupTrees::Make(const TraceStep& step)
{
    std::uint32_t node = m_free;
    if (node != 0)
    {
        m_free = m_nodes[node].sibling;
    }
    else
    {
        node = static_cast<std::uint32_t>(m_nodes.size());
        m_nodes.emplace_back();
    }
    m_nodes[node] = {step, 0, 0};
    return node;
}

void WakeupTrees::AppendBranch(std::uint32_t parent, std::uint32_t& first, std::uint32_t branch)
{
    // The branches of a node hang on its child, those of the whole tree on the owner's variable.
    std::uint32_t last = parent == 0 ? first : m_nodes[parent].child;
    if (last == 0)
    {
        (parent == 0 ? first : m_nodes[parent].child) = branch;
        return;
    }
    while (m_nodes[last].sibling != 0)
    {
        last = m_nodes[last].sibling;
    }
    m_nodes[last].sibling = branch;
}

void WakeupTrees::Insert(std::uint32_t& first, std::vector<TraceStep>& steps)
{
    std::uint32_t parent = 0;
    for (std::uint32_t branch = first; branch != 0 && !steps.empty();)
    {
        const TraceStep& step = m_nodes[branch].step;
        if (!CanBegin(step, steps))
        {
            branch = m_nodes[branch].sibling;
            continue;
        }
        const auto own = std::ranges::find(steps, step.process, &TraceStep::process);
        if (own != steps.end())
        {
            steps.erase(own);
        }
        parent = branch;
        branch = m_nodes[branch].child;
        if (branch == 0)
        {
            return; // everything will be tried from there
        }
    }
    for (const TraceStep& step : steps)
    {
        const std::uint32_t node = Make(step);
        AppendBranch(parent, first, node);
        parent = node;
    }
}

void WakeupTrees::InsertLeaf(std::uint32_t& first, const TraceStep& step)
{
    AppendBranch(0, first, Make(step));
}

bool WakeupTrees::HasBranch(std::uint32_t first, std::uint32_t process) const
{
    for (std::uint32_t branch = first; branch != 0; branch = m_nodes[branch].sibling)
    {
        if (m_nodes[branch].step.process == process)
        {
            return true;
        }
    }
    return false;
}

std::uint32_t WakeupTrees::Take(std::uint32_t& first)
{
    const std::uint32_t taken = first;
    const std::uint32_t child = m_nodes[taken].child;
    first = m_nodes[taken].sibling;
    m_nodes[taken].sibling = m_free;
    m_free = taken;
    return child;
}

void WakeupTrees::PutBack(std::uint32_t& first, const TraceStep& step, std::uint32_t child)
{
    const std::uint32_t node = Make(step);
    m_nodes[node].child = child;
    m_nodes[node].sibling = first;
    first = node;
}

void WakeupTrees::AppendAt(std::uint32_t& first,
                           std::vector<std::uint32_t>& way,
                           std::uint32_t depth,
                           const TraceStep& step)
{
    const std::uint32_t node = Make(step);
    AppendBranch(depth == 0 ? 0 : way.at(depth - 1), first, node);
    way.resize(depth);
    way.push_back(node);
}

void WakeupTrees::Free(std::uint32_t first)
{
    while (first != 0)
    {
        Free(m_nodes[first].child);
        Take(first);
    }
}

} // namespace interleave
