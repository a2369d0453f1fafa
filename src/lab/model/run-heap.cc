// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The memory of a run as one piece; run-heap-asan.cc is what AddressSanitizer can watch.
#include "lab/model/run-heap.h"

#ifndef INTERLEAVE_ASAN

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

namespace lab
{

namespace
{

/** Stands before each block. */
struct BlockHeader
{
    static constexpr std::uint32_t kLive = 0x6c697665;
    static constexpr std::uint32_t kFreed = 0x66726565;

    std::uint64_t bytes;
    std::uint32_t state;
    std::uint32_t unused;
};

constexpr std::size_t kAlignment = 16;
static_assert(sizeof(BlockHeader) == kAlignment);

/** What a run may have used and the next one finds mapped; above it memory goes back. */
constexpr std::size_t kKeptBytes = std::size_t{4} << 20;

struct State
{
    std::size_t used = 0;
    std::size_t liveBlocks = 0;
    std::size_t liveBytes = 0;
    RunHeap::MisuseHandler handler = nullptr;
    void* context = nullptr;
    bool installed = false;
    bool fill = false;
};

// Constant-initialised: operator new is called before any constructor of this program.
constinit State g_state;

std::byte* Reserve()
{
    void* const memory = mmap(nullptr,
                              RunHeap::kBytes,
                              PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                              -1,
                              0);
    return memory == MAP_FAILED ? nullptr : static_cast<std::byte*>(memory);
}

BlockHeader* HeaderOf(void* block)
{
    return reinterpret_cast<BlockHeader*>(static_cast<std::byte*>(block) - sizeof(BlockHeader));
}

} // namespace

constinit std::uintptr_t RunHeap::s_base = RunHeap::kNowhere;

void RunHeap::Install()
{
    g_state.installed = true;
}

bool RunHeap::Installed()
{
    return g_state.installed;
}

void RunHeap::FillFreed(bool fill)
{
    g_state.fill = fill;
}

void RunHeap::Begin(MisuseHandler handler, void* context)
{
    if (!g_state.installed)
    {
        return;
    }
    if (s_base == kNowhere)
    {
        std::byte* const memory = Reserve();
        if (memory == nullptr)
        {
            return; // then the ordinary heap has to do
        }
        s_base = reinterpret_cast<std::uintptr_t>(memory);
    }
    g_state.handler = handler;
    g_state.context = context;
    interleave::g_programMemoryArmed = true;
}

void RunHeap::End()
{
    interleave::g_programMemoryArmed = false;
    if (g_state.fill)
    {
        std::memset(reinterpret_cast<void*>(s_base), kPattern, g_state.used);
    }
    if (g_state.used > kKeptBytes)
    {
        (void)madvise(
            reinterpret_cast<void*>(s_base + kKeptBytes), g_state.used - kKeptBytes, MADV_DONTNEED);
    }
    g_state.used = 0;
    g_state.liveBlocks = 0;
    g_state.liveBytes = 0;
    g_state.handler = nullptr;
}

std::size_t RunHeap::LiveBlocks()
{
    return g_state.liveBlocks;
}

std::size_t RunHeap::LiveBytes()
{
    return g_state.liveBytes;
}

void* RunHeap::Allocate(std::size_t bytes, std::size_t alignment)
{
    const std::size_t step = std::max(alignment, kAlignment);
    const std::size_t begin = (g_state.used + sizeof(BlockHeader) + step - 1) / step * step;
    if (bytes > kBytes || begin > kBytes - bytes)
    {
        return nullptr;
    }
    g_state.used = begin + bytes;
    ++g_state.liveBlocks;
    g_state.liveBytes += bytes;
    void* const block = reinterpret_cast<void*>(s_base + begin);
    *HeaderOf(block) = {bytes, BlockHeader::kLive, 0};
    return block;
}

void RunHeap::Free(void* pointer)
{
    BlockHeader& header = *HeaderOf(pointer);
    if (header.state != BlockHeader::kLive)
    {
        if (g_state.handler != nullptr)
        {
            g_state.handler(g_state.context,
                            header.state == BlockHeader::kFreed
                                ? "memory is freed for the second time"
                                : "memory is freed that was never allocated");
        }
        return;
    }
    header.state = BlockHeader::kFreed;
    --g_state.liveBlocks;
    g_state.liveBytes -= header.bytes;
    if (g_state.fill)
    {
        std::memset(pointer, kPattern, header.bytes);
    }
}

} // namespace lab

#endif
