// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_DATA_CHANNEL_H
#define IBCM_VERBS_DATA_CHANNEL_H

#include "ibcm-verbs/model/verbs-error.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace cmverbs
{

/** The bytes of a channel's memory that a work request means. */
struct Piece
{
    std::size_t offset{0};
    std::size_t bytes{0};
};

/** Memory of the peer. */
struct RemoteMemory
{
    std::uint64_t address{0};
    std::uint32_t key{0};
};

/** Where a datagram goes: an address handle of some channel. */
class DatagramAddress
{
  public:
    virtual ~DatagramAddress() = default;
};

enum class WorkKind : std::uint8_t
{
    kReceive,
    kSend,
    kRead,
    kWrite,
};

/** A work request has ended. */
struct Completion
{
    WorkKind kind{WorkKind::kReceive};
    Piece piece; ///< that it was posted with
    bool ok{true};
    bool flushed{false};        ///< not ok because the QP went to the error state
    std::string error;          ///< in verbs' words, if it is not ok
    std::uint32_t bytes{0};     ///< received
    std::uint32_t immediate{0}; ///< received, host byte order
    bool hasImmediate{false};
};

/**
 * What moves data over a connection: registered memory and work requests. Any thread. What a
 * datagram brings begins with 40 bytes of GRH, which its receive must have room for.
 */
class DataChannel
{
  public:
    static constexpr std::size_t kGrhBytes = 40;

    virtual ~DataChannel() = default;

    /** The queue pair's number. */
    virtual std::uint32_t ChannelNumber() const = 0;
    virtual std::span<std::uint8_t> Memory() = 0;
    /** As the peer names a byte of Memory(). */
    virtual RemoteMemory RemoteName(std::size_t offset) const = 0;

    virtual VerbsStatus PostReceive(Piece piece) = 0;
    virtual VerbsStatus PostSend(Piece piece) = 0;
    /** RDMA READ of so many bytes into @p piece. */
    virtual VerbsStatus PostRead(Piece piece, const RemoteMemory& from) = 0;
    virtual VerbsStatus PostWrite(Piece piece, const RemoteMemory& to) = 0;

    /** The way back to the sender of a datagram that was received into @p piece. */
    virtual VerbsResult<std::unique_ptr<DatagramAddress>> AnswerTo(const Completion& received) = 0;
    virtual VerbsStatus PostDatagram(Piece piece,
                                     const DatagramAddress& to,
                                     std::uint32_t qpn,
                                     std::uint32_t qkey,
                                     std::uint32_t immediate) = 0;
};

} // namespace cmverbs

#endif /* IBCM_VERBS_DATA_CHANNEL_H */
