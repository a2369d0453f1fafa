// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/command/stoppable-input.h"

#include <unistd.h>

#include <cerrno>

namespace cmverbs
{

StoppableInput::StoppableInput(int descriptor)
    : m_descriptor(descriptor)
{
}

void StoppableInput::Stop()
{
    m_stop.Wake();
}

StoppableInput::int_type StoppableInput::underflow()
{
    ssize_t size = -1;
    while (size < 0)
    {
        if (!m_stop.WaitFor(m_descriptor))
        {
            return traits_type::eof();
        }
        size = read(m_descriptor, m_buffer.data(), m_buffer.size());
        if (size == 0 || (size < 0 && errno != EINTR && errno != EAGAIN))
        {
            return traits_type::eof();
        }
    }
    setg(m_buffer.data(), m_buffer.data(), m_buffer.data() + size);
    return traits_type::to_int_type(m_buffer.front());
}

} // namespace cmverbs
