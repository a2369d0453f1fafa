// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_PING_MODE_H
#define IBCM_VERBS_PING_MODE_H

#include "ibcm-verbs/helper/data-mode.h"

#include <cstdint>
#include <span>

namespace cmverbs
{

/** Writes what message @p number consists of: no two messages or places have the same sequence. */
void FillPattern(std::span<std::uint8_t> bytes, std::uint32_t number);
/** The first byte that differs from it; the size if none does. */
std::size_t FirstDifference(std::span<const std::uint8_t> bytes, std::uint32_t number);

/** Sends one message after the other and wants each back unchanged. */
class PingMode final : public DataMode
{
  public:
    PingMode(std::uint32_t count, std::uint32_t size);

    std::size_t MemoryBytes() const override;
    std::uint32_t Depth() const override;
    bool Disconnects() const override;
    VerbsStatus Prepare(DataChannel& channel) override;
    VerbsStatus Established(DataChannel& channel) override;
    VerbsStatus Completed(DataChannel& channel, const Completion& completion) override;
    bool Finished() const override;
    std::uint64_t Messages() const override;

  private:
    VerbsStatus SendNext(DataChannel& channel);
    VerbsStatus Verify(DataChannel& channel, const Completion& completion) const;

    const std::uint32_t m_count;
    const std::uint32_t m_size;
    std::uint32_t m_back{0}; ///< messages that came back
    bool m_sent{false};      ///< the send of the present one has completed
    bool m_received{false};  ///< it is back
};

/** Sends back whatever comes. */
class EchoMode final : public DataMode
{
  public:
    /** @param size of the longest message. */
    explicit EchoMode(std::uint32_t size);

    std::size_t MemoryBytes() const override;
    std::uint32_t Depth() const override;
    bool Disconnects() const override;
    VerbsStatus Prepare(DataChannel& channel) override;
    VerbsStatus Established(DataChannel& channel) override;
    VerbsStatus Completed(DataChannel& channel, const Completion& completion) override;
    bool Finished() const override;
    std::uint64_t Messages() const override;

  private:
    const std::uint32_t m_size;
    std::uint64_t m_messages{0};
};

} // namespace cmverbs

#endif /* IBCM_VERBS_PING_MODE_H */
