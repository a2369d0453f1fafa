// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/helper/recording-chooser.h"

#include "interleave/model/engine.h"
#include "interleave/model/schedule-point.h"

namespace interleave
{

RecordingChooser::RecordingChooser(Chooser& inner)
    : m_inner(inner),
      m_buffer(kBuffered)
{
}

void RecordingChooser::BeginRun(const Engine& engine)
{
    m_engine = &engine;
    m_size = 0;
    m_kept.clear();
    m_texts.clear();
    m_counter.Clear();
    m_inner.BeginRun(engine);
}

std::uint32_t RecordingChooser::Choose(ChoicePoint& point)
{
    const std::uint32_t choice = m_inner.Choose(point);
    if (m_size == m_buffer.size())
    {
        Fold();
    }
    m_buffer[m_size++] = {point.Key(), choice, choice == 0 ? 0 : Detail(point, choice)};
    return choice;
}

std::uint32_t RecordingChooser::Detail(ChoicePoint& point, std::uint32_t choice)
{
    if (point.Kind() == ChoiceKind::kSchedule)
    {
        const Task* task = static_cast<SchedulePoint&>(point).Candidate(choice);
        return task == nullptr ? 0 : task->Ordinal();
    }
    m_texts.push_back({point.Place(), point.OptionText(choice)});
    return static_cast<std::uint32_t>(m_texts.size() - 1);
}

void RecordingChooser::Fold()
{
    for (std::size_t index = 0; index < m_size; ++index)
    {
        const Entry& entry = m_buffer[index];
        const std::uint64_t n = m_counter.Touch(entry.key).count;
        if (entry.choice != 0)
        {
            m_kept.push_back({entry, n});
        }
    }
    m_size = 0;
}

DecisionLog RecordingChooser::Log()
{
    Fold();
    DecisionLog log;
    log.decisions.reserve(m_kept.size());
    for (const auto& [entry, n] : m_kept)
    {
        Decision& decision = log.decisions.emplace_back();
        decision.n = n;
        if (entry.key.high >> 56 != static_cast<std::uint64_t>(ChoiceKind::kSchedule))
        {
            decision.place = m_texts[entry.detail].place;
            decision.option = m_texts[entry.detail].option;
            continue;
        }
        decision.place = SchedulePlaceText(*m_engine, entry.key);
        decision.option =
            entry.detail == 0 ? "events" : "run " + m_engine->TaskAt(entry.detail).Name();
    }
    return log;
}

} // namespace interleave
