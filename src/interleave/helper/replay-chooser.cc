// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/helper/replay-chooser.h"

#include <fmt/format.h>

#include <algorithm>

namespace interleave
{

namespace
{

/** How many options a message lists before it says "…". */
constexpr std::uint32_t kListed = 16;

std::string OptionList(const ChoicePoint& point)
{
    std::string list;
    for (std::uint32_t option = 0; option < std::min(point.Count(), kListed); ++option)
    {
        list += fmt::format("{}'{}'", option == 0 ? "" : ", ", point.OptionText(option));
    }
    return point.Count() > kListed ? list + ", …" : list;
}

} // namespace

ReplayChooser::ReplayChooser(DecisionLog log)
    : m_log(std::move(log)),
      m_fates(m_log.decisions.size(), Fate::kWaiting),
      m_texts(m_log.decisions.size())
{
    for (std::size_t index = 0; index < m_log.decisions.size(); ++index)
    {
        const Decision& decision = m_log.decisions[index];
        const auto [group, added] = m_groupOf.emplace(
            decision.place.Name(), static_cast<std::uint32_t>(m_groups.size() + 1));
        if (added)
        {
            m_groups.emplace_back();
        }
        m_groups[group->second - 1].byOccurrence.emplace(decision.n, index);
    }
}

void ReplayChooser::BeginRun(const Engine& /*engine*/)
{
    m_counter.Clear();
    std::ranges::fill(m_fates, Fate::kWaiting);
    for (Group& group : m_groups)
    {
        group.seen = 0;
    }
}

std::optional<std::uint32_t> ReplayChooser::Try(ChoicePoint& point)
{
    PlaceCounter::Entry& entry = m_counter.Touch(point.Key());
    if (entry.count == 1)
    {
        // The only time that this place is put into words.
        const auto group = m_groupOf.find(point.Place().Name());
        entry.tag = group == m_groupOf.end() ? 0 : group->second;
    }
    if (entry.tag == 0)
    {
        return std::nullopt;
    }
    Group& group = m_groups[entry.tag - 1];
    group.seen = entry.count;
    const auto found = group.byOccurrence.find(entry.count);
    if (found == group.byOccurrence.end())
    {
        return std::nullopt;
    }
    const std::size_t index = found->second;
    const std::string& text = m_log.decisions[index].option;
    const std::optional<std::uint32_t> option = point.FindOption(text);
    m_fates[index] = option ? Fate::kFollowed : Fate::kNoOption;
    if (!option)
    {
        m_texts[index] =
            fmt::format("there is no option '{}' there; there are: {}", text, OptionList(point));
    }
    return option;
}

std::vector<ReplayProblem> ReplayChooser::Problems() const
{
    std::vector<ReplayProblem> problems;
    for (std::size_t index = 0; index < m_fates.size(); ++index)
    {
        const Decision& decision = m_log.decisions[index];
        if (m_fates[index] == Fate::kNoOption)
        {
            problems.push_back({decision, m_texts[index]});
        }
        else if (m_fates[index] == Fate::kWaiting)
        {
            const std::uint64_t seen = m_groups[m_groupOf.at(decision.place.Name()) - 1].seen;
            problems.push_back({decision,
                                seen == 0 ? std::string("its place never came up")
                                          : fmt::format("its place came up only {} time{}",
                                                        seen,
                                                        seen == 1 ? "" : "s")});
        }
    }
    return problems;
}

std::size_t ReplayChooser::Followed() const
{
    return static_cast<std::size_t>(std::ranges::count(m_fates, Fate::kFollowed));
}

} // namespace interleave
