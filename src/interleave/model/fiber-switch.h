// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_FIBER_SWITCH_H
#define INTERLEAVE_FIBER_SWITCH_H

// The inside of Fiber::Switch(), for the engine only: inlined there, because each function that
// returns after a switch may cost a mispredicted branch, and apart from fiber.h, so that nobody
// else sees how contexts are switched.

#include "interleave/model/context-jump.h"
#include "interleave/model/fiber.h"
#include "interleave/model/sanitizer.h"

#include <cstdlib>

namespace interleave
{

/** Travels with a switch, on the stack of the context that is left. */
struct FiberHandoff
{
    Fiber* from;
    Fiber* to;
};

/** What happens on leaving and on arrival. */
struct FiberSwitch
{
    /** @return the fiber that has been continued. */
    INTERLEAVE_NO_TSAN static Fiber* Arrive(void* argument)
    {
        const auto* handoff = static_cast<const FiberHandoff*>(argument);
        Fiber* to = handoff->to;
#ifdef INTERLEAVE_ASAN
        Fiber* from = handoff->from;
        const void* bottom = nullptr;
        std::size_t size = 0;
        __sanitizer_finish_switch_fiber(to->m_fakeStack, &bottom, &size);
        if (from->m_pool == nullptr)
        {
            // An adopted context learns the bounds of its stack when it is left.
            from->m_stack.base = static_cast<std::byte*>(const_cast<void*>(bottom));
            from->m_stack.size = size;
        }
#endif
        return to;
    }

    /** Runs what Start() was given; that must not return. */
    INTERLEAVE_NO_TSAN static void Call(Fiber& fiber)
    {
        fiber.m_entry(fiber.m_argument);
        std::abort();
    }

    /** Fiber::Switch(). */
    INTERLEAVE_NO_TSAN static void Go(Fiber& from, Fiber& to)
    {
        FiberHandoff handoff{&from, &to};
        from.m_savedState = *from.m_threadState;
        *to.m_threadState = to.m_savedState;
#ifdef INTERLEAVE_ASAN
        __sanitizer_start_switch_fiber(&from.m_fakeStack, to.m_stack.base, to.m_stack.size);
#endif
#ifdef INTERLEAVE_TSAN
        from.m_engineDepth = g_engineDepth;
        g_engineDepth = to.m_engineDepth;
        // 1: the switch itself orders nothing, only the primitives do.
        __tsan_switch_to_fiber(to.m_tsanFiber, 1);
#endif
        Arrive(JumpContext(from.m_context, to.m_context, &handoff));
    }
};

} // namespace interleave

#endif // INTERLEAVE_FIBER_SWITCH_H
