// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/strategy/mutate.h"

#include "interleave/model/schedule-point.h"
#include "interleave/model/strategy/yield-rule.h"

namespace interleave
{

MutateStrategy::MutateStrategy(DecisionLog base)
    : m_random(0, "schedule")
{
    m_corpus.push_back(std::move(base));
}

void MutateStrategy::Seed(std::uint64_t seed)
{
    m_random = Random(seed, "schedule");
}

void MutateStrategy::Keep(DecisionLog log)
{
    if (m_corpus.size() < kMostKept)
    {
        m_corpus.push_back(std::move(log));
        return;
    }
    m_corpus[m_nextKept] = std::move(log);
    m_nextKept = m_nextKept + 1 < kMostKept ? m_nextKept + 1 : 1;
}

DecisionLog MutateStrategy::Mutated(const DecisionLog& base)
{
    const std::uint32_t dropShift = 1 + m_random.Below(kRareShift);
    const std::uint32_t moveShift = 1 + m_random.Below(kRareShift);
    std::size_t size = base.decisions.size();
    if (size > 1 && m_random.Chance(1, 4))
    {
        size = 1 + m_random.Below(static_cast<std::uint32_t>(size));
    }
    DecisionLog log;
    for (std::size_t index = 0; index < size; ++index)
    {
        if (OneIn(dropShift))
        {
            continue;
        }
        Decision decision = base.decisions[index];
        if (OneIn(moveShift))
        {
            const std::uint64_t by = 1 + m_random.Below(3);
            const bool earlier = m_random.Chance(1, 2);
            decision.n = earlier ? (decision.n > by ? decision.n - by : 1) : decision.n + by;
        }
        log.decisions.push_back(std::move(decision));
    }
    return log;
}

void MutateStrategy::BeginRun(const Engine& engine)
{
    m_changeShift = 1 + m_random.Below(kRareShift);
    m_addShift = 2 + m_random.Below(kAddShift - 1);
    const auto which = m_random.Below(static_cast<std::uint32_t>(m_corpus.size()));
    m_replay.reset();
    if (!m_corpus[which].decisions.empty())
    {
        m_replay.emplace(Mutated(m_corpus[which]));
        m_replay->BeginRun(engine);
    }
}

std::uint32_t MutateStrategy::Choose(ChoicePoint& point)
{
    const std::optional<std::uint32_t> known = m_replay ? m_replay->Try(point) : std::nullopt;
    if (point.Count() == 1 && !known)
    {
        return 0;
    }
    if (OneIn(known ? m_changeShift : m_addShift))
    {
        return m_random.Below(point.Count());
    }
    return known ? *known : Dull(point);
}

/** Option 0, unless that only goes round a loop that polls. */
std::uint32_t MutateStrategy::Dull(ChoicePoint& point)
{
    if (point.Kind() != ChoiceKind::kSchedule)
    {
        return 0;
    }
    const auto& schedule = static_cast<SchedulePoint&>(point);
    if (schedule.Candidate(0)->Pending().kind != OpKind::kYield)
    {
        return 0;
    }
    const YieldRule rule(schedule);
    std::uint32_t option = 0;
    while (!rule.May(option))
    {
        ++option;
    }
    return option;
}

} // namespace interleave
