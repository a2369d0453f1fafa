// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_COMPLETION_H
#define INTERLEAVE_COMPLETION_H

#include "interleave/model/engine.h"

namespace interleave
{

/**
 * Something to wait for, after the kernel's completions: a count that Complete() raises and each
 * wait that succeeds lowers, until CompleteAll() raises it for ever. Which of several waiting tasks
 * gets a single Complete() is a choice. Signalling is allowed in event handlers; waiting there is a
 * violation unless the count is already raised.
 */
class Completion
{
  public:
    explicit Completion(Engine& engine, const char* objectClass = "completion");
    Completion(Engine& engine, ObjectId object);
    ~Completion();
    Completion(const Completion&) = delete;
    Completion& operator=(const Completion&) = delete;

    /** Lets one wait, present or to come, succeed. */
    void Complete(const char* site = nullptr);
    /** Lets all waits succeed until Reinit(). */
    void CompleteAll(const char* site = nullptr);
    void Wait(const char* site = nullptr);
    /** Waits at most @p timeoutNs of simulated time; false if that went by in vain. */
    bool WaitFor(std::int64_t timeoutNs, const char* site = nullptr);
    /** Takes a raised count without waiting; false if there is none. */
    bool TryWait(const char* site = nullptr);
    /** Forgets earlier signals. */
    void Reinit();

    /** Whether a wait would succeed at once. */
    bool Done() const
    {
        return m_count != 0;
    }

    ObjectId Object() const
    {
        return m_object;
    }

  private:
    static constexpr std::uint32_t kAll = 0xffff'ffff;

    void Consume();

    Engine& m_engine;
    ObjectId m_object;
    WaitList m_waiters;
    std::uint32_t m_count = 0;
};

static_assert(sizeof(Completion) <= 32, "users embed a Completion in 32 bytes");

} // namespace interleave

#endif // INTERLEAVE_COMPLETION_H
