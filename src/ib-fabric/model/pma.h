// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_PMA_H
#define IB_PMA_H

#include "ib-fabric/model/ib-mad-service.h"

#include <cstdint>

namespace ns3
{

class IbNode;
class IbPort;

/**
 * \ingroup infiniband
 * The performance management agent behind one end port: serves class 4, Get and Set of
 * PortCounters and PortCountersExtended, and Get of ClassPortInfo.
 */
class PerformanceAgent
{
  public:
    /** \param node which outlives the agent \param service QP1 of the end port */
    PerformanceAgent(IbNode& node, Ptr<IbMadService> service);

  private:
    void Serve(const IbMadReceived& received);
    ibwire::MadStatus PortCounters(bool set, std::span<std::uint8_t> data);
    ibwire::MadStatus PortCountersExtended(bool set, std::span<std::uint8_t> data);
    ibwire::MadStatus ClassPortInfo(ibwire::MadBytes& mad);
    bool HasPort(std::uint8_t number) const;

    IbNode& m_node;
    Ptr<IbMadService> m_service;
};

} // namespace ns3

#endif // IB_PMA_H
