// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_SUBNET_CONFIGURATOR_H
#define IB_SUBNET_CONFIGURATOR_H

#include "ib-fabric/model/smp-transactor.h"
#include "ib-fabric/model/subnet-database.h"

#include <cstdint>

namespace ns3
{

/**
 * \ingroup infiniband
 * Writes what a subnet manager has decided into the nodes. Each function submits the SMPs of one
 * phase; a phase is over when the transactor is idle.
 */
class SubnetConfigurator
{
  public:
    /** \param transactor sends the SMPs \param database what was decided; kept up to date */
    SubnetConfigurator(SmpTransactor& transactor, SubnetDatabase& database);

    /**
     * LIDs of all end ports, MTU and VLs of all ports with a cable, and all of them to ARMED.
     * \param smLid LID of the subnet manager
     */
    void SetUpPorts(std::uint16_t smLid);

    /** The forwarding tables: all blocks that are in use, and LinearFDBTop. */
    void ProgramSwitches();

    /** All ports with a cable to ACTIVE. */
    void ActivatePorts();

  private:
    void SetPort(std::uint32_t node, std::uint8_t port, const ibwire::PortInfo& wanted);
    void SetEndPort(std::uint32_t node, std::uint8_t port, std::uint16_t smLid);
    void SetCablePort(std::uint32_t node, std::uint8_t port, std::uint16_t smLid);
    const DirectedPath& PathTo(std::uint32_t node, std::uint8_t port) const;

    SmpTransactor& m_transactor;
    SubnetDatabase& m_database;
};

} // namespace ns3

#endif // IB_SUBNET_CONFIGURATOR_H
