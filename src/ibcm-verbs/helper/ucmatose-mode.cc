// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/helper/ucmatose-mode.h"

#include <fmt/format.h>

#include <cerrno>

namespace cmverbs
{

UcmatoseMode::UcmatoseMode(std::uint32_t count, std::uint32_t size, bool server)
    : m_count(count),
      m_size(size),
      m_server(server)
{
}

std::size_t UcmatoseMode::MemoryBytes() const
{
    return 2 * std::size_t{m_size}; // all messages that come share one half, as all that go
}

std::uint32_t UcmatoseMode::Depth() const
{
    return m_count;
}

bool UcmatoseMode::Disconnects() const
{
    return m_server;
}

VerbsStatus UcmatoseMode::Prepare(DataChannel& channel)
{
    for (std::uint32_t i = 0; i < m_count; ++i)
    {
        if (const VerbsStatus posted = channel.PostReceive({m_size, m_size}); !posted)
        {
            return posted;
        }
    }
    return {};
}

VerbsStatus UcmatoseMode::SendAll(DataChannel& channel) const
{
    for (std::uint32_t i = 0; i < m_count; ++i)
    {
        if (const VerbsStatus posted = channel.PostSend({0, m_size}); !posted)
        {
            return posted;
        }
    }
    return {};
}

VerbsStatus UcmatoseMode::Established(DataChannel& channel)
{
    return m_server ? SendAll(channel) : VerbsStatus{};
}

VerbsStatus UcmatoseMode::Completed(DataChannel& channel, const Completion& completion)
{
    if (completion.kind == WorkKind::kSend)
    {
        ++m_sent;
        return {};
    }
    if (completion.bytes != m_size)
    {
        return tl::unexpected(VerbsError{
            EPROTO,
            fmt::format("a message of {} bytes came, not {}: both sides must name the same size",
                        completion.bytes,
                        m_size)});
    }
    ++m_received;
    return !m_server && m_received == m_count ? SendAll(channel) : VerbsStatus{};
}

bool UcmatoseMode::Finished() const
{
    return m_sent == m_count && m_received == m_count;
}

std::uint64_t UcmatoseMode::Messages() const
{
    return m_received;
}

} // namespace cmverbs
