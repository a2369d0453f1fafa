// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/search-dealer.h"

#include <algorithm>
#include <utility>

namespace lab
{

SearchDealer::SearchDealer(std::unique_ptr<interleave::DivisibleSearch> search,
                           std::uint64_t runs,
                           std::uint64_t schedules)
    : m_tree(std::move(search)),
      m_runs(runs),
      m_schedules(schedules)
{
}

SearchDealer::SearchDealer(std::unique_ptr<interleave::DivisibleSearch> search,
                           std::uint64_t runs,
                           std::uint64_t schedules,
                           State state)
    : m_tree(std::move(search), std::move(state.tree)),
      m_runs(runs),
      m_schedules(schedules),
      m_crashes(state.crashes),
      m_sum(std::move(state.sum))
{
}

SearchDealer::State SearchDealer::Now() const
{
    const auto open = std::ranges::count_if(
        m_redo, [](const auto& entry) { return entry.second.crash.has_value(); });
    return {m_tree.SoFar(), m_sum, m_crashes - static_cast<unsigned>(open)};
}

SearchDealer::State SearchDealer::SoFar() const
{
    return m_beforeCut ? *m_beforeCut : Now();
}

std::uint64_t SearchDealer::UsualRuns(std::uint64_t ticket) const
{
    // Before the first part has come back there is nothing for other workers.
    constexpr std::uint64_t kFirst = 10;
    return ticket == 0 ? std::max(m_runs / kFirst, std::uint64_t{1}) : m_runs;
}

bool SearchDealer::Ended() const
{
    return m_sum.runs >= m_schedules || m_crashes >= kMostCrashes;
}

std::optional<SearchDealer::Piece> SearchDealer::Next()
{
    if (Ended())
    {
        return std::nullopt;
    }
    auto deal = m_tree.Next();
    if (!deal)
    {
        return std::nullopt;
    }
    const auto redo = m_redo.find(deal->ticket);
    return Piece{deal->ticket,
                 redo != m_redo.end() ? redo->second.runs
                                      : std::min(UsualRuns(deal->ticket), m_schedules),
                 std::move(deal->part)};
}

void SearchDealer::Made(std::uint64_t ticket, Tally tally, interleave::SearchRest rest)
{
    m_back[ticket] = {std::move(tally), std::move(rest)};
    MergeAll();
}

void SearchDealer::Crashed(const Piece& piece, std::uint64_t index, Tally crash)
{
    ++m_crashes;
    m_redo[piece.ticket] = {index, std::move(crash)};
    if (index != 0)
    {
        m_tree.Again(piece.ticket);
        return;
    }
    interleave::SearchRest rest;
    rest.mode = piece.part.mode;
    rest.nodes = piece.part.nodes;
    Made(piece.ticket, {}, std::move(rest));
}

void SearchDealer::MergeAll()
{
    while (m_sum.runs < m_schedules && m_back.contains(m_tree.Merged()))
    {
        const std::uint64_t ticket = m_tree.Merged();
        auto back = m_back.extract(ticket);
        Tally& tally = back.mapped().tally;
        const auto redo = m_redo.find(ticket);
        const bool skips = redo != m_redo.end() && redo->second.crash;
        if (skips)
        {
            tally.Merge(*redo->second.crash);
        }
        const std::uint64_t left = m_schedules - m_sum.runs;
        if (!m_beforeCut && (tally.runs > left || m_schedules < UsualRuns(ticket)))
        {
            m_beforeCut = Now();
        }
        if (tally.runs > left)
        {
            m_redo[ticket] = {left, std::nullopt};
            m_tree.Again(ticket);
            return;
        }
        for (auto& [signature, finding] : tally.findings)
        {
            finding.run += m_sum.runs;
        }
        tally.exhausted = false; // a part was
        m_sum.Merge(tally);
        if (skips)
        {
            m_tree.MergeSkipping(ticket, std::move(back.mapped().rest));
        }
        else
        {
            m_tree.Merge(ticket, std::move(back.mapped().rest));
        }
        m_redo.erase(ticket);
        m_sum.exhausted = m_tree.Complete();
    }
}

Tally SearchDealer::Loose() const
{
    Tally tally;
    if (m_sum.runs < m_schedules)
    {
        for (const auto& [ticket, back] : m_back)
        {
            tally.Merge(back.tally);
        }
        tally.exhausted = false;
    }
    return tally;
}

} // namespace lab
