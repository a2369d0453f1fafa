// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_UCMATOSE_MODE_H
#define IBCM_VERBS_UCMATOSE_MODE_H

#include "ibcm-verbs/helper/data-mode.h"

#include <cstdint>

namespace cmverbs
{

/**
 * ucmatose: the server sends so many messages of one size on each connection, the client takes them
 * and sends as many; then the server disconnects. What is in them is nobody's business.
 */
class UcmatoseMode final : public DataMode
{
  public:
    UcmatoseMode(std::uint32_t count, std::uint32_t size, bool server);

    std::size_t MemoryBytes() const override;
    std::uint32_t Depth() const override;
    bool Disconnects() const override;
    VerbsStatus Prepare(DataChannel& channel) override;
    VerbsStatus Established(DataChannel& channel) override;
    VerbsStatus Completed(DataChannel& channel, const Completion& completion) override;
    bool Finished() const override;
    std::uint64_t Messages() const override;

  private:
    VerbsStatus SendAll(DataChannel& channel) const;

    const std::uint32_t m_count;
    const std::uint32_t m_size;
    const bool m_server;
    std::uint32_t m_sent{0};
    std::uint32_t m_received{0};
};

} // namespace cmverbs

#endif /* IBCM_VERBS_UCMATOSE_MODE_H */
