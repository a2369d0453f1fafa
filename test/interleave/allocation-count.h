// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef TEST_INTERLEAVE_ALLOCATION_COUNT_H
#define TEST_INTERLEAVE_ALLOCATION_COUNT_H

#include "interleave/model/sanitizer.h"

#include <cstdint>

namespace interleave::test
{

/** False where a sanitizer replaces `operator new` itself. */
#if defined(INTERLEAVE_ASAN) || defined(INTERLEAVE_TSAN)
inline constexpr bool kCountsAllocations = false;
#else
inline constexpr bool kCountsAllocations = true;
#endif

/** What `operator new` and `operator delete` have done in this process so far. */
struct AllocationCount
{
    std::uint64_t made = 0;
    std::uint64_t freed = 0;

    std::uint64_t Alive() const
    {
        return made - freed;
    }
};

AllocationCount CountAllocations();

} // namespace interleave::test

#endif // TEST_INTERLEAVE_ALLOCATION_COUNT_H
