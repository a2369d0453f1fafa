// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/check/lost-wakeup-check.h"

#include "interleave/model/check/held-locks.h"

#include <fmt/format.h>

#include <utility>

namespace interleave
{

void LostWakeupCheck::Clear()
{
    m_objects.Clear();
    m_consumed.clear();
}

void LostWakeupCheck::OnOp(const OpEvent& event)
{
    const Op& op = event.op;
    if (op.kind == OpKind::kSignal)
    {
        Object& object = m_objects.At(op.object);
        ++object.signals;
        object.signalTask = event.task.Ordinal();
        object.signalStep = event.step;
        object.signalSite = SiteOf(op);
    }
    else if (op.kind == OpKind::kWait)
    {
        Object& object = m_objects.At(op.object);
        if (!object.counting)
        {
            Consume(object, event.task, event.step);
        }
    }
}

void LostWakeupCheck::Consume(Object& object, const Task& task, std::uint64_t step)
{
    for (std::uint32_t at = object.consumed; at != 0; at = m_consumed[at - 1].next)
    {
        Wakeups& consumed = m_consumed[at - 1];
        if (consumed.task == task.Ordinal())
        {
            ++consumed.count;
            consumed.step = step;
            consumed.site = LatestSite(task);
            return;
        }
    }
    m_consumed.push_back({task.Ordinal(), 1, object.consumed, step, LatestSite(task)});
    object.consumed = static_cast<std::uint32_t>(m_consumed.size());
}

void LostWakeupCheck::AtEnd()
{
    for (const Task* task : m_engine.Tasks())
    {
        if (task->State() == TaskState::kBlocked && !task->IsDaemon() &&
            task->Pending().kind == OpKind::kWait && task->Pending().object.type != 0)
        {
            CheckWaiting(*task);
        }
    }
}

void LostWakeupCheck::CheckWaiting(const Task& task)
{
    const Op& op = task.Pending();
    const Object* object = m_objects.Find(op.object);
    if (object == nullptr)
    {
        return;
    }
    std::uint32_t own = 0;
    const Wakeups* other = nullptr;
    for (std::uint32_t at = object->consumed; at != 0; at = m_consumed[at - 1].next)
    {
        const Wakeups& consumed = m_consumed[at - 1];
        if (consumed.task == task.Ordinal())
        {
            own = consumed.count;
        }
        else if (other == nullptr || consumed.step > other->step)
        {
            other = &consumed;
        }
    }
    if (object->signals <= own)
    {
        return;
    }
    std::string fate = "when nobody waited for it";
    if (other != nullptr)
    {
        fate = fmt::format("and {} has consumed it (at {}, step {})",
                           m_engine.TaskAt(other->task).Name(),
                           other->site,
                           other->step);
    }
    else if (object->takenBack != 0)
    {
        fate = fmt::format("and it was taken back (step {})", object->takenBack);
    }
    std::string text =
        fmt::format("{} waits for {} for ever (at {}); {} signalled it (at {}, step {}), {}",
                    task.Name(),
                    m_engine.ObjectText(op.object),
                    SiteOf(op),
                    m_engine.TaskAt(object->signalTask).Name(),
                    object->signalSite,
                    object->signalStep,
                    fate);
    std::string subject = fmt::format("wait for {} at {}, signalled at {}",
                                      m_engine.ClassName(op.object.type),
                                      SiteOf(op),
                                      object->signalSite);
    m_engine.Report(ViolationKind::kLostWakeup, std::move(text), std::move(subject));
}

} // namespace interleave
