// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/engine.h"
#include "interleave/model/strategy/dpor.h"
#include "interleave/model/strategy/words.h"

#include <stdexcept>
#include <utility>

namespace interleave
{

// This file: parts of a search. dpor.cc: making a run. dpor-search.cc: what to try after it.
//
// The state of a node: process that goes, inherited sleepers; then, each with its number before:
// candidates, sleepers, the sleeper that the running process will be, the wakeup tree.

namespace
{

constexpr std::uint64_t kUnguided = 1; // SearchPart::mode
constexpr std::uint64_t kTellAll = 0;  // first word of news
constexpr std::uint64_t kTellSequence = 1;
constexpr std::uint64_t kModeMask = 0xff; // flags of a step: its mode, then
constexpr std::uint64_t kTime = 0x100;
constexpr std::uint64_t kCancels = 0x200;

} // namespace

void DporStrategy::Resume(const SearchPart& part)
{
    m_part = part;
    m_base = static_cast<std::uint32_t>(part.path.size());
    m_guided = (part.mode & kUnguided) == 0;
    m_strict = !part.nodes.empty();
    m_toldAll.assign(m_base, false);
}

bool DporStrategy::Restoring() const
{
    return m_restored < m_part.path.size() + m_part.nodes.size();
}

void DporStrategy::ForceOption(Node& node, const SearchStep& step) const
{
    if (node.count != step.count)
    {
        throw std::logic_error("the program does not repeat itself: a part of the search, made "
                               "by another process, has other options");
    }
    node.option = step.option;
}

void DporStrategy::RestoreOther(Node& node)
{
    const std::size_t index = m_restored++;
    ForceOption(node, index < m_base ? m_part.path[index] : m_part.nodes[index - m_base].step);
    m_told = m_trace.Size();
}

void DporStrategy::RestoreTask(Node& node)
{
    const std::size_t index = m_restored++;
    const bool own = index >= m_base;
    ForceOption(node, own ? m_part.nodes[index - m_base].step : m_part.path[index]);
    m_told = m_trace.Size();
    if (own)
    {
        Import(node, m_part.nodes[index - m_base], false);
    }
    if (own && !Restoring())
    {
        if (!PickFromTree(node))
        {
            throw std::logic_error("a part of a search in which nothing is left to try");
        }
        return;
    }
    for (std::uint32_t at = node.candidateBegin; at < node.candidateEnd; ++at)
    {
        if (m_candidates[at].option == node.option)
        {
            node.process = m_candidates[at].step.process;
            return;
        }
    }
    throw std::logic_error("the program does not repeat itself: a task that went on in another "
                           "process does not here");
}

bool DporStrategy::Foreign(std::uint32_t depth) const
{
    return depth < m_base;
}

void DporStrategy::TellSequence(std::uint32_t depth)
{
    WordWriter words;
    words.Put(kTellSequence);
    words.Put(m_sequence.size());
    for (const TraceStep& step : m_sequence)
    {
        Write(words, step);
    }
    m_news.push_back({depth, words.Take()});
}

void DporStrategy::TellAll(std::uint32_t depth)
{
    if (!m_toldAll[depth])
    {
        m_toldAll[depth] = true;
        m_news.push_back({depth, {kTellAll}});
    }
}

void DporStrategy::Write(WordWriter& words, const TraceStep& step) const
{
    words.Put(step.process);
    words.Put(step.object == 0 ? 0 : m_names[step.object - 1]);
    words.Put(static_cast<std::uint64_t>(step.mode) | (step.time ? kTime : 0) |
              (step.cancels ? kCancels : 0));
}

void DporStrategy::Write(WordWriter& words, const Sleeper& sleeper) const
{
    Write(words, sleeper.step);
    words.Put(sleeper.wakesAlways ? 1 : 0);
    words.Put(sleeper.more.size());
    for (const TraceStep& step : sleeper.more)
    {
        Write(words, step);
    }
}

TraceStep DporStrategy::ReadStep(WordReader& words)
{
    TraceStep step;
    step.process = words.GetNumber();
    const std::uint64_t name = words.Get();
    step.object = name == 0 ? 0 : DenseName(name);
    const std::uint64_t flags = words.Get();
    step.mode = static_cast<AccessMode>(flags & kModeMask);
    step.time = (flags & kTime) != 0;
    step.cancels = (flags & kCancels) != 0;
    return step;
}

DporStrategy::Sleeper DporStrategy::ReadSleeper(WordReader& words)
{
    Sleeper sleeper;
    sleeper.step = ReadStep(words);
    sleeper.wakesAlways = words.Get() != 0;
    for (std::uint64_t left = words.Get(); left != 0; --left)
    {
        sleeper.more.push_back(ReadStep(words));
    }
    return sleeper;
}

SearchNode DporStrategy::Export(const Node& node, const std::optional<Sleeper>& current) const
{
    SearchNode out{{node.option, node.count}, node.tree != 0, {}};
    if (!node.schedule)
    {
        out.open = node.option + (current ? 1 : 0) < node.count;
        return out;
    }
    WordWriter words;
    words.Put(node.process);
    words.Put(node.inherited);
    words.Put(node.candidateEnd - node.candidateBegin);
    for (std::uint32_t index = node.candidateBegin; index < node.candidateEnd; ++index)
    {
        Write(words, m_candidates[index].step);
        words.Put(m_candidates[index].option);
    }
    words.Put(node.sleep.size());
    for (const Sleeper& sleeper : node.sleep)
    {
        Write(words, sleeper);
    }
    words.Put(current ? 1 : 0);
    if (current)
    {
        Write(words, *current);
    }
    std::uint64_t size = 0;
    m_trees.ForEach(node.tree, [&size](std::uint32_t /*depth*/, const TraceStep&) { ++size; });
    words.Put(size);
    m_trees.ForEach(node.tree,
                    [&](std::uint32_t depth, const TraceStep& step)
                    {
                        words.Put(depth);
                        Write(words, step);
                    });
    out.state = words.Take();
    return out;
}

/** Reads the state of a node between tasks. @return the sleeper that the running process will be.
 */
std::optional<DporStrategy::Sleeper> DporStrategy::Import(Node& node,
                                                          const SearchNode& from,
                                                          bool candidates)
{
    WordReader words(from.state);
    node.process = words.GetNumber();
    node.inherited = words.GetNumber();
    for (std::uint64_t left = words.Get(); left != 0; --left)
    {
        const TraceStep step = ReadStep(words);
        const std::uint32_t option = words.GetNumber();
        if (candidates)
        {
            m_candidates.push_back({step, option});
            node.candidateEnd = static_cast<std::uint32_t>(m_candidates.size());
        }
    }
    for (std::uint64_t left = words.Get(); left != 0; --left)
    {
        node.sleep.push_back(ReadSleeper(words));
    }
    std::optional<Sleeper> current;
    if (words.Get() != 0)
    {
        current = ReadSleeper(words);
    }
    std::vector<std::uint32_t> way;
    for (std::uint64_t left = words.Get(); left != 0; --left)
    {
        const std::uint32_t depth = words.GetNumber();
        m_trees.AppendAt(node.tree, way, depth, ReadStep(words));
    }
    return current;
}

/** Takes what need not be tried off the tree: an open node has something to try. */
void DporStrategy::DropSleeping(Node& node)
{
    while (node.tree != 0)
    {
        const std::uint32_t process = m_trees.Step(node.tree).process;
        if (Find(node, process) != nullptr && !Sleeps(node, process))
        {
            return;
        }
        m_trees.Free(m_trees.Take(node.tree));
    }
}

SearchRest DporStrategy::Rest()
{
    if (m_size <= m_base || Restoring())
    {
        throw std::logic_error("the program does not repeat itself: its run ended before the part "
                               "of the search that it is about");
    }
    SearchRest rest;
    rest.mode = m_guided ? 0 : kUnguided;
    rest.news = std::move(m_news);
    for (std::uint32_t depth = m_base; depth < m_size; ++depth)
    {
        Node& node = m_nodes[depth];
        const bool last = depth + 1 == m_size;
        std::optional<Sleeper> current;
        if (!last)
        {
            current = node.schedule ? SleeperOf(node) : Sleeper{};
        }
        else if (node.schedule && !m_done)
        {
            // What was chosen to come next has not been made.
            m_trees.PutBack(node.tree, Find(node, node.process)->step, m_guide);
            m_guide = 0;
        }
        DropSleeping(node);
        rest.nodes.push_back(Export(node, current));
    }
    return rest;
}

DporStrategy::Node& DporStrategy::PushImported(const SearchNode& from,
                                               std::optional<Sleeper>& current)
{
    Node& node = PushNode(from.step.count, true);
    node.option = from.step.option;
    current = Import(node, from, true);
    return node;
}

void DporStrategy::PutAside(SearchNode& node) const
{
    if (node.state.empty())
    {
        ++node.step.option;
        node.open = node.step.option < node.step.count;
        return;
    }
    DporStrategy other;
    std::optional<Sleeper> current;
    Node& imported = other.PushImported(node, current);
    if (current)
    {
        imported.sleep.push_back(std::move(*current));
    }
    other.DropSleeping(imported);
    node = other.Export(imported, std::nullopt);
}

void DporStrategy::Skip(SearchNode& node) const
{
    if (node.state.empty())
    {
        PutAside(node);
        return;
    }
    DporStrategy other;
    std::optional<Sleeper> current;
    Node& imported = other.PushImported(node, current);
    if (imported.tree != 0)
    {
        Sleeper skipped;
        skipped.step = other.m_trees.Step(imported.tree);
        skipped.wakesAlways = true; // what it does is not known
        other.m_trees.Free(other.m_trees.Take(imported.tree));
        imported.sleep.push_back(std::move(skipped));
    }
    other.DropSleeping(imported);
    node = other.Export(imported, current);
}

void DporStrategy::Apply(SearchNode& node, const SearchNews& news, std::uint64_t mode) const
{
    DporStrategy other;
    other.m_guided = (mode & kUnguided) == 0;
    other.m_strict = true;
    std::optional<Sleeper> current;
    Node& imported = other.PushImported(node, current);
    WordReader words(news.state);
    if (words.Get() == kTellAll)
    {
        other.TryAll(0);
    }
    else
    {
        for (std::uint64_t left = words.Get(); left != 0; --left)
        {
            other.m_sequence.push_back(other.ReadStep(words));
        }
        other.TrySequence(0);
    }
    other.DropSleeping(imported);
    node = other.Export(imported, current);
}

} // namespace interleave
