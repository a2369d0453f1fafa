// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/context-jump.h"

namespace interleave
{

#ifdef INTERLEAVE_OWN_JUMP

// Arrives with the argument in %rdx and the frame of MakeContext() on the stack. Calls, so that the
// stack is aligned as functions expect it; nobody calls this, so that unwinding ends here.
[[gnu::naked]] void ContextStart()
{
    asm volatile(".cfi_undefined %rip\n\t"
                 "popq %rbp\n\t"
                 "popq %rcx\n\t"
                 "movq %rdx, %rdi\n\t"
                 "callq *%rcx\n\t"
                 "ud2");
}

#endif

} // namespace interleave
