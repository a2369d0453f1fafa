// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef TEST_INTERLEAVE_STRATEGY_RANDOM_SCRIPT_H
#define TEST_INTERLEAVE_STRATEGY_RANDOM_SCRIPT_H

// Programs drawn at random, and all that they can lead to.

#include "interleave/model/random.h"
#include "script.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace interleave::test
{

/** Everything that a full search reaches; nothing if that takes too many runs. */
inline std::set<std::string> AllFinals(ScriptRunner& runner,
                                       std::uint64_t limit,
                                       std::uint64_t& runs)
{
    const auto all = Make("bound:all");
    std::set<std::string> finals;
    for (runs = 0; !all->Done(); ++runs)
    {
        if (runs == limit)
        {
            return {};
        }
        all->Seed(runs);
        runner.Run(*all);
        finals.insert(runner.Final());
    }
    return finals;
}

/** The script as numbers, for the message of a test that fails. */
inline std::string TextOf(const Script& script)
{
    std::string text;
    for (const auto& task : script)
    {
        text += "{";
        for (const Action& action : task)
        {
            text += fmt::format(" {}:{}", static_cast<int>(action.what), action.object);
        }
        text += " }";
    }
    return text;
}

/** A program of a few actions, drawn from @p menu; sections of locks are closed. */
inline Script RandomScript(Random& random, std::span<const Do> menu, std::uint32_t mostTasks)
{
    Script script(2 + random.Below(mostTasks - 1));
    const std::uint32_t actions = script.size() == 2 ? 4 : script.size() == 3 ? 3 : 2;
    for (auto& task : script)
    {
        std::vector<Action> open;
        for (std::uint32_t count = 1 + random.Below(actions); count > 0; --count)
        {
            const Do what = menu[random.Below(static_cast<std::uint32_t>(menu.size()))];
            const std::uint32_t object = what == Do::kSleep ? 1 + random.Below(3) : random.Below(2);
            const bool held = std::ranges::any_of(
                open, [&](const Action& action) { return action.object == object; });
            if ((what == Do::kLock || what == Do::kTry) && held)
            {
                continue;
            }
            task.push_back({what, object});
            if (what == Do::kLock)
            {
                open.push_back({Do::kUnlock, object});
            }
            if (what == Do::kTry)
            {
                task.push_back({Do::kUnlockIf, object});
            }
            if (!open.empty() && random.Chance(1, 2))
            {
                task.push_back(open.back());
                open.pop_back();
            }
        }
        for (; !open.empty(); open.pop_back())
        {
            task.push_back(open.back());
        }
    }
    return script;
}

} // namespace interleave::test

#endif // TEST_INTERLEAVE_STRATEGY_RANDOM_SCRIPT_H
