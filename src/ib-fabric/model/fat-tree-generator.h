// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_FAT_TREE_GENERATOR_H
#define IB_FAT_TREE_GENERATOR_H

#include "ib-fabric/model/topology.h"

#include <cstdint>

namespace ns3
{

/**
 * \ingroup infiniband
 * A k-ary fat tree of switches with k ports. With 3 levels: k pods of k/2 edge and k/2 aggregation
 * switches, (k/2)^2 core switches, k^3/4 hosts. With 2 levels: k leaf and k/2 spine switches,
 * k^2/2 hosts. Nodes are named edge-POD-I, agg-POD-I, core-I (leaf-I, spine-I) and host-I.
 */
struct FatTreeShape
{
    std::uint32_t k{4};      //!< ports a switch: even, 2 to 64
    std::uint32_t levels{3}; //!< 2 or 3
    std::uint32_t hosts{0};  //!< at most this many hosts, from the first edge switch on; 0 = all
    IbLinkRate rate{};       //!< of every cable
};

/** \param shape within the limits above \returns the topology */
Topology MakeFatTree(const FatTreeShape& shape);

/** \param rate of the cable \returns two hosts, "host-0" and "host-1", joined by one cable */
Topology MakeBackToBack(IbLinkRate rate);

} // namespace ns3

#endif // IB_FAT_TREE_GENERATOR_H
