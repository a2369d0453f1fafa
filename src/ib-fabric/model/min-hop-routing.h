// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_MIN_HOP_ROUTING_H
#define IB_MIN_HOP_ROUTING_H

#include "ib-fabric/model/routing-engine.h"

namespace ns3
{

/**
 * \ingroup infiniband
 * Shortest paths, spread over equal ones: of all ports of a switch that lead on by a shortest path
 * a LID gets the one that the fewest LIDs of CAs use so far, the lowest-numbered of several.
 */
class MinHopRouting : public RoutingEngine
{
  public:
    static constexpr const char* kName = "minhop";

    // From RoutingEngine.
    const char* GetName() const override;
    RoutingTables Compute(const RoutingGraph& graph) override;
};

} // namespace ns3

#endif // IB_MIN_HOP_ROUTING_H
