// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_TOPOLOGY_RECORD_READER_H
#define IB_TOPOLOGY_RECORD_READER_H

#include "ib-fabric/model/topology-builder.h"
#include "ib-fabric/model/topology-scanner.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ns3
{

/**
 * \ingroup infiniband
 * Reads the node records that ibnetdiscover output and ibsim net files have in common:
 *
 *     vendid=0x2c9
 *     switchguid=0x8f10400410015(8f10400410015)
 *     Switch  8 "S-0008f10400410015"   # "SW-6IB4" base port 0 lid 3 lmc 0
 *     [1]     "H-0008f10403960984"[1](8f10403960985)   # "MT23108" lid 16 4xSDR
 */
class TopologyRecordReader
{
  public:
    /** Whose file it is: they differ in what a comment means. */
    enum class Dialect : std::uint8_t
    {
        kIbnetdiscover, //!< the comment of a node or cable line carries data and must be sound
        kIbsim,         //!< comments are for people; `w=` and `s=` carry width and speed
    };

    /** \param dialect whose rules to apply \param builder receives what is read */
    TopologyRecordReader(Dialect dialect, TopologyBuilder& builder);

    /**
     * \param line one line without its end
     * \param place where it stands
     * \returns an error if the line means nothing
     */
    tl::expected<void, TopologyError> ReadLine(std::string_view line, const SourcePlace& place);

  private:
    /** The `key=value` lines in front of a node line. */
    struct Attributes
    {
        std::uint32_t vendorId{0};
        std::uint16_t deviceId{0};
        std::uint64_t systemImageGuid{0};
        std::uint64_t nodeGuid{0};
        std::uint64_t portGuid{0}; // in parentheses after switchguid
    };

    using Outcome = tl::expected<void, TopologyError>;

    Outcome ReadAttribute(TopologyScanner& scan, std::string_view key, const SourcePlace& place);
    Outcome ReadNode(TopologyScanner& scan, IbNodeType type, const SourcePlace& place);
    Outcome ReadNodeComment(TopologyScanner& scan, TopologyNode& node, const SourcePlace& place);
    Outcome ReadCable(TopologyScanner& scan, const SourcePlace& place);
    /** What may follow a port: its number outside of the chassis, its GUID. */
    Outcome ReadPortSuffix(TopologyScanner& scan, std::uint64_t& guid, const SourcePlace& place);
    Outcome ReadCableComment(TopologyScanner& scan,
                             TopologyBuilder::CableEnd& end,
                             const SourcePlace& place);
    Outcome ReadCableOptions(TopologyScanner& scan,
                             TopologyBuilder::CableEnd& end,
                             const SourcePlace& place);
    Outcome Expect(TopologyScanner& scan, std::string_view text, const SourcePlace& place);

    Dialect m_dialect;
    TopologyBuilder& m_builder;
    Attributes m_attributes;
    std::optional<std::uint32_t> m_node; // whose cables follow
};

} // namespace ns3

#endif // IB_TOPOLOGY_RECORD_READER_H
