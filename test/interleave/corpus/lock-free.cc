// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/corpus/corpus.h"

#include <array>
#include <optional>

namespace interleave::corpus
{

namespace
{

/** Says once that an item was handed out, and finds out when it was before. */
class Takings
{
  public:
    explicit Takings(Stage& stage)
        : m_stage(stage)
    {
    }

    void Take(std::size_t item)
    {
        m_stage.Require(++m_taken.at(item) == 1, "an item was taken twice");
    }

    /** For items that go back. */
    void Return(std::size_t item)
    {
        --m_taken.at(item);
    }

  private:
    Stage& m_stage;
    std::array<int, 8> m_taken{};
};

/** What is wrong with a work-stealing queue. */
enum class StealingDefect : std::uint8_t
{
    kNone,
    kLastItem,  //!< the owner takes the last item without asking who else does
    kLateRead,  //!< a thief reads its item after it has moved the head
    kEarlyLook, //!< the owner looks at the head before it lowers the tail
};

/**
 * A work-stealing queue: its owner pushes and pops at the tail, thieves steal at the head. Two
 * slots are used in turn.
 */
class StealingQueue
{
  public:
    StealingQueue(Engine& engine, StealingDefect defect)
        : m_defect(defect),
          m_slots{{{engine, "slot", 0}, {engine, "slot", 0}}},
          m_head(engine, "head", 0),
          m_tail(engine, "tail", 0)
    {
    }

    bool Push(std::size_t item)
    {
        const int tail = m_tail.Load("push");
        if (tail - m_head.Load("push") >= kSlots)
        {
            return false;
        }
        SlotOf(tail).Store(item, "push");
        m_tail.Store(tail + 1, "push");
        return true;
    }

    std::optional<std::size_t> Pop()
    {
        const int tail = m_tail.Load("pop") - 1;
        int head = m_defect == StealingDefect::kEarlyLook ? m_head.Load("pop") : 0;
        m_tail.Store(tail, "pop");
        if (m_defect != StealingDefect::kEarlyLook)
        {
            head = m_head.Load("pop");
        }
        if (head > tail)
        {
            m_tail.Store(tail + 1, "empty");
            return std::nullopt;
        }
        const std::size_t item = SlotOf(tail).Load("pop");
        if (head < tail)
        {
            return item;
        }
        // The last one: a thief may be at it.
        bool won = true;
        if (m_defect == StealingDefect::kLastItem)
        {
            m_head.Store(tail + 1, "pop the last");
        }
        else
        {
            won = m_head.CompareExchange(head, tail + 1, "pop the last");
        }
        m_tail.Store(tail + 1, "pop the last");
        return won ? std::optional(item) : std::nullopt;
    }

    std::optional<std::size_t> Steal()
    {
        int head = m_head.Load("steal");
        if (head >= m_tail.Load("steal"))
        {
            return std::nullopt;
        }
        std::size_t item = 0;
        if (m_defect != StealingDefect::kLateRead)
        {
            item = SlotOf(head).Load("steal");
        }
        const int stolen = head;
        if (!m_head.CompareExchange(head, stolen + 1, "steal"))
        {
            return std::nullopt;
        }
        return m_defect == StealingDefect::kLateRead ? SlotOf(stolen).Load("steal") : item;
    }

  private:
    static constexpr int kSlots = 2;

    Atomic<std::size_t>& SlotOf(int index)
    {
        return m_slots[static_cast<std::size_t>(index % kSlots)];
    }

    StealingDefect m_defect;
    std::array<Atomic<std::size_t>, kSlots> m_slots;
    Atomic<int> m_head;
    Atomic<int> m_tail;
};

void SetUpStealing(Stage& stage, StealingDefect defect)
{
    static constexpr std::size_t kItems = 4;
    auto& queue = stage.Make<StealingQueue>(stage.GetEngine(),
                                            stage.Fixed() ? StealingDefect::kNone : defect);
    auto& takings = stage.Make<Takings>(stage);
    stage.Spawn("owner",
                [&queue, &takings]
                {
                    for (std::size_t item = 0; item < kItems; item += 2)
                    {
                        for (const std::size_t one : {item, item + 1})
                        {
                            if (!queue.Push(one))
                            {
                                takings.Take(one); // no room: done at once
                            }
                        }
                        if (const auto popped = queue.Pop())
                        {
                            takings.Take(*popped);
                        }
                    }
                    if (const auto popped = queue.Pop())
                    {
                        takings.Take(*popped);
                    }
                });
    stage.Spawn("thief",
                [&queue, &takings]
                {
                    for (int attempt = 0; attempt < 2; ++attempt)
                    {
                        if (const auto stolen = queue.Steal())
                        {
                            takings.Take(*stolen);
                        }
                    }
                });
}

constexpr int kNone = -1;

/**
 * A stack of array indices, linked by their `next`. The head carries a number that counts its
 * changes, which the defective one never raises.
 */
class IndexStack
{
  public:
    static constexpr int kNodes = 3;

    IndexStack(Engine& engine, bool counted)
        : m_counted(counted),
          m_next{{{engine, "next", 1}, {engine, "next", 2}, {engine, "next", kNone}}},
          m_head(engine, "head", 0)
    {
    }

    int Pop()
    {
        std::int64_t head = m_head.Load("pop");
        for (int attempt = 0; attempt < 3 && IndexOf(head) != kNone; ++attempt)
        {
            const int node = IndexOf(head);
            const int next = m_next[static_cast<std::size_t>(node)].Load("pop");
            if (m_head.CompareExchange(head, Changed(head, next), "pop"))
            {
                return node;
            }
        }
        return kNone;
    }

    void Push(int node)
    {
        std::int64_t head = m_head.Load("push");
        do
        {
            m_next[static_cast<std::size_t>(node)].Store(IndexOf(head), "push");
        } while (!m_head.CompareExchange(head, Changed(head, node), "push"));
    }

  private:
    static constexpr std::int64_t kCount = 16;

    static int IndexOf(std::int64_t head)
    {
        return static_cast<int>(head % kCount) == kCount - 1 ? kNone
                                                             : static_cast<int>(head % kCount);
    }

    std::int64_t Changed(std::int64_t head, int index) const
    {
        const std::int64_t changes = head / kCount + (m_counted ? 1 : 0);
        return changes * kCount + (index == kNone ? kCount - 1 : index);
    }

    bool m_counted;
    std::array<Atomic<int>, kNodes> m_next;
    Atomic<std::int64_t> m_head;
};

/**
 * Vyukov's SafeStack (posted to the Chess forum in 2010 as a challenge): a stack of array indices
 * whose `count` and `next` are to keep a popped index from being popped again, and do not quite.
 */
class SafeStack
{
  public:
    static constexpr int kNodes = 3;

    SafeStack(Engine& engine, bool locked)
        : m_locked(locked),
          m_mutex(engine, "lock"),
          m_next{{{engine, "next", 1}, {engine, "next", 2}, {engine, "next", kNone}}},
          m_head(engine, "head", 0),
          m_count(engine, "count", kNodes)
    {
    }

    int Pop()
    {
        std::optional<MutexLock> lock;
        if (m_locked)
        {
            lock.emplace(m_mutex);
        }
        for (int attempt = 0; attempt < kAttempts && m_count.Load("pop") > 1; ++attempt)
        {
            int head = m_head.Load("pop");
            Atomic<int>& link = m_next[static_cast<std::size_t>(head)];
            const int next = link.Exchange(kNone, "pop");
            if (next < 0)
            {
                continue;
            }
            int expected = head;
            if (m_head.CompareExchange(expected, next, "pop"))
            {
                m_count.Add(-1, "pop");
                return head;
            }
            link.Exchange(next, "undo");
        }
        return kNone;
    }

    void Push(int node)
    {
        std::optional<MutexLock> lock;
        if (m_locked)
        {
            lock.emplace(m_mutex);
        }
        int head = m_head.Load("push");
        do
        {
            m_next[static_cast<std::size_t>(node)].Store(head, "push");
        } while (!m_head.CompareExchange(head, node, "push"));
        m_count.Add(1, "push");
    }

  private:
    static constexpr int kAttempts = 2;

    bool m_locked;
    Mutex m_mutex;
    std::array<Atomic<int>, kNodes> m_next;
    Atomic<int> m_head;
    Atomic<int> m_count;
};

} // namespace

void SetUpAbaStack(Stage& stage)
{
    auto& stack = stage.Make<IndexStack>(stage.GetEngine(), stage.Fixed());
    auto& takings = stage.Make<Takings>(stage);
    stage.Spawn("taker",
                [&stack, &takings]
                {
                    for (int round = 0; round < 2; ++round)
                    {
                        const int node = stack.Pop();
                        if (node != kNone)
                        {
                            takings.Take(static_cast<std::size_t>(node));
                        }
                    }
                });
    stage.Spawn("changer",
                [&stack, &takings]
                {
                    const int first = stack.Pop();
                    if (first == kNone)
                    {
                        return;
                    }
                    takings.Take(static_cast<std::size_t>(first));
                    const int second = stack.Pop();
                    if (second != kNone)
                    {
                        takings.Take(static_cast<std::size_t>(second));
                    }
                    takings.Return(static_cast<std::size_t>(first));
                    stack.Push(first);
                });
}

void SetUpStealingQueue(Stage& stage)
{
    SetUpStealing(stage, StealingDefect::kLastItem);
}

void SetUpStealingQueueSwap(Stage& stage)
{
    SetUpStealing(stage, StealingDefect::kLateRead);
}

void SetUpStealingQueueState(Stage& stage)
{
    SetUpStealing(stage, StealingDefect::kEarlyLook);
}

void SetUpSafeStack(Stage& stage)
{
    static constexpr int kTasks = 3;
    static constexpr int kRounds = 6;
    auto& stack = stage.Make<SafeStack>(stage.GetEngine(), stage.Fixed());
    auto& takings = stage.Make<Takings>(stage);
    for (int number = 0; number < kTasks; ++number)
    {
        stage.Spawn("task" + std::to_string(number),
                    [&stage, &stack, &takings]
                    {
                        for (int round = 0; round < kRounds; ++round)
                        {
                            const int node = stack.Pop();
                            if (node == kNone)
                            {
                                continue;
                            }
                            takings.Take(static_cast<std::size_t>(node));
                            stage.GetEngine().Point(Op{OpKind::kSync, {}, false, "use"});
                            takings.Return(static_cast<std::size_t>(node));
                            stack.Push(node);
                        }
                    });
    }
}

} // namespace interleave::corpus
