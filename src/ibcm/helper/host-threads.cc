// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm/helper/host-threads.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

namespace ibcm
{

namespace
{

/** Not std::thread::id: that is used again, and cannot be kept in 32 bits. */
// weft-lint: allow(determinism): names real threads; fibers never come here
thread_local std::uint32_t t_number = 0;

} // namespace

std::uint32_t ThisOsThread()
{
    static std::atomic<std::uint32_t> s_last{0};
    if (t_number == 0) [[unlikely]]
    {
        t_number = s_last.fetch_add(1, std::memory_order_relaxed) + 1;
    }
    return t_number;
}

void NameThisOsThread(const char* name)
{
    std::array<char, 16> shortened{}; // with its end: what Linux keeps
    std::memcpy(shortened.data(), name, std::min(std::strlen(name), shortened.size() - 1));
    (void)pthread_setname_np(pthread_self(), shortened.data()); // for people only
}

} // namespace ibcm
