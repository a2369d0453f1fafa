// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/check/lock-order-check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <utility>

namespace interleave
{

void LockOrderCheck::Graph::Clear()
{
    nodes.clear();
    edges.clear();
    byKey.Clear();
    known.Clear();
}

std::uint32_t LockOrderCheck::Graph::NodeOf(std::uint64_t key)
{
    NodeIndex& node = byKey.At(key);
    if (node.index == kNone)
    {
        node.index = static_cast<std::uint32_t>(nodes.size());
        nodes.emplace_back();
    }
    return node.index;
}

bool LockOrderCheck::Graph::Add(const Edge& edge)
{
    Known& there = known.At((static_cast<std::uint64_t>(edge.from) << 32) | edge.to);
    if (there.known)
    {
        return false;
    }
    there.known = true;
    edges.push_back(edge);
    edges.back().next = nodes[edge.from].first;
    nodes[edge.from].first = static_cast<std::uint32_t>(edges.size() - 1);
    return true;
}

std::vector<std::uint32_t> LockOrderCheck::Graph::Way(std::uint32_t from, std::uint32_t to)
{
    ++searches;
    open.clear();
    open.push_back(from);
    nodes[from].search = searches;
    // Breadth first: the shortest cycle is the one to show.
    for (std::size_t at = 0; at < open.size() && nodes[to].search != searches; ++at)
    {
        for (std::uint32_t edge = nodes[open[at]].first; edge != kNone; edge = edges[edge].next)
        {
            Node& next = nodes[edges[edge].to];
            if (next.search != searches)
            {
                next.search = searches;
                next.reached = edge;
                open.push_back(edges[edge].to);
            }
        }
    }
    std::vector<std::uint32_t> way;
    if (nodes[to].search == searches)
    {
        for (std::uint32_t node = to; node != from; node = edges[way.back()].from)
        {
            way.push_back(nodes[node].reached);
        }
        std::reverse(way.begin(), way.end());
    }
    return way;
}

void LockOrderCheck::Clear()
{
    m_mutexes.Clear();
    m_classes.Clear();
}

void LockOrderCheck::OnEffect(const Effect& effect)
{
    if (effect.kind == EffectKind::kMade)
    {
        // Another mutex than the one that was at this address.
        if (NodeIndex* node = m_mutexes.byKey.Find(KeyTable<NodeIndex>::KeyOf(effect.sync)))
        {
            node->index = kNone;
        }
        return;
    }
    if (effect.kind != EffectKind::kLocked)
    {
        return;
    }
    const std::uint32_t task = effect.task.Ordinal();
    for (std::uint32_t set = m_held.Of(task); set != 0; set = m_held.Top(set).below)
    {
        const HeldLocks::Held& held = m_held.Top(set);
        Edge edge;
        edge.task = task;
        edge.step = effect.engine.Steps();
        edge.held = held.object;
        edge.taken = effect.object;
        edge.site = LatestSite(effect.task);
        Nested(m_mutexes,
               KeyTable<NodeIndex>::KeyOf(held.mutex),
               KeyTable<NodeIndex>::KeyOf(effect.sync),
               edge);
        if (held.object.type != effect.object.type)
        {
            Nested(m_classes, held.object.type, effect.object.type, edge);
        }
    }
}

void LockOrderCheck::Nested(Graph& graph, std::uint64_t held, std::uint64_t taken, Edge edge)
{
    edge.from = graph.NodeOf(held);
    edge.to = graph.NodeOf(taken);
    if (!graph.Add(edge))
    {
        return;
    }
    const std::vector<std::uint32_t> way = graph.Way(edge.to, edge.from);
    if (!way.empty())
    {
        ReportCycle(graph, way, edge);
    }
}

void LockOrderCheck::ReportCycle(const Graph& graph,
                                 const std::vector<std::uint32_t>& way,
                                 const Edge& last)
{
    std::string text = "locks are taken in contradicting orders";
    const char* separator = ": ";
    std::vector<std::string> classes;
    const auto add = [&](const Edge& edge)
    {
        text += fmt::format("{}{} took {} while holding {} (at {}, step {})",
                            separator,
                            m_engine.TaskAt(edge.task).Name(),
                            m_engine.ObjectText(edge.taken),
                            m_engine.ObjectText(edge.held),
                            edge.site,
                            edge.step);
        separator = "; ";
        classes.push_back(m_engine.ClassName(edge.held.type));
        classes.push_back(m_engine.ClassName(edge.taken.type));
    };
    for (const std::uint32_t edge : way)
    {
        add(graph.edges[edge]);
    }
    add(last);
    std::sort(classes.begin(), classes.end());
    classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
    std::string subject = classes.size() == 1
                              ? fmt::format("order among locks of class {}", classes.front())
                              : fmt::format("order of {}", fmt::join(classes, ", "));
    m_engine.Report(ViolationKind::kLockOrder, std::move(text), std::move(subject));
}

} // namespace interleave
