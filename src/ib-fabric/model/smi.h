// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_SMI_H
#define IB_SMI_H

#include "ib-fabric/model/ib-packet.h"
#include "ib-wire/model/smp.h"

#include <cstdint>
#include <functional>
#include <map>
#include <span>

namespace ns3
{

class IbNode;
class IbPort;

/** \ingroup infiniband An SMP that arrived for the subnet manager of a node. */
struct SmpReceived
{
    std::span<const std::uint8_t, 256> mad; //!< valid during the call only
    std::uint16_t slid;                     //!< source LID; permissive if directed-routed
    std::uint8_t port;                      //!< number of the end port
};

/**
 * \ingroup infiniband
 * The subnet management interface (QP0) of a node: moves directed-routed SMPs along their path
 * (IBA vol. 1, 14.2.2), hands requests to the agent and answers to the subnet manager, if one
 * sits here. Paths are purely directed: DrSLID and DrDLID are permissive.
 */
class SubnetManagementInterface
{
  public:
    /** Receives what is meant for a subnet manager. */
    using SmpHandler = std::function<void(const SmpReceived&)>;

    /** \param node which outlives this object */
    explicit SubnetManagementInterface(IbNode& node);

    /**
     * Tells that a subnet manager sits on a port. It gets responses, SMInfo requests and traps.
     * \param port number of the end port \param handler empty to leave
     */
    void SetManager(std::uint8_t port, SmpHandler handler);

    /**
     * \param port number of an end port
     * \returns true if a subnet manager sits there
     */
    bool HasManager(std::uint8_t port) const;

    /**
     * Sends an SMP of class 0x81 along its InitialPath. The hop pointer must be 0.
     * \param port number of the end port that sends \param mad its bytes, copied
     */
    void SendDirected(std::uint8_t port, const ibwire::MadBytes& mad);

    /**
     * Sends an SMP of class 0x01.
     * \param port number of the end port \param dlid where to \param mad its bytes, copied
     */
    void SendLidRouted(std::uint8_t port, std::uint16_t dlid, const ibwire::MadBytes& mad);

    /** \param ingress port through which it came \param packet with a permissive DLID */
    void ReceiveDirected(IbPort& ingress, Ptr<IbPacket> packet);

    /** \param endPort \param ingress \param packet whose DLID is that of endPort */
    void ReceiveLidRouted(IbPort& endPort, IbPort& ingress, Ptr<IbPacket> packet);

  private:
    void Forward(IbPort* ingress, std::uint8_t origin, Ptr<IbPacket> packet);
    void ForwardRequest(IbPort* ingress, std::uint8_t origin, Ptr<IbPacket> packet);
    void ForwardResponse(IbPort* ingress, std::uint8_t origin, Ptr<IbPacket> packet);
    void Emit(std::uint8_t out, IbPort* ingress, std::uint8_t origin, Ptr<IbPacket> packet);
    void Arrive(IbPort& ingress, std::uint8_t endPort, Ptr<IbPacket> packet);
    bool IsForManager(const std::uint8_t* mad, std::uint8_t endPort) const;
    void Discard(IbPort* ingress, std::uint8_t origin, Ptr<IbPacket> packet);
    void ProcessAndAnswer(IbPort* ingress, std::uint8_t endPort, Ptr<IbPacket> packet);

    IbNode& m_node;
    std::int64_t m_agentFreePs{0}; // the agent deals with one SMP at a time
    std::map<std::uint8_t, SmpHandler> m_managers;
};

} // namespace ns3

#endif // IB_SMI_H
