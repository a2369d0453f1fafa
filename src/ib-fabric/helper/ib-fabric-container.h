// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_FABRIC_CONTAINER_H
#define IB_FABRIC_CONTAINER_H

#include "ib-fabric/model/ib-hca.h"
#include "ib-fabric/model/ib-link.h"
#include "ib-fabric/model/ib-switch.h"
#include "ib-fabric/model/topology.h"

#include <ns3/node-container.h>

#include <tl/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ns3
{

/** \ingroup infiniband What IbFabricHelper::Install made: nodes and links in topology order. */
class IbFabricContainer
{
  public:
    /** \returns the topology that was installed */
    const Topology& GetTopology() const;

    /** \returns number of nodes */
    std::uint32_t GetN() const;

    /** \param index in the topology \returns the node */
    Ptr<IbNode> Get(std::uint32_t index) const;

    /** \returns the ns-3 nodes, in the same order */
    const NodeContainer& GetNodes() const;

    /** \returns the channel adapters, in the order of the topology */
    std::vector<Ptr<IbHca>> GetHcas() const;

    /** \returns the switches, in the order of the topology */
    std::vector<Ptr<IbSwitch>> GetSwitches() const;

    /** \returns the links, in the order of the topology */
    const std::vector<Ptr<IbLink>>& GetLinks() const;

    /**
     * \param name id, description or GUID of a node (Topology::Find)
     * \returns the node, or what is wrong with the name
     */
    tl::expected<Ptr<IbNode>, std::string> Find(std::string_view name) const;

    /**
     * \param name id, description or GUID of a channel adapter
     * \returns the adapter, or what is wrong with the name
     */
    tl::expected<Ptr<IbHca>, std::string> FindHca(std::string_view name) const;

    /**
     * \param name of a port: `node[port]`, or `node` for port 1
     * \returns the port, or what is wrong with the name
     */
    tl::expected<Ptr<IbPort>, std::string> FindPort(std::string_view name) const;

  private:
    friend class IbFabricHelper;

    Topology m_topology;
    std::vector<Ptr<IbNode>> m_ibNodes;
    NodeContainer m_nodes;
    std::vector<Ptr<IbLink>> m_links;
};

} // namespace ns3

#endif // IB_FABRIC_CONTAINER_H
