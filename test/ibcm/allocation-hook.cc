// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "allocation-hook.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>

namespace ibcm::test
{

namespace
{

std::atomic<AllocationHook*> g_hook{nullptr};

} // namespace

AllocationHook::AllocationHook(const StepRuntime& runtime)
    : m_runtime(runtime)
{
    if (g_hook.exchange(this) != nullptr)
    {
        std::fputs("AllocationHook: there is one already\n", stderr);
        std::abort();
    }
}

AllocationHook::~AllocationHook()
{
    g_hook.store(nullptr);
}

std::size_t AllocationHook::Allocations() const
{
    return m_allocations;
}

std::size_t AllocationHook::Frees() const
{
    return m_frees;
}

std::size_t AllocationHook::Others() const
{
    return m_others;
}

std::size_t AllocationHook::FirstBytes() const
{
    return m_firstBytes;
}

void AllocationHook::Allocated(std::size_t bytes)
{
    AllocationHook* hook = g_hook.load(std::memory_order_relaxed);
    if (hook == nullptr)
    {
        return;
    }
    if (hook->m_runtime.LocksHeld() == 0)
    {
        ++hook->m_others;
        return;
    }
    if (++hook->m_allocations == 1)
    {
        hook->m_firstBytes = bytes;
    }
}

void AllocationHook::Freed()
{
    AllocationHook* hook = g_hook.load(std::memory_order_relaxed);
    if (hook != nullptr && hook->m_runtime.LocksHeld() != 0)
    {
        ++hook->m_frees;
    }
}

namespace
{

void* Allocate(std::size_t bytes) noexcept
{
    AllocationHook::Allocated(bytes);
    return std::malloc(bytes == 0 ? 1 : bytes);
}

void* Allocate(std::size_t bytes, std::align_val_t alignment) noexcept
{
    AllocationHook::Allocated(bytes);
    const auto unit = static_cast<std::size_t>(alignment);
    // aligned_alloc wants a multiple of the alignment.
    return std::aligned_alloc(unit, (std::max<std::size_t>(bytes, 1) + unit - 1) / unit * unit);
}

void* OrThrow(void* memory)
{
    if (memory == nullptr)
    {
        throw std::bad_alloc();
    }
    return memory;
}

void Free(void* memory) noexcept
{
    AllocationHook::Freed();
    std::free(memory);
}

} // namespace

} // namespace ibcm::test

// All forms are replaced: under a sanitizer those left out would come from its own allocator.
void* operator new(std::size_t bytes)
{
    return ibcm::test::OrThrow(ibcm::test::Allocate(bytes));
}

void* operator new[](std::size_t bytes)
{
    return ibcm::test::OrThrow(ibcm::test::Allocate(bytes));
}

void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept
{
    return ibcm::test::Allocate(bytes);
}

void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept
{
    return ibcm::test::Allocate(bytes);
}

void* operator new(std::size_t bytes, std::align_val_t alignment)
{
    return ibcm::test::OrThrow(ibcm::test::Allocate(bytes, alignment));
}

void* operator new[](std::size_t bytes, std::align_val_t alignment)
{
    return ibcm::test::OrThrow(ibcm::test::Allocate(bytes, alignment));
}

void* operator new(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept
{
    return ibcm::test::Allocate(bytes, alignment);
}

void* operator new[](std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept
{
    return ibcm::test::Allocate(bytes, alignment);
}

void operator delete(void* memory) noexcept
{
    ibcm::test::Free(memory);
}

void operator delete[](void* memory) noexcept
{
    ibcm::test::Free(memory);
}

void operator delete(void* memory, std::size_t) noexcept
{
    ibcm::test::Free(memory);
}

void operator delete[](void* memory, std::size_t) noexcept
{
    ibcm::test::Free(memory);
}

void operator delete(void* memory, const std::nothrow_t&) noexcept
{
    ibcm::test::Free(memory);
}

void operator delete[](void* memory, const std::nothrow_t&) noexcept
{
    ibcm::test::Free(memory);
}

void operator delete(void* memory, std::align_val_t) noexcept
{
    ibcm::test::Free(memory);
}

void operator delete[](void* memory, std::align_val_t) noexcept
{
    ibcm::test::Free(memory);
}

void operator delete(void* memory, std::size_t, std::align_val_t) noexcept
{
    ibcm::test::Free(memory);
}

void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept
{
    ibcm::test::Free(memory);
}

void operator delete(void* memory, std::align_val_t, const std::nothrow_t&) noexcept
{
    ibcm::test::Free(memory);
}

void operator delete[](void* memory, std::align_val_t, const std::nothrow_t&) noexcept
{
    ibcm::test::Free(memory);
}
