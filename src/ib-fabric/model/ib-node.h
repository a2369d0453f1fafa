// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_NODE_H
#define IB_NODE_H

#include "ib-fabric/model/ib-packet.h"
#include "ib-fabric/model/ib-port.h"
#include "ib-fabric/model/topology.h"

#include <ns3/nstime.h>
#include <ns3/object.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ns3
{

class IbMadService;
class PerformanceAgent;
class SubnetManagementAgent;
class SubnetManagementInterface;

/**
 * \ingroup infiniband
 * What switches and channel adapters have in common: identity, ports, and the agents that manage
 * them. An IbNode is aggregated to an ns3::Node; its ports are devices of that Node.
 */
class IbNode : public Object
{
  public:
    /** \returns the TypeId */
    static TypeId GetTypeId();

    IbNode();
    ~IbNode() override;

    /**
     * Gives the node its identity and its ports. To be called once, before anything else.
     * \param node the ns-3 node that it is aggregated to
     * \param description GUIDs, name, number of ports
     * \param ordinal distinguishes nodes where an order is needed; unique in a fabric
     */
    void Setup(Ptr<Node> node, const TopologyNode& description, std::uint32_t ordinal);

    /** \returns CA, switch or router */
    IbNodeType GetNodeType() const;

    /** \returns node GUID */
    std::uint64_t GetGuid() const;

    /** \returns GUID, ids and name as Setup() got them */
    const TopologyNode& GetDescription() const;

    /** \returns id of the node in its topology, for messages */
    const std::string& GetName() const;

    /** \returns the number that Setup() got */
    std::uint32_t GetOrdinal() const;

    /** \returns id of the ns-3 node, the context of its events */
    std::uint32_t GetContext() const
    {
        return m_context;
    }

    /** \returns number of external ports */
    std::uint8_t GetNPorts() const;

    /** \param number 1..GetNPorts(), or 0 on a switch \returns the port */
    IbPort& GetPort(std::uint8_t number) const;

    /** \param number any number \returns true if GetPort() knows it */
    bool HasPort(std::uint32_t number) const;

    /**
     * \param number a port of a CA; on a switch any port, which means port 0
     * \returns the port that has the LID
     */
    IbPort& GetEndPort(std::uint8_t number) const;

    /** \param number of an end port \returns its general service interface (QP1) */
    Ptr<IbMadService> GetMadService(std::uint8_t number) const;

    /** \returns what sends, forwards and receives SMPs (QP0) */
    SubnetManagementInterface& GetSmi() const
    {
        return *m_smi;
    }

    /** \returns the agent that answers SMPs */
    SubnetManagementAgent& GetSma() const
    {
        return *m_sma;
    }

    /**
     * How long a packet takes from the cable until the node deals with it; a switch forwards when
     * the header is in, others wait for the last byte.
     * \returns picoseconds
     */
    std::int64_t GetIngressLatencyPs() const
    {
        return m_ingressLatencyPs;
    }

    /** \returns true if packets are forwarded as soon as their header is in */
    bool IsCutThrough() const
    {
        return m_cutThrough;
    }

    /** \returns what the subnet management agent needs for one SMP */
    Time GetSmpProcessingTime() const
    {
        return m_smpProcessingTime;
    }

    /**
     * A packet has come in.
     * \param port through which
     * \param packet undamaged, and admitted by the state of the port
     */
    virtual void ReceiveFromPort(IbPort& port, Ptr<IbPacket> packet) = 0;

    /**
     * Sends a packet that this node made, routed by its DLID (to the node itself, too).
     * \param endPort which sends
     * \param packet complete but for its CRCs
     */
    virtual void SendRouted(IbPort& endPort, Ptr<IbPacket> packet) = 0;

    /** A port has come up, gone down, become Armed or Active. \param port the port */
    virtual void PortStateChanged(IbPort& port);

    /**
     * Hands a packet for this node to QP0, QP1 or another queue pair.
     * \param endPort the port whose DLID the packet has
     * \param ingress the port through which it came
     * \param packet the packet
     */
    void DeliverLocal(IbPort& endPort, IbPort& ingress, Ptr<IbPacket> packet);

  protected:
    void DoDispose() override;

    /** Lets a packet to one of the node's own LIDs arrive there, in an event of its own. */
    void ScheduleLoopback(IbPort& endPort, Ptr<IbPacket> packet);

    /** A packet for a queue pair other than QP0 and QP1 \param endPort \param packet */
    virtual void DeliverToQueuePair(IbPort& endPort, Ptr<IbPacket> packet);

    /** \param latency of GetIngressLatencyPs() \param cutThrough of IsCutThrough() */
    void SetIngress(Time latency, bool cutThrough);

  private:
    Ptr<IbPort> CreatePort(Ptr<Node> node, std::uint8_t number);

    TopologyNode m_description;
    std::uint32_t m_ordinal{0};
    std::uint32_t m_context{0};
    std::int64_t m_ingressLatencyPs{0};
    bool m_cutThrough{false};
    std::vector<Ptr<IbPort>> m_ports;             // index = number; [0] null on a CA
    std::vector<Ptr<IbMadService>> m_madServices; // of the end ports, same index
    std::unique_ptr<SubnetManagementAgent> m_sma;
    std::unique_ptr<SubnetManagementInterface> m_smi;
    std::vector<std::unique_ptr<PerformanceAgent>> m_pmas;
    Time m_smpProcessingTime;
    Time m_loopbackLatency;
    std::uint32_t m_mtuCap{0};
    std::uint8_t m_vlCap{0};
    std::uint16_t m_pkeyTableSize{0};
};

} // namespace ns3

#endif // IB_NODE_H
