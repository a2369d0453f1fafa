// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_RPING_MODE_H
#define IBCM_VERBS_RPING_MODE_H

#include "ibcm-verbs/helper/data-mode.h"

#include <array>
#include <cstdint>
#include <optional>

namespace cmverbs
{

/**
 * What the two ends of rping tell each other: a buffer. 16 bytes, big-endian: address, key, size.
 *
 * A round: the client names its source; the server READs it and says so with a message of the same
 * length; the client names its sink; the server WRITEs there what it has read, and says so.
 */
struct RpingBuffer
{
    static constexpr std::size_t kBytes = 16;

    RemoteMemory memory;
    std::uint32_t size{0};
};

std::array<std::uint8_t, RpingBuffer::kBytes> Encode(const RpingBuffer& buffer);
RpingBuffer DecodeRpingBuffer(std::span<const std::uint8_t, RpingBuffer::kBytes> bytes);

/** `rping -s`. */
class RpingServer final : public DataMode
{
  public:
    /** The longest buffer that it serves; rping's own limit is lower. */
    static constexpr std::uint32_t kMaxSize = 65536;

    std::size_t MemoryBytes() const override;
    std::uint32_t Depth() const override;
    bool Disconnects() const override;
    VerbsStatus Prepare(DataChannel& channel) override;
    VerbsStatus Established(DataChannel& channel) override;
    VerbsStatus Completed(DataChannel& channel, const Completion& completion) override;
    bool Finished() const override;
    std::uint64_t Messages() const override;

  private:
    VerbsStatus TakeBuffer(DataChannel& channel, const Completion& completion);

    bool m_sinkNext{false}; ///< the next buffer that the client names is where to write
    std::uint32_t m_size{0};
    std::uint64_t m_rounds{0};
};

/** `rping -c`: wants back what it let the server read. */
class RpingClient final : public DataMode
{
  public:
    /** @param size of a ping, with the text at its beginning. */
    RpingClient(std::uint32_t count, std::uint32_t size);

    std::size_t MemoryBytes() const override;
    std::uint32_t Depth() const override;
    bool Disconnects() const override;
    VerbsStatus Prepare(DataChannel& channel) override;
    VerbsStatus Established(DataChannel& channel) override;
    VerbsStatus Completed(DataChannel& channel, const Completion& completion) override;
    bool Finished() const override;
    std::uint64_t Messages() const override;

  private:
    VerbsStatus Begin(DataChannel& channel);
    VerbsStatus Verify(DataChannel& channel) const;

    const std::uint32_t m_count;
    const std::uint32_t m_size;
    bool m_read{false}; ///< the server has read the source
    std::uint32_t m_rounds{0};
};

} // namespace cmverbs

#endif /* IBCM_VERBS_RPING_MODE_H */
