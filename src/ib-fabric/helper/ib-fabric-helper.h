// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_FABRIC_HELPER_H
#define IB_FABRIC_HELPER_H

#include "ib-fabric/helper/ib-fabric-container.h"
#include "ib-fabric/model/ib-pcap-file.h"
#include "ib-fabric/model/subnet-manager.h"

#include <ns3/object-factory.h>

#include <tl/expected.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace ns3
{

/**
 * \ingroup infiniband
 * Builds a fabric from a Topology. There is no randomness in it: no streams have to be assigned.
 */
class IbFabricHelper
{
  public:
    /** Which packets a capture of a whole fabric holds. */
    enum class PcapScope : std::uint8_t
    {
        kOrigin,   //!< each packet once, where its node sends it
        kEveryHop, //!< each packet on each cable that it crosses
    };

    IbFabricHelper();

    /** \param name of an attribute of ns3::IbSwitch \param value for all switches */
    void SetSwitchAttribute(const std::string& name, const AttributeValue& value);

    /** \param name of an attribute of ns3::IbHca \param value for all channel adapters */
    void SetHcaAttribute(const std::string& name, const AttributeValue& value);

    /** \param name of an attribute of ns3::IbLink \param value for all links */
    void SetLinkAttribute(const std::string& name, const AttributeValue& value);

    /** \param name of an attribute of ns3::SubnetManager \param value */
    void SetSubnetManagerAttribute(const std::string& name, const AttributeValue& value);

    /**
     * \param preset true: ports begin with the LIDs that the topology names, and the subnet
     *        manager keeps them; false (default): it gives out its own
     */
    void SetPresetLids(bool preset);

    /**
     * Creates one ns-3 node for each node of the topology, its ports as devices, and the cables.
     * All ports come up in state Init.
     * \param topology the fabric; must have come from a reader or generator
     * \returns what was made
     */
    IbFabricContainer Install(const Topology& topology) const;

    /**
     * Puts a subnet manager (and administrator) on a port, aggregated to its ns-3 node. It begins
     * with SubnetManager::Sweep().
     * \param fabric \param port name of the port, as IbFabricContainer::FindPort takes it
     * \returns the subnet manager, or what is wrong with the name
     */
    tl::expected<Ptr<SubnetManager>, std::string> InstallSubnetManager(
        const IbFabricContainer& fabric,
        const std::string& port) const;

    /**
     * Records all packets of a fabric.
     * \param path name of the capture file
     * \param fabric the fabric \param scope which packets
     * \param snapLength most octets that are kept of each
     * \returns the file, which closes when the last of its ports and the caller let go of it; or
     *          why it cannot be written
     */
    static tl::expected<Ptr<IbPcapFile>, std::string> EnablePcap(
        const std::string& path,
        const IbFabricContainer& fabric,
        PcapScope scope = PcapScope::kOrigin,
        std::uint32_t snapLength = IbPcapFile::kDefaultSnapLength);

    /**
     * Records what some ports send and receive. A packet from one of them to another of them is
     * recorded once, as it is sent.
     * \param path name of the capture file \param ports the ports
     * \param snapLength most octets that are kept of each packet
     * \returns as above
     */
    static tl::expected<Ptr<IbPcapFile>, std::string> EnablePcap(
        const std::string& path,
        const std::vector<Ptr<IbPort>>& ports,
        std::uint32_t snapLength = IbPcapFile::kDefaultSnapLength);

  private:
    ObjectFactory m_switchFactory;
    ObjectFactory m_hcaFactory;
    ObjectFactory m_linkFactory;
    ObjectFactory m_subnetManagerFactory;
    bool m_presetLids{false};
};

} // namespace ns3

#endif // IB_FABRIC_HELPER_H
