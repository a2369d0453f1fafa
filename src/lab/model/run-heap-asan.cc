// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The memory of a run under AddressSanitizer: each block by itself, so that it knows where one ends
// and which are freed.
#include "lab/model/run-heap.h"

#ifdef INTERLEAVE_ASAN

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <new>

namespace lab
{

namespace
{

/** For what operator new itself needs. */
template <class T>
struct MallocAllocator
{
    using value_type = T;

    MallocAllocator() = default;

    // Implicit, as containers want it.
    template <class Other>
    MallocAllocator(const MallocAllocator<Other>& /*other*/)
    {
    }

    T* allocate(std::size_t count)
    {
        void* const memory = std::malloc(count * sizeof(T));
        if (memory == nullptr)
        {
            throw std::bad_alloc();
        }
        return static_cast<T*>(memory);
    }

    void deallocate(T* memory, std::size_t /*count*/)
    {
        std::free(memory);
    }

    friend bool operator==(const MallocAllocator&, const MallocAllocator&) = default;
};

/** Size by address; nothing depends on the order. */
using Blocks = std::map<std::uintptr_t,
                        std::size_t,
                        std::less<>,
                        MallocAllocator<std::pair<const std::uintptr_t, std::size_t>>>;

struct State
{
    Blocks* blocks = nullptr; // from the first run to the end of the process
    std::size_t liveBytes = 0;
    bool installed = false;
};

// Constant-initialised: operator new is called before any constructor of this program.
constinit State g_state;

std::uintptr_t Number(const void* pointer)
{
    return reinterpret_cast<std::uintptr_t>(pointer);
}

} // namespace

void RunHeap::Install()
{
    g_state.installed = true;
}

bool RunHeap::Installed()
{
    return g_state.installed;
}

void RunHeap::FillFreed(bool /*fill*/)
{
}

void RunHeap::Begin(MisuseHandler /*handler*/, void* /*context*/)
{
    if (!g_state.installed)
    {
        return;
    }
    if (g_state.blocks == nullptr)
    {
        g_state.blocks = new (std::malloc(sizeof(Blocks))) Blocks();
    }
    interleave::g_programMemoryArmed = true;
}

void RunHeap::End()
{
    interleave::g_programMemoryArmed = false;
    if (g_state.blocks == nullptr)
    {
        return;
    }
    for (const auto& [block, bytes] : *g_state.blocks)
    {
        std::free(reinterpret_cast<void*>(block));
    }
    g_state.blocks->clear();
    g_state.liveBytes = 0;
}

std::size_t RunHeap::LiveBlocks()
{
    return g_state.blocks == nullptr ? 0 : g_state.blocks->size();
}

std::size_t RunHeap::LiveBytes()
{
    return g_state.liveBytes;
}

void* RunHeap::Allocate(std::size_t bytes, std::size_t alignment)
{
    if (bytes > kBytes - g_state.liveBytes)
    {
        return nullptr;
    }
    // aligned_alloc() wants whole multiples.
    void* const block =
        alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__
            ? std::malloc(std::max<std::size_t>(bytes, 1))
            : std::aligned_alloc(alignment, (bytes + alignment) / alignment * alignment);
    if (block != nullptr)
    {
        g_state.blocks->emplace(Number(block), bytes);
        g_state.liveBytes += bytes;
    }
    return block;
}

bool RunHeap::Owns(const void* pointer)
{
    return g_state.blocks != nullptr && g_state.blocks->contains(Number(pointer));
}

void RunHeap::Free(void* pointer)
{
    if (const auto found = g_state.blocks->find(Number(pointer)); found != g_state.blocks->end())
    {
        g_state.liveBytes -= found->second;
        g_state.blocks->erase(found);
    }
    std::free(pointer);
}

} // namespace lab

#endif
