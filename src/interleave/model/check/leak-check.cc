// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/check/leak-check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

namespace interleave
{

void LeakCheck::Clear()
{
    m_objects.Clear();
}

void LeakCheck::Finished(const Task& task)
{
    const std::uint32_t held = m_held.Of(task.Ordinal());
    if (held == 0)
    {
        return;
    }
    std::string text = fmt::format("{} has ended {}", task.Name(), m_held.Text(m_engine, held));
    std::string subject = fmt::format("lock of class {} held by a finished task",
                                      m_engine.ClassName(m_held.Top(held).object.type));
    m_engine.Report(ViolationKind::kLeak, std::move(text), std::move(subject));
}

std::vector<std::string> LeakCheck::Left()
{
    std::vector<std::string> left;
    m_classes.clear();
    const auto add = [&](ObjectId id, std::string what, const char* kind)
    {
        left.push_back(std::move(what));
        std::string found = fmt::format("{} of {}", kind, m_engine.ClassName(id.type));
        if (m_classes.empty() || m_classes.back() != found)
        {
            m_classes.push_back(std::move(found));
        }
    };
    m_objects.ForEach(
        [&](ObjectId id, const Counts& counts)
        {
            const bool kept = !counts.alive && !counts.ended && counts.references > 0;
            if (!counts.alive && !kept && counts.queued <= 0 && counts.armed <= 0)
            {
                return;
            }
            const std::string name = m_engine.ObjectText(id);
            if (counts.alive)
            {
                add(id,
                    fmt::format("{} is not freed (made at {}){}",
                                name,
                                counts.madeAt,
                                counts.references > 0
                                    ? fmt::format(", with {} references held", counts.references)
                                    : ""),
                    "life");
            }
            else if (kept)
            {
                add(id,
                    fmt::format("{} references to {} are held", counts.references, name),
                    "references");
            }
            if (counts.queued > 0)
            {
                add(id, fmt::format("{} work items are queued on {}", counts.queued, name), "work");
            }
            if (counts.armed > 0)
            {
                add(id, fmt::format("the timer of {} is armed", name), "timer");
            }
        });
    return left;
}

void LeakCheck::Check()
{
    const std::vector<std::string> left = Left();
    if (left.empty())
    {
        return;
    }
    std::string text = fmt::format("left at the end: {}", fmt::join(left, "; "));
    std::string subject = fmt::format("{}", fmt::join(m_classes, ", "));
    m_engine.Report(ViolationKind::kLeak, std::move(text), std::move(subject));
}

} // namespace interleave
