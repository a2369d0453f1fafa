// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/corpus/condition.h"
#include "interleave/corpus/corpus.h"

#include <array>
#include <optional>

namespace interleave::corpus
{

void SetUpCircularBuffer(Stage& stage)
{
    static constexpr int kSlots = 2;
    static constexpr int kItems = 3;

    struct Ring
    {
        explicit Ring(Engine& engine)
            : slots{{{engine, "slot", 0}, {engine, "slot", 0}}},
              head(engine, "head", 0),
              tail(engine, "tail", 0)
        {
        }

        std::array<Shared<int>, kSlots> slots;
        Atomic<int> head;
        Atomic<int> tail;
    };

    auto& ring = stage.Make<Ring>(stage.GetEngine());
    stage.Spawn("sender",
                [&stage, &ring]
                {
                    int sent = 0;
                    for (int attempt = 0; attempt < 2 * kItems && sent < kItems; ++attempt)
                    {
                        const int tail = ring.tail.Load("send");
                        if (tail - ring.head.Load("send") == kSlots)
                        {
                            continue;
                        }
                        if (stage.Fixed())
                        {
                            ring.slots[tail % kSlots].Set(++sent, "send");
                            ring.tail.Store(tail + 1, "send");
                            continue;
                        }
                        ring.tail.Store(tail + 1, "send");
                        ring.slots[tail % kSlots].Set(++sent, "send");
                    }
                });
    stage.Spawn("receiver",
                [&stage, &ring]
                {
                    int received = 0;
                    for (int attempt = 0; attempt < 2 * kItems; ++attempt)
                    {
                        const int head = ring.head.Load("receive");
                        if (ring.tail.Load("receive") == head)
                        {
                            continue;
                        }
                        const int item = ring.slots[head % kSlots].Get("receive");
                        stage.Require(item == ++received, "received out of order");
                        ring.head.Store(head + 1, "receive");
                    }
                });
}

void SetUpQueue(Stage& stage)
{
    static constexpr int kItems = 2;

    struct Queue
    {
        explicit Queue(Engine& engine)
            : mutex(engine, "lock"),
              size(engine, "size", 0),
              taken(engine, "taken", 0)
        {
        }

        Mutex mutex;
        Shared<int> size;
        Shared<int> taken;
    };

    auto& queue = stage.Make<Queue>(stage.GetEngine());
    stage.Spawn("enqueue",
                [&queue]
                {
                    for (int item = 0; item < kItems; ++item)
                    {
                        const MutexLock lock(queue.mutex, "enqueue");
                        queue.size.Set(queue.size.Get("enqueue") + 1, "enqueue");
                    }
                });
    for (const char* name : {"dequeue0", "dequeue1"})
    {
        stage.Spawn(name,
                    [&stage, &queue]
                    {
                        for (int attempt = 0; attempt < kItems; ++attempt)
                        {
                            queue.mutex.Lock("empty?");
                            const int size = queue.size.Get("empty?");
                            if (!stage.Fixed())
                            {
                                queue.mutex.Unlock("empty?");
                            }
                            if (size > 0)
                            {
                                if (!stage.Fixed())
                                {
                                    queue.mutex.Lock("dequeue");
                                }
                                // What was seen may be another's by now.
                                queue.size.Set(size - 1, "dequeue");
                                queue.taken.Set(queue.taken.Get("dequeue") + 1, "dequeue");
                                queue.mutex.Unlock("dequeue");
                            }
                            else if (stage.Fixed())
                            {
                                queue.mutex.Unlock("empty?");
                            }
                        }
                    });
    }
    stage.AtEnd(
        [&queue] {
            return queue.taken.Peek() + queue.size.Peek() == kItems ? ""
                                                                    : "items were lost or doubled";
        });
}

void SetUpSortPool(Stage& stage)
{
    // A sorting thread hands half of its range to a worker that is idle, if one is. Whether one is
    // idle is looked at before, and not again under, the lock.
    static constexpr int kHalves = 2;

    struct Pool
    {
        explicit Pool(Engine& engine)
            : mutex(engine, "lock"),
              given(engine, "given", 0),
              sorted(engine, "sorted", 0),
              wakeup(engine, "wakeup")
        {
        }

        void Sort(int range)
        {
            sorted.Add(range, "sort");
        }

        Mutex mutex;
        Shared<int> given; // the range that the worker is to sort, 0 while it is idle
        Atomic<int> sorted;
        Completion wakeup;
    };

    auto& pool = stage.Make<Pool>(stage.GetEngine());
    for (int half = 1; half <= kHalves; ++half)
    {
        stage.Spawn("sorter" + std::to_string(half),
                    [&stage, &pool, half]
                    {
                        bool idle = stage.Fixed() || pool.given.Get("idle?") == 0;
                        pool.mutex.Lock("give");
                        if (stage.Fixed())
                        {
                            idle = pool.given.Get("idle?") == 0;
                        }
                        if (idle)
                        {
                            pool.given.Set(half, "give");
                            pool.wakeup.Complete("give");
                        }
                        pool.mutex.Unlock("give");
                        if (!idle)
                        {
                            pool.Sort(half);
                        }
                    });
    }
    stage.Spawn("worker",
                [&pool]
                {
                    pool.wakeup.Wait("idle");
                    pool.mutex.Lock("take");
                    const int range = pool.given.Get("take");
                    pool.mutex.Unlock("take");
                    pool.Sort(range);
                });
    stage.AtEnd(
        [&pool]
        { return pool.sorted.Peek() == 3 ? "" : "a range was not sorted, or sorted twice"; });
}

void SetUpFileSystem(Stage& stage)
{
    // Every file takes a free block on its first use; whether a block is free is looked at before
    // its lock is taken.
    static constexpr int kBlocks = 4;
    static constexpr int kFiles = 3;

    struct Disk
    {
        explicit Disk(Engine& engine)
            : locks{{{engine, "block-lock"},
                     {engine, "block-lock"},
                     {engine, "block-lock"},
                     {engine, "block-lock"}}},
              busy{{{engine, "busy", false},
                    {engine, "busy", false},
                    {engine, "busy", false},
                    {engine, "busy", false}}}
        {
        }

        std::array<Mutex, kBlocks> locks;
        std::array<Shared<bool>, kBlocks> busy;
        std::array<int, kBlocks> owners{};
    };

    auto& disk = stage.Make<Disk>(stage.GetEngine());
    for (int file = 0; file < kFiles; ++file)
    {
        stage.Spawn("file" + std::to_string(file),
                    [&stage, &disk, file]
                    {
                        for (int tried = 0; tried < kBlocks; ++tried)
                        {
                            const auto block =
                                static_cast<std::size_t>((file * 2 + tried) % kBlocks);
                            if (!stage.Fixed() && disk.busy[block].Get("free?"))
                            {
                                continue;
                            }
                            const MutexLock lock(disk.locks[block], "take");
                            if (stage.Fixed() && disk.busy[block].Get("free?"))
                            {
                                continue;
                            }
                            disk.busy[block].Set(true, "take");
                            stage.Require(++disk.owners[block] == 1, "two files share a block");
                            return;
                        }
                    });
    }
}

void SetUpTrace(Stage& stage)
{
    struct Log
    {
        explicit Log(Engine& engine)
            : mutex(engine, "lock"),
              active(engine, "active", true),
              open(engine, "file", true)
        {
        }

        Mutex mutex;
        Shared<bool> active;
        Shared<bool> open;
    };

    auto& log = stage.Make<Log>(stage.GetEngine());
    for (const char* name : {"trace0", "trace1"})
    {
        stage.Spawn(name,
                    [&stage, &log]
                    {
                        for (int line = 0; line < 2; ++line)
                        {
                            if (!log.active.Get("active?"))
                            {
                                return;
                            }
                            const MutexLock lock(log.mutex, "write");
                            if (stage.Fixed() && !log.active.Get("still active?"))
                            {
                                return;
                            }
                            stage.Require(log.open.Get("write"), "written to a closed file");
                        }
                    });
    }
    stage.Spawn("end",
                [&log]
                {
                    const MutexLock lock(log.mutex, "close");
                    log.active.Set(false, "close");
                    log.open.Set(false, "close");
                });
}

} // namespace interleave::corpus
