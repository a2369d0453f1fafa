// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/helper/replay-chooser.h"

#include "interleave/model/digest.h"
#include "interleave/model/engine.h"
#include "interleave/model/schedule-point.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

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

constexpr std::string_view kNext = "next";

/** Hash of a schedule place from its parts, so that no text need be made to recognise it. */
std::uint64_t ScheduleHash(bool dispatch,
                           std::uint64_t taskHash,
                           std::uint32_t kind,
                           std::uint64_t classHash,
                           std::uint64_t ordinal)
{
    std::uint64_t hash = MixBits(taskHash + (dispatch ? 1 : 0));
    hash = MixBits(hash * 0x9e37'79b9'7f4a'7c15ULL + kind);
    hash = MixBits(hash * 0x9e37'79b9'7f4a'7c15ULL + classHash);
    return MixBits(hash * 0x9e37'79b9'7f4a'7c15ULL + ordinal);
}

/** The kind that @p word stands for, kOpKindCount if none. */
std::uint32_t KindOf(std::string_view word)
{
    std::uint32_t kind = 0;
    while (kind < kOpKindCount && OpKindText(static_cast<OpKind>(kind)) != word)
    {
        ++kind;
    }
    return kind;
}

/** Takes the first of the words in @p text, which are divided by single blanks. */
std::string_view TakeWord(std::string_view& text)
{
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
}

} // namespace

ReplayChooser::ReplayChooser(DecisionLog log)
    : m_log(std::move(log)),
      m_fates(m_log.decisions.size(), Fate::kWaiting),
      m_kept(m_log.decisions.size(), true),
      m_keptCount(m_log.decisions.size()),
      m_texts(m_log.decisions.size())
{
    std::map<std::string, std::uint32_t> tags;
    for (std::size_t index = 0; index < m_log.decisions.size(); ++index)
    {
        const Decision& decision = m_log.decisions[index];
        const auto [tag, added] =
            tags.emplace(decision.place.Name(), static_cast<std::uint32_t>(m_groups.size() + 1));
        if (added)
        {
            m_groups.emplace_back();
            m_byText.emplace_back(HashText(tag->first), tag->second);
            IndexSchedulePlace(tag->first, tag->second);
        }
        m_groups[tag->second - 1].decisions.emplace_back(decision.n, index);
        m_groupOfDecision.push_back(tag->second - 1);
    }
    for (Group& group : m_groups)
    {
        std::ranges::sort(group.decisions);
    }
    std::ranges::sort(m_byText);
    std::ranges::sort(m_bySchedule);
}

void ReplayChooser::IndexSchedulePlace(std::string_view name, std::uint32_t tag)
{
    // "[next] TASK KIND [CLASS:ORDINAL]"; a task may be called "next", too.
    for (const bool dispatch : {false, true})
    {
        std::string_view rest = name;
        if (dispatch && TakeWord(rest) != kNext)
        {
            continue;
        }
        const std::string_view task = TakeWord(rest);
        const std::uint32_t kind = KindOf(TakeWord(rest));
        if (kind == kOpKindCount)
        {
            continue;
        }
        const std::string_view object = TakeWord(rest);
        const std::size_t colon = object.rfind(':');
        std::uint64_t ordinal = 0;
        if (colon != std::string_view::npos)
        {
            std::from_chars(object.data() + colon + 1, object.data() + object.size(), ordinal);
        }
        if (!rest.empty() || (!object.empty() && ordinal == 0))
        {
            continue;
        }
        const std::uint64_t classHash = object.empty() ? 0 : HashText(object.substr(0, colon));
        m_bySchedule.emplace_back(ScheduleHash(dispatch, HashText(task), kind, classHash, ordinal),
                                  tag);
    }
}

std::uint32_t ReplayChooser::Find(const Index& index, std::uint64_t hash)
{
    const auto found = std::ranges::lower_bound(index, hash, {}, &Index::value_type::first);
    return found != index.end() && found->first == hash ? found->second : 0;
}

std::uint32_t ReplayChooser::GroupOf(const ChoicePoint& point) const
{
    if (point.Kind() != ChoiceKind::kSchedule)
    {
        return Find(m_byText, HashText(point.Place().Name()));
    }
    const auto& schedule = static_cast<const SchedulePoint&>(point);
    const Task* running = schedule.Running();
    const Task& subject = running != nullptr ? *running : *schedule.Candidate(0);
    const Op& op = subject.Pending();
    return Find(m_bySchedule,
                ScheduleHash(running == nullptr,
                             HashText(subject.Name()),
                             static_cast<std::uint32_t>(op.kind),
                             m_engine->ClassHash(op.object.type),
                             op.object.type == 0 ? 0 : op.object.ordinal));
}

void ReplayChooser::Keep(std::vector<bool> kept)
{
    m_kept = std::move(kept);
    m_keptCount = static_cast<std::size_t>(std::ranges::count(m_kept, true));
}

void ReplayChooser::SetOption(std::size_t index, std::string option)
{
    m_log.decisions[index].option = std::move(option);
}

void ReplayChooser::BeginRun(const Engine& engine)
{
    m_engine = &engine;
    m_counter.Clear();
    std::ranges::fill(m_fates, Fate::kWaiting);
    for (Group& group : m_groups)
    {
        group.next = 0;
        group.seen = 0;
    }
}

std::optional<std::uint32_t> ReplayChooser::Try(ChoicePoint& point)
{
    PlaceCounter::Entry& entry = m_counter.Touch(point.Key());
    if (entry.count == 1)
    {
        entry.tag = GroupOf(point);
    }
    if (entry.tag == 0)
    {
        return std::nullopt;
    }
    Group& group = m_groups[entry.tag - 1];
    group.seen = entry.count;
    while (group.next < group.decisions.size() && group.decisions[group.next].first < entry.count)
    {
        ++group.next; // a second decision for one coming up, in a log that was not parsed
    }
    if (group.next == group.decisions.size() || group.decisions[group.next].first != entry.count)
    {
        return std::nullopt;
    }
    const std::size_t index = group.decisions[group.next++].second;
    if (!m_kept[index])
    {
        return std::nullopt;
    }
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
        else if (m_fates[index] == Fate::kWaiting && m_kept[index])
        {
            const std::uint64_t seen = m_groups[m_groupOfDecision[index]].seen;
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
