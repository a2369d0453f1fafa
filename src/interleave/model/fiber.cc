// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/fiber.h"

#include "interleave/model/fiber-switch.h"

#include <cxxabi.h>

namespace interleave
{

namespace
{

INTERLEAVE_NO_TSAN void Enter(void* argument)
{
    FiberSwitch::Call(*FiberSwitch::Arrive(argument));
}

} // namespace

Fiber::~Fiber()
{
    Drop();
}

void Fiber::Adopt()
{
    Drop();
    m_threadState = reinterpret_cast<ExceptionState*>(abi::__cxa_get_globals());
#ifdef INTERLEAVE_TSAN
    m_tsanFiber = __tsan_get_current_fiber();
    m_ownsTsanFiber = false;
#endif
}

void Fiber::Start(StackPool& pool, Entry entry, void* argument)
{
    Drop();
    m_stack = pool.Take();
    m_pool = &pool;
    m_entry = entry;
    m_argument = argument;
    m_threadState = reinterpret_cast<ExceptionState*>(abi::__cxa_get_globals());
    m_savedState = {};
    m_fakeStack = nullptr;
    m_context = MakeContext<&Enter>(m_stack.base + m_stack.size, m_stack.size);
#ifdef INTERLEAVE_TSAN
    m_tsanFiber = __tsan_create_fiber(0);
    m_ownsTsanFiber = true;
#endif
}

void Fiber::Switch(Fiber& from, Fiber& to)
{
    FiberSwitch::Go(from, to);
}

void Fiber::EndCatches()
{
    if (m_savedState.caught == nullptr)
    {
        return;
    }
    // Exceptions do not live on the stack: those of its catch blocks would be left behind.
    const ExceptionState running = *m_threadState;
    *m_threadState = m_savedState;
    while (m_threadState->caught != nullptr)
    {
        abi::__cxa_end_catch();
    }
    *m_threadState = running;
    m_savedState = {};
}

#ifdef INTERLEAVE_ASAN
// Not instrumented: a local of this function would itself stand on the fake stack that is switched.
__attribute__((noinline, no_sanitize("address"))) void Fiber::DropFakeStack()
{
    if (m_fakeStack == nullptr)
    {
        return;
    }
    // A fake stack is freed by whoever leaves its context for good: arrive there, without a jump,
    // and leave.
    void* running = nullptr;
    const void* bottom = nullptr;
    std::size_t size = 0;
    __sanitizer_start_switch_fiber(&running, m_stack.base, m_stack.size);
    __sanitizer_finish_switch_fiber(m_fakeStack, &bottom, &size);
    __sanitizer_start_switch_fiber(nullptr, bottom, size);
    __sanitizer_finish_switch_fiber(running, nullptr, nullptr);
    m_fakeStack = nullptr;
}
#endif

INTERLEAVE_NO_TSAN void Fiber::Drop()
{
    if (m_pool != nullptr)
    {
        EndCatches();
#ifdef INTERLEAVE_ASAN
        DropFakeStack();
#endif
        m_pool->Give(m_stack);
    }
    m_pool = nullptr;
    m_stack = {};
    m_context = nullptr;
#ifdef INTERLEAVE_TSAN
    if (m_ownsTsanFiber)
    {
        // It may have been left inside of the engine: leave that for it.
        void* const current = __tsan_get_current_fiber();
        __tsan_switch_to_fiber(m_tsanFiber, 1);
        const int outer = g_engineDepth;
        for (g_engineDepth = m_engineDepth; g_engineDepth > 0;)
        {
            LeaveEngine();
        }
        g_engineDepth = outer;
        __tsan_switch_to_fiber(current, 1);
        __tsan_destroy_fiber(m_tsanFiber);
        m_engineDepth = 0;
        m_ownsTsanFiber = false;
    }
#endif
}

} // namespace interleave
