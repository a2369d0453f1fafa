// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_TOPOLOGY_SOURCE_H
#define IB_TOPOLOGY_SOURCE_H

#include "ib-fabric/model/topology.h"

#include <tl/expected.hpp>

#include <string>

namespace ns3
{

/**
 * \ingroup infiniband
 * Makes a topology of what a user wrote:
 * - `fat-tree:k=8[,levels=2|3][,hosts=N][,rate=4xEDR]` and `back-to-back[:rate=4xNDR]`;
 * - `ibnetdiscover:FILE`, `ibsim:FILE`: a file of that format;
 * - `FILE`: a file whose format is told by its content: ibnetdiscover output carries GUIDs.
 * \param source the text
 * \returns the topology, or what is wrong with the text or the file
 */
tl::expected<Topology, TopologyError> LoadTopology(const std::string& source);

} // namespace ns3

#endif // IB_TOPOLOGY_SOURCE_H
