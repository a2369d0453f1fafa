// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// From addresses to the names of objects and fields, and what becomes of them after the free.

#include "ibcm/model/sync.h"
#include "interleave/model/check/checks.h"
#include "interleave/model/virtual-time.h"
#include "lab/model/shared-objects.h"
#include "lab/model/sim-runtime.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>

namespace
{

using interleave::ViolationKind;
using lab::SharedObjects;

class SharedObjectsTest : public testing::Test
{
  protected:
    std::string NameOf(const void* address, const char* field)
    {
        const SharedObjects::Field found = objects.FieldAt(address, field);
        return engine.ObjectText(found.id) + (found.dead ? " dead" : "");
    }

    interleave::VirtualTime time;
    interleave::Engine engine{time};
    SharedObjects objects{engine};
    std::array<char, 300> memory{};
};

TEST_F(SharedObjectsTest, FieldsAreNamedAfterTheObjectThatTheyArePartOf)
{
    objects.Made("cm_id", &memory[0], 100);
    objects.Made("cm_id", &memory[100], 100);
    objects.Made("peer", &memory[200], 50);
    EXPECT_EQ(NameOf(&memory[0], "state"), "cm_id.state:1");
    EXPECT_EQ(NameOf(&memory[99], "lap state"), "cm_id.lap-state:1");
    EXPECT_EQ(NameOf(&memory[100], "state"), "cm_id.state:2");
    EXPECT_EQ(NameOf(&memory[249], "state"), "peer.state:1");
    EXPECT_EQ(objects.Live(), 3U);
}

TEST_F(SharedObjectsTest, FieldsOfNoObjectHaveNamesOfTheirOwn)
{
    objects.Made("cm_id", &memory[0], 100);
    EXPECT_EQ(NameOf(&memory[100], "table"), "table:1");
    EXPECT_EQ(NameOf(&memory[250], "table"), "table:2");
    EXPECT_EQ(NameOf(&memory[100], "table"), "table:1");
}

TEST_F(SharedObjectsTest, AFreedObjectIsKnownUntilItsMemoryIsAnothers)
{
    objects.Made("cm_id", &memory[0], 100);
    EXPECT_EQ(engine.ObjectText(objects.Freed(&memory[0])), "cm_id:1");
    EXPECT_EQ(objects.Live(), 0U);
    EXPECT_EQ(NameOf(&memory[50], "state"), "cm_id:1 dead");
    EXPECT_EQ(engine.ObjectText(objects.ObjectAt(&memory[0])), "cm_id:1");
    objects.Made("peer", &memory[40], 20); // overlaps it
    EXPECT_EQ(NameOf(&memory[50], "state"), "peer.state:1");
    EXPECT_EQ(engine.ObjectText(objects.ObjectAt(&memory[0])), "");
}

TEST_F(SharedObjectsTest, WhatWasNeverMadeHasNoName)
{
    objects.Made("cm_id", &memory[0], 100);
    EXPECT_EQ(engine.ObjectText(objects.ObjectAt(&memory[10])), "");
    EXPECT_EQ(objects.Freed(&memory[10]).type, 0U);
    EXPECT_EQ(objects.Live(), 1U);
}

/** A shared record of a core, whose memory is kept after its end. */
struct Record
{
    explicit Record(ibcm::Runtime& runtime)
        : lock(runtime, "record"),
          value(runtime)
    {
        runtime.GetObserver()->OnMade("record", 1, this, sizeof(Record));
    }

    ibcm::Mutex lock;
    ibcm::Guarded<int, "value"> value;
};

class WatchedRuntimeTest : public testing::Test
{
  protected:
    void Touch(Record& record, bool locked)
    {
        if (locked)
        {
            const ibcm::MutexLock hold(record.lock);
            ++record.value.Write();
            return;
        }
        ++record.value.Write();
    }

    interleave::VirtualTime time;
    interleave::Engine engine{time};
    interleave::Checks checks{engine};
    lab::SimRuntime runtime{engine, "server", 1, true};
};

TEST_F(WatchedRuntimeTest, ARaceOnAGuardedFieldIsFoundAndNamed)
{
    for (const bool locked : {false, true})
    {
        auto record = std::make_unique<Record>(runtime);
        engine.Spawn("a", [&] { Touch(*record, true); });
        engine.Spawn("b", [&] { Touch(*record, locked); });
        engine.Spawn("c",
                     [&]
                     {
                         engine.Sleep(1000);
                         record->lock.Lock(); // after both
                         record->lock.Unlock();
                         runtime.GetObserver()->OnFreed(record.get());
                     });
        const auto result = engine.Run();
        ASSERT_EQ(result.violation.has_value(), !locked);
        if (!locked)
        {
            EXPECT_EQ(result.violation->kind, ViolationKind::kDataRace);
            EXPECT_EQ(result.violation->subject,
                      "record.value, write at Touch against write at Touch");
            EXPECT_NE(result.violation->text.find("holding record:1"), std::string::npos);
        }
        engine.Reset();
        time.Clear();
    }
}

TEST_F(WatchedRuntimeTest, AnAccessToAFreedObjectIsFound)
{
    for (const bool late : {true, false})
    {
        auto record = std::make_unique<Record>(runtime);
        engine.Spawn("a",
                     [&]
                     {
                         if (!late)
                         {
                             Touch(*record, true);
                         }
                         runtime.GetObserver()->OnFreed(record.get());
                         if (late)
                         {
                             Touch(*record, true);
                         }
                     });
        const auto result = engine.Run();
        ASSERT_EQ(result.violation.has_value(), late);
        if (late)
        {
            EXPECT_EQ(result.violation->kind, ViolationKind::kLifetime);
            EXPECT_EQ(result.violation->subject,
                      "use after free of record: access at value, freed at free");
        }
        engine.Reset();
        time.Clear();
    }
}

} // namespace
