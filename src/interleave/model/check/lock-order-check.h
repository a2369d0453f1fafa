// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_LOCK_ORDER_CHECK_H
#define INTERLEAVE_LOCK_ORDER_CHECK_H

#include "interleave/model/check/held-locks.h"
#include "interleave/model/check/key-table.h"
#include "interleave/model/engine.h"

#include <cstdint>
#include <utility>
#include <vector>

namespace interleave
{

/**
 * Locks taken in orders that contradict each other, whether or not a deadlock came of it in this
 * run: a cycle among mutexes, or a cycle among lock classes. Two locks of one class may be nested
 * as long as all tasks agree on which of them comes first. An outer lock that makes the deadlock
 * impossible does not excuse it: it is the order that is checked. Taking with TryLock() never waits
 * and so begins no order; what is taken while holding such a lock does.
 */
class LockOrderCheck
{
  public:
    /** @param held hears of a lock after this. */
    LockOrderCheck(Engine& engine, const HeldLocks& held)
        : m_engine(engine),
          m_held(held)
    {
    }

    /** @p task, which was ready to wait for it, owns mutex @p sync of the SyncTable. */
    void Locked(const Task& task, std::uint32_t sync, ObjectId object)
    {
        const std::uint32_t held = m_held.Of(task.Ordinal());
        if (held == 0)
        {
            return;
        }
        const HeldLocks::Held& outer = m_held.Top(held);
        if (sync >= m_latest.size()) [[unlikely]]
        {
            m_latest.resize(2 * static_cast<std::size_t>(sync) + 2);
        }
        // The same again, most of the time. What lies below was looked at then, if it was nothing.
        if (m_latest[sync] != outer.sync || outer.below != 0)
        {
            m_latest[sync] = outer.sync;
            Nested(task, sync, object, held);
        }
    }

    void Clear();

  private:
    static constexpr std::uint32_t kNone = 0xffff'ffff;

    /** One lock was taken while another was held. */
    struct Edge
    {
        std::uint32_t from = 0;
        std::uint32_t to = 0;
        std::uint32_t next = kNone; // of the same node
        std::uint32_t task = 0;
        std::uint64_t step = 0;
        ObjectId held{};
        ObjectId taken{};
        const char* site = nullptr;
    };

    struct Node
    {
        std::uint32_t first = kNone;   // edge
        std::uint32_t reached = kNone; // the edge by which a search came here
        std::uint64_t search = 0;
    };

    struct Known
    {
        bool known = false;
    };

    /** A graph of "was held while … was taken": among mutexes, or among lock classes. */
    struct Graph
    {
        std::vector<Node> nodes; // by the number of the mutex or class
        std::vector<Edge> edges;
        KeyTable<Known> known;
        std::vector<std::uint32_t> open; // of a search
        std::uint64_t searches = 0;

        /** Whether that edge was there already; it is now. */
        bool Knows(std::uint32_t from, std::uint32_t to)
        {
            bool& there = known.At((static_cast<std::uint64_t>(from) << 32) | to).known;
            return std::exchange(there, true);
        }

        void Add(const Edge& edge);
        /** The edges of a way from @p from to @p to, in order; empty if there is none. */
        std::vector<std::uint32_t> Way(std::uint32_t from, std::uint32_t to);
        void Clear();
    };

    void Nested(const Task& task, std::uint32_t sync, ObjectId object, std::uint32_t held);
    void Join(Graph& graph, const Edge& edge);
    void ReportCycle(const Graph& graph, const std::vector<std::uint32_t>& way, const Edge& last);

    Engine& m_engine;
    const HeldLocks& m_held;
    std::vector<std::uint32_t> m_latest; // by number: what was held when it was taken last
    Graph m_mutexes;
    Graph m_classes;
};

} // namespace interleave

#endif // INTERLEAVE_LOCK_ORDER_CHECK_H
