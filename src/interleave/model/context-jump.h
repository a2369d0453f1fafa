// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_CONTEXT_JUMP_H
#define INTERLEAVE_CONTEXT_JUMP_H

// Machine contexts, for fiber.cc and fiber-switch.h only: make one, jump to one. On x86-64 the jump
// is written out here and inlined; elsewhere, and with INTERLEAVE_BOOST_JUMP, it is
// Boost.Context's. Boost's is a call that does not return where it was called, which leaves the
// processor's stack of return addresses one off for good: every return that follows is
// mispredicted, and that costs several times what the jump itself does.
//
// A jump keeps what a call keeps, but for the floating-point environment (rounding mode, flags):
// that belongs to the OS thread here, not to a context.

#include <cstddef>

#if defined(__x86_64__) && !defined(INTERLEAVE_BOOST_JUMP)
#define INTERLEAVE_OWN_JUMP 1
#else
#include <boost/context/detail/fcontext.hpp>
#endif

namespace interleave
{

/** What a context runs first, with the argument of the first jump to it. It must not return. */
using ContextEntry = void (*)(void* argument);

#ifdef INTERLEAVE_OWN_JUMP

/** The first instructions of every context; see MakeContext(). */
void ContextStart();

/**
 * Prepares a context.
 * @param top the first byte above its stack of @p bytes bytes, a multiple of 16.
 * @return what JumpContext() wants as its target.
 */
template <ContextEntry entry>
void* MakeContext(void* top, std::size_t /*bytes*/)
{
    auto** frame = static_cast<void**>(top);
    // What JumpContext() leaves: where to go on, and the frame pointer. Zeros end the chain of
    // frames that sanitizers and debuggers walk.
    frame[-1] = nullptr;
    frame[-2] = nullptr;
    frame[-3] = reinterpret_cast<void*>(entry);
    frame[-4] = nullptr;
    frame[-5] = reinterpret_cast<void*>(&ContextStart);
    return &frame[-5];
}

/**
 * Leaves the context that calls and continues another.
 * @param[out] saved the target for whoever wants to continue the context that is left.
 * @param target the context to continue.
 * @param argument what JumpContext() returns there.
 * @return the argument of whoever continues this context.
 */
[[gnu::always_inline]] inline void* JumpContext(void*& saved, void* target, void* argument)
{
    void** slot = &saved;
    // 128 bytes below the stack pointer are the caller's. The registers that a call keeps are
    // clobbered, so that the compiler saves those that it uses; %rbp may not stand in that list.
    asm volatile("leaq -128(%%rsp), %%rsp\n\t"
                 "pushq %%rbp\n\t"
                 "leaq 1f(%%rip), %%rcx\n\t"
                 "pushq %%rcx\n\t"
                 "movq %%rsp, (%%rax)\n\t"
                 "movq %%rdi, %%rsp\n\t"
                 "popq %%rcx\n\t"
                 "jmpq *%%rcx\n"
                 "1:\n\t"
                 "popq %%rbp\n\t"
                 "leaq 128(%%rsp), %%rsp"
                 : "+a"(slot), "+D"(target), "+d"(argument)
                 :
                 : "rbx",
                   "rcx",
                   "rsi",
                   "r8",
                   "r9",
                   "r10",
                   "r11",
                   "r12",
                   "r13",
                   "r14",
                   "r15",
                   "xmm0",
                   "xmm1",
                   "xmm2",
                   "xmm3",
                   "xmm4",
                   "xmm5",
                   "xmm6",
                   "xmm7",
                   "xmm8",
                   "xmm9",
                   "xmm10",
                   "xmm11",
                   "xmm12",
                   "xmm13",
                   "xmm14",
                   "xmm15",
                   "cc",
                   "memory");
    return argument;
}

#else

/** Travels with a jump of Boost's, on the stack of the context that is left. */
struct ContextLetter
{
    void** saved;
    void* argument;
};

inline void* OpenLetter(boost::context::detail::transfer_t transfer)
{
    const ContextLetter letter = *static_cast<const ContextLetter*>(transfer.data);
    *letter.saved = transfer.fctx;
    return letter.argument;
}

template <ContextEntry entry>
void StartContext(boost::context::detail::transfer_t transfer)
{
    entry(OpenLetter(transfer));
}

template <ContextEntry entry>
void* MakeContext(void* top, std::size_t bytes)
{
    return boost::context::detail::make_fcontext(top, bytes, &StartContext<entry>);
}

inline void* JumpContext(void*& saved, void* target, void* argument)
{
    ContextLetter letter{&saved, argument};
    return OpenLetter(boost::context::detail::jump_fcontext(target, &letter));
}

#endif

} // namespace interleave

#endif // INTERLEAVE_CONTEXT_JUMP_H
