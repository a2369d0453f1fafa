// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_TASK_H
#define INTERLEAVE_TASK_H

#include "interleave/model/fiber.h"
#include "interleave/model/operation.h"

#include <array>
#include <cstdint>
#include <functional>
#include <string>

namespace interleave
{

class Engine;
class WaitList;

/** Where a task stands. */
enum class TaskState : std::uint8_t
{
    kReady,    //!< could go on
    kRunning,  //!< goes on
    kBlocked,  //!< its pending operation is impossible now
    kParked,   //!< preempted in favour of events
    kFinished, //!< its function has returned
};

/**
 * A deterministic thread: made by Engine::Spawn(), valid until Engine::Reset(). Tasks are numbered
 * from 1 in order of creation; 0 is the main context, where event handlers run.
 */
class Task
{
  public:
    /** An operation a task has executed, with its step. */
    struct PastOp
    {
        Op op;
        std::uint64_t step = 0;
    };

    /** How many operations each task remembers for reports. */
    static constexpr std::uint64_t kRemembered = 8;

    explicit Task(Engine& engine)
        : m_engine(engine)
    {
    }

    /** Unique within the engine, one word, for example "server/worker1". */
    const std::string& Name() const
    {
        return m_name;
    }

    /** 1 for the first task, 0 for the main context. */
    std::uint32_t Ordinal() const
    {
        return m_ordinal;
    }

    TaskState State() const
    {
        return m_state;
    }

    /**
     * What the task will do when it goes on, or waits to be able to do. Kept up to date for every
     * task that is not running whenever the Chooser is active.
     */
    const Op& Pending() const
    {
        return m_pending->op;
    }

    /** Operations executed so far, as far as they were observed or chosen. */
    std::uint64_t OpCount() const
    {
        return m_opCount;
    }

    /** The @p back-th latest operation, 0 for the latest; @p back < min(OpCount(), kRemembered). */
    const PastOp& Past(std::uint64_t back) const
    {
        return m_past[(m_opCount - 1 - back) % kRing];
    }

    /** Who holds what the task waits for; nullptr if that is nobody in particular. */
    const Task* Holder() const
    {
        return m_holder != nullptr ? *m_holder : nullptr;
    }

    /** Marks a task that may wait for ever, a worker waiting for work: no deadlock if it does. */
    void SetDaemon(bool daemon = true)
    {
        m_daemon = daemon;
    }

    bool IsDaemon() const
    {
        return m_daemon;
    }

    Engine& GetEngine() const
    {
        return m_engine;
    }

  private:
    friend class Engine;
    friend class WaitList;

    /** A power of two, with room for the operation that comes next. */
    static constexpr std::uint64_t kRing = 2 * kRemembered;

    /** Writes down what comes next, where it will stand when it has been executed. */
    void Announce(const Op& op)
    {
        m_pending = &m_past[m_opCount % kRing];
        // One by one: these have just been written, and a wider read would have to wait for that.
        m_pending->op.kind = op.kind;
        m_pending->op.object = op.object;
        m_pending->op.write = op.write;
        m_pending->op.site = op.site;
    }

    Engine& m_engine;
    std::uint32_t m_ordinal = 0;
    TaskState m_state = TaskState::kFinished;
    bool m_daemon = false;
    bool m_inBody = false;
    bool m_timedOut = false;
    WaitList* m_list = nullptr;
    Task* m_next = nullptr;
    Task* m_previous = nullptr;
    Task* const* m_holder = nullptr;
    std::uint64_t m_parkMark = 0;
    std::uint64_t m_opCount = 0;
    std::uint64_t m_nameHash = 0;
    Fiber m_fiber;
    std::function<void()> m_body;
    std::string m_name;
    std::string m_wantedName;
    std::array<PastOp, kRing> m_past{};
    PastOp* m_pending = m_past.data();
};

} // namespace interleave

#endif // INTERLEAVE_TASK_H
