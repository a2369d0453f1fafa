// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/engine.h"

#include "interleave/model/digest.h"
#include "interleave/model/engine-inline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <stdexcept>

namespace interleave
{

// This file: setting up, and what tasks call. engine-loop.cc: switching and the loop.
// engine-report.cc: words.

namespace
{

/** Names are short: quicker than their lengths first. */
bool IsText(const std::string& known, const char* text)
{
    for (const char character : known)
    {
        if (*text++ != character)
        {
            return false;
        }
    }
    return *text == '\0';
}

} // namespace

Engine::Engine(EventQueue& events, EngineOptions options)
    : m_events(events),
      m_options(options),
      m_current(&m_main),
      m_stacks(options.stackBytes),
      m_main(*this)
{
    m_main.m_name = "main";
    m_main.m_state = TaskState::kRunning;
    m_events.Watch(this);
}

Engine::~Engine()
{
    // Whoever chose and observed may be gone already.
    m_chooser = nullptr;
    m_observers.clear();
    m_effectObservers.clear();
    m_accessObservers.clear();
    m_events.Watch(nullptr);
    Reset();
}

void Engine::SetChooser(Chooser& chooser)
{
    m_chooser = &chooser;
}

void Engine::AddObserver(Observer& observer)
{
    m_observers.push_back(&observer);
    if (observer.Wants().effects)
    {
        m_effectObservers.push_back(&observer);
    }
    if ((observer.Wants().ops & OpBit(OpKind::kAccess)) != 0)
    {
        m_accessObservers.push_back(&observer);
    }
    UpdateShown();
    UpdateQuiet();
}

void Engine::RemoveObserver(Observer& observer)
{
    std::erase(m_observers, &observer);
    std::erase(m_effectObservers, &observer);
    std::erase(m_accessObservers, &observer);
    UpdateShown();
    UpdateQuiet();
}

void Engine::UpdateShown()
{
    m_showSwitches = std::ranges::any_of(
        m_observers, [](const Observer* observer) { return observer->Wants().switches; });
    m_showChoices = std::ranges::any_of(
        m_observers, [](const Observer* observer) { return observer->Wants().choices; });
}

void Engine::UpdateQuiet()
{
    const bool watched = m_active || !m_observers.empty() || m_stopping || m_unwinding || !m_inRun;
    m_quietLimit = watched ? 0 : m_options.stepLimit;
    m_attentionLimit = m_stopping || m_unwinding ? 0 : m_options.stepLimit;
}

Task* Engine::Spawn(std::string_view name, std::function<void()> body)
{
    const EngineScope scope;
    if (m_taskCount == m_taskPool.size())
    {
        m_taskPool.push_back(std::make_unique<Task>(*this));
        m_tasks.push_back(m_taskPool.back().get());
        m_ready.Reserve(m_tasks.size());
    }
    Task& task = *m_tasks[m_taskCount];
    Name(task, name);
    task.m_ordinal = static_cast<std::uint32_t>(++m_taskCount);
    task.m_state = TaskState::kReady;
    task.m_daemon = false;
    task.m_timedOut = false;
    task.m_list = nullptr;
    task.m_holder = nullptr;
    task.m_parkMark = 0;
    task.m_opCount = 0;
    task.Announce(Op{OpKind::kStart});
    task.m_body = std::move(body);
    if (!task.m_fiber.Started())
    {
        task.m_fiber.Start(m_stacks, &Engine::TaskMain, &task);
    }
    TsanRelease(&task);
    Did(EffectKind::kRelease, &task);
    m_ready.PushBack(&task);
    return &task;
}

void Engine::Name(Task& task, std::string_view wanted)
{
    // Runs are alike: as long as all tasks so far were given the names of the run before, what came
    // of that is known.
    if (m_sameNames && task.m_wantedName == wanted)
    {
        return;
    }
    if (wanted.empty() || wanted.front() == '#' || wanted == "->" ||
        wanted.find_first_of(" \t\r\n") != std::string_view::npos)
    {
        throw std::invalid_argument(fmt::format(
            "a task's name must be one word without '#' at its start, not '{}'", wanted));
    }
    m_sameNames = false;
    std::uint64_t hash = HashText(wanted);
    task.m_name = UniqueName(wanted, hash);
    task.m_nameHash = hash;
    task.m_wantedName = wanted;
}

std::string Engine::UniqueName(std::string_view name, std::uint64_t& hash) const
{
    const auto inUse = [this](std::string_view text, std::uint64_t textHash)
    {
        return std::ranges::any_of(
            Tasks(),
            [&](const Task* task) { return task->m_nameHash == textHash && task->m_name == text; });
    };
    std::string unique(name);
    for (std::uint32_t number = 2; inUse(unique, hash); ++number)
    {
        unique = fmt::format("{}+{}", name, number);
        hash = HashText(unique);
    }
    return unique;
}

void Engine::Stop()
{
    const EngineScope scope;
    m_stopping = true;
    UpdateQuiet();
}

std::uint32_t Engine::ClassOf(const char* name)
{
    const EngineScope scope;
    // Where to look first, no more: what counts is the text.
    std::uint32_t& hint =
        m_classHints[(reinterpret_cast<std::uintptr_t>(name) >> 2) % m_classHints.size()];
    if (hint == 0 || !IsText(m_classes[hint - 1].name, name))
    {
        hint = SearchClass(name);
    }
    return hint;
}

std::uint32_t Engine::SearchClass(std::string_view text)
{
    for (std::size_t index = 0; index < m_classes.size(); ++index)
    {
        if (m_classes[index].name == text)
        {
            return static_cast<std::uint32_t>(index + 1);
        }
    }
    if (text.empty() || text.front() == '#' || text == "->" ||
        text.find_first_of(" \t\r\n") != std::string_view::npos)
    {
        throw std::invalid_argument(fmt::format(
            "an object class must be one word without '#' at its start, not '{}'", text));
    }
    m_classes.push_back({std::string(text), HashText(text), 0});
    return static_cast<std::uint32_t>(m_classes.size());
}

std::uint32_t Engine::SearchPart(std::uint32_t owner, const char* part)
{
    const EngineScope scope;
    const auto known = std::ranges::find_if(m_parts,
                                            [&](const PartClass& other)
                                            { return other.part == part && other.owner == owner; });
    if (known != m_parts.end())
    {
        PartHint(owner, part) = *known;
        return known->type;
    }
    std::string text = owner == 0 ? std::string() : ClassName(owner) + ".";
    text += part;
    std::ranges::replace(text, ' ', '-'); // one word, as in decision logs
    m_parts.push_back({part, owner, ClassOf(text.c_str())});
    PartHint(owner, part) = m_parts.back();
    return m_parts.back().type;
}

ObjectId Engine::NewObject(const char* name)
{
    const std::uint32_t type = ClassOf(name);
    return {type, ++m_classes[type - 1].count};
}

bool Engine::AbsorbUnwinding() const
{
    if (!m_unwinding)
    {
        return false;
    }
    if (m_current != &m_main && std::uncaught_exceptions() == 0)
    {
        // Somebody has caught the first one and went on.
        throw TaskUnwind{};
    }
    return true;
}

void Engine::CheckStepLimit()
{
    if (m_step < m_options.stepLimit)
    {
        return;
    }
    std::string text = fmt::format("no end after {} operations", m_step);
    if (m_current == &m_main)
    {
        Report(ViolationKind::kLivelock, std::move(text));
        return;
    }
    Fail(ViolationKind::kLivelock, std::move(text));
}

void Engine::Attend(const Op& op, WaitList* list, Task* const* holder)
{
    Task& self = *m_current;
    if (!m_stopping || &self == &m_main)
    {
        return;
    }
    // Run() ends here; another one lets this task go on first.
    self.Announce(op);
    self.m_holder = holder;
    if (list != nullptr)
    {
        list->Append(self);
    }
    self.m_state = TaskState::kReady;
    m_ready.PushFront(&self);
    SwitchTo(m_main);
    Resumed();
}

[[gnu::always_inline]] inline Task* Engine::Decide(Task& self, WaitList* list, Task* const* holder)
{
    SchedulePoint point(*this, &self, m_ready.View(), EventOffered());
    const std::uint32_t choice = Ask(point);
    if (choice == 0)
    {
        return &self;
    }
    self.m_holder = holder;
    if (list != nullptr)
    {
        list->Append(self);
    }
    if (choice > m_ready.Size())
    {
        return &Park(self, m_options.parkedEventLimit, true);
    }
    Task* next = m_ready.TakeAt(choice - 1);
    self.m_state = TaskState::kReady;
    m_ready.PushBack(&self);
    return next;
}

void Engine::Leave(Task& next)
{
    SwitchTo(next);
    Resumed();
}

void Engine::PointSlow(const Op& op, WaitList* list, bool possible, Task* const* holder)
{
    if (NeedsAttention()) [[unlikely]]
    {
        if (AbsorbUnwinding())
        {
            return;
        }
        CheckStepLimit();
        if (possible)
        {
            Attend(op, list, holder);
        }
    }
    Task& self = *m_current;
    self.Announce(op);
    Task* next = &self;
    if (!possible)
    {
        next = Wait(self, *list, holder);
    }
    else if (m_active && &self != &m_main)
    {
        next = Decide(self, list, holder);
    }
    if (next != &self)
    {
        Leave(*next);
    }
    Commit(self);
}

void Engine::CannotWait(const Op& op, Task* const* holder)
{
    std::string text =
        fmt::format("an event handler would have to wait: {} {}{}{}",
                    OpKindText(op.kind),
                    ObjectText(op.object),
                    holder != nullptr && *holder != nullptr ? ", held by " + (*holder)->Name() : "",
                    op.site != nullptr ? fmt::format(" ({})", op.site) : "");
    Fail(ViolationKind::kBlockingCall, std::move(text));
}

Task* Engine::Wait(Task& self, WaitList& list, Task* const* holder)
{
    if (&self == &m_main)
    {
        CannotWait(self.Pending(), holder);
    }
    self.m_holder = holder;
    self.m_state = TaskState::kBlocked;
    list.Append(self);
    if (holder != nullptr && WaitsForItself(self)) [[unlikely]]
    {
        std::string subject;
        std::string cycle = CycleText(self, subject);
        Fail(ViolationKind::kDeadlock, std::move(cycle), std::move(subject));
    }
    return &NextContext();
}

void Engine::PointAtUntil(const Op& op, WaitList& list, bool possible, std::int64_t timeoutNs)
{
    const EngineScope scope;
    if (possible || m_unwinding)
    {
        // Not on the list: whoever spoils the condition meanwhile must not take the timeout away.
        Point(op);
        return;
    }
    if (m_current == &m_main || timeoutNs >= kForever - NowNs())
    {
        PointAt(op, list, false);
        return;
    }
    Task& self = *m_current;
    const TimerId timer =
        m_events.Schedule(timeoutNs, &Engine::TimeoutFired, &self, {"timeout", op.object});
    Did(EffectKind::kArmed, &self.m_timedOut);
    self.m_timedOut = false;
    PointAt(op, list, false);
    if (!self.m_timedOut)
    {
        m_events.Cancel(timer);
        Did(EffectKind::kDisarmed, &self.m_timedOut);
    }
    self.m_timedOut = false;
}

void Engine::TimeoutFired(void* context)
{
    const EngineScope scope;
    Task& task = *static_cast<Task*>(context);
    Engine& engine = task.m_engine;
    engine.Point(Op{OpKind::kTimerFire, task.Pending().object});
    engine.Did(EffectKind::kFired, &task.m_timedOut);
    task.m_timedOut = true;
    engine.EnableTask(task);
}

void Engine::Yield(const char* site)
{
    const EngineScope scope;
    if (AbsorbUnwinding())
    {
        return;
    }
    Task& self = *m_current;
    const Op op{OpKind::kYield, {}, false, site};
    if (&self == &m_main)
    {
        Fail(ViolationKind::kBlockingCall, "an event handler cannot yield");
    }
    self.Announce(op);
    CheckStepLimit();
    self.m_state = TaskState::kReady;
    if (!m_stopping && m_ready.Empty() && EventPending())
    {
        SwitchTo(Park(self, 1, false));
    }
    else
    {
        m_ready.PushBack(&self);
        SwitchTo(NextContext());
    }
    Commit(self);
}

void Engine::Sleep(std::int64_t delayNs, const char* site)
{
    WaitList nobody;
    PointAtUntil(Op{OpKind::kWait, {}, false, site}, nobody, false, delayNs);
}

void Engine::ShowChoice(ChoicePoint& point, std::uint32_t choice)
{
    for (Observer* observer : m_observers)
    {
        if (observer->Wants().choices)
        {
            observer->OnChoice(point, choice);
        }
    }
}

void Engine::ShowSwitch(const Task& from, const Task& to)
{
    for (Observer* observer : m_observers)
    {
        if (observer->Wants().switches)
        {
            observer->OnSwitch(from, to);
        }
    }
}

void Engine::PassSlow(const Op& op)
{
    if (NeedsAttention()) [[unlikely]]
    {
        if (AbsorbUnwinding())
        {
            return;
        }
        CheckStepLimit();
        Attend(op, nullptr, nullptr);
    }
    Task& self = *m_current;
    self.Announce(op);
    Commit(self);
}

void Engine::NoteSlow(const Op& op)
{
    const EngineScope scope;
    Show(*m_current, op);
}

void Engine::ShowEffect(EffectKind kind, const void* sync, ObjectId object)
{
    const EngineScope scope;
    const Effect effect{*this, *m_current, kind, sync, object};
    for (Observer* observer : m_effectObservers)
    {
        observer->OnEffect(effect);
    }
}

void Engine::EnableTask(Task& task)
{
    const EngineScope scope;
    if (task.m_state == TaskState::kBlocked)
    {
        task.m_state = TaskState::kReady;
        m_ready.PushBack(&task);
    }
}

void Engine::EnableSlow(WaitList& list)
{
    Task* const first = list.First();
    Task* task = first;
    do
    {
        if (task->m_state == TaskState::kBlocked)
        {
            task->m_state = TaskState::kReady;
            m_ready.PushBack(task);
        }
        task = task->m_next;
    } while (task != first);
}

void Engine::DisableSlow(WaitList& list)
{
    // A task that has timed out goes on whatever becomes of the condition.
    m_ready.TakeIf(
        [&list](Task* task)
        {
            if (task->m_list != &list || task->m_timedOut)
            {
                return false;
            }
            task->m_state = TaskState::kBlocked;
            return true;
        });
    if (m_parked != nullptr && m_parked->m_list == &list && !m_parked->m_timedOut)
    {
        m_parked->m_state = TaskState::kBlocked;
        m_parked = nullptr;
    }
}

std::uint32_t Engine::Choose(ChoicePoint& point)
{
    const EngineScope scope;
    if (!m_active)
    {
        return 0;
    }
    const std::uint32_t choice = m_chooser->Choose(point);
    ShowChoice(point, choice);
    return choice;
}

void Engine::NoSuchOption(const ChoicePoint& point, std::uint32_t choice)
{
    throw std::logic_error(
        fmt::format("the chooser answered {} where there are {} options", choice, point.Count()));
}

void Engine::Fail(ViolationKind kind, std::string text, std::string subject)
{
    const EngineScope scope;
    if (m_current == &m_main)
    {
        Record(kind, text, std::move(subject));
        throw ViolationError(text);
    }
    // Nothing may stay on a stack that is about to be forgotten.
    Record(kind, std::move(text), std::move(subject));
    SwitchTo(m_main);
    std::abort(); // nobody continues a task that has failed
}

void Engine::Report(ViolationKind kind, std::string text, std::string subject)
{
    const EngineScope scope;
    Record(kind, std::move(text), std::move(subject));
}

} // namespace interleave
