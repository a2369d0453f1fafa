// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_STACK_POOL_H
#define INTERLEAVE_STACK_POOL_H

#include <cstddef>
#include <vector>

namespace interleave
{

/** Memory for one fiber's stack; `base` is its lowest usable byte. */
struct Stack
{
    std::byte* base = nullptr;
    std::size_t size = 0;
};

/**
 * Stacks of one size, kept for reuse. Each has a guard page below it, so that an overflow faults
 * instead of running into the neighbour; the kernel commits pages as they are touched.
 */
class StackPool
{
  public:
    /** @param stackBytes usable bytes a stack, rounded up to whole pages. */
    explicit StackPool(std::size_t stackBytes);
    ~StackPool();
    StackPool(const StackPool&) = delete;
    StackPool& operator=(const StackPool&) = delete;

    /** @throws std::bad_alloc if the system has no memory or no mappings left. */
    Stack Take();

    /** Takes a stack back; nothing may run on it any more. */
    void Give(Stack stack);

    /** Stacks mapped so far, in use or not. */
    std::size_t Mapped() const
    {
        return m_mapped;
    }

  private:
    std::size_t m_stackBytes;
    std::size_t m_pageBytes;
    std::size_t m_mapped = 0;
    std::vector<Stack> m_free;
};

} // namespace interleave

#endif // INTERLEAVE_STACK_POOL_H
