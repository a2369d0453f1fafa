// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/corpus/corpus.h"

#include <array>
#include <optional>

namespace interleave::corpus
{

namespace
{

/** Two variables that are set one after the other, and seen half set. */
void SetUpReorder(Stage& stage, int setters)
{
    struct Pair
    {
        explicit Pair(Engine& engine)
            : mutex(engine, "lock"),
              first(engine, "first", 0),
              second(engine, "second", 0)
        {
        }

        Mutex mutex;
        Shared<int> first;
        Shared<int> second;
    };

    auto& pair = stage.Make<Pair>(stage.GetEngine());
    for (int number = 0; number < setters; ++number)
    {
        stage.Spawn("set" + std::to_string(number),
                    [&stage, &pair]
                    {
                        std::optional<MutexLock> lock;
                        if (stage.Fixed())
                        {
                            lock.emplace(pair.mutex);
                        }
                        pair.first.Set(1, "set");
                        pair.second.Set(-1, "set");
                    });
    }
    stage.Spawn("check",
                [&stage, &pair]
                {
                    std::optional<MutexLock> lock;
                    if (stage.Fixed())
                    {
                        lock.emplace(pair.mutex);
                    }
                    const int first = pair.first.Get("check");
                    const int second = pair.second.Get("check");
                    stage.Require(first + second == 0, "seen half set");
                });
}

/** Two stages with a lock each: between them, what the second is to follow from is out already. */
void SetUpTwoStage(Stage& stage, int writers)
{
    struct Stages
    {
        explicit Stages(Engine& engine)
            : lock1(engine, "first-lock"),
              lock2(engine, "second-lock"),
              data1(engine, "first", 0),
              data2(engine, "second", 0)
        {
        }

        Mutex lock1;
        Mutex lock2;
        Shared<int> data1;
        Shared<int> data2;
    };

    auto& stages = stage.Make<Stages>(stage.GetEngine());
    for (int number = 0; number < writers; ++number)
    {
        stage.Spawn("write" + std::to_string(number),
                    [&stage, &stages]
                    {
                        stages.lock1.Lock("first");
                        stages.data1.Set(1, "first");
                        if (!stage.Fixed())
                        {
                            stages.lock1.Unlock("first");
                        }
                        stages.lock2.Lock("second");
                        stages.data2.Set(2, "second");
                        stages.lock2.Unlock("second");
                        if (stage.Fixed())
                        {
                            stages.lock1.Unlock("first");
                        }
                    });
    }
    stage.Spawn("read",
                [&stage, &stages]
                {
                    stages.lock1.Lock("first");
                    const int first = stages.data1.Get("first");
                    stages.lock1.Unlock("first");
                    if (first == 0)
                    {
                        return;
                    }
                    const MutexLock lock(stages.lock2, "second");
                    stage.Require(stages.data2.Get("second") == first + 1,
                                  "the second stage lags behind");
                });
}

} // namespace

void SetUpReorder3(Stage& stage)
{
    SetUpReorder(stage, 2);
}

void SetUpReorder4(Stage& stage)
{
    SetUpReorder(stage, 3);
}

void SetUpReorder5(Stage& stage)
{
    SetUpReorder(stage, 4);
}

void SetUpReorder10(Stage& stage)
{
    SetUpReorder(stage, 9);
}

void SetUpReorder20(Stage& stage)
{
    SetUpReorder(stage, 19);
}

void SetUpReorder100(Stage& stage)
{
    SetUpReorder(stage, 99);
}

void SetUpTwoStage1(Stage& stage)
{
    SetUpTwoStage(stage, 1);
}

void SetUpTwoStage20(Stage& stage)
{
    SetUpTwoStage(stage, 19);
}

void SetUpTwoStage100(Stage& stage)
{
    SetUpTwoStage(stage, 99);
}

void SetUpTokenRing(Stage& stage)
{
    // Dijkstra's ring: who differs from the left neighbour has the token (the first: who agrees
    // with it), and gives it on by no longer doing so. The first here gives it on too early.
    static constexpr int kTasks = 3;
    static constexpr int kStates = 4;

    struct Ring
    {
        explicit Ring(Engine& engine)
            : states{{{engine, "state", 0}, {engine, "state", 0}, {engine, "state", 0}}},
              inside(engine, "inside", 0)
        {
        }

        void Use(Stage& stage)
        {
            stage.Require(inside.Add(1, "enter") == 0, "two have the token");
            inside.Add(-1, "leave");
        }

        std::array<Atomic<int>, kTasks> states;
        Atomic<int> inside;
    };

    auto& ring = stage.Make<Ring>(stage.GetEngine());
    for (std::size_t self = 0; self < kTasks; ++self)
    {
        stage.Spawn("task" + std::to_string(self),
                    [&stage, &ring, self]
                    {
                        Atomic<int>& mine = ring.states[self];
                        const Atomic<int>& left = ring.states[(self + kTasks - 1) % kTasks];
                        for (int attempt = 0; attempt < 3; ++attempt)
                        {
                            const int beside = left.Load("look");
                            if ((beside == mine.Load("look")) != (self == 0))
                            {
                                continue;
                            }
                            const int next = self == 0 ? (beside + 1) % kStates : beside;
                            if (self == 0 && !stage.Fixed())
                            {
                                mine.Store(next, "give on");
                                ring.Use(stage);
                                continue;
                            }
                            ring.Use(stage);
                            mine.Store(next, "give on");
                        }
                    });
    }
}

void SetUpOrderOfInit(Stage& stage)
{
    struct Device
    {
        explicit Device(Engine& engine)
            : ready(engine, "ready"),
              registered(engine, "registered", false),
              handler(engine, "handler", 0)
        {
        }

        Completion ready;
        Atomic<bool> registered;
        Shared<int> handler;
    };

    auto& device = stage.Make<Device>(stage.GetEngine());
    stage.Spawn("probe",
                [&stage, &device]
                {
                    if (stage.Fixed())
                    {
                        device.handler.Set(1, "probe");
                        device.registered.Store(true, "probe");
                        return;
                    }
                    device.registered.Store(true, "probe");
                    device.handler.Set(1, "probe");
                });
    stage.Spawn("interrupt",
                [&stage, &device]
                {
                    if (device.registered.Load("interrupt"))
                    {
                        stage.Require(device.handler.Get("interrupt") != 0,
                                      "interrupt without a handler");
                    }
                });
}

void SetUpDoubleCheckedInit(Stage& stage)
{
    struct Single
    {
        explicit Single(Engine& engine)
            : mutex(engine, "lock"),
              made(engine, "made", false),
              value(engine, "value", 0)
        {
        }

        int Get(bool fixed)
        {
            if (!made.Load("look"))
            {
                const MutexLock lock(mutex, "make");
                if (!made.Load("look again"))
                {
                    if (fixed)
                    {
                        value.Set(42, "make");
                    }
                    made.Store(true, "make");
                    if (!fixed)
                    {
                        value.Set(42, "make");
                    }
                }
            }
            return value.Get("use");
        }

        Mutex mutex;
        Atomic<bool> made;
        Shared<int> value;
    };

    auto& single = stage.Make<Single>(stage.GetEngine());
    for (const char* name : {"user0", "user1", "user2"})
    {
        stage.Spawn(name,
                    [&stage, &single]
                    { stage.Require(single.Get(stage.Fixed()) == 42, "used before it was made"); });
    }
}

} // namespace interleave::corpus
