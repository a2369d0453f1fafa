// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/strategy/bounded-search.h"

#include "interleave/model/schedule-point.h"
#include "interleave/model/strategy/words.h"
#include "interleave/model/strategy/yield-rule.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace interleave
{

namespace
{

constexpr std::uint32_t kMarked = 64; // options that a word has bits for

bool IsRuledOut(std::uint64_t ruledOut, std::uint32_t option)
{
    return option < kMarked && ((ruledOut >> option) & 1) != 0;
}

} // namespace

BoundedSearch::BoundedSearch(std::uint32_t first, std::uint32_t last)
    : m_first(first),
      m_last(last),
      m_bound(first)
{
}

std::string BoundedSearch::Name() const
{
    if (m_first == kUnbounded)
    {
        return "bound:all";
    }
    return m_first == m_last ? fmt::format("bound:{}", m_first)
                             : fmt::format("bound:{}-{}", m_first, m_last);
}

void BoundedSearch::BeginRun(const Engine& /*engine*/)
{
    m_depth = 0;
    m_begun = true;
}

BoundedSearch::Branch BoundedSearch::MakeBranch(ChoicePoint& point) const
{
    Branch branch{0, point.Count(), 1, 0, 0};
    if (m_depth != 0)
    {
        const Branch& before = m_path[m_depth - 1];
        branch.spent = before.spent + (before.choice >= before.paidFrom ? 1 : 0);
    }
    if (point.Kind() != ChoiceKind::kSchedule)
    {
        return branch;
    }
    const auto& schedule = static_cast<SchedulePoint&>(point);
    const YieldRule rule(schedule);
    for (std::uint32_t option = 0; option < std::min(branch.count, kMarked); ++option)
    {
        branch.ruledOut |= rule.May(option) ? 0 : std::uint64_t{1} << option;
    }
    if (schedule.Running() == nullptr)
    {
        const bool events = schedule.Candidate(branch.count - 1) == nullptr;
        branch.paidFrom = events ? branch.count - 1 : branch.count;
    }
    if ((branch.ruledOut & 1) != 0)
    {
        // Somebody has to go instead of the one that yields: that is no preemption.
        branch.paidFrom = branch.count;
    }
    return branch;
}

std::uint32_t BoundedSearch::Allowed(const Branch& branch, std::uint32_t from)
{
    for (std::uint32_t option = from; option < branch.count; ++option)
    {
        if (IsRuledOut(branch.ruledOut, option))
        {
            continue;
        }
        if (option >= branch.paidFrom && branch.spent >= m_bound)
        {
            m_cut = true;
            return branch.count;
        }
        return option;
    }
    return branch.count;
}

std::uint32_t BoundedSearch::Choose(ChoicePoint& point)
{
    if (point.Count() == 1 || m_done)
    {
        return 0;
    }
    if (m_depth == m_path.size())
    {
        Branch branch = MakeBranch(point);
        branch.choice = Allowed(branch, 0);
        m_path.push_back(branch);
    }
    const Branch& branch = m_path[m_depth++];
    if (branch.count != point.Count())
    {
        throw std::logic_error(
            fmt::format("the program does not repeat itself: {} options instead of {} at '{}'",
                        point.Count(),
                        branch.count,
                        point.Place().Name()));
    }
    return branch.choice;
}

bool BoundedSearch::Advance()
{
    // What a run did not come to has no meaning any more.
    m_path.resize(m_depth);
    while (m_path.size() > m_base)
    {
        Branch& last = m_path.back();
        last.choice = Allowed(last, last.choice + 1);
        if (last.choice != last.count)
        {
            return true;
        }
        if (m_path.size() == m_base + 1)
        {
            return false; // Rest() tells of it
        }
        m_path.pop_back();
    }
    return false;
}

void BoundedSearch::BeginAt(std::uint64_t batch)
{
    if (batch != 0)
    {
        m_isPart = true;
        m_bound = m_last;
        m_seek = batch;
    }
}

/** Takes one of the decisions that the last run has left out, as m_seek says, for good. */
bool BoundedSearch::GoBelow()
{
    m_path.resize(m_depth);
    std::vector<SearchStep> ways; // the option, and the length of the path before it
    for (std::size_t depth = m_base; depth < m_path.size(); ++depth)
    {
        const Branch& branch = m_path[depth];
        for (std::uint32_t option = Allowed(branch, branch.choice + 1); option < branch.count;
             option = Allowed(branch, option + 1))
        {
            ways.push_back({option, static_cast<std::uint32_t>(depth)});
        }
    }
    if (ways.empty())
    {
        return false;
    }
    const SearchStep way = ways[(m_seek - 1) % ways.size()];
    m_seek = (m_seek - 1) / ways.size();
    m_path.resize(way.count + std::size_t{1});
    m_path.back().choice = way.option;
    m_base = m_path.size();
    return true;
}

void BoundedSearch::EndRun(const RunResult& /*result*/)
{
    if (!m_begun || m_done)
    {
        return;
    }
    m_begun = false;
    ++m_runs;
    if (m_seek != 0 ? GoBelow() : Advance())
    {
        return;
    }
    if (m_isPart || m_bound >= m_last || !m_cut)
    {
        m_done = true;
        return;
    }
    ++m_bound;
    m_cut = false;
    m_path.clear();
}

// The state of a node: the first option that costs, what was spent before, the options that are
// ruled out, and the end of those that can be paid.

void BoundedSearch::Resume(const SearchPart& part)
{
    m_isPart = true;
    m_bound = part.level;
    m_base = part.path.size();
    for (const SearchStep& step : part.path)
    {
        m_path.push_back({step.option, step.count, step.count, 0, 0});
    }
    for (const SearchNode& node : part.nodes)
    {
        WordReader words(node.state);
        const std::uint32_t paidFrom = words.GetNumber();
        const std::uint32_t spent = words.GetNumber();
        m_path.push_back({node.step.option, node.step.count, paidFrom, spent, words.Get()});
    }
}

SearchRest BoundedSearch::Rest()
{
    if (m_path.size() <= m_base)
    {
        throw std::logic_error("the program does not repeat itself: its run ended before the part "
                               "of the search that it is about");
    }
    SearchRest rest;
    for (std::size_t depth = m_base; depth < m_path.size(); ++depth)
    {
        const Branch& branch = m_path[depth];
        const bool last = depth + 1 == m_path.size();
        const std::uint32_t next = last ? branch.choice : Allowed(branch, branch.choice + 1);
        const std::uint32_t limit =
            branch.spent < m_bound ? branch.count : std::min(branch.paidFrom, branch.count);
        rest.nodes.push_back({{branch.choice, branch.count},
                              next < branch.count,
                              {branch.paidFrom, branch.spent, branch.ruledOut, limit}});
    }
    rest.more = m_cut && m_bound < m_last;
    return rest;
}

void BoundedSearch::PutAside(SearchNode& node) const
{
    WordReader words(node.state);
    static_cast<void>(words.Get());
    static_cast<void>(words.Get());
    const std::uint64_t ruledOut = words.Get();
    const std::uint32_t limit = words.GetNumber();
    do
    {
        ++node.step.option;
    } while (node.step.option < limit && IsRuledOut(ruledOut, node.step.option));
    node.open = node.step.option < limit;
    node.step.option = node.open ? node.step.option : node.step.count;
}

void BoundedSearch::Skip(SearchNode& node) const
{
    PutAside(node);
}

} // namespace interleave
