// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef TEST_INTERLEAVE_CHECK_WORLD_H
#define TEST_INTERLEAVE_CHECK_WORLD_H

#include "interleave/helper/random-chooser.h"
#include "interleave/model/check/checks.h"
#include "interleave/model/completion.h"
#include "interleave/model/delayed-work.h"
#include "interleave/model/mutex.h"
#include "interleave/model/work-queue.h"
#include "interleave/world.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>

namespace interleave::test
{

/** An engine that is watched. */
struct CheckWorld : World
{
    explicit CheckWorld(ChecksOptions options = {}, EngineOptions engineOptions = {})
        : World(engineOptions),
          checks(engine, options)
    {
    }

    /** A shared field, one word. */
    ObjectId Field(const char* name)
    {
        return engine.NewObject(name);
    }

    void Read(ObjectId field, const char* site)
    {
        engine.Note({OpKind::kAccess, field, false, site});
    }

    void Write(ObjectId field, const char* site)
    {
        engine.Note({OpKind::kAccess, field, true, site});
    }

    /** The kind of violation that a run ended in; nothing if it passed. */
    std::optional<ViolationKind> Run()
    {
        result = engine.Run();
        return result.violation ? std::optional(result.violation->kind) : std::nullopt;
    }

    const std::string& Text() const
    {
        return result.violation->text;
    }

    const std::string& Subject() const
    {
        return result.violation->subject;
    }

    Checks checks;
    RunResult result;
};

/**
 * Runs @p setUp (which spawns the tasks) under @p seeds random schedules, each in a fresh world.
 * @return how many of them ended in a violation of @p kind; others count as failures of the test.
 */
template <class SetUp>
unsigned CountViolations(ViolationKind kind, unsigned seeds, const SetUp& setUp)
{
    unsigned count = 0;
    for (unsigned seed = 1; seed <= seeds; ++seed)
    {
        CheckWorld world;
        RandomChooser chooser(seed);
        world.engine.SetChooser(chooser);
        const auto keep = setUp(world);
        const auto found = world.Run();
        if (found == kind)
        {
            ++count;
        }
        else
        {
            EXPECT_FALSE(found) << world.result.violation->Format();
        }
        world.Reset();
    }
    return count;
}

} // namespace interleave::test

#endif // TEST_INTERLEAVE_CHECK_WORLD_H
