// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "allocation-count.h"

#include <cstdlib>
#include <new>

namespace interleave::test
{

namespace
{

// One OS thread runs everything.
AllocationCount g_count;

} // namespace

AllocationCount CountAllocations()
{
    return g_count;
}

} // namespace interleave::test

#if !defined(INTERLEAVE_ASAN) && !defined(INTERLEAVE_TSAN)

// The other forms of the library call these.

void* operator new(std::size_t bytes)
{
    void* memory = std::malloc(bytes == 0 ? 1 : bytes);
    if (memory == nullptr)
    {
        throw std::bad_alloc();
    }
    ++interleave::test::g_count.made;
    return memory;
}

void operator delete(void* memory) noexcept
{
    interleave::test::g_count.freed += memory != nullptr ? 1 : 0;
    std::free(memory);
}

void operator delete(void* memory, std::size_t /*bytes*/) noexcept
{
    operator delete(memory);
}

#endif
