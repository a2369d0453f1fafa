// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/corpus/corpus.h"

namespace interleave::corpus
{

void SetUpBluetooth(Stage& stage)
{
    // The driver of Qadeer and Wu ("KISS", PLDI 2004): a request looks at `stopping` before it is
    // counted, so that the stop may not see it.
    struct Driver
    {
        explicit Driver(Engine& engine)
            : pending(engine, "pending", 1),
              stopping(engine, "stopping", false),
              stopped(engine, "stopped", false),
              idle(engine, "idle")
        {
        }

        void Release()
        {
            if (pending.Add(-1, "release") == 1)
            {
                idle.Complete("release");
            }
        }

        Atomic<int> pending;
        Atomic<bool> stopping;
        Atomic<bool> stopped;
        Completion idle;
    };

    auto& driver = stage.Make<Driver>(stage.GetEngine());
    stage.Spawn("request",
                [&stage, &driver]
                {
                    if (stage.Fixed())
                    {
                        driver.pending.Add(1, "count");
                    }
                    if (driver.stopping.Load("look"))
                    {
                        if (stage.Fixed())
                        {
                            driver.Release();
                        }
                        return;
                    }
                    if (!stage.Fixed())
                    {
                        driver.pending.Add(1, "count");
                    }
                    stage.Require(!driver.stopped.Load("work"), "work in a stopped driver");
                    driver.Release();
                });
    stage.Spawn("stop",
                [&driver]
                {
                    driver.stopping.Store(true, "stop");
                    driver.Release();
                    driver.idle.Wait("stop");
                    driver.stopped.Store(true, "stop");
                });
}

void SetUpStringBuffer(Stage& stage)
{
    // append(other) asks other for its length, then for so many characters: two critical sections.
    struct Buffer
    {
        explicit Buffer(Engine& engine)
            : mutex(engine, "lock"),
              length(engine, "length", 3)
        {
        }

        Mutex mutex;
        Shared<int> length;
    };

    auto& other = stage.Make<Buffer>(stage.GetEngine());
    stage.Spawn("append",
                [&stage, &other]
                {
                    other.mutex.Lock("length");
                    const int length = other.length.Get("length");
                    if (!stage.Fixed())
                    {
                        other.mutex.Unlock("length");
                        other.mutex.Lock("get-chars");
                    }
                    stage.Require(length <= other.length.Get("get-chars"),
                                  "characters beyond the end");
                    other.mutex.Unlock("get-chars");
                });
    stage.Spawn("erase",
                [&other]
                {
                    const MutexLock lock(other.mutex, "erase");
                    other.length.Set(0, "erase");
                });
}

void SetUpTicketLock(Stage& stage)
{
    // The ticket is taken by a read and a write: two may draw the same one.
    struct Lock
    {
        explicit Lock(Engine& engine)
            : next(engine, "next", 0),
              serving(engine, "serving", 0),
              inside(engine, "inside", 0)
        {
        }

        Atomic<int> next;
        Atomic<int> serving;
        Atomic<int> inside;
    };

    auto& lock = stage.Make<Lock>(stage.GetEngine());
    for (const char* name : {"task0", "task1", "task2"})
    {
        stage.Spawn(name,
                    [&stage, &lock]
                    {
                        int mine = 0;
                        if (stage.Fixed())
                        {
                            mine = lock.next.Add(1, "draw");
                        }
                        else
                        {
                            mine = lock.next.Load("draw");
                            lock.next.Store(mine + 1, "draw");
                        }
                        // Gives up in the end, which keeps every run short.
                        for (int look = 0; look < 3; ++look)
                        {
                            if (lock.serving.Load("served?") != mine)
                            {
                                continue;
                            }
                            stage.Require(lock.inside.Add(1, "enter") == 0,
                                          "two are served at once");
                            lock.inside.Add(-1, "leave");
                            lock.serving.Store(mine + 1, "leave");
                            return;
                        }
                    });
    }
}

void SetUpReaderWriter(Stage& stage)
{
    // A writer sees that there are no readers, and then says that it is there.
    struct Lock
    {
        explicit Lock(Engine& engine)
            : mutex(engine, "lock"),
              readers(engine, "readers", 0),
              writing(engine, "writing", false)
        {
        }

        bool BeginRead()
        {
            const MutexLock lock(mutex, "begin-read");
            if (writing.Load("begin-read"))
            {
                return false;
            }
            readers.Add(1, "begin-read");
            return true;
        }

        bool BeginWrite(bool oneSection)
        {
            mutex.Lock("begin-write");
            const bool free = readers.Load("readers?") == 0;
            if (!oneSection)
            {
                mutex.Unlock("readers?");
                mutex.Lock("begin-write");
            }
            if (free)
            {
                writing.Store(true, "begin-write");
            }
            mutex.Unlock("begin-write");
            return free;
        }

        Mutex mutex;
        Atomic<int> readers;
        Atomic<bool> writing;
    };

    auto& lock = stage.Make<Lock>(stage.GetEngine());
    for (const char* name : {"reader0", "reader1"})
    {
        stage.Spawn(name,
                    [&stage, &lock]
                    {
                        if (!lock.BeginRead())
                        {
                            return;
                        }
                        stage.Require(!lock.writing.Load("read"), "read while written");
                        lock.readers.Add(-1, "end-read");
                    });
    }
    stage.Spawn("writer",
                [&stage, &lock]
                {
                    if (!lock.BeginWrite(stage.Fixed()))
                    {
                        return;
                    }
                    stage.Require(lock.readers.Load("write") == 0, "written while read");
                    lock.writing.Store(false, "end-write");
                });
}

} // namespace interleave::corpus
