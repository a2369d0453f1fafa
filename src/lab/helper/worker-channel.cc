// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/worker-channel.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace lab
{

WorkerChannel::WorkerChannel(WorkerChannel&& other) noexcept
    : m_fd(std::exchange(other.m_fd, -1)),
      m_received(std::move(other.m_received))
{
}

WorkerChannel::~WorkerChannel()
{
    if (m_fd >= 0)
    {
        close(m_fd);
    }
}

bool WorkerChannel::Send(const Json& message)
{
    // A report may hold bytes from outside; what is no UTF-8 must not end the campaign.
    const std::string line = message.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n";
    std::size_t sent = 0;
    while (sent < line.size())
    {
        const ssize_t count = send(m_fd, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR)
        {
            continue;
        }
        if (count < 0)
        {
            return false;
        }
        sent += static_cast<std::size_t>(count);
    }
    return true;
}

bool WorkerChannel::Read(int flags)
{
    std::array<char, 1U << 16> buffer;
    while (true)
    {
        const ssize_t count = recv(m_fd, buffer.data(), buffer.size(), flags);
        if (count > 0)
        {
            m_received.append(buffer.data(), static_cast<std::size_t>(count));
            return true;
        }
        if (count == 0)
        {
            return false;
        }
        if (errno != EINTR)
        {
            return errno == EAGAIN || errno == EWOULDBLOCK;
        }
    }
}

bool WorkerChannel::Fill()
{
    return Read(MSG_DONTWAIT);
}

std::optional<Json> WorkerChannel::Next()
{
    const std::size_t end = m_received.find('\n');
    if (end == std::string::npos)
    {
        return std::nullopt;
    }
    Json message = Json::parse(m_received.begin(), m_received.begin() + static_cast<long>(end));
    m_received.erase(0, end + 1);
    return message;
}

std::optional<Json> WorkerChannel::Receive()
{
    while (true)
    {
        if (auto message = Next())
        {
            return message;
        }
        if (!Read(0))
        {
            return std::nullopt;
        }
    }
}

} // namespace lab
