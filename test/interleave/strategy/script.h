// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef TEST_INTERLEAVE_STRATEGY_SCRIPT_H
#define TEST_INTERLEAVE_STRATEGY_SCRIPT_H

#include "interleave/model/completion.h"
#include "interleave/model/mutex.h"
#include "interleave/model/strategy/strategies.h"
#include "interleave/model/strategy/strategy.h"
#include "interleave/world.h"

#include <fmt/format.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace interleave::test
{

/** What a task of a script does. */
enum class Do : std::uint8_t
{
    kLock,
    kUnlock,
    kTry, //!< try-lock; the task remembers whether it worked, and Do::kUnlockIf uses that
    kUnlockIf,
    kRead,  //!< mixes the variable into what the task knows
    kWrite, //!< sets the variable to what the task knows
    kSignal,
    kWait,
    kTryWait,
    kSleep, //!< that many nanoseconds
    kSync,  //!< an operation on no object
    kYield,
    kDraw,  //!< asks the chooser for a fault or none, and remembers the answer
    kAwait, //!< polls the variable, yielding, until it is not 0
};

struct Action
{
    Do what;
    std::uint32_t object = 0;
};

using Script = std::vector<std::vector<Action>>;

/** Whether something goes wrong. */
class DrawPoint final : public ChoicePoint
{
  public:
    DrawPoint()
        : ChoicePoint(ChoiceKind::kFault, PlaceKeyOf(ChoiceKind::kFault, "draw"), 2)
    {
    }

    PlaceText Place() const override
    {
        return {"draw", ""};
    }

    std::string OptionText(std::uint32_t option) const override
    {
        return option == 0 ? "fine" : "fault";
    }
};

/** Runs a script again and again and says what each run has led to. */
class ScriptRunner
{
  public:
    explicit ScriptRunner(Script script,
                          EngineOptions options = {},
                          MutexUse use = MutexUse::kAnybody)
        : m_world(options),
          m_script(std::move(script)),
          m_use(use)
    {
        for (std::size_t index = 0; index < m_script.size(); ++index)
        {
            m_names.push_back(fmt::format("t{}", index));
        }
    }

    ScriptRunner(const ScriptRunner&) = delete;
    ScriptRunner& operator=(const ScriptRunner&) = delete;

    ~ScriptRunner()
    {
        Finish();
    }

    World& GetWorld()
    {
        return m_world;
    }

    /** One run; EndRun() has been called when it returns. */
    RunResult Run(Chooser& chooser)
    {
        m_world.engine.SetChooser(chooser);
        m_objects = std::make_unique<Objects>(m_world.engine, m_use);
        m_known.assign(m_script.size(), 0);
        m_order.clear();
        for (std::size_t index = 0; index < m_script.size(); ++index)
        {
            m_known[index] = index + 1;
            m_world.engine.Spawn(m_names[index], [this, index] { Task(index); });
        }
        const RunResult result = m_world.engine.Run();
        m_final = result.Passed() ? "end" : ViolationKindText(result.violation->kind);
        if (!result.Passed() && result.violation->text.starts_with("tasks wait for each other"))
        {
            // Found when the cycle closes: how far others are has nothing to do with it.
            Finish();
            return result;
        }
        for (const std::uint64_t value : m_objects->variables)
        {
            m_final += fmt::format(" {:x}", value);
        }
        for (const std::uint64_t value : m_known)
        {
            m_final += fmt::format(",{:x}", value);
        }
        Finish();
        return result;
    }

    /** What the last run has led to: outcome, variables, what each task knows; a cycle of locks is
     * only called so. */
    const std::string& Final() const
    {
        return m_final;
    }

    /** The tasks in the order in which they did their actions in the last run: "0101". */
    const std::string& Order() const
    {
        return m_order;
    }

  private:
    static constexpr std::size_t kObjects = 4;

    struct Objects
    {
        Objects(Engine& engine, MutexUse use)
        {
            for (std::size_t index = 0; index < kObjects; ++index)
            {
                mutexes.emplace_back(engine, "m", use);
                completions.emplace_back(engine, "c");
                ids.push_back(engine.NewObject("v"));
            }
        }

        std::deque<Mutex> mutexes;
        std::deque<Completion> completions;
        std::vector<ObjectId> ids;
        std::vector<std::uint64_t> variables = std::vector<std::uint64_t>(kObjects);
    };

    void Finish()
    {
        m_world.Reset();
        m_objects.reset();
    }

    void Task(std::size_t index)
    {
        bool tried = false;
        for (const Action& action : m_script[index])
        {
            Act(index, action, tried);
            const EngineScope scope;
            m_order += static_cast<char>('0' + index);
        }
    }

    void Learn(std::size_t index, std::uint64_t value)
    {
        m_known[index] = m_known[index] * 31 + value + 1;
    }

    std::uint64_t Read(std::uint32_t variable)
    {
        m_world.engine.Point(Op{OpKind::kAccess, m_objects->ids[variable], false});
        const EngineScope scope; // scripts race: not for ThreadSanitizer to say
        return m_objects->variables[variable];
    }

    void Act(std::size_t index, const Action& action, bool& tried)
    {
        Engine& engine = m_world.engine;
        Objects& all = *m_objects;
        switch (action.what)
        {
        case Do::kLock:
            all.mutexes[action.object].Lock();
            return;
        case Do::kUnlock:
            all.mutexes[action.object].Unlock();
            return;
        case Do::kTry:
            tried = all.mutexes[action.object].TryLock();
            Learn(index, tried ? 1 : 2);
            return;
        case Do::kUnlockIf:
            if (tried)
            {
                all.mutexes[action.object].Unlock();
            }
            return;
        case Do::kRead:
            Learn(index, Read(action.object));
            return;
        case Do::kWrite:
        {
            engine.Point(Op{OpKind::kAccess, all.ids[action.object], true});
            const EngineScope scope;
            all.variables[action.object] = m_known[index];
            return;
        }
        case Do::kSignal:
            all.completions[action.object].Complete();
            return;
        case Do::kWait:
            all.completions[action.object].Wait();
            return;
        case Do::kTryWait:
            Learn(index, all.completions[action.object].TryWait() ? 1 : 2);
            return;
        case Do::kSleep:
            engine.Sleep(action.object);
            return;
        case Do::kSync:
            engine.Point(Op{OpKind::kSync});
            return;
        case Do::kYield:
            engine.Yield();
            return;
        case Do::kDraw:
        {
            engine.Point(Op{OpKind::kSync});
            DrawPoint point;
            Learn(index, engine.Choose(point));
            return;
        }
        case Do::kAwait:
            while (Read(action.object) == 0)
            {
                engine.Yield();
            }
            return;
        }
    }

    World m_world;
    Script m_script;
    MutexUse m_use;
    std::vector<std::string> m_names;
    std::unique_ptr<Objects> m_objects;
    std::vector<std::uint64_t> m_known;
    std::string m_final;
    std::string m_order;
};

/** @p tasks tasks, each @p sections times: lock, unlock. */
inline Script LockScript(std::size_t tasks, std::size_t sections)
{
    Script script(tasks);
    for (auto& task : script)
    {
        for (std::size_t section = 0; section < sections; ++section)
        {
            task.push_back({Do::kLock, 0});
            task.push_back({Do::kUnlock, 0});
        }
    }
    return script;
}

/** @p tasks tasks of @p count operations on no object. */
inline Script SyncScript(std::size_t tasks, std::size_t count)
{
    return Script(tasks, std::vector<Action>(count, Action{Do::kSync}));
}

/** What @p text names; a test that misspells it fails. */
inline std::unique_ptr<Strategy> Make(std::string_view text)
{
    auto strategy = MakeStrategy(text);
    if (!strategy)
    {
        throw std::invalid_argument(strategy.error());
    }
    return std::move(*strategy);
}

} // namespace interleave::test

#endif // TEST_INTERLEAVE_STRATEGY_SCRIPT_H
