// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/helper/rping-mode.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

namespace cmverbs
{

namespace
{

constexpr std::size_t kInfo = RpingBuffer::kBytes;
constexpr std::uint32_t kDepth = 4;

// The server's memory: what the client says, what is said to it (always zero), the data.
constexpr Piece kServerIn{0, kInfo};
constexpr Piece kServerOut{kInfo, kInfo};
constexpr std::size_t kServerData = 64;

// The client's: what the server says, both buffers' descriptions, source, sink.
constexpr Piece kClientIn{0, kInfo};
constexpr Piece kSourceInfo{kInfo, kInfo};
constexpr Piece kSinkInfo{2 * kInfo, kInfo};
constexpr std::size_t kSource = 64;

template <class T>
void PutBig(std::uint8_t* to, T value)
{
    for (std::size_t i = sizeof value; i-- > 0; value = static_cast<T>(value >> 8U))
    {
        to[i] = static_cast<std::uint8_t>(value);
    }
}

template <class T>
T GetBig(const std::uint8_t* from)
{
    T value = 0;
    for (std::size_t i = 0; i < sizeof value; ++i)
    {
        value = static_cast<T>(value << 8U | from[i]);
    }
    return value;
}

/** The bytes of a ping: its number as text, then letters that begin one further each time. */
void FillPing(std::span<std::uint8_t> bytes, std::uint32_t number)
{
    constexpr std::uint32_t kLetters = 'z' - 'A' + 1;
    const std::string text = fmt::format("rdma-ping-{}: ", number);
    for (std::size_t i = 0; i < bytes.size(); ++i)
    {
        bytes[i] = i < text.size()
                       ? static_cast<std::uint8_t>(text[i])
                       : static_cast<std::uint8_t>('A' + (number + i - text.size()) % kLetters);
    }
    if (!bytes.empty())
    {
        bytes.back() = 0; // it is printed as a string
    }
}

VerbsStatus CheckLength(const Completion& completion)
{
    if (completion.bytes == kInfo)
    {
        return {};
    }
    return tl::unexpected(VerbsError{
        EPROTO,
        fmt::format("a message of {} bytes came, where rping's have {}", completion.bytes, kInfo)});
}

} // namespace

std::array<std::uint8_t, RpingBuffer::kBytes> Encode(const RpingBuffer& buffer)
{
    std::array<std::uint8_t, kInfo> bytes{};
    PutBig(&bytes[0], buffer.memory.address);
    PutBig(&bytes[8], buffer.memory.key);
    PutBig(&bytes[12], buffer.size);
    return bytes;
}

RpingBuffer DecodeRpingBuffer(std::span<const std::uint8_t, RpingBuffer::kBytes> bytes)
{
    RpingBuffer buffer;
    buffer.memory.address = GetBig<std::uint64_t>(&bytes[0]);
    buffer.memory.key = GetBig<std::uint32_t>(&bytes[8]);
    buffer.size = GetBig<std::uint32_t>(&bytes[12]);
    return buffer;
}

std::size_t RpingServer::MemoryBytes() const
{
    return kServerData + kMaxSize;
}

std::uint32_t RpingServer::Depth() const
{
    return kDepth;
}

bool RpingServer::Disconnects() const
{
    return false;
}

VerbsStatus RpingServer::Prepare(DataChannel& channel)
{
    return channel.PostReceive(kServerIn);
}

VerbsStatus RpingServer::Established(DataChannel& /*channel*/)
{
    return {};
}

VerbsStatus RpingServer::TakeBuffer(DataChannel& channel, const Completion& completion)
{
    if (const VerbsStatus length = CheckLength(completion); !length)
    {
        return length;
    }
    const RpingBuffer buffer = DecodeRpingBuffer(channel.Memory().first<kInfo>());
    if (!m_sinkNext)
    {
        m_size = buffer.size;
    }
    if (buffer.size > kMaxSize || buffer.size < m_size)
    {
        return tl::unexpected(
            VerbsError{EPROTO,
                       fmt::format("the client names a buffer of {} bytes, where up to {} are "
                                   "served and {} are to go back",
                                   buffer.size,
                                   kMaxSize,
                                   m_sinkNext ? m_size : 0)});
    }
    // Before the client hears of anything: its next message may follow at once.
    if (const VerbsStatus posted = channel.PostReceive(kServerIn); !posted)
    {
        return posted;
    }
    const Piece data{kServerData, m_size};
    return m_sinkNext ? channel.PostWrite(data, buffer.memory)
                      : channel.PostRead(data, buffer.memory);
}

VerbsStatus RpingServer::Completed(DataChannel& channel, const Completion& completion)
{
    switch (completion.kind)
    {
    case WorkKind::kReceive:
        return TakeBuffer(channel, completion);
    case WorkKind::kRead:
        m_sinkNext = true;
        return channel.PostSend(kServerOut);
    case WorkKind::kWrite:
        m_sinkNext = false;
        ++m_rounds;
        return channel.PostSend(kServerOut);
    case WorkKind::kSend:
        break;
    }
    return {};
}

bool RpingServer::Finished() const
{
    return !m_sinkNext; // between two rounds the client may go
}

std::uint64_t RpingServer::Messages() const
{
    return m_rounds;
}

RpingClient::RpingClient(std::uint32_t count, std::uint32_t size)
    : m_count(count),
      m_size(size)
{
}

std::size_t RpingClient::MemoryBytes() const
{
    return kSource + 2 * std::size_t{m_size};
}

std::uint32_t RpingClient::Depth() const
{
    return kDepth;
}

bool RpingClient::Disconnects() const
{
    return true;
}

VerbsStatus RpingClient::Prepare(DataChannel& channel)
{
    const auto source = Encode(RpingBuffer{channel.RemoteName(kSource), m_size});
    const auto sink = Encode(RpingBuffer{channel.RemoteName(kSource + m_size), m_size});
    std::copy(source.begin(), source.end(), channel.Memory().subspan(kSourceInfo.offset).begin());
    std::copy(sink.begin(), sink.end(), channel.Memory().subspan(kSinkInfo.offset).begin());
    return channel.PostReceive(kClientIn);
}

VerbsStatus RpingClient::Established(DataChannel& channel)
{
    return Begin(channel);
}

VerbsStatus RpingClient::Begin(DataChannel& channel)
{
    m_read = false;
    FillPing(channel.Memory().subspan(kSource, m_size), m_rounds);
    std::ranges::fill(channel.Memory().subspan(kSource + m_size, m_size), std::uint8_t{0xff});
    return channel.PostSend(kSourceInfo);
}

VerbsStatus RpingClient::Verify(DataChannel& channel) const
{
    const auto source = channel.Memory().subspan(kSource, m_size);
    const auto sink = channel.Memory().subspan(kSource + m_size, m_size);
    const auto differ = std::mismatch(source.begin(), source.end(), sink.begin());
    if (differ.first == source.end())
    {
        return {};
    }
    return tl::unexpected(VerbsError{EPROTO,
                                     fmt::format("ping {} came back with byte {} changed",
                                                 m_rounds,
                                                 differ.first - source.begin())});
}

VerbsStatus RpingClient::Completed(DataChannel& channel, const Completion& completion)
{
    if (completion.kind != WorkKind::kReceive)
    {
        return {};
    }
    if (const VerbsStatus length = CheckLength(completion); !length)
    {
        return length;
    }
    const bool roundOver = m_read;
    if (roundOver)
    {
        if (const VerbsStatus same = Verify(channel); !same)
        {
            return same;
        }
        ++m_rounds;
        if (Finished())
        {
            return {};
        }
    }
    if (const VerbsStatus posted = channel.PostReceive(kClientIn); !posted)
    {
        return posted;
    }
    if (roundOver)
    {
        return Begin(channel);
    }
    m_read = true;
    return channel.PostSend(kSinkInfo);
}

bool RpingClient::Finished() const
{
    return m_rounds == m_count;
}

std::uint64_t RpingClient::Messages() const
{
    return m_rounds;
}

} // namespace cmverbs
