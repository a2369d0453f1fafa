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
    known.Clear();
}

void LockOrderCheck::Graph::Add(const Edge& edge)
{
    const std::size_t count = static_cast<std::size_t>(std::max(edge.from, edge.to)) + 1;
    if (count > nodes.size())
    {
        nodes.resize(count);
    }
    edges.push_back(edge);
    edges.back().next = nodes[edge.from].first;
    nodes[edge.from].first = static_cast<std::uint32_t>(edges.size() - 1);
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
    m_latest.clear();
    m_mutexes.Clear();
    m_classes.Clear();
}

void LockOrderCheck::Nested(const Task& task,
                            std::uint32_t sync,
                            ObjectId object,
                            std::uint32_t held)
{
    for (; held != 0; held = m_held.Top(held).below)
    {
        const HeldLocks::Held& outer = m_held.Top(held);
        if (m_mutexes.Knows(outer.sync, sync))
        {
            continue; // and with it, the order of their classes
        }
        Edge edge;
        edge.from = outer.sync;
        edge.to = sync;
        edge.task = task.Ordinal();
        edge.step = m_engine.Steps();
        edge.held = outer.object;
        edge.taken = object;
        edge.site = LatestSite(task);
        Join(m_mutexes, edge);
        edge.from = outer.object.type;
        edge.to = object.type;
        if (edge.from != edge.to && !m_classes.Knows(edge.from, edge.to))
        {
            Join(m_classes, edge);
        }
    }
}

void LockOrderCheck::Join(Graph& graph, const Edge& edge)
{
    graph.Add(edge);
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
