// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/corpus/condition.h"
#include "interleave/corpus/corpus.h"

#include <array>

namespace interleave::corpus
{

void SetUpDeadlock01(Stage& stage)
{
    struct Locks
    {
        explicit Locks(Engine& engine)
            : left(engine, "left"),
              right(engine, "right")
        {
        }

        Mutex left;
        Mutex right;
    };

    auto& locks = stage.Make<Locks>(stage.GetEngine());
    stage.Spawn("one",
                [&locks]
                {
                    const MutexLock left(locks.left);
                    const MutexLock right(locks.right);
                });
    stage.Spawn("two",
                [&stage, &locks]
                {
                    const MutexLock first(stage.Fixed() ? locks.left : locks.right);
                    const MutexLock second(stage.Fixed() ? locks.right : locks.left);
                });
}

void SetUpCarter01(Stage& stage)
{
    // The first of each class takes the room for its class, the last gives it back: while it holds
    // the lock that is needed to give it back.
    struct Room
    {
        explicit Room(Engine& engine)
            : count(engine, "count"),
              room(engine, "room")
        {
            room.Complete();
        }

        Mutex count;
        Completion room;
        std::array<int, 2> inside{};
    };

    auto& room = stage.Make<Room>(stage.GetEngine());
    for (const std::size_t kind : {0U, 1U})
    {
        stage.Spawn(kind == 0 ? "class-a" : "class-b",
                    [&stage, &room, kind]
                    {
                        if (stage.Fixed())
                        {
                            room.room.Wait("enter"); // before the counters' lock
                        }
                        room.count.Lock("enter");
                        if (++room.inside[kind] == 1 && !stage.Fixed())
                        {
                            room.room.Wait("enter");
                        }
                        room.count.Unlock("enter");
                        room.count.Lock("leave");
                        if (--room.inside[kind] == 0)
                        {
                            room.room.Complete("leave");
                        }
                        room.count.Unlock("leave");
                    });
    }
}

void SetUpPhilosophers(Stage& stage)
{
    static constexpr std::size_t kSeats = 3;

    struct Table
    {
        explicit Table(Engine& engine)
            : forks{{{engine, "fork"}, {engine, "fork"}, {engine, "fork"}}}
        {
        }

        std::array<Mutex, kSeats> forks;
    };

    auto& table = stage.Make<Table>(stage.GetEngine());
    for (std::size_t seat = 0; seat < kSeats; ++seat)
    {
        stage.Spawn("seat" + std::to_string(seat),
                    [&stage, &table, seat]
                    {
                        std::size_t first = seat;
                        std::size_t second = (seat + 1) % kSeats;
                        if (stage.Fixed() && first > second)
                        {
                            std::swap(first, second);
                        }
                        const MutexLock one(table.forks[first]);
                        const MutexLock other(table.forks[second]);
                    });
    }
}

void SetUpSync02(Stage& stage)
{
    struct Cell
    {
        explicit Cell(Engine& engine)
            : mutex(engine, "lock"),
              full(engine, "full", false),
              changed(engine, mutex)
        {
        }

        void Change(bool to, bool all)
        {
            const MutexLock lock(mutex);
            while (full.Get("look") == to)
            {
                changed.Wait(to ? "until empty" : "until full");
            }
            full.Set(to, "change");
            if (all)
            {
                changed.Broadcast("changed");
            }
            else
            {
                changed.Signal("changed"); // may wake one that waits for the opposite
            }
        }

        Mutex mutex;
        Shared<bool> full;
        Condition changed;
    };

    auto& cell = stage.Make<Cell>(stage.GetEngine());
    for (const char* name : {"put0", "put1", "take0", "take1"})
    {
        stage.Spawn(name,
                    [&stage, &cell, put = name[0] == 'p']
                    {
                        for (int round = 0; round < 2; ++round)
                        {
                            cell.Change(put, stage.Fixed());
                        }
                    });
    }
}

void SetUpLostWakeup(Stage& stage)
{
    struct Flag
    {
        explicit Flag(Engine& engine)
            : mutex(engine, "lock"),
              set(engine, "flag", false),
              changed(engine, mutex)
        {
        }

        Mutex mutex;
        Shared<bool> set;
        Condition changed;
    };

    auto& flag = stage.Make<Flag>(stage.GetEngine());
    stage.Spawn("waiter",
                [&stage, &flag]
                {
                    if (!stage.Fixed() && flag.set.Get("look"))
                    {
                        return;
                    }
                    const MutexLock lock(flag.mutex);
                    if (!stage.Fixed() || !flag.set.Get("look again"))
                    {
                        flag.changed.Wait("until set");
                    }
                });
    stage.Spawn("setter",
                [&flag]
                {
                    const MutexLock lock(flag.mutex);
                    flag.set.Set(true, "set");
                    flag.changed.Signal("set");
                });
}

void SetUpPhase01(Stage& stage)
{
    // A barrier that is used twice: who is slow to leave the first phase finds the count of the
    // second, and waits for ever.
    static constexpr int kTasks = 3;

    struct Barrier
    {
        explicit Barrier(Engine& engine)
            : mutex(engine, "lock"),
              count(engine, "count", 0),
              phase(engine, "phase", 0),
              all(engine, mutex)
        {
        }

        void Arrive(bool byPhase)
        {
            const MutexLock lock(mutex);
            const int mine = phase.Get("arrive");
            const int arrived = count.Get("arrive") + 1;
            count.Set(arrived, "arrive");
            if (arrived == kTasks)
            {
                phase.Set(mine + 1, "last");
                if (byPhase)
                {
                    count.Set(0, "last");
                }
                all.Broadcast("last");
            }
            while (byPhase ? phase.Get("look") == mine : count.Get("look") % kTasks != 0)
            {
                all.Wait("until all are there");
            }
        }

        Mutex mutex;
        Shared<int> count;
        Shared<int> phase;
        Condition all;
    };

    auto& barrier = stage.Make<Barrier>(stage.GetEngine());
    for (int number = 0; number < kTasks; ++number)
    {
        stage.Spawn("task" + std::to_string(number),
                    [&stage, &barrier]
                    {
                        barrier.Arrive(stage.Fixed());
                        barrier.Arrive(stage.Fixed());
                    });
    }
}

} // namespace interleave::corpus
