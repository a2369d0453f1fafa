// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/check/lifetime-check.h"

#include "interleave/model/check/held-locks.h"

#include <fmt/format.h>

#include <utility>

namespace interleave
{

void LifetimeCheck::Clear()
{
    m_objects.Clear();
    m_gone.clear();
    m_goneEnd = 0;
    m_freed = 0;
}

std::string LifetimeCheck::WhoEnded(const End& end) const
{
    return fmt::format("{} (at {}, step {})", m_engine.TaskAt(end.task).Name(), end.site, end.step);
}

void LifetimeCheck::CheckOp(const OpEvent& event)
{
    const Op& op = event.op;
    if (op.kind == OpKind::kFree)
    {
        m_freed |= Interest::ClassBit(op.object.type);
        End& end = m_objects.At(op.object);
        if (end.ended)
        {
            ReportUse(event, end);
        }
        end = {true, event.task.Ordinal(), event.step, SiteOf(op)};
        return;
    }
    End* end = m_objects.Find(op.object);
    if (end == nullptr || !end->ended)
    {
        return;
    }
    if (op.kind == OpKind::kAlloc)
    {
        end->ended = false; // a name that its owner uses again
        return;
    }
    ReportUse(event, *end);
}

void LifetimeCheck::ReportUse(const OpEvent& event, const End& end)
{
    const Op& op = event.op;
    const bool again = op.kind == OpKind::kFree;
    std::string text = fmt::format("{} {} {} ({} at {}, step {}) after {} freed it",
                                   event.task.Name(),
                                   again ? "frees" : "uses",
                                   m_engine.ObjectText(op.object),
                                   OpKindText(op.kind),
                                   SiteOf(op),
                                   event.step,
                                   WhoEnded(end));
    std::string subject = fmt::format("{} of {}: {} at {}, freed at {}",
                                      again ? "double free" : "use after free",
                                      m_engine.ClassName(op.object.type),
                                      OpKindText(op.kind),
                                      SiteOf(op),
                                      end.site);
    m_engine.Report(ViolationKind::kLifetime, std::move(text), std::move(subject));
}

void LifetimeCheck::Gone(const Effect& effect, std::uint32_t sync)
{
    if (sync >= m_goneEnd)
    {
        m_goneEnd = 2 * sync + 2;
        m_gone.resize(m_goneEnd);
    }
    m_gone[sync] = {true, effect.task.Ordinal(), effect.engine.Steps(), LatestSite(effect.task)};
}

void LifetimeCheck::ReportGone(const Task& task, ObjectId object, const End& end)
{
    std::string text = fmt::format("{} uses {} (at {}, step {}) after {} destroyed it",
                                   task.Name(),
                                   m_engine.ObjectText(object),
                                   LatestSite(task),
                                   m_engine.Steps(),
                                   WhoEnded(end));
    std::string subject = fmt::format("use of {} after its destructor: at {}, destroyed at {}",
                                      m_engine.ClassName(object.type),
                                      LatestSite(task),
                                      end.site);
    m_engine.Report(ViolationKind::kLifetime, std::move(text), std::move(subject));
}

} // namespace interleave
