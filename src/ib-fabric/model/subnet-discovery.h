// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_SUBNET_DISCOVERY_H
#define IB_SUBNET_DISCOVERY_H

#include "ib-fabric/model/smp-transactor.h"
#include "ib-fabric/model/subnet-database.h"

#include <cstdint>

namespace ns3
{

/**
 * \ingroup infiniband
 * Explores a subnet by directed-routed SMPs, beginning at the node of the subnet manager: NodeInfo
 * of whatever is at the end of each cable, then description and registers of each new node.
 */
class SubnetDiscovery
{
  public:
    /** \param transactor sends the SMPs \param database is filled */
    SubnetDiscovery(SmpTransactor& transactor, SubnetDatabase& database);

    /** Begins; the end is that of the last request (SmpTransactor::SetIdleHandler). */
    void Start();

  private:
    void Explore(DirectedPath path, std::uint32_t fromNode, std::uint8_t fromPort);
    void NodeFound(const ibwire::NodeInfo& info,
                   const DirectedPath& path,
                   std::uint32_t fromNode,
                   std::uint8_t fromPort);
    void ReadNode(std::uint32_t index);
    void ReadPort(std::uint32_t index, std::uint8_t port, const DirectedPath& path);
    void PortRead(std::uint32_t index, std::uint8_t port, const ibwire::PortInfo& info);
    void Join(std::uint32_t nodeA, std::uint8_t portA, std::uint32_t nodeB, std::uint8_t portB);

    SmpTransactor& m_transactor;
    SubnetDatabase& m_database;
};

} // namespace ns3

#endif // IB_SUBNET_DISCOVERY_H
