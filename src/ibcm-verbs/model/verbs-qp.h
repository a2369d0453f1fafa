// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_VERBS_QP_H
#define IBCM_VERBS_VERBS_QP_H

#include "ibcm-verbs/model/cm-device.h"
#include "ibcm-verbs/model/data-channel.h"
#include "ibcm-verbs/model/verbs-device.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace cmverbs
{

/** The Q_Key that datagram services of the RDMA IP CM service use. */
inline constexpr std::uint32_t kIpCmQkey = 0x01234567;

struct VerbsQpOptions
{
    bool datagram{false};
    std::uint8_t port{1};       ///< of a datagram QP
    std::size_t memoryBytes{0}; ///< 0: no data will be moved
    std::uint32_t depth{1};     ///< work requests of each direction that may be posted, 1 or more
    /** Where completions are announced, and as what; null: nobody asks. */
    ibv_comp_channel* announce{nullptr};
    std::uintptr_t announceAs{0};
};

/** A queue pair with a completion queue and memory of its own. Thread-safe but for Poll. */
class VerbsQp final : public QueuePair, public DataChannel
{
  public:
    /** @param device outlives it. */
    static VerbsResult<std::unique_ptr<VerbsQp>> Make(const VerbsDevice& device,
                                                      const VerbsQpOptions& options);

    std::uint32_t Number() const override;
    VerbsStatus Modify(const ibcm::QpAttributes& attributes) override;
    VerbsStatus ModifyToError() override;

    std::uint32_t ChannelNumber() const override
    {
        return Number();
    }

    std::span<std::uint8_t> Memory() override
    {
        return m_memory;
    }

    RemoteMemory RemoteName(std::size_t offset) const override;
    VerbsStatus PostReceive(Piece piece) override;
    VerbsStatus PostSend(Piece piece) override;
    VerbsStatus PostRead(Piece piece, const RemoteMemory& from) override;
    VerbsStatus PostWrite(Piece piece, const RemoteMemory& to) override;
    /** While Poll hands it over only. */
    VerbsResult<std::unique_ptr<DatagramAddress>> AnswerTo(const Completion& received) override;
    VerbsStatus PostDatagram(Piece piece,
                             const DatagramAddress& to,
                             std::uint32_t qpn,
                             std::uint32_t qkey,
                             std::uint32_t immediate) override;

    /** A way for datagrams. @param address as the core's paths give it. */
    VerbsResult<std::unique_ptr<DatagramAddress>> AddressOf(const ibcm::MadAddress& address) const;

    /**
     * Hands over all completions that are there, one after the other; on one thread at a time. If
     * the next is to be announced, it asks for that first, so that none is missed.
     */
    void Poll(const std::function<void(const Completion&)>& take);

  private:
    explicit VerbsQp(const VerbsDevice& device, const VerbsQpOptions& options);

    VerbsStatus Initialise();
    VerbsStatus ReadyDatagrams();
    VerbsStatus Post(ibv_send_wr& request, WorkKind kind, Piece piece);
    Completion Describe(const ibv_wc& done) const;
    VerbsError Failed(const char* what, int code) const;

    const VerbsDevice& m_device;
    const VerbsQpOptions m_options;
    std::vector<std::uint8_t> m_memory;
    VerbsPtr<ibv_mr> m_region;
    VerbsPtr<ibv_cq> m_completions;
    VerbsPtr<ibv_qp> m_pair;
    ibv_wc m_latest{}; ///< what Poll is handing over: AnswerTo needs more of it than a Completion
};

} // namespace cmverbs

#endif /* IBCM_VERBS_VERBS_QP_H */
