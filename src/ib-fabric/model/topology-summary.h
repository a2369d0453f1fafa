// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_TOPOLOGY_SUMMARY_H
#define IB_TOPOLOGY_SUMMARY_H

#include "ib-fabric/model/topology.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace ns3
{

/** \ingroup infiniband What there is to say of a topology in a few numbers. */
struct TopologySummary
{
    std::uint32_t switches{0};
    std::uint32_t cas{0};
    std::uint32_t routers{0};
    std::uint32_t links{0};
    std::uint32_t loopbackLinks{0}; //!< cables between two ports of one node
    std::uint32_t components{0};    //!< connected parts; 1 for a sound subnet
    std::uint32_t diameter{0};      //!< longest shortest path between two nodes, in links
    std::uint32_t hostDiameter{0};  //!< the same between two CAs
    /** How many cables of each rate, fastest first. */
    std::vector<std::pair<IbLinkRate, std::uint32_t>> rates;
};

/**
 * Paths run through switches only: a CA or router does not forward within its subnet. Pairs
 * without a path do not count.
 * \param topology the fabric
 * \returns its summary
 */
TopologySummary Summarise(const Topology& topology);

/** \param summary a summary \returns it as lines of text for a person */
std::string ToString(const TopologySummary& summary);

} // namespace ns3

#endif // IB_TOPOLOGY_SUMMARY_H
