// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/adversary.h"

#include "interleave/model/digest.h"
#include "lab/model/exact-time.h"

#include <algorithm>
#include <utility>

namespace lab
{

namespace
{

struct KindText
{
    Fate::Kind kind;
    std::string_view text;
};

constexpr KindText kKinds[] = {
    {Fate::Kind::kDeliver, "deliver"},
    {Fate::Kind::kDrop, "drop"},
    {Fate::Kind::kDuplicate, "duplicate"},
    {Fate::Kind::kCorrupt, "corrupt"},
    {Fate::Kind::kReorder, "reorder"},
};

/** Those that come with a time, as "delay 2ms". */
constexpr KindText kTimedKinds[] = {
    {Fate::Kind::kDelay, "delay"},
    {Fate::Kind::kRestartSender, "restart sender"},
    {Fate::Kind::kRestartReceiver, "restart receiver"},
    {Fate::Kind::kPortDownSender, "port-down sender"},
    {Fate::Kind::kPortDownReceiver, "port-down receiver"},
};

/** One key for each of PlaceName()'s texts, without making that. */
interleave::PlaceKey KeyOf(std::string_view attribute, std::string_view from, std::string_view to)
{
    using interleave::HashText;
    return interleave::MakePlaceKey(interleave::ChoiceKind::kFault,
                                    HashText(attribute),
                                    interleave::MixBits(HashText(from)) + HashText(to));
}

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
    for (const KindText& row : kKinds)
    {
        if (row.kind == kind)
        {
            return std::string(row.text);
        }
    }
    for (const KindText& row : kTimedKinds)
    {
        if (row.kind == kind)
        {
            return std::string(row.text) + " " + ExactTime(delayNs);
        }
    }
    return {};
}

std::optional<Fate> Fate::Parse(std::string_view text)
{
    for (const KindText& row : kKinds)
    {
        if (row.text == text)
        {
            return Fate{row.kind, 0};
        }
    }
    const std::size_t blank = text.rfind(' ');
    if (blank == std::string_view::npos)
    {
        return std::nullopt;
    }
    const auto time = ParseTime(text.substr(blank + 1));
    for (const KindText& row : kTimedKinds)
    {
        if (row.text == text.substr(0, blank) && time && *time > 0)
        {
            return Fate{row.kind, *time};
        }
    }
    return std::nullopt;
}

NetPoint::NetPoint(std::string_view attribute,
                   std::string_view from,
                   std::string_view to,
                   std::span<const Fate> fates)
    : ChoicePoint(interleave::ChoiceKind::kFault,
                  KeyOf(attribute, from, to),
                  static_cast<std::uint32_t>(fates.size())),
      m_attribute(attribute),
      m_from(from),
      m_to(to),
      m_fates(fates)
{
}

interleave::PlaceText NetPoint::Place() const
{
    return {PlaceName(m_attribute, m_from, m_to), ""};
}

Fate NetPoint::FateOf(std::uint32_t option) const
{
    return option < Count() ? m_fates[option] : m_other;
}

std::string NetPoint::OptionText(std::uint32_t option) const
{
    return FateOf(option).Text();
}

std::optional<std::uint32_t> NetPoint::FindOption(std::string_view text)
{
    const auto fate = Fate::Parse(text);
    if (!fate)
    {
        return std::nullopt;
    }
    const auto offered = std::ranges::find(m_fates, *fate);
    if (offered != m_fates.end())
    {
        return static_cast<std::uint32_t>(offered - m_fates.begin());
    }
    m_other = *fate;
    return Count();
}

Adversary::Adversary(interleave::Engine& engine, FaultBudget budget)
    : m_engine(engine),
      m_budget(std::move(budget)),
      m_left(m_budget)
{
    Offer();
}

void Adversary::Rewind()
{
    m_left = m_budget;
    Offer();
}

void Adversary::Offer()
{
    m_offered.assign(1, Fate{});
    if (m_left.total == 0)
    {
        return;
    }
    const std::pair<unsigned, Fate::Kind> kinds[] = {
        {m_left.drop, Fate::Kind::kDrop},
        {m_left.duplicate, Fate::Kind::kDuplicate},
        {m_left.corrupt, Fate::Kind::kCorrupt},
        {m_left.reorder, Fate::Kind::kReorder},
    };
    for (const auto& [left, kind] : kinds)
    {
        if (left != 0)
        {
            m_offered.push_back({kind, 0});
        }
    }
    for (const std::int64_t delayNs : m_left.delaysNs)
    {
        m_offered.push_back({Fate::Kind::kDelay, delayNs});
    }
    for (const std::int64_t awayNs : m_left.restartsNs)
    {
        m_offered.push_back({Fate::Kind::kRestartSender, awayNs});
        m_offered.push_back({Fate::Kind::kRestartReceiver, awayNs});
    }
    for (const std::int64_t downNs : m_left.portDownsNs)
    {
        m_offered.push_back({Fate::Kind::kPortDownSender, downNs});
        m_offered.push_back({Fate::Kind::kPortDownReceiver, downNs});
    }
}

void Adversary::Spend(const Fate& fate)
{
    const auto take = [](unsigned& left) { left -= left == 0 ? 0 : 1; };
    take(m_left.total);
    switch (fate.kind)
    {
    case Fate::Kind::kDeliver:
        break;
    case Fate::Kind::kDrop:
        take(m_left.drop);
        break;
    case Fate::Kind::kDuplicate:
        take(m_left.duplicate);
        break;
    case Fate::Kind::kCorrupt:
        take(m_left.corrupt);
        break;
    case Fate::Kind::kReorder:
        take(m_left.reorder);
        break;
    case Fate::Kind::kDelay:
        std::erase(m_left.delaysNs, fate.delayNs);
        break;
    case Fate::Kind::kRestartSender:
    case Fate::Kind::kRestartReceiver:
        std::erase(m_left.restartsNs, fate.delayNs);
        break;
    case Fate::Kind::kPortDownSender:
    case Fate::Kind::kPortDownReceiver:
        std::erase(m_left.portDownsNs, fate.delayNs);
        break;
    }
    Offer();
}

Fate Adversary::Decide(std::string_view attribute, std::string_view from, std::string_view to)
{
    if (!m_engine.Choosing())
    {
        return {};
    }
    NetPoint point(attribute, from, to, m_offered);
    const Fate fate = point.FateOf(m_engine.Choose(point));
    if (fate.kind != Fate::Kind::kDeliver)
    {
        Spend(fate);
    }
    return fate.OfHost() ? Carry(fate, from, to) : fate;
}

Fate Adversary::Carry(const Fate& fate, std::string_view from, std::string_view to)
{
    if (m_hostFault)
    {
        m_hostFault(fate.OfSender() ? from : to, fate.Restarts(), fate.delayNs);
    }
    return fate.kind == Fate::Kind::kPortDownSender ? Fate{Fate::Kind::kDrop, 0} : Fate{};
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
        answer = net->FindOption(rule.FateText());
        ++m_applied[i];
    }
    return answer;
}

} // namespace lab
