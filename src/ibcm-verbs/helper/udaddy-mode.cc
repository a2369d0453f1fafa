// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/helper/udaddy-mode.h"

#include "ibcm-verbs/model/verbs-qp.h"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

namespace cmverbs
{

UdaddyMode::UdaddyMode(std::uint32_t count, std::uint32_t size, bool server)
    : m_count(count),
      m_size(size),
      m_server(server),
      m_qkey(kIpCmQkey)
{
}

std::size_t UdaddyMode::MemoryBytes() const
{
    // What goes; and for each that comes a place of its own, as its GRH says who sent it.
    return m_size + std::size_t{m_count} * (DataChannel::kGrhBytes + m_size);
}

std::uint32_t UdaddyMode::Depth() const
{
    return m_count;
}

bool UdaddyMode::Disconnects() const
{
    return false; // there is nothing to disconnect
}

VerbsStatus UdaddyMode::Prepare(DataChannel& channel)
{
    const std::size_t place = DataChannel::kGrhBytes + m_size;
    for (std::uint32_t i = 0; i < m_count; ++i)
    {
        if (const VerbsStatus posted = channel.PostReceive({m_size + i * place, place}); !posted)
        {
            return posted;
        }
    }
    return {};
}

VerbsStatus UdaddyMode::SendAll(DataChannel& channel) const
{
    for (std::uint32_t i = 0; i < m_count; ++i)
    {
        const VerbsStatus posted =
            channel.PostDatagram({0, m_size}, *m_address, m_qpn, m_qkey, channel.ChannelNumber());
        if (!posted)
        {
            return posted;
        }
    }
    return {};
}

void UdaddyMode::SetPeer(std::unique_ptr<DatagramAddress> address,
                         std::uint32_t qpn,
                         std::uint32_t qkey)
{
    m_address = std::move(address);
    m_qpn = qpn;
    m_qkey = qkey;
}

VerbsStatus UdaddyMode::Established(DataChannel& channel)
{
    return m_server ? VerbsStatus{} : SendAll(channel);
}

VerbsStatus UdaddyMode::Take(DataChannel& channel, const Completion& completion)
{
    if (completion.bytes != DataChannel::kGrhBytes + m_size)
    {
        return tl::unexpected(VerbsError{
            EPROTO,
            fmt::format("a datagram of {} bytes came, not {}: both sides must name the same size",
                        completion.bytes - DataChannel::kGrhBytes,
                        m_size)});
    }
    ++m_received;
    if (!m_server)
    {
        return {};
    }
    if (m_address == nullptr)
    {
        if (!completion.hasImmediate)
        {
            return tl::unexpected(VerbsError{EPROTO, "a datagram came without its sender's QPN"});
        }
        auto address = channel.AnswerTo(completion);
        if (!address)
        {
            return tl::unexpected(address.error());
        }
        m_address = std::move(*address);
        m_qpn = completion.immediate;
    }
    return m_received == m_count ? SendAll(channel) : VerbsStatus{};
}

VerbsStatus UdaddyMode::Completed(DataChannel& channel, const Completion& completion)
{
    if (completion.kind == WorkKind::kSend)
    {
        ++m_sent;
        return {};
    }
    return Take(channel, completion);
}

bool UdaddyMode::Finished() const
{
    return m_sent == m_count && m_received == m_count;
}

std::uint64_t UdaddyMode::Messages() const
{
    return m_received;
}

} // namespace cmverbs
