// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Orders of locking that contradict each other, in runs without a deadlock.

#include "check-world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>

namespace interleave::test
{
namespace
{

using testing::HasSubstr;

constexpr auto kLockOrder = ViolationKind::kLockOrder;

/** Takes both, in a task that is over before the next one begins. */
void Nest(CheckWorld& world, const char* task, Mutex& outer, Mutex& inner, bool tryInner = false)
{
    world.engine.Spawn(task,
                       [&outer, &inner, tryInner]
                       {
                           const MutexLock first(outer, "outer");
                           if (!tryInner)
                           {
                               const MutexLock second(inner, "inner");
                           }
                           else if (inner.TryLock("inner"))
                           {
                               inner.Unlock();
                           }
                       });
}

TEST(LockOrderCheck, TwoMutexesInBothOrders)
{
    for (const bool reversed : {true, false})
    {
        CheckWorld world;
        Mutex id(world.engine, "cm-id");
        Mutex table(world.engine, "cm-table");
        Nest(world, "a", id, table);
        Nest(world, "b", reversed ? table : id, reversed ? id : table);
        EXPECT_EQ(world.Run(), reversed ? std::optional(kLockOrder) : std::nullopt);
        if (reversed)
        {
            EXPECT_THAT(world.Text(),
                        HasSubstr("a took cm-table:1 while holding cm-id:1 (at inner"));
            EXPECT_THAT(world.Text(),
                        HasSubstr("b took cm-id:1 while holding cm-table:1 (at inner"));
            EXPECT_EQ(world.Subject(), "order of cm-id, cm-table");
        }
    }
}

TEST(LockOrderCheck, TwoClassesInBothOrdersOnDifferentMutexes)
{
    CheckWorld world;
    Mutex firstId(world.engine, "cm-id");
    Mutex secondId(world.engine, "cm-id");
    Mutex firstTable(world.engine, "cm-table");
    Mutex secondTable(world.engine, "cm-table");
    Nest(world, "a", firstId, firstTable);
    Nest(world, "b", secondTable, secondId);
    EXPECT_EQ(world.Run(), kLockOrder);
}

TEST(LockOrderCheck, TwoMutexesOfOneClassInBothOrders)
{
    for (const bool reversed : {true, false})
    {
        CheckWorld world;
        Mutex first(world.engine, "account");
        Mutex second(world.engine, "account");
        Mutex third(world.engine, "account");
        Nest(world, "a", first, second);
        Nest(world, "b", second, third);
        Nest(world, "c", reversed ? third : first, reversed ? first : third);
        EXPECT_EQ(world.Run(), reversed ? std::optional(kLockOrder) : std::nullopt);
        if (reversed)
        {
            EXPECT_EQ(world.Subject(), "order among locks of class account");
            EXPECT_THAT(world.Text(), HasSubstr("account:3"));
        }
    }
}

TEST(LockOrderCheck, DinersAroundATable)
{
    // The last one reaches the other way round in the near miss.
    for (const bool polite : {false, true})
    {
        CheckWorld world;
        std::array<std::unique_ptr<Mutex>, 5> forks;
        for (auto& fork : forks)
        {
            fork = std::make_unique<Mutex>(world.engine, "fork");
        }
        for (std::size_t diner = 0; diner < 5; ++diner)
        {
            Mutex& left = *forks[diner];
            Mutex& right = *forks[(diner + 1) % 5];
            const bool swap = polite && diner == 4;
            Nest(world, "diner", swap ? right : left, swap ? left : right);
        }
        EXPECT_EQ(world.Run(), polite ? std::nullopt : std::optional(kLockOrder));
    }
}

TEST(LockOrderCheck, TryingBeginsNoOrder)
{
    CheckWorld world;
    Mutex id(world.engine, "cm-id");
    Mutex table(world.engine, "cm-table");
    Nest(world, "a", id, table);
    Nest(world, "b", table, id, true);
    EXPECT_EQ(world.Run(), std::nullopt);
}

TEST(LockOrderCheck, WhatIsTakenUnderATriedLockHasAnOrder)
{
    CheckWorld world;
    Mutex id(world.engine, "cm-id");
    Mutex table(world.engine, "cm-table");
    Nest(world, "a", id, table);
    world.engine.Spawn("b",
                       [&]
                       {
                           if (table.TryLock())
                           {
                               id.Lock();
                               id.Unlock();
                               table.Unlock();
                           }
                       });
    EXPECT_EQ(world.Run(), kLockOrder);
}

TEST(LockOrderCheck, GivenBackInAnyOrder)
{
    CheckWorld world;
    Mutex first(world.engine, "first");
    Mutex second(world.engine, "second");
    Mutex third(world.engine, "third");
    world.engine.Spawn("a",
                       [&]
                       {
                           first.Lock();
                           ASSERT_TRUE(second.TryLock());
                           first.Unlock(); // not the latest
                           third.Lock();   // after "second" only
                           third.Unlock();
                           second.Unlock();
                       });
    Nest(world, "b", third, first);
    EXPECT_EQ(world.Run(), std::nullopt);
    world.Reset();
    Mutex fourth(world.engine, "first");
    Mutex fifth(world.engine, "second");
    Nest(world, "a", fourth, fifth);
    Nest(world, "b", fifth, fourth);
    EXPECT_EQ(world.Run(), kLockOrder);
}

TEST(LockOrderCheck, AMutexAtTheAddressOfAnotherOneHasItsOwnOrder)
{
    CheckWorld world;
    Mutex other(world.engine, "lock");
    alignas(Mutex) std::byte storage[sizeof(Mutex)];
    world.engine.Spawn("a",
                       [&]
                       {
                           for (const bool outer : {true, false})
                           {
                               auto* mutex = new (storage) Mutex(world.engine, "lock");
                               (outer ? *mutex : other).Lock();
                               (outer ? other : *mutex).Lock();
                               (outer ? other : *mutex).Unlock();
                               (outer ? *mutex : other).Unlock();
                               std::destroy_at(mutex);
                           }
                       });
    EXPECT_EQ(world.Run(), std::nullopt);
}

} // namespace
} // namespace interleave::test
