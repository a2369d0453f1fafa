// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_TOPOLOGY_BUILDER_H
#define IB_TOPOLOGY_BUILDER_H

#include "ib-fabric/model/topology.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ns3
{

/** \ingroup infiniband A line of a source file. */
struct SourcePlace
{
    std::string file;
    std::uint32_t line{0};
};

/**
 * \ingroup infiniband
 * Joins what a file says node by node into a Topology. A cable is described at each of its two
 * ends; the builder pairs the descriptions, accepts a cable that only one end knows (with a
 * warning), and refuses ends that contradict each other.
 */
class TopologyBuilder
{
  public:
    /** What a file says of the cable in one port. */
    struct CableEnd
    {
        TopologyEnd local;
        std::string remoteId;
        std::uint32_t remotePort{0};
        std::uint64_t remotePortGuid{0};  //!< 0 if not said
        std::string remoteDescription;    //!< empty if not said
        std::optional<IbLinkWidth> width; //!< absent if not said
        std::optional<IbLinkSpeed> speed; //!< absent if not said
        SourcePlace place;
    };

    /**
     * \param node the node; its ports must be sized; a GUID of 0 asks for a made-up one
     * \param place where it is declared
     * \returns its index, or an error if its id or GUID is taken
     */
    tl::expected<std::uint32_t, TopologyError> AddNode(TopologyNode node, const SourcePlace& place);

    /**
     * \param end one end of a cable
     * \returns an error if the port does not exist or has a cable already
     */
    tl::expected<void, TopologyError> AddCableEnd(CableEnd end);

    /** \param place where \param text what is odd */
    void Warn(const SourcePlace& place, std::string text);

    /** \param index of a node added before \returns the node, to be completed */
    TopologyNode& GetNode(std::uint32_t index);

    /** Pairs the cable ends. \returns the topology, or the first contradiction */
    tl::expected<Topology, TopologyError> Finish();

  private:
    tl::expected<std::uint32_t, TopologyError> ResolveRemote(const CableEnd& end);
    tl::expected<std::uint32_t, TopologyError> InventNode(const CableEnd& end);
    tl::expected<void, TopologyError> Pair(const CableEnd& end);
    IbLinkRate AgreeOnRate(const CableEnd& end, const CableEnd* other);
    std::string EndName(TopologyEnd end) const;

    Topology m_topology;
    std::vector<SourcePlace> m_places; // of each node
    std::map<std::string, std::uint32_t> m_byId;
    std::map<std::uint64_t, std::uint32_t> m_byGuid;
    std::vector<CableEnd> m_ends;                 // in the order of the source
    std::map<TopologyEnd, std::size_t> m_endOf;   // port -> index into m_ends
    std::map<TopologyEnd, TopologyEnd> m_peer;    // ports paired so far
    std::uint64_t m_nextGuid{0x0200000000100000}; // locally administered EUI-64
};

} // namespace ns3

#endif // IB_TOPOLOGY_BUILDER_H
