// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_IBNETDISCOVER_READER_H
#define IB_IBNETDISCOVER_READER_H

#include "ib-fabric/model/topology.h"

#include <tl/expected.hpp>

#include <string>
#include <string_view>

namespace ns3
{

/**
 * \ingroup infiniband
 * Reads what `ibnetdiscover` prints: nodes, cables, GUIDs, LIDs, widths and speeds. A cable that
 * only one end mentions, a node that only cables mention, ends that disagree about the rate, and
 * messages of the program between the lines are accepted with a warning.
 * \param text the whole file
 * \param file its name, for messages
 * \returns the topology, or the first line that makes no sense
 */
tl::expected<Topology, TopologyError> ReadIbnetdiscover(std::string_view text,
                                                        const std::string& file);

} // namespace ns3

#endif // IB_IBNETDISCOVER_READER_H
