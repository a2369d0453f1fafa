// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_RUN_HEAP_H
#define LAB_RUN_HEAP_H

#include "interleave/model/sanitizer.h"

#include <cstddef>
#include <cstdint>

namespace lab
{

/**
 * The memory of one run: what the program under test (the hosts, their Connection Managers, their
 * applications) allocates between Begin() and End(). It is given back all at once, so that a run
 * that ends in the middle of things leaves nothing behind. What is freed during the run stays as it
 * is until the run ends: who uses it after that reads what was there, and is told of by a checker
 * instead of by a crash.
 *
 * Works in programs that are linked with run-heap-operators.cc, where operator new asks it; in
 * others, and under ThreadSanitizer, nothing changes. One in a process, on one OS thread while a
 * run is under way. What one run needs beyond kBytes comes from the ordinary heap and is freed in
 * the ordinary way.
 *
 * Under AddressSanitizer the blocks are malloc()'s and free()'s, which keep watch over what is
 * freed themselves; what a run leaves behind is freed when it ends, as elsewhere.
 */
class RunHeap
{
  public:
    static constexpr std::size_t kBytes = std::size_t{64} << 20;

    /** What was wrong with a pointer that was freed; @p what is a literal. Called in Free(). */
    using MisuseHandler = void (*)(void* context, const char* what);

    /** Whether this program's operator new asks the heap of a run. */
    static bool Installed();

    /** A run begins: memory of the program under test comes from here. Not nested. */
    static void Begin(MisuseHandler handler, void* context);

    /** The run is over and nobody has anything of its memory: all of it is free. */
    static void End();

    /** Blocks of the present run that have not been freed. */
    static std::size_t LiveBlocks();
    /** Their bytes. */
    static std::size_t LiveBytes();

    /** Whether memory is overwritten with kPattern when it is freed and, all of it, when the run
     * ends; off unless switched on. AddressSanitizer does more. */
    static void FillFreed(bool fill);
    static constexpr std::uint8_t kPattern = 0xdd;

    // For the operators.

    static void Install();
    /** @param alignment a power of two. @return null if it is full. */
    static void* Allocate(std::size_t bytes, std::size_t alignment);
#ifdef INTERLEAVE_ASAN
    static bool Owns(const void* pointer);
#else
    static bool Owns(const void* pointer)
    {
        return reinterpret_cast<std::uintptr_t>(pointer) - s_base < kBytes;
    }
#endif
    /** @param pointer one that it owns. */
    static void Free(void* pointer);

#ifndef INTERLEAVE_ASAN
  private:
    /** Of no user's memory, so that nothing is owned until there is a first run. */
    static constexpr std::uintptr_t kNowhere = std::uintptr_t{1} << 63;

    static std::uintptr_t s_base;
#endif
};

} // namespace lab

#endif /* LAB_RUN_HEAP_H */
