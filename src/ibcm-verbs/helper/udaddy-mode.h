// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_UDADDY_MODE_H
#define IBCM_VERBS_UDADDY_MODE_H

#include "ibcm-verbs/helper/data-mode.h"

#include <cstdint>

namespace cmverbs
{

/**
 * udaddy: datagrams between two queue pairs that a service id resolution has brought together. The
 * client sends so many, each with its QPN as immediate data; when the server has them all it sends
 * as many back, to where the first came from.
 */
class UdaddyMode final : public DataMode
{
  public:
    UdaddyMode(std::uint32_t count, std::uint32_t size, bool server);

    std::size_t MemoryBytes() const override;
    std::uint32_t Depth() const override;
    bool Disconnects() const override;
    VerbsStatus Prepare(DataChannel& channel) override;
    VerbsStatus Established(DataChannel& channel) override;
    void SetPeer(std::unique_ptr<DatagramAddress> address,
                 std::uint32_t qpn,
                 std::uint32_t qkey) override;
    VerbsStatus Completed(DataChannel& channel, const Completion& completion) override;
    bool Finished() const override;
    std::uint64_t Messages() const override;

  private:
    VerbsStatus SendAll(DataChannel& channel) const;
    VerbsStatus Take(DataChannel& channel, const Completion& completion);

    const std::uint32_t m_count;
    const std::uint32_t m_size;
    const bool m_server;
    std::unique_ptr<DatagramAddress> m_address;
    std::uint32_t m_qpn{0};
    std::uint32_t m_qkey;
    std::uint32_t m_sent{0};
    std::uint32_t m_received{0};
};

} // namespace cmverbs

#endif /* IBCM_VERBS_UDADDY_MODE_H */
