// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/fiber.h"

#include "interleave/model/sanitizer.h"

#include <boost/context/detail/fcontext.hpp>
#include <cxxabi.h>

#include <cstdlib>

namespace interleave
{

namespace
{

namespace context = boost::context::detail;

/** Travels with a switch, on the stack of the context that is left. */
struct Handoff
{
    Fiber* from;
    Fiber* to;
};

} // namespace

/** What runs on arrival in a context; a friend so that Fiber's header needs no Boost. */
struct FiberBoot
{
    INTERLEAVE_NO_TSAN static Fiber* Arrive(context::transfer_t transfer)
    {
        const auto* handoff = static_cast<const Handoff*>(transfer.data);
        Fiber* from = handoff->from;
        Fiber* to = handoff->to;
        from->m_context = transfer.fctx;
#ifdef INTERLEAVE_ASAN
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

    INTERLEAVE_NO_TSAN static void Enter(context::transfer_t transfer)
    {
        Fiber* self = Arrive(transfer);
        self->m_entry(self->m_argument);
        std::abort(); // the contract of Start()
    }
};

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
    m_pool = &pool;
    m_stack = pool.Take();
    m_entry = entry;
    m_argument = argument;
    m_threadState = reinterpret_cast<ExceptionState*>(abi::__cxa_get_globals());
    m_savedState = {};
    m_fakeStack = nullptr;
    m_context =
        context::make_fcontext(m_stack.base + m_stack.size, m_stack.size, &FiberBoot::Enter);
#ifdef INTERLEAVE_TSAN
    m_tsanFiber = __tsan_create_fiber(0);
    m_ownsTsanFiber = true;
#endif
}

INTERLEAVE_NO_TSAN void Fiber::Switch(Fiber& from, Fiber& to)
{
    Handoff handoff{&from, &to};
    from.m_savedState = *from.m_threadState;
    *to.m_threadState = to.m_savedState;
    void* const target = to.m_context;
#ifdef INTERLEAVE_ASAN
    __sanitizer_start_switch_fiber(&from.m_fakeStack, to.m_stack.base, to.m_stack.size);
#endif
#ifdef INTERLEAVE_TSAN
    // 1: the switch itself orders nothing, only the primitives do.
    __tsan_switch_to_fiber(to.m_tsanFiber, 1);
#endif
    FiberBoot::Arrive(context::jump_fcontext(target, &handoff));
}

void Fiber::Drop()
{
    if (m_pool != nullptr)
    {
        m_pool->Give(m_stack);
    }
    m_pool = nullptr;
    m_stack = {};
    m_context = nullptr;
#ifdef INTERLEAVE_TSAN
    if (m_ownsTsanFiber)
    {
        __tsan_destroy_fiber(m_tsanFiber);
        m_ownsTsanFiber = false;
    }
#endif
}

} // namespace interleave
