// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/helper/recording-chooser.h"

#include "interleave/model/engine.h"
#include "interleave/model/schedule-point.h"

namespace interleave
{

RecordingChooser::RecordingChooser(Chooser& inner)
    : m_inner(inner),
      m_buffer(kBuffered),
      m_next(m_buffer.data()),
      m_end(m_buffer.data() + m_buffer.size())
{
}

void RecordingChooser::BeginRun(const Engine& engine)
{
    m_engine = &engine;
    m_next = m_buffer.data();
    m_kept.clear();
    m_keys.clear();
    m_texts.clear();
    m_counter.Clear();
    m_inner.BeginRun(engine);
}

std::uint32_t RecordingChooser::Choose(ChoicePoint& point)
{
    const std::uint32_t choice = m_inner.Choose(point);
    if (m_next == m_end) [[unlikely]]
    {
        Fold();
    }
    if (point.Kind() != ChoiceKind::kSchedule) [[unlikely]]
    {
        AppendOther(point, choice);
        return choice;
    }
    const auto& schedule = static_cast<const SchedulePoint&>(point);
    const Task& subject = schedule.Subject();
    const Op& op = subject.Pending();
    Entry& entry = *m_next++;
    entry.object = op.object;
    entry.subject = subject.Ordinal();
    entry.choice = choice;
    entry.kind = op.kind;
    entry.where = schedule.Running() == nullptr ? Where::kDispatch : Where::kRunning;
    if (choice != 0) // nobody reads the target of the others
    {
        const Task* target = schedule.Candidate(choice);
        entry.target = target == nullptr ? 0 : target->Ordinal();
    }
    return choice;
}

void RecordingChooser::AppendOther(ChoicePoint& point, std::uint32_t choice)
{
    Entry& entry = *m_next++;
    entry.subject = static_cast<std::uint32_t>(m_keys.size());
    entry.target = static_cast<std::uint32_t>(m_texts.size());
    entry.choice = choice;
    entry.where = Where::kOther;
    m_keys.push_back(point.Key());
    if (choice != 0)
    {
        m_texts.push_back({point.Place(), point.OptionText(choice)});
    }
}

void RecordingChooser::Fold()
{
    for (const Entry* entry = m_buffer.data(); entry != m_next; ++entry)
    {
        const bool other = entry->where == Where::kOther;
        const PlaceKey key = other ? m_keys[entry->subject]
                                   : SchedulePlaceKey(entry->where == Where::kDispatch,
                                                      entry->subject,
                                                      Op{entry->kind, entry->object});
        const std::uint64_t n = m_counter.Touch(key).count;
        if (entry->choice != 0)
        {
            m_kept.push_back({*entry, n, key});
        }
    }
    m_next = m_buffer.data();
    m_keys.clear();
}

DecisionLog RecordingChooser::Log()
{
    Fold();
    DecisionLog log;
    log.decisions.reserve(m_kept.size());
    for (const auto& [entry, n, key] : m_kept)
    {
        Decision& decision = log.decisions.emplace_back();
        decision.n = n;
        if (entry.where == Where::kOther)
        {
            decision.place = m_texts[entry.target].place;
            decision.option = m_texts[entry.target].option;
            continue;
        }
        decision.place = SchedulePlaceText(*m_engine, key);
        decision.option =
            entry.target == 0 ? "events" : "run " + m_engine->TaskAt(entry.target).Name();
    }
    return log;
}

} // namespace interleave
