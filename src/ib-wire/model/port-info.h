// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * PortInfo (IBA vol. 1, 14.2.5.6), the registers of a port. Offsets count from its start.
 */
#ifndef IB_WIRE_PORT_INFO_H
#define IB_WIRE_PORT_INFO_H

#include "ib-wire/model/codec.h"
#include "ib-wire/model/path-codes.h"
#include "ib-wire/model/sm-codes.h"

#include <cstdint>
#include <string_view>

namespace ibwire
{

/** PortInfo, complete. */
struct PortInfo
{
    std::uint64_t mKey{};
    std::uint64_t gidPrefix{};
    std::uint16_t lid{};
    std::uint16_t masterSmLid{};
    std::uint32_t capabilityMask{}; ///< sum of PortCapability
    std::uint16_t diagCode{};
    std::uint16_t mKeyLeasePeriod{}; ///< seconds
    std::uint8_t localPortNum{};
    std::uint8_t linkWidthEnabled{};   ///< sum of LinkWidth
    std::uint8_t linkWidthSupported{}; ///< sum of LinkWidth
    LinkWidth linkWidthActive{};
    std::uint8_t linkSpeedSupported{}; ///< 4 bits, sum of LinkSpeed
    PortState portState{};
    PortPhysState portPhysicalState{};
    PortPhysState linkDownDefaultState{};
    std::uint8_t mKeyProtectBits{}; ///< 2 bits
    std::uint8_t lmc{};             ///< 3 bits
    LinkSpeed linkSpeedActive{};
    std::uint8_t linkSpeedEnabled{}; ///< 4 bits, sum of LinkSpeed
    Mtu neighborMtu{};
    std::uint8_t masterSmSl{}; ///< 4 bits
    std::uint8_t vlCap{};      ///< 4 bits: 1 VL0, 2 VL0-1, 3 VL0-3, 4 VL0-7, 5 VL0-14
    std::uint8_t initType{};   ///< 4 bits
    std::uint8_t vlHighLimit{};
    std::uint8_t vlArbitrationHighCap{};
    std::uint8_t vlArbitrationLowCap{};
    std::uint8_t initTypeReply{}; ///< 4 bits
    Mtu mtuCap{};
    std::uint8_t vlStallCount{};   ///< 3 bits
    std::uint8_t hoqLife{};        ///< 5-bit time
    std::uint8_t operationalVls{}; ///< 4 bits, as vlCap
    bool partitionEnforcementInbound{};
    bool partitionEnforcementOutbound{};
    bool filterRawInbound{};
    bool filterRawOutbound{};
    std::uint16_t mKeyViolations{};
    std::uint16_t pKeyViolations{};
    std::uint16_t qKeyViolations{};
    std::uint8_t guidCap{};
    bool clientReregister{};
    std::uint8_t multicastPkeyTrapSuppression{}; ///< 2 bits
    std::uint8_t subnetTimeOut{};                ///< 5-bit time
    std::uint8_t respTimeValue{};                ///< 5-bit time
    std::uint8_t localPhyErrors{};               ///< 4 bits
    std::uint8_t overrunErrors{};                ///< 4 bits
    std::uint16_t maxCreditHint{};
    std::uint32_t linkRoundTripLatency{}; ///< 24 bits
    std::uint16_t capabilityMask2{};
    LinkSpeedExt linkSpeedExtActive{};
    std::uint8_t linkSpeedExtSupported{}; ///< 4 bits, sum of LinkSpeedExt
    std::uint8_t linkSpeedExtEnabled{};   ///< 5 bits, sum of LinkSpeedExt

    static constexpr std::string_view kName = "PortInfo";
    static constexpr std::size_t kBytes = 64;

    static constexpr auto Fields()
    {
        return std::make_tuple(
            Field<&PortInfo::mKey>{"M_Key", 0, 0, 64, Show::kHex},
            Field<&PortInfo::gidPrefix>{"GidPrefix", 8, 0, 64, Show::kHex},
            Field<&PortInfo::lid>{"LID", 16, 0, 16},
            Field<&PortInfo::masterSmLid>{"MasterSMLID", 18, 0, 16},
            Field<&PortInfo::capabilityMask>{"CapabilityMask", 20, 0, 32, Show::kHex},
            Field<&PortInfo::diagCode>{"DiagCode", 24, 0, 16, Show::kHex},
            Field<&PortInfo::mKeyLeasePeriod>{"M_KeyLeasePeriod", 26, 0, 16},
            Field<&PortInfo::localPortNum>{"LocalPortNum", 28, 0, 8},
            Field<&PortInfo::linkWidthEnabled>{"LinkWidthEnabled", 29, 0, 8},
            Field<&PortInfo::linkWidthSupported>{"LinkWidthSupported", 30, 0, 8},
            Field<&PortInfo::linkWidthActive>{"LinkWidthActive", 31, 0, 8},
            Field<&PortInfo::linkSpeedSupported>{"LinkSpeedSupported", 32, 0, 4},
            Field<&PortInfo::portState>{"PortState", 32, 4, 4},
            Field<&PortInfo::portPhysicalState>{"PortPhysicalState", 33, 0, 4},
            Field<&PortInfo::linkDownDefaultState>{"LinkDownDefaultState", 33, 4, 4},
            Field<&PortInfo::mKeyProtectBits>{"M_KeyProtectBits", 34, 0, 2},
            Field<&PortInfo::lmc>{"LMC", 34, 5, 3},
            Field<&PortInfo::linkSpeedActive>{"LinkSpeedActive", 35, 0, 4},
            Field<&PortInfo::linkSpeedEnabled>{"LinkSpeedEnabled", 35, 4, 4},
            Field<&PortInfo::neighborMtu>{"NeighborMTU", 36, 0, 4},
            Field<&PortInfo::masterSmSl>{"MasterSMSL", 36, 4, 4},
            Field<&PortInfo::vlCap>{"VLCap", 37, 0, 4},
            Field<&PortInfo::initType>{"InitType", 37, 4, 4},
            Field<&PortInfo::vlHighLimit>{"VLHighLimit", 38, 0, 8},
            Field<&PortInfo::vlArbitrationHighCap>{"VLArbitrationHighCap", 39, 0, 8},
            Field<&PortInfo::vlArbitrationLowCap>{"VLArbitrationLowCap", 40, 0, 8},
            Field<&PortInfo::initTypeReply>{"InitTypeReply", 41, 0, 4},
            Field<&PortInfo::mtuCap>{"MTUCap", 41, 4, 4},
            Field<&PortInfo::vlStallCount>{"VLStallCount", 42, 0, 3},
            Field<&PortInfo::hoqLife>{"HOQLife", 42, 3, 5},
            Field<&PortInfo::operationalVls>{"OperationalVLs", 43, 0, 4},
            Field<&PortInfo::partitionEnforcementInbound>{"PartitionEnforcementInbound", 43, 4, 1},
            Field<&PortInfo::partitionEnforcementOutbound>{
                "PartitionEnforcementOutbound", 43, 5, 1},
            Field<&PortInfo::filterRawInbound>{"FilterRawInbound", 43, 6, 1},
            Field<&PortInfo::filterRawOutbound>{"FilterRawOutbound", 43, 7, 1},
            Field<&PortInfo::mKeyViolations>{"M_KeyViolations", 44, 0, 16},
            Field<&PortInfo::pKeyViolations>{"P_KeyViolations", 46, 0, 16},
            Field<&PortInfo::qKeyViolations>{"Q_KeyViolations", 48, 0, 16},
            Field<&PortInfo::guidCap>{"GUIDCap", 50, 0, 8},
            Field<&PortInfo::clientReregister>{"ClientReregister", 51, 0, 1},
            Field<&PortInfo::multicastPkeyTrapSuppression>{
                "MulticastPKeyTrapSuppressionEnabled", 51, 1, 2},
            Field<&PortInfo::subnetTimeOut>{"SubnetTimeOut", 51, 3, 5},
            Field<&PortInfo::respTimeValue>{"RespTimeValue", 52, 3, 5},
            Field<&PortInfo::localPhyErrors>{"LocalPhyErrors", 53, 0, 4},
            Field<&PortInfo::overrunErrors>{"OverrunErrors", 53, 4, 4},
            Field<&PortInfo::maxCreditHint>{"MaxCreditHint", 54, 0, 16},
            Field<&PortInfo::linkRoundTripLatency>{"LinkRoundTripLatency", 57, 0, 24},
            Field<&PortInfo::capabilityMask2>{"CapabilityMask2", 60, 0, 16, Show::kHex},
            Field<&PortInfo::linkSpeedExtActive>{"LinkSpeedExtActive", 62, 0, 4},
            Field<&PortInfo::linkSpeedExtSupported>{"LinkSpeedExtSupported", 62, 4, 4},
            Field<&PortInfo::linkSpeedExtEnabled>{"LinkSpeedExtEnabled", 63, 3, 5});
    }

    friend bool operator==(const PortInfo&, const PortInfo&) = default;
};

} // namespace ibwire

#endif // IB_WIRE_PORT_INFO_H
