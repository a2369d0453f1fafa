// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_LID_ASSIGNMENT_H
#define IB_LID_ASSIGNMENT_H

#include "ib-fabric/model/subnet-database.h"

#include <cstdint>

namespace ns3
{

/**
 * \ingroup infiniband
 * Gives every end port 2^LMC LIDs (port 0 of a switch: one). A port that has a valid base LID
 * keeps it, unless an earlier port claims the same; the others get the lowest free ones in the
 * order of discovery.
 * \param database whose ports get SubnetPort::lid
 * \param lmc of CAs, 0..7
 * \returns the highest LID in use, 0 if there was not enough room for all
 */
std::uint16_t AssignLids(SubnetDatabase& database, std::uint8_t lmc);

} // namespace ns3

#endif // IB_LID_ASSIGNMENT_H
