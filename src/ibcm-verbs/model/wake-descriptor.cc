// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/model/wake-descriptor.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace cmverbs
{

WakeDescriptor::WakeDescriptor()
    : m_descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))
{
    if (m_descriptor < 0)
    {
        std::perror("eventfd"); // no threads can be ended without it
        std::abort();
    }
}

WakeDescriptor::~WakeDescriptor()
{
    close(m_descriptor);
}

void WakeDescriptor::Wake()
{
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(m_descriptor, &one, sizeof one);
}

bool WakeDescriptor::WaitFor(int descriptor) const
{
    std::array<pollfd, 2> both{{{m_descriptor, POLLIN, 0}, {descriptor, POLLIN, 0}}};
    for (;;)
    {
        const int ready = poll(both.data(), both.size(), -1);
        if (both[0].revents != 0)
        {
            return false;
        }
        if (ready > 0 || errno != EINTR)
        {
            return true;
        }
    }
}

} // namespace cmverbs
