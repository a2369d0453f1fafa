// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_SUBNET_ADMINISTRATOR_H
#define IB_SUBNET_ADMINISTRATOR_H

#include "ib-fabric/model/ib-mad-service.h"
#include "ib-fabric/model/subnet-database.h"
#include "ib-wire/model/sa.h"

#include <ns3/nstime.h>
#include <ns3/object.h>

#include <cstdint>

namespace ns3
{

/**
 * \ingroup infiniband
 * The subnet administrator beside a subnet manager: answers Get of PathRecord, NodeRecord,
 * PortInfoRecord and ClassPortInfo (class 3, IBA vol. 1 chapter 15). A path is that of the
 * forwarding tables; its MTU and rate are the smallest on the way. Before the subnet is up, and
 * during a sweep, it answers "busy".
 *
 * GetTable and the other methods that need RMPP are refused.
 */
class SubnetAdministrator : public Object
{
  public:
    /** \returns the TypeId */
    static TypeId GetTypeId();

    SubnetAdministrator();

    /**
     * \param service QP1 of the port of the subnet manager
     * \param database of the subnet manager, which outlives this object
     */
    void Install(Ptr<IbMadService> service, const SubnetDatabase& database);

    /** \param ready true if the database is complete */
    void SetReady(bool ready);

  protected:
    void DoDispose() override;

  private:
    void Serve(const IbMadReceived& received);
    std::uint16_t Answer(ibwire::SaMad& mad);
    std::uint16_t ClassPortInfo(ibwire::SaMad& mad) const;
    std::uint16_t NodeRecord(ibwire::SaMad& mad) const;
    std::uint16_t PortInfoRecord(ibwire::SaMad& mad) const;
    std::uint16_t PathRecord(ibwire::SaMad& mad) const;

    Ptr<IbMadService> m_service;
    const SubnetDatabase* m_database{nullptr};
    std::uint32_t m_agent{0};
    bool m_ready{false};
    Time m_linkLifeTime;
};

} // namespace ns3

#endif // IB_SUBNET_ADMINISTRATOR_H
