// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_IBSIM_NET_READER_H
#define IB_IBSIM_NET_READER_H

#include "ib-fabric/model/topology.h"

#include <tl/expected.hpp>

#include <string>
#include <string_view>

namespace ns3
{

/**
 * \ingroup infiniband
 * Reads a net file of ibsim: records `Switch|Hca PORTS "id"` followed by cables
 * `[port] "remote"[port] [w=1|2|4|8|12] [s=SDR..XDR]`. Comments are ignored unless they are those
 * of ibnetdiscover, which ibsim reads too. `include FILE` (relative to the including file) is
 * followed; `do COMMAND` (a command for ibsim's console) is not carried out and gives a warning.
 * GUIDs that the file does not give are made up, the same ones each time.
 * \param text the whole file
 * \param file its name, for messages and to find included files
 * \returns the topology, or the first line that makes no sense
 */
tl::expected<Topology, TopologyError> ReadIbsimNet(std::string_view text, const std::string& file);

} // namespace ns3

#endif // IB_IBSIM_NET_READER_H
