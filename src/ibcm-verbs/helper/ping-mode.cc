// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/helper/ping-mode.h"

#include <fmt/format.h>

#include <cerrno>

namespace cmverbs
{

namespace
{

constexpr std::uint32_t kEchoSlots = 4;

std::uint8_t PatternAt(std::size_t place, std::uint32_t number)
{
    // The number's bytes first, then a sequence whose period is prime.
    if (place < sizeof number)
    {
        return static_cast<std::uint8_t>(number >> (8 * place));
    }
    return static_cast<std::uint8_t>((place * 7 + std::size_t{number} * 13) % 251);
}

} // namespace

void FillPattern(std::span<std::uint8_t> bytes, std::uint32_t number)
{
    for (std::size_t i = 0; i < bytes.size(); ++i)
    {
        bytes[i] = PatternAt(i, number);
    }
}

std::size_t FirstDifference(std::span<const std::uint8_t> bytes, std::uint32_t number)
{
    std::size_t place = 0;
    while (place < bytes.size() && bytes[place] == PatternAt(place, number))
    {
        ++place;
    }
    return place;
}

PingMode::PingMode(std::uint32_t count, std::uint32_t size)
    : m_count(count),
      m_size(size)
{
}

std::size_t PingMode::MemoryBytes() const
{
    return 2 * std::size_t{m_size};
}

std::uint32_t PingMode::Depth() const
{
    return 2;
}

bool PingMode::Disconnects() const
{
    return true;
}

VerbsStatus PingMode::Prepare(DataChannel& channel)
{
    return channel.PostReceive({m_size, m_size});
}

VerbsStatus PingMode::Established(DataChannel& channel)
{
    return SendNext(channel);
}

VerbsStatus PingMode::SendNext(DataChannel& channel)
{
    m_sent = false;
    m_received = false;
    FillPattern(channel.Memory().first(m_size), m_back);
    return channel.PostSend({0, m_size});
}

VerbsStatus PingMode::Verify(DataChannel& channel, const Completion& completion) const
{
    if (completion.bytes != m_size)
    {
        return tl::unexpected(VerbsError{
            EPROTO,
            fmt::format(
                "message {} came back with {} bytes, not {}", m_back, completion.bytes, m_size)});
    }
    const std::size_t place = FirstDifference(channel.Memory().subspan(m_size, m_size), m_back);
    if (place != m_size)
    {
        return tl::unexpected(VerbsError{
            EPROTO, fmt::format("message {} came back with byte {} changed", m_back, place)});
    }
    return {};
}

VerbsStatus PingMode::Completed(DataChannel& channel, const Completion& completion)
{
    if (completion.kind == WorkKind::kReceive)
    {
        if (const VerbsStatus same = Verify(channel, completion); !same)
        {
            return same;
        }
        m_received = true;
    }
    m_sent = m_sent || completion.kind == WorkKind::kSend;
    if (!m_sent || !m_received)
    {
        return {};
    }
    ++m_back;
    if (Finished())
    {
        m_sent = false;
        return {};
    }
    if (const VerbsStatus posted = channel.PostReceive({m_size, m_size}); !posted)
    {
        return posted;
    }
    return SendNext(channel);
}

bool PingMode::Finished() const
{
    return m_back == m_count;
}

std::uint64_t PingMode::Messages() const
{
    return m_back;
}

EchoMode::EchoMode(std::uint32_t size)
    : m_size(size)
{
}

std::size_t EchoMode::MemoryBytes() const
{
    return kEchoSlots * std::size_t{m_size};
}

std::uint32_t EchoMode::Depth() const
{
    return kEchoSlots;
}

bool EchoMode::Disconnects() const
{
    return false;
}

VerbsStatus EchoMode::Prepare(DataChannel& channel)
{
    for (std::uint32_t slot = 0; slot < kEchoSlots; ++slot)
    {
        if (const auto posted = channel.PostReceive({std::size_t{slot} * m_size, m_size}); !posted)
        {
            return posted;
        }
    }
    return {};
}

VerbsStatus EchoMode::Established(DataChannel& /*channel*/)
{
    return {};
}

VerbsStatus EchoMode::Completed(DataChannel& channel, const Completion& completion)
{
    if (completion.kind == WorkKind::kReceive)
    {
        ++m_messages;
        return channel.PostSend({completion.piece.offset, completion.bytes});
    }
    return channel.PostReceive({completion.piece.offset, m_size}); // the slot is free again
}

bool EchoMode::Finished() const
{
    return true; // it is the peer who knows how many there are
}

std::uint64_t EchoMode::Messages() const
{
    return m_messages;
}

} // namespace cmverbs
