// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_FIBER_H
#define INTERLEAVE_FIBER_H

#include "interleave/model/stack-pool.h"

namespace interleave
{

/**
 * A flow of control with its own stack, over Boost.Context. Four things can be done with it:
 * Adopt() the context that is running, Start() a new one, Switch() between two, Drop() one.
 *
 * The exception state that the C++ runtime keeps a thread is saved and restored at each switch, so
 * that a fiber may switch inside a catch block. All fibers of a process's OS thread stay on it.
 */
class Fiber
{
  public:
    using Entry = void (*)(void* argument);

    Fiber() = default;
    ~Fiber();
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;

    /** Makes this object stand for the context that calls. */
    void Adopt();

    /**
     * Prepares a new context: the first Switch() to it calls @p entry with @p argument, which must
     * never return. Takes a stack of @p pool.
     */
    void Start(StackPool& pool, Entry entry, void* argument);

    /** Leaves @p from, the context that calls, and continues @p to. */
    static void Switch(Fiber& from, Fiber& to);

    /**
     * Gives the stack back. What lives on it is forgotten, not destroyed; exceptions that it has
     * caught and not finished with are.
     */
    void Drop();

    /** Whether Start() was called and Drop() was not. */
    bool Started() const
    {
        return m_stack.base != nullptr;
    }

    const Stack& GetStack() const
    {
        return m_stack;
    }

  private:
    /** The runtime's per-thread record of exceptions, Itanium C++ ABI section 2.2.2. */
    struct ExceptionState
    {
        void* caught = nullptr;
        unsigned int uncaught = 0;
    };

    friend struct FiberSwitch;

    void EndCatches();
    void DropFakeStack(); // with AddressSanitizer only

    void* m_context = nullptr;
    ExceptionState* m_threadState = nullptr;
    ExceptionState m_savedState;
    Entry m_entry = nullptr;
    void* m_argument = nullptr;
    Stack m_stack;
    StackPool* m_pool = nullptr;
    [[maybe_unused]] void* m_fakeStack = nullptr; // AddressSanitizer's
    [[maybe_unused]] void* m_tsanFiber = nullptr; // ThreadSanitizer's
    [[maybe_unused]] int m_engineDepth = 0;
    [[maybe_unused]] bool m_ownsTsanFiber = false;
};

} // namespace interleave

#endif // INTERLEAVE_FIBER_H
