// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/corpus/condition.h"
#include "interleave/corpus/corpus.h"

#include <optional>

namespace interleave::corpus
{

namespace
{

/** A value and the lock that should protect it. */
struct Guarded
{
    Guarded(Engine& engine, const char* name, int initial)
        : mutex(engine, "lock"),
          value(engine, name, initial)
    {
    }

    Mutex mutex;
    Shared<int> value;
};

/** Adds in two critical sections, or, corrected, in one. */
void Move(Guarded& account, int amount, bool oneSection)
{
    account.mutex.Lock("look");
    const int before = account.value.Get("look");
    if (!oneSection)
    {
        account.mutex.Unlock("look");
        account.mutex.Lock("book");
    }
    account.value.Set(before + amount, "book");
    account.mutex.Unlock("book");
}

void SetUpWrongLock(Stage& stage, int others)
{
    struct Locks
    {
        explicit Locks(Engine& engine)
            : data(engine, "data", 0),
              other(engine, "lock")
        {
        }

        Guarded data;
        Mutex other;
    };

    auto& locks = stage.Make<Locks>(stage.GetEngine());
    stage.Spawn("owner",
                [&stage, &locks]
                {
                    const MutexLock lock(locks.data.mutex);
                    const int before = locks.data.value.Get("before");
                    locks.data.value.Set(before + 1, "raise");
                    stage.Require(locks.data.value.Get("after") == before + 1,
                                  "data changed under its lock");
                });
    for (int number = 0; number < others; ++number)
    {
        stage.Spawn("other" + std::to_string(number),
                    [&stage, &locks]
                    {
                        const MutexLock lock(stage.Fixed() ? locks.data.mutex : locks.other);
                        locks.data.value.Set(locks.data.value.Get("other") + 1, "other");
                    });
    }
}

} // namespace

void SetUpAccount(Stage& stage)
{
    auto& account = stage.Make<Guarded>(stage.GetEngine(), "balance", 100);
    for (const int amount : {50, -30, -20})
    {
        stage.Spawn(amount > 0 ? "deposit" : "withdraw",
                    [&stage, &account, amount] { Move(account, amount, stage.Fixed()); });
    }
    stage.AtEnd([&account]
                { return account.value.Peek() == 100 ? "" : "the balance is not the sum"; });
}

void SetUpArithmetic(Stage& stage)
{
    struct Sum
    {
        explicit Sum(Engine& engine)
            : next(engine, "next", 0),
              total(engine, "total", 0),
              changed(engine, next.mutex)
        {
        }

        Guarded next;
        Shared<int> total;
        Condition changed;
    };

    static constexpr int kTerms = 3;
    auto& sum = stage.Make<Sum>(stage.GetEngine());
    stage.Spawn("source",
                [&sum]
                {
                    for (int term = 1; term <= kTerms; ++term)
                    {
                        const MutexLock lock(sum.next.mutex);
                        while (sum.next.value.Get("full") != 0)
                        {
                            sum.changed.Wait("until taken");
                        }
                        sum.next.value.Set(term, "offer");
                        sum.changed.Signal("offered");
                    }
                });
    stage.Spawn("adder",
                [&sum]
                {
                    for (int term = 1; term <= kTerms; ++term)
                    {
                        const MutexLock lock(sum.next.mutex);
                        while (sum.next.value.Get("empty") == 0)
                        {
                            sum.changed.Wait("until offered");
                        }
                        sum.total.Set(sum.total.Get("add") + sum.next.value.Get("take"), "add");
                        sum.next.value.Set(0, "take");
                        sum.changed.Signal("taken");
                    }
                });
    stage.Spawn("reader",
                [&stage, &sum]
                {
                    std::optional<MutexLock> lock;
                    if (stage.Fixed())
                    {
                        lock.emplace(sum.next.mutex);
                    }
                    // What is in both places, or in neither, was counted twice or not at all.
                    const int total = sum.total.Get("check");
                    const int next = sum.next.value.Get("check");
                    stage.Require(total == next * (next - 1) / 2 || next == 0,
                                  "the sum does not fit its last term");
                });
}

void SetUpLazy01(Stage& stage)
{
    auto& data = stage.Make<Guarded>(stage.GetEngine(), "data", 0);
    for (const int amount : {1, 2})
    {
        stage.Spawn("add" + std::to_string(amount),
                    [&data, amount]
                    {
                        const MutexLock lock(data.mutex);
                        data.value.Set(data.value.Get() + amount);
                    });
    }
    stage.Spawn("check",
                [&stage, &data]
                {
                    const MutexLock lock(data.mutex);
                    const int value = data.value.Get("check");
                    stage.Require(stage.Fixed() ? value <= 3 : value < 3, "both were there first");
                });
}

void SetUpFibonacci(Stage& stage)
{
    struct Pair
    {
        explicit Pair(Engine& engine)
            : mutex(engine, "lock"),
              left(engine, "left", 1),
              right(engine, "right", 1)
        {
        }

        Mutex mutex;
        Shared<int> left;
        Shared<int> right;
    };

    static constexpr int kRounds = 4;
    static constexpr int kLargest = 55; // of the strict alternation only
    auto& pair = stage.Make<Pair>(stage.GetEngine());
    for (const bool toLeft : {true, false})
    {
        stage.Spawn(toLeft ? "left" : "right",
                    [&pair, toLeft]
                    {
                        Shared<int>& target = toLeft ? pair.left : pair.right;
                        Shared<int>& source = toLeft ? pair.right : pair.left;
                        for (int round = 0; round < kRounds; ++round)
                        {
                            const MutexLock lock(pair.mutex);
                            target.Set(target.Get() + source.Get());
                        }
                    });
    }
    stage.AtEnd(
        [&stage, &pair]
        {
            const int limit = stage.Fixed() ? kLargest + 1 : kLargest;
            return pair.left.Peek() < limit && pair.right.Peek() < limit
                       ? ""
                       : "the largest number was reached";
        });
}

void SetUpStack(Stage& stage)
{
    auto& size = stage.Make<Guarded>(stage.GetEngine(), "size", 0);
    stage.Spawn("push",
                [&size]
                {
                    for (int round = 0; round < 2; ++round)
                    {
                        const MutexLock lock(size.mutex);
                        size.value.Set(size.value.Get("push") + 1, "push");
                    }
                });
    for (const char* name : {"pop0", "pop1"})
    {
        stage.Spawn(name,
                    [&stage, &size]
                    {
                        for (int round = 0; round < 2; ++round)
                        {
                            if (size.value.Get("empty?") == 0)
                            {
                                continue;
                            }
                            const MutexLock lock(size.mutex);
                            const int now = size.value.Get("pop");
                            if (stage.Fixed() && now == 0)
                            {
                                continue;
                            }
                            stage.Require(now > 0, "popped from an empty stack");
                            size.value.Set(now - 1, "pop");
                        }
                    });
    }
}

void SetUpWrongLock1(Stage& stage)
{
    SetUpWrongLock(stage, 1);
}

void SetUpWrongLock3(Stage& stage)
{
    SetUpWrongLock(stage, 3);
}

} // namespace interleave::corpus
