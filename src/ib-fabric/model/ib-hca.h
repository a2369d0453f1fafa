// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_HCA_H
#define IB_HCA_H

#include "ib-fabric/model/ib-node.h"
#include "ib-fabric/model/ib-queue-pair.h"

#include <cstdint>
#include <map>

namespace ns3
{

/**
 * \ingroup infiniband
 * A channel adapter: one or more ports, QP0 and QP1 on each of them, and the queue pairs that its
 * users create. Routers are modelled by it too, as far as a subnet sees them: an end node.
 */
class IbHca : public IbNode
{
  public:
    /** \returns the TypeId */
    static TypeId GetTypeId();

    IbHca();
    ~IbHca() override;

    /**
     * Creates a queue pair in state RESET.
     * \param init type and completion queues
     * \returns the queue pair; null if all numbers are taken
     */
    Ptr<IbQueuePair> CreateQueuePair(const IbQueuePairInit& init);

    /**
     * Takes a queue pair out of service. Requests that are not completed are flushed into the
     * completion queues first. Its number is not used again before all others have been.
     * \param qpn its number; an unknown one is ignored
     */
    void DestroyQueuePair(std::uint32_t qpn);

    /** \param qpn a number \returns the queue pair, null if there is none */
    Ptr<IbQueuePair> GetQueuePair(std::uint32_t qpn) const;

    /** The next queue pair gets the lowest number that is free, as on a new adapter. */
    void ResetQpNumbers()
    {
        m_nextQpn = kFirstQpn;
    }

    /** \returns number of queue pairs without QP0 and QP1 */
    std::size_t GetNQueuePairs() const;

    // From IbNode.
    void ReceiveFromPort(IbPort& port, Ptr<IbPacket> packet) override;
    void SendRouted(IbPort& endPort, Ptr<IbPacket> packet) override;

  protected:
    void DoDispose() override;
    void DeliverToQueuePair(IbPort& endPort, Ptr<IbPacket> packet) override;

  private:
    void SetReceiveLatency(Time latency);
    Time GetReceiveLatency() const;

    static constexpr std::uint32_t kFirstQpn = 0x40; // below: reserved, as real adapters do
    static constexpr std::uint32_t kLastQpn = 0xfffffe;

    std::map<std::uint32_t, Ptr<IbQueuePair>> m_queuePairs;
    std::uint32_t m_nextQpn{kFirstQpn};
    std::uint32_t m_maxQueuePairs{65536};
};

} // namespace ns3

#endif // IB_HCA_H
