// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// operator new and delete of programs that explore: the memory of a run comes from its RunHeap,
// everything else from malloc. Linked into weft, the tests and the benchmarks; not into libraries
// that others load, whose memory is not ours to manage.
#include "interleave/model/sanitizer.h"
#include "lab/model/run-heap.h"

#include <cstdlib>
#include <new>

// ThreadSanitizer has operators of its own and keeps watch over freed memory itself.
#ifndef INTERLEAVE_TSAN

namespace
{

constexpr std::size_t kDefault = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

[[maybe_unused]] const bool g_installed = []
{
    lab::RunHeap::Install();
    return true;
}();

void* FromMalloc(std::size_t bytes, std::size_t alignment)
{
    if (alignment <= kDefault)
    {
        return std::malloc(bytes == 0 ? 1 : bytes);
    }
    // aligned_alloc() wants whole multiples.
    return std::aligned_alloc(alignment, (bytes + alignment) / alignment * alignment);
}

inline void* TryAllocate(std::size_t bytes, std::size_t alignment)
{
    if (interleave::g_programMemory)
    {
        if (void* const memory = lab::RunHeap::Allocate(bytes, alignment))
        {
            return memory;
        }
    }
    return FromMalloc(bytes, alignment);
}

inline void* Allocate(std::size_t bytes, std::size_t alignment)
{
    for (;;)
    {
        if (void* const memory = TryAllocate(bytes, alignment)) [[likely]]
        {
            return memory;
        }
        const std::new_handler handler = std::get_new_handler();
        if (handler == nullptr)
        {
            throw std::bad_alloc();
        }
        handler();
    }
}

inline void Release(void* memory)
{
    if (lab::RunHeap::Owns(memory))
    {
        lab::RunHeap::Free(memory);
        return;
    }
    std::free(memory);
}

std::size_t Value(std::align_val_t alignment)
{
    return static_cast<std::size_t>(alignment);
}

} // namespace

// The arrays' operators call these by themselves, but for those of AddressSanitizer.

void* operator new(std::size_t bytes)
{
    return Allocate(bytes, kDefault);
}

void* operator new(std::size_t bytes, std::align_val_t alignment)
{
    return Allocate(bytes, Value(alignment));
}

void* operator new(std::size_t bytes, const std::nothrow_t& /*tag*/) noexcept
{
    return TryAllocate(bytes, kDefault);
}

void* operator new(std::size_t bytes,
                   std::align_val_t alignment,
                   const std::nothrow_t& /*tag*/) noexcept
{
    return TryAllocate(bytes, Value(alignment));
}

void operator delete(void* memory) noexcept
{
    Release(memory);
}

void operator delete(void* memory, std::size_t /*bytes*/) noexcept
{
    Release(memory);
}

void operator delete(void* memory, std::align_val_t /*alignment*/) noexcept
{
    Release(memory);
}

void operator delete(void* memory, std::size_t /*bytes*/, std::align_val_t /*alignment*/) noexcept
{
    Release(memory);
}

#ifdef INTERLEAVE_ASAN

void* operator new[](std::size_t bytes)
{
    return Allocate(bytes, kDefault);
}

void* operator new[](std::size_t bytes, std::align_val_t alignment)
{
    return Allocate(bytes, Value(alignment));
}

void* operator new[](std::size_t bytes, const std::nothrow_t& /*tag*/) noexcept
{
    return TryAllocate(bytes, kDefault);
}

void* operator new[](std::size_t bytes,
                     std::align_val_t alignment,
                     const std::nothrow_t& /*tag*/) noexcept
{
    return TryAllocate(bytes, Value(alignment));
}

void operator delete[](void* memory) noexcept
{
    Release(memory);
}

void operator delete[](void* memory, std::size_t /*bytes*/) noexcept
{
    Release(memory);
}

void operator delete[](void* memory, std::align_val_t /*alignment*/) noexcept
{
    Release(memory);
}

void operator delete[](void* memory, std::size_t /*bytes*/, std::align_val_t /*alignment*/) noexcept
{
    Release(memory);
}

#endif

#endif
