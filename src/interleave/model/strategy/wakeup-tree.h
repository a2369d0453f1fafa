// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_WAKEUP_TREE_H
#define INTERLEAVE_WAKEUP_TREE_H

#include "interleave/model/strategy/execution-trace.h"

#include <cstdint>
#include <span>
#include <vector>

namespace interleave
{

/**
 * Whether the sequence @p steps could as well begin with @p step: its process has a step there with
 * nothing before it that does not commute, or none, and @p step commutes with all (a "weak
 * initial").
 */
bool CanBegin(const TraceStep& step, std::span<const TraceStep> steps);

/**
 * Wakeup trees: for each place that the search will come back to, the sequences of steps that still
 * have to be tried from there, as ordered trees. All nodes live in one pool; 0 is no node.
 */
class WakeupTrees
{
  public:
    WakeupTrees()
        : m_nodes(1)
    {
    }

    /**
     * Adds the sequence @p steps to the tree with the first branch @p first, unless a sequence that
     * is there already leads to the same.
     * @param steps is used up.
     */
    void Insert(std::uint32_t& first, std::vector<TraceStep>& steps);

    /** Adds a branch of one step. */
    void InsertLeaf(std::uint32_t& first, const TraceStep& step);

    /** Whether a branch of the tree begins with @p process. */
    bool HasBranch(std::uint32_t first, std::uint32_t process) const;

    const TraceStep& Step(std::uint32_t node) const
    {
        return m_nodes[node].step;
    }

    /** Takes the branch @p first off its tree, which is left with the others; returns what follows
     * its first step. */
    std::uint32_t Take(std::uint32_t& first);

    /** The reverse: @p child follows @p step, and both come before all else. */
    void PutBack(std::uint32_t& first, const TraceStep& step, std::uint32_t child);

    /** The nodes of a tree, each after the one it follows; its depth, from 0, and its step go to
     * @p visit. */
    template <typename Visit>
    void ForEach(std::uint32_t first, Visit&& visit, std::uint32_t depth = 0) const
    {
        for (std::uint32_t node = first; node != 0; node = m_nodes[node].sibling)
        {
            visit(depth, m_nodes[node].step);
            ForEach(m_nodes[node].child, visit, depth + 1);
        }
    }

    /** Adds a node as ForEach() has told it; @p way has the latest node of each depth. */
    void AppendAt(std::uint32_t& first,
                  std::vector<std::uint32_t>& way,
                  std::uint32_t depth,
                  const TraceStep& step);

    /** Gives a whole tree back. */
    void Free(std::uint32_t first);

  private:
    struct Node
    {
        TraceStep step;
        std::uint32_t child = 0;
        std::uint32_t sibling = 0;
    };

    std::uint32_t Make(const TraceStep& step);
    void AppendBranch(std::uint32_t parent, std::uint32_t& first, std::uint32_t branch);

    std::vector<Node> m_nodes;
    std::uint32_t m_free = 0; // list by sibling
};

} // namespace interleave

#endif // INTERLEAVE_WAKEUP_TREE_H
