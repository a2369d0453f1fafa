// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_TOPO_REPORT_H
#define LAB_TOPO_REPORT_H

#include "ib-fabric/model/topology-summary.h"
#include "ib-fabric/model/topology.h"
#include "lab/helper/json-report.h"

#include <string>

namespace lab
{

struct TopoOptions
{
    bool colour{false};
    bool all{false}; ///< every host and warning, not only the first ones
    std::size_t width{100};
};

/** What a fabric is, for a person: counts, diameter, a line a switch, hosts, warnings. */
std::string TopoReport(const ns3::Topology& topology,
                       const std::string& source,
                       const TopoOptions& options);

/** The same for a program, with every node, cable and warning. */
Json TopoJson(const ns3::Topology& topology, const std::string& source);

} // namespace lab

#endif /* LAB_TOPO_REPORT_H */
