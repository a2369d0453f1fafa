// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_ENGINE_H
#define INTERLEAVE_ENGINE_H

#include "interleave/model/chooser.h"
#include "interleave/model/event-queue.h"
#include "interleave/model/observer.h"
#include "interleave/model/operation.h"
#include "interleave/model/ready-queue.h"
#include "interleave/model/sanitizer.h"
#include "interleave/model/stack-pool.h"
#include "interleave/model/task.h"
#include "interleave/model/violation.h"
#include "interleave/model/wait-list.h"

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace interleave
{

class SchedulePoint;

struct EngineOptions
{
    /** Operations after which a run counts as livelock. */
    std::uint64_t stepLimit = 1'000'000;
    /** Events after which a parked task goes on even though events are still pending. */
    std::uint64_t parkedEventLimit = 100'000;
    /**
     * How much simulated time may pass in a run while a task is ready, in nanoseconds: `events` is
     * offered only as far as that lasts. Without a limit a strategy can let every timer of a
     * program run out before a task gets its turn.
     */
    std::int64_t stallLimitNs = kForever;
    /** Usable bytes of each task's stack. */
    std::size_t stackBytes = 256 * 1024;
    /**
     * What Reset() does with tasks that have not finished. False: their stacks are forgotten, and
     * what only those own is lost. True: an exception (TaskUnwind) unwinds them, so that
     * destructors run; no frame of theirs may be noexcept where it waits, and the objects they use
     * must outlive Reset().
     */
    bool unwind = false;
};

/** How a run ended. */
enum class Outcome : std::uint8_t
{
    kFinished,  //!< no event left, every task finished or a daemon waiting
    kTimeLimit, //!< the next event is beyond the limit; Run() may be called again
    kStopped,   //!< Stop() was called; Run() may be called again
    kViolation, //!< see RunResult::violation
};

struct RunResult
{
    Outcome outcome = Outcome::kFinished;
    std::optional<Violation> violation;
    std::uint64_t steps = 0;    //!< operations executed since the run began
    std::uint64_t events = 0;   //!< events run since the run began
    std::uint64_t switches = 0; //!< changes of context since the run began
    std::int64_t timeNs = 0;    //!< simulated time at the end

    bool Passed() const
    {
        return outcome != Outcome::kViolation;
    }
};

/** Unwinds an unfinished task when EngineOptions::unwind is set; never catch it for good. */
struct TaskUnwind
{
};

/**
 * Runs tasks and events, one at a time, in an order that the Chooser decides.
 *
 * A choice stands before every visible operation. The contract of options and places, on which
 * decision logs rely:
 *  - a running task reaches an operation: 0 = it goes on; then the other ready tasks in order of
 *    the ready queue; last `events` (simulated time goes on) if an event is pending;
 *  - no task runs: 0 = the head of the ready queue, then the others, last `events` if pending;
 *  - no task is ready: the next event runs; which one of several at the same instant is a choice.
 * A task whose operation is impossible now (a mutex is held) is not ready. A task preempted in
 * favour of another goes to the tail of the ready queue. A task preempted in favour of `events` is
 * parked: events run until a task that was not ready before is, or none is left (or
 * EngineOptions::parkedEventLimit is reached); then it goes to the tail of the ready queue.
 *
 * One engine belongs to one OS thread. Members are called from tasks and from event handlers alike
 * unless they say otherwise.
 */
class Engine
{
  public:
    explicit Engine(EventQueue& events, EngineOptions options = {});
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    // Setting up, from outside of Run().

    /** Who decides; not owned. Without one, or with a passive one, every choice is 0. */
    void SetChooser(Chooser& chooser);
    /** Adds somebody who sees everything; not owned, called in order of addition. */
    void AddObserver(Observer& observer);
    void RemoveObserver(Observer& observer);

    /**
     * Makes a task; it becomes ready at once.
     * @param name one word without '#' at its start; a name in use gets "+2", "+3", … appended.
     * @throws std::invalid_argument for a name that would not survive a decision log.
     */
    Task* Spawn(std::string_view name, std::function<void()> body);

    /**
     * Runs until nothing is left to do, the next event is later than @p untilNs, Stop() is called
     * or something is violated. Exceptions of event handlers pass through.
     */
    RunResult Run(std::int64_t untilNs = kForever);

    /** Ends Run() before the next visible operation or event; everything stays as it is. */
    void Stop();

    /**
     * Makes the engine as new, ready for another run: forgets all tasks, also unfinished ones, and
     * starts object ordinals afresh. Chooser and observers stay. Outside of Run() only; the owner
     * of the event queue clears that.
     */
    void Reset();

    // What is going on.

    bool Running() const
    {
        return m_inRun;
    }

    /** The task that calls, nullptr on the main context. */
    Task* CurrentTask() const
    {
        return m_current == &m_main ? nullptr : m_current;
    }

    bool InTask() const
    {
        return m_current != &m_main;
    }

    /** Stands for event handlers wherever a Task is named; ordinal 0, name "main". */
    const Task& MainTask() const
    {
        return m_main;
    }

    /** All tasks of this run, in order of creation. */
    std::span<Task* const> Tasks() const
    {
        return {m_tasks.data(), m_taskCount};
    }

    /** Task @p ordinal; 0 is MainTask(). */
    const Task& TaskAt(std::uint32_t ordinal) const
    {
        return ordinal == 0 ? m_main : *m_tasks[ordinal - 1];
    }

    EventQueue& Events() const
    {
        return m_events;
    }

    std::int64_t NowNs() const
    {
        return m_events.NowNs();
    }

    /** Simulated time that has passed in this run while a task was kept from going on. */
    std::int64_t StalledNs() const
    {
        return m_stalledNs;
    }

    /** Operations executed in this run. */
    std::uint64_t Steps() const
    {
        return m_step;
    }

    /** Stacks mapped so far: as many as tasks were ever unfinished or ready at once. */
    std::size_t MappedStacks() const
    {
        return m_stacks.Mapped();
    }

    // Objects.

    /** The next ordinal of class @p name, one word; the first is 1. */
    ObjectId NewObject(const char* name);
    /** "cm_id:2", or "" for no object. */
    std::string ObjectText(ObjectId object) const;
    /** The number of class @p name, as in ObjectId::type; for objects that get their ordinals
     * elsewhere. */
    std::uint32_t ClassOf(const char* name);
    /**
     * The class of the part called @p part (a literal: known by its address) of objects of class
     * @p owner, "cm_id.state", or of none (0), "table". Blanks become dashes.
     */
    std::uint32_t PartClassOf(std::uint32_t owner, const char* part)
    {
        const PartClass& hint = PartHint(owner, part);
        return hint.part == part && hint.owner == owner ? hint.type : SearchPart(owner, part);
    }
    /** The name of class @p type (> 0), as long as the engine lives. */
    const std::string& ClassName(std::uint32_t type) const
    {
        return m_classes[type - 1].name;
    }
    /** A number for the class that is the same in every process: a hash of its name. */
    std::uint64_t ClassHash(std::uint32_t type) const
    {
        return type == 0 ? 0 : m_classes[type - 1].hash;
    }

    // What tasks call.

    /**
     * A visible operation that is always possible comes next; call this before it. On the main
     * context it is only reported to observers.
     */
    void Point(const Op& op)
    {
        const EngineScope scope;
        if (m_step >= m_quietLimit) [[unlikely]]
        {
            PointSlow(op, nullptr, true, nullptr);
            return;
        }
        ++m_step;
    }

    /**
     * A visible operation that commutes with all that other contexts can do comes next: it is
     * executed and counted like any other, and no choice stands before it.
     */
    void Pass(const Op& op)
    {
        const EngineScope scope;
        if (m_step >= m_quietLimit) [[unlikely]]
        {
            PassSlow(op);
            return;
        }
        ++m_step;
    }

    /** Whether somebody would hear of a NoteAccess(). */
    bool AccessesObserved() const
    {
        return !m_accessObservers.empty();
    }

    /** Reports an operation that needs no choice: an access under a lock, an event handler's work.
     */
    void Note(const Op& op)
    {
        if (!m_observers.empty()) [[unlikely]]
        {
            NoteSlow(op);
        }
    }

    /** Note() of an access (OpKind::kAccess) to @p field; @p site as in Op. */
    void NoteAccess(ObjectId field, bool write, const char* site)
    {
        const EngineScope scope;
        for (Observer* observer : m_accessObservers)
        {
            observer->OnAccess(*this, *m_current, field, write, site);
        }
    }

    /** Reports what a primitive has done, to those who want to know. */
    void Did(EffectKind kind, const void* sync = nullptr, ObjectId object = {})
    {
        if (!m_effectObservers.empty()) [[unlikely]]
        {
            ShowEffect(kind, sync, object);
        }
    }

    // What mutexes have done.

    void DidLock(const void* mutex, ObjectId object)
    {
        const EngineScope scope;
        for (Observer* observer : m_effectObservers)
        {
            observer->OnLocked(*this, *m_current, mutex, object);
        }
    }

    void DidUnlock(const void* mutex, ObjectId object)
    {
        const EngineScope scope;
        for (Observer* observer : m_effectObservers)
        {
            observer->OnUnlocked(*this, *m_current, mutex, object);
        }
    }

    /**
     * Lets others go first: the task goes to the tail of the ready queue. If no other task is
     * ready, one event runs. For loops that wait for somebody else's progress.
     */
    void Yield(const char* site = nullptr);

    /** Waits @p delayNs of simulated time; not on the main context. */
    void Sleep(std::int64_t delayNs, const char* site = nullptr);

    /** Asks the Chooser a question of one's own; 0 when the Chooser is passive. */
    std::uint32_t Choose(ChoicePoint& point);

    /** False if the Chooser is passive, so that building a point can be saved. */
    bool Choosing() const
    {
        return m_active;
    }

    /**
     * Ends the run with a violation. On the main context it throws ViolationError; a task never
     * returns from it, nor runs its destructors (unless EngineOptions::unwind says so): make @p
     * text in a statement of its own, so that no temporary of it is left behind.
     * @param subject see Violation::subject.
     */
    [[noreturn]] void Fail(ViolationKind kind, std::string text, std::string subject = {});

    /** Ends the run with a violation before the next operation or event; returns. */
    void Report(ViolationKind kind, std::string text, std::string subject = {});

    // For primitives; see mutex.cc for how they are used together.

    /**
     * The visible operation @p op comes next, which is possible only under the condition that
     * @p list stands for. Returns when it is the task's turn and the condition holds. On the main
     * context an impossible operation is a violation.
     * @param possible whether the condition holds now.
     * @param holder who is to be blamed while it does not, or nullptr.
     */
    void PointAt(const Op& op, WaitList& list, bool possible, Task* const* holder = nullptr)
    {
        const EngineScope scope;
        if (m_step >= m_quietLimit || !possible) [[unlikely]]
        {
            PointSlow(op, &list, possible, holder);
            return;
        }
        ++m_step;
    }

    /**
     * As PointAt(), but gives up @p timeoutNs (>= 0) from now. Look at the condition again after
     * it: it may fail, also earlier than that when @p possible was true but others went first.
     */
    void PointAtUntil(const Op& op, WaitList& list, bool possible, std::int64_t timeoutNs);

    /** The condition of @p list holds from now on: its tasks become ready, in order. */
    void Enable(WaitList& list)
    {
        if (!list.Empty())
        {
            EnableSlow(list);
        }
    }

    /** One task of a list can go on from now on. */
    void EnableTask(Task& task);

    /** The condition of @p list fails from now on: its tasks are not ready any more. */
    void Disable(WaitList& list)
    {
        if (!list.Empty())
        {
            DisableSlow(list);
        }
    }

    /** The context that calls, as an owner of locks; never nullptr. */
    Task* CurrentContext() const
    {
        return m_current;
    }

    /** True while Reset() unwinds tasks: primitives then do nothing. */
    bool Unwinding() const
    {
        return m_unwinding;
    }

  private:
    struct ObjectClass
    {
        std::string name;
        std::uint64_t hash;
        std::uint32_t count;
    };

    struct PartClass
    {
        const char* part = nullptr;
        std::uint32_t owner = 0;
        std::uint32_t type = 0;
    };

    static void TaskMain(void* task);
    static void TimeoutFired(void* task);
    void RunBody(Task& task);

    void PointSlow(const Op& op, WaitList* list, bool possible, Task* const* holder);
    /** Asks who goes on before the operation that @p self has announced, and makes that ready to
     * be switched to. */
    Task* Decide(Task& self, WaitList* list, Task* const* holder);
    /**
     * Switches, and comes back when it is the caller's turn. A function of its own, because no
     * register survives a switch and most operations do without; called in one place, so that all
     * tasks go on there, which the processor can guess.
     */
    [[gnu::noinline]] void Leave(Task& next);
    /** The task that runs has been preempted or has waited, and goes on. */
    void Resumed();
    /** @p self waits on @p list; returns who goes on. */
    Task* Wait(Task& self, WaitList& list, Task* const* holder);
    [[noreturn]] void CannotWait(const Op& op, Task* const* holder);
    void PassSlow(const Op& op);
    void NoteSlow(const Op& op);
    void ShowEffect(EffectKind kind, const void* sync, ObjectId object);
    void EnableSlow(WaitList& list);
    void DisableSlow(WaitList& list);
    /** The operation that the task has announced is executed. */
    void Commit(Task& task);
    /** Whether the step limit, Stop(), Report() or Reset() need attention before an operation. */
    bool NeedsAttention() const
    {
        return m_step >= m_attentionLimit;
    }
    void Attend(const Op& op, WaitList* list, Task* const* holder);
    void CheckStepLimit();
    void Show(const Task& task, const Op& op);
    void ShowChoice(ChoicePoint& point, std::uint32_t choice);
    void ShowSwitch(const Task& from, const Task& to);
    [[noreturn]] static void NoSuchOption(const ChoicePoint& point, std::uint32_t choice);
    void ThrowUnwind() const;
    bool AbsorbUnwinding() const;

    std::uint32_t Ask(ChoicePoint& point);
    /** An event that may happen although a task is ready. */
    bool EventOffered() const
    {
        return m_events.EarliestNs() <= m_offerUntilNs;
    }
    void UpdateOffer();
    bool EventPending() const
    {
        return m_events.EarliestNs() <= m_untilNs;
    }
    void SwitchTo(Task& next);
    /** Asks which ready task goes on (there is one); nullptr for events. */
    Task* PickReady();
    /** Who goes on when the caller cannot: a ready task, or the main context. */
    Task& NextContext();
    /** @return who goes on: the main context, for so many events at most. */
    Task& Park(Task& task, std::uint64_t eventBudget, bool stalls);
    void Loop();
    void RunEvent();
    void RunEventsWhileParked();
    bool NewlyReady() const;
    void FindDeadlock();
    /** Whether @p task, which has just begun to wait, closes a circle of tasks that wait. */
    bool WaitsForItself(const Task& task) const;
    /** The words for that circle, and for Violation::subject. */
    std::string CycleText(const Task& task, std::string& subject) const;
    void UpdateQuiet();
    std::uint32_t SearchClass(std::string_view name);
    void UpdateShown();
    PartClass& PartHint(std::uint32_t owner, const char* part)
    {
        const auto place = reinterpret_cast<std::uintptr_t>(part) / sizeof(PartClass) + 7 * owner;
        return m_partHints[place % m_partHints.size()];
    }
    std::uint32_t SearchPart(std::uint32_t owner, const char* part);
    void Record(ViolationKind kind, std::string text, std::string subject = {});
    std::string PendingText(const Task& task) const;
    std::vector<TaskTrace> Traces() const;
    void Name(Task& task, std::string_view wanted);
    std::string UniqueName(std::string_view name, std::uint64_t& hash) const;
    void Forget(Task& task);

    EventQueue& m_events;
    EngineOptions m_options;
    Chooser* m_chooser = nullptr;
    std::vector<Observer*> m_observers;
    std::vector<Observer*> m_effectObservers; // those of them that want effects
    std::vector<Observer*> m_accessObservers; // those that want OpKind::kAccess

    std::uint64_t m_step = 0;
    /** Steps up to this one need no attention: the step limit, or 0 when somebody watches. */
    std::uint64_t m_quietLimit = 0;
    /** The step limit, or 0 when something else than a choice has to be seen to. */
    std::uint64_t m_attentionLimit = 0;
    Task* m_current;
    Task* m_parked = nullptr;
    ReadyQueue m_ready;
    std::int64_t m_untilNs = 0;
    bool m_active = false;
    bool m_inRun = false;
    bool m_begun = false;
    bool m_stopping = false;
    bool m_wantEvents = false;
    bool m_unwinding = false;
    std::uint64_t m_eventCount = 0;
    std::uint64_t m_switches = 0;
    std::uint64_t m_parkEpoch = 0;
    std::uint64_t m_parkBudget = 0;
    bool m_parkStalls = false; // a task is kept waiting meanwhile
    std::int64_t m_stalledNs = 0;
    std::int64_t m_offerUntilNs = 0;
    RunResult m_result;
    std::optional<Violation> m_violation;

    std::deque<ObjectClass> m_classes; // their names are referred to
    /** The class that was asked for last under names at such an address: mostly literals. */
    std::array<std::uint32_t, 64> m_classHints{};
    StackPool m_stacks;
    Task m_main;
    std::vector<std::unique_ptr<Task>> m_taskPool;
    std::vector<Task*> m_tasks;
    std::size_t m_taskCount = 0;
    /** Whether the tasks of this run were so far given the names of those of the run before. */
    bool m_sameNames = false;
    /** Whether any observer wants these. */
    bool m_showSwitches = false;
    bool m_showChoices = false;
    std::vector<PartClass> m_parts;           // all that were asked for
    std::array<PartClass, 128> m_partHints{}; // where to look first
};

inline std::int64_t OpEvent::TimeNs() const
{
    return engine.NowNs();
}

} // namespace interleave

#endif // INTERLEAVE_ENGINE_H
