// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/adversary.h"

#include "lab/model/exact-time.h"

#include <algorithm>
#include <utility>

namespace lab
{

namespace
{

/** The options that every MAD has, in their order; delays follow. */
constexpr Fate::Kind kFixed[] = {
    Fate::Kind::kDeliver,
    Fate::Kind::kDrop,
    Fate::Kind::kDuplicate,
    Fate::Kind::kCorrupt,
};
constexpr auto kFixedCount = static_cast<std::uint32_t>(std::size(kFixed));
constexpr std::string_view kDelayPrefix = "delay ";

std::string PlaceName(std::string_view attribute, std::string_view from, std::string_view to)
{
    std::string text = "net ";
    text += attribute;
    text += ' ';
    text += from;
    text += "->";
    text += to;
    return text;
}

} // namespace

std::string Fate::Text() const
{
    switch (kind)
    {
    case Kind::kDeliver:
        return "deliver";
    case Kind::kDrop:
        return "drop";
    case Kind::kDuplicate:
        return "duplicate";
    case Kind::kCorrupt:
        return "corrupt";
    case Kind::kDelay:
        return std::string(kDelayPrefix) + ExactTime(delayNs);
    }
    return {};
}

NetPoint::NetPoint(std::string_view attribute,
                   std::string_view from,
                   std::string_view to,
                   const std::vector<std::int64_t>& delays)
    : ChoicePoint(
          interleave::ChoiceKind::kFault,
          interleave::PlaceKeyOf(interleave::ChoiceKind::kFault, PlaceName(attribute, from, to)),
          kFixedCount + static_cast<std::uint32_t>(delays.size())),
      m_attribute(attribute),
      m_from(from),
      m_to(to),
      m_delays(delays)
{
}

interleave::PlaceText NetPoint::Place() const
{
    return {PlaceName(m_attribute, m_from, m_to), ""};
}

Fate NetPoint::FateOf(std::uint32_t option) const
{
    if (option < kFixedCount)
    {
        return {kFixed[option], 0};
    }
    const std::uint32_t delay = option - kFixedCount;
    return {Fate::Kind::kDelay, delay < m_delays.size() ? m_delays[delay] : m_otherDelayNs};
}

std::string NetPoint::OptionText(std::uint32_t option) const
{
    return FateOf(option).Text();
}

std::optional<std::uint32_t> NetPoint::FindOption(std::string_view text)
{
    for (std::uint32_t option = 0; option < Count(); ++option)
    {
        if (OptionText(option) == text)
        {
            return option;
        }
    }
    if (!text.starts_with(kDelayPrefix))
    {
        return std::nullopt;
    }
    const auto delay = ParseTime(text.substr(kDelayPrefix.size()));
    if (!delay || *delay <= 0)
    {
        return std::nullopt;
    }
    m_otherDelayNs = *delay;
    return Count();
}

Adversary::Adversary(interleave::Engine& engine, std::vector<std::int64_t> delays)
    : m_engine(engine),
      m_delays(std::move(delays))
{
    std::sort(m_delays.begin(), m_delays.end());
    m_delays.erase(std::unique(m_delays.begin(), m_delays.end()), m_delays.end());
}

Fate Adversary::Decide(std::string_view attribute, std::string_view from, std::string_view to)
{
    if (!m_engine.Choosing())
    {
        return {};
    }
    NetPoint point(attribute, from, to, m_delays);
    return point.FateOf(m_engine.Choose(point));
}

RuleChooser::RuleChooser(const std::vector<FaultSpec>& rules)
    : m_rules(rules),
      m_seen(rules.size(), 0),
      m_applied(rules.size(), 0)
{
}

void RuleChooser::BeginRun(const interleave::Engine& /*engine*/)
{
    std::fill(m_seen.begin(), m_seen.end(), 0);
    std::fill(m_applied.begin(), m_applied.end(), 0);
}

std::optional<std::uint32_t> RuleChooser::Try(interleave::ChoicePoint& point)
{
    if (point.Kind() != interleave::ChoiceKind::kFault)
    {
        return std::nullopt;
    }
    auto* net = dynamic_cast<NetPoint*>(&point);
    if (net == nullptr)
    {
        return std::nullopt;
    }
    // Every rule counts what matches it, also when an earlier one decides.
    std::optional<std::uint32_t> answer;
    for (std::size_t i = 0; i < m_rules.size(); ++i)
    {
        const FaultSpec& rule = m_rules[i];
        const bool matches = (rule.attribute.empty() || rule.attribute == net->Attribute()) &&
                             (rule.from.empty() || rule.from == net->From()) &&
                             (rule.to.empty() || rule.to == net->To());
        if (!matches)
        {
            continue;
        }
        ++m_seen[i];
        if (answer || (rule.nth != 0 && rule.nth != m_seen[i]))
        {
            continue;
        }
        const std::string text = rule.action == "delay"
                                     ? std::string(kDelayPrefix) + ExactTime(rule.delayNs)
                                     : rule.action;
        answer = net->FindOption(text);
        ++m_applied[i];
    }
    return answer;
}

} // namespace lab
