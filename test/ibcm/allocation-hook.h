// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef TEST_IBCM_ALLOCATION_HOOK_H
#define TEST_IBCM_ALLOCATION_HOOK_H

#include "ibcm/helper/step-runtime.h"

#include <cstddef>

namespace ibcm::test
{

/**
 * Counts what is allocated and freed while any lock of one StepRuntime is held, as long as this
 * lives. One at a time in a program; the global operators new and delete of the test program report
 * to it. Memory that does not come from them (malloc) is not seen.
 */
class AllocationHook
{
  public:
    explicit AllocationHook(const StepRuntime& runtime);
    ~AllocationHook();

    AllocationHook(const AllocationHook&) = delete;
    AllocationHook& operator=(const AllocationHook&) = delete;

    /** Allocations under a lock. */
    std::size_t Allocations() const;
    /** Frees under a lock, of null pointers too. */
    std::size_t Frees() const;
    /** Allocations without a lock: that the hook sees anything at all. */
    std::size_t Others() const;
    /** Bytes of the first allocation under a lock: a hint at what it is; 0 if there was none. */
    std::size_t FirstBytes() const;

    /** For the operators. */
    static void Allocated(std::size_t bytes);
    static void Freed();

  private:
    const StepRuntime& m_runtime;
    std::size_t m_allocations{0};
    std::size_t m_frees{0};
    std::size_t m_others{0};
    std::size_t m_firstBytes{0};
};

} // namespace ibcm::test

#endif /* TEST_IBCM_ALLOCATION_HOOK_H */
