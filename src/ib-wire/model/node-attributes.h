// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * Attributes of a node as a whole: NodeInfo, NodeDescription, SwitchInfo, SMInfo
 * (IBA vol. 1, 14.2.5). Offsets count from the start of the attribute.
 */
#ifndef IB_WIRE_NODE_ATTRIBUTES_H
#define IB_WIRE_NODE_ATTRIBUTES_H

#include "ib-wire/model/codec.h"
#include "ib-wire/model/sm-codes.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace ibwire
{

/** NodeInfo. */
struct NodeInfo
{
    std::uint8_t baseVersion{1};
    std::uint8_t classVersion{1};
    NodeType nodeType{};
    std::uint8_t numPorts{}; ///< of a switch: external ports, port 0 not counted
    std::uint64_t systemImageGuid{};
    std::uint64_t nodeGuid{};
    std::uint64_t portGuid{}; ///< of the port that answers; of a switch: port 0
    std::uint16_t partitionCap{};
    std::uint16_t deviceId{};
    std::uint32_t revision{};
    std::uint8_t localPortNum{}; ///< the port that the SMP came in by
    std::uint32_t vendorId{};    ///< 24 bits

    static constexpr std::string_view kName = "NodeInfo";
    static constexpr std::size_t kBytes = 40;

    static constexpr auto Fields()
    {
        return std::make_tuple(
            Field<&NodeInfo::baseVersion>{"BaseVersion", 0, 0, 8},
            Field<&NodeInfo::classVersion>{"ClassVersion", 1, 0, 8},
            Field<&NodeInfo::nodeType>{"NodeType", 2, 0, 8},
            Field<&NodeInfo::numPorts>{"NumPorts", 3, 0, 8},
            Field<&NodeInfo::systemImageGuid>{"SystemImageGUID", 4, 0, 64, Show::kHex},
            Field<&NodeInfo::nodeGuid>{"NodeGUID", 12, 0, 64, Show::kHex},
            Field<&NodeInfo::portGuid>{"PortGUID", 20, 0, 64, Show::kHex},
            Field<&NodeInfo::partitionCap>{"PartitionCap", 28, 0, 16},
            Field<&NodeInfo::deviceId>{"DeviceID", 30, 0, 16, Show::kHex},
            Field<&NodeInfo::revision>{"Revision", 32, 0, 32, Show::kHex},
            Field<&NodeInfo::localPortNum>{"LocalPortNum", 36, 0, 8},
            Field<&NodeInfo::vendorId>{"VendorID", 37, 0, 24, Show::kHex});
    }

    friend bool operator==(const NodeInfo&, const NodeInfo&) = default;
};

/** NodeDescription: 64 bytes of UTF-8, ended by a NUL if shorter. */
struct NodeDescription
{
    std::array<std::uint8_t, 64> text{};

    /** From a string, cut after 64 bytes. */
    static NodeDescription From(std::string_view string)
    {
        NodeDescription description;
        std::copy_n(string.begin(),
                    std::min(string.size(), description.text.size()),
                    description.text.begin());
        return description;
    }

    /** The text before the first NUL. */
    std::string String() const
    {
        return {text.begin(), std::find(text.begin(), text.end(), 0)};
    }

    static constexpr std::string_view kName = "NodeDescription";
    static constexpr std::size_t kBytes = 64;

    static constexpr auto Fields()
    {
        return std::make_tuple(Field<&NodeDescription::text>{"NodeString", 0, 0, 64 * 8});
    }

    friend bool operator==(const NodeDescription&, const NodeDescription&) = default;
};

/** SwitchInfo. */
struct SwitchInfo
{
    std::uint16_t linearFdbCap{};
    std::uint16_t randomFdbCap{};
    std::uint16_t multicastFdbCap{};
    std::uint16_t linearFdbTop{};
    std::uint8_t defaultPort{};
    std::uint8_t defaultMulticastPrimaryPort{};
    std::uint8_t defaultMulticastNotPrimaryPort{};
    std::uint8_t lifeTimeValue{}; ///< 5-bit time
    bool portStateChange{};
    std::uint8_t optimizedSlToVlMapping{}; ///< 2 bits
    std::uint16_t lidsPerPort{};
    std::uint16_t partitionEnforcementCap{};
    bool inboundEnforcementCap{};
    bool outboundEnforcementCap{};
    bool filterRawInboundCap{};
    bool filterRawOutboundCap{};
    bool enhancedPort0{};
    std::uint16_t multicastFdbTop{};

    static constexpr std::string_view kName = "SwitchInfo";
    static constexpr std::size_t kBytes = 20;

    static constexpr auto Fields()
    {
        return std::make_tuple(
            Field<&SwitchInfo::linearFdbCap>{"LinearFDBCap", 0, 0, 16},
            Field<&SwitchInfo::randomFdbCap>{"RandomFDBCap", 2, 0, 16},
            Field<&SwitchInfo::multicastFdbCap>{"MulticastFDBCap", 4, 0, 16},
            Field<&SwitchInfo::linearFdbTop>{"LinearFDBTop", 6, 0, 16},
            Field<&SwitchInfo::defaultPort>{"DefaultPort", 8, 0, 8},
            Field<&SwitchInfo::defaultMulticastPrimaryPort>{"DefaultMulticastPrimaryPort", 9, 0, 8},
            Field<&SwitchInfo::defaultMulticastNotPrimaryPort>{
                "DefaultMulticastNotPrimaryPort", 10, 0, 8},
            Field<&SwitchInfo::lifeTimeValue>{"LifeTimeValue", 11, 0, 5},
            Field<&SwitchInfo::portStateChange>{"PortStateChange", 11, 5, 1},
            Field<&SwitchInfo::optimizedSlToVlMapping>{
                "OptimizedSLtoVLMappingProgramming", 11, 6, 2},
            Field<&SwitchInfo::lidsPerPort>{"LIDsPerPort", 12, 0, 16},
            Field<&SwitchInfo::partitionEnforcementCap>{"PartitionEnforcementCap", 14, 0, 16},
            Field<&SwitchInfo::inboundEnforcementCap>{"InboundEnforcementCap", 16, 0, 1},
            Field<&SwitchInfo::outboundEnforcementCap>{"OutboundEnforcementCap", 16, 1, 1},
            Field<&SwitchInfo::filterRawInboundCap>{"FilterRawInboundCap", 16, 2, 1},
            Field<&SwitchInfo::filterRawOutboundCap>{"FilterRawOutboundCap", 16, 3, 1},
            Field<&SwitchInfo::enhancedPort0>{"EnhancedPort0", 16, 4, 1},
            Field<&SwitchInfo::multicastFdbTop>{"MulticastFDBTop", 18, 0, 16});
    }

    friend bool operator==(const SwitchInfo&, const SwitchInfo&) = default;
};

/** SMInfo: 21 bytes in the specification, reserved up to the next word here. */
struct SmInfo
{
    std::uint64_t guid{}; ///< of the port that the subnet manager sits on
    std::uint64_t smKey{};
    std::uint32_t actCount{};
    std::uint8_t priority{}; ///< 4 bits
    SmState smState{};

    static constexpr std::string_view kName = "SMInfo";
    static constexpr std::size_t kBytes = 24;

    static constexpr auto Fields()
    {
        return std::make_tuple(Field<&SmInfo::guid>{"GUID", 0, 0, 64, Show::kHex},
                               Field<&SmInfo::smKey>{"SM_Key", 8, 0, 64, Show::kHex},
                               Field<&SmInfo::actCount>{"ActCount", 16, 0, 32},
                               Field<&SmInfo::priority>{"Priority", 20, 0, 4},
                               Field<&SmInfo::smState>{"SMState", 20, 4, 4});
    }

    friend bool operator==(const SmInfo&, const SmInfo&) = default;
};

} // namespace ibwire

#endif // IB_WIRE_NODE_ATTRIBUTES_H
