// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/search/search-tree.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace interleave
{

SearchTree::SearchTree(std::unique_ptr<DivisibleSearch> search)
    : m_search(std::move(search))
{
    m_state.level = m_search->FirstLevel();
    Wait(Add({}));
    Issue();
}

SearchTree::SearchTree(std::unique_ptr<DivisibleSearch> search, State state)
    : m_search(std::move(search)),
      m_state(std::move(state))
{
    for (const auto& [ticket, issued] : m_state.issued)
    {
        m_ready.push_back(ticket);
    }
}

std::optional<SearchTree::Deal> SearchTree::Next()
{
    if (m_ready.empty())
    {
        return std::nullopt;
    }
    const std::uint64_t ticket = m_ready.front();
    m_ready.pop_front();
    const Issued& issued = m_state.issued.at(ticket);
    const Segment& segment = m_state.segments.at(issued.segment);
    return Deal{ticket, {issued.level, issued.mode, segment.path, segment.nodes}};
}

void SearchTree::Again(std::uint64_t ticket)
{
    m_ready.push_front(ticket);
}

SearchTree::Id SearchTree::Close(std::uint64_t ticket)
{
    if (ticket != m_state.merged || !m_state.issued.contains(ticket))
    {
        throw std::logic_error("parts of a search come back in order of their tickets");
    }
    const Id id = m_state.issued.at(ticket).segment;
    m_state.issued.erase(ticket);
    ++m_state.merged;
    m_state.segments.at(id).out = false;
    return id;
}

void SearchTree::Merge(std::uint64_t ticket, SearchRest rest)
{
    const Id id = Close(ticket);
    m_state.mode |= rest.mode;
    m_state.more = m_state.more || rest.more;
    Segment& segment = m_state.segments.at(id);
    segment.nodes = std::move(rest.nodes);
    for (const SearchNews& news : std::exchange(segment.inbox, {}))
    {
        m_search->Apply(segment.nodes.at(news.depth - segment.path.size()), news, m_state.mode);
    }
    for (const SearchNews& news : rest.news)
    {
        Tell(id, news);
    }
    Settle(id);
    Issue();
}

void SearchTree::MergeSkipping(std::uint64_t ticket, SearchRest rest)
{
    m_state.skipped = true;
    if (!rest.nodes.empty())
    {
        m_search->Skip(rest.nodes.back());
    }
    Merge(ticket, std::move(rest));
}

SearchTree::Id SearchTree::Add(Segment segment)
{
    const Id id = m_state.nextId++;
    m_state.segments.emplace(id, std::move(segment));
    return id;
}

/** Makes the first @p length nodes a segment of their own, the parent of what remains. */
SearchTree::Id SearchTree::CutOff(Id id, std::size_t length)
{
    Segment upper;
    Segment& lower = m_state.segments.at(id);
    const auto end = lower.nodes.begin() + static_cast<std::ptrdiff_t>(length);
    upper.parent = lower.parent;
    upper.path = lower.path;
    upper.children = 1;
    std::ranges::for_each(lower.nodes.begin(),
                          end,
                          [&lower](const SearchNode& node) { lower.path.push_back(node.step); });
    upper.nodes.assign(std::move_iterator(lower.nodes.begin()), std::move_iterator(end));
    lower.nodes.erase(lower.nodes.begin(), end);
    const Id made = Add(std::move(upper));
    lower.parent = made;
    return made;
}

/**
 * Makes the node at @p index a segment of its own, without what goes on below it. What lies below
 * keeps the id, unless nothing does.
 */
SearchTree::Id SearchTree::CutOut(Id id, std::size_t index)
{
    if (index != 0)
    {
        CutOff(id, index);
    }
    const Id own = m_state.segments.at(id).nodes.size() > 1 ? CutOff(id, 1) : id;
    m_search->PutAside(m_state.segments.at(own).nodes.front());
    return own;
}

/** Finds out what is left to do in a segment that has come back. */
void SearchTree::Settle(Id id)
{
    Segment& segment = m_state.segments.at(id);
    if (segment.children == 0 || segment.nodes.size() == 1)
    {
        Divide(id);
        return;
    }
    // Others still have news of the first node: it stays, by itself.
    Segment lower;
    lower.parent = id;
    lower.path = segment.path;
    lower.path.push_back(segment.nodes.front().step);
    lower.nodes.assign(std::move_iterator(segment.nodes.begin() + 1),
                       std::move_iterator(segment.nodes.end()));
    segment.nodes.resize(1);
    ++segment.children;
    m_search->PutAside(segment.nodes.front());
    const Id below = Add(std::move(lower));
    WaitIfOpen(id);
    Divide(below);
}

/** Deals a segment in one piece, or the first open nodes of it by themselves. */
void SearchTree::Divide(Id id)
{
    while (true)
    {
        const std::vector<SearchNode>& nodes = m_state.segments.at(id).nodes;
        const auto open = std::ranges::find_if(nodes, &SearchNode::open);
        if (open == nodes.end())
        {
            Prune(id);
            return;
        }
        if (open + 1 == nodes.end() || m_state.waiting.size() + m_state.issued.size() >= kSpread)
        {
            Wait(id);
            return;
        }
        WaitIfOpen(CutOut(id, static_cast<std::size_t>(open - nodes.begin())));
    }
}

void SearchTree::Wait(Id id)
{
    m_state.segments.at(id).waiting = true;
    m_state.waiting.push_back(id);
}

void SearchTree::WaitIfOpen(Id id)
{
    const Segment& segment = m_state.segments.at(id);
    if (!segment.waiting && segment.nodes.front().open)
    {
        Wait(id);
    }
}

/** To the segment that has the node which the news is about. */
void SearchTree::Tell(Id from, const SearchNews& news)
{
    Id id = from;
    while (news.depth < m_state.segments.at(id).path.size())
    {
        id = m_state.segments.at(id).parent.value();
    }
    Segment& segment = m_state.segments.at(id);
    if (segment.out)
    {
        segment.inbox.push_back(news);
        return;
    }
    ApplyTo(id, news);
}

void SearchTree::ApplyTo(Id id, const SearchNews& news)
{
    Segment& segment = m_state.segments.at(id);
    const std::size_t index = news.depth - segment.path.size();
    SearchNode& node = segment.nodes.at(index);
    m_search->Apply(node, news, m_state.mode);
    if (!segment.waiting && node.open)
    {
        WaitIfOpen(CutOut(id, index));
    }
}

/** Forgets nodes that nobody will come back to, nor tell of. */
void SearchTree::Prune(Id id)
{
    while (true)
    {
        const Segment& segment = m_state.segments.at(id);
        if (segment.children != 0 || segment.waiting || segment.out)
        {
            return;
        }
        const std::optional<Id> parent = segment.parent;
        m_state.segments.erase(id);
        if (!parent)
        {
            return;
        }
        id = *parent;
        --m_state.segments.at(id).children;
    }
}

void SearchTree::Issue()
{
    if (Finished() && m_state.more)
    {
        m_state.more = false;
        ++m_state.level;
        Wait(Add({}));
    }
    // The newest first: it has come from deep in the tree, and runs that differ late are nearer to
    // what a search in one piece makes than runs of which none gets beyond its first choices.
    while (!m_state.waiting.empty() && m_state.issued.size() < kWindow)
    {
        const Id id = m_state.waiting.back();
        m_state.waiting.pop_back();
        Segment& segment = m_state.segments.at(id);
        segment.waiting = false;
        segment.out = true;
        m_state.issued[m_state.nextTicket] = {id, m_state.mode, m_state.level};
        m_ready.push_back(m_state.nextTicket++);
    }
}

} // namespace interleave
