// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_ROUTING_ENGINE_H
#define IB_ROUTING_ENGINE_H

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ns3
{

class SubnetDatabase;

/**
 * \ingroup infiniband
 * The switches of a subnet and the LIDs to be reached, as flat arrays: what routing engines work
 * on. Switches and cables stand in a fixed order, so that every engine is deterministic.
 */
struct RoutingGraph
{
    /** A cable from one switch to another, seen from one end. */
    struct Edge
    {
        std::uint8_t port;       //!< output port
        std::uint32_t neighbour; //!< index of the switch at the other end
    };

    /** A LID to be reached. */
    struct Destination
    {
        std::uint16_t lid;
        std::uint32_t atSwitch; //!< the switch that it hangs on, or that it is
        std::uint8_t port;      //!< output port at that switch; 0: the switch itself
    };

    std::vector<std::uint32_t> nodes;      //!< of each switch: index into the database
    std::vector<std::uint32_t> firstEdge;  //!< switch s has edges [firstEdge[s], [s + 1])
    std::vector<Edge> edges;               //!< by switch, then by port
    std::vector<Destination> destinations; //!< by LID
    std::uint16_t highestLid{0};

    /** \returns number of switches */
    std::uint32_t GetNSwitches() const
    {
        return static_cast<std::uint32_t>(nodes.size());
    }
};

/** \ingroup infiniband Output port by LID for each switch of a graph; 255 = no route. */
using RoutingTables = std::vector<std::vector<std::uint8_t>>;

/**
 * \param database with LIDs assigned \returns the graph of its switches
 */
RoutingGraph MakeRoutingGraph(const SubnetDatabase& database);

/** \ingroup infiniband A way of computing forwarding tables. */
class RoutingEngine
{
  public:
    virtual ~RoutingEngine() = default;

    /** \returns the name by which the engine is chosen */
    virtual const char* GetName() const = 0;

    /** \param graph of the subnet \returns the tables, one for each switch */
    virtual RoutingTables Compute(const RoutingGraph& graph) = 0;
};

/** \param name of an engine \returns the engine, null if there is none of that name */
std::unique_ptr<RoutingEngine> MakeRoutingEngine(const std::string& name);

} // namespace ns3

#endif // IB_ROUTING_ENGINE_H
