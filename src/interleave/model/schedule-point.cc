// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/schedule-point.h"

#include "interleave/model/digest.h"
#include "interleave/model/engine.h"

#include <fmt/format.h>

namespace interleave
{

namespace
{

constexpr const char* kEvents = "events";
constexpr std::string_view kRun = "run ";

PlaceKey TieKey(const Engine& engine, const EventLabel& label)
{
    return MakePlaceKey(ChoiceKind::kTie,
                        HashText(label.kind),
                        engine.ClassHash(label.object.type) ^ label.object.ordinal);
}

} // namespace

PlaceText SchedulePlaceText(const Engine& engine, const PlaceKey& key)
{
    const Task& subject = engine.TaskAt(static_cast<std::uint32_t>(key.high >> 16));
    const bool dispatch = ((key.high >> 8) & 1) != 0;
    const auto kind = static_cast<OpKind>(key.high & 0xff);
    const ObjectId object{static_cast<std::uint32_t>(key.low >> 32),
                          static_cast<std::uint32_t>(key.low)};
    PlaceText place{dispatch ? "next " + subject.Name() : subject.Name(), OpKindText(kind)};
    if (object.type != 0)
    {
        place.after += " " + engine.ObjectText(object);
    }
    return place;
}

PlaceText SchedulePoint::Place() const
{
    return SchedulePlaceText(m_engine, Key());
}

std::string SchedulePoint::OptionText(std::uint32_t option) const
{
    const Task* task = Candidate(option);
    return task == nullptr ? kEvents : std::string(kRun) + task->Name();
}

std::optional<std::uint32_t> SchedulePoint::FindOption(std::string_view text)
{
    if (text.starts_with(kRun))
    {
        text.remove_prefix(kRun.size());
        for (std::uint32_t option = 0; option < Count(); ++option)
        {
            const Task* task = Candidate(option);
            if (task != nullptr && task->Name() == text)
            {
                return option;
            }
        }
        return std::nullopt;
    }
    const std::uint32_t last = Count() - 1;
    if (text == kEvents && Candidate(last) == nullptr)
    {
        return last;
    }
    return std::nullopt;
}

TiePoint::TiePoint(const Engine& engine, const EventQueue& events, std::size_t count)
    : ChoicePoint(ChoiceKind::kTie,
                  TieKey(engine, events.TiedLabel(0)),
                  static_cast<std::uint32_t>(count)),
      m_engine(engine),
      m_events(events)
{
}

std::string TiePoint::LabelText(std::size_t index) const
{
    const EventLabel label = m_events.TiedLabel(index);
    return label.object.type == 0
               ? std::string(label.kind)
               : fmt::format("{} {}", label.kind, m_engine.ObjectText(label.object));
}

PlaceText TiePoint::Place() const
{
    return {"tie", LabelText(0)};
}

std::string TiePoint::OptionText(std::uint32_t option) const
{
    std::string text = LabelText(option);
    std::uint32_t same = 1;
    for (std::uint32_t earlier = 0; earlier < option; ++earlier)
    {
        same += LabelText(earlier) == text ? 1 : 0;
    }
    return same == 1 ? text : fmt::format("{}+{}", text, same);
}

} // namespace interleave
