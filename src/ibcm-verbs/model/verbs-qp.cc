// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/model/verbs-qp.h"

#include "ibcm-verbs/model/verbs-attributes.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <utility>

namespace cmverbs
{

namespace
{

constexpr unsigned kOffsetBits = 31;
constexpr unsigned kByteBits = 31;

/** The number of a work request says what it was for. */
std::uint64_t NumberOf(WorkKind kind, Piece piece)
{
    return static_cast<std::uint64_t>(kind) << (kOffsetBits + kByteBits) |
           std::uint64_t{piece.offset} << kByteBits | std::uint64_t{piece.bytes};
}

WorkKind KindOf(std::uint64_t number)
{
    return static_cast<WorkKind>(number >> (kOffsetBits + kByteBits));
}

Piece PieceOf(std::uint64_t number)
{
    return {(number >> kByteBits) & ((1ULL << kOffsetBits) - 1),
            number & ((1ULL << kByteBits) - 1)};
}

class AddressHandle final : public DatagramAddress
{
  public:
    explicit AddressHandle(VerbsPtr<ibv_ah> handle)
        : m_handle(std::move(handle))
    {
    }

    ibv_ah* Get() const
    {
        return m_handle.get();
    }

  private:
    VerbsPtr<ibv_ah> m_handle;
};

} // namespace

VerbsResult<std::unique_ptr<VerbsQp>> VerbsQp::Make(const VerbsDevice& device,
                                                    const VerbsQpOptions& options)
{
    std::unique_ptr<VerbsQp> pair(new VerbsQp(device, options));
    if (const VerbsStatus made = pair->Initialise(); !made)
    {
        return tl::unexpected(made.error());
    }
    return pair;
}

VerbsQp::VerbsQp(const VerbsDevice& device, const VerbsQpOptions& options)
    : m_device(device),
      m_options(options),
      m_memory(options.memoryBytes)
{
}

VerbsStatus VerbsQp::Initialise()
{
    if (!m_memory.empty())
    {
        m_region.reset(
            ibv_reg_mr(m_device.Domain(),
                       m_memory.data(),
                       m_memory.size(),
                       IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_READ | IBV_ACCESS_REMOTE_WRITE));
        if (m_region == nullptr)
        {
            return tl::unexpected(Failed("register memory", errno));
        }
    }
    const auto depth = static_cast<int>(m_options.depth);
    m_completions.reset(ibv_create_cq(m_device.Context(),
                                      2 * depth,
                                      reinterpret_cast<void*>(m_options.announceAs),
                                      m_options.announce,
                                      0));
    if (m_completions == nullptr)
    {
        return tl::unexpected(Failed("make a completion queue", errno));
    }
    if (m_options.announce != nullptr)
    {
        if (const int code = ibv_req_notify_cq(m_completions.get(), 0); code != 0)
        {
            return tl::unexpected(Failed("ask for completions", code));
        }
    }
    ibv_qp_init_attr wanted{};
    wanted.send_cq = m_completions.get();
    wanted.recv_cq = m_completions.get();
    wanted.cap.max_send_wr = m_options.depth;
    wanted.cap.max_recv_wr = m_options.depth;
    wanted.cap.max_send_sge = 1;
    wanted.cap.max_recv_sge = 1;
    wanted.qp_type = m_options.datagram ? IBV_QPT_UD : IBV_QPT_RC;
    wanted.sq_sig_all = 1;
    m_pair.reset(ibv_create_qp(m_device.Domain(), &wanted));
    if (m_pair == nullptr)
    {
        return tl::unexpected(Failed("make a queue pair", errno));
    }
    m_device.HandOver(); // to who waits for completions and events
    return m_options.datagram ? ReadyDatagrams() : VerbsStatus{};
}

VerbsStatus VerbsQp::ReadyDatagrams()
{
    ibv_qp_attr attributes{};
    attributes.qp_state = IBV_QPS_INIT;
    attributes.port_num = m_options.port;
    attributes.qkey = kIpCmQkey;
    struct Step
    {
        ibv_qp_state state;
        int mask;
    };
    constexpr std::array<Step, 3> kSteps{{
        {IBV_QPS_INIT, IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_QKEY},
        {IBV_QPS_RTR, IBV_QP_STATE},
        {IBV_QPS_RTS, IBV_QP_STATE | IBV_QP_SQ_PSN},
    }};
    for (const Step& step : kSteps)
    {
        attributes.qp_state = step.state;
        if (const int code = ibv_modify_qp(m_pair.get(), &attributes, step.mask); code != 0)
        {
            return tl::unexpected(Failed("ready a datagram queue pair", code));
        }
    }
    return {};
}

std::uint32_t VerbsQp::Number() const
{
    return m_pair->qp_num;
}

VerbsStatus VerbsQp::Modify(const ibcm::QpAttributes& attributes)
{
    VerbsAttributes verbs = ToVerbs(attributes);
    if (const int code = ibv_modify_qp(m_pair.get(), &verbs.attributes, verbs.mask); code != 0)
    {
        constexpr std::array<const char*, 3> kTargets{"INIT", "RTR", "RTS"};
        const auto target = static_cast<std::size_t>(attributes.target);
        return tl::unexpected(
            Failed(fmt::format("move the queue pair to {}", kTargets[target]).c_str(), code));
    }
    return {};
}

VerbsStatus VerbsQp::ModifyToError()
{
    ibv_qp_attr attributes{};
    attributes.qp_state = IBV_QPS_ERR;
    if (const int code = ibv_modify_qp(m_pair.get(), &attributes, IBV_QP_STATE); code != 0)
    {
        return tl::unexpected(Failed("move the queue pair to the error state", code));
    }
    return {};
}

RemoteMemory VerbsQp::RemoteName(std::size_t offset) const
{
    return {reinterpret_cast<std::uintptr_t>(m_memory.data()) + offset,
            m_region == nullptr ? 0 : m_region->rkey};
}

namespace
{

ibv_sge Scatter(const std::vector<std::uint8_t>& memory, const ibv_mr* region, Piece piece)
{
    return {reinterpret_cast<std::uintptr_t>(memory.data()) + piece.offset,
            static_cast<std::uint32_t>(piece.bytes),
            region == nullptr ? 0 : region->lkey};
}

} // namespace

VerbsStatus VerbsQp::PostReceive(Piece piece)
{
    ibv_sge scatter = Scatter(m_memory, m_region.get(), piece);
    ibv_recv_wr request{};
    request.wr_id = NumberOf(WorkKind::kReceive, piece);
    request.sg_list = &scatter;
    request.num_sge = 1;
    ibv_recv_wr* refused = nullptr;
    if (const int code = ibv_post_recv(m_pair.get(), &request, &refused); code != 0)
    {
        return tl::unexpected(Failed("post a receive", code));
    }
    return {};
}

VerbsStatus VerbsQp::Post(ibv_send_wr& request, WorkKind kind, Piece piece)
{
    ibv_sge scatter = Scatter(m_memory, m_region.get(), piece);
    request.wr_id = NumberOf(kind, piece);
    request.sg_list = &scatter;
    request.num_sge = 1;
    ibv_send_wr* refused = nullptr;
    if (const int code = ibv_post_send(m_pair.get(), &request, &refused); code != 0)
    {
        return tl::unexpected(Failed("post a send", code));
    }
    return {};
}

VerbsStatus VerbsQp::PostSend(Piece piece)
{
    ibv_send_wr request{};
    request.opcode = IBV_WR_SEND;
    return Post(request, WorkKind::kSend, piece);
}

VerbsStatus VerbsQp::PostRead(Piece piece, const RemoteMemory& from)
{
    ibv_send_wr request{};
    request.opcode = IBV_WR_RDMA_READ;
    request.wr.rdma.remote_addr = from.address;
    request.wr.rdma.rkey = from.key;
    return Post(request, WorkKind::kRead, piece);
}

VerbsStatus VerbsQp::PostWrite(Piece piece, const RemoteMemory& to)
{
    ibv_send_wr request{};
    request.opcode = IBV_WR_RDMA_WRITE;
    request.wr.rdma.remote_addr = to.address;
    request.wr.rdma.rkey = to.key;
    return Post(request, WorkKind::kWrite, piece);
}

VerbsResult<std::unique_ptr<DatagramAddress>> VerbsQp::AnswerTo(const Completion& received)
{
    auto* grh = reinterpret_cast<ibv_grh*>(&m_memory[received.piece.offset]);
    VerbsPtr<ibv_ah> handle(
        ibv_create_ah_from_wc(m_device.Domain(), &m_latest, grh, m_options.port));
    if (handle == nullptr)
    {
        return tl::unexpected(Failed("make an address handle for an answer", errno));
    }
    return std::make_unique<AddressHandle>(std::move(handle));
}

VerbsResult<std::unique_ptr<DatagramAddress>> VerbsQp::AddressOf(
    const ibcm::MadAddress& address) const
{
    ibv_ah_attr attributes = ToVerbs(address, m_options.port);
    VerbsPtr<ibv_ah> handle(ibv_create_ah(m_device.Domain(), &attributes));
    if (handle == nullptr)
    {
        return tl::unexpected(Failed("make an address handle", errno));
    }
    return std::make_unique<AddressHandle>(std::move(handle));
}

VerbsStatus VerbsQp::PostDatagram(Piece piece,
                                  const DatagramAddress& to,
                                  std::uint32_t qpn,
                                  std::uint32_t qkey,
                                  std::uint32_t immediate)
{
    ibv_send_wr request{};
    request.opcode = IBV_WR_SEND_WITH_IMM;
    request.imm_data = htonl(immediate);
    request.wr.ud.ah = static_cast<const AddressHandle&>(to).Get();
    request.wr.ud.remote_qpn = qpn;
    request.wr.ud.remote_qkey = qkey;
    return Post(request, WorkKind::kSend, piece);
}

void VerbsQp::Poll(const std::function<void(const Completion&)>& take)
{
    if (m_options.announce != nullptr)
    {
        ibv_req_notify_cq(m_completions.get(), 0);
    }
    while (ibv_poll_cq(m_completions.get(), 1, &m_latest) > 0)
    {
        take(Describe(m_latest));
    }
}

Completion VerbsQp::Describe(const ibv_wc& done) const
{
    Completion completion;
    completion.kind = KindOf(done.wr_id);
    completion.piece = PieceOf(done.wr_id);
    completion.ok = done.status == IBV_WC_SUCCESS;
    if (!completion.ok)
    {
        completion.flushed = done.status == IBV_WC_WR_FLUSH_ERR;
        completion.error = ibv_wc_status_str(done.status);
        return completion;
    }
    if (completion.kind == WorkKind::kReceive)
    {
        completion.bytes = done.byte_len;
        completion.hasImmediate = (done.wc_flags & IBV_WC_WITH_IMM) != 0;
        completion.immediate = completion.hasImmediate ? ntohl(done.imm_data) : 0;
    }
    return completion;
}

VerbsError VerbsQp::Failed(const char* what, int code) const
{
    return {code, fmt::format("cannot {} on {}", what, m_device.Name())};
}

} // namespace cmverbs
