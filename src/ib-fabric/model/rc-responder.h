// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_RC_RESPONDER_H
#define IB_RC_RESPONDER_H

#include "ib-fabric/model/ib-packet.h"
#include "ib-fabric/model/verbs-types.h"
#include "ib-wire/model/packet-headers.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace ns3
{

class IbQueuePair;

/**
 * \ingroup infiniband
 * The receiving half of a reliable connection (IBA vol. 1, 9.7): takes packets in the order of
 * their PSNs, puts messages together, acknowledges, and refuses what comes out of order, finds no
 * receive request, or breaks the rules.
 */
class RcResponder
{
  public:
    /** \param queuePair which outlives this object */
    explicit RcResponder(IbQueuePair& queuePair);

    /** The queue pair has become RTR. \param psn expected of the first packet */
    void Start(std::uint32_t psn);

    /** \param bth of the packet \param packet a request */
    void Receive(const ibwire::Bth& bth, const IbPacket& packet);

    /** Completes the receive request of a message that is half here, if any, as flushed. */
    void Flush();

  private:
    /** What an opcode says of its packet. */
    struct Kind
    {
        bool first;
        bool last;
        bool immediate;
    };

    static std::optional<Kind> KindOf(ibwire::OpCode opCode);
    void Accept(const ibwire::Bth& bth, const Kind& kind, std::span<const std::uint8_t> body);
    bool IsLengthGood(const Kind& kind, std::size_t bytes) const;
    void FinishMessage(std::optional<std::uint32_t> immediate);
    void Refuse(ibwire::NakCode code, IbWcStatus local);
    void Answer(std::uint32_t psn, ibwire::AethKind kind, std::uint8_t value);

    IbQueuePair& m_queuePair;
    std::uint32_t m_expectedPsn{0};
    std::uint32_t m_msn{0};        // messages completed, 24 bits
    bool m_refusedSequence{false}; // one NAK until the missing packet arrives
    std::optional<IbReceiveRequest> m_current;
    std::vector<std::uint8_t> m_message;
};

} // namespace ns3

#endif // IB_RC_RESPONDER_H
