// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_SA_PATH_QUERY_H
#define IB_SA_PATH_QUERY_H

#include "ib-fabric/model/subnet-database.h"
#include "ib-wire/model/sa.h"

#include <ns3/nstime.h>

#include <tl/expected.hpp>

#include <cstdint>

namespace ns3
{

/**
 * \ingroup infiniband
 * Answers a query for a PathRecord (IBA vol. 1, 15.2.5.16).
 * \param database the subnet
 * \param query the record of the request
 * \param mask which of its components count (ibwire::PathComponent)
 * \param linkLifeTime what each link adds to the packet life time
 * \returns the path, or the status of the answer
 */
tl::expected<ibwire::PathRecord, ibwire::SaStatus> QueryPath(const SubnetDatabase& database,
                                                             const ibwire::PathRecord& query,
                                                             std::uint64_t mask,
                                                             Time linkLifeTime);

} // namespace ns3

#endif // IB_SA_PATH_QUERY_H
