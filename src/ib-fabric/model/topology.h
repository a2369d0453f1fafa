// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_TOPOLOGY_H
#define IB_TOPOLOGY_H

#include "ib-fabric/model/link-rate.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ns3
{

/** \ingroup infiniband What a node is; the values are those of NodeInfo.NodeType. */
enum class IbNodeType : std::uint8_t
{
    kCa = 1,
    kSwitch = 2,
    kRouter = 3,
};

/** \param type a node type \returns "CA", "switch" or "router" */
const char* ToString(IbNodeType type);

/** \ingroup infiniband One port of a node in a Topology. */
struct TopologyPort
{
    std::uint64_t guid{0}; //!< port GUID; 0 for the external ports of a switch
    std::uint16_t lid{0};  //!< LID that the source reported, 0 if none
    std::uint8_t lmc{0};   //!< LMC that the source reported
};

/** \ingroup infiniband One node of a Topology. */
struct TopologyNode
{
    IbNodeType type{IbNodeType::kCa};
    std::string id;        //!< name in the source, unique: "H-0008f10403960558", "host-3"
    std::uint64_t guid{0}; //!< node GUID, unique
    std::uint64_t systemImageGuid{0}; //!< system image GUID, 0 if not known
    std::string description;          //!< NodeDescription, at most 64 bytes
    std::uint32_t vendorId{0};        //!< 24-bit IEEE vendor id
    std::uint16_t deviceId{0};        //!< device id
    bool enhancedPort0{false};        //!< switches: enhanced rather than base port 0
    std::vector<TopologyPort> ports;  //!< index = port number; [0] is port 0 (unused on a CA)

    /** \returns the number of external ports (NodeInfo.NumPorts) */
    std::uint8_t NumPorts() const;
};

/** \ingroup infiniband One end of a cable. */
struct TopologyEnd
{
    std::uint32_t node{0}; //!< index into Topology::nodes
    std::uint8_t port{0};  //!< external port, 1..NumPorts

    friend auto operator<=>(const TopologyEnd&, const TopologyEnd&) = default;
};

/** \ingroup infiniband A cable between two ports (of one node, perhaps: a loop-back cable). */
struct TopologyLink
{
    TopologyEnd a;
    TopologyEnd b;
    IbLinkRate rate;
};

/** \ingroup infiniband Something odd in the source that does not stop the fabric from working. */
struct TopologyWarning
{
    std::string file;
    std::uint32_t line{0};
    std::string text;
};

/**
 * \ingroup infiniband
 * A fabric as plain data: what the readers and generators produce and IbFabricHelper installs.
 * Nodes and links stand in the order of the source, so that everything built from a Topology is
 * built in the same order on every machine.
 */
struct Topology
{
    std::vector<TopologyNode> nodes;
    std::vector<TopologyLink> links;
    std::vector<TopologyWarning> warnings;

    /**
     * \param name id, description (if only one node bears it) or GUID ("0x..." or 16 hexadecimal
     *        digits) of a node
     * \returns its index, nothing if no node or more than one is meant
     */
    std::optional<std::uint32_t> Find(std::string_view name) const;

    /**
     * \param guid a node GUID
     * \returns the index of the node, nothing if there is none
     */
    std::optional<std::uint32_t> FindGuid(std::uint64_t guid) const;
};

/** \ingroup infiniband Why a source is no topology: where, what stood there, what should have. */
struct TopologyError
{
    std::string file;      //!< file name, or the source text of a generator
    std::uint32_t line{0}; //!< from 1; 0 if the error belongs to no line
    std::string found;
    std::string expected;

    /** \returns "FILE:LINE: found ..., expected ..." */
    std::string ToString() const;
};

} // namespace ns3

#endif // IB_TOPOLOGY_H
