// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/stack-pool.h"

#include "interleave/model/sanitizer.h"

#include <sys/mman.h>
#include <unistd.h>

#include <new>

namespace interleave
{

StackPool::StackPool(std::size_t stackBytes)
    : m_pageBytes(static_cast<std::size_t>(sysconf(_SC_PAGESIZE)))
{
    m_stackBytes = (stackBytes + m_pageBytes - 1) / m_pageBytes * m_pageBytes;
}

StackPool::~StackPool()
{
    for (const Stack& stack : m_free)
    {
        munmap(stack.base - m_pageBytes, stack.size + m_pageBytes);
    }
}

Stack StackPool::Take()
{
    if (!m_free.empty())
    {
        const Stack stack = m_free.back();
        m_free.pop_back();
        return stack;
    }
    const std::size_t total = m_stackBytes + m_pageBytes;
    void* memory = mmap(nullptr,
                        total,
                        PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK,
                        -1,
                        0);
    if (memory == MAP_FAILED)
    {
        throw std::bad_alloc();
    }
    if (mprotect(memory, m_pageBytes, PROT_NONE) != 0)
    {
        munmap(memory, total);
        throw std::bad_alloc();
    }
    ++m_mapped;
    return {static_cast<std::byte*>(memory) + m_pageBytes, m_stackBytes};
}

void StackPool::Give(Stack stack)
{
#ifdef INTERLEAVE_ASAN
    // Frames that were never left still have their red zones in place.
    __asan_unpoison_memory_region(stack.base, stack.size);
#endif
    m_free.push_back(stack);
}

} // namespace interleave
