// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/channel-pair.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

namespace cmverbs::test
{

namespace
{

/** Where the memory of a channel seems to be: somewhere else for each. */
std::uint64_t BaseOf(std::uint32_t number)
{
    return std::uint64_t{number} << 32U;
}

class FakeAddress final : public DatagramAddress
{
};

} // namespace

FakeChannel::FakeChannel(std::uint32_t number, std::size_t bytes)
    : m_number(number),
      m_memory(bytes)
{
}

std::uint32_t FakeChannel::ChannelNumber() const
{
    return m_number;
}

std::span<std::uint8_t> FakeChannel::Memory()
{
    return m_memory;
}

RemoteMemory FakeChannel::RemoteName(std::size_t offset) const
{
    return {BaseOf(m_number) + offset, m_number};
}

VerbsStatus FakeChannel::PostReceive(Piece piece)
{
    EXPECT_LE(piece.offset + piece.bytes, m_memory.size());
    if (refuses)
    {
        return tl::unexpected(VerbsError{ENOMEM, "refused"});
    }
    receives.push_back(piece);
    return {};
}

VerbsStatus FakeChannel::Post(const Work& item)
{
    EXPECT_LE(item.piece.offset + item.piece.bytes, m_memory.size());
    if (refuses)
    {
        return tl::unexpected(VerbsError{ENOMEM, "refused"});
    }
    work.push_back(item);
    return {};
}

VerbsStatus FakeChannel::PostSend(Piece piece)
{
    Work item;
    item.piece = piece;
    return Post(item);
}

VerbsStatus FakeChannel::PostRead(Piece piece, const RemoteMemory& from)
{
    Work item;
    item.kind = WorkKind::kRead;
    item.piece = piece;
    item.remote = from;
    return Post(item);
}

VerbsStatus FakeChannel::PostWrite(Piece piece, const RemoteMemory& to)
{
    Work item;
    item.kind = WorkKind::kWrite;
    item.piece = piece;
    item.remote = to;
    return Post(item);
}

VerbsResult<std::unique_ptr<DatagramAddress>> FakeChannel::AnswerTo(const Completion& /*received*/)
{
    return std::make_unique<FakeAddress>();
}

VerbsStatus FakeChannel::PostDatagram(Piece piece,
                                      const DatagramAddress& /*to*/,
                                      std::uint32_t qpn,
                                      std::uint32_t qkey,
                                      std::uint32_t immediate)
{
    Work item;
    item.piece = piece;
    item.datagram = true;
    item.qpn = qpn;
    item.qkey = qkey;
    item.immediate = immediate;
    return Post(item);
}

ChannelPair::ChannelPair(const DataModeOptions& passive, const DataModeOptions& active)
    : server(MakeDataMode(passive)),
      client(MakeDataMode(active)),
      serverEnd(1, server->MemoryBytes()),
      clientEnd(2, client->MemoryBytes())
{
}

void ChannelPair::Connect()
{
    ASSERT_TRUE(server->Prepare(serverEnd));
    ASSERT_TRUE(client->Prepare(clientEnd));
    client->SetPeer(std::make_unique<FakeAddress>(), serverEnd.ChannelNumber(), 0x01234567);
    ASSERT_TRUE(client->Established(clientEnd));
    ASSERT_TRUE(server->Established(serverEnd));
}

VerbsStatus ChannelPair::Run(std::size_t limit)
{
    for (std::size_t step = 0; step < limit; ++step)
    {
        if (serverEnd.work.empty() && clientEnd.work.empty())
        {
            return {};
        }
        const End ofServer{*server, serverEnd};
        const End ofClient{*client, clientEnd};
        const bool clients = !clientEnd.work.empty();
        const VerbsStatus done = clients ? Step(ofClient, ofServer) : Step(ofServer, ofClient);
        if (!done)
        {
            return done;
        }
    }
    return tl::unexpected(VerbsError{ETIMEDOUT, "it does not end"});
}

VerbsStatus ChannelPair::Step(End from, End to)
{
    const FakeChannel::Work work = from.channel.work.front();
    from.channel.work.pop_front();
    const auto own = from.channel.Memory().subspan(work.piece.offset, work.piece.bytes);
    if (work.kind == WorkKind::kRead || work.kind == WorkKind::kWrite)
    {
        const std::uint64_t offset = work.remote.address - BaseOf(to.channel.ChannelNumber());
        EXPECT_EQ(work.remote.key, to.channel.ChannelNumber());
        EXPECT_LE(offset + work.piece.bytes, to.channel.Memory().size());
        const auto theirs = to.channel.Memory().subspan(offset, work.piece.bytes);
        if (onTheWay && work.kind == WorkKind::kWrite)
        {
            onTheWay(own);
        }
        work.kind == WorkKind::kRead ? std::copy(theirs.begin(), theirs.end(), own.begin())
                                     : std::copy(own.begin(), own.end(), theirs.begin());
    }
    else if (const VerbsStatus delivered = Deliver(work, from, to); !delivered)
    {
        return delivered;
    }
    Completion completion;
    completion.kind = work.kind;
    completion.piece = work.piece;
    return from.mode.Completed(from.channel, completion);
}

VerbsStatus ChannelPair::Deliver(const FakeChannel::Work& work, End from, End to)
{
    if (to.channel.receives.empty())
    {
        ADD_FAILURE() << "no receive is posted";
        return tl::unexpected(VerbsError{EIO, "receiver not ready"});
    }
    const Piece place = to.channel.receives.front();
    to.channel.receives.pop_front();
    const std::size_t header = work.datagram ? DataChannel::kGrhBytes : 0;
    if (work.datagram)
    {
        EXPECT_EQ(work.qpn, to.channel.ChannelNumber());
        EXPECT_EQ(work.qkey, 0x01234567U);
    }
    if (header + work.piece.bytes > place.bytes)
    {
        return tl::unexpected(VerbsError{EIO, "local length error"});
    }
    const auto own = from.channel.Memory().subspan(work.piece.offset, work.piece.bytes);
    const auto theirs = to.channel.Memory().subspan(place.offset + header, work.piece.bytes);
    std::copy(own.begin(), own.end(), theirs.begin());
    if (onTheWay)
    {
        onTheWay(theirs);
    }
    Completion completion;
    completion.kind = WorkKind::kReceive;
    completion.piece = place;
    completion.bytes = static_cast<std::uint32_t>(header + work.piece.bytes);
    completion.hasImmediate = work.datagram;
    completion.immediate = work.immediate;
    return to.mode.Completed(to.channel, completion);
}

} // namespace cmverbs::test
