// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/engine.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace interleave
{

namespace
{

const char* StateText(TaskState state)
{
    switch (state)
    {
    case TaskState::kReady:
        return "ready";
    case TaskState::kRunning:
        return "running";
    case TaskState::kBlocked:
        return "blocked";
    case TaskState::kParked:
        return "parked";
    case TaskState::kFinished:
        return "finished";
    }
    return "?";
}

std::string OpText(const Engine& engine, const Op& op)
{
    std::string text = OpKindText(op.kind);
    if (op.object.type != 0)
    {
        text += " " + engine.ObjectText(op.object);
    }
    if (op.site != nullptr)
    {
        text += fmt::format(" ({})", op.site);
    }
    return text;
}

/** "lock a at transfer; lock b", the same whoever came first and whatever they are called. */
std::string SubjectOf(const Engine& engine, const std::vector<const Task*>& waiting)
{
    std::vector<std::string> waits;
    for (const Task* task : waiting)
    {
        const Op& op = task->Pending();
        waits.push_back(fmt::format("{}{}{}{}{}",
                                    OpKindText(op.kind),
                                    op.object.type != 0 ? " " : "",
                                    op.object.type != 0 ? engine.ClassName(op.object.type) : "",
                                    op.site != nullptr ? " at " : "",
                                    op.site != nullptr ? op.site : ""));
    }
    std::sort(waits.begin(), waits.end());
    waits.erase(std::unique(waits.begin(), waits.end()), waits.end());
    return fmt::format("{}", fmt::join(waits, "; "));
}

} // namespace

std::string Engine::ObjectText(ObjectId object) const
{
    return object.type == 0 ? std::string()
                            : fmt::format("{}:{}", m_classes[object.type - 1].name, object.ordinal);
}

std::string Engine::PendingText(const Task& task) const
{
    std::string text = OpText(*this, task.Pending());
    if (task.Holder() != nullptr)
    {
        text += fmt::format(", held by {}", task.Holder()->Name());
    }
    return text;
}

std::vector<TaskTrace> Engine::Traces() const
{
    std::vector<TaskTrace> traces;
    for (const Task* task : Tasks())
    {
        if (task->m_state == TaskState::kFinished)
        {
            continue;
        }
        TaskTrace trace{task->m_name, StateText(task->m_state), PendingText(*task), {}};
        for (std::uint64_t back = std::min(task->OpCount(), Task::kRemembered); back-- > 0;)
        {
            const Task::PastOp& past = task->Past(back);
            trace.recent.push_back(fmt::format("step {}: {}", past.step, OpText(*this, past.op)));
        }
        traces.push_back(std::move(trace));
    }
    return traces;
}

void Engine::Record(ViolationKind kind, std::string text, std::string subject)
{
    // The first one is what happened; what follows may only be its consequence.
    if (!m_violation)
    {
        m_violation =
            Violation{kind, std::move(text), std::move(subject), m_step, NowNs(), Traces()};
    }
    m_stopping = true;
    UpdateQuiet();
}

bool Engine::WaitsForItself(const Task& task) const
{
    const Task* at = &task;
    for (std::size_t count = 0; count <= m_taskCount; ++count)
    {
        if (at->m_state != TaskState::kBlocked || at->Holder() == nullptr)
        {
            return false;
        }
        at = at->Holder();
        if (at == &task)
        {
            return true;
        }
    }
    return false;
}

std::string Engine::CycleText(const Task& task, std::string& subject) const
{
    std::vector<const Task*> waiting;
    std::string text = "tasks wait for each other";
    const char* separator = ": ";
    const Task* at = &task;
    do
    {
        text += fmt::format("{}{} waits for {}", separator, at->Name(), PendingText(*at));
        separator = "; ";
        waiting.push_back(at);
        at = at->Holder();
    } while (at != &task);
    subject = SubjectOf(*this, waiting);
    return text;
}

void Engine::FindDeadlock()
{
    std::string text;
    std::vector<const Task*> waiting;
    for (const Task* task : Tasks())
    {
        if (task->m_state == TaskState::kBlocked && !task->m_daemon)
        {
            text += fmt::format(
                "{}{} waits for {}", text.empty() ? "" : "; ", task->Name(), PendingText(*task));
            waiting.push_back(task);
        }
    }
    if (!waiting.empty())
    {
        Record(ViolationKind::kDeadlock, "nothing can go on: " + text, SubjectOf(*this, waiting));
    }
}

} // namespace interleave
