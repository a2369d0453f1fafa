// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_SUBNET_DATABASE_H
#define IB_SUBNET_DATABASE_H

#include "ib-wire/model/gid.h"
#include "ib-wire/model/smp.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ns3
{

/** \ingroup infiniband The ports that a directed-routed SMP leaves by, one for each hop. */
using DirectedPath = std::vector<std::uint8_t>;

/** \ingroup infiniband What a subnet manager knows of a port. */
struct SubnetPort
{
    static constexpr std::uint32_t kNoNode = 0xffffffff;

    bool known{false};               //!< its PortInfo was read
    ibwire::PortInfo info;           //!< as it was read or written last
    std::uint64_t guid{0};           //!< of end ports
    std::uint16_t lid{0};            //!< of end ports, once assigned
    DirectedPath path;               //!< to this end port
    std::uint32_t peerNode{kNoNode}; //!< what the cable leads to
    std::uint8_t peerPort{0};

    /** \returns true if both ends of the cable were found */
    bool HasPeer() const
    {
        return peerNode != kNoNode;
    }
};

/** \ingroup infiniband What a subnet manager knows of a node. */
struct SubnetNode
{
    ibwire::NodeInfo info;
    std::string description;
    ibwire::SwitchInfo switchInfo; //!< switches
    std::vector<SubnetPort> ports; //!< index = number
    DirectedPath path;             //!< by which it was found
    std::vector<std::uint8_t> lft; //!< switches: output port by LID, 255 = none

    /** \returns true for a switch */
    bool IsSwitch() const
    {
        return info.nodeType == ibwire::NodeType::kSwitch;
    }
};

/** \ingroup infiniband A port that has a LID. */
struct SubnetEndPort
{
    std::uint32_t node{0};
    std::uint8_t port{0};
};

/** \ingroup infiniband What there is to say of the way from one LID to another. */
struct SubnetPathQuality
{
    ibwire::Mtu mtu{ibwire::Mtu::k4096}; //!< smallest on the way
    std::uint8_t rateCode{0};            //!< slowest on the way, as SA records encode it
    std::uint32_t links{0};
};

/**
 * \ingroup infiniband
 * The subnet as its manager sees it: filled by discovery, completed by LID assignment and
 * routing, read by the subnet administrator. Nodes stand in the order of their discovery.
 */
class SubnetDatabase
{
  public:
    std::vector<SubnetNode> nodes;

    /** Forgets everything. */
    void Clear();

    /** \param guid node GUID \returns index of the node */
    std::optional<std::uint32_t> FindNode(std::uint64_t guid) const;

    /** \param node appended \returns its index */
    std::uint32_t AddNode(SubnetNode node);

    /** \returns all ports that have or will have a LID, in the order of their nodes */
    std::vector<SubnetEndPort> GetEndPorts() const;

    /** Makes lookups by LID and port GUID possible, after LIDs were assigned. */
    void IndexEndPorts();

    /** \param lid a base LID \returns its port */
    std::optional<SubnetEndPort> FindLid(std::uint16_t lid) const;

    /** \param guid a port GUID \returns its port */
    std::optional<SubnetEndPort> FindPortGuid(std::uint64_t guid) const;

    /** \param at an end port \returns what is known of it */
    const SubnetPort& GetPort(SubnetEndPort at) const;

    /**
     * Follows the forwarding tables.
     * \param from source \param to destination
     * \returns the quality of the way; nothing if the tables lead nowhere
     */
    std::optional<SubnetPathQuality> TracePath(SubnetEndPort from, SubnetEndPort to) const;

  private:
    std::map<std::uint64_t, std::uint32_t> m_byGuid;
    std::map<std::uint16_t, SubnetEndPort> m_byLid;
    std::map<std::uint64_t, SubnetEndPort> m_byPortGuid;
};

/**
 * \param info registers of a port whose link is up
 * \returns its rate as SA records encode it
 */
std::uint8_t RateCodeOf(const ibwire::PortInfo& info);

} // namespace ns3

#endif // IB_SUBNET_DATABASE_H
